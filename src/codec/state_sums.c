#include "codec/state_inside.h"

#include <stdlib.h>

/* Sums of a tick: version, tick, experiments (name, first exposure, joined_late, variants, shares), cells (key, n, sum,
 * sum2).
 */

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

enum pl_status pl_state_put_sums(const struct pl_sums *sums, struct pl_buf *out, struct pl_err *err)
{
    pl_buf_add_char(out, PL_STATE_VERSION);
    pl_buf_add_signed(out, sums->tick_us);
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

enum pl_status pl_state_get_sums(struct pl_span bytes, struct pl_sums *sums, struct pl_err *err)
{
    bool no_memory = false;

    *sums = (struct pl_sums){0};
    if (pl_state_take_version(&bytes) && pl_span_take_signed(&bytes, &sums->tick_us) &&
        take_tables(&bytes, sums, &no_memory))
        return PL_OK;
    pl_sums_fini(sums);
    if (no_memory)
        return pl_err_set(err, PL_ERR_NOMEM, "out of memory for sums");
    return pl_err_set(err, PL_ERR_INPUT, "the bytes of a tick's sums are damaged or of an unknown version");
}
