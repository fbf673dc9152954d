/* Published sums of a tick that are not what a shard wrote: refused, or values that write, merge and read back. */
#include "../support/rules_fixture.h"

#include "codec/state.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void write_back(const struct pl_sums *sums, const struct pl_rules *rules)
{
    struct pl_buf first = {0}, second = {0};
    struct pl_sums again;

    must(pl_state_put_sums(sums, rules, &first, NULL) == PL_OK);
    must(pl_state_get_sums(pl_buf_span(&first), rules, &again, NULL) == PL_OK);
    must(pl_state_put_sums(&again, rules, &second, NULL) == PL_OK);
    must(pl_span_eq(pl_buf_span(&first), pl_buf_span(&second)));
    pl_sums_fini(&again);
    pl_buf_fini(&first);
    pl_buf_fini(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pl_rules *rules;
    struct pl_sums sums, all = {0};
    struct pl_err err = {0};

    if (!rules)
        rules = fixture_rules("revenue");
    if (pl_state_get_sums((struct pl_span){(const char *)data, size}, rules, &sums, &err)) {
        must(err.code == PL_ERR_INPUT && err.text[0]);
        return 0;
    }
    write_back(&sums, rules);
    if (pl_sums_merge(&all, &sums, &err) == PL_OK && pl_sums_merge(&all, &sums, &err) == PL_OK)
        for (size_t at = 0; at < all.n_cells; at++)
            (void)pl_sums_range(&all, all.cells[at].key, INT32_MIN, INT32_MAX);
    pl_sums_fini(&all);
    pl_sums_fini(&sums);
    return 0;
}
