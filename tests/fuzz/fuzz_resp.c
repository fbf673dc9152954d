/* Bytes of a hostile server through adapter/resp the way a link feeds them. The first byte chooses the size of the
 * pieces; the replies must not depend on it, so everything is read twice: in pieces and in one. */
#include "adapter/resp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Touch every byte and every element. */
static uint64_t walk(const struct pl_reply *reply, unsigned depth)
{
    uint64_t sum = (uint64_t)reply->type * 31 + (uint64_t)reply->integer + reply->n;

    if (depth > 9) /* eight arrays and what is in the innermost */
        abort();
    for (size_t at = 0; at < reply->text.len; at++)
        sum = sum * 131 + (unsigned char)reply->text.ptr[at];
    for (size_t at = 0; at < reply->n; at++)
        sum = sum * 137 + walk(&reply->elements[at], depth + 1);
    return sum;
}

struct outcome {
    uint64_t sum;
    unsigned replies;
};

static struct outcome read_all(const uint8_t *data, size_t size, size_t piece)
{
    static const struct pl_resp_limits limits = {.bulk_bytes = 1 << 20, .elements = 1 << 16, .bytes = 4 << 20};
    struct pl_resp *resp = pl_resp_new(&limits);
    struct outcome outcome = {0};
    bool going = resp != NULL;

    for (size_t at = 0; going && at < size; at += piece) {
        struct pl_span bytes = {(const char *)data + at, size - at < piece ? size - at : piece};
        const struct pl_reply *reply = NULL;

        going = pl_resp_feed(resp, bytes, NULL) == PL_OK;
        while (going) {
            going = pl_resp_next(resp, &reply, NULL) == PL_OK;
            if (!reply)
                break;
            outcome.sum = outcome.sum * 139 + walk(reply, 1);
            outcome.replies++;
        }
    }
    pl_resp_free(resp);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome pieces, whole;

    if (size < 2)
        return 0;
    pieces = read_all(data + 1, size - 1, (size_t)data[0] + 1);
    whole = read_all(data + 1, size - 1, size - 1);
    if (pieces.sum != whole.sum || pieces.replies != whole.replies)
        abort();
    return 0;
}
