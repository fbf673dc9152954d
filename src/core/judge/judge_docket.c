/* The docket: control records between their arrival and their tick, and what makes one a repetition.
 */
#include "core/judge/judge_internal.h"

#include "util/stamp.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One text per fact: a result's first id ever wins, a lifecycle's first (experiment, state), a launch's (area, time).
 */
static struct pl_span key_of(const struct pl_row *row, char *out, size_t cap)
{
    switch (row->kind) {
    case PL_ROW_RESULT:
        snprintf(out, cap, "r:%s", row->id);
        break;
    case PL_ROW_LIFECYCLE:
        snprintf(out, cap, "l:%s:%d", row->experiment, (int)row->state);
        break;
    case PL_ROW_EPOCH:
        snprintf(out, cap, "e:%" PRIu32 ":%" PRId64, row->area, row->time_us);
        break;
    case PL_ROW_POLICY:
        snprintf(out, cap, "p:%" PRIu32 ":%" PRId64, row->area, row->tick_us);
        break;
    }
    return pl_span_of(out);
}

bool pl_judge_known(const struct pl_judge *judge, const struct pl_row *row)
{
    char text[2 * PL_NAME_BYTES + 16];

    return pl_names_find(judge->entered, key_of(row, text, sizeof(text))) != PL_NAMES_NONE;
}

enum pl_status pl_judge_remember(struct pl_judge *judge, const struct pl_row *row, struct pl_err *err)
{
    char text[2 * PL_NAME_BYTES + 16];

    if (pl_names_add(judge->entered, key_of(row, text, sizeof(text))) == PL_NAMES_NONE)
        return pl_err_set(err, PL_ERR_FULL, "the ledger holds more than %d facts", JUDGE_ENTERED_MAX);
    return PL_OK;
}

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

static struct pl_row row_of(const struct pl_control *control, uint32_t area)
{
    struct pl_row row = {
        .kind = row_kind(control->type),
        .work = control->work,
        .state = control->state,
        .area = area,
        .time_us = control->time_us,
        .start_us = control->start_us,
        .effect = control->effect,
        .se = control->se,
        .baseline = PL_NAN,
        .mean_control = PL_NAN,
        .cost = control->cost,
        .smallest_return = PL_NAN,
        .early = control->early,
        .shipped = control->shipped,
        .history = control->history,
        .excluded = control->healthy ? PL_ENTERED : PL_EXCLUDED_UNHEALTHY,
    };

    if (row.excluded == PL_ENTERED && control->type == PL_CONTROL_RESULT &&
        (control->work == PL_WORK_CORE || control->work == PL_WORK_HOLDOUT))
        row.excluded = PL_EXCLUDED_KIND;
    memcpy(row.id, control->id, sizeof(row.id));
    memcpy(row.experiment, control->experiment, sizeof(row.experiment));
    return row;
}

static uint32_t area_of(const struct pl_judge *judge, const struct pl_control *control)
{
    if (control->area[0])
        return pl_rules_find_area(judge->rules, pl_span_of(control->area));
    return pl_rules_area_of(judge->rules, pl_span_of(control->experiment));
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
    if (!item.is_history_end && pl_judge_remember(judge, &item.row, NULL))
        return PL_REJECT_CONTROL_FULL;
    judge->docket[judge->n_docket++] = item;
    return PL_ACCEPTED;
}

void pl_judge_life(const struct pl_judge *judge, const char *experiment, struct judge_life *life)
{
    *life = (struct judge_life){PL_TIME_NONE, PL_TIME_NONE, false, PL_WORK_GROWTH, PL_RULES_NONE};
    for (size_t at = 0; at < judge->ledger.n; at++) {
        const struct pl_row *row = &judge->ledger.rows[at];

        if (row->kind != PL_ROW_LIFECYCLE || strcmp(row->experiment, experiment) != 0)
            continue;
        life->work = row->work;
        life->area = row->area;
        life->shipped = life->shipped || row->state == PL_SHIPPED;
        if (row->state == PL_STARTED && life->started_us == PL_TIME_NONE)
            life->started_us = row->time_us;
        if (row->state != PL_STARTED && life->ended_us == PL_TIME_NONE)
            life->ended_us = row->time_us;
    }
}
