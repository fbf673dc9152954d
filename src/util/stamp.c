#include "util/stamp.h"

#include <inttypes.h>
#include <stdio.h>

/* Days since 1970-01-01 of a proleptic Gregorian date, and back: the year is taken to begin in March, so that the
 * leap day is the last one and months follow one linear rule. */
static int64_t days_of_date(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

static void date_of_days(int64_t days, int *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = z / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;

    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2 ? 1 : 0));
}

static bool fixed(struct pl_span *rest, int digits, int low, int high, int *value)
{
    int sum = 0;

    if (rest->len < (size_t)digits)
        return false;
    for (int at = 0; at < digits; at++) {
        char c = rest->ptr[at];

        if (c < '0' || c > '9')
            return false;
        sum = sum * 10 + (c - '0');
    }
    rest->ptr += digits;
    rest->len -= (size_t)digits;
    *value = sum;
    return sum >= low && sum <= high;
}

static bool literal(struct pl_span *rest, const char *set)
{
    if (rest->len == 0)
        return false;
    for (; *set; set++) {
        if (*set != rest->ptr[0])
            continue;
        rest->ptr++;
        rest->len--;
        return true;
    }
    return false;
}

static bool parse_fraction(struct pl_span *rest, int64_t *us)
{
    int64_t scale = 100000;
    int digits = 0;

    for (; rest->len && rest->ptr[0] >= '0' && rest->ptr[0] <= '9'; rest->ptr++, rest->len--, digits++, scale /= 10)
        *us += scale * (rest->ptr[0] - '0');
    return digits >= 1 && digits <= 9;
}

static bool parse_offset(struct pl_span *rest, bool lax, int64_t *offset_us)
{
    int hours, minutes;
    bool negative;

    *offset_us = 0;
    if (literal(rest, "Zz"))
        return true;
    if (rest->len == 0)
        return lax;
    negative = rest->ptr[0] == '-';
    if (!literal(rest, "+-") || !fixed(rest, 2, 0, 23, &hours))
        return false;
    (void)literal(rest, ":");
    if (!fixed(rest, 2, 0, 59, &minutes))
        return false;
    *offset_us = (hours * 60 + minutes) * PL_MINUTE_US;
    if (negative)
        *offset_us = -*offset_us;
    return true;
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

bool pl_stamp_parse(struct pl_span text, bool lax, int64_t *time_us)
{
    int year, month, day, hour, minute, second;
    int64_t fraction_us = 0, offset_us, value;

    *time_us = PL_TIME_NONE;
    if (!fixed(&text, 4, 1970, 9999, &year) || !literal(&text, "-") || !fixed(&text, 2, 1, 12, &month) ||
        !literal(&text, "-") || !fixed(&text, 2, 1, month_days(year, month), &day) || !literal(&text, "Tt ") ||
        !fixed(&text, 2, 0, 23, &hour) || !literal(&text, ":") || !fixed(&text, 2, 0, 59, &minute) ||
        !literal(&text, ":") || !fixed(&text, 2, 0, 60, &second))
        return false;
    if (literal(&text, ".,") && !parse_fraction(&text, &fraction_us))
        return false;
    if (!parse_offset(&text, lax, &offset_us) || text.len)
        return false;
    if (second == 60)
        second = 59;
    value = days_of_date(year, month, day) * PL_DAY_US + hour * PL_HOUR_US + minute * PL_MINUTE_US +
            second * PL_SECOND_US + fraction_us - offset_us;
    if (value < 0 || value > PL_TIME_MAX)
        return false;
    *time_us = value;
    return true;
}

const char *pl_stamp_format(int64_t time_us, char out[PL_STAMP_BYTES])
{
    int year, month, day;
    int64_t in_day, seconds, fraction;

    out[0] = '\0';
    if (time_us < 0 || time_us > PL_TIME_MAX)
        return out;
    date_of_days(time_us / PL_DAY_US, &year, &month, &day);
    in_day = time_us % PL_DAY_US;
    seconds = in_day / PL_SECOND_US;
    fraction = in_day % PL_SECOND_US;
    if (fraction)
        snprintf(out, PL_STAMP_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ", (unsigned)year % 10000,
                 (unsigned)month % 100, (unsigned)day % 100, (unsigned)(seconds / 3600) % 100,
                 (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60), (unsigned)fraction % 1000000);
    else
        snprintf(out, PL_STAMP_BYTES, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)year % 10000, (unsigned)month % 100,
                 (unsigned)day % 100, (unsigned)(seconds / 3600) % 100, (unsigned)(seconds / 60 % 60),
                 (unsigned)(seconds % 60));
    return out;
}

int64_t pl_stamp_floor(int64_t time_us, int64_t width_us)
{
    int64_t rest = time_us % width_us;

    if (time_us < INT64_MIN + width_us)
        return PL_TIME_NONE;
    return time_us - (rest < 0 ? rest + width_us : rest);
}

int64_t pl_stamp_next_tick(int64_t time_us)
{
    return pl_stamp_floor(time_us, PL_TICK_US) + PL_TICK_US;
}

int64_t pl_stamp_day(int64_t time_us)
{
    return pl_stamp_floor(time_us, PL_DAY_US);
}

int64_t pl_stamp_monday(int64_t time_us)
{
    /* 1970-01-01 was a Thursday; its week began three days earlier. */
    return pl_stamp_floor(time_us + 3 * PL_DAY_US, PL_WEEK_US) - 3 * PL_DAY_US;
}
