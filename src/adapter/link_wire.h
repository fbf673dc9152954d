/* A wire: one connection of a link, carrying RESP over a bufferevent (TCP, TLS or unix socket). It connects once, hands
 * out replies, and fails once; retries, timeouts and the meaning of replies are the link's business.
 *
 * All calls back come from the event loop. pl_link_wire_silence may be called from any of them, close from none.
 */
#ifndef PL_ADAPTER_LINK_WIRE_H
#define PL_ADAPTER_LINK_WIRE_H

#include "adapter/link_tls.h"
#include "adapter/link_url.h"
#include "adapter/resp.h"

struct pl_link_wire;

struct pl_link_wire_config {
    const struct pl_link_url *url; /* outlives the wire */
    struct pl_link_tls tls;        /* files, for rediss:// */
    unsigned attempt;              /* which of several addresses */
    void (*connected)(void *ctx);
    void (*reply)(void *ctx, const struct pl_reply *reply);
    void (*failed)(void *ctx, const char *why); /* nothing comes after it */
    void *ctx;
};

/* Begin to connect. A failure that is seen at once is returned, not called back. */
enum pl_status pl_link_wire_open(struct event_base *base, const struct pl_link_wire_config *config,
                                 struct pl_link_wire **wire, struct pl_err *err) PL_MUSTCHECK;
void pl_link_wire_close(struct pl_link_wire *wire);

/* No more calls back, no more bytes in or out. */
void pl_link_wire_silence(struct pl_link_wire *wire);

/* Queue bytes for writing (copied); all or nothing. */
enum pl_status pl_link_wire_write(struct pl_link_wire *wire, struct pl_span bytes) PL_MUSTCHECK;

/* Bytes not yet given to the system. */
size_t pl_link_wire_pending(const struct pl_link_wire *wire);

#endif
