/* A product that is observed, made by hand: rules of one area with value events, three features and a price, and cells
 * of its sums.
 */
#ifndef PL_TESTS_SUPPORT_OBSERVED_H
#define PL_TESTS_SUPPORT_OBSERVED_H

#include "core/rules.h"
#include "core/sums.h"
#include "util/num.h"
#include "util/stamp.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define OBSERVED_DAY0 19604 /* a Monday: 1970-01-05 was day 4 */
#define OBSERVED_AT(day) ((int64_t)(OBSERVED_DAY0 + (day)) * PL_DAY_US)

enum { OBSERVED_SEARCH, OBSERVED_FILTERS, OBSERVED_SHARE }; /* features; SHARE has `eligible`, FILTERS no `aware` */
enum { OBSERVED_PRICE, OBSERVED_ADS };                      /* metrics of role derive: a sum, a count */

static inline struct pl_events observed_event(struct pl_rules *rules, const char *name)
{
    return (struct pl_events){{pl_rules_action(rules, pl_span_of(name))}, 1};
}

static inline void observed_metric(struct pl_rules *rules, const char *id, enum pl_metric_type type)
{
    struct pl_metric_rule metric = {.type = type, .role = PL_ROLE_DERIVE, .value = PL_RULES_NONE};

    snprintf(metric.id, sizeof(metric.id), "%s", id);
    metric.events = observed_event(rules, "Paid");
    if (type == PL_METRIC_SUM)
        metric.value = pl_rules_value(rules, pl_span_of("price"));
    metric.window_us = 7 * PL_DAY_US;
    metric.bound_micro = INT64_C(1000000000000000);
    metric.n_star = 5000;
    metric.margin = (double)NAN;
    if (pl_rules_add_metric(rules, &metric, NULL, NULL))
        abort();
}

static inline void observed_feature(struct pl_rules *rules, const char *id, int64_t launched_us)
{
    struct pl_feature_rule feature = {.launched_us = launched_us};
    char use[96], aware[96];

    snprintf(feature.id, sizeof(feature.id), "%s", id);
    snprintf(use, sizeof(use), "%s used", id);
    snprintf(aware, sizeof(aware), "%s seen", id);
    feature.use = observed_event(rules, use);
    if (feature.id[0] != 'f')
        feature.aware = observed_event(rules, aware);
    if (feature.id[1] == 'h')
        feature.eligible = observed_event(rules, "Document Opened");
    if (pl_rules_add_feature(rules, &feature, NULL, NULL))
        abort();
}

/* launched_us: of SEARCH; PL_TIME_NONE for long ago. */
static inline struct pl_rules *observed_rules(double value_bar, int64_t launched_us)
{
    struct pl_rules *rules = pl_rules_new();
    struct pl_area_rule area = {.id = "documents",
                                .owner = "web",
                                .unit = "%",
                                .goal = PL_RULES_NONE,
                                .value = PL_RULES_NONE,
                                .funnel = PL_RULES_NONE,
                                .activation_us = 7 * PL_DAY_US,
                                .value_bar = value_bar,
                                .value_per_delivery = (double)NAN,
                                .core_levers = "templates; faster sharing",
                                .smallest_return = (double)NAN,
                                .false_alarm_every_years = 1,
                                .baseline = (double)NAN,
                                .coverage = 1,
                                .landmark_us = 14 * PL_DAY_US};

    if (!rules)
        abort();
    area.value_events = observed_event(rules, "Document Shared");
    if (pl_rules_add_area(rules, &area, NULL, NULL))
        abort();
    observed_metric(rules, "documents.price", PL_METRIC_SUM);
    observed_metric(rules, "documents.ads", PL_METRIC_COUNT);
    observed_feature(rules, "search", launched_us);
    observed_feature(rules, "filters two", PL_TIME_NONE);
    observed_feature(rules, "share", PL_TIME_NONE);
    if (pl_rules_seal(rules, NULL))
        abort();
    return rules;
}

static inline int observed_order(const void *a, const void *b)
{
    return pl_cell_key_order(&((const struct pl_cell *)a)->key, &((const struct pl_cell *)b)->key);
}

/* One more cell; day counts from OBSERVED_DAY0. Sums stay sorted. */
static inline void observed_cell(struct pl_sums *sums, struct pl_cell_key key, int day, int64_t n, int64_t sum)
{
    struct pl_cell *grown = realloc(sums->cells, (sums->n_cells + 1) * sizeof(*grown));

    if (!grown)
        abort();
    sums->cells = grown;
    key.pane = OBSERVED_DAY0 + day;
    grown[sums->n_cells++] = (struct pl_cell){.key = key, .n = n, .sum = sum};
    qsort(grown, sums->n_cells, sizeof(*grown), observed_order);
}

static inline void observed_n(struct pl_sums *sums, enum pl_cell_kind kind, uint32_t subject, unsigned arm, int day,
                              int64_t n)
{
    observed_cell(sums, (struct pl_cell_key){.kind = (uint16_t)kind, .subject = subject, .arm = (uint16_t)arm}, day, n,
                  0);
}

/* What a look on day 98 sees. SEARCH: 300 of 1,000 know it, 35 of 80 came back to it. FILTERS: 450 of 500 left. SHARE:
 * 360 of 400 know it. Panes just outside of every window hold units too. */
static inline struct pl_sums observed_adoption(int first_day)
{
    struct pl_sums sums = {0};

    observed_n(&sums, PL_CELL_NEW, 0, 0, first_day, 1000);
    observed_n(&sums, PL_CELL_ACTIVE, 0, 0, 97, 600);
    observed_n(&sums, PL_CELL_ACTIVE, 0, 0, 70, 400);
    observed_n(&sums, PL_CELL_ACTIVE, 0, 0, 69, 999);
    observed_n(&sums, PL_CELL_ACTIVE, 0, 0, 98, 50);
    observed_n(&sums, PL_CELL_KNOWN, OBSERVED_SEARCH, 1, 80, 200);
    observed_n(&sums, PL_CELL_KNOWN, OBSERVED_SEARCH, 2, 90, 100);
    observed_n(&sums, PL_CELL_KNOWN, OBSERVED_SEARCH, 2, 69, 7);
    observed_n(&sums, PL_CELL_AGAIN, OBSERVED_SEARCH, 0, 95, 60);
    observed_n(&sums, PL_CELL_AGAIN, OBSERVED_SEARCH, 0, 69, 5);
    for (int at = 0; at < 5; at++) {
        static const struct {
            uint16_t arm;
            uint32_t days;
            int day, n;
        } used[] = {{0, 0, 75, 10}, {0, 3, 80, 10}, {1, 5, 96, 15}, {1, 90, 70, 3}, {0, 1, 69, 40}};

        observed_cell(&sums, (struct pl_cell_key){PL_CELL_USED, used[at].arm, OBSERVED_SEARCH, used[at].days, 0},
                      used[at].day, used[at].n, 0);
    }
    observed_n(&sums, PL_CELL_COHORT, OBSERVED_SEARCH, 0, 42, 50);
    observed_n(&sums, PL_CELL_COHORT, OBSERVED_SEARCH, 0, 69, 30);
    observed_n(&sums, PL_CELL_COHORT, OBSERVED_SEARCH, 0, 41, 9);
    observed_n(&sums, PL_CELL_COHORT, OBSERVED_SEARCH, 0, 70, 9);
    observed_n(&sums, PL_CELL_COHORT, OBSERVED_SEARCH, 1, 42, 20);
    observed_n(&sums, PL_CELL_COHORT, OBSERVED_SEARCH, 1, 69, 15);
    observed_n(&sums, PL_CELL_KNOWN, OBSERVED_FILTERS, 2, 85, 500);
    observed_n(&sums, PL_CELL_AGAIN, OBSERVED_FILTERS, 0, 85, 50);
    observed_n(&sums, PL_CELL_AUDIENCE, OBSERVED_SHARE, 0, 97, 400);
    observed_n(&sums, PL_CELL_KNOWN, OBSERVED_SHARE, 1, 97, 30);
    observed_n(&sums, PL_CELL_KNOWN, OBSERVED_SHARE, 2, 97, 330);
    observed_n(&sums, PL_CELL_AGAIN, OBSERVED_SHARE, 0, 97, 300);
    observed_n(&sums, PL_CELL_BREADTH, 0, 1, 97, 700);
    observed_n(&sums, PL_CELL_BREADTH, 0, 2, 71, 250);
    observed_n(&sums, PL_CELL_BREADTH, 0, 3, 69, 80);
    return sums;
}

/* n weeks of value, activity, retention and takings from week 0 on, growing by a factor a week each. What must not be
 * quite even goes up and down by turns. */
struct observed_growth {
    double value, retention, price;
};

static inline void observed_weeks(struct pl_sums *sums, int n, struct observed_growth growth)
{
    for (int week = 0; week < n; week++) {
        double wave = week % 2 ? 1.004 : .996;
        int64_t events = (int64_t)(20000 * pow(growth.value, week) * wave);
        int64_t kept = (int64_t)(2000 * pow(growth.retention, week) * wave);
        int64_t price = (int64_t)(5000 * pow(growth.price, week) * wave);

        observed_n(sums, PL_CELL_ACTIVE_WEEK, 0, 0, 7 * week, 10000);
        observed_cell(sums, (struct pl_cell_key){.kind = PL_CELL_VALUE_WEEK, .arm = 3}, 7 * week, 6000, events);
        observed_n(sums, PL_CELL_RETAINED, 0, 0, 7 * week, 5000);
        observed_n(sums, PL_CELL_RETAINED, 0, 4, 7 * week, kept);
        observed_cell(sums, (struct pl_cell_key){.kind = PL_CELL_FLOW, .subject = OBSERVED_PRICE}, 7 * week, 300,
                      price * PL_MICRO);
    }
}

#endif
