#include "codec/pairs.h"

#include "util/num.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

void pl_pairs_text(const struct pl_pairs *to, const char *name, const char *value)
{
    to->emit(to->ctx, name, value);
}

void pl_pairs_double(const struct pl_pairs *to, const char *name, double value)
{
    char number[32];

    if (!isfinite(value))
        return;
    pl_num_format(value, number);
    to->emit(to->ctx, name, number);
}

void pl_pairs_whole(const struct pl_pairs *to, const char *name, int64_t value)
{
    char number[32];

    snprintf(number, sizeof(number), "%" PRId64, value);
    to->emit(to->ctx, name, number);
}

void pl_pairs_time(const struct pl_pairs *to, const char *name, int64_t time_us)
{
    char stamp[PL_STAMP_BYTES], with_ms[PL_PAIRS_NAME_BYTES];

    if (time_us == PL_TIME_NONE)
        return;
    to->emit(to->ctx, name, pl_stamp_format(time_us, stamp));
    snprintf(with_ms, sizeof(with_ms), "%s_ms", name);
    pl_pairs_whole(to, with_ms, time_us / 1000);
}
