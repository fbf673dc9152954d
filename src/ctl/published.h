/* Results as plateaud publishes them, hashes of names and short texts: read from Redis, or from the lines that
 * `plateauctl replay --json` prints, so that what is shown of them can be shown without Redis too.
 *
 * A field that is absent or no number gives the value that stands for "not known". A zeroed struct is empty.
 */
#ifndef PL_CTL_PUBLISHED_H
#define PL_CTL_PUBLISHED_H

#include "ctl/ask.h"
#include "util/buf.h"

#define PL_PUBLISHED_HASHES_MAX 1024

enum pl_published_kind {
    PL_PUBLISHED_AREA,
    PL_PUBLISHED_FUNNEL,
    PL_PUBLISHED_FEATURE,
    PL_PUBLISHED_VALUE,
    PL_PUBLISHED_BALANCE,
    PL_PUBLISHED_KINDS
};

struct pl_published_hash {
    enum pl_published_kind kind;
    char id[PL_NAME_BYTES];
    struct pl_buf pairs; /* owned: name 0 value 0 ... */
};

struct pl_published {
    struct pl_published_hash *hashes; /* owned */
    size_t n, cap;
};

void pl_published_fini(struct pl_published *all);

/* The hash of this kind and id, emptied when it was there already; NULL without memory, beyond the bound, or when the
 * id is too long for one. Valid until the next one is added. */
struct pl_published_hash *pl_published_add(struct pl_published *all, enum pl_published_kind kind, struct pl_span id);

/* What holds a 0 is no field. */
void pl_published_put(struct pl_published_hash *hash, struct pl_span name, struct pl_span value);

/* NULL: there is none. */
const struct pl_published_hash *pl_published_find(const struct pl_published *all, enum pl_published_kind kind,
                                                  const char *id);

/* The value of a field; an empty span, `otherwise`, PL_TIME_NONE when it is not known. hash may be NULL. */
struct pl_span pl_published_text(const struct pl_published_hash *hash, const char *name);
int64_t pl_published_int(const struct pl_published_hash *hash, const char *name, int64_t otherwise);
double pl_published_double(const struct pl_published_hash *hash, const char *name, double otherwise);
int64_t pl_published_time(const struct pl_published_hash *hash, const char *name);

/* Add one hash of an instance in Redis; nothing when there is none. */
enum pl_status pl_published_ask(struct pl_published *all, struct pl_ask *ask, const char *instance,
                                enum pl_published_kind kind, const char *id, struct pl_err *err) PL_MUSTCHECK;

/* Add what the lines of a file ("-": standard input, .gz unpacked) say of one area; the last line of each hash counts.
 * INPUT: a line is none of replay's. */
enum pl_status pl_published_lines(struct pl_published *all, const char *path, const char *area,
                                  struct pl_err *err) PL_MUSTCHECK;

#endif
