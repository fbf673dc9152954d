/* The screen of `explain`, from fields as they stand in Redis (ctl/told reads them, ctl/explain shows them). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/area_text.h"
#include "ctl/explain.h"
#include "support/observed.h"
#include "util/stamp.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FIELDS_MAX 400

/* HGETALL's reply, made by hand. */
struct fields {
    struct pl_reply elements[FIELDS_MAX];
    char texts[FIELDS_MAX][96];
    struct pl_reply reply;
};

static void put(struct fields *fields, const char *name, const char *value)
{
    size_t n = fields->reply.n;

    assert_true(n + 2 <= FIELDS_MAX);
    for (int at = 0; at < 2; at++) {
        snprintf(fields->texts[n], sizeof(fields->texts[n]), "%s", at ? value : name);
        fields->elements[n] = (struct pl_reply){.type = PL_REPLY_STRING, .text = pl_span_of(fields->texts[n])};
        n++;
    }
    fields->reply = (struct pl_reply){.type = PL_REPLY_ARRAY, .n = n, .elements = fields->elements};
}

static void put_any(void *ctx, const char *name, const char *value)
{
    put(ctx, name, value);
}

static int64_t at(const char *text)
{
    int64_t time_us;

    assert_true(pl_stamp_parse(pl_span_of(text), false, &time_us));
    return time_us;
}

static bool same(double a, double b)
{
    return memcmp(&a, &b, sizeof(a)) == 0 || (isnan(a) && isnan(b));
}

/* What looks at features, value and takings have said. */
static void observe(struct pl_standing *standing, const struct pl_rules *rules)
{
    standing->adoption = pl_adoption_looks_init();
    standing->adoption.last_us = at("2026-04-06T00:00:00Z");
    standing->adoption.share = .72;
    standing->adoption.n_all = 9;
    standing->adoption.n_gaps = 2;
    standing->adoption.gaps[0] = (struct pl_feature_gap){
        OBSERVED_FILTERS,
        1u << PL_GAP_DISCOVERY | 1u << PL_GAP_FIT,
        {.eligible = 1000, .aware = 310, .adopted = 100, .older = 90, .left = 60, .newly = 80, .repeated = 40}};
    standing->adoption.gaps[1] =
        (struct pl_feature_gap){OBSERVED_SHARE, 1u << PL_GAP_TRIAL, {.eligible = 1000, .aware = 900, .adopted = 99}};
    standing->value = pl_value_looks_init();
    standing->value.events.verdict = PL_TREND_FALLING;
    standing->value.events.rate = 3.25;
    standing->value.retention.verdict = PL_TREND_STABLE;
    standing->value.retention.rate = .41;
    standing->derive = pl_derive_looks_init(rules, 0);
    standing->derive.of[0].looks.verdict = PL_TREND_RISING;
    standing->derive.of[0].looks.drift = .05;
}

static void check_observed(const struct pl_told *told)
{
    assert_int_equal(told->delivery, PL_DELIVERY_GAP);
    assert_true(same(told->delivered_share, .72) && same(told->rule.value_bar, .3));
    assert_true(told->adoption_us == at("2026-04-06T00:00:00Z"));
    assert_int_equal(told->n_gaps, 9);
    assert_int_equal(told->n_features, 2);
    assert_string_equal(told->features[0].id, "filters two");
    assert_int_equal(told->features[0].kinds, 1u << PL_GAP_DISCOVERY | 1u << PL_GAP_FIT);
    assert_int_equal(told->features[0].seen.aware, 310);
    assert_int_equal(told->features[0].seen.left, 60);
    assert_string_equal(told->features[1].id, "share");
    assert_int_equal(told->features[1].seen.adopted, 99);
    assert_true(told->measured);
    assert_int_equal(told->value, PL_TREND_FALLING);
    assert_int_equal(told->retention.verdict, PL_TREND_STABLE);
    assert_true(same(told->events.rate, 3.25) && same(told->retention.rate, .41) && isnan(told->events.drift));
    assert_int_equal(told->n_taken, 2);
    assert_string_equal(told->taken[0].metric, "documents.price");
    assert_int_equal(told->taken[0].looks.verdict, PL_TREND_RISING);
    assert_true(same(told->taken[0].looks.drift, .05));
    assert_string_equal(told->rule.core_levers, "templates; faster sharing");
}

/* What the daemon writes of an area is read back as it was. */
static void what_is_written_is_read_back(void **state)
{
    struct pl_rules *rules = observed_rules(.3, PL_TIME_NONE);
    const struct pl_area_rule rule = {.id = "checkout",
                                      .owner = "growth",
                                      .unit = "%",
                                      .smallest_return = .002,
                                      .value_bar = .3,
                                      .value_events = rules->areas[0].value_events,
                                      .core_levers = "templates; faster sharing"};
    const struct pl_advice advice = {.verdict = PL_SHIFT_TO_CORE,
                                     .grade = PL_UNCONFIRMED,
                                     .reason = PL_REASON_NONE,
                                     .missing = PL_MISSING_FUNNEL_STABLE | PL_MISSING_POLICY_AGE,
                                     .urgent = true,
                                     .lean = -1};
    const struct pl_area_state area_state = {.state = PL_FLAT,
                                             .why = PL_WHY_NOTHING,
                                             .n = 42,
                                             .n_all = 50,
                                             .epoch = 1,
                                             .last_us = at("2026-05-01T00:00:00Z"),
                                             .flat_since_us = at("2026-04-01T01:00:00Z"),
                                             .e_flat = 22.7,
                                             .level = 60,
                                             .e_yield = .5,
                                             .down = 3.25,
                                             .up = (double)NAN,
                                             .lower = -.001,
                                             .upper = .0014,
                                             .largest_ever = .01,
                                             .largest_cap = .02,
                                             .median_se = .001,
                                             .needed = 14.2,
                                             .jackpot_ok = true,
                                             .peeking = true};
    struct pl_standing standing = {
        .alert = {.firing = true, .starts_us = at("2026-04-02T00:00:00Z")},
        .looks = {
            .verdict = PL_TREND_FALLING, .drift = -.2, .se = .05, .rate = .123, .last_us = at("2026-04-06T00:00:00Z")}};
    observe(&standing, rules);
    struct pl_row rows[] = {{.kind = PL_ROW_RESULT, .excluded = PL_EXCLUDED_UNHEALTHY},
                            {.kind = PL_ROW_RESULT, .excluded = PL_EXCLUDED_UNHEALTHY},
                            {.kind = PL_ROW_RESULT, .excluded = PL_EXCLUDED_OLD_EPOCH},
                            {.kind = PL_ROW_RESULT, .excluded = PL_EXCLUDED_UNHEALTHY, .area = 1}};
    const struct pl_ledger ledger = {.rows = rows, .n = 4};
    const struct pl_area_view view = {&rule, &area_state, &advice, &standing, &ledger, 0, at("2026-05-02T00:00:00Z"),
                                      rules};
    struct fields fields = {.reply = {.n = 0}};
    struct pl_told told;

    (void)state;
    pl_area_text(&view, put_any, &fields);
    pl_told_read(&fields.reply, &told);
    assert_true(told.exists && told.firing);
    assert_int_equal(told.advice.verdict, PL_SHIFT_TO_CORE);
    assert_int_equal(told.advice.grade, PL_UNCONFIRMED);
    assert_int_equal(told.advice.missing, advice.missing);
    assert_true(told.advice.urgent && !told.advice.repair_first && told.advice.lean == -1);
    assert_int_equal(told.state.state, PL_FLAT);
    assert_int_equal(told.state.n, 42);
    assert_int_equal(told.state.n_all, 50);
    assert_true(told.state.last_us == area_state.last_us && told.state.flat_since_us == area_state.flat_since_us);
    assert_true(same(told.state.e_flat, 22.7) && same(told.state.level, 60) && same(told.state.e_yield, .5));
    assert_true(same(told.state.down, 3.25) && isnan(told.state.up) && same(told.state.lower, -.001));
    assert_true(same(told.state.upper, .0014) && same(told.state.needed, 14.2) && same(told.state.largest_cap, .02));
    assert_true(told.state.jackpot_ok && told.state.peeking && !told.state.unhealthy && !told.state.once_yielding);
    assert_true(same(told.rule.smallest_return, .002));
    assert_string_equal(told.rule.owner, "growth");
    assert_string_equal(told.rule.unit, "%");
    assert_int_equal(told.funnel, PL_TREND_FALLING);
    assert_true(same(told.drift, -.2) && same(told.drift_se, .05) && same(told.rate, .123));
    assert_true(told.since_us == standing.alert.starts_us && told.judged_us == view.judged_us);
    assert_int_equal(told.left_out[PL_EXCLUDED_UNHEALTHY], 2);
    assert_int_equal(told.left_out[PL_EXCLUDED_OLD_EPOCH], 1);
    assert_int_equal(told.left_out[PL_EXCLUDED_TOO_SMALL], 0);
    check_observed(&told);
    pl_rules_free(rules);
}

static const char *screen_of(const struct pl_told *told, const struct pl_past *past)
{
    static char text[8192];
    const struct pl_explain explain = {"checkout", told, past, {false, false}, "shop"};
    struct pl_buf out = {0};

    pl_explain_write(&explain, &out);
    assert_true(pl_buf_ok(&out) && out.len < sizeof(text));
    memcpy(text, out.ptr, out.len + 1);
    pl_buf_fini(&out);
    return text;
}

static void assert_has(const char *screen, const char *words)
{
    if (!strstr(screen, words))
        fail_msg("\"%s\" is not in:\n%s", words, screen);
}

static void put_objective(struct fields *fields)
{
    put(fields, "figure", "activation");
    put(fields, "target", "0.5");
    put(fields, "by", "2026-06-30T00:00:00Z");
    put(fields, "now", "0.41");
    put(fields, "start", "0.38");
    put(fields, "started", "2026-01-05T00:00:00Z");
    put(fields, "way", "0.25");
    put(fields, "days_left", "89.5");
    put(fields, "state", "behind");
}

/* An area with nearly all there may be to tell. */
static void put_everything(struct fields *fields)
{
    put(fields, "verdict", "SHIFT_TO_CORE");
    put(fields, "grade", "unconfirmed");
    put(fields, "owner", "growth");
    put(fields, "unit", "%");
    put(fields, "missing", "funnel_stable,delivered");
    put(fields, "firing", "1");
    put(fields, "since", "2026-03-01T00:00:00Z");
    put(fields, "judged", "2026-04-01T00:00:00Z");
    put(fields, "smallest_return", "0.002");
    put(fields, "programme", "FLAT");
    put(fields, "results", "31");
    put(fields, "last_result", "2026-03-20T00:00:00Z");
    put(fields, "flat_evidence", "122.75");
    put(fields, "flat_needed", "60");
    put(fields, "paying_evidence", "0.321");
    put(fields, "falling_evidence", "1234567");
    put(fields, "rising_evidence", "0");
    put(fields, "return_lower", "0.0002");
    put(fields, "return_upper", "0.0014");
    put(fields, "largest_win_counted", "0.01");
    put(fields, "funnel_trend", "stable");
    put(fields, "funnel_rate", "0.1234");
    put(fields, "funnel_looked", "2026-03-23T00:00:00Z");
    put(fields, "left_out_unhealthy", "3");
    put(fields, "repair_first", "1");
    put(fields, "value_trend", "falling");
    put(fields, "value_events_rate", "3.25");
    put(fields, "retention_rate", "0.41");
    put(fields, "delivery", "gap");
    put(fields, "delivered_share", "0.72");
    put(fields, "adoption_looked", "2026-03-23T00:00:00Z");
    put(fields, "gaps", "3");
    put(fields, "gap_discovery", "filters two");
    put(fields, "gap_fit", "share,filters two");
    put(fields, "gap.filters two.eligible", "1000");
    put(fields, "gap.filters two.aware", "310");
    put(fields, "gap.share.older", "90");
    put(fields, "gap.share.left", "60");
    put(fields, "derive_trend.price", "rising");
    put(fields, "derive_drift.price", "0.05");
    put(fields, "core_levers", "templates; faster sharing");
    put(fields, "hollow_evidence", "7.5");
    put(fields, "results_with_value", "12");
    put(fields, "goal_gain", "0.012");
    put(fields, "value_gain", "-0.003");
    put(fields, "quarter_end", "2026-03-31T00:00:00Z");
    put(fields, "quarter_results", "9");
    put(fields, "quarter_credited", "0.02");
    put(fields, "quarter_realised", "0.005");
    put(fields, "holdout_evidence", "3");
    put(fields, "objectives", "activated");
}

static void a_verdict_on_one_screen(void **state)
{
    struct fields fields = {.reply = {.n = 0}}, objective = {.reply = {.n = 0}};
    struct pl_past past = {.n_results = 3, .n_changes = 1};
    struct pl_told told;
    const char *screen;
    unsigned lines = 0;

    (void)state;
    put_everything(&fields);
    put_objective(&objective);
    past.results[0] = (struct pl_past_result){"a", at("2026-02-20T00:00:00Z"), -.001, .001, true};
    past.results[1] = (struct pl_past_result){"b", at("2026-03-10T00:00:00Z"), .5, .001, false}; /* left out */
    past.results[2] = (struct pl_past_result){"c", at("2026-03-20T00:00:00Z"), .002, .001, true};
    past.changes[0] = (struct pl_past_change){at("2026-02-01T00:00:00Z"), "FLAT", 27};
    pl_told_read(&fields.reply, &told);
    assert_int_equal(told.n_objectives, 1);
    pl_told_objective(&objective.reply, &told.objectives[0]);
    screen = screen_of(&told, &past);
    assert_has(screen, "checkout: shift to core value work (unconfirmed)\n"
                       "  alert since 2026-03-01, judged to 2026-04-01T00:00:00Z, for growth\n");
    assert_has(screen, "an experiment pays less than that    evidence, 123 of 60 needed\n");
    assert_has(screen, "an experiment pays more than that    evidence, 0.321 of 10 needed\n");
    assert_has(screen, "experiments pay less than before     evidence, more than 100000 of 1000 needed\n");
    assert_has(screen, "smallest gain worth an experiment    0.2 %\n");
    assert_has(screen, "  Gain per experiment, corrected for lucky winners: between 0.02 % and 0.14 %\n");
    assert_has(screen, "0     [--------------------]         o     0.22 %, o smallest gain\n");
    assert_has(screen, "unchanged within 10 %, 12.3 % reach the goal (2026-03-23)\n");
    assert_has(screen, "falling, 3.25 times a week per active user\n");
    assert_has(screen, "                                       41 % still get it after 4 weeks\n");
    assert_has(screen, "a gap to close, 72 % know what is used again and again\n");
    assert_has(screen, "price rises by 24.2 % a year\n"); /* exp(.05 x 52 / 12) = 1.2420 */
    assert_has(screen, "do not know it     filters two (31 % know it)\n");
    assert_has(screen, "tried it and left  share (67 % left)\n");
    assert_has(screen, "and 1 more feature\n");
    assert_has(screen, "where value may be\n  templates; faster sharing\n");
    assert_has(screen, "Largest win counted: 1 %; 31 experiments rule out (95 %)");
    assert_has(screen, "3  left out: uneven split, or too many users who saw two variants\n");
    assert_has(screen, "The funnel is not proven unchanged within 10 %.\n");
    assert_has(screen, "It is not known that users have met the valuable features.\n");
    assert_has(screen, "a core_launch record");
    assert_has(screen, "The funnel is falling: repair it first.\n");
    assert_has(screen,
               "activated: 41 % of new users activated, 50 % wanted by 2026-06-30; 25 % of the way from 38 since\n"
               "  2026-01-05, 90 days left: behind\n");
    assert_has(screen, "1.2 % of the goal, -0.3 % of value, over 12 with both\n");
    assert_has(screen, "value does not rise with what ships  evidence, 7.5 of 20 needed\n");
    assert_has(screen, "quarter to 2026-03-31                9 experiments: 2 % credited, 0.5 % realised\n");
    assert_has(screen, "quarters fall short                  evidence, 3 of 60 needed\n");
    assert_has(screen, "  redis-cli HGETALL 'plateaud:{shop}:area:checkout'  as they stand in Redis\n");
    assert_has(screen, "  plateauctl map checkout ");
    assert_has(screen, "  plateauctl tradeoff checkout ");
    assert_null(strstr(screen, "Stale"));
    assert_null(strstr(screen, "\033"));
    for (const char *c = screen; *c; c++)
        lines += *c == '\n';
    assert_in_range(lines, 20, 50);                  /* one screen */
    assert_null(strstr(screen, "measured effects")); /* there was no room for that: */
    told.n_objectives = told.n_features = told.n_taken = told.state.n_value = 0;
    told.measured = false;
    screen = screen_of(&told, &past);
    assert_has(screen, "2026-02-01  FLAT  27 results\n");
    assert_has(screen, "2 results, from -0.1 % to 0.2 %, the last one 0.2 %\n");
}

/* What ends a verdict that is not about returns, and the evidence of hollow growth. */
static void verdicts_that_are_not_about_returns(void **state)
{
    static const struct {
        const char *verdict, *ends;
    } rows[] = {
        {"DELIVER_EXISTING", "More users who know these features: it is looked at every Monday.\n"},
        {"DERIVING", "Value that no longer falls, or takings that no longer rise: it is looked at every four weeks.\n"},
        {"HOLLOW_GROWTH", "Results in which value rises with what ships, or a core_launch record"},
    };
    struct pl_past past = {.n_results = 0};

    (void)state;
    for (size_t at_row = 0; at_row < sizeof(rows) / sizeof(*rows); at_row++) {
        struct fields fields = {.reply = {.n = 0}};
        struct pl_told told;
        const char *screen;

        put(&fields, "verdict", rows[at_row].verdict);
        put(&fields, "hollow_evidence", "31.25");
        pl_told_read(&fields.reply, &told);
        screen = screen_of(&told, &past);
        assert_has(screen, rows[at_row].ends);
        assert_has(screen, "value does not rise with what ships  evidence, 31.2 of 20 needed\n");
        assert_null(strstr(screen, "Set smallest_return"));
    }
}

static void nothing_known_yet(void **state)
{
    struct fields fields = {.reply = {.n = 0}};
    struct pl_past past = {.n_results = 0};
    struct pl_told told;
    const char *screen;

    (void)state;
    pl_told_read(&(struct pl_reply){.type = PL_REPLY_ARRAY}, &told);
    assert_false(told.exists);
    put(&fields, "verdict", "NO_VERDICT");
    put(&fields, "reason", "2");
    put(&fields, "why", "1");
    put(&fields, "programme", "INCONCLUSIVE");
    put(&fields, "unit", "%");
    pl_told_read(&fields.reply, &told);
    screen = screen_of(&told, &past);
    assert_has(screen, "checkout: no verdict yet\n");
    assert_has(screen, "smallest_return) is not set.\n");
    assert_has(screen, "not set: see plateauctl worth\n");
    assert_has(screen, "no evidence yet\n");
    assert_has(screen, "nothing is proved yet\n");
    assert_has(screen, "left out\n  nothing\n");
    assert_has(screen, "until then nothing can be proved flat.\n");
    assert_null(strstr(screen, "nan"));
}

static void what_is_needed(void **state)
{
    struct fields fields = {.reply = {.n = 0}};
    struct pl_past past = {.n_results = 0};
    struct pl_told told;

    (void)state;
    put(&fields, "verdict", "NO_VERDICT");
    put(&fields, "programme", "INCONCLUSIVE");
    put(&fields, "unit", "Elo");
    put(&fields, "smallest_return", "1.2");
    put(&fields, "needed", "13.01");
    put(&fields, "lean", "1");
    put(&fields, "stops_early", "1");
    pl_told_read(&fields.reply, &told);
    assert_has(screen_of(&told, &past), "about 14 more of them prove it at the present noise.\n");
    assert_has(screen_of(&told, &past), "further optimisation looks worthwhile (not proven)\n");
    assert_has(screen_of(&told, &past), "1.2 Elo\n");
    assert_has(screen_of(&told, &past), "stopped early.\n");
}

/* max(60 d, twice the median gap) after the last result. */
static void staleness(void **state)
{
    struct pl_past past = {.n_results = 4};
    struct pl_told told = {.judged_us = at("2026-06-01T00:00:00Z")};

    (void)state;
    told.state.last_us = PL_TIME_NONE;
    assert_true(pl_explain_stale_since(&told, &past) == PL_TIME_NONE);
    for (int r = 0; r < 4; r++)
        past.results[r] = (struct pl_past_result){"x", at("2026-01-01T00:00:00Z") + r * 10 * PL_DAY_US, 0, 1, true};
    told.state.last_us = past.results[3].time_us; /* 2026-01-31: stale 60 d later */
    assert_true(pl_explain_stale_since(&told, &past) == at("2026-04-01T00:00:00Z"));
    told.judged_us = at("2026-04-01T00:00:00Z");
    assert_true(pl_explain_stale_since(&told, &past) == PL_TIME_NONE);
    for (int r = 0; r < 4; r++)
        past.results[r].time_us = at("2025-08-01T00:00:00Z") + r * 50 * PL_DAY_US; /* a slow team: 100 d */
    told.state.last_us = past.results[3].time_us;
    told.judged_us = told.state.last_us + 100 * PL_DAY_US;
    assert_true(pl_explain_stale_since(&told, &past) == PL_TIME_NONE);
    told.judged_us++;
    assert_true(pl_explain_stale_since(&told, &past) == told.state.last_us + 100 * PL_DAY_US);
}

/* Random worlds of everything there may be to tell: names as long as names are, all features, reasons, changes. */
static struct pl_told world(unsigned seed, struct pl_past *past)
{
    static const char *const owner = "owner-of-checkout-who-has-a-name-of-sixty-four-characters-in-all";
    struct pl_told told = {.exists = true, .firing = seed % 2, .measured = seed % 3 > 0};

    told.since_us = told.judged_us = told.looked_us = told.adoption_us = at("2026-04-01T00:00:00Z");
    told.advice = (struct pl_advice){.verdict = (enum pl_verdict)(seed % 8),
                                     .grade = seed % 8 == PL_SHIFT_TO_CORE ? PL_UNCONFIRMED : PL_UNGRADED,
                                     .reason = PL_REASON_PROGRAMME,
                                     .missing = seed % 5 ? 0x1f : 0,
                                     .urgent = seed % 7 > 3,
                                     .repair_first = seed % 7 > 4,
                                     .lean = (int)(seed % 3) - 1};
    told.state = (struct pl_area_state){.state = (enum pl_programme_state)(seed % 5),
                                        .why = (enum pl_inconclusive)(seed % 7),
                                        .n = 40,
                                        .n_value = seed % 4,
                                        .last_us = at("2025-12-01T00:00:00Z"),
                                        .e_flat = 1e9,
                                        .level = 60,
                                        .lower = -.0123456,
                                        .upper = seed % 3 ? .123456 : (double)NAN,
                                        .largest_cap = .0987654,
                                        .needed = 12345,
                                        .peeking = seed % 2,
                                        .unhealthy = seed % 5 > 1,
                                        .posterior_mean = -.0123,
                                        .credit_mean = .0123,
                                        .value_mean = -.0123,
                                        .quarter = {.end_us = seed % 4 ? at("2026-03-31T00:00:00Z") : PL_TIME_NONE}};
    snprintf(told.rule.owner, sizeof(told.rule.owner), "%s", owner);
    snprintf(told.rule.unit, sizeof(told.rule.unit), "%s", seed % 6 ? "%" : owner);
    memset(told.rule.core_levers, 'x', sizeof(told.rule.core_levers) - 1);
    for (size_t word = 8; word < sizeof(told.rule.core_levers) - 1; word += 9)
        told.rule.core_levers[word] = ' ';
    told.rule.smallest_return = seed % 4 ? .002 : (double)NAN;
    told.rate = told.delivered_share = told.retention.rate = .123456;
    told.events = told.retention = pl_looks_init();
    for (unsigned reason = 0; reason < PL_TOLD_REASONS; reason++)
        told.left_out[reason] = seed % 3 ? 1234 : 0;
    told.n_features = seed % (PL_TOLD_FEATURES + 1);
    told.n_gaps = told.n_features ? 32 : 0;
    for (unsigned f = 0; f < told.n_features; f++) {
        snprintf(told.features[f].id, sizeof(told.features[f].id), "%s", owner);
        told.features[f].kinds = 7;
    }
    told.n_taken = seed % (PL_TOLD_TAKEN + 1);
    for (unsigned t = 0; t < told.n_taken; t++) {
        snprintf(told.taken[t].metric, sizeof(told.taken[t].metric), "%s", owner);
        told.taken[t].looks = pl_looks_init();
    }
    told.n_objectives = seed % (PL_OBJECTIVE_STARTS_MAX + 1);
    for (unsigned o = 0; o < told.n_objectives; o++) {
        told.objectives[o] = (struct pl_objective){.figure = (enum pl_objective_figure)(o % 5),
                                                   .target = .5,
                                                   .by_us = told.judged_us,
                                                   .now = .123456,
                                                   .start = .1,
                                                   .start_us = told.since_us,
                                                   .way = .0123,
                                                   .days_left = 365,
                                                   .state = PL_OBJECTIVE_BEHIND};
        snprintf(told.objectives[o].id, sizeof(told.objectives[o].id), "%s", owner);
    }
    *past = (struct pl_past){.n_results = seed % 41, .n_changes = seed % 41};
    for (unsigned r = 0; r < past->n_results; r++) {
        past->results[r] = (struct pl_past_result){"x", at("2025-12-01T00:00:00Z"), -.0123456 * r, .001, true};
        past->changes[r] = (struct pl_past_change){at("2025-12-01T00:00:00Z"), "INCONCLUSIVE", 12};
    }
    return told;
}

/* However much there is to tell, it fits on 50 lines of 100 columns, with and without colour and marks of their own. */
static void whatever_there_is_fits_on_a_screen(void **state)
{
    unsigned full = 0;

    (void)state;
    for (unsigned seed = 0; seed < 5040; seed++) {
        struct pl_past past;
        struct pl_told told = world(seed, &past);
        const struct pl_explain explain = {told.rule.owner, &told, &past, {seed % 2, seed % 4 > 1}, NULL};
        unsigned lines = 0, columns = 0;
        struct pl_buf out = {0};

        pl_explain_write(&explain, &out);
        assert_true(pl_buf_ok(&out));
        for (size_t c = 0; c < out.len; c++) {
            if (out.ptr[c] == '\033')
                c += strcspn(out.ptr + c, "m");
            else if (out.ptr[c] != '\n')
                columns += (out.ptr[c] & 0xc0) != 0x80;
            else
                columns = (lines++, 0);
            if (columns > 100 || lines > 50)
                fail_msg("world %u, line %u, column %u:\n%s", seed, lines, columns, out.ptr);
        }
        full += lines > 45;
        assert_has(out.ptr, "left out");
        assert_has(out.ptr, "what would change it");
        assert_has(out.ptr, "redis-cli HGETALL");
        pl_buf_fini(&out);
    }
    assert_true(full > 100); /* the limit was reached, so it is what holds */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(a_verdict_on_one_screen),
        cmocka_unit_test(nothing_known_yet),
        cmocka_unit_test(verdicts_that_are_not_about_returns),
        cmocka_unit_test(what_is_needed),
        cmocka_unit_test(staleness),
        cmocka_unit_test(whatever_there_is_fits_on_a_screen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
