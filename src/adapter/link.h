/* A link: one connection to one Redis server, speaking RESP2 over a libevent bufferevent (plain, TLS or unix socket),
 * with hiredis' reader. Reconnects by itself with full-jitter backoff (50 ms to 5 s).
 *
 * Commands are answered in order through callbacks. When the connection is lost every command that is waiting gets a
 * NULL reply: nobody knows whether it was carried out. A connection is never reused after a timeout. On each new
 * connection the link authenticates, selects the database, checks role=master and maxmemory-policy=noeviction, and then
 * calls `up`; only then are commands accepted (PL_ERR_STATE before). One thread, the thread of its event base.
 *
 * A connection ends in one way only, from the event loop and never inside of a call: it is closed, every waiting
 * command gets NULL, then `down` is called, once for each attempt whether it had been up or not (why tells: refused,
 * WRONGPASS, timeout, ...). From the moment it is doomed commands get PL_ERR_STATE. The process must ignore SIGPIPE.
 *
 * Ownership: the caller owns the link and frees it; callbacks may send commands but not free the link.
 */
#ifndef PL_ADAPTER_LINK_H
#define PL_ADAPTER_LINK_H

#include "adapter/link_greet.h"
#include "adapter/link_queue.h"
#include "adapter/resp.h"

struct event_base;
struct pl_link;

struct pl_link_config {
    enum pl_link_peer peer;    /* what is at the other end, and so what is said first */
    const char *url;           /* redis://[user@]host:port/db, rediss://..., unix:///path?db=N */
    const char *user;          /* NULL: from the url, or the default user */
    const char *password_file; /* NULL: no AUTH. Read anew at each connect, so rotation needs no restart */
    const char *ca_file, *cert_file, *key_file; /* TLS; NULL: system CAs, no client certificate */
    const char *name;                           /* CLIENT SETNAME */
    int64_t timeout_us; /* ends the connection: no connection so long, or no reply so long after sending the command or
                         * after the reply before it */
    void (*up)(void *ctx, struct pl_link *link);
    void (*down)(void *ctx, struct pl_link *link, const char *why); /* after all NULL replies */
    void (*astray)(void *ctx, struct pl_link *link); /* or NULL: an answer MOVED, ASK, TRYAGAIN or CLUSTERDOWN came; the
                                                      * command's own callback gets it next */
    void *ctx;
};

#define PL_LINK_PENDING_BYTES_MAX ((size_t)256 << 20)

/* A link that begins to connect when the base runs. INPUT when the url or files are wrong. Texts are copied. */
enum pl_status pl_link_new(struct event_base *base, const struct pl_link_config *config, struct pl_link **link,
                           struct pl_err *err) PL_MUSTCHECK;
/* Closes it; waiting commands get NULL, `down` is not called. Not from a callback of the link. */
void pl_link_free(struct pl_link *link);

bool pl_link_is_up(const struct pl_link *link);

/* Send one command; reply may be NULL when nobody cares. Arguments are copied. STATE when not up;
 * FULL when PL_LINK_QUEUE_MAX calls wait or more than PL_LINK_PENDING_BYTES_MAX would: nothing was sent then. */
enum pl_status pl_link_command(struct pl_link *link, pl_link_reply_fn reply, void *ctx, size_t argc,
                               const struct pl_span *argv) PL_MUSTCHECK;

/* Send n_commands ready-made commands; only the reply of the last one is given to the callback; an error reply to any
 * of the earlier ones is given instead (the first one), when all have been answered. n_commands must be right. */
enum pl_status pl_link_send(struct pl_link *link, struct pl_span commands, size_t n_commands, pl_link_reply_fn reply,
                            void *ctx) PL_MUSTCHECK;

/* Does it say that the key is on another node of a cluster, on its way to it, or out of reach (MOVED, ASK, TRYAGAIN,
 * CLUSTERDOWN)? The command was not carried out then. */
bool pl_link_is_astray(const struct pl_reply *reply);

/* Bytes waiting to be written, and commands waiting for a reply: gauges and backpressure. */
size_t pl_link_pending_bytes(const struct pl_link *link);
size_t pl_link_pending_replies(const struct pl_link *link);

/* Drop the connection and connect anew now (a lost transaction, a demoted server); with backoff if it had been up for
 * less than a second. Safe in callbacks; nothing happens when there is no connection. */
void pl_link_reset(struct pl_link *link, const char *why);

#endif
