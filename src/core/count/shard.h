/* A shard: partition p of every source topic together, counted. The façade of the count room.
 *
 * Takes accepted-or-not decisions, orders events by place, joins exposures with what the unit does next, and keeps
 * cells. Pure: the state after any prefix of the logs is a function of these logs alone, whatever the interleaving
 * (design 3, law); the worker guarantees alignment by asking core/count/align which input to take next.
 *
 *   stream time S_k of input k = largest accepted time in it
 *   place   = max(time, S_k - lateness, F)
 *   F       = max(min_k S_k, max_k S_k - hold) - lateness, never falls; PL_TIME_NONE while an input has no S yet and
 *             no other input is `hold` ahead
 *
 * F advances tick by tick: at each tick T <= F every event placed below T is folded into its unit's base, and the sums
 * over events placed below T are published if they differ from the last published ones.
 *
 * Owner: the worker that holds the partition. One thread. Memory: bounded by rules->max_units and max_experiments.
 */
#ifndef PL_CORE_COUNT_SHARD_H
#define PL_CORE_COUNT_SHARD_H

#include "core/control.h"
#include "core/event.h"
#include "core/reject.h"
#include "core/rules.h"
#include "core/sums.h"

#define PL_INPUTS_MAX 16

struct pl_shard;

/* Live counters and gauges, for metrics; all are totals since the shard was made unless said otherwise. */
struct pl_shard_stats {
    uint64_t accepted, unmatched, late;
    uint64_t rejected[PL_REJECT_COUNT];
    uint64_t units, tail_events, experiments, cells; /* now */
    uint64_t held;                                   /* now: events ahead of their input, see pl_shard_unbounded */
    uint64_t mixed;                                  /* now: settled units that saw two variants */
};

/* A new empty shard with n_inputs source inputs (0: a shard of control records only). rules outlive it. */
struct pl_shard *pl_shard_new(const struct pl_rules *rules, unsigned n_inputs);
void pl_shard_free(struct pl_shard *shard);

/* Take the next event of an input, in log order. PL_ACCEPTED, or the reason why it is not used. An accepted event moves
 * S_k even if no rule reads it. Events of one record come one after another with the same offset.
 *
 * S_k must be a function of that log alone. So a refusal by the rules or by the input's own log (bad_time,
 * unknown_area, out_of_range, duplicate, unit_rate) leaves it, and one that depends on anything else (units_full,
 * experiments_full, variants_full, after_end) moves it, and the identity is remembered, as if the event had been
 * accepted. An exposure that was accepted and turns out to be after its experiment's end is recounted as after_end. */
enum pl_reject pl_shard_event(struct pl_shard *shard, unsigned input, const struct pl_event *event);

/* Nobody bounds the clocks of this input's producers: events more than a day ahead of it are held until it is known
 * whether the log is there (core/count/held.h). Say it before the first event, and again after a state was read.
 *
 * An event that is held is PL_ACCEPTED by pl_shard_event; what is refused later is told by pl_shard_told, which gives
 * what came since it was asked last.
 *
 * Turns among the inputs: while pl_shard_released is true, the next event of that input is a held one of the time that
 * it gives, and pl_shard_take_released takes it; no record of the input may come before. pl_shard_turn is the time by
 * which an event of this time takes its turn: one that would be held must not wait until all others are in next year.
 */
struct pl_shard_told {
    unsigned input;
    int64_t offset;
    enum pl_reject reason;
};
void pl_shard_unbounded(struct pl_shard *shard, unsigned input);
const struct pl_shard_told *pl_shard_told(struct pl_shard *shard, unsigned *n);
bool pl_shard_released(const struct pl_shard *shard, unsigned input, int64_t *time_us);
void pl_shard_take_released(struct pl_shard *shard, unsigned input);
int64_t pl_shard_turn(const struct pl_shard *shard, unsigned input, int64_t time_us);

/* A hint: these units' events come next (any number, best 16 to 512). Four plain loops of prefetches; changes nothing.
 * With more units than fit the caches an event costs about half of what it costs without. */
void pl_shard_prefetch(const struct pl_shard *shard, const struct pl_unit_id *units, unsigned n);

/* Take the next control record, in log order (lifecycle records change what is counted; others only move the largest
 * place). *place_us is max(its time, F, or the largest control place so far when it has no time). */
enum pl_reject pl_shard_control(struct pl_shard *shard, const struct pl_control *control, int64_t *place_us);

/* Raise F to the frontier that the inputs allow. Call after each batch. */
enum pl_status pl_shard_advance(struct pl_shard *shard, struct pl_err *err) PL_MUSTCHECK;

/* Raise F to at least frontier_us, a tick: all inputs are at their end and silent (design 6.1). */
enum pl_status pl_shard_raise(struct pl_shard *shard, int64_t frontier_us, struct pl_err *err) PL_MUSTCHECK;

/* Published ticks not taken yet, oldest first: moves one into *sums (the caller owns it) and returns true. The shard
 * stops at a published tick until it is taken, so after each advance or raise take until false, or as many as there is
 * room for. What is not taken stays: complete_to is below it, and state carries it over a restart. */
bool pl_shard_take_sums(struct pl_shard *shard, struct pl_sums *sums);

int64_t pl_shard_frontier(const struct pl_shard *shard);    /* F, PL_TIME_NONE at first */
int64_t pl_shard_complete_to(const struct pl_shard *shard); /* largest tick <= F with all sums taken; NONE at first */
int64_t pl_shard_stream_time(const struct pl_shard *shard, unsigned input); /* S_k, PL_TIME_NONE at first */
int64_t pl_shard_largest_place(const struct pl_shard *shard);               /* over events and control records */
void pl_shard_stats(const struct pl_shard *shard, struct pl_shard_stats *stats);

/* Live sums: everything accepted so far, tails included. For display: made anew when asked for, O(cells + tails). The
 * caller owns *sums. */
enum pl_status pl_shard_live(const struct pl_shard *shard, struct pl_sums *sums, struct pl_err *err) PL_MUSTCHECK;

#endif
