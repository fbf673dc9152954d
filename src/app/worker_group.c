/* What others tell a worker: partitions that come and go, the Redis connection that is up or down, problems. Callbacks
 * change state and begin work; they never wait.
 */
#include "app/worker_internal.h"

#include "adapter/clock.h"

#include <inttypes.h>

/* A partition may come back before its slot has left: one that loaded again meanwhile had stopped its inputs, and that
 * answers the revocation. Then it stays. */
static bool stays(struct pl_worker *worker, int32_t partition)
{
    for (unsigned s = 0; s < worker->n_slots; s++)
        if (pl_slot_partition(worker->slots[s]) == partition) {
            worker->flags[s].leaving = worker->closing;
            return true;
        }
    return false;
}

void pl_worker_assigned(void *ctx, const int32_t *partitions, unsigned n)
{
    struct pl_worker *worker = ctx;

    for (unsigned at = 0; at < n; at++) {
        struct pl_slot *slot;

        if (partitions[at] >= worker->world.partitions) /* the group has noticed it first */
            atomic_store(&worker->shared->reshaped, partitions[at] + 1);

        pl_log(PL_LOG_INFO, "event=assigned worker=%u partition=%" PRId32, worker->index, partitions[at]);
        if (stays(worker, partitions[at]))
            continue;
        if (worker->n_slots == PL_WORKER_SLOTS_MAX || !(slot = pl_slot_new(&worker->world, partitions[at]))) {
            pl_log(PL_LOG_ERROR, "event=slot_failed partition=%" PRId32 " why=\"no memory or more than %d shards\"",
                   partitions[at], PL_WORKER_SLOTS_MAX);
            pl_kafka_stop(worker->world.kafka, partitions[at]);
            continue;
        }
        worker->slots[worker->n_slots] = slot;
        worker->flags[worker->n_slots++] = (struct slot_flags){false};
        pl_slot_up(slot);
    }
}

void pl_worker_revoked(void *ctx, const int32_t *partitions, unsigned n, bool lost)
{
    struct pl_worker *worker = ctx;

    for (unsigned at = 0; at < n; at++) {
        pl_log(PL_LOG_INFO, "event=revoked worker=%u partition=%" PRId32 " lost=%d", worker->index, partitions[at],
               lost);
        for (unsigned s = 0; s < worker->n_slots; s++)
            if (pl_slot_partition(worker->slots[s]) == partitions[at])
                worker->flags[s].leaving = true;
    }
}

void pl_worker_problem(void *ctx, enum pl_status status, const char *what)
{
    struct pl_worker *worker = ctx;
    char escaped[512];
    unsigned suppressed;

    (void)status;
    PL_METRIC_ADD(&worker->metrics, kafka_problems, 1);
    if (pl_log_allowed(&worker->problem_limit, pl_clock_monotonic_us(), &suppressed))
        pl_log(PL_LOG_WARNING, "event=kafka_problem suppressed=%u what=\"%s\"", suppressed,
               pl_log_escape(pl_span_of(what), escaped, sizeof(escaped)));
}

void pl_worker_node_up(void *ctx, struct pl_link_node *node)
{
    struct pl_worker *worker = ctx;

    (void)node;
    pl_log(PL_LOG_INFO, "event=redis_up worker=%u", worker->index);
    for (unsigned s = 0; s < worker->n_slots; s++)
        pl_slot_tend(worker->slots[s], INT64_MAX); /* those that it serves acquire now */
}

void pl_worker_node_down(void *ctx, struct pl_link_node *node, const char *why)
{
    struct pl_worker *worker = ctx;
    char escaped[512];

    pl_log(PL_LOG_WARNING, "event=redis_down worker=%u why=\"%s\"", worker->index,
           pl_log_escape(pl_span_of(why), escaped, sizeof(escaped)));
    PL_METRIC_ADD(&worker->metrics, redis_downs, 1);
    worker->world.judged_us = PL_TIME_NONE; /* whoever answers next may not have it yet */
    for (unsigned s = 0; node && s < worker->n_slots; s++)
        pl_slot_down(worker->slots[s], node);
}
