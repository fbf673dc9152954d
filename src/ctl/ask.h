/* Questions to the Redis of an instance, one at a time, as plateauctl puts them.
 *
 * A reply is valid until the next question. One thread.
 */
#ifndef PL_CTL_ASK_H
#define PL_CTL_ASK_H

#include "adapter/link_sync.h"
#include "codec/conf.h"
#include "util/num.h"

struct pl_ask;

/* By the [redis] section of conf, which outlives it. */
enum pl_status pl_ask_open(const struct pl_conf *conf, struct pl_ask **ask, struct pl_err *err) PL_MUSTCHECK;
void pl_ask_close(struct pl_ask *ask);

/* One command, its words ended by NULL. INPUT: Redis refuses it (the text of its error). */
enum pl_status pl_ask(struct pl_ask *ask, const struct pl_reply **reply, struct pl_err *err, const char *first,
                      ...) PL_MUSTCHECK __attribute__((sentinel));

/* Ready-made commands on keys that live where `key` does; the reply is the last one's, or the first error. */
enum pl_status pl_ask_send(struct pl_ask *ask, struct pl_span key, const struct pl_buf *commands, size_t n,
                           const struct pl_reply **reply, struct pl_err *err) PL_MUSTCHECK;

/* Entries of a stream from the newest on, as arrays name, value, name, value...; `take` returns false when it has seen
 * enough. At most 20,000 entries. */
typedef bool (*pl_ask_entry_fn)(void *ctx, const struct pl_reply *pairs);
enum pl_status pl_ask_backwards(struct pl_ask *ask, const char *key, pl_ask_entry_fn take, void *ctx,
                                struct pl_err *err) PL_MUSTCHECK;

/* The value of a name in an array name, value, name, value...; an empty span when it is not there. */
struct pl_span pl_ask_field(const struct pl_reply *pairs, const char *name);

/* The same as numbers; `otherwise` when absent or no number. */
double pl_ask_double(const struct pl_reply *pairs, const char *name, double otherwise);
int64_t pl_ask_int(const struct pl_reply *pairs, const char *name, int64_t otherwise);

#endif
