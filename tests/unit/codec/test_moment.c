#include "codec/moment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define T_US INT64_C(1785578400000000) /* 2026-08-01T10:00:00Z: date -ud @1785578400 */

static void check(enum pl_value_type type, const char *text, enum pl_reject reason, int64_t expected_us)
{
    struct pl_value value = {type, pl_span_of(text)};
    int64_t time_us = -1;

    if (pl_moment_read(&value, &time_us) != reason)
        fail_msg("%s", text);
    if (reason == PL_ACCEPTED)
        assert_int_equal(time_us, expected_us);
}

static void test_strings(void **state)
{
    (void)state;
    check(PL_VALUE_STRING, "2026-08-01T10:00:00Z", PL_ACCEPTED, T_US);
    check(PL_VALUE_STRING, "2026-08-01T12:30:00.249+02:30", PL_ACCEPTED, T_US + 249000);
    check(PL_VALUE_STRING, "2026-08-01 10:00:00.123456", PL_ACCEPTED, T_US + 123456);
    check(PL_VALUE_STRING, "2026-08-01 10:00:00", PL_ACCEPTED, T_US);
    check(PL_VALUE_STRING, "1785578400", PL_ACCEPTED, T_US);
    check(PL_VALUE_STRING, "1785578400123", PL_ACCEPTED, T_US + 123000);
    check(PL_VALUE_STRING, "1785578400.5", PL_ACCEPTED, T_US + 500000);
    check(PL_VALUE_STRING, "1970-01-01T00:00:00Z", PL_REJECT_BAD_TIME, 0);
    check(PL_VALUE_STRING, "20260801", PL_REJECT_BAD_TIME, 0);
    check(PL_VALUE_STRING, "", PL_REJECT_BAD_TIME, 0);
    check(PL_VALUE_STRING, "now", PL_REJECT_BAD_TIME, 0);
}

static void test_numbers_by_magnitude(void **state)
{
    (void)state;
    check(PL_VALUE_NUMBER, "1785578400", PL_ACCEPTED, T_US);
    check(PL_VALUE_NUMBER, "1785578400123", PL_ACCEPTED, T_US + 123000);
    check(PL_VALUE_NUMBER, "1785578400123456", PL_ACCEPTED, T_US + 123456);
    check(PL_VALUE_NUMBER, "1785578400123456789", PL_ACCEPTED, T_US + 123456);
    check(PL_VALUE_NUMBER, "1785578400.25", PL_ACCEPTED, T_US + 250000);
    check(PL_VALUE_NUMBER, "1785578400123.75", PL_ACCEPTED, T_US + 123750);
    check(PL_VALUE_NUMBER, "1.7855784e9", PL_ACCEPTED, T_US);
    check(PL_VALUE_NUMBER, "1.7855784e12", PL_ACCEPTED, T_US);
    check(PL_VALUE_NUMBER, "1.7855784e18", PL_REJECT_BAD_TIME, 0);
}

static void test_range(void **state)
{
    (void)state;
    check(PL_VALUE_NUMBER, "946684800", PL_ACCEPTED, INT64_C(946684800000000));
    check(PL_VALUE_NUMBER, "946684799", PL_REJECT_BAD_TIME, 0);
    check(PL_VALUE_NUMBER, "946684800000", PL_ACCEPTED, INT64_C(946684800000000));
    check(PL_VALUE_NUMBER, "946684799999", PL_REJECT_BAD_TIME, 0);
    check(PL_VALUE_NUMBER, "7258118399", PL_ACCEPTED, INT64_C(7258118399000000));
    check(PL_VALUE_NUMBER, "7258118400", PL_REJECT_BAD_TIME, 0);
    check(PL_VALUE_NUMBER, "0", PL_REJECT_BAD_TIME, 0);
    check(PL_VALUE_NUMBER, "-1", PL_REJECT_BAD_TIME, 0);
    check(PL_VALUE_NUMBER, "-1785578400.5", PL_REJECT_BAD_TIME, 0);
    check(PL_VALUE_NUMBER, "9223372036854775807", PL_REJECT_BAD_TIME, 0);
    check(PL_VALUE_NUMBER, "-9223372036854775808", PL_REJECT_BAD_TIME, 0);
    check(PL_VALUE_NUMBER, "9223372036854775808", PL_REJECT_BAD_TIME, 0);
    check(PL_VALUE_NUMBER, "1e-300", PL_REJECT_BAD_TIME, 0);
}

static void test_other_types(void **state)
{
    (void)state;
    check(PL_VALUE_TRUE, "true", PL_REJECT_TYPE, 0);
    check(PL_VALUE_OBJECT, "", PL_REJECT_TYPE, 0);
    check(PL_VALUE_ARRAY, "", PL_REJECT_TYPE, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_numbers_by_magnitude),
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_other_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
