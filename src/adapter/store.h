/* The fenced store (design 7): acquire a key space, then commit to it atomically, or find out that somebody else did.
 *
 * A *hold* is our claim on one key space (a shard, or the instance's results). Its meta hash carries epoch, owner (our
 * random nonce, and which of our acquires it was: 4711.3) and seq (commits so far). Every new connection must acquire
 * before it commits, so what the old one had in flight fails its WATCH: a missing reply is settled by acquiring, never
 * by reading.
 *
 *   commit:  WATCH meta; HMGET meta epoch owner seq; if it is ours and seq is expected:
 *            MULTI; HSET meta seq+1 ...; the caller's commands; EXEC
 *   nil EXEC, or a meta that is not ours: PL_ERR_FENCED. An error element in EXEC: PL_ERR_IO and `halt`.
 *
 * One commit per link at a time (WATCH is per connection): the store queues, in order. Link down: every queued or
 * running operation ends with PL_ERR_IO. Other commands may use the link meanwhile, but MULTI, WATCH and their kin.
 *
 * How a commit ends:
 *   PL_OK                       carried out, as a whole; hold->seq is one more
 *   PL_ERR_FENCED               not carried out: drop the memory, acquire again
 *   PL_ERR_IO, hold->in_flight  the reply was lost: acquire to learn what happened
 *   PL_ERR_IO, halt             never possible (nothing carried out), or carried out in part: an operator must look
 *   PL_ERR_IO otherwise         not carried out: the same bytes may be committed again later (full, loading, demoted)
 *
 * `kept` believes that the memory is what the claim in Redis has left there. A Redis that went back gives an epoch once
 * more, so no two claims have the same name: each hold is given an owner of its own, and its acquires are numbered.
 */
#ifndef PL_ADAPTER_STORE_H
#define PL_ADAPTER_STORE_H

#include "adapter/link.h"

struct pl_store;

struct pl_hold {
    char meta_key[256]; /* terminated */
    uint64_t epoch;     /* ours since the last acquire */
    uint64_t owner;     /* random, of this hold alone, never 0 */
    uint64_t seq;       /* last acknowledged */
    uint32_t claims;    /* acquires that were asked for */
    uint32_t claim;     /* which of them was the last to be answered; 0 none */
    bool in_flight;     /* a commit with seq + 1 was sent and not answered */
};

/* What acquire found. fields: the old meta as name, value, name, value...; valid during the callback. */
struct pl_acquired {
    bool existed;
    bool kept;           /* its epoch and claim were ours, its seq our last acknowledged or in-flight one: memory is
                          * true. Not after an acquire whose reply was lost: it hides who wrote before it */
    bool in_flight_done; /* kept, and the in-flight commit had been carried out */
    size_t n;
    const struct pl_reply *fields;
};

#define PL_STORE_OPS_MAX 4096 /* queued and running */

/* acquired is NULL unless status is PL_OK. PL_ERR_IO: try again later; PL_ERR_INPUT: the meta is none of ours (another
 * type, no number where one must be): an operator has to look. why is NULL when all is well. */
typedef void (*pl_store_acquired_fn)(void *ctx, enum pl_status status, const struct pl_acquired *acquired,
                                     const char *why);
typedef void (*pl_store_done_fn)(void *ctx, enum pl_status status, bool halt, const char *why);

/* The store of one link (not owned; outlives the store). */
struct pl_store *pl_store_new(struct pl_link *link);
/* What was queued or running ends without a call back. Not from a callback of the store. */
void pl_store_free(struct pl_store *store);

/* Call from the link's `down`: ends what was queued and running with PL_ERR_IO. */
void pl_store_down(struct pl_store *store);

/* Claim hold->meta_key with hold->owner; updates *hold before the callback. *hold must live until then. STATE when the
 * link is not up or an operation on this hold is queued or running; FULL. */
enum pl_status pl_store_acquire(struct pl_store *store, struct pl_hold *hold, pl_store_acquired_fn done,
                                void *ctx) PL_MUSTCHECK;

/* Commit ready-made commands (pl_resp_add), n_commands of them (exactly), and n_meta meta fields (name, value: 2 n_meta
 * spans; epoch, owner and seq are the store's). Both are copied. *hold is updated before the callback. STATE as above,
 * or when the hold is not acquired or its last commit is unsettled; FULL. */
enum pl_status pl_store_commit(struct pl_store *store, struct pl_hold *hold, struct pl_span commands, size_t n_commands,
                               const struct pl_span *meta_pairs, size_t n_meta, pl_store_done_fn done,
                               void *ctx) PL_MUSTCHECK;

/* Ask for what pl_store_judge_meta looks at: is what was read since the acquire of one moment? STATE when the link is
 * not up. */
enum pl_status pl_store_ask_meta(struct pl_store *store, const struct pl_hold *hold, pl_link_reply_fn reply,
                                 void *ctx) PL_MUSTCHECK;

/* Operations queued or running. */
size_t pl_store_pending(const struct pl_store *store);

#endif
