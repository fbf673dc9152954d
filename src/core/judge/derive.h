/* What is taken from users (price, ads): the weekly trend of each metric of role derive, per active unit of its area
 * (statistics.md 2.8). The rule is that of looks.h, on the logarithm of the week's total per unit active in it.
 */
#ifndef PL_CORE_JUDGE_DERIVE_H
#define PL_CORE_JUDGE_DERIVE_H

#include "core/judge/looks.h"

#define PL_DERIVE_MAX 16 /* metrics of one area that are looked at: the first ones */

struct pl_derive_look {
    uint32_t metric;
    struct pl_looks looks;
};

/* What an area keeps of these looks. */
struct pl_derive_looks {
    unsigned n;
    struct pl_derive_look of[PL_DERIVE_MAX];
};

/* One look for each metric of role derive of the area that has a total of its own: conversion, count, sum. */
struct pl_derive_looks pl_derive_looks_init(const struct pl_rules *rules, uint32_t area);
void pl_derive_looks_restart(struct pl_derive_looks *looks, int64_t launch_us);

/* The look at a metric, NULL when it is not looked at. */
struct pl_looks *pl_derive_find(struct pl_derive_looks *looks, uint32_t metric);

/* The tick of the next look, PL_TIME_NONE when none is known to come. */
int64_t pl_derive_due(const struct pl_derive_looks *looks);

/* Look where a look is due; true when one was taken. */
bool pl_derive_step(struct pl_derive_looks *looks, const struct pl_rules *rules, uint32_t area,
                    const struct pl_sums *sums, int64_t tick_us);

/* The metric's total per active unit of the area and week, over the last four complete weeks; NAN without any. */
double pl_derive_rate(uint32_t area, uint32_t metric, const struct pl_sums *sums, int64_t tick_us);

/* Is one of them rising? */
bool pl_derive_rising(const struct pl_derive_looks *looks);

#endif
