/* The programme over real histories: every change of state, its entry and its numbers, against the reference model
 * (tests/data/results/README.md), one area alone and seven in one instance.
 */
#include "core/judge/programme.h"
#include "support/near.h"
#include "util/stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AREAS 7
#define ROWS_MAX 4000
#define TOLERANCE 1e-9

static const struct {
    const char *name;
    double smallest_return;
    unsigned rows;
} areas[AREAS] = {
    {"berserk", 1.35, 282},        {"ethereal", 1.90, 480},     {"koivisto", 5.23, 345}, {"reckless", 15.84, 645},
    {"stockfish-ltc", 1.20, 1062}, {"stockfish-stc", .72, 780}, {"weiss", 1.83, 209},
};

struct history {
    unsigned n;
    unsigned order[ROWS_MAX];
    struct pl_row rows[ROWS_MAX];
};

/* One line of expected*.txt. */
struct expected {
    char area[PL_NAME_BYTES];
    unsigned n;
    char date[16];
    char state[16];
    double e_flat, level, down, up, e_yield;
};

static FILE *open_data(const char *name, const char *suffix)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/results/%s%s", PL_TEST_DATA, name, suffix);
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("cannot open %s", path);
    return file;
}

static void read_rows(struct history *history, unsigned area, uint32_t index)
{
    FILE *file = open_data(areas[area].name, ".csv");
    char line[256];
    char when[40];
    unsigned before = history->n;

    while (fgets(line, sizeof(line), file)) {
        assert_true(history->n < ROWS_MAX);
        struct pl_row *row = &history->rows[history->n];

        *row = (struct pl_row){
            .kind = PL_ROW_RESULT, .area = index, .start_us = PL_TIME_NONE, .cost = 1., .shipped = true};
        assert_int_equal(sscanf(line, "%64[^,],%*[^,],%39[^,],%lf,%lf", row->experiment, when, &row->effect, &row->se),
                         4);
        assert_true(pl_stamp_parse(pl_span_of(when), false, &row->time_us));
        row->tick_us = pl_stamp_next_tick(row->time_us);
        history->order[history->n] = history->n;
        history->n++;
    }
    fclose(file);
    assert_int_equal(history->n - before, areas[area].rows);
}

static const struct history *sorting;

/* Rows were read by area and in file order: the index settles ties. */
static int by_time(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a;
    unsigned y = *(const unsigned *)b;
    int64_t tx = sorting->rows[x].time_us;
    int64_t ty = sorting->rows[y].time_us;

    if (tx != ty)
        return tx < ty ? -1 : 1;
    return (x > y) - (x < y);
}

static bool next_expected(FILE *file, struct expected *want)
{
    char line[256];

    if (!fgets(line, sizeof(line), file) || line[0] == '#')
        return false;
    assert_int_equal(sscanf(line, "%64s %u %15s %15s flat %lf of %lf down %lf up %lf yield %lf", want->area, &want->n,
                            want->date, want->state, &want->e_flat, &want->level, &want->down, &want->up,
                            &want->e_yield),
                     9);
    return true;
}

static void compare(const struct expected *want, const char *area, const struct pl_area_state *got)
{
    char when[PL_STAMP_BYTES];

    assert_string_equal(area, want->area);
    assert_int_equal(got->n, want->n);
    assert_string_equal(pl_programme_state_name(got->state), want->state);
    pl_stamp_format(got->last_us, when);
    assert_memory_equal(when, want->date, 10);
    assert_near(got->e_flat, want->e_flat, TOLERANCE);
    assert_near(got->level, want->level, TOLERANCE);
    assert_near(got->down, want->down, TOLERANCE);
    assert_near(got->up, want->up, TOLERANCE);
    assert_near(got->e_yield, want->e_yield, TOLERANCE);
}

/* Feed the history in order; returns the number of changes, all of them equal to the file's lines. */
static unsigned judge(struct history *history, const struct pl_rules *rules, FILE *file)
{
    struct pl_programme *programme = pl_programme_new(rules);
    struct pl_programme_change changes[AREAS];
    unsigned n_changes;
    unsigned total = 0;

    assert_non_null(programme);
    sorting = history;
    qsort(history->order, history->n, sizeof(history->order[0]), by_time);
    for (unsigned at = 0; at < history->n; at++) {
        const struct pl_row *row = &history->rows[history->order[at]];

        assert_int_equal(pl_programme_feed(programme, row, changes, AREAS, &n_changes, NULL), PL_OK);
        for (unsigned change = 0; change < n_changes; change++, total++) {
            const struct pl_area_state *got = pl_programme_area(programme, changes[change].area);
            struct expected want;

            assert_true(next_expected(file, &want));
            assert_int_equal(got->state, changes[change].to);
            assert_int_not_equal(changes[change].from, changes[change].to);
            compare(&want, rules->areas[changes[change].area].id, got);
        }
    }
    pl_programme_free(programme);
    return total;
}

static struct pl_area_rule rule_of(unsigned area)
{
    struct pl_area_rule rule = {.smallest_return = areas[area].smallest_return, .false_alarm_every_years = 1.};

    snprintf(rule.id, sizeof(rule.id), "%s", areas[area].name);
    return rule;
}

static void each_area_alone(void **state)
{
    struct history *history = malloc(sizeof(*history));
    FILE *file = open_data("expected", ".txt");
    char line[256];
    unsigned files = 0;
    unsigned changes = 0;
    (void)state;

    assert_non_null(history);
    assert_non_null(fgets(line, sizeof(line), file));
    do {
        char name[PL_NAME_BYTES];
        double delta;
        unsigned area = 0;
        struct expected rest;

        assert_int_equal(sscanf(line, "# one area: %64[^=]=%lf", name, &delta), 2);
        while (strcmp(areas[area].name, name) != 0)
            assert_true(++area < AREAS);
        assert_near(areas[area].smallest_return, delta, 1e-15);
        struct pl_area_rule rule = rule_of(area);
        struct pl_rules rules = {.n_areas = 1, .areas = &rule};

        history->n = 0;
        read_rows(history, area, 0);
        changes += judge(history, &rules, file);
        files++;
        long before = ftell(file);
        assert_false(next_expected(file, &rest)); /* nothing expected was missed */
        fseek(file, before, SEEK_SET);
    } while (fgets(line, sizeof(line), file));
    fclose(file);
    free(history);
    assert_int_equal(files, AREAS);
    assert_int_equal(changes, 35);
}

static void seven_areas_share_the_false_discoveries(void **state)
{
    struct history *history = malloc(sizeof(*history));
    FILE *file = open_data("expected7", ".txt");
    struct pl_area_rule rule[AREAS];
    struct pl_rules rules = {.n_areas = AREAS, .areas = rule};
    struct expected rest;
    (void)state;

    assert_non_null(history);
    history->n = 0;
    for (unsigned area = 0; area < AREAS; area++) {
        rule[area] = rule_of(area);
        read_rows(history, area, area);
    }
    assert_int_equal(judge(history, &rules, file), 35);
    assert_false(next_expected(file, &rest));
    assert_true(feof(file));
    fclose(file);
    free(history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_area_alone),
        cmocka_unit_test(seven_areas_share_the_false_discoveries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
