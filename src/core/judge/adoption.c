#include "core/judge/adoption.h"

#include "core/judge/adjust.h"
#include "core/judge/dist.h"
#include "core/judge/histogram.h"
#include "util/stamp.h"

#define WINDOW_DAYS 28
#define COHORT_DAYS 28      /* within which a newly aware unit must repeat */
#define YOUNG_DAYS 14       /* the same of a feature declared new */
#define YOUNG_UNTIL_DAYS 56 /* how long it is new */
#define YOUNG_LOOK_DAYS 21  /* its first look */
#define FIRST_LOOK_DAYS 28
#define HALF .5
#define STANDS .5 /* p up to which a gap that was found stands */
#define NONE 0xffu

static const struct pl_feature_rule *rule_of(const struct pl_rules *rules, uint32_t feature)
{
    return &rules->features[feature];
}

static int32_t last_day(int64_t tick_us)
{
    return (int32_t)(pl_stamp_floor(tick_us - 1, PL_DAY_US) / PL_DAY_US);
}

static bool is_young(const struct pl_feature_rule *rule, int64_t tick_us)
{
    return rule->launched_us != PL_TIME_NONE && tick_us < rule->launched_us + YOUNG_UNTIL_DAYS * PL_DAY_US;
}

/* Cells of the feature (or of its area), one arm, added over days. */
struct reader {
    const struct pl_sums *sums;
    int32_t first, last;
};

static int64_t units(const struct reader *from, enum pl_cell_kind kind, uint32_t subject, unsigned arm)
{
    const struct pl_cell_key key = {.kind = (uint16_t)kind, .arm = (uint16_t)arm, .subject = subject};

    return pl_sums_range(from->sums, key, from->first, from->last).n;
}

static int64_t between(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

static void read_cohort(const struct pl_feature_rule *rule, uint32_t feature, const struct pl_sums *sums,
                        int64_t tick_us, struct pl_adoption_counts *counts)
{
    int32_t day = last_day(tick_us);
    struct reader from = {sums, day - 2 * COHORT_DAYS + 1, day - COHORT_DAYS};

    counts->launched = is_young(rule, tick_us);
    if (counts->launched) {
        from.first = (int32_t)(pl_stamp_floor(rule->launched_us, PL_DAY_US) / PL_DAY_US);
        from.last = day - YOUNG_DAYS;
    }
    counts->newly = units(&from, PL_CELL_COHORT, feature, 0);
    counts->repeated = units(&from, PL_CELL_COHORT, feature, counts->launched ? 2 : 1);
}

/* Adopters of the window by days to adopt, and how many of them repeat. */
static int64_t read_adopters(uint32_t feature, const struct reader *from, struct pl_adoption *out)
{
    struct pl_histogram days = {0};
    struct pl_cell_key key = {.kind = PL_CELL_USED, .subject = feature, .arm = 1};
    int64_t repeating;

    pl_histogram_add(&days, from->sums, key, from->first, from->last);
    repeating = days.n;
    key.arm = 0;
    pl_histogram_add(&days, from->sums, key, from->first, from->last);
    out->adopters = days.n;
    out->median_days = days.n > 0 ? pl_histogram_quantile(&days, 50) : PL_NAN;
    out->p90_days = days.n > 0 ? pl_histogram_quantile(&days, 90) : PL_NAN;
    return repeating;
}

/* Every part is at most its whole, whatever a life of a unit that ended has left behind. */
static void test_gaps(const struct pl_rules *rules, const struct pl_feature_rule *rule, struct pl_adoption *out)
{
    const struct pl_adoption_counts *counts = &out->counts;
    double bar = rules->areas[rule->area].value_bar;

    for (int gap = 0; gap < PL_GAPS; gap++)
        out->p[gap] = PL_NAN;
    if (rule->aware.n > 0 && bar > 0. && bar < 1.)
        out->p[PL_GAP_DISCOVERY] = fmax(pl_dist_binomial_lower(counts->aware, counts->eligible, HALF),
                                        pl_dist_binomial_upper(counts->repeated, counts->newly, bar));
    if (rule->aware.n > 0)
        out->p[PL_GAP_TRIAL] = pl_dist_binomial_lower(counts->adopted, counts->aware, HALF);
    out->p[PL_GAP_FIT] = pl_dist_binomial_upper(counts->left, counts->older, HALF);
}

void pl_adoption_read(const struct pl_rules *rules, uint32_t feature, const struct pl_sums *sums, int64_t tick_us,
                      struct pl_adoption *out)
{
    const struct pl_feature_rule *rule = rule_of(rules, feature);
    const struct reader from = {sums, last_day(tick_us) - WINDOW_DAYS + 1, last_day(tick_us)};
    struct pl_adoption_counts *counts = &out->counts;
    int64_t only_aware = units(&from, PL_CELL_KNOWN, feature, 1), young_repeating;

    counts->eligible =
        rule->eligible.n > 0 ? units(&from, PL_CELL_AUDIENCE, feature, 0) : units(&from, PL_CELL_ACTIVE, rule->area, 0);
    counts->adopted = units(&from, PL_CELL_KNOWN, feature, 2);
    counts->aware = only_aware + counts->adopted;
    counts->repeating = units(&from, PL_CELL_AGAIN, feature, 0);
    young_repeating = read_adopters(feature, &from, out);
    counts->older = between(counts->adopted - out->adopters, 0, INT64_MAX);
    counts->left = between(counts->older - (counts->repeating - young_repeating), 0, counts->older);
    read_cohort(rule, feature, sums, tick_us, counts);
    test_gaps(rules, rule, out);
}

/* Shares weighted by repeats: what is used again and again weighs most. */
struct weighing {
    double weight, sum;
};

static void weigh(struct weighing *weighing, const struct pl_feature_rule *rule,
                  const struct pl_adoption_counts *counts)
{
    if (rule->aware.n == 0 || counts->eligible <= 0)
        return;
    weighing->weight += (double)counts->repeating;
    weighing->sum += (double)counts->repeating * ((double)counts->aware / (double)counts->eligible);
}

static double share_of(const struct weighing *weighing)
{
    return weighing->weight > 0. ? weighing->sum / weighing->weight : PL_NAN;
}

void pl_adoption_read_area(const struct pl_rules *rules, uint32_t area, const struct pl_sums *sums, int64_t tick_us,
                           struct pl_adoption_area *out)
{
    const struct reader from = {sums, last_day(tick_us) - WINDOW_DAYS + 1, last_day(tick_us)};
    struct weighing weighing = {0., 0.};
    int64_t all = 0;

    *out = (struct pl_adoption_area){.active = units(&from, PL_CELL_ACTIVE, area, 0)};
    for (uint32_t feature = 0; feature < rules->n_features; feature++) {
        struct pl_adoption one;

        if (rule_of(rules, feature)->area != area)
            continue;
        pl_adoption_read(rules, feature, sums, tick_us, &one);
        weigh(&weighing, rule_of(rules, feature), &one.counts);
    }
    for (unsigned j = 1; j <= PL_ADOPTION_BREADTH_MAX; j++) {
        out->users[j] = units(&from, PL_CELL_BREADTH, area, j);
        all += out->users[j];
    }
    out->share = share_of(&weighing);
    out->mean = out->active > 0 ? (double)all / (double)out->active : PL_NAN;
}

struct pl_adoption_looks pl_adoption_looks_init(void)
{
    return (struct pl_adoption_looks){
        .start_us = PL_TIME_NONE, .first_us = PL_TIME_NONE, .last_us = PL_TIME_NONE, .share = PL_NAN};
}

static bool has_features(const struct pl_rules *rules, uint32_t area)
{
    for (uint32_t feature = 0; feature < rules->n_features; feature++)
        if (rule_of(rules, feature)->area == area)
            return true;
    return false;
}

/* From when on a feature is tested while it is new: its users need time to come back. */
static int64_t young_from_us(const struct pl_feature_rule *rule, int64_t start_us)
{
    return (rule->launched_us > start_us ? rule->launched_us : start_us) + YOUNG_LOOK_DAYS * PL_DAY_US;
}

static bool is_tested(const struct pl_feature_rule *rule, int64_t start_us, int64_t tick_us)
{
    return tick_us >=
           (is_young(rule, tick_us) ? young_from_us(rule, start_us) : start_us + FIRST_LOOK_DAYS * PL_DAY_US);
}

static int64_t next_monday(int64_t time_us)
{
    return pl_stamp_monday(time_us + PL_WEEK_US - 1);
}

int64_t pl_adoption_due(const struct pl_adoption_looks *looks, const struct pl_rules *rules, uint32_t area)
{
    int64_t due_us;

    if (looks->start_us == PL_TIME_NONE || !has_features(rules, area))
        return PL_TIME_NONE;
    if (looks->first_us != PL_TIME_NONE)
        return pl_stamp_monday(looks->last_us) + PL_WEEK_US;
    due_us = next_monday(looks->start_us + FIRST_LOOK_DAYS * PL_DAY_US);
    for (uint32_t feature = 0; feature < rules->n_features; feature++) {
        const struct pl_feature_rule *rule = rule_of(rules, feature);
        int64_t young_us;

        if (rule->area != area || rule->launched_us == PL_TIME_NONE)
            continue;
        young_us = next_monday(young_from_us(rule, looks->start_us));
        if (is_young(rule, young_us) && young_us < due_us)
            due_us = young_us;
    }
    return due_us;
}

/* One look at the features of an area: all of them, and what was found. */
struct look {
    const struct pl_rules *rules;
    uint32_t features[PL_RULES_FEATURES_MAX];
    struct pl_adoption_counts counts[PL_RULES_FEATURES_MAX];
    double p[PL_GAPS][PL_RULES_FEATURES_MAX];
    unsigned kinds[PL_RULES_FEATURES_MAX];
    unsigned n;
};

static void read_features(struct look *look, uint32_t area, const struct pl_sums *sums, int64_t start_us,
                          int64_t tick_us)
{
    for (uint32_t feature = 0; feature < look->rules->n_features; feature++) {
        const struct pl_feature_rule *rule = rule_of(look->rules, feature);
        struct pl_adoption one;

        if (rule->area != area)
            continue;
        pl_adoption_read(look->rules, feature, sums, tick_us, &one);
        look->features[look->n] = feature;
        look->counts[look->n] = one.counts;
        for (int gap = 0; gap < PL_GAPS; gap++)
            look->p[gap][look->n] = is_tested(rule, start_us, tick_us) ? one.p[gap] : PL_NAN;
        look->n++;
    }
}

/* Looks get stricter, and a gap that was proved does not end by that: it stands while its own figures still show it. */
static void stay(struct look *look, const struct pl_adoption_looks *looks)
{
    for (unsigned at = 0; at < look->n; at++)
        for (unsigned n = 0; n < looks->n_gaps; n++)
            for (int gap = 0; gap < PL_GAPS; gap++)
                if (looks->gaps[n].feature == look->features[at] && looks->gaps[n].kinds & 1u << gap &&
                    look->p[gap][at] <= STANDS)
                    look->kinds[at] |= 1u << gap;
}

static void find_gaps(struct look *look, const struct pl_adoption_looks *looks, double alpha)
{
    unsigned order[PL_RULES_FEATURES_MAX];

    stay(look, looks);
    for (int gap = 0; gap < PL_GAPS; gap++) {
        pl_adjust_holm(look->p[gap], look->n, order, look->p[gap]);
        for (unsigned at = 0; at < look->n; at++)
            if (look->p[gap][at] <= alpha)
                look->kinds[at] |= 1u << gap;
    }
    for (unsigned at = 0; at < look->n; at++)
        if (look->kinds[at] & 1u << PL_GAP_DISCOVERY)
            look->kinds[at] &= ~(1u << PL_GAP_TRIAL);
}

static unsigned first_gap(unsigned kinds)
{
    for (unsigned gap = 0; gap < PL_GAPS; gap++)
        if (kinds & 1u << gap)
            return gap;
    return NONE;
}

/* By their first kind, then in the order of the rules: what is cut off, if anything, is what weighs least. */
static void keep_gaps(struct pl_adoption_looks *looks, const struct look *look)
{
    looks->n_all = 0;
    looks->n_gaps = 0;
    for (unsigned gap = 0; gap < PL_GAPS; gap++)
        for (unsigned at = 0; at < look->n; at++) {
            if (first_gap(look->kinds[at]) != gap)
                continue;
            looks->n_all++;
            if (looks->n_gaps < PL_ADOPTION_GAPS_MAX)
                looks->gaps[looks->n_gaps++] =
                    (struct pl_feature_gap){look->features[at], look->kinds[at], look->counts[at]};
        }
}

static void note_start(struct pl_adoption_looks *looks, uint32_t area, const struct pl_sums *sums)
{
    int32_t pane = pl_sums_first_pane(sums, (struct pl_cell_key){.kind = PL_CELL_NEW, .subject = area});

    if (looks->first_us == PL_TIME_NONE)
        looks->start_us = pane == PL_PANE_NONE ? PL_TIME_NONE : (int64_t)pane * PL_DAY_US;
}

bool pl_adoption_step(struct pl_adoption_looks *looks, const struct pl_rules *rules, uint32_t area,
                      const struct pl_sums *sums, int64_t tick_us)
{
    struct look look = {.rules = rules};
    struct weighing weighing = {0., 0.};
    int64_t due_us;

    if (!has_features(rules, area))
        return false;
    note_start(looks, area, sums);
    due_us = pl_adoption_due(looks, rules, area);
    if (due_us == PL_TIME_NONE || tick_us < due_us)
        return false;
    if (looks->first_us == PL_TIME_NONE)
        looks->first_us = due_us;
    looks->taken = 1 + (unsigned)((pl_stamp_monday(tick_us) - looks->first_us) / PL_WEEK_US);
    looks->last_us = tick_us;
    read_features(&look, area, sums, looks->start_us, tick_us);
    find_gaps(&look, looks, PL_ADOPTION_ALPHA / ((double)looks->taken * (looks->taken + 1.)));
    keep_gaps(looks, &look);
    for (unsigned at = 0; at < look.n; at++)
        weigh(&weighing, rule_of(rules, look.features[at]), &look.counts[at]);
    looks->share = share_of(&weighing);
    return true;
}

bool pl_adoption_has(const struct pl_adoption_looks *looks, unsigned kinds)
{
    for (unsigned at = 0; at < looks->n_gaps; at++)
        if (looks->gaps[at].kinds & kinds)
            return true;
    return false;
}

enum pl_delivery pl_adoption_delivery(const struct pl_adoption_looks *looks, const struct pl_rules *rules,
                                      uint32_t area)
{
    if (looks->last_us == PL_TIME_NONE || !has_features(rules, area))
        return PL_DELIVERY_UNKNOWN;
    if (pl_adoption_has(looks, 1u << PL_GAP_DISCOVERY))
        return PL_DELIVERY_GAP;
    if (!(looks->share >= 0.))
        return PL_DELIVERY_UNKNOWN;
    return looks->share >= PL_ADOPTION_DELIVERED ? PL_DELIVERED : PL_NOT_DELIVERED;
}

const char *pl_adoption_gap_name(enum pl_gap gap)
{
    static const char *const names[PL_GAPS] = {"discovery", "trial", "fit"};

    return names[gap];
}
