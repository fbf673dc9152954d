/* A byte builder that grows up to a hard limit and remembers its first failure.
 *
 * Append freely and ask once at the end: after a failure (no memory, limit) every append is a no-op and pl_buf_ok() is
 * false. The bytes are always followed by a 0 that is not counted, so text can be printed as it is. Amortised O(1).
 */
#ifndef PL_UTIL_BUF_H
#define PL_UTIL_BUF_H

#include "util/err.h"
#include "util/span.h"

#include <stdint.h>

struct pl_buf {
    char *ptr; /* owned; NULL until the first append */
    size_t len;
    size_t cap;
    size_t limit; /* bytes that may be held; 0 means no limit of our own */
    bool failed;
};

/* A zeroed struct is a valid empty builder without limit. */
void pl_buf_init(struct pl_buf *buf, size_t limit);
void pl_buf_fini(struct pl_buf *buf);

/* Empty it, keep the memory, forget a failure. */
void pl_buf_clear(struct pl_buf *buf);

bool pl_buf_ok(const struct pl_buf *buf);
struct pl_span pl_buf_span(const struct pl_buf *buf);

void pl_buf_add(struct pl_buf *buf, const void *bytes, size_t len);
void pl_buf_add_span(struct pl_buf *buf, struct pl_span text);
void pl_buf_add_text(struct pl_buf *buf, const char *text);
void pl_buf_add_char(struct pl_buf *buf, char c);
void pl_buf_addf(struct pl_buf *buf, const char *fmt, ...) PL_PRINTF(2, 3);

/* Unsigned LEB128, and zigzag for signed values: the integers of state records (codec/record). */
void pl_buf_add_varint(struct pl_buf *buf, uint64_t value);
void pl_buf_add_signed(struct pl_buf *buf, int64_t value);

/* Take them back from the front of *rest; false (and *value 0) when the bytes end early or are longer than 64 bits. */
bool pl_span_take_varint(struct pl_span *rest, uint64_t *value) PL_MUSTCHECK;
bool pl_span_take_signed(struct pl_span *rest, int64_t *value) PL_MUSTCHECK;

#endif
