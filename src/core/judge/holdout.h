/* The holdout leg: did a quarter's experiments together realise less than they had to? (statistics.md 2.5.9)
 *
 * Per non-overlapping quarter: h, the lift of everybody else against a fresh holdout, its standard error sigma, and n
 * experiments that should each have paid delta. Evidence against "h pays at least n delta":
 *   e = mean over lambda in {.5, 1, 2, 3} of exp(lambda (n delta - h)/sigma - lambda^2/2),   M <- max(1, M) e.
 * It holds interactions between experiments too. An e-CUSUM: E reaches A falsely once in A quarters at most, on
 * average. It confirms FLAT or prepares for it, never more. Pure; O(1).
 */
#ifndef PL_CORE_JUDGE_HOLDOUT_H
#define PL_CORE_JUDGE_HOLDOUT_H

struct pl_holdout_quarter {
    double lift, se; /* h and sigma, in the area's unit */
    double entries;  /* n */
    double delta;    /* the smallest return of one */
};

/* e of one quarter; NAN without lift, delta or a positive se. */
double pl_holdout_e(const struct pl_holdout_quarter *quarter);

/* Zeroed is its start. */
struct pl_holdout {
    double m;
};

/* Takes a quarter and returns M, cut at clamp. A quarter that says nothing (e NAN) changes nothing. */
double pl_holdout_take(struct pl_holdout *holdout, const struct pl_holdout_quarter *quarter, double clamp);

#endif
