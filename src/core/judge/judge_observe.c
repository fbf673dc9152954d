/* What is judged of an area besides its experiments: adoption of features, the value users get, what is taken from
 * them (design 6.7).
 */
#include "core/judge/judge_internal.h"

#define DELIVER_GAPS (1u << PL_GAP_DISCOVERY | 1u << PL_GAP_TRIAL)
#define CREATE_GAPS (1u << PL_GAP_FIT)

void pl_judge_observe_init(const struct pl_rules *rules, uint32_t area, struct pl_standing *standing)
{
    standing->adoption = pl_adoption_looks_init();
    standing->value = pl_value_looks_init();
    standing->derive = pl_derive_looks_init(rules, area);
}

/* The configuration may be another one than that of the standing: features and metrics that left the area are
 * forgotten, new ones begin. */
void pl_judge_observe_adapt(const struct pl_rules *rules, uint32_t area, struct pl_standing *standing)
{
    struct pl_derive_looks derive = pl_derive_looks_init(rules, area);
    unsigned n = 0;

    for (unsigned at = 0; at < derive.n; at++) {
        const struct pl_looks *known = pl_derive_find(&standing->derive, derive.of[at].metric);

        if (known)
            derive.of[at].looks = *known;
    }
    standing->derive = derive;
    for (unsigned at = 0; at < standing->adoption.n_gaps; at++) {
        const struct pl_feature_gap *gap = &standing->adoption.gaps[at];

        if (gap->feature < rules->n_features && rules->features[gap->feature].area == area)
            standing->adoption.gaps[n++] = *gap;
    }
    standing->adoption.n_all -= standing->adoption.n_gaps - n;
    standing->adoption.n_gaps = n;
    pl_objective_adapt(&standing->objectives, rules, area);
}

void pl_judge_observe_restart(struct pl_standing *standing, int64_t launch_us)
{
    pl_value_looks_restart(&standing->value, launch_us);
    pl_derive_looks_restart(&standing->derive, launch_us);
}

void pl_judge_observe(const struct pl_judge *judge, uint32_t area, int64_t tick_us, struct pl_standing *standing)
{
    if (!pl_rules_observed(judge->rules, area))
        return;
    (void)pl_adoption_step(&standing->adoption, judge->rules, area, &judge->sums, tick_us);
    (void)pl_value_step(&standing->value, judge->rules, area, &judge->sums, tick_us);
    (void)pl_derive_step(&standing->derive, judge->rules, area, &judge->sums, tick_us);
}

void pl_judge_observe_facts(const struct pl_rules *rules, uint32_t area, const struct pl_standing *standing,
                            struct pl_facts *facts)
{
    bool measured = rules->areas[area].value_events.n > 0;

    facts->delivery = pl_adoption_delivery(&standing->adoption, rules, area);
    facts->value = measured ? pl_value_trend(&standing->value) : PL_TREND_UNKNOWN;
    facts->value_measured = facts->value != PL_TREND_UNKNOWN;
    facts->derive_rising = pl_derive_rising(&standing->derive);
    facts->deliver_gap = pl_adoption_has(&standing->adoption, DELIVER_GAPS);
    facts->create_gap = pl_adoption_has(&standing->adoption, CREATE_GAPS);
}
