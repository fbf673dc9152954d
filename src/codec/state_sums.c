#include "codec/state_inside.h"

#include <stdlib.h>

/* Sums of a tick: version, tick, ids of the metrics, funnels, areas and features that cells name by index, experiments
 * (name, first exposure, joined_late, variants, shares), cells (key, n, sum, sum2), a sample of units.
 */

#define SUMS_VERSION 4
#define SUMS_VERSION_BEFORE 3 /* ends with the cells */

/* What the lists of ids are of, in their order. */
static const enum pl_cell_subject listed[] = {PL_OF_METRIC, PL_OF_FUNNEL, PL_OF_AREA, PL_OF_FEATURE};

#define LISTS (sizeof(listed) / sizeof(*listed))
#define SUBJECTS (PL_OF_METRIC + 1)
#define ROWS_MAX 256

/* By subject: indexes of the bytes as indexes of the reader's rules, PL_RULES_NONE for what it does not have. */
struct moves {
    uint32_t n[SUBJECTS];
    uint32_t to[SUBJECTS][ROWS_MAX];
};

static void put_ids(const struct pl_rules *rules, struct pl_buf *out)
{
    for (size_t list = 0; list < LISTS; list++) {
        unsigned n = pl_rules_count(rules, listed[list]);

        pl_buf_add_varint(out, n);
        for (uint32_t at = 0; at < n; at++)
            pl_state_add_name(out, pl_rules_id(rules, listed[list], at));
    }
}

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
    put_ids(rules, out);
    pl_buf_add_varint(out, sums->n_experiments);
    for (unsigned at = 0; at < sums->n_experiments; at++)
        put_experiment(&sums->experiments[at], out);
    pl_buf_add_varint(out, sums->n_cells);
    for (size_t at = 0; at < sums->n_cells; at++)
        put_cell(&sums->cells[at], out);
    pl_state_put_keying(&sums->units, out);
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

    for (size_t list = 0; list < LISTS; list++) {
        enum pl_cell_subject subject = listed[list];

        if (!pl_state_take_count(rest, ROWS_MAX + 1, &moves->n[subject]))
            return false;
        for (uint32_t at = 0; at < moves->n[subject]; at++) {
            if (!pl_state_take_name(rest, &name))
                return false;
            moves->to[subject][at] = pl_rules_find(rules, subject, name);
        }
    }
    return true;
}

/* Where an index of the bytes goes. False when the bytes do not list it; *keep false when the reader does not have it.
 */
static bool move_index(const struct moves *moves, enum pl_cell_subject subject, uint32_t *index, bool *keep)
{
    if (*index >= moves->n[subject])
        return false;
    *index = moves->to[subject][*index];
    *keep = *keep && *index != PL_RULES_NONE;
    return true;
}

static bool move_variable(const struct moves *moves, uint32_t *variable, bool *keep)
{
    uint32_t metric = *variable / 2;
    bool ok = move_index(moves, PL_OF_METRIC, &metric, keep);

    *variable = PL_CELL_VARIABLE(metric, *variable % 2) & 0xffff;
    return ok;
}

static bool move_detail(const struct moves *moves, struct pl_cell_key *key, bool *keep)
{
    uint32_t first = key->metric & 0xffff, second = key->metric >> 16;

    switch (pl_cell_info(key->kind)->detail) {
    case PL_BY_NONE:
    case PL_BY_PLAIN:
        return true;
    case PL_BY_METRIC:
        return move_index(moves, PL_OF_METRIC, &key->metric, keep);
    case PL_BY_METRIC_BUCKET:
        if (!move_index(moves, PL_OF_METRIC, &first, keep))
            return false;
        key->metric = (first & 0xffff) | second << 16;
        return true;
    case PL_BY_PAIR:
        if (!move_variable(moves, &first, keep) || !move_variable(moves, &second, keep))
            return false;
        key->metric = PL_CELL_PAIR(first, second);
        return true;
    }
    return false;
}

static bool move_key(const struct moves *moves, struct pl_cell_key *key, bool *keep)
{
    const struct pl_cell_info *info = pl_cell_info(key->kind);

    *keep = true;
    if (!info->name)
        return false;
    if (info->subject != PL_OF_EXPERIMENT && !move_index(moves, info->subject, &key->subject, keep))
        return false;
    return move_detail(moves, key, keep);
}

static int cell_order(const void *a, const void *b)
{
    return pl_cell_key_order(&((const struct pl_cell *)a)->key, &((const struct pl_cell *)b)->key);
}

/* Cells under the reader's indexes; false when one names what the bytes do not list, or two are the same then (an id
 * listed twice, a pair both ways round). */
static bool move_cells(struct pl_sums *sums, const struct moves *moves)
{
    size_t kept = 0;
    bool sorted = true;

    for (size_t at = 0; at < sums->n_cells; at++) {
        struct pl_cell *cell = &sums->cells[kept];
        bool keep;

        *cell = sums->cells[at];
        if (!move_key(moves, &cell->key, &keep))
            return false;
        if (!keep)
            continue;
        sorted = sorted && (kept == 0 || cell_order(cell - 1, cell) < 0);
        kept++;
    }
    sums->n_cells = kept;
    if (!sorted)
        qsort(sums->cells, kept, sizeof(*sums->cells), cell_order);
    for (size_t at = 1; at < kept; at++)
        if (cell_order(&sums->cells[at - 1], &sums->cells[at]) == 0)
            return false;
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
    return !*no_memory;
}

static bool take_version(struct pl_span *rest, bool *with_units)
{
    bool known = rest->len > 0 && (rest->ptr[0] == SUMS_VERSION || rest->ptr[0] == SUMS_VERSION_BEFORE);

    *with_units = known && rest->ptr[0] == SUMS_VERSION;

    if (known)
        *rest = (struct pl_span){rest->ptr + 1, rest->len - 1};
    return known;
}

enum pl_status pl_state_get_sums(struct pl_span bytes, const struct pl_rules *rules, struct pl_sums *sums,
                                 struct pl_err *err)
{
    bool no_memory = false, with_units;
    struct moves moves;

    *sums = (struct pl_sums){0};
    if (take_version(&bytes, &with_units) && pl_span_take_signed(&bytes, &sums->tick_us) &&
        take_ids(&bytes, rules, &moves) && take_tables(&bytes, sums, &no_memory) &&
        (!with_units || pl_state_take_keying(&bytes, &sums->units)) && bytes.len == 0 && move_cells(sums, &moves))
        return PL_OK;
    pl_sums_fini(sums);
    if (no_memory)
        return pl_err_set(err, PL_ERR_NOMEM, "out of memory for sums");
    return pl_err_set(err, PL_ERR_INPUT, "the bytes of a tick's sums are damaged or of an unknown version");
}
