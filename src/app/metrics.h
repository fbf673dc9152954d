/* Counters and gauges: one row each in metrics.def, one block per worker, read by the control thread.
 *
 * Every field has a single writer (its worker) and is read relaxed, so there is no lock and no contended line. Rejected
 * records are counted by reason, one array per block.
 */
#ifndef PL_APP_METRICS_H
#define PL_APP_METRICS_H

#include "core/reject.h"
#include "util/buf.h"

#include <stdatomic.h>

struct pl_metrics {
#define COUNTER(field, name, help) atomic_uint_fast64_t field;
#define GAUGE(field, name, help) atomic_uint_fast64_t field;
#include "app/metrics.def"
#undef COUNTER
#undef GAUGE
    atomic_uint_fast64_t rejected[PL_REJECT_COUNT];
};

/* Add to, or set, a field of a block from its own thread. */
#define PL_METRIC_ADD(block, field, value)                                                                             \
    atomic_store_explicit(&(block)->field,                                                                             \
                          atomic_load_explicit(&(block)->field, memory_order_relaxed) + (uint64_t)(value),             \
                          memory_order_relaxed)
#define PL_METRIC_SET(block, field, value)                                                                             \
    atomic_store_explicit(&(block)->field, (uint64_t)(value), memory_order_relaxed)

/* The rows of metrics.def in Prometheus text format, summed over n blocks, and plateaud_rejected_total by reason. */
void pl_metrics_render(const struct pl_metrics *const *blocks, unsigned n, struct pl_buf *out);

/* One more metric, for values that have no block: type is "counter" or "gauge"; labels may be NULL or `a="b"`. */
void pl_metrics_head(struct pl_buf *out, const char *name, const char *type, const char *help);
void pl_metrics_value(struct pl_buf *out, const char *name, const char *labels, double value);

#endif
