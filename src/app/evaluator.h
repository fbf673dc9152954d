/* The evaluator: judges ticks in order and publishes what follows from them. Runs in the control thread of the process
 * that holds shard 0, with a Redis connection and a fence of its own.
 *
 *   WAITING -> ACQUIRING -> LOADING (ledger, standings) -> READING (all shards) -> judging -> COMMITTING -> READING ...
 *
 * A tick T is judged once, when every shard is complete to T: a function of the logs alone. Results, ledger and alerts
 * of a batch of ticks are one transaction. After any doubt (lost link, other owner) everything is read again: the judge
 * is a function of the ledger, so nothing else needs to be right.
 */
#ifndef PL_APP_EVALUATOR_H
#define PL_APP_EVALUATOR_H

#include "app/metrics.h"
#include "app/shared.h"
#include "util/buf.h"

struct event_base;
struct pl_evaluator;

/* Runs on base from now on, whenever shared->holder says that shard 0 is here. */
enum pl_status pl_evaluator_new(struct pl_shared *shared, struct event_base *base, struct pl_evaluator **evaluator,
                                struct pl_err *err) PL_MUSTCHECK;
void pl_evaluator_free(struct pl_evaluator *evaluator);

/* A new configuration is in pl_shared: judge by it from the next tick on. */
void pl_evaluator_reload(struct pl_evaluator *evaluator);

/* Does it read the newest configuration only (so that older ones may go)? */
bool pl_evaluator_is_current(const struct pl_evaluator *evaluator);

/* Its own metrics in Prometheus text: ticks judged, complete_to, verdicts, alerts firing. */
void pl_evaluator_metrics(const struct pl_evaluator *evaluator, struct pl_buf *out);

/* Control records that only the judge can refuse (repeated, of an unknown area), counted like those of the workers. */
const struct pl_metrics *pl_evaluator_rejects(const struct pl_evaluator *evaluator);

/* One line for STATUS= and logs: "judged to 2026-08-21T10:00:00Z, 2 alerts firing". */
void pl_evaluator_status(const struct pl_evaluator *evaluator, struct pl_buf *out);

/* Halted (needs an operator) with the reason, or NULL. */
const char *pl_evaluator_halted(const struct pl_evaluator *evaluator);

/* Is this process' evaluator idle: nothing in flight (for a clean stop)? */
bool pl_evaluator_is_quiet(const struct pl_evaluator *evaluator);

#endif
