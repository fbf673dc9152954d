#include "core/judge/judge_internal.h"

#include "util/stamp.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define POLICY_ENTRIES 8u

static void advise(struct pl_judge *judge, uint32_t area, int64_t tick_us);

struct pl_judge *pl_judge_new(const struct pl_rules *rules, int64_t alert_min_interval_us)
{
    struct pl_judge *judge = calloc(1, sizeof(*judge));
    unsigned n = rules->n_areas ? rules->n_areas : 1;

    if (!judge)
        return NULL;
    judge->rules = rules;
    judge->min_interval_us = alert_min_interval_us;
    judge->input = (struct judge_input){.since_us = PL_TIME_NONE, .judged_us = PL_TIME_NONE};
    judge->programme = pl_programme_new(rules);
    judge->areas = calloc(n, sizeof(*judge->areas));
    judge->entered = pl_names_new(JUDGE_ENTERED_MAX);
    judge->names = pl_names_new(JUDGE_ENTERED_MAX);
    judge->edges = calloc((size_t)n * PL_ALERT_EDGES_MAX, sizeof(*judge->edges));
    judge->changes = calloc(n, sizeof(*judge->changes));
    if (!judge->programme || !judge->areas || !judge->entered || !judge->names || !judge->edges || !judge->changes) {
        pl_judge_free(judge);
        return NULL;
    }
    for (unsigned a = 0; a < rules->n_areas; a++) {
        judge->areas[a].standing.alert = pl_alert_state_init();
        judge->areas[a].standing.looks = pl_looks_init();
        pl_judge_observe_init(rules, a, &judge->areas[a].standing);
        judge->areas[a].policy = PL_NAN;
        advise(judge, a, 0);
    }
    return judge;
}

void pl_judge_free(struct pl_judge *judge)
{
    if (!judge)
        return;
    free(judge->changes);
    free(judge->edges);
    free(judge->points);
    free(judge->facts);
    pl_names_free(judge->names);
    pl_names_free(judge->entered);
    free(judge->fact_of_sums);
    pl_sums_fini(&judge->sums);
    free(judge->docket);
    free(judge->areas);
    pl_programme_free(judge->programme);
    pl_ledger_fini(&judge->ledger);
    free(judge);
}

static void note_policy(struct pl_judge *judge, const struct pl_row *row)
{
    if (row->kind != PL_ROW_POLICY)
        return;
    judge->areas[row->area].policy = row->smallest_return;
    judge->areas[row->area].policy_known = true;
}

/* Into the ledger, the facts and the programme. *n changes of state follow from it. */
static enum pl_status keep_row(struct pl_judge *judge, const struct pl_row *row, unsigned *n, struct pl_err *err)
{
    enum pl_status status = pl_ledger_append(&judge->ledger, row, err);

    if (!status)
        status = pl_judge_remember(judge, row, err);
    if (!status)
        status = pl_judge_note(judge, row, err);
    if (!status)
        status = pl_programme_feed(judge->programme, row, judge->changes, judge->rules->n_areas, n, err);
    note_policy(judge, row);
    return status;
}

enum pl_status pl_judge_restore_row(struct pl_judge *judge, const struct pl_row *row, struct pl_err *err)
{
    unsigned n;

    if (row->area >= judge->rules->n_areas)
        return PL_OK; /* of an area that is not configured any more: kept in the store, judged by nobody */
    return keep_row(judge, row, &n, err);
}

static bool add_point(struct pl_judge *judge, const struct pl_history_point *point)
{
    if (judge->n_points == judge->cap_points) {
        size_t cap = judge->cap_points ? judge->cap_points * 2 : 64;
        struct pl_history_point *grown = realloc(judge->points, cap * sizeof(*grown));

        if (!grown)
            return false;
        judge->points = grown;
        judge->cap_points = cap;
    }
    judge->points[judge->n_points++] = *point;
    return true;
}

static bool point_of(struct pl_judge *judge, uint32_t area, const struct pl_row *row, bool changed)
{
    const struct pl_area_state *state = pl_programme_peek(judge->programme, area);
    bool own = row->area == area && row->kind == PL_ROW_RESULT;
    const struct pl_history_point point = {
        .area = area,
        .n = state->n,
        .time_us = row->time_us,
        .state = state->state,
        .changed = changed,
        .e_flat = state->e_flat,
        .level = state->level,
        .down = state->down,
        .up = state->up,
        .e_yield = state->e_yield,
        .effect = own ? row->effect : PL_NAN,
        .se = own ? row->se : PL_NAN,
    };

    return add_point(judge, &point);
}

/* Put one row into the ledger and step every area's programme by it. */
static enum pl_status enter(struct pl_judge *judge, const struct pl_row *row, struct pl_err *err)
{
    unsigned epoch = pl_programme_peek(judge->programme, row->area)->epoch, n;
    enum pl_status status = keep_row(judge, row, &n, err);
    struct judge_area *area = &judge->areas[row->area];
    bool own = false, ok = true;

    if (status)
        return status;
    for (unsigned at = 0; at < n; at++) {
        ok = ok && point_of(judge, judge->changes[at].area, row, true);
        own = own || judge->changes[at].area == row->area;
    }
    if (!own && row->kind == PL_ROW_RESULT && row->excluded == PL_ENTERED)
        ok = ok && point_of(judge, row->area, row, false);
    if (row->kind == PL_ROW_RESULT)
        area->standing.alert.in_history = row->history;
    if (pl_programme_peek(judge->programme, row->area)->epoch != epoch) {
        pl_looks_restart(&area->standing.looks, row->time_us);
        pl_judge_observe_restart(&area->standing, row->time_us);
    }
    return ok ? PL_OK : pl_err_set(err, PL_ERR_NOMEM, "no memory for history");
}

/* What may become a row of this tick. An experiment is measured when its turn comes, not before: its baseline is that
 * of the ones that entered before it. */
struct candidate {
    struct pl_row row;
    uint32_t index; /* of the experiment in the sums; PL_RULES_NONE: a record of the docket */
};

static bool is_quarter(const struct pl_row *row)
{
    return row->kind == PL_ROW_RESULT && row->work == PL_WORK_HOLDOUT;
}

/* Ledger order within a tick: time, launches first, quarters of a holdout after what ended with them, then id (design
 * 6.3). */
static int row_order(const void *a, const void *b)
{
    const struct pl_row *x = &((const struct candidate *)a)->row, *y = &((const struct candidate *)b)->row;

    if (x->time_us != y->time_us)
        return x->time_us < y->time_us ? -1 : 1;
    if ((x->kind == PL_ROW_EPOCH) != (y->kind == PL_ROW_EPOCH))
        return x->kind == PL_ROW_EPOCH ? -1 : 1;
    if (is_quarter(x) != is_quarter(y))
        return is_quarter(y) ? -1 : 1;
    if (strcmp(x->id, y->id) != 0)
        return strcmp(x->id, y->id);
    return strcmp(x->experiment, y->experiment);
}

static size_t take_docket(struct pl_judge *judge, int64_t tick_us, struct candidate *rows)
{
    size_t kept = 0, n = 0;

    for (size_t at = 0; at < judge->n_docket; at++) {
        struct docket_item *item = &judge->docket[at];

        if (item->place_us >= tick_us) {
            judge->docket[kept++] = *item;
        } else if (item->is_history_end) {
            judge->areas[item->row.area].history_ended = true;
        } else {
            item->row.tick_us = tick_us;
            rows[n++] = (struct candidate){item->row, PL_RULES_NONE};
        }
    }
    judge->n_docket = kept;
    return n;
}

/* Does a record that was just taken from the docket bring this experiment's result? */
static bool is_among(const struct candidate *rows, size_t n, const char *experiment)
{
    for (size_t at = 0; at < n; at++)
        if (rows[at].row.kind == PL_ROW_RESULT && strcmp(rows[at].row.id, experiment) == 0)
            return true;
    return false;
}

/* Experiments of the sums that are due. Records of the docket count from their place on only: how early they were read
 * must not matter. */
static size_t take_due(const struct pl_judge *judge, int64_t tick_us, struct candidate *rows, size_t n_taken)
{
    size_t n = n_taken;

    for (unsigned at = 0; at < judge->sums.n_experiments; at++) {
        int64_t due_us = pl_judge_waits_for(judge, at);

        if (due_us == PL_TIME_NONE || due_us > tick_us || is_among(rows, n_taken, judge->sums.experiments[at].name))
            continue;
        pl_judge_row_of(judge, at, tick_us, &rows[n].row);
        rows[n++].index = at;
    }
    return n;
}

/* A result whose experiment has entered from its events meanwhile comes too late. */
static bool is_late(const struct pl_judge *judge, const struct pl_row *row)
{
    const struct judge_fact *fact = row->kind == PL_ROW_RESULT ? pl_judge_fact(judge, row->id) : NULL;

    return fact && fact->row;
}

static enum pl_status enter_one(struct pl_judge *judge, struct candidate *candidate, struct pl_err *err)
{
    if (candidate->index != PL_RULES_NONE)
        pl_judge_measure(judge, candidate->index, &candidate->row);
    return enter(judge, &candidate->row, err);
}

static enum pl_status enter_all(struct pl_judge *judge, int64_t tick_us, struct pl_err *err)
{
    size_t room = judge->n_docket + judge->sums.n_experiments;
    struct candidate *rows = calloc(room ? room : 1, sizeof(*rows));
    enum pl_status status = PL_OK;
    size_t n;

    if (!rows)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for the docket");
    n = take_docket(judge, tick_us, rows);
    /* Lifecycle steps first: they decide which experiments are due, early or shipped. */
    for (size_t at = 0; at < n && !status; at++)
        if (rows[at].row.kind == PL_ROW_LIFECYCLE)
            status = enter(judge, &rows[at].row, err);
    n = take_due(judge, tick_us, rows, n);
    qsort(rows, n, sizeof(*rows), row_order);
    for (size_t at = 0; at < n && !status; at++)
        if (rows[at].row.kind != PL_ROW_LIFECYCLE && !is_late(judge, &rows[at].row))
            status = enter_one(judge, &rows[at], err);
    free(rows);
    return status;
}

static bool same_number(double a, double b)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= 0;
}

/* A smallest return that is not the one of the last policy row dates its change (design 10): with the next tick, and
 * until then what is shown is judged by it already. Before the first row the policy is NAN, unset. */
static bool policy_changes(const struct pl_judge *judge, uint32_t a)
{
    return !same_number(judge->areas[a].policy, judge->rules->areas[a].smallest_return);
}

static enum pl_status enter_policies(struct pl_judge *judge, int64_t tick_us, struct pl_err *err)
{
    enum pl_status status = PL_OK;

    for (unsigned a = 0; a < judge->rules->n_areas && !status; a++) {
        const struct pl_area_rule *rule = &judge->rules->areas[a];
        struct pl_row row = pl_ledger_row(PL_ROW_POLICY);

        row.area = a;
        row.tick_us = tick_us;
        row.time_us = tick_us;
        row.smallest_return = rule->smallest_return;
        if (policy_changes(judge, a))
            status = enter(judge, &row, err);
    }
    return status;
}

static struct pl_facts facts_of(const struct pl_judge *judge, uint32_t a, int64_t tick_us)
{
    const struct pl_area_state *state = pl_programme_peek(judge->programme, a);

    struct pl_facts facts = {
        .programme = state->state,
        .funnel = judge->areas[a].standing.looks.verdict,
        .hollow = state->hollow,
        .holdout = state->holdout,
        .input_bad = judge->input.view.shared > 0,
        .unhealthy = state->unhealthy,
        .jackpot_ok = state->jackpot_ok,
        .dwell_ok = pl_programme_dwelt(state, tick_us),
        .once_yielding = state->once_yielding,
        .policy_new = state->policy_age < POLICY_ENTRIES || (state->n_all > 0 && policy_changes(judge, a)),
        .posterior_mean = pl_programme_lean(judge->programme, a),
    };

    pl_judge_observe_facts(judge->rules, a, &judge->areas[a].standing, &facts);
    return facts;
}

static void advise(struct pl_judge *judge, uint32_t area, int64_t tick_us)
{
    struct pl_facts facts = facts_of(judge, area, tick_us);

    judge->areas[area].advice = pl_advise(&facts);
}

static void conclude(struct pl_judge *judge, int64_t tick_us)
{
    for (unsigned a = 0; a < judge->rules->n_areas; a++) {
        struct judge_area *area = &judge->areas[a];
        uint32_t funnel = judge->rules->areas[a].funnel;
        struct pl_alert_edge edges[PL_ALERT_EDGES_MAX];
        unsigned n;

        if (funnel != PL_RULES_NONE)
            (void)pl_looks_step(&area->standing.looks, &judge->rules->funnels[funnel], funnel, &judge->sums, tick_us);
        pl_judge_observe(judge, a, tick_us, &area->standing);
        (void)pl_objective_step(&area->standing.objectives, judge->rules, a, &judge->sums, tick_us);
        if (area->history_ended)
            area->standing.alert.in_history = false;
        area->history_ended = false;
        advise(judge, a, tick_us);
        n = pl_alert_step(&area->standing.alert, &area->advice, tick_us, judge->min_interval_us, edges);
        for (unsigned at = 0; at < n; at++)
            judge->edges[judge->n_edges++] = (struct pl_area_edge){a, edges[at]};
        if (n > 0)
            area->standing.told = edges[n - 1];
    }
}

static enum pl_status keep_sums(struct pl_judge *judge, const struct pl_sums *sums, struct pl_err *err)
{
    enum pl_status status;

    if (!sums)
        return PL_OK;
    pl_sums_fini(&judge->sums);
    status = pl_sums_merge(&judge->sums, sums, err);
    return status ? status : pl_judge_place(judge, err);
}

enum pl_status pl_judge_tick(struct pl_judge *judge, int64_t tick_us, const struct pl_sums *sums,
                             struct pl_judgement *judgement, struct pl_err *err)
{
    enum pl_status status = keep_sums(judge, sums, err);
    size_t first = judge->ledger.n;
    bool input;

    judge->n_points = 0;
    judge->n_edges = 0;
    if (!status)
        status = enter_policies(judge, tick_us, err);
    if (!status)
        status = enter_all(judge, tick_us, err);
    if (status)
        return status;
    input = pl_judge_look_input(judge, tick_us);
    conclude(judge, tick_us);
    *judgement = (struct pl_judgement){
        .tick_us = tick_us,
        .first_row = first,
        .n_rows = judge->ledger.n - first,
        .n_points = judge->n_points,
        .points = judge->points,
        .n_edges = judge->n_edges,
        .edges = judge->edges,
        .input = input ? &judge->input.edge : NULL,
    };
    return PL_OK;
}

static void sooner(int64_t *due_us, int64_t candidate_us, int64_t after_us)
{
    int64_t tick;

    if (candidate_us == PL_TIME_NONE)
        return;
    tick = pl_stamp_floor(candidate_us, PL_TICK_US);
    if (tick < candidate_us)
        tick += PL_TICK_US;
    if (after_us != PL_TIME_NONE && tick <= after_us)
        return;
    if (*due_us == PL_TIME_NONE || tick < *due_us)
        *due_us = tick;
}

/* Time rules of one area. A policy that was changed takes effect at the next tick; the first one of all waits for the
 * first tick, which is a function of the logs. */
static void area_due(const struct pl_judge *judge, uint32_t a, int64_t after_us, int64_t *due_us)
{
    const struct judge_area *area = &judge->areas[a];
    const struct pl_area_state *state = pl_programme_peek(judge->programme, a);
    uint32_t funnel = judge->rules->areas[a].funnel;

    if (funnel != PL_RULES_NONE)
        sooner(due_us, pl_looks_due(&area->standing.looks, &judge->rules->funnels[funnel]), after_us);
    sooner(due_us, pl_adoption_due(&area->standing.adoption, judge->rules, a), after_us);
    sooner(due_us, pl_value_due(&area->standing.value, judge->rules, a), after_us);
    sooner(due_us, pl_derive_due(&area->standing.derive), after_us);
    sooner(due_us, pl_objective_due(&area->standing.objectives, judge->rules, a, &judge->sums, after_us), after_us);
    if (state->flat_since_us != PL_TIME_NONE && !pl_programme_dwelt(state, after_us))
        sooner(due_us, state->flat_since_us + PL_PROGRAMME_DWELL_US, after_us);
    if (area->policy_known && policy_changes(judge, a) && after_us != PL_TIME_NONE)
        sooner(due_us, pl_stamp_next_tick(after_us), after_us);
    sooner(due_us, pl_alert_due(&area->standing.alert, &area->advice, judge->min_interval_us), after_us);
}

int64_t pl_judge_due(const struct pl_judge *judge, int64_t after_us)
{
    int64_t due_us = PL_TIME_NONE;

    for (size_t at = 0; at < judge->n_docket; at++) {
        int64_t tick = pl_stamp_next_tick(judge->docket[at].place_us);

        sooner(&due_us, tick <= after_us ? after_us + PL_TICK_US : tick, after_us);
    }
    for (unsigned at = 0; at < judge->sums.n_experiments; at++)
        sooner(&due_us, pl_judge_waits_for(judge, at), after_us);
    for (unsigned a = 0; a < judge->rules->n_areas; a++)
        area_due(judge, a, after_us, &due_us);
    sooner(&due_us, pl_judge_input_ends(judge), after_us);
    return due_us;
}

/* What stood at the last judged tick: time rules may have spoken since the last row. */
void pl_judge_restore_standing(struct pl_judge *judge, uint32_t area, const struct pl_standing *standing,
                               int64_t judged_us)
{
    assert(area < judge->rules->n_areas);
    judge->areas[area].standing = *standing;
    pl_judge_observe_adapt(judge->rules, area, &judge->areas[area].standing);
    advise(judge, area, judged_us);
}

enum pl_status pl_judge_restore_sums(struct pl_judge *judge, const struct pl_sums *sums, struct pl_err *err)
{
    enum pl_status status = keep_sums(judge, sums, err);

    pl_judge_restore_view(judge);
    for (unsigned a = 0; a < judge->rules->n_areas && judge->input.view.shared; a++)
        advise(judge, a, judge->input.judged_us);
    return status;
}

const struct pl_rules *pl_judge_rules(const struct pl_judge *judge)
{
    return judge->rules;
}

const struct pl_ledger *pl_judge_ledger(const struct pl_judge *judge)
{
    return &judge->ledger;
}

const struct pl_area_state *pl_judge_area(struct pl_judge *judge, uint32_t area)
{
    return pl_programme_area(judge->programme, area);
}

const struct pl_advice *pl_judge_advice(const struct pl_judge *judge, uint32_t area)
{
    return &judge->areas[area].advice;
}

const struct pl_standing *pl_judge_standing(const struct pl_judge *judge, uint32_t area)
{
    return &judge->areas[area].standing;
}

const struct pl_sums *pl_judge_sums(const struct pl_judge *judge)
{
    return &judge->sums;
}

size_t pl_judge_docket(const struct pl_judge *judge)
{
    return judge->n_docket;
}
