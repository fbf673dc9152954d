#include "core/count/days.h"
#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct pl_days none = {.last = PL_DAY_NONE};

static void weeks_begin_on_mondays(void **state)
{
    (void)state;
    assert_int_equal(pl_days_monday(0), -3); /* Thursday, 1970-01-01 */
    assert_int_equal(pl_days_monday(3), -3); /* Sunday */
    assert_int_equal(pl_days_monday(4), 4);  /* Monday, 1970-01-05 */
    assert_int_equal(pl_days_monday(10), 4);
    assert_int_equal(pl_days_monday(19723), 19723); /* 2024-01-01, a Monday */
    assert_int_equal(pl_days_monday(19722), 19716); /* the Sunday before: another year, another week */
    assert_int_equal(pl_days_monday(20454), 20451); /* 2026-01-01 is a Thursday: its week began in 2025 */
}

static void nothing_is_zero(void **state)
{
    int32_t list[PL_DAYS_BACK + 1];

    (void)state;
    assert_int_equal(pl_days_pack(none), 0);
    assert_int_equal(pl_days_unpack(0).last, PL_DAY_NONE);
    assert_int_equal(pl_days_list(none, 31, list), 0);
    assert_false(pl_days_has_week(none, -3));
    assert_false(pl_days_has_week(none, 4));
    assert_false(pl_days_too_old(none, 0));
}

static void a_day_is_noted_once(void **state)
{
    struct pl_days days = none;

    (void)state;
    assert_true(pl_days_note(&days, 0));
    assert_false(pl_days_note(&days, 0));
    assert_true(pl_days_note(&days, 100));
    assert_false(pl_days_note(&days, 100));
    assert_true(pl_days_note(&days, 99));
    assert_false(pl_days_note(&days, 99));
}

static void late_days_fall_out_after_31(void **state)
{
    struct pl_days days = none;
    int32_t list[PL_DAYS_BACK + 1];

    (void)state;
    assert_true(pl_days_note(&days, 100));
    assert_false(pl_days_note(&days, 68)); /* 32 days before */
    assert_true(pl_days_too_old(days, 68));
    assert_false(pl_days_too_old(days, 69));
    assert_true(pl_days_note(&days, 69));
    assert_int_equal(pl_days_list(days, 31, list), 2);
    assert_int_equal(list[0], 100);
    assert_int_equal(list[1], 69);
    assert_int_equal(pl_days_list(days, 30, list), 1);
    assert_true(pl_days_note(&days, 101)); /* 69 is 32 days before it now */
    assert_int_equal(pl_days_list(days, 31, list), 2);
    assert_int_equal(list[1], 100);
    assert_true(pl_days_note(&days, 132)); /* 31 days later: 101 is just remembered */
    assert_int_equal(pl_days_list(days, 31, list), 2);
    assert_int_equal(list[1], 101);
    assert_true(pl_days_note(&days, 164));
    assert_int_equal(pl_days_list(days, 31, list), 1);
}

static void a_week_is_known_by_any_of_its_days(void **state)
{
    struct pl_days days = none;

    (void)state;
    assert_true(pl_days_note(&days, 10)); /* Sunday of the week of 4 */
    assert_true(pl_days_has_week(days, 4));
    assert_false(pl_days_has_week(days, 11));
    assert_false(pl_days_has_week(days, -3));
    assert_true(pl_days_note(&days, 0));
    assert_true(pl_days_has_week(days, -3));
}

/* Against a list of everything that was noted. */
static void remembers_what_a_list_would(void **state)
{
    struct pl_random random = {7};

    (void)state;
    for (unsigned run = 0; run < 300; run++) {
        bool noted[400] = {false};
        struct pl_days days = none;
        int32_t last = PL_DAY_NONE;

        for (unsigned step = 0; step < 40; step++) {
            int32_t day = (int32_t)(random_bits(&random) % (run % 2 ? 400 : 70)), list[PL_DAYS_BACK + 1];
            bool old = last != PL_DAY_NONE && day < last - 31, expected = !old && !noted[day];
            unsigned n;

            noted[day] = noted[day] || !old;
            last = day > last ? day : last;
            assert_int_equal(pl_days_note(&days, day), expected);
            days = pl_days_unpack(pl_days_pack(days));
            n = pl_days_list(days, 27, list);
            for (int32_t at = last, found = 0; at >= 0 && at >= last - 27; at--)
                if (noted[at])
                    assert_true((unsigned)found < n && list[found++] == at);
            for (unsigned at = 1; at < n; at++)
                assert_true(list[at] < list[at - 1] && list[at] >= last - 27);
            for (int32_t monday = -3; monday < 400; monday += 7) {
                bool known = false;

                for (int32_t at = monday; at < monday + 7 && at < 400; at++)
                    known = known || (at >= 0 && at >= last - 31 && noted[at]);
                assert_int_equal(pl_days_has_week(days, monday), known);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weeks_begin_on_mondays),
        cmocka_unit_test(nothing_is_zero),
        cmocka_unit_test(a_day_is_noted_once),
        cmocka_unit_test(late_days_fall_out_after_31),
        cmocka_unit_test(a_week_is_known_by_any_of_its_days),
        cmocka_unit_test(remembers_what_a_list_would),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
