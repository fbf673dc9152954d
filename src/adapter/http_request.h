/* The head of an HTTP/1 request as values: strict, pure, no copies.
 *
 * Strict on purpose: what two parsers could read differently (bare LF, folded lines, blanks before the colon, two Host
 * headers, bodies of any kind) is refused. No percent-decoding: the paths that exist need none.
 */
#ifndef PL_ADAPTER_HTTP_REQUEST_H
#define PL_ADAPTER_HTTP_REQUEST_H

#include "util/span.h"

struct pl_http_request {
    struct pl_span path; /* without the query */
    struct pl_span host; /* without port and brackets */
    bool head_only;      /* HEAD */
};

/* Parse request line and header lines, each with its CRLF, without the empty line. 200, or the status to answer with:
 * 400 malformed, 405 a known method but GET and HEAD, 413 it announces a body, 501 unknown method, 505 not HTTP/1.x.
 * head_only is right in every case. Spans point into head. */
int pl_http_request_parse(struct pl_span head, struct pl_http_request *request);

/* Is host (as in pl_http_request) `localhost` or a loopback address? The same as name, whatever the case? */
bool pl_http_request_is_loopback(struct pl_span host);
bool pl_http_request_is_host(struct pl_span host, const char *name);

/* "Not Found" for 404, ...; "Unknown" for a status we never send. */
const char *pl_http_request_reason(int status);

#endif
