/* RESP2, both ways: commands into a buffer, and bytes from a server into replies (over hiredis' reader).
 *
 * Knows nothing about sockets. The server is not trusted: lines, bulk strings, depth, elements and bytes of a reply are
 * bounded, memory grows with the bytes that came and never with what they announce. After an error the bytes that
 * follow mean nothing: throw the reader away together with the connection.
 *
 * Cost: text is copied twice (into the reader, then into the reply's arena); a reply allocates nothing once warm.
 */
#ifndef PL_ADAPTER_RESP_H
#define PL_ADAPTER_RESP_H

#include "util/buf.h"
#include "util/err.h"

#include <stdint.h>

enum pl_reply_type { PL_REPLY_STRING, PL_REPLY_ARRAY, PL_REPLY_INTEGER, PL_REPLY_NIL, PL_REPLY_STATUS, PL_REPLY_ERROR };

/* A reply, valid during the callback. Mirrors hiredis without including it. */
struct pl_reply {
    enum pl_reply_type type;
    int64_t integer;
    struct pl_span text;             /* STRING, STATUS, ERROR */
    size_t n;                        /* ARRAY */
    const struct pl_reply *elements; /* ARRAY */
};

/* Append one command in RESP to a buffer, for batches. */
void pl_resp_add(struct pl_buf *out, size_t argc, const struct pl_span *argv);
/* The same from at most 32 terminated strings, ended by NULL. */
void pl_resp_add_text(struct pl_buf *out, const char *first, ...) __attribute__((sentinel));

/* A command piece by piece: argc, then so many arguments. */
void pl_resp_begin(struct pl_buf *out, size_t argc);
void pl_resp_add_arg(struct pl_buf *out, struct pl_span arg);

#define PL_RESP_LINE_BYTES 65536 /* the longest status, error or header line */

struct pl_resp_limits {
    size_t bulk_bytes; /* one string */
    size_t elements;   /* of one reply, at all depths */
    size_t bytes;      /* memory of one reply */
};

struct pl_resp;

/* NULL when out of memory. limits NULL: 512 MB, 16 million, 1 GB. Arrays may be 8 deep. */
struct pl_resp *pl_resp_new(const struct pl_resp_limits *limits);
void pl_resp_free(struct pl_resp *resp);

/* Take bytes (copied); then call pl_resp_next until it gives no more. */
enum pl_status pl_resp_feed(struct pl_resp *resp, struct pl_span bytes, struct pl_err *err) PL_MUSTCHECK;

/* The next complete reply, valid until the next call; *reply NULL: more bytes are needed. INPUT: malformed or above a
 * limit, for good. */
enum pl_status pl_resp_next(struct pl_resp *resp, const struct pl_reply **reply, struct pl_err *err) PL_MUSTCHECK;

#endif
