#include "core/count/inside.h"
#include "core/count/settle.h"
#include "core/count/snapshot.h"

/* Ticks (design 6.1, 10). F may pass many of them at once; all but a few have nothing to say. A tick matters when
 *
 *   events placed below it have not been published,
 *   it is the first at or after the end of a metric's window over a day of exposures that holds units, or of a time_to
 * metric's window over a week with times of units in it (a TIME cell with n; the week ends 7 d after its Monday): then
 * publication is due,
 *   it is the first at which a pane is not kept any more, or a `started` record counts for the first time.
 *
 * The loop goes from each such tick to the next, so empty ticks cost nothing. It stops at a tick that is published
 * until its sums are taken: there is never more than one set of them, and as nothing is settled meanwhile, they can be
 * made again after a restart. */

static int64_t ceil_tick(int64_t time_us)
{
    return pl_stamp_floor(time_us + PL_TICK_US - 1, PL_TICK_US);
}

/* The smallest candidate after a moment. */
static void consider(int64_t *best_us, int64_t tick_us, int64_t after_us)
{
    if (tick_us > after_us && tick_us < *best_us)
        *best_us = tick_us;
}

/* A day of exposures, for each metric of its experiment; a ratio has the window of its parts. */
static void consider_day(const struct pl_shard *shard, const struct pl_cell_key *key, int64_t *best_us,
                         int64_t after_us)
{
    int64_t end_us = ((int64_t)key->pane + 1) * PL_DAY_US;
    uint32_t n;
    const uint32_t *metrics = pl_plan_metrics(shard->plan, shard->registry.experiments[key->subject]->area, &n);

    for (uint32_t metric = 0; metric < n; metric++)
        consider(best_us, ceil_tick(end_us + shard->rules->metrics[metrics[metric]].window_us), after_us);
}

static void consider_week(const struct pl_shard *shard, const struct pl_cell_key *key, int64_t *best_us,
                          int64_t after_us)
{
    int64_t end_us = key->pane * PL_DAY_US + PL_WEEK_US;

    consider(best_us, ceil_tick(end_us + shard->rules->metrics[key->metric & 0xffff].window_us), after_us);
}

/* First tick after a moment at which a day or week becomes complete for some metric. */
static int64_t next_maturity(const struct pl_shard *shard, int64_t after_us)
{
    int64_t best_us = INT64_MAX;

    for (uint32_t at = 0; at < shard->cells.n; at++) {
        const struct pl_cells_row *row = &shard->cells.rows[at];

        if (row->amount.n == 0)
            continue;
        if (row->key.kind == PL_CELL_EXPOSED)
            consider_day(shard, &row->key, &best_us, after_us);
        else if (row->key.kind == PL_CELL_TIME)
            consider_week(shard, &row->key, &best_us, after_us);
    }
    return best_us;
}

/* First tick after a moment at which a pane is not kept any more. */
static int64_t next_cut(const struct pl_shard *shard, int64_t after_us)
{
    int64_t best_us = INT64_MAX;

    for (uint32_t at = 0; at < shard->cells.n; at++) {
        const struct pl_cells_row *row = &shard->cells.rows[at];

        if (!pl_amount_is_zero(&row->amount))
            consider(&best_us, pl_cells_cut_at(&row->key), after_us);
    }
    return best_us;
}

static int64_t next_start(const struct pl_shard *shard, int64_t after_us)
{
    int64_t best_us = INT64_MAX;

    for (uint32_t at = 0; at < shard->registry.n; at++) {
        const struct pl_experiment *experiment = shard->registry.experiments[at];

        if (experiment->started_us != PL_NEVER_US)
            consider(&best_us, pl_stamp_next_tick(experiment->started_us), after_us);
        for (unsigned segment = 0; segment < experiment->n_segments; segment++)
            consider(&best_us, pl_stamp_next_tick(experiment->segments[segment].from_us), after_us);
    }
    return best_us;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t next_tick(const struct pl_shard *shard)
{
    int64_t complete_us = shard->front.complete_us;
    int64_t place_us = pl_settle_first_place(shard);
    int64_t best_us = place_us == INT64_MAX ? INT64_MAX : pl_stamp_next_tick(place_us);

    if (shard->cells.changed && complete_us != PL_TIME_NONE)
        return complete_us + PL_TICK_US;
    best_us = smaller(best_us, next_maturity(shard, complete_us));
    best_us = smaller(best_us, next_cut(shard, complete_us));
    return smaller(best_us, next_start(shard, complete_us));
}

void pl_shard_complete(struct pl_shard *shard, int64_t tick_us)
{
    shard->front.complete_us = tick_us;
    pl_cells_cut(&shard->cells, tick_us);
}

/* Everything placed below tick_us is settled and nothing else. */
static enum pl_status publish(struct pl_shard *shard, int64_t tick_us, struct pl_err *err)
{
    enum pl_status status = pl_snapshot_make(shard, PL_CELLS_SETTLED, tick_us, &shard->sums, err);
    uint64_t hash;

    if (status)
        return status;
    hash = pl_snapshot_hash(&shard->sums);
    shard->waiting = hash != shard->published_hash || next_maturity(shard, tick_us - PL_TICK_US) == tick_us;
    shard->published_hash = hash;
    if (!shard->waiting)
        pl_sums_fini(&shard->sums);
    return PL_OK;
}

static enum pl_status run_ticks(struct pl_shard *shard, struct pl_err *err)
{
    int64_t frontier_us = shard->front.frontier_us, complete_us = shard->front.complete_us;

    if (frontier_us < 0 || (complete_us != PL_TIME_NONE && frontier_us - complete_us < PL_TICK_US))
        return PL_OK;
    while (!shard->waiting) {
        int64_t tick_us = next_tick(shard);
        enum pl_status status;

        if (tick_us > frontier_us) {
            pl_shard_complete(shard, pl_stamp_floor(frontier_us, PL_TICK_US));
            return PL_OK;
        }
        pl_settle_all(shard, tick_us);
        pl_shard_complete(shard, tick_us);
        pl_cells_sweep(&shard->cells);
        shard->cells.changed = false;
        status = publish(shard, tick_us, err);
        if (status)
            return status;
    }
    return PL_OK;
}

enum pl_status pl_shard_advance(struct pl_shard *shard, struct pl_err *err)
{
    int64_t frontier_us = shard->front.frontier_us;
    enum pl_status status = run_ticks(shard, err);

    if (!shard->waiting && shard->front.complete_us != PL_TIME_NONE)
        pl_settle_some(shard, smaller(frontier_us, shard->front.complete_us + PL_TICK_US));
    pl_settle_forget(shard);
    if (!status && (shard->failed || shard->cells.failed))
        status = pl_err_set(err, PL_ERR_NOMEM, "out of memory while counting: the shard must be loaded again");
    return status;
}

enum pl_status pl_shard_raise(struct pl_shard *shard, int64_t frontier_us, struct pl_err *err)
{
    if (frontier_us > shard->front.frontier_us)
        shard->front.frontier_us = frontier_us;
    return pl_shard_advance(shard, err);
}

bool pl_shard_take_sums(struct pl_shard *shard, struct pl_sums *sums)
{
    if (run_ticks(shard, NULL))
        shard->failed = true;
    if (!shard->waiting)
        return false;
    *sums = shard->sums;
    shard->sums = (struct pl_sums){0};
    shard->waiting = false;
    return true;
}

int64_t pl_shard_frontier(const struct pl_shard *shard)
{
    return shard->front.frontier_us;
}

int64_t pl_shard_complete_to(const struct pl_shard *shard)
{
    return shard->waiting ? shard->front.complete_us - PL_TICK_US : shard->front.complete_us;
}

int64_t pl_shard_stream_time(const struct pl_shard *shard, unsigned input)
{
    return shard->front.stream_us[input];
}

int64_t pl_shard_largest_place(const struct pl_shard *shard)
{
    return shard->front.largest_place_us;
}

void pl_shard_stats(const struct pl_shard *shard, struct pl_shard_stats *stats)
{
    *stats = shard->stats;
    stats->held = 0;
    for (unsigned input = 0; input < PL_INPUTS_MAX; input++)
        stats->held += shard->held[input].n;
    stats->units = shard->units.n;
    stats->tail_events = shard->units.n_events;
    stats->experiments = shard->registry.n;
    stats->cells = shard->cells.n;
    stats->mixed = shard->cells.n_mixed;
}

enum pl_status pl_shard_live(const struct pl_shard *shard, struct pl_sums *sums, struct pl_err *err)
{
    return pl_snapshot_make(shard, PL_CELLS_LIVE, shard->front.complete_us, sums, err);
}
