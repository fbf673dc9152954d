/* The detectors over a sequence of returns (statistics.md 2.5). Plain values and pure functions; evidence.h puts them
 * together for one area.
 *
 *  - FLAT: an e-CUSUM of bets against "the capped return is at least delta",
 *      M_j <- max(1, M_j) [1 + f_j (delta - min(X, c)) / (c - delta)],  f = (.15, .35, .65, .95),  E = mean M_j.
 *  - YIELDING: the other way, M_j <- max(1, M_j) [1 + l_j (X - delta) / (delta + b)],  l = (.08, .2, .4, .7).
 *    (Shin, Ramdas, Rinaldo, arXiv 2203.03532: average run length to E >= A is at least A.)
 *  - FLATTENING and RISING: over the last 200 common-bar returns the sum over splits (>= 6 before, >= 4 after) of the
 *    anytime-valid t e-value sqrt(r) ((1 + t2/df) / (1 + r t2/df))^((df+1)/2), r = 2 / (2 + n1 n2 / n), df = n - 2.
 *  - e-d-BH over areas, the proved range, and how many zero returns FLAT still needs.
 */
#ifndef PL_CORE_JUDGE_DETECT_H
#define PL_CORE_JUDGE_DETECT_H

#include <stdbool.h>
#include <stddef.h>

#define PL_DETECT_BETS 4
#define PL_DETECT_RING 200
#define PL_DETECT_GRID 24
#define PL_DETECT_PROVED 20. /* level of the proved range */

/* One e-CUSUM; zeroed is its start. */
struct pl_bets {
    double m[PL_DETECT_BETS];
};

/* Take one return, with its cap c > delta or floor b > 0; M is cut at clamp. Returns E. O(1). */
double pl_detect_flat(struct pl_bets *bets, double delta, double x, double cap, double clamp);
double pl_detect_yield(struct pl_bets *bets, double delta, double x, double floor, double clamp);

/* The last 200 points of a change detector; zeroed is empty. */
struct pl_ring {
    unsigned n;
    unsigned first;
    double x[PL_DETECT_RING];
};

void pl_detect_push(struct pl_ring *ring, double x);

/* S for a fall (FLATTENING) and for a rise (RISING) of the mean. O(n): means and sums of squares of both sides of all
 * splits by one pass forwards and one backwards. */
void pl_detect_change(const struct pl_ring *ring, double *down, double *up);

/* e-d-BH: of m ratios E/A the k largest fire, k = max{k : r_(k) >= m/k}. Fills fires[m], returns k. O(m log m) with
 * work space sorted[m]. */
unsigned pl_detect_fdr(const double *ratios, unsigned m, double *sorted, bool *fires);

/* A return as the proved range takes it. */
struct pl_credit {
    double x, s;
    double floor;        /* minus the least x could be; 0 stands for b(s) */
    bool several;        /* several arms: no part of the change detectors */
    bool early, shipped; /* early: counts for FLAT as its cap if shipped, else 0; for YIELDING 0 */
};

struct pl_proved {
    double lower, upper; /* NAN: nothing proved on that side */
};

/* Products without restart from the first credit: upper = smallest delta of the ascending grid with E_flat >= 20, lower
 * = the largest with E_yield >= 20. O(n_grid n). */
struct pl_proved pl_detect_proved(const struct pl_credit *credits, size_t n, const double *grid, unsigned n_grid);

/* 24 values from .01 to 10 times the median standard error, geometric. */
void pl_detect_grid(double median_se, double grid[PL_DETECT_GRID]);

struct pl_detect_need {
    double delta, s, cap; /* of an experiment like those so far */
    double level;         /* E at which FLAT fires */
};

/* Further experiments of truly zero return until E reaches level, every bet growing at its mean rate from where it
 * stands; 0 when reached, NAN when it never is. */
double pl_detect_needed(const struct pl_bets *bets, const struct pl_detect_need *need);

#endif
