/* Results as plateaud publishes them, hashes of names and short texts: read from Redis, or from the lines that
 * `plateauctl replay --json` prints, so that what is shown of them can be shown without Redis too.
 *
 * A field that is absent or no number gives the value that stands for "not known". A zeroed struct is empty.
 */
#ifndef PL_CTL_FACTS_H
#define PL_CTL_FACTS_H

#include "ctl/ask.h"
#include "util/buf.h"

#define PL_FACTS_HASHES_MAX 1024

enum pl_facts_kind { PL_FACTS_AREA, PL_FACTS_FUNNEL, PL_FACTS_FEATURE, PL_FACTS_VALUE, PL_FACTS_BALANCE, PL_FACTS_KINDS };

struct pl_facts_hash {
    enum pl_facts_kind kind;
    char id[PL_NAME_BYTES];
    struct pl_buf pairs; /* owned: name 0 value 0 ... */
};

struct pl_facts {
    struct pl_facts_hash *hashes; /* owned */
    size_t n, cap;
};

void pl_facts_fini(struct pl_facts *facts);

/* The hash of this kind and id, emptied when it was there already; NULL without memory, beyond the bound, or when the
 * id is too long for one. Valid until the next one is added. */
struct pl_facts_hash *pl_facts_add(struct pl_facts *facts, enum pl_facts_kind kind, struct pl_span id);

/* What holds a 0 is no field. */
void pl_facts_put(struct pl_facts_hash *hash, struct pl_span name, struct pl_span value);

/* NULL: there is none. */
const struct pl_facts_hash *pl_facts_find(const struct pl_facts *facts, enum pl_facts_kind kind, const char *id);

/* The value of a field; an empty span, `otherwise`, PL_TIME_NONE when it is not known. hash may be NULL. */
struct pl_span pl_facts_text(const struct pl_facts_hash *hash, const char *name);
int64_t pl_facts_int(const struct pl_facts_hash *hash, const char *name, int64_t otherwise);
double pl_facts_double(const struct pl_facts_hash *hash, const char *name, double otherwise);
int64_t pl_facts_time(const struct pl_facts_hash *hash, const char *name);

/* Add one hash of an instance in Redis; nothing when there is none. */
enum pl_status pl_facts_ask(struct pl_facts *facts, struct pl_ask *ask, const char *instance, enum pl_facts_kind kind,
                            const char *id, struct pl_err *err) PL_MUSTCHECK;

/* Add what the lines of a file ("-": standard input, .gz unpacked) say of one area; the last line of each hash counts.
 * INPUT: a line is none of replay's. */
enum pl_status pl_facts_lines(struct pl_facts *facts, const char *path, const char *area,
                              struct pl_err *err) PL_MUSTCHECK;

#endif
