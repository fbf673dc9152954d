/* The docket: control records between their arrival and their tick.
 */
#include "core/judge/judge_internal.h"

#include "util/stamp.h"

#include <stdlib.h>
#include <string.h>

static enum pl_row_kind row_kind(enum pl_control_type type)
{
    switch (type) {
    case PL_CONTROL_RESULT:
    case PL_CONTROL_HISTORY_END:
        return PL_ROW_RESULT;
    case PL_CONTROL_LIFECYCLE:
        return PL_ROW_LIFECYCLE;
    case PL_CONTROL_LAUNCH:
        break;
    }
    return PL_ROW_EPOCH;
}

static void take_figures(const struct pl_control *control, struct pl_row *row)
{
    row->effect = control->effect;
    row->se = control->se;
    row->units = control->units;
    if (control->value_se > 0) {
        row->value.effect = control->value;
        row->value.se = control->value_se;
        row->value.cov = control->value_cov;
    }
    row->arms.n = control->n_arms;
    row->arms.shared = control->shared;
    memcpy(row->arms.effect, control->arm_effect, sizeof(row->arms.effect));
    memcpy(row->arms.se, control->arm_se, sizeof(row->arms.se));
}

static struct pl_row row_of(const struct pl_control *control, uint32_t area)
{
    struct pl_row row = pl_ledger_row(row_kind(control->type));

    row.work = control->work;
    row.state = control->state;
    row.area = area;
    row.time_us = control->time_us;
    row.start_us = control->start_us;
    row.cost = control->cost;
    row.early = control->early;
    row.shipped = control->shipped;
    row.history = control->history;
    row.excluded = control->healthy ? PL_ENTERED : PL_EXCLUDED_UNHEALTHY;
    if (control->type == PL_CONTROL_RESULT)
        take_figures(control, &row);
    if (row.excluded == PL_ENTERED && control->type == PL_CONTROL_RESULT &&
        (control->work == PL_WORK_CORE || control->work == PL_WORK_HOLDOUT))
        row.excluded = PL_EXCLUDED_KIND;
    memcpy(row.id, control->id, sizeof(row.id));
    memcpy(row.experiment, control->experiment, sizeof(row.experiment));
    return row;
}

/* The record says it, or an earlier record of this experiment did, or the configuration does. */
static uint32_t area_of(const struct pl_judge *judge, const struct pl_control *control)
{
    const struct judge_fact *fact = pl_judge_fact(judge, control->experiment);

    if (control->area[0])
        return pl_rules_find_area(judge->rules, pl_span_of(control->area));
    if (fact && fact->told_area != PL_RULES_NONE)
        return fact->told_area;
    return pl_rules_area_of(judge->rules, pl_span_of(control->experiment));
}

/* Later records of an experiment need not say again where it belongs. */
static bool tell_area(struct pl_judge *judge, const struct pl_row *row)
{
    struct judge_fact *fact;

    if (row->kind != PL_ROW_LIFECYCLE)
        return true;
    fact = pl_judge_fact_made(judge, row->experiment);
    if (fact && fact->told_area == PL_RULES_NONE)
        fact->told_area = row->area;
    return fact != NULL;
}

enum pl_reject pl_judge_control(struct pl_judge *judge, const struct pl_control *control, int64_t place_us)
{
    uint32_t area = area_of(judge, control);
    struct docket_item item = {.place_us = place_us, .is_history_end = control->type == PL_CONTROL_HISTORY_END};

    if (area == PL_RULES_NONE)
        return PL_REJECT_CONTROL_AREA;
    item.row = row_of(control, area);
    if (!item.is_history_end && pl_judge_known(judge, &item.row))
        return PL_REJECT_CONTROL_REPEATED;
    if (judge->n_docket == PL_DOCKET_MAX)
        return PL_REJECT_CONTROL_FULL;
    if (judge->n_docket == judge->cap_docket) {
        size_t cap = judge->cap_docket ? judge->cap_docket * 2 : 64;
        struct docket_item *grown = realloc(judge->docket, cap * sizeof(*grown));

        if (!grown)
            return PL_REJECT_CONTROL_FULL;
        judge->docket = grown;
        judge->cap_docket = cap;
    }
    if (!item.is_history_end && (!tell_area(judge, &item.row) || pl_judge_remember(judge, &item.row, NULL)))
        return PL_REJECT_CONTROL_FULL;
    judge->docket[judge->n_docket++] = item;
    return PL_ACCEPTED;
}
