#include "codec/state_inside.h"

#include <stdlib.h>

/* Sums of a tick: version, tick, ids of the metrics and of the funnels that cells name by index, experiments (name,
 * first exposure, joined_late, variants, shares), cells (key, n, sum, sum2).
 */

#define SUMS_VERSION 2

/* Indexes of the bytes as indexes of the reader's rules, PL_RULES_NONE for what it does not have. */
struct moves {
    uint32_t n_metrics, n_funnels;
    uint32_t metrics[PL_RULES_METRICS_MAX];
    uint32_t funnels[PL_RULES_FUNNELS_MAX];
};

static void put_experiment(const struct pl_sums_experiment *experiment, struct pl_buf *out)
{
    pl_state_add_name(out, experiment->name);
    pl_buf_add_signed(out, experiment->first_exposure_us);
    pl_buf_add_varint(out, experiment->joined_late);
    pl_buf_add_varint(out, experiment->n_variants);
    for (unsigned at = 0; at < experiment->n_variants; at++)
        pl_state_add_name(out, experiment->variants[at]);
    pl_buf_add_varint(out, experiment->n_segments);
    for (unsigned segment = 0; segment < experiment->n_segments; segment++)
        for (unsigned at = 0; at < experiment->n_variants; at++)
            pl_state_add_double(out, experiment->shares[segment][at]);
}

static void put_cell(const struct pl_cell *cell, struct pl_buf *out)
{
    pl_buf_add_varint(out, cell->key.kind);
    pl_buf_add_varint(out, cell->key.arm);
    pl_buf_add_varint(out, cell->key.subject);
    pl_buf_add_varint(out, cell->key.metric);
    pl_buf_add_signed(out, cell->key.pane);
    pl_buf_add_signed(out, cell->n);
    pl_buf_add_signed(out, cell->sum);
    pl_buf_add_varint(out, (uint64_t)cell->sum2);
    pl_buf_add_signed(out, (int64_t)(cell->sum2 >> 64));
}

enum pl_status pl_state_put_sums(const struct pl_sums *sums, const struct pl_rules *rules, struct pl_buf *out,
                                 struct pl_err *err)
{
    pl_buf_add_char(out, SUMS_VERSION);
    pl_buf_add_signed(out, sums->tick_us);
    pl_buf_add_varint(out, rules->n_metrics);
    for (unsigned at = 0; at < rules->n_metrics; at++)
        pl_state_add_name(out, rules->metrics[at].id);
    pl_buf_add_varint(out, rules->n_funnels);
    for (unsigned at = 0; at < rules->n_funnels; at++)
        pl_state_add_name(out, rules->funnels[at].id);
    pl_buf_add_varint(out, sums->n_experiments);
    for (unsigned at = 0; at < sums->n_experiments; at++)
        put_experiment(&sums->experiments[at], out);
    pl_buf_add_varint(out, sums->n_cells);
    for (size_t at = 0; at < sums->n_cells; at++)
        put_cell(&sums->cells[at], out);
    return pl_buf_ok(out) ? PL_OK : pl_err_set(err, PL_ERR_NOMEM, "out of memory for the bytes of sums");
}

static bool take_experiment(struct pl_span *rest, struct pl_sums_experiment *experiment)
{
    struct pl_span name;
    uint32_t joined_late;

    if (!pl_state_take_name(rest, &name) || !pl_span_copy(name, experiment->name, PL_NAME_BYTES) ||
        !pl_span_take_signed(rest, &experiment->first_exposure_us) || !pl_state_take_count(rest, 2, &joined_late) ||
        !pl_state_take_count(rest, PL_VARIANTS_MAX + 1, &experiment->n_variants))
        return false;
    experiment->joined_late = joined_late;
    for (unsigned at = 0; at < experiment->n_variants; at++)
        if (!pl_state_take_name(rest, &name) || !pl_span_copy(name, experiment->variants[at], PL_NAME_BYTES))
            return false;
    if (!pl_state_take_count(rest, PL_SEGMENTS_MAX + 1, &experiment->n_segments))
        return false;
    for (unsigned segment = 0; segment < experiment->n_segments; segment++)
        for (unsigned at = 0; at < experiment->n_variants; at++)
            if (!pl_state_take_double(rest, &experiment->shares[segment][at]))
                return false;
    return true;
}

static bool take_cell(struct pl_span *rest, struct pl_cell *cell)
{
    uint32_t kind, arm;
    int64_t pane, high;
    uint64_t low;

    if (!pl_state_take_count(rest, UINT16_MAX + 1, &kind) || !pl_state_take_count(rest, UINT16_MAX + 1, &arm) ||
        !pl_state_take_count(rest, UINT32_MAX, &cell->key.subject) ||
        !pl_state_take_count(rest, UINT32_MAX, &cell->key.metric) || !pl_span_take_signed(rest, &pane) ||
        pane < INT32_MIN || pane > INT32_MAX || !pl_span_take_signed(rest, &cell->n) ||
        !pl_span_take_signed(rest, &cell->sum) || !pl_span_take_varint(rest, &low) || !pl_span_take_signed(rest, &high))
        return false;
    cell->key.kind = (uint16_t)kind;
    cell->key.arm = (uint16_t)arm;
    cell->key.pane = (int32_t)pane;
    cell->sum2 = (pl_int128)high * ((pl_int128)1 << 64) + (pl_int128)low;
    return true;
}

static bool take_ids(struct pl_span *rest, const struct pl_rules *rules, struct moves *moves)
{
    struct pl_span name;

    if (!pl_state_take_count(rest, PL_RULES_METRICS_MAX + 1, &moves->n_metrics))
        return false;
    for (uint32_t at = 0; at < moves->n_metrics; at++) {
        if (!pl_state_take_name(rest, &name))
            return false;
        moves->metrics[at] = pl_rules_find_metric(rules, name);
    }
    if (!pl_state_take_count(rest, PL_RULES_FUNNELS_MAX + 1, &moves->n_funnels))
        return false;
    for (uint32_t at = 0; at < moves->n_funnels; at++) {
        if (!pl_state_take_name(rest, &name))
            return false;
        moves->funnels[at] = pl_rules_find_funnel(rules, name);
    }
    return true;
}

/* The index of the bytes that a cell's key holds, if it holds one, and where it goes. */
static uint32_t *index_in(struct pl_cell_key *key, const struct moves *moves, const uint32_t **to, uint32_t *n)
{
    switch (key->kind) {
    case PL_CELL_METRIC:
        *to = moves->metrics;
        *n = moves->n_metrics;
        return &key->metric;
    case PL_CELL_FUNNEL:
    case PL_CELL_FUNNEL_HOUR:
        *to = moves->funnels;
        *n = moves->n_funnels;
        return &key->subject;
    default:
        return NULL;
    }
}

static int cell_order(const void *a, const void *b)
{
    return pl_cell_key_order(&((const struct pl_cell *)a)->key, &((const struct pl_cell *)b)->key);
}

/* Cells under the reader's indexes; false when one names what the bytes do not list. */
static bool move_cells(struct pl_sums *sums, const struct moves *moves)
{
    size_t kept = 0;
    bool sorted = true;

    for (size_t at = 0; at < sums->n_cells; at++) {
        struct pl_cell *cell = &sums->cells[kept];
        const uint32_t *to = NULL;
        uint32_t n = 0, *index;

        *cell = sums->cells[at];
        index = index_in(&cell->key, moves, &to, &n);
        if (index && *index >= n)
            return false;
        if (index && to[*index] == PL_RULES_NONE)
            continue;
        if (index)
            *index = to[*index];
        sorted = sorted && (kept == 0 || cell_order(cell - 1, cell) < 0);
        kept++;
    }
    sums->n_cells = kept;
    if (!sorted)
        qsort(sums->cells, kept, sizeof(*sums->cells), cell_order);
    return true;
}

/* An experiment takes at least 5 bytes and a cell 9: a count that the bytes cannot hold is refused before it is
 * believed.
 */
static bool take_tables(struct pl_span *rest, struct pl_sums *sums, bool *no_memory)
{
    uint32_t n;

    if (!pl_state_take_count(rest, (uint32_t)(rest->len / 5 + 1), &n))
        return false;
    sums->experiments = calloc(n + 1u, sizeof(*sums->experiments));
    *no_memory = !sums->experiments;
    for (; !*no_memory && sums->n_experiments < n; sums->n_experiments++)
        if (!take_experiment(rest, &sums->experiments[sums->n_experiments]))
            return false;
    if (*no_memory || !pl_state_take_count(rest, (uint32_t)(rest->len / 9 + 1), &n))
        return false;
    sums->cells = calloc(n + 1u, sizeof(*sums->cells));
    *no_memory = !sums->cells;
    for (; !*no_memory && sums->n_cells < n; sums->n_cells++) {
        if (!take_cell(rest, &sums->cells[sums->n_cells]))
            return false;
        if (sums->n_cells > 0 &&
            pl_cell_key_order(&sums->cells[sums->n_cells - 1].key, &sums->cells[sums->n_cells].key) >= 0)
            return false;
    }
    return !*no_memory && rest->len == 0;
}

static bool take_version(struct pl_span *rest)
{
    bool known = rest->len > 0 && rest->ptr[0] == SUMS_VERSION;

    if (known)
        *rest = (struct pl_span){rest->ptr + 1, rest->len - 1};
    return known;
}

enum pl_status pl_state_get_sums(struct pl_span bytes, const struct pl_rules *rules, struct pl_sums *sums,
                                 struct pl_err *err)
{
    bool no_memory = false;
    struct moves moves;

    *sums = (struct pl_sums){0};
    if (take_version(&bytes) && pl_span_take_signed(&bytes, &sums->tick_us) && take_ids(&bytes, rules, &moves) &&
        take_tables(&bytes, sums, &no_memory) && move_cells(sums, &moves))
        return PL_OK;
    pl_sums_fini(sums);
    if (no_memory)
        return pl_err_set(err, PL_ERR_NOMEM, "out of memory for sums");
    return pl_err_set(err, PL_ERR_INPUT, "the bytes of a tick's sums are damaged or of an unknown version");
}
