#include "util/num.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S(text) pl_span_of(text)

__extension__ typedef __int128 int128;

static void ints(void **state)
{
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } rows[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"+7", true, 7},
        {"007", true, 7},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999999999", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"+", false, 0},
        {"+-1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1e3", false, 0},
        {"0x50", false, 0},
        {"1.0", false, 0},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(*rows); at++) {
        int64_t value = 99;

        if (pl_num_int(S(rows[at].text), &value) != rows[at].good)
            fail_msg("%s should be %s", rows[at].text, rows[at].good ? "taken" : "refused");
        if (rows[at].good)
            assert_int_equal(value, rows[at].value);
    }
}

static void micro(const char *text, int64_t wanted, bool wanted_inexact)
{
    int64_t value = 99;
    bool inexact = !wanted_inexact;

    if (!pl_num_micro(S(text), &value, &inexact))
        fail_msg("%s was refused", text);
    if (value != wanted || inexact != wanted_inexact)
        fail_msg("%s gave %lld, inexact %d", text, (long long)value, inexact);
    assert_true(pl_num_micro(S(text), &value, NULL));
}

static void micro_refused(const char *text)
{
    int64_t value = 99;

    if (pl_num_micro(S(text), &value, NULL))
        fail_msg("%s gave %lld", text, (long long)value);
}

static void micro_values(void **state)
{
    (void)state;
    micro("0", 0, false);
    micro("-0", 0, false);
    micro("-0.0e5", 0, false);
    micro("1.5", 1500000, false);
    micro("-1.5", -1500000, false);
    micro("1e2", 100000000, false);
    micro("1E+2", 100000000, false);
    micro("12.5e-1", 1250000, false);
    micro("123456e-6", 123456, false);
    micro("0.000001", 1, false);
    micro("1e-6", 1, false);
    micro("0.1", 100000, false);
    micro("0.30000000000000004", 300000, true); /* .1 + .2 in doubles */
    micro("0.10", 100000, false);
    micro("0e99999999999", 0, false);
    micro("0.0e-99999999999", 0, false);
    micro("1e-7", 0, true);
    micro("5e-324", 0, true);
    micro("1e-99999999999", 0, true);
    micro("0.00000000000000000000000000000000000000001", 0, true);
}

static void micro_rounds_half_to_even(void **state)
{
    (void)state;
    micro("0.0000005", 0, true);
    micro("0.0000015", 2, true);
    micro("0.0000025", 2, true);
    micro("0.0000035", 4, true);
    micro("-0.0000015", -2, true);
    micro("-0.0000025", -2, true);
    micro("0.00000050000000000000000001", 1, true);
    micro("0.00000049999999999999999999", 0, true);
    micro("5e-7", 0, true);
    micro("15e-7", 2, true);
    micro("5.0001e-7", 1, true);
    micro("0.0000000005e3", 0, true);
    micro("0.9999995", 1000000, true);
    micro("0.9999994", 999999, true);
}

static void micro_limits(void **state)
{
    (void)state;
    micro("9223372036854.775807", INT64_MAX, false);
    micro("-9223372036854.775807", -INT64_MAX, false);
    micro("-9223372036854.775808", INT64_MIN, false);
    micro("-9223372036854.7758084", INT64_MIN, true);
    micro("-9223372036854.7758085", INT64_MIN, true); /* a tie, to even */
    micro("9223372036854.7758074", INT64_MAX, true);
    micro_refused("9223372036854.775808");
    micro_refused("9223372036854.7758075"); /* a tie, to even, is one too many */
    micro_refused("-9223372036854.775809");
    micro_refused("-9223372036854.77580851");
    micro_refused("9007199254740993"); /* 2^53 + 1 */
    micro_refused("9223372036854775808");
    micro_refused("-9223372036854775809");
    micro_refused("1e13");
    micro_refused("1e999");
    micro_refused("-1e999");
    micro_refused("1e99999999999999999999");
}

static void micro_syntax(void **state)
{
    static const char *const bad[] = {"",         "-",         "+1",    ".5",    "1.",    "007",  "-01", "00",
                                      "1.e5",     "1e",        "1e+",   "1e-",   "1e1.5", "0x10", "NaN", "nan",
                                      "Infinity", "-Infinity", "inf",   "1,5",   "1 ",    " 1",   "--1", "1-",
                                      "1..2",     "true",      "1_000", "1e5e5", "e5",    "-e5",  "1f",  "1\n"};
    char digits[10001];

    (void)state;
    for (size_t at = 0; at < sizeof(bad) / sizeof(*bad); at++)
        micro_refused(bad[at]);
    assert_false(pl_num_micro((struct pl_span){"1\0", 2}, &(int64_t){0}, NULL));
    assert_false(pl_num_micro((struct pl_span){NULL, 0}, &(int64_t){0}, NULL));
    memset(digits, '1', 10000);
    digits[10000] = '\0';
    micro_refused(digits);
    digits[1] = '.';
    micro_refused(digits);
    digits[PL_NUM_BYTES_MAX] = '\0';
    micro(digits, 1111111, true);
}

/* Any digits, any place of the point, any exponent: against integer arithmetic on 128 bits. */
static void micro_as_arithmetic_says(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (int round = 0; round < 200000; round++) {
        char plain[32], text[64];
        int digits, point, exponent, shift;
        int128 value, unit = 1;
        int64_t got, wanted;
        bool lost, inexact;

        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        snprintf(plain, sizeof(plain), "%llu", (unsigned long long)((seed >> 8) % 1000000000000000000) >> (seed % 56));
        digits = (int)strlen(plain);
        point = (int)((seed >> 40) % (unsigned)digits) + 1; /* digits before the point */
        exponent = (int)((seed >> 50) % 17) - 12;
        if (plain[0] == '0')
            point = 1;
        if (point < digits)
            snprintf(text, sizeof(text), "%.*s.%se%d", point, plain, plain + point, exponent);
        else
            snprintf(text, sizeof(text), "%se%d", plain, exponent);
        value = strtoll(plain, NULL, 10);
        shift = exponent + 6 - (digits - point); /* value * 10^shift micro-units */
        for (int at = 0; at < abs(shift) && at < 36; at++)
            unit *= 10;
        lost = shift < 0 && value % unit != 0;
        if (shift >= 0) {
            if (value && (unit > INT64_MAX || value > INT64_MAX / unit)) {
                micro_refused(text);
                continue;
            }
            value *= unit;
        } else {
            int128 rest = value % unit;

            value /= unit;
            value += rest * 2 > unit || (rest * 2 == unit && value % 2 == 1);
        }
        wanted = (int64_t)value;
        if (!pl_num_micro(S(text), &got, &inexact))
            fail_msg("%s was refused", text);
        if (got != wanted || inexact != lost)
            fail_msg("%s gave %lld, not %lld", text, (long long)got, (long long)wanted);
    }
}

static void doubles(void **state)
{
    static const char *const bad[] = {"", "nan", "inf", "1e999", "-1e999", "0x1p3", "1.", ".5", "+1", "1 ", "1e5x"};
    double value;

    (void)state;
    assert_true(pl_num_double(S("0.1"), &value) && value == .1);
    assert_true(pl_num_double(S("-1.5e-3"), &value) && value == -.0015);
    assert_true(pl_num_double(S("1.7976931348623157e308"), &value) && value == DBL_MAX);
    assert_true(pl_num_double(S("5e-324"), &value) && value > 0);
    assert_true(pl_num_double((struct pl_span){"12345", 2}, &value) && value == 12);
    for (size_t at = 0; at < sizeof(bad) / sizeof(*bad); at++)
        if (pl_num_double(S(bad[at]), &value))
            fail_msg("%s was taken", bad[at]);
}

static void durations(void **state)
{
    static const struct {
        const char *text;
        bool good;
        int64_t us;
    } rows[] = {
        {"0", true, 0},
        {"0s", true, 0},
        {"1us", true, 1},
        {"250ms", true, 250000},
        {"60s", true, 60000000},
        {"10m", true, 600000000},
        {"1h", true, 3600000000},
        {"7d", true, 604800000000},
        {"2w", true, 1209600000000},
        {"9223372036854775807us", true, INT64_MAX},
        {"9223372036854775807ms", false, 0},
        {"9223372036854775808us", false, 0},
        {"10", false, 0},
        {"-1s", false, 0},
        {"+1s", false, 0},
        {"1.5h", false, 0},
        {"1 s", false, 0},
        {"s", false, 0},
        {"", false, 0},
        {"1y", false, 0},
        {"1H", false, 0},
        {"1h30m", false, 0},
        {"9e18s", false, 0},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(*rows); at++) {
        int64_t value = 99;

        if (pl_num_duration(S(rows[at].text), &value) != rows[at].good)
            fail_msg("%s should be %s", rows[at].text, rows[at].good ? "taken" : "refused");
        assert_int_equal(value, rows[at].good ? rows[at].us : 0);
    }
}

static void sizes(void **state)
{
    int64_t value;

    (void)state;
    assert_true(pl_num_size(S("0"), &value) && value == 0);
    assert_true(pl_num_size(S("512B"), &value) && value == 512);
    assert_true(pl_num_size(S("64KB"), &value) && value == 65536);
    assert_true(pl_num_size(S("64MB"), &value) && value == 67108864);
    assert_true(pl_num_size(S("2GB"), &value) && value == INT64_C(2147483648));
    assert_false(pl_num_size(S("64"), &value));
    assert_false(pl_num_size(S("64mb"), &value));
    assert_false(pl_num_size(S("64M"), &value));
    assert_false(pl_num_size(S("-1B"), &value));
    assert_false(pl_num_size(S("9223372036854775807GB"), &value));
    assert_int_equal(value, 0);
}

static void ratios(void **state)
{
    double value;

    (void)state;
    assert_true(pl_num_ratio(S("0.2%"), &value) && value == .002);
    assert_true(pl_num_ratio(S("100%"), &value) && value == 1);
    assert_true(pl_num_ratio(S("50 %"), &value) && value == .5);
    assert_true(pl_num_ratio(S("-5%"), &value) && value == -.05);
    assert_true(pl_num_ratio(S("0.25"), &value) && value == .25);
    assert_false(pl_num_ratio(S("%"), &value));
    assert_false(pl_num_ratio(S("1%%"), &value));
    assert_false(pl_num_ratio(S(""), &value));
}

static void formats(void **state)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        {0, "0"},
        {.1, "0.1"},
        {1e-9, "1e-09"},
        {5000, "5000"},
        {20000, "20000"},
        {-2.5, "-2.5"},
        {.002, "0.002"},
        {1e-5, "0.00001"},
        {123456.789, "123456.789"},
        {1e15, "1e+15"},
        {999999999999999., "999999999999999"},
        {1e300, "1e+300"},
        {1. / 3, "0.3333333333333333"},
    };
    char out[32];

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(*rows); at++) {
        pl_num_format(rows[at].value, out);
        assert_string_equal(out, rows[at].text);
    }
    pl_num_format((double)NAN, out);
    assert_string_equal(out, "nan");
    pl_num_format(-(double)INFINITY, out);
    assert_string_equal(out, "-inf");
}

static void formats_read_back(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        char out[32];
        double value;

        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        memcpy(&value, &seed, sizeof(value));
        if (round % 2)
            value = (double)(int64_t)(seed >> 20) / (double)(1 + (seed & 0xffff));
        if (!isfinite(value))
            continue;
        pl_num_format(value, out);
        assert_true(strlen(out) < 32 && strtod(out, NULL) == value);
    }
}

static void formats_durations(void **state)
{
    static const struct {
        int64_t us;
        const char *text;
    } rows[] = {{0, "0"},
                {1, "1us"},
                {250000, "250ms"},
                {90 * PL_MINUTE_US, "90m"},
                {PL_HOUR_US, "1h"},
                {7 * PL_DAY_US, "1w"},
                {8 * PL_DAY_US, "8d"},
                {INT64_MAX, "9223372036854775807us"}};
    char out[32];
    int64_t back;

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(*rows); at++) {
        pl_num_format_duration(rows[at].us, out);
        assert_string_equal(out, rows[at].text);
        assert_true(pl_num_duration(S(out), &back) && back == rows[at].us);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ints),
        cmocka_unit_test(micro_values),
        cmocka_unit_test(micro_rounds_half_to_even),
        cmocka_unit_test(micro_limits),
        cmocka_unit_test(micro_syntax),
        cmocka_unit_test(micro_as_arithmetic_says),
        cmocka_unit_test(doubles),
        cmocka_unit_test(durations),
        cmocka_unit_test(sizes),
        cmocka_unit_test(ratios),
        cmocka_unit_test(formats),
        cmocka_unit_test(formats_read_back),
        cmocka_unit_test(formats_durations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
