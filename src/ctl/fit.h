/* Which format are these records in? Each preset of conf/formats.d reads the same records; shares tell.
 *
 * Every preset has a sample of its own, so records are read once and none is kept. Not for the daemon: some 20 MB.
 */
#ifndef PL_CTL_FIT_H
#define PL_CTL_FIT_H

#include "codec/decode.h"
#include "codec/fields.h"
#include "ctl/sample.h"

#define PL_FIT_FORMATS_MAX 32

/* One preset on trial. */
struct pl_fit_trial {
    const char *name;           /* ref */
    struct pl_decoder *decoder; /* owned */
    struct pl_fields *fields;   /* owned: reads the event's name, which no rule asks for */
    unsigned name_field;
    uint64_t events, excluded, rejected[PL_REJECT_COUNT]; /* records by what became of them */
    struct pl_sample *sample;                             /* owned */
};

struct pl_fit {
    struct pl_rules *rules; /* owned: none */
    unsigned n;
    struct pl_fit_trial trials[PL_FIT_FORMATS_MAX];
    uint64_t records;
    /* Unit ids become hashes at once. */
    struct pl_unit_id (*hash)(void *ctx, struct pl_span unit);
    void *ctx;
};

/* Set hash and ctx, zero the rest; then open, take records, and fini. Nothing is held when it cannot be opened. */
enum pl_status pl_fit_open(struct pl_fit *fit, struct pl_err *err) PL_MUSTCHECK;
void pl_fit_take(struct pl_fit *fit, const struct pl_record *record);
void pl_fit_fini(struct pl_fit *fit);

/* The preset that reads most records as events, and the next one: *second is NULL when none of the others reads any.
 * NULL: no preset reads any. */
const struct pl_fit_trial *pl_fit_best(const struct pl_fit *fit, const struct pl_fit_trial **second);

/* Why records were not read, most often: PL_ACCEPTED when all were, or were excluded. */
enum pl_reject pl_fit_trouble(const struct pl_fit_trial *trial);

#endif
