/* A small HTTP server for operators: GET and HEAD of a fixed table of paths, loopback by default.
 *
 * Answers only requests whose Host is localhost, a loopback address or the configured one (DNS rebinding); listening on
 * every address (0.0.0.0, [::]) it also answers the address that the client connected to. At most 64 connections: the
 * 65th waits in the listen queue. 8 KiB of headers, no bodies, 10 s per connection, one request each (Connection:
 * close). Out of descriptors: accepting pauses for 100 ms. Handlers write text into a buffer; they must not block.
 *
 * Written on bufferevents, not evhttp: evhttp 2.1 has neither a limit of connections nor a deadline of a whole request.
 */
#ifndef PL_ADAPTER_HTTP_H
#define PL_ADAPTER_HTTP_H

#include "util/buf.h"

#include <stdint.h>

struct event_base;
struct pl_http;

#define PL_HTTP_CONNECTIONS_MAX 64
#define PL_HTTP_HEAD_BYTES 8192
#define PL_HTTP_BODY_BYTES ((size_t)4 << 20) /* a longer answer becomes 500 */

/* Fill body; return the status code (200, 503, ...). */
typedef int (*pl_http_handler_fn)(void *ctx, struct pl_buf *body);

struct pl_http_route {
    const char *path;
    const char *content_type;
    pl_http_handler_fn handler;
};

/* Listen on host:port ("127.0.0.1:0" picks a free port). Routes are borrowed. */
enum pl_status pl_http_new(struct event_base *base, const char *listen, const struct pl_http_route *routes,
                           unsigned n_routes, void *ctx, struct pl_http **http, struct pl_err *err) PL_MUSTCHECK;
void pl_http_free(struct pl_http *http);
int pl_http_port(const struct pl_http *http);

/* Time a connection may take from accept to close, instead of 10 s. For tests. */
void pl_http_set_deadline(struct pl_http *http, int64_t deadline_us);

#endif
