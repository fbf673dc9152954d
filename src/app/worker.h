/* A worker: one thread with its own event loop, Kafka consumer, Redis connection and shards. Shares nothing but
 * pl_shared.
 *
 * Rebalances are answered when Redis has answered: an assigned partition becomes a slot that acquires and loads before
 * its inputs start; a revoked one commits before it is given back. While Redis is away nothing is taken, but Kafka is
 * polled, so the group stays.
 */
#ifndef PL_APP_WORKER_H
#define PL_APP_WORKER_H

#include "app/metrics.h"
#include "app/shared.h"

struct pl_worker;

/* A worker that is ready to start; index 0 also checks the topics. */
enum pl_status pl_worker_new(struct pl_shared *shared, unsigned index, unsigned n_workers, struct pl_worker **worker,
                             struct pl_err *err) PL_MUSTCHECK;

/* Start its thread; wake it so that it looks at pl_shared; wait for its end (after shared->stop). */
enum pl_status pl_worker_start(struct pl_worker *worker, struct pl_err *err) PL_MUSTCHECK;
void pl_worker_wake(struct pl_worker *worker);
void pl_worker_join(struct pl_worker *worker);
void pl_worker_free(struct pl_worker *worker);

const struct pl_metrics *pl_worker_metrics(const struct pl_worker *worker);

/* From the control thread: has it switched to this generation of the configuration, does it make progress (monotonic
 * time of its last turn), and does it hold what it was assigned. */
unsigned pl_worker_generation(const struct pl_worker *worker);
int64_t pl_worker_last_turn_us(const struct pl_worker *worker);
bool pl_worker_is_ready(const struct pl_worker *worker);
bool pl_worker_is_done(const struct pl_worker *worker);

#endif
