#include "core/judge/margin.h"

#include <math.h>

enum pl_margin_verdict pl_margin_judge(const struct pl_interval *relative, double margin, bool lower_is_better)
{
    double lower = lower_is_better ? -relative->upper : relative->lower;
    double upper = lower_is_better ? -relative->lower : relative->upper;
    double tolerated = margin > 0. ? margin : 0.;

    if (isnan(lower) || isnan(upper))
        return PL_MARGIN_UNMEASURED;
    if (lower > -tolerated)
        return PL_MARGIN_OK;
    return upper < -tolerated ? PL_MARGIN_HARMED : PL_MARGIN_UNCLEAR;
}

const char *pl_margin_name(enum pl_margin_verdict verdict)
{
    static const char *const names[] = {
        [PL_MARGIN_UNMEASURED] = "unmeasured",
        [PL_MARGIN_UNCLEAR] = "unclear",
        [PL_MARGIN_OK] = "ok",
        [PL_MARGIN_HARMED] = "harmed",
    };

    return names[verdict];
}
