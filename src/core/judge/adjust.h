/* Several p at once: adjusted so that each can be held against the level of the whole family (statistics.md 1.4).
 *
 *  - Holm, for claims (probability of any false one <= alpha): sorted upwards p(i) (m - i), i from 0, running maximum.
 *  - Benjamini-Hochberg, for lists (share of false ones <= alpha): p(i) m / (i + 1), running minimum from the largest.
 * Both cut at 1. The family is what is known: a NAN is no member of it and stays NAN. Which p belong to one family
 * (goal metrics x arms x levels, no guardrails) is the caller's matter. Pure; O(n^2) for these short lists.
 */
#ifndef PL_CORE_JUDGE_ADJUST_H
#define PL_CORE_JUDGE_ADJUST_H

/* adjusted[n] may be p itself; order[n] is work space. */
void pl_adjust_holm(const double *p, unsigned n, unsigned *order, double *adjusted);
void pl_adjust_bh(const double *p, unsigned n, unsigned *order, double *adjusted);

#endif
