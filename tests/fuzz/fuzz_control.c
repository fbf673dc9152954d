/* Any bytes as a control record; what is accepted keeps its promises and comes back from its own text unchanged. */
#include "codec/control.h"

#include "util/stamp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_promises(const struct pl_control *control)
{
    double sum = 0;

    if (control->type != PL_CONTROL_HISTORY_END && control->time_us == PL_TIME_NONE)
        abort();
    if (!(control->cost > 0) || control->n_variants > PL_VARIANTS_MAX || control->n_variants == 1)
        abort();
    if (control->type == PL_CONTROL_RESULT && !(isfinite(control->effect) && control->se > 0 && isfinite(control->se)))
        abort();
    for (unsigned at = 0; at < control->n_variants; at++)
        sum += control->shares[at];
    if (control->n_variants && fabs(sum - 1) > 1e-6)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pl_control control, back; /* static: no padding differs */
    struct pl_buf first = {0}, second = {0};

    if (pl_control_parse((struct pl_span){(const char *)data, size}, INT64_C(1785578401000000), &control, NULL))
        return 0;
    check_promises(&control);
    pl_control_format(&control, &first);
    if (!pl_buf_ok(&first) || pl_control_parse(pl_buf_span(&first), PL_TIME_NONE, &back, NULL))
        abort();
    pl_control_format(&back, &second);
    if (!pl_span_eq(pl_buf_span(&first), pl_buf_span(&second)))
        abort();
    pl_buf_fini(&first);
    pl_buf_fini(&second);
    return 0;
}
