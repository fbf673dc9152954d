/* Control records read from files of history: JSON lines or CSV, checked line by line, or results of GrowthBook's API,
 * document by document; then put in the order of time.
 *
 * Errors carry file:line. In the strict mode the first thing wrong ends the reading with nothing taken; otherwise bad
 * lines are counted and told, and the others are taken. A result id, lifecycle step or launch that came before is a bad
 * line, as plateaud would not use it. At most PL_RECORDS_MAX records.
 */
#ifndef PL_CTL_RECORDS_H
#define PL_CTL_RECORDS_H

#include "codec/growthbook.h"
#include "core/rules.h"
#include "util/err.h"
#include "util/names.h"

#define PL_RECORDS_MAX 100000 /* what plateaud's docket holds at once */

enum pl_records_format { PL_RECORDS_BY_NAME, PL_RECORDS_JSONL, PL_RECORDS_CSV, PL_RECORDS_GROWTHBOOK };

struct pl_records {
    const struct pl_rules *rules;  /* ref; NULL: areas are not checked */
    const char *area;              /* ref; for records that name none; NULL: they must */
    enum pl_records_format format; /* BY_NAME: CSV when the file's name ends in .csv or .csv.gz */
    const char *metric;            /* ref; of GrowthBook's results; NULL: the only goal */
    bool skip_bad;
    int64_t now_us;                            /* nothing may be later than this, but for 5 minutes */
    void (*tell)(void *ctx, const char *text); /* a bad line, when skip_bad; a result that was left out */
    void *ctx;
    struct pl_record_at { /* owned */
        struct pl_control control;
        size_t place; /* order of reading */
    } * items;
    size_t n, cap, n_bad;
    size_t left_out[PL_GROWTHBOOK_REASONS]; /* results of GrowthBook, by reason */
    struct pl_names *seen;                  /* owned */
};

/* Set the fields above `items`, zero the rest; then add files, order, and fini. */
enum pl_status pl_records_add(struct pl_records *records, const char *path, struct pl_err *err) PL_MUSTCHECK;

/* By time; what has the same time stays in the order of reading. Marks every record as history. */
void pl_records_order(struct pl_records *records);
void pl_records_fini(struct pl_records *records);

#endif
