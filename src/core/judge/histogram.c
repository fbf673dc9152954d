#include "core/judge/histogram.h"

#include <assert.h>

void pl_histogram_add(struct pl_histogram *histogram, const struct pl_sums *sums, struct pl_cell_key key,
                      int32_t first_pane, int32_t last_pane)
{
    const struct pl_cell_key first = {.kind = key.kind, .subject = key.subject, .pane = first_pane};
    bool of_metric = pl_cell_info(key.kind)->detail == PL_BY_METRIC_BUCKET;

    for (size_t at = pl_sums_at(sums, &first); at < sums->n_cells; at++) {
        const struct pl_cell *cell = &sums->cells[at];
        uint32_t bucket = of_metric ? cell->key.metric >> 16 : cell->key.metric;

        if (cell->key.kind != key.kind || cell->key.subject != key.subject || cell->key.pane > last_pane)
            break;
        if (cell->key.arm != key.arm || bucket >= PL_SKETCH_BUCKETS ||
            (of_metric && (cell->key.metric & 0xffff) != key.metric))
            continue;
        histogram->counts[bucket] += cell->n;
        histogram->n += cell->n;
    }
}

int pl_histogram_quantile(const struct pl_histogram *histogram, unsigned percent)
{
    pl_int128 below = 0;

    assert(percent >= 1 && percent <= 100);
    if (histogram->n <= 0)
        return -1;
    for (int bucket = 0; bucket < PL_SKETCH_BUCKETS; bucket++) {
        below += histogram->counts[bucket];
        if (below * 100 >= (pl_int128)histogram->n * percent)
            return bucket;
    }
    return PL_SKETCH_BUCKETS - 1;
}
