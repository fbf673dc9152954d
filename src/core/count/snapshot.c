#include "core/count/snapshot.h"

#include "core/count/inside.h"
#include "util/hash.h"

#include <stdlib.h>
#include <string.h>

/* The first exposure comes from the shard's first day: it may have begun before anybody looked. */
#define JOINED_LATE_US PL_DAY_US

/* Where an experiment of the registry goes in the sums. */
struct place {
    const struct pl_experiment *experiment;
    uint32_t index;                 /* in the registry */
    uint16_t arms[PL_VARIANTS_MAX]; /* new number of each variant */
};

static bool listed(const struct pl_experiment *experiment, enum pl_cells_view view)
{
    return view == PL_CELLS_SETTLED ? experiment->first_us != PL_NEVER_US : experiment->n_variants > 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct place *)a)->experiment->name, ((const struct place *)b)->experiment->name);
}

/* Does variant a come before b? */
static bool comes_before(const struct pl_experiment *experiment, unsigned a, unsigned b)
{
    int64_t place_a = experiment->variant_place_us[a], place_b = experiment->variant_place_us[b];

    return place_a != place_b ? place_a < place_b : strcmp(experiment->variants[a], experiment->variants[b]) < 0;
}

static void list_variants(struct place *place, enum pl_cells_view view, struct pl_sums_experiment *out)
{
    const struct pl_experiment *experiment = place->experiment;

    for (unsigned at = 0; at < experiment->n_variants; at++) {
        unsigned rank = 0;

        if (view == PL_CELLS_SETTLED && experiment->variant_place_us[at] == PL_NEVER_US)
            continue;
        for (unsigned other = 0; other < experiment->n_variants; other++)
            rank += view == PL_CELLS_SETTLED ? other != at && comes_before(experiment, other, at) : other < at;
        place->arms[at] = (uint16_t)rank;
        memcpy(out->variants[rank], experiment->variants[at], PL_NAME_BYTES);
        out->n_variants++;
    }
}

/* Shares that were declared below the tick, by the variants of the sums. Segment 0 is there without a declaration too.
 */
static void list_shares(const struct pl_experiment *experiment, int64_t tick_us, struct pl_sums_experiment *out)
{
    out->n_segments = 1;
    for (unsigned s = 0; s < experiment->n_segments && experiment->segments[s].from_us < tick_us; s++) {
        const struct pl_segment *segment = &experiment->segments[s];

        out->n_segments = s + 1;
        for (unsigned at = 0; at < segment->n; at++) {
            int arm = pl_sums_find_variant(out, pl_span_of(segment->shares[at].variant));

            if (arm >= 0)
                out->shares[s][arm] = segment->shares[at].share;
        }
    }
}

static void list_experiment(const struct pl_shard *shard, struct place *place, enum pl_cells_view view, int64_t tick_us,
                            struct pl_sums_experiment *out)
{
    const struct pl_experiment *experiment = place->experiment;
    int64_t first_record_us = pl_front_first(&shard->front);
    bool started = experiment->started_us < (view == PL_CELLS_SETTLED ? tick_us : PL_NEVER_US);

    memcpy(out->name, experiment->name, PL_NAME_BYTES);
    list_variants(place, view, out);
    out->first_exposure_us = view == PL_CELLS_SETTLED ? experiment->first_us : experiment->seen_us;
    list_shares(experiment, view == PL_CELLS_SETTLED ? tick_us : PL_NEVER_US, out);
    out->joined_late =
        !started && first_record_us != PL_TIME_NONE && out->first_exposure_us - first_record_us <= JOINED_LATE_US;
}

/* Fills sums->experiments and *places (owned by the caller), both in order of name. */
static bool list_experiments(const struct pl_shard *shard, enum pl_cells_view view, struct pl_sums *sums,
                             struct place **places)
{
    const struct pl_registry *registry = &shard->registry;

    *places = calloc(registry->n + 1u, sizeof(**places));
    sums->experiments = calloc(registry->n + 1u, sizeof(*sums->experiments));
    if (!*places || !sums->experiments)
        return false;
    for (uint32_t at = 0; at < registry->n; at++)
        if (listed(registry->experiments[at], view))
            (*places)[sums->n_experiments++] = (struct place){.experiment = registry->experiments[at], .index = at};
    qsort(*places, sums->n_experiments, sizeof(**places), by_name);
    for (unsigned at = 0; at < sums->n_experiments; at++)
        list_experiment(shard, &(*places)[at], view, sums->tick_us, &sums->experiments[at]);
    return true;
}

static int by_key(const void *a, const void *b)
{
    return pl_cell_key_order(&((const struct pl_cell *)a)->key, &((const struct pl_cell *)b)->key);
}

static bool list_cells(const struct pl_shard *shard, const struct pl_cells *cells, const struct place *places,
                       struct pl_sums *sums)
{
    uint32_t *moved = calloc(shard->registry.n + 1u, sizeof(*moved)); /* registry index to position in sums */

    sums->cells = calloc(cells->n + 1u, sizeof(*sums->cells));
    if (!moved || !sums->cells) {
        free(moved);
        return false;
    }
    for (uint32_t at = 0; at < sums->n_experiments; at++)
        moved[places[at].index] = at;
    for (uint32_t at = 0; at < cells->n; at++) {
        const struct pl_cells_row *row = &cells->rows[at];
        const struct pl_amount *amount = &row->amount;
        struct pl_cell *cell = &sums->cells[sums->n_cells];

        if (pl_amount_is_zero(amount))
            continue;
        *cell = (struct pl_cell){.key = row->key, .n = amount->n, .sum = amount->sum, .sum2 = amount->sum2};
        if (pl_cell_info(row->key.kind)->subject == PL_OF_EXPERIMENT) {
            cell->key.subject = moved[row->key.subject];
            if (pl_cell_has_variant(row->key.kind))
                cell->key.arm = places[cell->key.subject].arms[row->key.arm];
        }
        sums->n_cells++;
    }
    free(moved);
    qsort(sums->cells, sums->n_cells, sizeof(*sums->cells), by_key);
    return true;
}

/* The settled cells and what the tails add to them. */
static bool make_live(const struct pl_shard *shard, struct pl_cells *live)
{
    uint32_t handle = shard->units.queues[PL_UNITS_UNSETTLED].head;
    struct pl_words state = {0};
    bool ok = pl_cells_copy(live, &shard->cells);

    while (ok && handle) {
        const struct pl_open *open = pl_units_open_at(&shard->units, handle);

        ok = pl_shard_fold(shard, open, open->tail.n, &state, live);
        handle = open->next;
    }
    pl_words_fini(&state);
    return ok && !live->failed;
}

static bool list_live_cells(const struct pl_shard *shard, const struct place *places, struct pl_sums *sums)
{
    struct pl_cells live = {0};
    bool ok = make_live(shard, &live) && list_cells(shard, &live, places, sums);

    pl_cells_fini(&live);
    return ok;
}

enum pl_status pl_snapshot_make(const struct pl_shard *shard, enum pl_cells_view view, int64_t tick_us,
                                struct pl_sums *sums, struct pl_err *err)
{
    struct place *places = NULL;
    bool ok;

    *sums = (struct pl_sums){.tick_us = tick_us};
    ok = list_experiments(shard, view, sums, &places);
    if (ok && view == PL_CELLS_LIVE)
        ok = list_live_cells(shard, places, sums);
    else if (ok)
        ok = list_cells(shard, &shard->cells, places, sums) && pl_keying_merge(&sums->units, &shard->keying);
    free(places);
    if (ok)
        return PL_OK;
    pl_sums_fini(sums);
    return pl_err_set(err, PL_ERR_NOMEM, "out of memory for the sums of a tick");
}

static uint64_t add_bytes(uint64_t hash, const void *bytes, size_t len)
{
    return pl_hash_long(hash, (struct pl_span){bytes, len});
}

uint64_t pl_snapshot_hash(const struct pl_sums *sums)
{
    uint64_t hash = PL_HASH_SEED;
    int32_t newest = PL_KEYING_NEVER;

    for (unsigned at = 0; at < sums->n_experiments; at++) {
        const struct pl_sums_experiment *experiment = &sums->experiments[at];
        int64_t facts[4] = {experiment->first_exposure_us, experiment->joined_late, experiment->n_variants,
                            experiment->n_segments};

        hash = add_bytes(hash, experiment->name, sizeof(experiment->name));
        hash = add_bytes(hash, experiment->variants, experiment->n_variants * sizeof(experiment->variants[0]));
        hash = add_bytes(hash, facts, sizeof(facts));
        for (unsigned segment = 0; segment < experiment->n_segments; segment++)
            hash = add_bytes(hash, experiment->shares[segment], experiment->n_variants * sizeof(double));
    }
    for (size_t at = 0; at < sums->n_cells; at++) {
        const struct pl_cell *cell = &sums->cells[at];
        int64_t facts[4] = {cell->n, cell->sum, (int64_t)cell->sum2, (int64_t)(cell->sum2 >> 64)};

        hash = add_bytes(hash, &cell->key, sizeof(cell->key));
        hash = add_bytes(hash, facts, sizeof(facts));
    }
    for (uint32_t at = 0; at < sums->units.n; at++)
        if (sums->units.units[at].last_day > newest)
            newest = sums->units.units[at].last_day;
    if (sums->units.n)
        hash = add_bytes(hash, &newest, sizeof(newest));
    return hash;
}
