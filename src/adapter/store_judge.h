/* What the store makes of Redis' answers: pure functions over replies and holds, for adapter/store only. */
#ifndef PL_ADAPTER_STORE_JUDGE_H
#define PL_ADAPTER_STORE_JUDGE_H

#include "adapter/store.h"

/* How an error that came before or instead of the transaction is met; nothing was carried out then. */
enum pl_store_remedy {
    PL_STORE_RETRY,     /* this server or another one will be able to later: OOM, LOADING, MOVED, TRYAGAIN, ... */
    PL_STORE_RECONNECT, /* the same on a new connection: READONLY, NOPERM (EXEC may be what is refused), ... */
    PL_STORE_HALT,      /* the same bytes will fail for ever */
};

/* By the code at its beginning, or by the code of the cause that the text quotes. */
enum pl_store_remedy pl_store_judge_error(struct pl_span text);

/* The owner in a meta hash as claim number `claim` of this hold writes it. */
#define PL_STORE_OWNER_BYTES 40
void pl_store_judge_owner(const struct pl_hold *hold, uint32_t claim, char out[PL_STORE_OWNER_BYTES]);

/* Is the reply of HMGET meta epoch owner seq what the hold says? FENCED and both sides in err when not; INPUT when the
 * reply has another shape. */
enum pl_status pl_store_judge_meta(const struct pl_hold *hold, const struct pl_reply *meta,
                                   struct pl_err *err) PL_MUSTCHECK;

/* The reply of EXEC for a commit of n commands: PL_OK; FENCED for nil; IO when a command failed, with its number; INPUT
 * when the reply has another shape. */
enum pl_status pl_store_judge_exec(const struct pl_reply *reply, size_t n, struct pl_err *err) PL_MUSTCHECK;

/* The reply of the acquire script: the new epoch, then the old meta. Settles the hold: is what we remember still what
 * Redis has? INPUT, and an untouched hold, when the reply or the meta has another shape. */
enum pl_status pl_store_judge_acquired(struct pl_hold *hold, const struct pl_reply *reply, struct pl_acquired *acquired,
                                       struct pl_err *err) PL_MUSTCHECK;

#endif
