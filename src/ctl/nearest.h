/* Which known name was meant? Pure.
 */
#ifndef PL_CTL_NEAREST_H
#define PL_CTL_NEAREST_H

#include "util/names.h"

/* Edits (insert, delete, replace one byte; case, blanks, _ and - count half) between two names of at most 64 bytes;
 * longer ones are compared by their beginnings. In halves. */
unsigned pl_nearest_distance(struct pl_span a, struct pl_span b);

/* The known name with the smallest distance, NULL when even that one is further away than a third of its length. */
const char *pl_nearest_name(const struct pl_names *known, struct pl_span name);

#endif
