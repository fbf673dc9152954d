#include "app/metrics.h"

#include "util/num.h"

#include <inttypes.h>
#include <stddef.h>

struct row {
    const char *name;
    const char *type;
    const char *help;
    size_t offset;
};

static const struct row rows[] = {
#define COUNTER(field, name_, help_) {name_, "counter", help_, offsetof(struct pl_metrics, field)},
#define GAUGE(field, name_, help_) {name_, "gauge", help_, offsetof(struct pl_metrics, field)},
#include "app/metrics.def"
#undef COUNTER
#undef GAUGE
};

static uint64_t sum_at(const struct pl_metrics *const *blocks, unsigned n, size_t offset)
{
    uint64_t sum = 0;

    for (unsigned at = 0; at < n; at++) {
        const char *base = (const char *)blocks[at];

        sum += atomic_load_explicit((const atomic_uint_fast64_t *)(const void *)(base + offset), memory_order_relaxed);
    }
    return sum;
}

void pl_metrics_head(struct pl_buf *out, const char *name, const char *type, const char *help)
{
    pl_buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void pl_metrics_value(struct pl_buf *out, const char *name, const char *labels, double value)
{
    char number[32];

    pl_num_format(value, number);
    if (labels)
        pl_buf_addf(out, "%s{%s} %s\n", name, labels, number);
    else
        pl_buf_addf(out, "%s %s\n", name, number);
}

void pl_metrics_render(const struct pl_metrics *const *blocks, unsigned n, struct pl_buf *out)
{
    for (size_t at = 0; at < sizeof(rows) / sizeof(*rows); at++) {
        pl_metrics_head(out, rows[at].name, rows[at].type, rows[at].help);
        pl_buf_addf(out, "%s %" PRIu64 "\n", rows[at].name, sum_at(blocks, n, rows[at].offset));
    }
    pl_metrics_head(out, "plateaud_rejected_total", "counter", "records and events not used, by reason");
    for (int reason = PL_ACCEPTED + 1; reason < PL_REJECT_COUNT; reason++) {
        size_t offset = offsetof(struct pl_metrics, rejected) + (size_t)reason * sizeof(atomic_uint_fast64_t);

        pl_buf_addf(out, "plateaud_rejected_total{reason=\"%s\"} %" PRIu64 "\n", pl_reject_name((enum pl_reject)reason),
                    sum_at(blocks, n, offset));
    }
}
