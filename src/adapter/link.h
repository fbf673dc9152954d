/* A link: one connection to one Redis server, speaking RESP2 over a libevent bufferevent (plain, TLS or unix socket),
 * with hiredis' reader and formatter. Reconnects by itself with full-jitter backoff (50 ms to 5 s).
 *
 * Commands are answered in order through callbacks. When the connection is lost every command that is waiting gets a NULL
 * reply: nobody knows whether it was carried out. A connection is never reused after a timeout. On each new connection
 * the link authenticates, selects the database, checks role=master and maxmemory-policy=noeviction, and then calls
 * `up`; only then are commands accepted (PL_ERR_STATE before). One thread, the thread of its event base.
 *
 * Ownership: the caller owns the link and frees it; callbacks may send commands but not free the link.
 */
#ifndef PL_ADAPTER_LINK_H
#define PL_ADAPTER_LINK_H

#include "util/buf.h"
#include "util/err.h"

#include <stdint.h>

struct event_base;
struct pl_link;

enum pl_reply_type { PL_REPLY_STRING, PL_REPLY_ARRAY, PL_REPLY_INTEGER, PL_REPLY_NIL, PL_REPLY_STATUS, PL_REPLY_ERROR };

/* A reply, valid during the callback. Mirrors hiredis without including it. */
struct pl_reply {
    enum pl_reply_type type;
    int64_t integer;
    struct pl_span text;              /* STRING, STATUS, ERROR */
    size_t n;                         /* ARRAY */
    const struct pl_reply *elements;  /* ARRAY */
};

typedef void (*pl_link_reply_fn)(void *ctx, const struct pl_reply *reply); /* reply NULL: connection lost */

struct pl_link_config {
    const char *url;           /* redis://[user@]host:port/db, rediss://..., unix:///path?db=N */
    const char *user;          /* NULL: from the url, or the default user */
    const char *password_file; /* NULL: no AUTH. Read anew at each connect, so rotation needs no restart */
    const char *ca_file, *cert_file, *key_file; /* TLS; NULL: system CAs, no client certificate */
    const char *name;          /* CLIENT SETNAME */
    int64_t timeout_us;        /* a reply later than this ends the connection */
    void (*up)(void *ctx, struct pl_link *link);
    void (*down)(void *ctx, struct pl_link *link, const char *why); /* after all NULL replies */
    void *ctx;
};

/* A link that begins to connect when the base runs. INPUT when the url or files are wrong. */
enum pl_status pl_link_new(struct event_base *base, const struct pl_link_config *config, struct pl_link **link,
                           struct pl_err *err) PL_MUSTCHECK;
void pl_link_free(struct pl_link *link);

bool pl_link_is_up(const struct pl_link *link);

/* Send one command; reply may be NULL when nobody cares. Arguments are copied. */
enum pl_status pl_link_command(struct pl_link *link, pl_link_reply_fn reply, void *ctx, size_t argc,
                               const struct pl_span *argv) PL_MUSTCHECK;

/* Append one command in RESP to a buffer, for batches. */
void pl_resp_add(struct pl_buf *out, size_t argc, const struct pl_span *argv);
/* The same from terminated strings, ended by NULL. */
void pl_resp_add_text(struct pl_buf *out, const char *first, ...);

/* Send n_commands ready-made commands; only the reply of the last one is given to the callback; an error reply to any
 * of the earlier ones is given instead (the first one). */
enum pl_status pl_link_send(struct pl_link *link, struct pl_span commands, size_t n_commands, pl_link_reply_fn reply,
                            void *ctx) PL_MUSTCHECK;

/* Bytes waiting to be written, and commands waiting for a reply: gauges and backpressure. */
size_t pl_link_pending_bytes(const struct pl_link *link);
size_t pl_link_pending_replies(const struct pl_link *link);

/* Drop the connection and connect anew now (a lost transaction, a demoted server). */
void pl_link_reset(struct pl_link *link, const char *why);

#endif
