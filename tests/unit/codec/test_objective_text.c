/* Objectives as fields and in words. */
#include "codec/objective_text.h"

#include "support/near.h"
#include "support/observed.h"

#include <string.h>

static const struct pl_objective half = {.id = "half of them",
                                         .figure = PL_OBJECTIVE_ACTIVATION,
                                         .target = .5,
                                         .by_us = OBSERVED_AT(200),
                                         .now = .4125,
                                         .start = .3,
                                         .start_us = OBSERVED_AT(35),
                                         .way = .5625,
                                         .expected = .42,
                                         .days_left = 101.25,
                                         .state = PL_OBJECTIVE_BEHIND};

static void add(void *ctx, const char *name, const char *value)
{
    pl_buf_addf(ctx, "%s=%s ", name, value);
}

/* OBSERVED_DAY0 + 35 is 2023-10-09, + 98 is 2023-12-11, + 200 is 2024-03-22. */
static void fields(void **state)
{
    struct pl_buf out = {0};
    struct pl_objective one = half;

    (void)state;
    pl_objective_text(&one, "documents", OBSERVED_AT(98), add, &out);
    assert_string_equal(out.ptr, "area=documents figure=activation target=0.5 by=2024-03-22T00:00:00Z "
                                 "by_ms=1711065600000 now=0.4125 start=0.3 started=2023-10-09T00:00:00Z "
                                 "started_ms=1696809600000 way=0.5625 expected=0.42 days_left=101.25 state=behind "
                                 "judged=2023-12-11T00:00:00Z judged_ms=1702252800000 ");
    pl_buf_clear(&out);
    one.now = one.start = one.way = one.expected = (double)NAN;
    one.start_us = PL_TIME_NONE;
    one.state = PL_OBJECTIVE_UNKNOWN;
    pl_objective_text(&one, "documents", PL_TIME_NONE, add, &out);
    assert_string_equal(out.ptr, "area=documents figure=activation target=0.5 by=2024-03-22T00:00:00Z "
                                 "by_ms=1711065600000 days_left=101.25 state=unknown ");
    pl_buf_fini(&out);
}

static void assert_words(const struct pl_objective *one, const char *expected)
{
    struct pl_buf out = {0};

    pl_objective_words(one, &out);
    assert_true(pl_buf_ok(&out));
    assert_string_equal(out.ptr, expected);
    pl_buf_fini(&out);
}

static void words(void **state)
{
    struct pl_objective one = half;

    (void)state;
    assert_words(&one, "half of them: 41.2 % of new users activated, 50 % wanted by 2024-03-22; 56 % of the way from "
                       "30 since 2023-10-09, 102 days left: behind");
    one.start_us = PL_TIME_NONE;
    one.way = (double)NAN;
    one.state = PL_OBJECTIVE_UNKNOWN;
    assert_words(&one, "half of them: 41.2 % of new users activated, 50 % wanted by 2024-03-22; not followed long "
                       "enough to say more, 102 days left");
    one.now = (double)NAN;
    assert_words(&one, "half of them: share not known yet, 50 % wanted by 2024-03-22, 102 days left");
    one = half;
    one.figure = PL_OBJECTIVE_VALUE;
    one.now = 2.5;
    one.start = 3.5;
    one.target = 3;
    one.way = (double)NAN;
    one.days_left = 0;
    one.state = PL_OBJECTIVE_MISSED;
    assert_words(&one, "half of them: 2.5 value events per active user and week, 3 wanted by 2024-03-22; it was 3.5 on "
                       "2023-10-09: missed");
}

static void names_come_back(void **state)
{
    enum pl_objective_figure figure;
    enum pl_objective_state now;

    (void)state;
    for (int at = PL_OBJECTIVE_FUNNEL; at <= PL_OBJECTIVE_ACTIVATION; at++) {
        assert_true(
            pl_objective_find_figure(pl_span_of(pl_objective_figure_name((enum pl_objective_figure)at)), &figure));
        assert_int_equal(figure, at);
    }
    for (int at = PL_OBJECTIVE_UNKNOWN; at <= PL_OBJECTIVE_MISSED; at++) {
        assert_true(pl_objective_find_state(pl_span_of(pl_objective_state_name((enum pl_objective_state)at)), &now));
        assert_int_equal(now, at);
    }
    assert_false(pl_objective_find_figure(pl_span_of("speed"), &figure));
    assert_false(pl_objective_find_state(pl_span_of(""), &now));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields),
        cmocka_unit_test(words),
        cmocka_unit_test(names_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
