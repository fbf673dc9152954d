/* What crosses threads: nothing else is shared between the control thread and the workers.
 *
 * Every field is atomic and has one writer (named), or is written before the threads start. No locks.
 */
#ifndef PL_APP_SHARED_H
#define PL_APP_SHARED_H

#include "codec/conf.h"

#include <stdatomic.h>

#define PL_WORKERS_MAX 16

struct pl_shared {
    _Atomic(const struct pl_conf *) conf; /* control: the newest configuration; old ones live until all switched */
    atomic_uint generation;               /* control: counts reloads */
    atomic_bool stop;                     /* control */
    atomic_int_fast64_t judged_us;        /* evaluator: last judged tick, PL_TIME_NONE unknown */
    atomic_int_fast64_t largest_place_us; /* evaluator: over all shards, PL_TIME_NONE unknown */
    atomic_int holder;                    /* workers: index + 1 of the worker that holds shard 0, 0 when none here */
    atomic_int partitions;                /* worker 0: number of shards of the instance, 0 until known */
    atomic_int reshaped; /* any worker: another number of partitions was seen, 0 while it is the same */
    uint64_t nonce;      /* before start: owner nonce of this process, never 0 */
};

#endif
