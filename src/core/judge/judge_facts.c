/* What the judge knows by name: which records it has taken, and what the ledger says about an experiment. Every
 * question is one lookup, so a tick costs the same after ten thousand results as after ten.
 */
#include "core/judge/judge_internal.h"

#include "util/stamp.h"

#include <inttypes.h>
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

struct judge_fact *pl_judge_fact(const struct pl_judge *judge, const char *name)
{
    uint32_t at = pl_names_find(judge->names, pl_span_of(name));

    return at == PL_NAMES_NONE ? NULL : &judge->facts[at];
}

static bool make_room(struct pl_judge *judge)
{
    size_t cap = judge->cap_facts ? judge->cap_facts * 2 : 64;
    struct judge_fact *grown;

    if (pl_names_count(judge->names) < judge->cap_facts)
        return true;
    grown = realloc(judge->facts, cap * sizeof(*grown));
    if (!grown)
        return false;
    judge->facts = grown;
    judge->cap_facts = cap;
    return true;
}

struct judge_fact *pl_judge_fact_made(struct pl_judge *judge, const char *name)
{
    uint32_t n = pl_names_count(judge->names), at;

    if (!make_room(judge))
        return NULL;
    at = pl_names_add(judge->names, pl_span_of(name));
    if (at == PL_NAMES_NONE)
        return NULL;
    if (at == n)
        judge->facts[at] = (struct judge_fact){
            .life = {.started_us = PL_TIME_NONE, .ended_us = PL_TIME_NONE, .cost = 1, .area = PL_RULES_NONE},
            .told_area = PL_RULES_NONE,
            .rule_area = PL_RULES_NONE,
            .declared = PL_RULES_NONE,
        };
    return &judge->facts[at];
}

static void live(struct judge_life *life, const struct pl_row *row)
{
    if (life->work == PL_WORK_GROWTH)
        life->work = row->work;
    if (life->area == PL_RULES_NONE)
        life->area = row->area;
    if (!(life->cost < 1) && !(life->cost > 1))
        life->cost = row->cost;
    life->shipped = life->shipped || row->state == PL_SHIPPED;
    if (row->state == PL_STARTED && life->started_us == PL_TIME_NONE)
        life->started_us = row->time_us;
    if (row->state != PL_STARTED && life->ended_us == PL_TIME_NONE)
        life->ended_us = row->time_us;
}

enum pl_status pl_judge_note(struct pl_judge *judge, const struct pl_row *row, struct pl_err *err)
{
    struct judge_fact *fact;

    if (row->kind != PL_ROW_RESULT && row->kind != PL_ROW_LIFECYCLE)
        return PL_OK;
    fact = pl_judge_fact_made(judge, row->kind == PL_ROW_RESULT ? row->id : row->experiment);
    if (!fact)
        return pl_err_set(err, PL_ERR_FULL, "more than %d experiments and results", JUDGE_ENTERED_MAX);
    if (row->kind == PL_ROW_RESULT && fact->row == 0)
        fact->row = judge->ledger.n;
    if (row->kind != PL_ROW_LIFECYCLE)
        return PL_OK;
    live(&fact->life, row);
    if (fact->told_area == PL_RULES_NONE)
        fact->told_area = row->area;
    return PL_OK;
}

enum pl_status pl_judge_place(struct pl_judge *judge, struct pl_err *err)
{
    unsigned n = judge->sums.n_experiments;
    uint32_t *grown = realloc(judge->fact_of_sums, (n ? n : 1) * sizeof(*grown));

    if (!grown)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for %u experiments", n);
    judge->fact_of_sums = grown;
    for (unsigned at = 0; at < n; at++) {
        struct pl_span name = pl_span_of(judge->sums.experiments[at].name);
        struct judge_fact *fact = pl_judge_fact_made(judge, name.ptr);

        if (!fact)
            return pl_err_set(err, PL_ERR_FULL, "more than %d experiments and results", JUDGE_ENTERED_MAX);
        if (!fact->placed) {
            fact->rule_area = pl_rules_area_of(judge->rules, name);
            fact->declared = pl_rules_find_experiment(judge->rules, name);
            fact->placed = true;
        }
        grown[at] = (uint32_t)(fact - judge->facts);
    }
    return PL_OK;
}
