/* Any bytes as what GrowthBook's API gave: it comes to an end, errors say why, and what is taken makes a control
 * record.
 */
#include "codec/growthbook.h"

#include "codec/control.h"
#include "util/stamp.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_taken(struct pl_growthbook_result *result)
{
    static struct pl_control back;
    struct pl_buf text = {0};
    struct pl_err err = {0};

    for (unsigned arm = 0; arm < 2; arm++)
        must(isfinite(result->mean[arm]) && isfinite(result->sd[arm]) && result->n[arm] > 0);
    if (pl_growthbook_effect(result, (double)NAN, &err)) {
        must(err.text[0]);
        return;
    }
    if (!(fabs(result->control.effect) <= 1e30 && result->control.se >= 1e-30 && result->control.se <= 1e30))
        return; /* out of the range of a record */
    (void)pl_span_copy(pl_span_of("shop"), result->control.area, sizeof(result->control.area));
    pl_control_format(&result->control, &text);
    must(pl_buf_ok(&text));
    must(pl_control_parse(pl_buf_span(&text), PL_TIME_NONE, &back, NULL) == PL_ACCEPTED);
    pl_buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pl_growthbook book = {.text = {(const char *)data, size}, .now_us = INT64_C(1785578401000000)};
    struct pl_growthbook_result result;
    bool more = true;

    if (size && data[0] == '!') { /* a metric by name */
        book.metric = "paid";
        book.text = (struct pl_span){book.text.ptr + 1, size - 1};
    }
    for (size_t steps = 0; more; steps++) {
        struct pl_err err = {0};
        enum pl_status status = pl_growthbook_next(&book, &result, &more, &err);

        must(steps <= size);
        must(status == PL_OK || (status == PL_ERR_INPUT && err.text[0]));
        if (status == PL_OK && more && result.why == PL_GROWTHBOOK_TAKEN)
            check_taken(&result);
        else if (status == PL_OK && more)
            must(result.why < PL_GROWTHBOOK_REASONS && pl_growthbook_reason(result.why)[0]);
    }
    pl_growthbook_fini(&book);
    return 0;
}
