/* The digest of a week: its lines, its next steps in their order, its document and the schema that it keeps. */
#include "codec/digest.h"

#include "support/near.h"
#include "support/observed.h"

#include <string.h>
#include <sys/wait.h>

/* Everything that a digest borrows. */
struct world {
    struct pl_area_rule rule;
    struct pl_advice advice;
    struct pl_area_state state;
    struct pl_digest_area area;
};

/* An area that shifted to core work in this week, with all there is to tell. */
static struct world *make_world(void)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_non_null(w);
    w->rule = (struct pl_area_rule){.id = "checkout",
                                    .owner = "growth",
                                    .unit = "%",
                                    .core_levers = "templates; faster sharing",
                                    .smallest_return = .002,
                                    .value_bar = .3};
    w->advice =
        (struct pl_advice){.verdict = PL_SHIFT_TO_CORE, .grade = PL_UNCONFIRMED, .missing = PL_MISSING_FUNNEL_STABLE};
    w->state = (struct pl_area_state){.state = PL_FLAT, .n = 42, .lower = .0002, .upper = .0014, .needed = (double)NAN};
    w->area = (struct pl_digest_area){
        .rule = &w->rule,
        .advice = &w->advice,
        .state = &w->state,
        .firing = true,
        .since_us = OBSERVED_AT(95),
        .n_edges = 2,
        .edges = {{.status = PL_ALERT_RESOLVED, .verdict = PL_PREPARE_CORE, .tick_us = OBSERVED_AT(95)},
                  {.status = PL_ALERT_FIRING,
                   .verdict = PL_SHIFT_TO_CORE,
                   .previous = PL_PREPARE_CORE,
                   .grade = PL_UNCONFIRMED,
                   .tick_us = OBSERVED_AT(95)}},
        .measured = true,
        .value = PL_TREND_FALLING,
        .events = {.verdict = PL_TREND_FALLING, .drift = -.05, .rate = 3.25},
        .has_features = true,
        .delivered_share = .72,
        .n_features = 1,
        .features = {{"search", 1u << PL_GAP_DISCOVERY, {1000, 300, 100, 60, 62, 20, 80, 35, false}}},
        .n_objectives = 1,
        .objectives = {{.id = "half",
                        .figure = PL_OBJECTIVE_FUNNEL,
                        .target = .5,
                        .by_us = OBSERVED_AT(200),
                        .now = .4,
                        .start = .3,
                        .start_us = OBSERVED_AT(35),
                        .way = .5,
                        .expected = .42,
                        .days_left = 102,
                        .state = PL_OBJECTIVE_BEHIND}},
    };
    pl_digest_take(&w->area, PL_ENTERED, .003, .001);
    pl_digest_take(&w->area, PL_ENTERED, .0019, .001);
    pl_digest_take(&w->area, PL_EXCLUDED_UNHEALTHY, .5, .001);
    pl_digest_take(&w->area, PL_EXCLUDED_KIND, .5, .001);
    pl_digest_take(&w->area, PL_EXCLUDED_KIND, (double)NAN, (double)NAN);
    return w;
}

static void add_line(void *ctx, const char *line)
{
    pl_buf_addf(ctx, "%s\n", line);
}

/* 95 is 2023-12-08. */
static void a_week_in_lines(void **state)
{
    struct world *w = make_world();
    struct pl_buf out = {0};

    (void)state;
    pl_digest_lines(&w->area, add_line, &out);
    assert_true(pl_buf_ok(&out));
    assert_string_equal(
        out.ptr,
        "checkout: shift to core value work (unconfirmed), alert since 2023-12-08\n"
        "Changed on 2023-12-08: no longer plan core value work.\n"
        "Changed on 2023-12-08: now shift to core value work (unconfirmed), before: plan core value work.\n"
        "Results: 2 counted, 1 of them won; 1 left out: uneven split, or too many users who saw two variants; 2 shown "
        "only: core work and holdouts are not optimisation.\n"
        "Gain per experiment, corrected for lucky winners: between 0.02 % and 0.14 %.\n"
        "Value per active user falls by 19.5 % a year, 3.25 times a week.\n"
        "Delivered: 72 % of users know what is used again and again.\n"
        "Objective half: 40 % reach the goal, 50 % wanted by 2024-03-22; 50 % of the way from 30 since 2023-10-09, 102 "
        "days left: behind.\n"
        "Next 1: Start no new optimisation here and put the team on core value work; announce its launch with a "
        "core_launch record.\n"
        "Next 2: Where value may be: templates; faster sharing.\n"
        "Next 3: Catch up with the objective half: 40 % reach the goal, 50 % wanted by 2024-03-22; 50 % of the way "
        "from 30 since 2023-10-09, 102 days left: behind.\n");
    pl_buf_fini(&out);
    free(w);
}

static void nothing_happened(void **state)
{
    const struct pl_area_rule rule = {.id = "search", .smallest_return = (double)NAN};
    const struct pl_advice advice = {.verdict = PL_NO_VERDICT, .reason = PL_REASON_PROGRAMME};
    const struct pl_area_state area_state = {.lower = (double)NAN, .upper = (double)NAN, .needed = (double)NAN};
    const struct pl_digest_area area = {.rule = &rule,
                                        .advice = &advice,
                                        .state = &area_state,
                                        .since_us = PL_TIME_NONE,
                                        .delivered_share = (double)NAN};
    struct pl_buf out = {0};

    (void)state;
    pl_digest_lines(&area, add_line, &out);
    assert_string_equal(
        out.ptr, "search: no verdict yet\n"
                 "No results came.\n"
                 "Next 1: Set smallest_return of this area (plateauctl worth): until then nothing can be proved flat.\n"
                 "Next 2: Declare the events in which users get value (value of the area): value is not measured.\n"
                 "Next 3: Declare the features of this area: what users do not know of cannot be seen.\n");
    pl_buf_fini(&out);
}

/* The first step of each verdict and state. */
static void the_most_urgent_comes_first(void **state)
{
    struct world *w = make_world();
    struct pl_buf steps[PL_DIGEST_STEPS_MAX] = {{0}};

    (void)state;
    w->advice = (struct pl_advice){.verdict = PL_DELIVER_EXISTING};
    assert_int_equal(pl_digest_steps(&w->area, steps), 2);
    assert_string_equal(steps[0].ptr,
                        "search: 30 % of 1000 users who could use it know it; of 80 who met it a month or "
                        "more ago, 44 % used it in more than one week (valuable from 30 %). Lead users "
                        "to it.");
    for (int at = 0; at < PL_DIGEST_STEPS_MAX; at++)
        pl_buf_clear(&steps[at]);
    w->advice = (struct pl_advice){.verdict = PL_SHIFT_TO_CORE, .urgent = true, .repair_first = true};
    assert_int_equal(pl_digest_steps(&w->area, steps), 3);
    assert_string_equal(steps[0].ptr, "Urgent: the value users get is falling; find out why before anything else.");
    assert_string_equal(steps[1].ptr, "The funnel is falling: repair it first.");
    for (int at = 0; at < PL_DIGEST_STEPS_MAX; at++)
        pl_buf_clear(&steps[at]);
    w->advice = (struct pl_advice){.verdict = PL_NO_VERDICT, .reason = PL_REASON_HEALTH};
    assert_in_range(pl_digest_steps(&w->area, steps), 1, 3);
    assert_non_null(strstr(steps[0].ptr, "cannot be trusted"));
    for (int at = 0; at < PL_DIGEST_STEPS_MAX; at++)
        pl_buf_fini(&steps[at]);
    free(w);
}

/* Every verdict has a next step, and an area with everything to tell is at most 20 lines. */
static void there_is_always_something_to_do(void **state)
{
    struct world *w = make_world();

    (void)state;
    for (int verdict = PL_NO_VERDICT; verdict <= PL_HOLLOW_GROWTH; verdict++)
        for (unsigned features = 0; features < 2; features++) {
            struct pl_buf out = {0};
            unsigned lines = 0;

            w->advice = (struct pl_advice){.verdict = (enum pl_verdict)verdict};
            w->area.n_features = features;
            w->area.n_objectives = features ? PL_OBJECTIVE_STARTS_MAX : 0;
            w->area.n_edges = features ? PL_DIGEST_EDGES_MAX : 0;
            for (unsigned at = 1; at < w->area.n_objectives; at++)
                w->area.objectives[at] = w->area.objectives[0];
            pl_digest_lines(&w->area, add_line, &out);
            assert_non_null(strstr(out.ptr, "Next 1: "));
            for (const char *c = out.ptr; *c; c++)
                lines += *c == '\n';
            assert_in_range(lines, 5, 20);
            pl_buf_fini(&out);
        }
    free(w);
}

static void wins(void **state)
{
    (void)state;
    assert_true(pl_digest_is_win(PL_ENTERED, .0020, .001));
    assert_false(pl_digest_is_win(PL_ENTERED, .00196, .001)); /* at the bar, not above */
    assert_false(pl_digest_is_win(PL_EXCLUDED_UNHEALTHY, 1, .001));
    assert_false(pl_digest_is_win(PL_ENTERED, (double)NAN, .001));
}

static void write_document(const struct pl_digest *digest, struct pl_buf *out)
{
    pl_buf_clear(out);
    pl_digest_write(digest, out);
    assert_true(pl_buf_ok(out));
}

static void the_same_week_has_the_same_id(void **state)
{
    struct world *w = make_world();
    struct pl_digest digest = {"main", "growth", OBSERVED_AT(91), OBSERVED_AT(98), 1, &w->area};
    char one[33], two[33];

    (void)state;
    pl_digest_id(&digest, one);
    w->state.n = 50;
    digest.from_us -= 5;
    pl_digest_id(&digest, two);
    assert_string_equal(one, two);
    digest.owner = "core";
    pl_digest_id(&digest, two);
    assert_string_not_equal(one, two);
    digest.owner = "growth";
    digest.to_us += 7 * PL_DAY_US;
    pl_digest_id(&digest, two);
    assert_string_not_equal(one, two);
    free(w);
}

static void documents(void **state)
{
    struct world *w = make_world();
    struct pl_digest_area *many = calloc(12, sizeof(*many));
    struct pl_digest digest = {"main", "growth", OBSERVED_AT(91), OBSERVED_AT(98), 1, &w->area};
    struct pl_buf out = {0};
    FILE *checker = popen("/usr/bin/env python3 " PL_SOURCE_DIR "/tests/unit/codec/check_schema.py " PL_SOURCE_DIR
                          "/conf/alert.schema.json 3",
                          "w");
    int status;

    (void)state;
    assert_non_null(checker);
    write_document(&digest, &out);
    assert_non_null(strstr(out.ptr, "\"summary\":\"growth, week to 2023-12-11: 1 area, 1 alert fires\""));
    assert_non_null(strstr(out.ptr, "\"results\":{\"counted\":2,\"won\":1,\"left_out\":{\"unhealthy\":1,"));
    assert_non_null(strstr(out.ptr, "\"figures\":{\"experiments\":42,\"gain_lower\":0.0002,\"gain_upper\":0.0014,"
                                    "\"value_per_active\":3.25,\"value_change\":-0.05,\"delivered_share\":0.72}"));
    assert_non_null(strstr(out.ptr, "\"description\":\"checkout: shift to core value work (unconfirmed), alert since "
                                    "2023-12-08\\nChanged on"));
    fprintf(checker, "%s\n", out.ptr);
    digest.owner = ""; /* nobody's */
    w->advice = (struct pl_advice){.verdict = PL_NO_VERDICT};
    w->area.firing = false;
    write_document(&digest, &out);
    assert_non_null(strstr(out.ptr, "\"subject\":\"owner/-\""));
    assert_null(strstr(out.ptr, "\"owner\""));
    fprintf(checker, "%s\n", out.ptr);
    for (int at = 0; at < 12; at++)
        many[at] = w->area;
    digest.areas = many;
    digest.n_areas = 12;
    write_document(&digest, &out);
    assert_non_null(strstr(out.ptr, "and 2 more: see plateauctl digest"));
    fprintf(checker, "%s\n", out.ptr);
    status = pclose(checker);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    pl_buf_fini(&out);
    free(many);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_week_in_lines),
        cmocka_unit_test(nothing_happened),
        cmocka_unit_test(the_most_urgent_comes_first),
        cmocka_unit_test(there_is_always_something_to_do),
        cmocka_unit_test(wins),
        cmocka_unit_test(the_same_week_has_the_same_id),
        cmocka_unit_test(documents),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
