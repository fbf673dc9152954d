/* What was written of each experiment, as a hash of all that it was made of: equal hashes, equal figures.
 */
#include "app/evaluator_internal.h"

#include "util/hash.h"
#include "util/stamp.h"

#include <stdlib.h>
#include <string.h>

#define EXPERIMENTS_MAX 1000000

void pl_evaluator_forget_shown(struct pl_evaluator *ev)
{
    pl_names_free(ev->shown.names);
    free(ev->shown.hashes);
    ev->shown = (struct eval_shown){0};
}

_Static_assert(sizeof(struct pl_cell) == sizeof(struct pl_cell_key) + 2 * sizeof(int64_t) + sizeof(pl_int128),
               "cells are hashed as they stand: without gaps");

static void mix(uint64_t *hash, const void *bytes, size_t len)
{
    *hash = pl_hash_long(*hash, (struct pl_span){bytes, len});
}

/* The last day that is mature for each metric of the area; returns the last of them. */
static int32_t mix_windows(const struct pl_evaluator *ev, uint32_t area, uint64_t *hash)
{
    int32_t last = INT32_MIN;

    for (uint32_t at = 0; at < ev->conf->rules->n_metrics; at++) {
        const struct pl_metric_rule *metric = &ev->conf->rules->metrics[at];
        int32_t day;

        if (metric->area != area)
            continue;
        day = (int32_t)(pl_stamp_floor(ev->judged_us - metric->window_us, PL_DAY_US) / PL_DAY_US) - 1;
        mix(hash, &day, sizeof(day));
        last = day > last ? day : last;
    }
    return last;
}

/* Cells stand in the order of their panes: the mature ones come first. */
static void mix_cells(const struct pl_sums *sums, unsigned kind, unsigned index, int32_t last, uint64_t *hash)
{
    const struct pl_cell_key first = {.kind = (uint16_t)kind, .subject = index, .pane = INT32_MIN};
    const struct pl_cell_key end = {.kind = (uint16_t)kind, .subject = index, .pane = last + 1};
    size_t from = pl_sums_at(sums, &first), to = pl_sums_at(sums, &end);

    mix(hash, sums->cells + from, (to - from) * sizeof(*sums->cells));
}

static uint64_t hash_of(const struct pl_evaluator *ev, unsigned index, const struct pl_experiment_view *view)
{
    static const unsigned kinds[] = {PL_CELL_EXPOSED, PL_CELL_METRIC, PL_CELL_BEFORE, PL_CELL_CROSS, PL_CELL_TIME};
    const struct pl_sums *sums = pl_judge_sums(ev->judge);
    const struct pl_sums_experiment *experiment = &sums->experiments[index];
    uint64_t hash = ev->conf->rules->hash;
    int32_t last;

    mix(&hash, &view->area, sizeof(view->area));
    mix(&hash, &view->control, sizeof(view->control));
    mix(&hash, &view->start_us, sizeof(view->start_us));
    for (unsigned v = 0; v < experiment->n_variants; v++)
        mix(&hash, experiment->variants[v], strlen(experiment->variants[v]) + 1);
    last = mix_windows(ev, view->area, &hash);
    for (size_t at = 0; at < sizeof(kinds) / sizeof(*kinds); at++)
        mix_cells(sums, kinds[at], index, last, &hash);
    return hash;
}

/* A table that is full, or memory that is out, costs time and nothing else. */
static uint64_t *slot_of(struct eval_shown *shown, const char *experiment, bool *known)
{
    uint32_t n, at, cap = shown->cap ? 2 * shown->cap : 64;
    uint64_t *grown;

    if (!shown->names)
        shown->names = pl_names_new(EXPERIMENTS_MAX);
    if (!shown->names)
        return NULL;
    n = pl_names_count(shown->names);
    if (n == shown->cap) {
        grown = realloc(shown->hashes, cap * sizeof(*grown));
        if (!grown)
            return NULL;
        shown->hashes = grown;
        shown->cap = cap;
    }
    at = pl_names_add(shown->names, pl_span_of(experiment));
    *known = at < n;
    return at == PL_NAMES_NONE ? NULL : &shown->hashes[at];
}

bool pl_evaluator_shown(struct pl_evaluator *ev, unsigned index, const struct pl_experiment_view *view)
{
    uint64_t hash = hash_of(ev, index, view);
    bool known = false, same;
    uint64_t *slot = slot_of(&ev->shown, pl_judge_sums(ev->judge)->experiments[index].name, &known);

    if (!slot)
        return false;
    same = known && *slot == hash;
    *slot = hash;
    return same;
}
