/* The ledger: every fact the judge has taken besides sums, in the order in which it took them, kept for ever.
 *
 * Detectors are recomputed from it (design 6.3), so no accumulator can drift and a changed policy needs no migration.
 * Append only, up to PL_LEDGER_ROWS_MAX rows (then FULL). About 800 bytes a row.
 */
#ifndef PL_CORE_LEDGER_H
#define PL_CORE_LEDGER_H

#include "core/control.h"
#include "util/err.h"

#include <stdint.h>

#define PL_LEDGER_ROWS_MAX 1000000

enum pl_row_kind {
    PL_ROW_RESULT,    /* one experiment's result: entered, or left out for a reason */
    PL_ROW_EPOCH,     /* a core launch: entries whose start (else time) is earlier feed nothing after it */
    PL_ROW_LIFECYCLE, /* started, stopped, shipped, reverted: for experiments judged from events */
    PL_ROW_POLICY,    /* smallest_return of an area set or changed; NAN: unset */
};

/* Why a result feeds no detector. */
enum pl_exclusion {
    PL_ENTERED = 0,
    PL_EXCLUDED_UNHEALTHY, /* uneven split, units in two variants, or health:false */
    PL_EXCLUDED_TOO_SMALL, /* fewer than 25 conversions or non-conversions in an arm, no cap or < 1,000 units */
    PL_EXCLUDED_KIND,      /* work is core or holdout: shown, not part of the programme */
    PL_EXCLUDED_SHAPE,     /* no goal, or not two variants or more */
    PL_EXCLUDED_JOINED_LATE,
    PL_EXCLUDED_OLD_EPOCH, /* started before the last core launch */
};

/* Effects of several treatment arms against their one control (statistics.md 2.4). */
struct pl_row_arms {
    unsigned n; /* 0: there is one arm, the row's effect and se say it all */
    double effect[PL_VARIANTS_MAX - 1];
    double se[PL_VARIANTS_MAX - 1];
    double shared; /* variance of the control's mean, in the unit of effects squared */
};

/* Value on the same units (statistics.md 2.8): NAN where it is not known. */
struct pl_row_value {
    double effect, se;
    double cov;          /* of the two estimates: this one and the row's effect */
    double mean_control; /* feeds the next baselines, as the goal's does */
    char metric[PL_NAME_BYTES];
};

struct pl_row {
    enum pl_row_kind kind;
    enum pl_exclusion excluded;
    enum pl_work work;
    enum pl_lifecycle state;
    uint32_t area;       /* index in the rules */
    int64_t tick_us;     /* the tick at which it was taken */
    int64_t time_us;     /* landmark (start + L) or result time; launch time; lifecycle time */
    int64_t start_us;    /* PL_TIME_NONE when unknown */
    double effect, se;   /* d and s, in the area's unit; of several arms the best effect and the root mean square */
    double baseline;     /* m0 used; NAN when the result came with its own effect and se */
    double mean_control; /* control mean and units, NAN and 0 when unknown: feed the next baselines (statistics 2.3) */
    double n_control;
    char metric[PL_NAME_BYTES]; /* the goal that was measured, "" when unknown: baselines are of one metric */
    double cost;
    double units;           /* of all arms, 0 when unknown */
    double smallest_return; /* policy rows */
    struct pl_row_arms arms;
    struct pl_row_value value;
    bool early, shipped, history;
    char id[PL_NAME_BYTES];
    char experiment[PL_NAME_BYTES];
};

struct pl_ledger {
    struct pl_row *rows; /* owned */
    size_t n;
    size_t cap;
};

/* A zeroed struct is a valid empty ledger. */
void pl_ledger_fini(struct pl_ledger *ledger);
enum pl_status pl_ledger_append(struct pl_ledger *ledger, const struct pl_row *row, struct pl_err *err) PL_MUSTCHECK;

/* A row of which nothing is known: times, effects and figures absent, cost 1. */
struct pl_row pl_ledger_row(enum pl_row_kind kind);

/* "entered", "unhealthy", ... in users' words. Never NULL. */
const char *pl_exclusion_name(enum pl_exclusion excluded);

#endif
