/* What stands beside an area's detectors (statistics.md 2.5, 2.8): does value follow delivery (hollow.h), and did the
 * quarters realise what their experiments were credited with (holdout.h)? One area, one epoch. Fed in ledger order by
 * programme.
 *
 * A quarter is a result row of work `holdout`: effect = lift of everybody else against the held-out units, from start
 * to time. Its n are the entries with time in (start, time], each as many as its cost says (delta grows with it); only
 * quarters that do not overlap an earlier one count, and only those of one arm. An entry that ended early is credited
 * with nothing, in delivery and in value.
 *
 * Owns 24 bytes per entry. enter: O(1); quarter: O(entries).
 */
#ifndef PL_CORE_JUDGE_LEGS_H
#define PL_CORE_JUDGE_LEGS_H

#include "core/judge/evidence.h"
#include "core/judge/holdout.h"
#include "core/judge/hollow.h"
#include "core/ledger.h"

/* A quarter of holdout against what its experiments were credited with. The launch gap is credited - realised. */
struct pl_quarter {
    int64_t start_us, end_us; /* PL_TIME_NONE before the first */
    unsigned n;               /* entries */
    double credited;          /* sum of their X */
    double realised, se;
};

struct pl_legs {
    struct pl_hollow hollow;
    struct pl_holdout holdout;
    struct pl_quarter quarter; /* the last one */
    unsigned n_value;          /* entries with value */
    double sum_value;          /* of their X^V */
    double sum_credit;         /* of their X: what they gained in the goal */
    struct pl_legs_entry {
        int64_t time_us;
        double x, cost;
    } * entries; /* owned */
    unsigned n, cap;
};

struct pl_legs pl_legs_init(void);
void pl_legs_fini(struct pl_legs *legs);

/* A core launch. */
void pl_legs_restart(struct pl_legs *legs);

/* An entry that evidence has just taken. eta: value_per_delivery, NAN unset. NOMEM leaves it as it was. */
enum pl_status pl_legs_enter(struct pl_legs *legs, const struct pl_row *row, const struct pl_evidence *evidence,
                             double eta, struct pl_err *err) PL_MUSTCHECK;

/* A quarter; one that overlaps the last, has no start, or several arms, is shown nowhere and counts for nothing. */
void pl_legs_quarter(struct pl_legs *legs, const struct pl_row *row, const struct pl_evidence *evidence);

#endif
