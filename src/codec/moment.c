#include "codec/moment.h"

#include "util/stamp.h"

#define YEAR_2000_US INT64_C(946684800000000)
#define YEAR_2200_US INT64_C(7258118400000000)

/* Bounds of the reading by magnitude: 1e11 seconds are the year 5138, 1e11 milliseconds 1973. */
#define SECONDS_END INT64_C(100000000000)
#define MILLIS_END (SECONDS_END * 1000)
#define MICROS_END (MILLIS_END * 1000)

static int64_t of_integer(int64_t n)
{
    if (n < SECONDS_END)
        return n * PL_SECOND_US;
    if (n < MILLIS_END)
        return n * 1000;
    return n < MICROS_END ? n : n / 1000;
}

static bool read_number(struct pl_span text, int64_t *time_us)
{
    int64_t n;

    if (pl_num_int(text, &n))
        *time_us = n < 0 ? 0 : of_integer(n);
    else if (pl_num_micro(text, &n, NULL)) /* a fraction or an exponent: n is in millionths, which leaves s and ms */
        *time_us = n < SECONDS_END * PL_MICRO ? n : n / 1000;
    else
        return false;
    return *time_us >= YEAR_2000_US && *time_us < YEAR_2200_US;
}

enum pl_reject pl_moment_read(const struct pl_value *value, int64_t *time_us)
{
    bool known = false;

    if (value->type != PL_VALUE_STRING && value->type != PL_VALUE_NUMBER)
        return PL_REJECT_TYPE;
    if (value->type == PL_VALUE_STRING)
        known = pl_stamp_parse(value->text, true, time_us) && *time_us > 0;
    if (!known)
        known = read_number(value->text, time_us);
    return known ? PL_ACCEPTED : PL_REJECT_BAD_TIME;
}
