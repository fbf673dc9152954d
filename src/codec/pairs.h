/* Names and short decimal texts, one pair at a time: how everything readable in Redis is written, and what replay
 * reports. Absent rather than null: what is not known (NAN, PL_TIME_NONE) gives no pair.
 */
#ifndef PL_CODEC_PAIRS_H
#define PL_CODEC_PAIRS_H

#include <stdint.h>

#define PL_PAIRS_NAME_BYTES 160

typedef void (*pl_pairs_fn)(void *ctx, const char *name, const char *value);

struct pl_pairs {
    pl_pairs_fn emit;
    void *ctx; /* borrowed */
};

void pl_pairs_text(const struct pl_pairs *to, const char *name, const char *value);
void pl_pairs_double(const struct pl_pairs *to, const char *name, double value);
void pl_pairs_whole(const struct pl_pairs *to, const char *name, int64_t value);

/* name as RFC 3339 and name_ms. */
void pl_pairs_time(const struct pl_pairs *to, const char *name, int64_t time_us);

#endif
