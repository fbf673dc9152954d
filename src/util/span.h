/* Borrowed slices of text: a pointer and a length, never terminated, never owned.
 *
 * A span is valid as long as what it points into; functions that keep text copy it and say so.
 */
#ifndef PL_UTIL_SPAN_H
#define PL_UTIL_SPAN_H

#include <stdbool.h>
#include <stddef.h>

struct pl_span {
    const char *ptr; /* ref; may be NULL when len is 0 */
    size_t len;
};

/* A span over a terminated string (NULL gives the empty span). */
struct pl_span pl_span_of(const char *text);

bool pl_span_eq(struct pl_span a, struct pl_span b);
bool pl_span_is(struct pl_span a, const char *text);

/* Without the blanks (space, tab, CR, LF) at both ends. */
struct pl_span pl_span_trim(struct pl_span a);

/* Cut *rest at the first `sep`: returns what is before it and leaves what is after it; the last piece empties *rest and
 * sets its ptr to NULL, so `while (rest.ptr) piece = pl_span_cut(&rest, ',')` visits every piece, empty ones included.
 */
struct pl_span pl_span_cut(struct pl_span *rest, char sep);

/* Copy into out[cap], terminated; false (and an empty string) when it does not fit. */
bool pl_span_copy(struct pl_span a, char *out, size_t cap);

/* Does it begin with this text? Then what follows is left of it. */
bool pl_span_take_prefix(struct pl_span *rest, const char *prefix);

/* malloc'ed terminated copy, NULL when out of memory. The caller frees it. */
char *pl_span_dup(struct pl_span a);

/* Shell-like match of the whole text: `*` any run, `?` any one byte. Linear in practice, no recursion. */
bool pl_span_glob(struct pl_span text, struct pl_span pattern);

/* A name as events may carry it (design 9): 1 to 64 of [A-Za-z0-9_.:-] and inner single bytes of space. */
bool pl_span_is_name(struct pl_span a);
#define PL_NAME_BYTES 65 /* the longest name and its terminator */

#endif
