/* Results of the engine, as the public header gives them. */
#include "app/plateau_internal.h"

#include "codec/alert_doc.h"
#include "codec/area_text.h"
#include "codec/balance_text.h"
#include "codec/funnel_text.h"
#include "codec/objective_text.h"
#include "codec/observed_text.h"
#include "util/stamp.h"

#include <stdio.h>
#include <string.h>

static void report_row(const struct pl_plateau *plateau, const struct pl_row *row)
{
    const struct pl_plateau_result out = {
        .id = row->id,
        .area = plateau->conf->rules->areas[row->area].id,
        .excluded = pl_exclusion_name(row->excluded),
        .time_us = row->time_us,
        .tick_us = row->tick_us,
        .effect = row->effect,
        .se = row->se,
        .early = row->early,
        .shipped = row->shipped,
    };

    plateau->setup.result(plateau->setup.ctx, &out);
}

static void report_point(const struct pl_plateau *plateau, const struct pl_history_point *point, int64_t tick_us)
{
    const struct pl_plateau_point out = {
        .area = plateau->conf->rules->areas[point->area].id,
        .state = pl_programme_state_name(point->state),
        .changed = point->changed,
        .n = point->n,
        .time_us = point->time_us,
        .tick_us = tick_us,
        .flat = point->e_flat,
        .level = point->level,
        .down = point->down,
        .up = point->up,
        .yield = point->e_yield,
        .effect = point->effect,
        .se = point->se,
    };

    plateau->setup.point(plateau->setup.ctx, &out);
}

static void report_edge(const struct pl_plateau *plateau, const struct pl_area_edge *edge)
{
    const struct pl_alert_doc doc = {
        .instance = plateau->conf->instance,
        .area = &plateau->conf->rules->areas[edge->area],
        .edge = &edge->edge,
        .advice = pl_judge_advice(plateau->judge, edge->area),
        .state = pl_judge_area(plateau->judge, edge->area),
        .rules = plateau->conf->rules,
        .standing = pl_judge_standing(plateau->judge, edge->area),
    };
    struct pl_buf json = {0};
    char id[33];

    pl_alert_doc_id(&doc, id);
    pl_alert_doc_write(&doc, &json);
    const struct pl_plateau_alert out = {
        .id = id,
        .area = doc.area->id,
        .status = pl_alert_status_name(edge->edge.status),
        .verdict = pl_verdict_name(edge->edge.verdict),
        .tick_us = edge->edge.tick_us,
        .json = pl_buf_ok(&json) && json.ptr ? json.ptr : "",
    };
    plateau->setup.alert(plateau->setup.ctx, &out);
    pl_buf_fini(&json);
}

void pl_plateau_report(struct pl_plateau *plateau, const struct pl_judgement *judgement)
{
    const struct pl_ledger *ledger = pl_judge_ledger(plateau->judge);

    for (size_t at = judgement->first_row; plateau->setup.result && at < judgement->first_row + judgement->n_rows; at++)
        if (ledger->rows[at].kind == PL_ROW_RESULT)
            report_row(plateau, &ledger->rows[at]);
    for (size_t at = 0; plateau->setup.point && at < judgement->n_points; at++)
        report_point(plateau, &judgement->points[at], judgement->tick_us);
    for (size_t at = 0; plateau->setup.alert && at < judgement->n_edges; at++)
        report_edge(plateau, &judgement->edges[at]);
}

unsigned pl_plateau_areas(const struct pl_plateau *plateau)
{
    return plateau->conf->rules->n_areas;
}

const char *pl_plateau_area_id(const struct pl_plateau *plateau, unsigned area)
{
    return plateau->conf->rules->areas[area].id;
}

void pl_plateau_area(struct pl_plateau *plateau, unsigned area,
                     void (*visit)(void *ctx, const char *name, const char *value), void *ctx)
{
    const struct pl_area_view view = {
        .rule = &plateau->conf->rules->areas[area],
        .state = pl_judge_area(plateau->judge, area),
        .advice = pl_judge_advice(plateau->judge, area),
        .standing = pl_judge_standing(plateau->judge, area),
        .ledger = pl_judge_ledger(plateau->judge),
        .area = area,
        .judged_us = plateau->judged_us,
        .rules = plateau->conf->rules,
    };

    pl_area_text(&view, visit, ctx);
}

unsigned pl_plateau_funnels(const struct pl_plateau *plateau)
{
    return plateau->conf->rules->n_funnels;
}

const char *pl_plateau_funnel_id(const struct pl_plateau *plateau, unsigned funnel)
{
    return plateau->conf->rules->funnels[funnel].id;
}

void pl_plateau_funnel(const struct pl_plateau *plateau, unsigned funnel,
                       void (*visit)(void *ctx, const char *name, const char *value), void *ctx)
{
    if (plateau->judged_us != PL_TIME_NONE)
        pl_funnel_text(plateau->judge, funnel, plateau->judged_us, visit, ctx);
}

static struct pl_observed_view observed(const struct pl_plateau *plateau, uint32_t area)
{
    return (struct pl_observed_view){
        .rules = plateau->conf->rules,
        .sums = pl_judge_sums(plateau->judge),
        .standing = pl_judge_standing(plateau->judge, area),
        .judged_us = plateau->judged_us,
    };
}

unsigned pl_plateau_features(const struct pl_plateau *plateau)
{
    return plateau->conf->rules->n_features;
}

const char *pl_plateau_feature_id(const struct pl_plateau *plateau, unsigned feature)
{
    return plateau->conf->rules->features[feature].id;
}

void pl_plateau_feature(const struct pl_plateau *plateau, unsigned feature,
                        void (*visit)(void *ctx, const char *name, const char *value), void *ctx)
{
    struct pl_observed_view view = observed(plateau, plateau->conf->rules->features[feature].area);

    if (plateau->judged_us != PL_TIME_NONE)
        pl_observed_text_feature(&view, feature, visit, ctx);
}

bool pl_plateau_has_value(const struct pl_plateau *plateau, unsigned area)
{
    return pl_rules_observed(plateau->conf->rules, area);
}

void pl_plateau_value(const struct pl_plateau *plateau, unsigned area,
                      void (*visit)(void *ctx, const char *name, const char *value), void *ctx)
{
    struct pl_observed_view view = observed(plateau, area);

    if (plateau->judged_us != PL_TIME_NONE)
        pl_observed_text_value(&view, area, visit, ctx);
}

unsigned pl_plateau_objectives(const struct pl_plateau *plateau)
{
    return plateau->conf->rules->n_objectives;
}

const char *pl_plateau_objective_id(const struct pl_plateau *plateau, unsigned objective)
{
    return plateau->conf->rules->objectives[objective].id;
}

void pl_plateau_objective(const struct pl_plateau *plateau, unsigned objective,
                          void (*visit)(void *ctx, const char *name, const char *value), void *ctx)
{
    const struct pl_rules *rules = plateau->conf->rules;
    uint32_t area = rules->objectives[objective].area;
    struct pl_objective one;

    if (plateau->judged_us == PL_TIME_NONE)
        return;
    one = pl_objective_read(&pl_judge_standing(plateau->judge, area)->objectives, rules, objective,
                            pl_judge_sums(plateau->judge), plateau->judged_us);
    pl_objective_text(&one, rules->areas[area].id, plateau->judged_us, visit, ctx);
}

bool pl_plateau_balance(struct pl_plateau *plateau, unsigned area,
                        void (*visit)(void *ctx, const char *name, const char *value), void *ctx)
{
    struct pl_balance balance;

    if (pl_balance_of(pl_judge_ledger(plateau->judge), area, plateau->judged_us, &balance, NULL))
        return false;
    pl_balance_text(&balance, pl_judge_area(plateau->judge, area), visit, ctx);
    return true;
}

static void name_subject(const struct pl_rules *rules, const struct pl_sums *sums, const struct pl_cell *cell,
                         struct pl_plateau_sum *sum)
{
    const struct pl_cell_key *key = &cell->key;
    enum pl_cell_subject subject = pl_cell_info(key->kind)->subject;

    if (subject == PL_OF_EXPERIMENT) {
        sum->subject = sums->experiments[key->subject].name;
        if (pl_cell_has_variant(key->kind))
            sum->arm = sums->experiments[key->subject].variants[key->arm];
        return;
    }
    sum->subject = pl_rules_id(rules, subject, key->subject);
    sum->index = key->arm;
    if (subject == PL_OF_FUNNEL)
        sum->arm = pl_names_text(rules->actions, rules->funnels[key->subject].steps[key->arm]);
}

static void name_detail(const struct pl_rules *rules, const struct pl_cell *cell, struct pl_plateau_sum *sum)
{
    uint32_t detail = cell->key.metric;

    sum->detail = detail;
    switch (pl_cell_info(cell->key.kind)->detail) {
    case PL_BY_NONE:
        break;
    case PL_BY_METRIC:
        sum->metric = rules->metrics[detail].id;
        sum->detail = 0;
        break;
    case PL_BY_PLAIN:
        if (cell->key.kind == PL_CELL_SEGMENT)
            sum->index = detail;
        break;
    case PL_BY_METRIC_BUCKET:
        sum->metric = rules->metrics[detail & 0xffff].id;
        sum->detail = detail >> 16;
        break;
    case PL_BY_PAIR:
        sum->metric = rules->metrics[(detail & 0xffff) / 2].id;
        sum->other = rules->metrics[(detail >> 16) / 2].id;
        sum->detail = (detail & 1) | (detail >> 16 & 1) << 1;
        break;
    }
}

bool pl_plateau_sum(const struct pl_plateau *plateau, size_t index, struct pl_plateau_sum *sum)
{
    const struct pl_rules *rules = plateau->conf->rules;
    const struct pl_sums *sums = pl_judge_sums(plateau->judge);
    const struct pl_cell *cell;
    char number[PL_CELL_WIDE_BYTES];

    if (index >= sums->n_cells)
        return false;
    cell = &sums->cells[index];
    *sum = (struct pl_plateau_sum){.kind = pl_cell_info(cell->key.kind)->name,
                                   .arm = "",
                                   .metric = "",
                                   .other = "",
                                   .pane = cell->key.pane,
                                   .n = cell->n,
                                   .sum = cell->sum};
    snprintf(sum->sum_of_squares, sizeof(sum->sum_of_squares), "%s", pl_cell_wide(cell->sum2, number));
    name_subject(rules, sums, cell, sum);
    name_detail(rules, cell, sum);
    return true;
}

bool pl_plateau_count(const struct pl_plateau *plateau, unsigned index, const char **name, uint64_t *count)
{
    static const char *const names[] = {"records", "control", "events", "unmatched", "late", "mixed"};
    const unsigned n = sizeof(names) / sizeof(*names);
    struct pl_shard_stats stats;

    pl_shard_stats(plateau->shard, &stats);
    if (index < n) {
        const uint64_t counts[] = {plateau->n_records, plateau->n_control, stats.accepted,
                                   stats.unmatched,    stats.late,         stats.mixed};

        *name = names[index];
        *count = counts[index];
        return true;
    }
    if (index - n + 1 >= PL_REJECT_COUNT)
        return false;
    *name = pl_reject_name((enum pl_reject)(index - n + 1));
    *count = plateau->rejected[index - n + 1];
    return true;
}
