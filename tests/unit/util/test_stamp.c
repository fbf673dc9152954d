#include "util/stamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#define S(text) pl_span_of(text)

static void parsed(const char *text, bool lax, int64_t wanted)
{
    int64_t time_us = 99;

    if (!pl_stamp_parse(S(text), lax, &time_us))
        fail_msg("%s was refused", text);
    if (time_us != wanted)
        fail_msg("%s gave %lld", text, (long long)time_us);
}

static void refused(const char *text, bool lax)
{
    int64_t time_us = 99;

    if (pl_stamp_parse(S(text), lax, &time_us))
        fail_msg("%s was taken", text);
    assert_true(time_us == PL_TIME_NONE);
}

/* Seconds as `date -u -d TEXT +%s` gives them. */
static void parses(void **state)
{
    (void)state;
    parsed("1970-01-01T00:00:00Z", false, 0);
    parsed("2026-08-21T10:00:00Z", false, INT64_C(1787306400) * PL_SECOND_US);
    parsed("2026-08-21 10:00:00Z", false, INT64_C(1787306400) * PL_SECOND_US);
    parsed("2026-08-21t10:00:00z", false, INT64_C(1787306400) * PL_SECOND_US);
    parsed("2026-08-21T10:00:00", true, INT64_C(1787306400) * PL_SECOND_US);
    parsed("2000-02-29T23:59:59Z", false, INT64_C(951868799) * PL_SECOND_US);
    parsed("2100-02-28T00:00:00Z", false, INT64_C(4107456000) * PL_SECOND_US);
    parsed("9999-12-31T23:59:59.999999Z", false, PL_TIME_MAX);
}

static void fractions(void **state)
{
    (void)state;
    parsed("1970-01-01T00:00:00.1Z", false, 100000);
    parsed("1970-01-01T00:00:00.000001Z", false, 1);
    parsed("1970-01-01T00:00:00.123456789Z", false, 123456);
    parsed("1970-01-01T00:00:00.999999999Z", false, 999999);
    refused("1970-01-01T00:00:00.Z", false);
    refused("1970-01-01T00:00:00.1234567890Z", false);
    refused("1970-01-01T00:00:00.1x", true);
}

static void offsets(void **state)
{
    (void)state;
    parsed("1970-01-01T02:00:00+02:00", false, 0);
    parsed("1970-01-01T00:00:00-05:30", false, 330 * PL_MINUTE_US);
    parsed("2024-01-01T00:30:00+01:00", false, INT64_C(1704065400) * PL_SECOND_US); /* still 2023 in UTC */
    parsed("1970-01-02T00:00:00+23:59", false, PL_MINUTE_US);
    refused("1970-01-01T00:00:00+00:01", false); /* before 1970 */
    refused("9999-12-31T23:59:59-00:01", false); /* after 9999 */
    refused("2026-08-21T10:00:00", false);
    refused("2026-08-21T10:00:00+24:00", false);
    refused("2026-08-21T10:00:00+00:60", false);
    refused("2026-08-21T10:00:00+1:00", false);
    refused("2026-08-21T10:00:00+", true);
    refused("2026-08-21T10:00:00Z+01:00", false);
    refused("2026-08-21T10:00:00 UTC", true);
}

static void leap_seconds(void **state)
{
    (void)state;
    parsed("2016-12-31T23:59:60Z", false, INT64_C(1483228799) * PL_SECOND_US);
    refused("2016-12-31T23:59:61Z", false);
}

static void invalid_dates(void **state)
{
    static const char *const bad[] = {
        "",
        "2026",
        "2026-08-21",
        "2026-08-21T",
        "2026-08-21T10:00Z",
        "2026-8-21T10:00:00Z",
        "2026-08-21T10:00:00Z ",
        " 2026-08-21T10:00:00Z",
        "2026-00-21T10:00:00Z",
        "2026-13-21T10:00:00Z",
        "2026-08-00T10:00:00Z",
        "2026-08-32T10:00:00Z",
        "2026-04-31T10:00:00Z",
        "2023-02-29T10:00:00Z",
        "2100-02-29T10:00:00Z",
        "2026-08-21T24:00:00Z",
        "2026-08-21T10:60:00Z",
        "1969-12-31T23:59:59Z",
        "10000-01-01T00:00:00Z",
        "2026/08/21T10:00:00Z",
        "2026-08-21_10:00:00Z",
        "20260821T100000Z",
        "-026-08-21T10:00:00Z",
        "2026-08-21T+1:00:00Z",
        "1787306400",
    };

    (void)state;
    for (size_t at = 0; at < sizeof(bad) / sizeof(*bad); at++) {
        refused(bad[at], true);
        refused(bad[at], false);
    }
    assert_false(pl_stamp_parse((struct pl_span){NULL, 0}, true, &(int64_t){0}));
}

/* Every length of a good text but its own is refused: nothing is read past the end, nothing is guessed. */
static void cut_texts(void **state)
{
    const char text[] = "2026-08-21T10:00:00.123+01:00";
    int64_t time_us;

    (void)state;
    for (size_t len = 0; len < sizeof(text) - 1; len++)
        assert_false(pl_stamp_parse((struct pl_span){text, len}, false, &time_us));
    assert_true(pl_stamp_parse((struct pl_span){text, sizeof(text) - 1}, false, &time_us));
}

static void formats(void **state)
{
    char out[PL_STAMP_BYTES];

    (void)state;
    assert_string_equal(pl_stamp_format(0, out), "1970-01-01T00:00:00Z");
    assert_string_equal(pl_stamp_format(1, out), "1970-01-01T00:00:00.000001Z");
    assert_string_equal(pl_stamp_format(INT64_C(951782400) * PL_SECOND_US, out), "2000-02-29T00:00:00Z");
    assert_string_equal(pl_stamp_format(PL_TIME_MAX, out), "9999-12-31T23:59:59.999999Z");
    assert_string_equal(pl_stamp_format(PL_TIME_NONE, out), "");
    assert_string_equal(pl_stamp_format(-1, out), "");
    assert_string_equal(pl_stamp_format(PL_TIME_MAX + 1, out), "");
}

static void round_trip(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (int round = 0; round < 200000; round++) {
        char out[PL_STAMP_BYTES], wanted[80];
        struct tm tm;
        int64_t time_us, back;
        time_t seconds;

        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        time_us = (int64_t)((seed >> 3) % (uint64_t)PL_TIME_MAX);
        if (round % 3 == 0)
            time_us -= time_us % PL_SECOND_US;
        seconds = (time_t)(time_us / PL_SECOND_US);
        assert_non_null(gmtime_r(&seconds, &tm));
        if (time_us % PL_SECOND_US)
            snprintf(wanted, sizeof(wanted), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year + 1900, tm.tm_mon + 1,
                     tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(time_us % PL_SECOND_US));
        else
            snprintf(wanted, sizeof(wanted), "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
                     tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        assert_string_equal(pl_stamp_format(time_us, out), wanted);
        assert_true(pl_stamp_parse(S(out), false, &back));
        assert_true(back == time_us);
    }
}

/* Every day of every year: gmtime_r's weekday decides what is a Monday. */
static void every_day(void **state)
{
    (void)state;
    for (int64_t day = 0; day <= PL_TIME_MAX / PL_DAY_US; day++) {
        int64_t time_us = day * PL_DAY_US + 12345678;
        time_t seconds = (time_t)(time_us / PL_SECOND_US);
        struct tm tm;
        char out[PL_STAMP_BYTES], wanted[80];

        gmtime_r(&seconds, &tm);
        snprintf(wanted, sizeof(wanted), "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
        assert_memory_equal(pl_stamp_format(time_us, out), wanted, 10);
        assert_true(pl_stamp_day(time_us) == day * PL_DAY_US);
        assert_true(pl_stamp_monday(time_us) == (day - (tm.tm_wday + 6) % 7) * PL_DAY_US);
    }
}

static void floors(void **state)
{
    (void)state;
    assert_true(pl_stamp_floor(7, 5) == 5);
    assert_true(pl_stamp_floor(5, 5) == 5);
    assert_true(pl_stamp_floor(-1, 5) == -5);
    assert_true(pl_stamp_floor(-5, 5) == -5);
    assert_true(pl_stamp_floor(PL_TIME_NONE, PL_DAY_US) == PL_TIME_NONE);
    assert_true(pl_stamp_next_tick(0) == PL_TICK_US);
    assert_true(pl_stamp_next_tick(PL_TICK_US - 1) == PL_TICK_US);
    assert_true(pl_stamp_next_tick(PL_TICK_US) == 2 * PL_TICK_US);
    assert_true(pl_stamp_monday(0) == -3 * PL_DAY_US); /* 1970-01-01 was a Thursday */
    assert_true(pl_stamp_monday(4 * PL_DAY_US) == 4 * PL_DAY_US);
    assert_true(pl_stamp_monday(4 * PL_DAY_US - 1) == -3 * PL_DAY_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses),       cmocka_unit_test(fractions),     cmocka_unit_test(offsets),
        cmocka_unit_test(leap_seconds), cmocka_unit_test(invalid_dates), cmocka_unit_test(cut_texts),
        cmocka_unit_test(formats),      cmocka_unit_test(round_trip),    cmocka_unit_test(every_day),
        cmocka_unit_test(floors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
