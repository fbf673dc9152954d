/* The evidence of one area: all detectors over its entries of the present epoch (statistics.md 2.3 to 2.5).
 *
 * Not a verdict: programme.h turns evidence of all areas into states. Fed in entry order; the same entries give the
 * same doubles. Owns what it remembers of every entry (about 50 bytes each; the ledger bounds them).
 *
 * Cost of enter: O(200), and a sorted insertion of its time. proved, needed and the medians: O(entries).
 */
#ifndef PL_CORE_JUDGE_EVIDENCE_H
#define PL_CORE_JUDGE_EVIDENCE_H

#include "core/judge/arms.h"
#include "core/judge/detect.h"
#include "util/err.h"

#include <stdint.h>

#define PL_EVIDENCE_BAR_FROM 10   /* entries that fix s_ref: the change detectors start there */
#define PL_EVIDENCE_YIELDS 10.    /* alarm of YIELDING */
#define PL_EVIDENCE_LEVEL_MIN 60. /* A is never lower */

struct pl_entry {
    int64_t time_us;
    double d, s;                /* s > 0; of several arms the best effect and the root mean square error */
    const struct pl_arms *arms; /* several treatment arms; NULL: one */
    double cost;                /* of this experiment, in standard experiments: delta grows with it */
    bool early, shipped;
};

struct pl_evidence {
    double delta;       /* smallest return; NAN while unset: no FLAT, YIELDING */
    double alarm_years; /* false_alarm_every */
    unsigned areas;     /* m: areas with a smallest return */

    unsigned n;
    double e_flat, e_yield, level; /* E, E_yield and A after the last entry */
    double down, up;
    double largest;      /* X credited in the epoch, 0 before the first */
    double largest_ever; /* survives epochs */
    double largest_cap;
    double last_x, last_cap; /* X of the last entry and the cap it was held against: K + 2 s at least */
    double s_ref;            /* NAN before the tenth entry */
    struct pl_bets flat, yield;
    struct pl_ring ring;
    struct pl_credit *credits;            /* owned, [n] in entry order */
    int64_t *times_us;                    /* owned, [n] sorted */
    double early_d[PL_EVIDENCE_BAR_FROM]; /* d of the first entries: their points wait for s_ref */
    unsigned cap;
};

void pl_evidence_init(struct pl_evidence *evidence, double delta, double alarm_years, unsigned areas);
void pl_evidence_fini(struct pl_evidence *evidence);

/* A core launch: everything restarts, only largest_ever survives. */
void pl_evidence_restart(struct pl_evidence *evidence);

/* Take one entry. NOMEM leaves the evidence as it was. Several arms enter as one return (arms.h) and take no part in
 * the change detectors, whose common bar is for one arm. */
enum pl_status pl_evidence_enter(struct pl_evidence *evidence, const struct pl_entry *entry,
                                 struct pl_err *err) PL_MUSTCHECK;

/* Median standard error, NAN without entries; median gap between entries in order of time, 0 below two entries. Work
 * space is allocated; out of memory gives NAN and 0. */
double pl_evidence_median_se(const struct pl_evidence *evidence);
int64_t pl_evidence_median_gap_us(const struct pl_evidence *evidence);

/* Proved range over the grid of the median standard error. */
struct pl_proved pl_evidence_proved(const struct pl_evidence *evidence, double median_se);

/* Random-effects mean of X over the epoch (pool.h: X with the error s), less the smallest return. NAN below two entries
 * or while that is unset. For display: its sign is the lean. */
double pl_evidence_lean(const struct pl_evidence *evidence);

/* Further zero experiments until E reaches `share` x A (m/k of e-d-BH); NAN unknown. */
double pl_evidence_needed(const struct pl_evidence *evidence, double median_se, double share);

#endif
