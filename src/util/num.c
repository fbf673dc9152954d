#include "util/num.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool pl_num_int(struct pl_span text, int64_t *value)
{
    bool negative = text.len && text.ptr[0] == '-';
    size_t at = text.len && (text.ptr[0] == '-' || text.ptr[0] == '+') ? 1 : 0;
    int64_t sum = 0;

    *value = 0;
    if (at == text.len)
        return false;
    for (; at < text.len; at++) {
        int digit = text.ptr[at] - '0';

        if (digit < 0 || digit > 9)
            return false;
        /* Count downwards, so that INT64_MIN needs no special case. */
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_sub_overflow(sum, digit, &sum))
            return false;
    }
    if (!negative && sum == INT64_MIN)
        return false;
    *value = negative ? sum : -sum;
    return true;
}

/* The parts of a JSON number: sign, digits before and after the point, exponent. */
struct number {
    bool negative;
    struct pl_span whole;
    struct pl_span fraction;
    int exponent; /* clipped to +-9999 */
};

static struct pl_span take_digits(struct pl_span *rest)
{
    struct pl_span digits = {rest->ptr, 0};

    while (rest->len && rest->ptr[0] >= '0' && rest->ptr[0] <= '9') {
        rest->ptr++;
        rest->len--;
        digits.len++;
    }
    return digits;
}

static bool take_char(struct pl_span *rest, const char *set)
{
    if (rest->len == 0 || rest->ptr[0] == '\0' || !strchr(set, rest->ptr[0]))
        return false;
    rest->ptr++;
    rest->len--;
    return true;
}

static bool take_exponent(struct pl_span *rest, int *exponent)
{
    bool negative = rest->len && rest->ptr[0] == '-';
    struct pl_span digits;
    int value = 0;

    (void)take_char(rest, "+-");
    digits = take_digits(rest);
    if (digits.len == 0)
        return false;
    for (size_t at = 0; at < digits.len; at++)
        value = value > 999 ? 9999 : value * 10 + (digits.ptr[at] - '0');
    *exponent = negative ? -value : value;
    return true;
}

static bool split_number(struct pl_span text, struct number *num)
{
    *num = (struct number){.negative = take_char(&text, "-")};
    num->whole = take_digits(&text);
    if (num->whole.len == 0 || (num->whole.len > 1 && num->whole.ptr[0] == '0'))
        return false;
    if (take_char(&text, ".")) {
        num->fraction = take_digits(&text);
        if (num->fraction.len == 0)
            return false;
    }
    if (take_char(&text, "eE") && !take_exponent(&text, &num->exponent))
        return false;
    return text.len == 0;
}

static int digit_at(const struct number *num, size_t at)
{
    return at < num->whole.len ? num->whole.ptr[at] - '0' : num->fraction.ptr[at - num->whole.len] - '0';
}

bool pl_num_micro(struct pl_span text, int64_t *value, bool *inexact)
{
    struct number num;
    int64_t sum = 0, digits, point;
    int first_lost = 0;
    bool more_lost = false;

    *value = 0;
    if (inexact)
        *inexact = false;
    if (text.len > PL_NUM_BYTES_MAX || !split_number(text, &num))
        return false;
    digits = (int64_t)(num.whole.len + num.fraction.len);
    point = (int64_t)num.whole.len + num.exponent + 6; /* digits kept: the decimal point moved six to the right */
    for (int64_t at = 0; at < digits || at < point; at++) {
        int digit = at < digits ? digit_at(&num, (size_t)at) : 0;

        if (at < point) {
            if (at >= digits && sum == 0)
                break; /* zero, whatever its exponent */
            if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_sub_overflow(sum, digit, &sum))
                return false;
        } else if (at == point) {
            first_lost = digit;
        } else {
            more_lost |= digit != 0;
        }
    }
    if (point < 0) { /* far below a millionth: rounds to zero */
        more_lost |= first_lost != 0;
        first_lost = 0;
        for (int64_t at = 0; at < digits; at++)
            more_lost |= digit_at(&num, (size_t)at) != 0;
    }
    if (inexact)
        *inexact = first_lost || more_lost;
    if (first_lost > 5 || (first_lost == 5 && (more_lost || sum % 2 != 0)))
        if (__builtin_sub_overflow(sum, 1, &sum))
            return false;
    if (!num.negative && sum == INT64_MIN)
        return false;
    *value = num.negative ? sum : -sum;
    return true;
}

bool pl_num_double(struct pl_span text, double *value)
{
    struct number num;
    char copy[PL_NUM_BYTES_MAX + 1];
    char *end;

    *value = 0;
    if (!split_number(text, &num) || !pl_span_copy(text, copy, sizeof(copy)))
        return false;
    *value = strtod(copy, &end); /* the process never calls setlocale */
    return *end == '\0' && isfinite(*value);
}

struct unit {
    const char *name;
    int64_t scale;
};

static const struct unit duration_units[] = {
    {"w", PL_WEEK_US},   {"d", PL_DAY_US},      {"h", PL_HOUR_US}, {"m", PL_MINUTE_US},
    {"s", PL_SECOND_US}, {"ms", INT64_C(1000)}, {"us", 1},
};
static const struct unit size_units[] = {
    {"GB", INT64_C(1) << 30}, {"MB", INT64_C(1) << 20}, {"KB", INT64_C(1) << 10}, {"B", 1}};

static bool with_unit(struct pl_span text, const struct unit *units, size_t n_units, int64_t *value)
{
    struct pl_span rest = text;
    struct pl_span digits = take_digits(&rest);

    *value = 0;
    if (!pl_num_int(digits, value))
        return false;
    if (rest.len == 0 && *value == 0)
        return true;
    for (size_t at = 0; at < n_units; at++)
        if (pl_span_is(rest, units[at].name) && !__builtin_mul_overflow(*value, units[at].scale, value))
            return true;
    *value = 0;
    return false;
}

bool pl_num_duration(struct pl_span text, int64_t *value_us)
{
    return with_unit(text, duration_units, sizeof(duration_units) / sizeof(*duration_units), value_us);
}

bool pl_num_size(struct pl_span text, int64_t *value_bytes)
{
    return with_unit(text, size_units, sizeof(size_units) / sizeof(*size_units), value_bytes);
}

bool pl_num_ratio(struct pl_span text, double *value)
{
    bool percent = text.len && text.ptr[text.len - 1] == '%';

    if (percent)
        text.len--;
    if (!pl_num_double(pl_span_trim(text), value))
        return false;
    if (percent)
        *value /= 100;
    return true;
}

/* How many digits after the point the text has when its first `digits` digits are written without an exponent. */
static int decimals(double value, int digits)
{
    char text[32];
    int exponent;

    snprintf(text, sizeof(text), "%.*e", digits - 1, value);
    exponent = atoi(strchr(text, 'e') + 1);
    return digits - 1 > exponent ? digits - 1 - exponent : 0;
}

/* Significant digits of what %g wrote: it leaves zeros out at the end, but not those of 500 or .05. */
static int significant(const char *text)
{
    int digits = 0, zeros = 0;
    bool point = strpbrk(text, ".e") != NULL;

    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (*text == '0' && digits == 0))
            continue;
        zeros = *text == '0' ? zeros + 1 : 0;
        digits++;
    }
    return digits - (point ? 0 : zeros) > 1 ? digits - (point ? 0 : zeros) : 1;
}

/* The smallest number of digits that gives the value back, and its text. Up to 15 digits come back from every double of
 * full precision: what 15 do not give back, fewer do not either, and what they do give back is written with no more. */
static int shortest(double value, char out[32])
{
    int digits = 1;

    if (isnormal(value)) {
        snprintf(out, 32, "%.15g", value);
        digits = strtod(out, NULL) == value ? significant(out) : 16;
        if (digits < 16)
            return digits;
    }
    for (; digits < 17; digits++) {
        snprintf(out, 32, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            return digits;
    }
    snprintf(out, 32, "%.17g", value);
    return 17;
}

void pl_num_format(double value, char out[32])
{
    int digits = shortest(value, out);
    double size = fabs(value);

    if (size >= 1e-5 && size < 1e15 && strchr(out, 'e')) /* 5000, not 5e+03 */
        snprintf(out, 32, "%.*f", decimals(value, digits), value);
}

void pl_num_format_duration(int64_t value_us, char out[32])
{
    for (size_t at = 0; value_us && at < sizeof(duration_units) / sizeof(*duration_units); at++) {
        if (value_us % duration_units[at].scale == 0) {
            snprintf(out, 32, "%" PRId64 "%s", value_us / duration_units[at].scale, duration_units[at].name);
            return;
        }
    }
    snprintf(out, 32, "0");
}
