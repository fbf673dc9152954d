#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/sample.h"
#include "util/num.h"
#include "util/stamp.h"

#include <stdio.h>
#include <string.h>

static struct pl_unit_id unit(uint64_t number)
{
    return (struct pl_unit_id){number * 7, number};
}

static void act(struct pl_sample *sample, uint64_t who, const char *name, int64_t time_us)
{
    pl_sample_action(sample, unit(who), pl_span_of(name), time_us);
}

static void counts_units_days_and_first_times(void **state)
{
    struct pl_sample *sample = pl_sample_new();

    (void)state;
    act(sample, 1, "A", 5 * PL_DAY_US + 10);
    act(sample, 1, "A", 5 * PL_DAY_US + 20); /* the same day */
    act(sample, 2, "A", 5 * PL_DAY_US + 30);
    act(sample, 2, "A", 4 * PL_DAY_US + 30); /* an earlier day, which came later */
    act(sample, 2, "A", 9 * PL_DAY_US);
    act(sample, 2, "B", 1);
    assert_int_equal(sample->tally[0].events, 5);
    assert_int_equal(sample->tally[0].units, 2);
    assert_int_equal(sample->tally[0].again, 1);
    assert_int_equal(sample->tally[1].units, 1);
    assert_int_equal(sample->n_units, 2);
    assert_int_equal(pl_sample_first(sample, 0, 0), 5 * PL_DAY_US + 10);
    assert_int_equal(pl_sample_first(sample, 1, 0), 4 * PL_DAY_US + 30);
    assert_int_equal(pl_sample_first(sample, 0, 1), PL_TIME_NONE);
    assert_int_equal(sample->first_us, 1);
    assert_int_equal(sample->last_us, 9 * PL_DAY_US);
    pl_sample_free(sample);
}

static void exposures_have_arms(void **state)
{
    struct pl_sample *sample = pl_sample_new();

    (void)state;
    pl_sample_exposure(sample, unit(1), pl_span_of("e"), pl_span_of("B"), 1);
    pl_sample_exposure(sample, unit(1), pl_span_of("e"), pl_span_of("B"), 2);
    pl_sample_exposure(sample, unit(2), pl_span_of("e"), pl_span_of("control"), 3);
    assert_int_equal(sample->exposures, 3);
    assert_int_equal(sample->events, 0);
    assert_int_equal(pl_names_count(sample->arms), 2);
    assert_string_equal(pl_names_text(sample->arms, 0), "e\nB");
    assert_int_equal(sample->tally[PL_SAMPLE_NAMES_MAX].events, 2);
    assert_int_equal(sample->tally[PL_SAMPLE_NAMES_MAX].units, 1);
    pl_sample_free(sample);
}

static void is_bounded_and_counts_what_had_no_room(void **state)
{
    struct pl_sample *sample = pl_sample_new();
    char name[2 * PL_SAMPLE_NAME_BYTES] = "";

    (void)state;
    for (unsigned n = 0; n < PL_SAMPLE_NAMES_MAX + 3; n++) {
        snprintf(name, sizeof(name), "name %u", n);
        act(sample, 1, name, 1);
    }
    assert_int_equal(sample->names_full, 3);
    memset(name, 'x', sizeof(name) - 1);
    act(sample, 1, name, 1);
    assert_int_equal(sample->names_full, 4);
    for (uint64_t who = 2; who < PL_SAMPLE_UNITS_MAX + 6; who++)
        act(sample, who, "name 0", 1);
    assert_int_equal(sample->n_units, PL_SAMPLE_UNITS_MAX);
    assert_int_equal(sample->units_full, 5);
    assert_int_equal(sample->tally[0].events, PL_SAMPLE_UNITS_MAX + 5);
    assert_int_equal(sample->tally[0].units, PL_SAMPLE_UNITS_MAX);
    for (uint64_t who = 1; who <= PL_SAMPLE_UNITS_MAX; who++)
        for (unsigned n = 0; n < 12; n++) {
            snprintf(name, sizeof(name), "name %u", n);
            act(sample, who, name, 1);
        }
    assert_int_equal(sample->n_deeds, PL_SAMPLE_DEEDS_MAX);
    assert_true(sample->deeds_full > 0);
    pl_sample_free(sample);
    pl_sample_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts_units_days_and_first_times),
                                       cmocka_unit_test(exposures_have_arms),
                                       cmocka_unit_test(is_bounded_and_counts_what_had_no_room)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
