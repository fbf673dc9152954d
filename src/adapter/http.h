/* A small HTTP server for operators: GET and HEAD of a fixed table of paths, loopback by default (evhttp).
 *
 * Answers only requests whose Host is localhost, a loopback address or the configured one (DNS rebinding); at most 64
 * connections, 8 KiB of headers, no bodies, 10 s per request. Handlers write text into a buffer; they must not block.
 */
#ifndef PL_ADAPTER_HTTP_H
#define PL_ADAPTER_HTTP_H

#include "util/buf.h"

struct event_base;
struct pl_http;

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

#endif
