/* The weekly digest: what an owner's areas did, as one more entry of the stream of alerts.
 *
 * Told once for each Monday 00:00 UTC (event time) and owner, with the transaction that judges that Monday or later;
 * the Monday is kept in `meta` with it, so a digest is neither lost nor repeated. Only the Monday of the present week
 * is told, by the wall clock: who catches up with a year is not sent fifty of them, and nobody wants last month's.
 * While history is imported into one of the owner's areas, that owner is told nothing.
 */
#include "app/command.h"
#include "app/evaluator_internal.h"

#include "adapter/clock.h"
#include "codec/digest.h"
#include "codec/keys.h"
#include "util/stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fill_features(struct pl_digest_area *out, const struct pl_evaluator *ev, const struct pl_standing *standing)
{
    const struct pl_adoption_looks *looks = &standing->adoption;

    out->has_features = looks->last_us != PL_TIME_NONE;
    out->delivered_share = looks->share;
    for (unsigned at = 0; at < looks->n_gaps && out->n_features < PL_DIGEST_FEATURES_MAX; at++)
        out->features[out->n_features++] = (struct pl_digest_feature){
            ev->conf->rules->features[looks->gaps[at].feature].id, looks->gaps[at].kinds, looks->gaps[at].counts};
}

static void fill_objectives(struct pl_digest_area *out, const struct pl_evaluator *ev, uint32_t area,
                            const struct pl_standing *standing)
{
    const struct pl_rules *rules = ev->conf->rules;

    for (uint32_t at = 0; at < rules->n_objectives && out->n_objectives < PL_OBJECTIVE_STARTS_MAX; at++)
        if (rules->objectives[at].area == area)
            out->objectives[out->n_objectives++] =
                pl_objective_read(&standing->objectives, rules, at, pl_judge_sums(ev->judge), ev->judged_us);
}

/* Results judged above from_us and up to to_us. Ticks of the ledger rise. */
static void count_results(struct pl_digest_area *out, const struct pl_ledger *ledger, uint32_t area,
                          const struct pl_digest *week)
{
    for (size_t at = ledger->n; at > 0; at--) {
        const struct pl_row *row = &ledger->rows[at - 1];

        if (row->tick_us <= week->from_us)
            return;
        if (row->kind == PL_ROW_RESULT && row->area == area && row->tick_us <= week->to_us)
            pl_digest_take(out, row->excluded, row->effect, row->se);
    }
}

static void fill_area(struct pl_digest_area *out, struct pl_evaluator *ev, uint32_t area, const struct pl_digest *week)
{
    const struct pl_standing *standing = pl_judge_standing(ev->judge, area);

    *out = (struct pl_digest_area){
        .rule = &ev->conf->rules->areas[area],
        .advice = pl_judge_advice(ev->judge, area),
        .state = pl_judge_area(ev->judge, area),
        .firing = standing->alert.firing,
        .since_us = standing->alert.firing ? standing->alert.starts_us : PL_TIME_NONE,
        .measured = ev->conf->rules->areas[area].value_events.n > 0,
        .value = pl_value_trend(&standing->value),
        .events = standing->value.events,
    };
    if (standing->told.tick_us > week->from_us && standing->told.tick_us <= week->to_us)
        out->edges[out->n_edges++] = standing->told;
    fill_features(out, ev, standing);
    fill_objectives(out, ev, area, standing);
    count_results(out, pl_judge_ledger(ev->judge), area, week);
}

static void publish(struct pl_evaluator *ev, const struct pl_digest *digest)
{
    char id[33];
    const struct eval_alert alert = {
        .id = id,
        .status = "digest",
        .name = "WeeklyDigest",
        .area = "",
        .owner = digest->owner,
        .severity = "info",
    };
    struct pl_buf json = {0};

    pl_digest_id(digest, id);
    pl_digest_write(digest, &json);
    if (pl_evaluator_alert(ev, &alert, &json))
        pl_log(PL_LOG_INFO, "event=digest owner=%s areas=%u id=%s", *digest->owner ? digest->owner : "-",
               digest->n_areas, id);
}

/* The areas of the owner of `first`, when that is its first one; 0: told already, or history is being imported. */
static unsigned fill_owner(struct pl_evaluator *ev, uint32_t first, const struct pl_digest *week,
                           struct pl_digest_area *areas)
{
    const struct pl_rules *rules = ev->conf->rules;
    unsigned n = 0;

    for (uint32_t area = 0; area < rules->n_areas; area++) {
        if (strcmp(rules->areas[area].owner, rules->areas[first].owner) != 0)
            continue;
        if (area < first || pl_judge_standing(ev->judge, area)->alert.in_history)
            return 0;
        fill_area(&areas[n++], ev, area, week);
    }
    return n;
}

void pl_evaluator_tell_week(struct pl_evaluator *ev)
{
    struct pl_digest week = {.instance = ev->conf->instance};
    struct pl_digest_area *areas;

    if (!ev->conf->alert_digest || ev->judged_us == PL_TIME_NONE)
        return;
    week.to_us = pl_stamp_monday(ev->judged_us);
    week.from_us = week.to_us - PL_WEEK_US;
    if (week.to_us <= ev->digest_us || week.to_us < pl_stamp_monday(pl_clock_wall_us()))
        return;
    areas = calloc(ev->conf->rules->n_areas, sizeof(*areas));
    if (!areas)
        return; /* with a later commit */
    for (uint32_t area = 0; area < ev->conf->rules->n_areas; area++) {
        week.owner = ev->conf->rules->areas[area].owner;
        week.areas = areas;
        week.n_areas = fill_owner(ev, area, &week, areas);
        if (week.n_areas > 0)
            publish(ev, &week);
    }
    ev->digest_us = week.to_us;
    free(areas);
}
