/* Adoption: how far each feature has come with the users who could use it, and whether the area's value is delivered
 * (statistics.md 2.8).
 *
 * At tick T, D = day(T - 1 us), W = the 28 days D-27 .. D: eligible U, aware w, adopted a, repeating r are units by
 * their panes in W. older = adopted before W; tried and left = those of them who do not repeat. Newly aware: units that
 * became aware on D-55 .. D-28, and those of them who used it in two weeks within 28 days; a feature declared new (T
 * less than 56 days after its launch) is judged on those aware since the launch and at least 14 days ago, within 14.
 *
 * Gaps, exact one-sided binomial p, Holm over the features of the area:
 *   discovery  max(P(Bin(U, 1/2) <= w), P(Bin(newly, value bar) >= repeated)): most have not met what is valuable to
 *              those who have. Needs a value bar and `aware` events. It alone is a delivery gap.
 *   trial      P(Bin(w, 1/2) <= a), no discovery gap: they know it and do not try it. Reported only.
 *   fit        P(Bin(older, 1/2) >= tried and left): they tried it and left. Reported only: core work.
 * Looks on UTC Mondays, 00:00, from 28 days after the area's first unit; for features declared new from 21 days after
 * their launch (or the first unit) too. The k-th look at alpha_k = .05 / (k (k+1)). Between looks the last one stands.
 *
 * Delivered share = sum_f r_f (w_f / U_f) / sum_f r_f over features with `aware` events and U_f > 0.
 */
#ifndef PL_CORE_JUDGE_ADOPTION_H
#define PL_CORE_JUDGE_ADOPTION_H

#include "core/judge/advice.h"
#include "core/rules.h"
#include "core/sums.h"

#define PL_ADOPTION_GAPS_MAX 32    /* features with gaps that a look keeps; discovery first */
#define PL_ADOPTION_BREADTH_MAX 16 /* core/cell.def */
#define PL_ADOPTION_DELIVERED .6   /* share from which the area is delivered */
#define PL_ADOPTION_ALPHA .05

enum pl_gap { PL_GAP_DISCOVERY, PL_GAP_TRIAL, PL_GAP_FIT, PL_GAPS };

struct pl_adoption_counts {
    int64_t eligible, aware, adopted, repeating;
    int64_t older, left;
    int64_t newly, repeated;
    bool launched; /* newly and repeated are those of a feature declared new */
};

/* One feature at a tick. */
struct pl_adoption {
    struct pl_adoption_counts counts;
    double p[PL_GAPS];            /* as they are, not adjusted; NAN: not tested */
    int64_t adopters;             /* first use in W */
    double median_days, p90_days; /* from aware to first use, of them; NAN without any */
};

void pl_adoption_read(const struct pl_rules *rules, uint32_t feature, const struct pl_sums *sums, int64_t tick_us,
                      struct pl_adoption *out);

/* The features of an area together. */
struct pl_adoption_area {
    double share;                               /* delivered; NAN unknown */
    int64_t active;                             /* units of the area in W */
    int64_t users[PL_ADOPTION_BREADTH_MAX + 1]; /* [j]: units that used at least j features in W; [0] is unused */
    double mean;                                /* features per active unit; NAN without any */
};

void pl_adoption_read_area(const struct pl_rules *rules, uint32_t area, const struct pl_sums *sums, int64_t tick_us,
                           struct pl_adoption_area *out);

/* A feature with a gap, as the last look saw it. */
struct pl_feature_gap {
    uint32_t feature;
    unsigned kinds; /* bits 1 << enum pl_gap */
    struct pl_adoption_counts counts;
};

/* What an area keeps of its looks. A gap that was found stands at a later, stricter look while its own p, unadjusted,
 * is at most 1/2: what was proved does not end because the proof is asked for again with less. */
struct pl_adoption_looks {
    int64_t start_us; /* day of the area's first unit, PL_TIME_NONE before; fixed by the first look */
    int64_t first_us; /* Monday of the first look, PL_TIME_NONE before */
    int64_t last_us;  /* tick of the last look */
    unsigned taken;   /* its k */
    double share;     /* delivered share then; NAN unknown */
    unsigned n_all;   /* features with gaps; those beyond PL_ADOPTION_GAPS_MAX are only counted */
    unsigned n_gaps;
    struct pl_feature_gap gaps[PL_ADOPTION_GAPS_MAX];
};

struct pl_adoption_looks pl_adoption_looks_init(void);

/* The tick of the next look; PL_TIME_NONE without features or units. */
int64_t pl_adoption_due(const struct pl_adoption_looks *looks, const struct pl_rules *rules, uint32_t area);

/* Look if one is due; true when one was taken. Of several that are overdue the last is taken, as its own k. */
bool pl_adoption_step(struct pl_adoption_looks *looks, const struct pl_rules *rules, uint32_t area,
                      const struct pl_sums *sums, int64_t tick_us);

/* Is value delivered, by the last look? */
enum pl_delivery pl_adoption_delivery(const struct pl_adoption_looks *looks, const struct pl_rules *rules,
                                      uint32_t area);

/* Does some feature of the last look have a gap of these kinds (bits)? */
bool pl_adoption_has(const struct pl_adoption_looks *looks, unsigned kinds);

/* "discovery", "trial", "fit". Never NULL. */
const char *pl_adoption_gap_name(enum pl_gap gap);

#endif
