/* The escapes of JSON strings, both ways.
 */
#ifndef PL_CODEC_ESCAPE_H
#define PL_CODEC_ESCAPE_H

#include "util/buf.h"

/* Undo the escapes of a string that pl_scan accepted (its text without the quotes). out holds at least raw.len bytes
 * and may not overlap it. Returns the length of the result. */
size_t pl_escape_undo(struct pl_span raw, char *out);

/* Append text as a JSON string with its quotes. Control bytes are escaped; what is not valid UTF-8 becomes U+FFFD. */
void pl_escape_add(struct pl_buf *out, struct pl_span text);

/* Length of the valid UTF-8 sequence that text begins with (1 to 4); 0 when there is none. text.len > 0. */
size_t pl_escape_utf8_len(struct pl_span text);

#endif
