/* A capped table of names: text to dense id 0, 1, 2, ... in order of first use; ids never change and are never reused.
 *
 * Owns copies of the text. Full means PL_NAMES_FULL, counted by the caller, never growth. Lookup O(1) on average.
 */
#ifndef PL_UTIL_NAMES_H
#define PL_UTIL_NAMES_H

#include "util/err.h"
#include "util/span.h"

#include <stdint.h>

#define PL_NAMES_NONE UINT32_MAX /* not in the table */

struct pl_names;

/* At most cap names (1 to 1,000,000). NULL when out of memory. */
struct pl_names *pl_names_new(uint32_t cap);
void pl_names_free(struct pl_names *names);

/* The id of text, or PL_NAMES_NONE. */
uint32_t pl_names_find(const struct pl_names *names, struct pl_span text);

/* The id of text, added when new; PL_NAMES_NONE when the table is full, memory is out or the text has a NUL byte. */
uint32_t pl_names_add(struct pl_names *names, struct pl_span text);

uint32_t pl_names_count(const struct pl_names *names);

/* The text of an id below pl_names_count(): terminated, valid until the table is freed. */
const char *pl_names_text(const struct pl_names *names, uint32_t id);

#endif
