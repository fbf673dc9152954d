#include "codec/observed_text.h"

#include "util/buf.h"
#include "util/stamp.h"

#include <stdarg.h>
#include <stdio.h>

/* "part.name" into out. */
static const char *name_of(char out[PL_PAIRS_NAME_BYTES], const char *fmt, ...) PL_PRINTF(2, 3);

static const char *name_of(char out[PL_PAIRS_NAME_BYTES], const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(out, PL_PAIRS_NAME_BYTES, fmt, args);
    va_end(args);
    return out;
}

static double ratio(int64_t n, int64_t of)
{
    return of > 0 ? (double)n / (double)of : (double)PL_NAN;
}

static void put_gaps(const struct pl_pairs *to, const struct pl_observed_view *view, uint32_t feature)
{
    const struct pl_adoption_looks *looks = &view->standing->adoption;
    char kinds[64] = "";
    size_t len = 0;

    if (looks->last_us == PL_TIME_NONE)
        return;
    for (unsigned at = 0; at < looks->n_gaps; at++)
        for (int gap = 0; gap < PL_GAPS && looks->gaps[at].feature == feature; gap++)
            if (looks->gaps[at].kinds & 1u << gap)
                len += (size_t)snprintf(kinds + len, sizeof(kinds) - len, "%s%s", len ? "," : "",
                                        pl_adoption_gap_name((enum pl_gap)gap));
    pl_pairs_text(to, "gap", kinds);
    pl_pairs_time(to, "looked", looks->last_us);
}

static void put_counts(const struct pl_pairs *to, const struct pl_adoption_counts *counts, bool knows_aware)
{
    pl_pairs_whole(to, "eligible", counts->eligible);
    if (knows_aware) {
        pl_pairs_whole(to, "aware", counts->aware);
        pl_pairs_double(to, "aware_share", ratio(counts->aware, counts->eligible));
    }
    pl_pairs_whole(to, "adopted", counts->adopted);
    pl_pairs_double(to, "adopted_share", ratio(counts->adopted, counts->eligible));
    pl_pairs_whole(to, "repeating", counts->repeating);
    pl_pairs_double(to, "repeating_share", ratio(counts->repeating, counts->eligible));
    pl_pairs_whole(to, "adopted_before", counts->older);
    pl_pairs_whole(to, "tried_and_left", counts->left);
    pl_pairs_whole(to, "newly_aware", counts->newly);
    pl_pairs_whole(to, "newly_repeated", counts->repeated);
    pl_pairs_double(to, "newly_repeated_share", ratio(counts->repeated, counts->newly));
    pl_pairs_whole(to, "declared_new", counts->launched);
}

void pl_observed_text_feature(const struct pl_observed_view *view, uint32_t feature, pl_pairs_fn emit, void *ctx)
{
    const struct pl_feature_rule *rule = &view->rules->features[feature];
    const struct pl_pairs to = {emit, ctx};
    struct pl_adoption one;

    pl_adoption_read(view->rules, feature, view->sums, view->judged_us, &one);
    pl_pairs_text(&to, "area", view->rules->areas[rule->area].id);
    pl_pairs_time(&to, "judged", view->judged_us);
    put_counts(&to, &one.counts, rule->aware.n > 0);
    pl_pairs_whole(&to, "adopters", one.adopters);
    pl_pairs_double(&to, "days_to_adopt_median", one.median_days);
    pl_pairs_double(&to, "days_to_adopt_p90", one.p90_days);
    pl_pairs_double(&to, "discovery_p", one.p[PL_GAP_DISCOVERY]);
    pl_pairs_double(&to, "trial_p", one.p[PL_GAP_TRIAL]);
    pl_pairs_double(&to, "fit_p", one.p[PL_GAP_FIT]);
    put_gaps(&to, view, feature);
}

/* Users by the number of features they used, and what share of value is delivered now. */
static void put_breadth(const struct pl_pairs *to, const struct pl_observed_view *view, uint32_t area)
{
    char name[PL_PAIRS_NAME_BYTES];
    struct pl_adoption_area all;

    pl_adoption_read_area(view->rules, area, view->sums, view->judged_us, &all);
    pl_pairs_double(to, "delivered_share", all.share);
    pl_pairs_double(to, "features_per_user", all.mean);
    for (unsigned j = 1; j <= PL_ADOPTION_BREADTH_MAX && all.users[j] > 0; j++)
        pl_pairs_whole(to, name_of(name, "features.%u", j), all.users[j]);
}

static void put_start(const struct pl_pairs *to, const struct pl_observed_view *view, uint32_t area)
{
    struct pl_share activated = pl_value_activation(view->rules, area, view->sums, view->judged_us);
    struct pl_value_time time = pl_value_time_to(area, view->sums, view->judged_us);

    pl_pairs_whole(to, "new_users", activated.of);
    pl_pairs_whole(to, "activated", activated.n);
    pl_pairs_double(to, "activated_share", ratio(activated.n, activated.of));
    pl_pairs_whole(to, "to_value.new_users", time.new_units);
    pl_pairs_whole(to, "to_value.users", time.n);
    pl_pairs_double(to, "to_value.median_s", time.median_s);
    pl_pairs_double(to, "to_value.p90_s", time.p90_s);
}

static void put_often(const struct pl_pairs *to, const struct pl_observed_view *view, uint32_t area, unsigned days)
{
    char name[PL_PAIRS_NAME_BYTES];

    for (unsigned j = 1; j <= days; j++) {
        struct pl_share often = pl_value_often(area, view->sums, view->judged_us, days, j);

        pl_pairs_whole(to, name_of(name, "%ud.value_days.%u", days, j), often.n);
        pl_pairs_double(to, name_of(name, "%ud.value_days_share.%u", days, j), ratio(often.n, often.of));
    }
}

static void put_weeks(const struct pl_pairs *to, const struct pl_observed_view *view, uint32_t area)
{
    for (unsigned back = 0; back < PL_OBSERVED_WEEKS; back++) {
        struct pl_value_week week = pl_value_week(area, view->sums, view->judged_us, back);
        const struct {
            const char *what;
            int64_t value;
        } counts[] = {{"active", week.active},  {"value_events", week.events}, {"users", week.units},
                      {"new", week.fresh},      {"recurring", week.recurring}, {"resurrected", week.resurrected},
                      {"dormant", week.dormant}};
        char name[PL_PAIRS_NAME_BYTES], monday[PL_STAMP_BYTES];

        pl_stamp_format(week.monday_us, monday);
        for (size_t at = 0; at < sizeof(counts) / sizeof(*counts); at++)
            pl_pairs_whole(to, name_of(name, "week.%.10s.%s", monday, counts[at].what), counts[at].value);
        pl_pairs_double(to, name_of(name, "week.%.10s.value_per_active", monday), ratio(week.events, week.active));
    }
}

static void put_cohorts(const struct pl_pairs *to, const struct pl_observed_view *view, uint32_t area)
{
    for (unsigned back = 0; back < PL_OBSERVED_COHORTS; back++) {
        struct pl_value_cohort cohort = pl_value_cohort(area, view->sums, view->judged_us, back);
        char name[PL_PAIRS_NAME_BYTES], monday[PL_STAMP_BYTES];

        pl_stamp_format(cohort.monday_us, monday);
        pl_pairs_whole(to, name_of(name, "cohort.%.10s.users", monday), cohort.units);
        pl_pairs_whole(to, name_of(name, "cohort.%.10s.weeks_over", monday), cohort.closed);
        for (unsigned k = 1; k <= PL_VALUE_WEEKS_MAX && k <= cohort.closed + 1; k++)
            pl_pairs_whole(to, name_of(name, "cohort.%.10s.week%u%s", monday, k, k > cohort.closed ? "_so_far" : ""),
                           cohort.kept[k]);
    }
}

static void put_retention(const struct pl_pairs *to, const struct pl_observed_view *view, uint32_t area)
{
    char name[PL_PAIRS_NAME_BYTES];

    for (unsigned k = 1; k <= PL_VALUE_WEEKS_MAX; k++) {
        struct pl_share kept = pl_value_retention(area, view->sums, view->judged_us, k);

        pl_pairs_double(to, name_of(name, "retention.%u", k), ratio(kept.n, kept.of));
    }
}

static void put_taken(const struct pl_pairs *to, const struct pl_observed_view *view, uint32_t area)
{
    char name[PL_PAIRS_NAME_BYTES];

    for (unsigned at = 0; at < view->standing->derive.n; at++) {
        uint32_t metric = view->standing->derive.of[at].metric;

        pl_pairs_double(to, name_of(name, "taken_per_active.%s", view->rules->metrics[metric].id),
                        pl_derive_rate(area, metric, view->sums, view->judged_us));
    }
}

void pl_observed_text_value(const struct pl_observed_view *view, uint32_t area, pl_pairs_fn emit, void *ctx)
{
    const struct pl_pairs to = {emit, ctx};

    pl_pairs_text(&to, "area", view->rules->areas[area].id);
    pl_pairs_time(&to, "judged", view->judged_us);
    pl_pairs_whole(&to, "7d.active", pl_value_often(area, view->sums, view->judged_us, 7, 1).of);
    pl_pairs_whole(&to, "28d.active", pl_value_often(area, view->sums, view->judged_us, 28, 1).of);
    put_breadth(&to, view, area);
    put_taken(&to, view, area);
    if (view->rules->areas[area].value_events.n == 0)
        return;
    put_start(&to, view, area);
    pl_pairs_double(&to, "value_per_active", pl_value_rate(area, view->sums, view->judged_us));
    put_often(&to, view, area, 7);
    put_often(&to, view, area, 28);
    put_retention(&to, view, area);
    put_weeks(&to, view, area);
    put_cohorts(&to, view, area);
}
