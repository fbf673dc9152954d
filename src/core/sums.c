#include "core/sums.h"
#include "util/names.h"
#include "util/stamp.h"

#include <stdlib.h>
#include <string.h>

#define DROPPED UINT32_MAX

void pl_sums_fini(struct pl_sums *sums)
{
    free(sums->experiments);
    free(sums->cells);
    pl_keying_fini(&sums->units);
    *sums = (struct pl_sums){0};
}

static int cell_order(const void *a, const void *b)
{
    return pl_cell_key_order(&((const struct pl_cell *)a)->key, &((const struct pl_cell *)b)->key);
}

int pl_sums_find(const struct pl_sums *sums, struct pl_span experiment)
{
    for (unsigned at = 0; at < sums->n_experiments; at++)
        if (pl_span_is(experiment, sums->experiments[at].name))
            return (int)at;
    return -1;
}

int pl_sums_find_variant(const struct pl_sums_experiment *experiment, struct pl_span variant)
{
    for (unsigned at = 0; at < experiment->n_variants; at++)
        if (pl_span_is(variant, experiment->variants[at]))
            return (int)at;
    return -1;
}

static enum pl_status no_memory(struct pl_err *err)
{
    return pl_err_set(err, PL_ERR_NOMEM, "out of memory while adding sums");
}

/* Where the experiments and variants of one side go in the joined dictionary. */
struct move {
    uint32_t experiment;
    uint32_t arms[PL_VARIANTS_MAX]; /* DROPPED: beyond the cap of variants */
};

/* The joined dictionary while it is built. */
struct join {
    struct pl_sums_experiment *experiments; /* owned: into's, then from's new ones */
    unsigned n;
    struct pl_names *names;  /* owned: name to index in experiments */
    struct move *into_moves; /* owned: one for each experiment of into, and of from */
    struct move *from_moves;
};

static void join_fini(struct join *join)
{
    free(join->experiments);
    pl_names_free(join->names);
    free(join->into_moves);
    free(join->from_moves);
}

static bool join_init(struct join *join, const struct pl_sums *into, const struct pl_sums *from)
{
    unsigned n = into->n_experiments + from->n_experiments;

    *join = (struct join){
        .experiments = calloc(n + 1u, sizeof(*join->experiments)),
        .names = pl_names_new(n + 1u),
        .into_moves = calloc(into->n_experiments + 1u, sizeof(*join->into_moves)),
        .from_moves = calloc(from->n_experiments + 1u, sizeof(*join->from_moves)),
    };
    return join->experiments && join->names && join->into_moves && join->from_moves;
}

static int text_order(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Variants of both sides. Two shards may together know more than the cap; then the names that sort first stay. The set
 * of the smallest names of a union does not depend on the order in which the parts are joined, so neither do sums. */
static void join_variants(struct pl_sums_experiment *into, const struct pl_sums_experiment *from)
{
    char all[2 * PL_VARIANTS_MAX][PL_NAME_BYTES];
    unsigned n = into->n_variants;

    memcpy(all, into->variants, sizeof(into->variants));
    for (unsigned at = 0; at < from->n_variants; at++)
        if (pl_sums_find_variant(into, pl_span_of(from->variants[at])) < 0)
            memcpy(all[n++], from->variants[at], PL_NAME_BYTES);
    if (n > PL_VARIANTS_MAX) {
        qsort(all, n, sizeof(all[0]), text_order);
        n = PL_VARIANTS_MAX;
    }
    memcpy(into->variants, all, sizeof(into->variants));
    into->n_variants = n;
}

/* The declared share that one side has for a variant of the joined experiment, 0 without one. */
static double share_in(const struct pl_sums_experiment *side, unsigned segment, const char *variant)
{
    int at = segment < side->n_segments ? pl_sums_find_variant(side, pl_span_of(variant)) : -1;

    return at < 0 ? 0 : side->shares[segment][at];
}

/* Every shard reads the same control records, so what both sides declare is the same. */
static void join_shares(struct pl_sums_experiment *into, const struct pl_sums_experiment *old,
                        const struct pl_sums_experiment *from)
{
    memset(into->shares, 0, sizeof(into->shares));
    into->n_segments = old->n_segments > from->n_segments ? old->n_segments : from->n_segments;
    for (unsigned segment = 0; segment < into->n_segments; segment++) {
        for (unsigned at = 0; at < into->n_variants; at++) {
            double share = share_in(old, segment, into->variants[at]);

            into->shares[segment][at] = share > 0 ? share : share_in(from, segment, into->variants[at]);
        }
    }
}

static void join_experiment(struct pl_sums_experiment *into, const struct pl_sums_experiment *from)
{
    const struct pl_sums_experiment old = *into;

    join_variants(into, from);
    join_shares(into, &old, from);
    if (into->first_exposure_us == PL_TIME_NONE ||
        (from->first_exposure_us != PL_TIME_NONE && from->first_exposure_us < into->first_exposure_us))
        into->first_exposure_us = from->first_exposure_us;
    into->joined_late |= from->joined_late;
}

/* Put the experiments of one side into the joined dictionary. */
static enum pl_status join_side(struct join *join, const struct pl_sums *side, struct move *moves, struct pl_err *err)
{
    for (unsigned at = 0; at < side->n_experiments; at++) {
        const struct pl_sums_experiment *experiment = &side->experiments[at];
        uint32_t index;

        if (experiment->n_variants > PL_VARIANTS_MAX)
            return pl_err_set(err, PL_ERR_INPUT, "sums: experiment '%s' has more than %d variants", experiment->name,
                              PL_VARIANTS_MAX);
        index = pl_names_add(join->names, pl_span_of(experiment->name));
        if (index == PL_NAMES_NONE)
            return no_memory(err);
        moves[at].experiment = index;
        if (index == join->n)
            join->experiments[join->n++] = *experiment;
        else
            join_experiment(&join->experiments[index], experiment);
    }
    return PL_OK;
}

/* Only when every variant is known is it clear which arm has which number. */
static void number_arms(const struct join *join, const struct pl_sums *side, struct move *moves)
{
    for (unsigned at = 0; at < side->n_experiments; at++)
        for (unsigned arm = 0; arm < side->experiments[at].n_variants; arm++)
            moves[at].arms[arm] = (uint32_t)pl_sums_find_variant(&join->experiments[moves[at].experiment],
                                                                 pl_span_of(side->experiments[at].variants[arm]));
}

/* The cell under its key in the joined dictionary. Units of a variant beyond the cap count as mixed, where the share of
 * mixed units makes the experiment unhealthy; what else is known of them is left out (*keep false). */
static enum pl_status move_cell(const struct pl_sums *side, const struct move *moves, struct pl_cell *cell, bool *keep,
                                struct pl_err *err)
{
    struct pl_cell_key *key = &cell->key;
    uint32_t arm;

    *keep = true;
    if (pl_cell_info(key->kind)->subject != PL_OF_EXPERIMENT)
        return PL_OK;
    if (key->subject >= side->n_experiments ||
        (pl_cell_has_variant(key->kind) && key->arm >= side->experiments[key->subject].n_variants))
        return pl_err_set(err, PL_ERR_INPUT, "sums: a cell of kind %u names no known experiment or variant", key->kind);
    arm = pl_cell_has_variant(key->kind) ? moves[key->subject].arms[key->arm] : key->arm;
    key->subject = moves[key->subject].experiment;
    if (arm != DROPPED) {
        key->arm = (uint16_t)arm;
    } else if (key->kind == PL_CELL_EXPOSED) {
        *cell = (struct pl_cell){.key = {PL_CELL_MIXED, 0, key->subject, 0, key->pane}, .n = cell->n};
    } else {
        *keep = false;
    }
    return PL_OK;
}

static bool is_zero(const struct pl_cell *cell)
{
    return cell->n == 0 && cell->sum == 0 && cell->sum2 == 0;
}

static enum pl_status add_cell(struct pl_cell *into, const struct pl_cell *from, struct pl_err *err)
{
    if (__builtin_add_overflow(into->n, from->n, &into->n) ||
        __builtin_add_overflow(into->sum, from->sum, &into->sum) ||
        __builtin_add_overflow(into->sum2, from->sum2, &into->sum2))
        return pl_err_set(err, PL_ERR_INPUT, "sums: a sum of kind %u leaves 64 bits", into->key.kind);
    return PL_OK;
}

/* One side's cells under their new keys, in order. An unchanged dictionary leaves them sorted: then nothing is moved.
 */
static enum pl_status move_cells(const struct pl_sums *side, const struct move *moves, struct pl_cell *cells, size_t *n,
                                 struct pl_err *err)
{
    bool sorted = true;

    *n = 0;
    for (size_t at = 0; at < side->n_cells; at++) {
        enum pl_status status;
        bool keep;

        cells[*n] = side->cells[at];
        status = move_cell(side, moves, &cells[*n], &keep, err);
        if (status)
            return status;
        if (keep && *n > 0 && cell_order(&cells[*n - 1], &cells[*n]) > 0)
            sorted = false;
        *n += keep;
    }
    if (!sorted)
        qsort(cells, *n, sizeof(*cells), cell_order);
    return PL_OK;
}

/* Merge two sorted runs that lie one behind the other, add up cells of the same key, drop zeros. */
static enum pl_status add_runs(const struct pl_cell *cells, size_t n_first, size_t n_second, struct pl_sums *out,
                               struct pl_err *err)
{
    const struct pl_cell *a = cells, *end_a = cells + n_first;
    const struct pl_cell *b = end_a, *end_b = end_a + n_second;
    struct pl_cell *top = NULL; /* the cell being added up */
    enum pl_status status;

    out->n_cells = 0;
    while (a < end_a || b < end_b) {
        const struct pl_cell *next = b == end_b || (a < end_a && cell_order(a, b) <= 0) ? a++ : b++;

        if (top && cell_order(top, next) == 0) {
            status = add_cell(top, next, err);
            if (status)
                return status;
            continue;
        }
        if (top && !is_zero(top))
            out->n_cells++;
        top = &out->cells[out->n_cells];
        *top = *next;
    }
    if (top && !is_zero(top))
        out->n_cells++;
    return PL_OK;
}

static enum pl_status join_cells(struct pl_sums *into, const struct pl_sums *from, const struct join *join,
                                 struct pl_err *err)
{
    size_t room = into->n_cells + from->n_cells + 1;
    struct pl_cell *moved = malloc(room * sizeof(*moved));
    bool alone = into->n_cells == 0; /* one run: what is added up never overtakes what is read */
    struct pl_sums added = {.cells = alone ? moved : malloc(room * sizeof(*added.cells))};
    enum pl_status status = PL_OK;
    size_t n_into, n_from;

    if (!moved || !added.cells)
        status = no_memory(err);
    if (!status)
        status = move_cells(into, join->into_moves, moved, &n_into, err);
    if (!status)
        status = move_cells(from, join->from_moves, moved + n_into, &n_from, err);
    if (!status)
        status = add_runs(moved, n_into, n_from, &added, err);
    if (!alone)
        free(moved);
    if (status) {
        free(added.cells);
        return status;
    }
    free(into->cells);
    into->cells = added.cells;
    into->n_cells = added.n_cells;
    return PL_OK;
}

enum pl_status pl_sums_merge(struct pl_sums *into, const struct pl_sums *from, struct pl_err *err)
{
    struct join join;
    enum pl_status status;

    if (!join_init(&join, into, from)) {
        status = no_memory(err);
        goto done;
    }
    status = join_side(&join, into, join.into_moves, err);
    if (!status)
        status = join_side(&join, from, join.from_moves, err);
    if (status)
        goto done;
    number_arms(&join, into, join.into_moves);
    number_arms(&join, from, join.from_moves);
    status = join_cells(into, from, &join, err);
    if (status)
        goto done;
    free(into->experiments);
    into->experiments = join.experiments;
    into->n_experiments = join.n;
    join.experiments = NULL;
    if (!pl_keying_merge(&into->units, &from->units))
        status = no_memory(err);
    if (from->tick_us > into->tick_us)
        into->tick_us = from->tick_us;
done:
    join_fini(&join);
    return status;
}

static int64_t clamp(pl_int128 value)
{
    if (value > INT64_MAX)
        return INT64_MAX;
    return value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

size_t pl_sums_at(const struct pl_sums *sums, const struct pl_cell_key *key)
{
    size_t low = 0, high = sums->n_cells;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (pl_cell_key_order(&sums->cells[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int32_t pl_sums_first_pane(const struct pl_sums *sums, struct pl_cell_key key)
{
    const struct pl_cell_key first = {.kind = key.kind, .subject = key.subject, .pane = INT32_MIN};

    for (size_t at = pl_sums_at(sums, &first); at < sums->n_cells; at++) {
        const struct pl_cell *cell = &sums->cells[at];

        if (cell->key.kind != key.kind || cell->key.subject != key.subject)
            break;
        if (cell->key.arm == key.arm && cell->key.metric == key.metric && cell->n > 0)
            return cell->key.pane;
    }
    return PL_PANE_NONE;
}

struct pl_cell pl_sums_range(const struct pl_sums *sums, struct pl_cell_key key, int32_t first_pane, int32_t last_pane)
{
    struct pl_cell_key first = {key.kind, 0, key.subject, 0, first_pane};
    struct pl_cell result = {.key = key};
    const pl_int128 largest = ((((pl_int128)1 << 126) - 1) << 1) + 1;
    pl_int128 n = 0, sum = 0;

    for (size_t at = pl_sums_at(sums, &first); at < sums->n_cells; at++) {
        const struct pl_cell *cell = &sums->cells[at];

        if (cell->key.kind != key.kind || cell->key.subject != key.subject || cell->key.pane > last_pane)
            break;
        if (cell->key.arm != key.arm || cell->key.metric != key.metric)
            continue;
        n += cell->n;
        sum += cell->sum;
        if (__builtin_add_overflow(result.sum2, cell->sum2, &result.sum2))
            result.sum2 = largest;
    }
    result.n = clamp(n);
    result.sum = clamp(sum);
    return result;
}
