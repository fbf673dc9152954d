#include "codec/state_inside.h"

/* A cell's field is its key under ids of the store: kind, arm, subject (index of the experiment, or id of the funnel),
 * metric (its id, or the allocation segment), pane. The value: n, sum, sum2 as its two halves. */

#define PANE_MAX (PL_TIME_MAX / PL_HOUR_US)

static bool of_funnel(uint16_t kind)
{
    return kind == PL_CELL_FUNNEL || kind == PL_CELL_FUNNEL_HOUR;
}

static void put_key(const struct pl_dict *dict, const struct pl_cell_key *key, struct pl_buf *out)
{
    bool funnel = of_funnel(key->kind);

    pl_buf_add_char(out, (char)key->kind);
    pl_buf_add_varint(out, key->arm);
    pl_buf_add_varint(out, funnel ? pl_dict_id(dict, PL_DICT_FUNNEL, key->subject) : key->subject);
    pl_buf_add_varint(out, key->kind == PL_CELL_METRIC ? pl_dict_id(dict, PL_DICT_METRIC, key->metric) : key->metric);
    pl_buf_add_signed(out, key->pane);
}

static enum pl_status write_row(struct pl_shard *shard, struct pl_cells_row *row, struct pl_state_out *out,
                                struct pl_err *err)
{
    const struct pl_amount *amount = &row->amount;

    pl_state_begin(out);
    put_key(&shard->dict, &row->key, &out->field);
    row->dirty = false;
    if (pl_amount_is_zero(amount)) {
        if (!row->stored)
            return PL_OK;
        row->stored = false;
        return pl_state_delete(out, PL_STATE_CELL, 0, err);
    }
    row->stored = true;
    pl_buf_add_signed(&out->value, amount->n);
    pl_buf_add_signed(&out->value, amount->sum);
    pl_buf_add_varint(&out->value, (uint64_t)amount->sum2);
    pl_buf_add_signed(&out->value, (int64_t)(amount->sum2 >> 64));
    return pl_state_put(out, PL_STATE_CELL, 0, err);
}

/* Cells of definitions that are not there any more. */
static enum pl_status write_gone(struct pl_shard *shard, struct pl_state_out *out, struct pl_err *err)
{
    struct pl_span rest = pl_buf_span(&shard->gone_cells);
    enum pl_status status = PL_OK;

    while (rest.len > 0 && !status) {
        size_t len = (unsigned char)rest.ptr[0];

        pl_state_begin(out);
        pl_buf_add(&out->field, rest.ptr + 1, len);
        status = pl_state_delete(out, PL_STATE_CELL, 0, err);
        rest.ptr += len + 1;
        rest.len -= len + 1;
    }
    pl_buf_clear(&shard->gone_cells);
    return status;
}

enum pl_status pl_state_write_cells(struct pl_shard *shard, struct pl_state_out *out, struct pl_err *err)
{
    enum pl_status status = write_gone(shard, out, err);

    for (uint32_t at = 0; at < shard->cells.n_dirty && !status; at++)
        status = write_row(shard, &shard->cells.rows[shard->cells.dirty[at]], out, err);
    shard->cells.n_dirty = 0;
    return status;
}

static bool take_key(struct pl_span *rest, struct pl_cell_key *key)
{
    uint32_t kind, arm;
    int64_t pane;

    if (!pl_state_take_count(rest, PL_CELL_FUNNEL_HOUR + 1, &kind) || kind == 0 ||
        !pl_state_take_count(rest, PL_RULES_STEPS_MAX, &arm) || !pl_state_take_count(rest, UINT32_MAX, &key->subject) ||
        !pl_state_take_count(rest, UINT32_MAX, &key->metric) || !pl_span_take_signed(rest, &pane) || rest->len > 0 ||
        pane < -PANE_MAX || pane > PANE_MAX)
        return false;
    key->kind = (uint16_t)kind;
    key->arm = (uint16_t)arm;
    key->pane = (int32_t)pane;
    return true;
}

static bool take_amount(struct pl_span *rest, struct pl_amount *amount)
{
    uint64_t low;
    int64_t high;

    if (!pl_state_take_version(rest) || !pl_span_take_signed(rest, &amount->n) ||
        !pl_span_take_signed(rest, &amount->sum) || !pl_span_take_varint(rest, &low) ||
        !pl_span_take_signed(rest, &high) || rest->len > 0)
        return false;
    amount->sum2 = (pl_int128)high * ((pl_int128)1 << 64) + (pl_int128)low;
    return true;
}

/* The key under the rules of today. False for what the store never knew; *keep false for what is not counted any more.
 */
static bool translate(const struct pl_shard *shard, struct pl_cell_key *key, bool *keep)
{
    const struct pl_experiment *experiment;
    bool known;

    *keep = true;
    if (of_funnel(key->kind)) {
        key->subject = pl_dict_target(&shard->dict, PL_DICT_FUNNEL, key->subject, &known);
        *keep = key->subject != PL_RULES_NONE;
        return known && (!*keep || key->arm < shard->rules->funnels[key->subject].n_steps);
    }
    if (key->subject >= shard->registry.n || !shard->registry.experiments[key->subject])
        return false;
    experiment = shard->registry.experiments[key->subject];
    if (key->kind != PL_CELL_MIXED && key->arm >= experiment->n_variants)
        return false;
    if (key->kind != PL_CELL_METRIC)
        return key->kind != PL_CELL_SEGMENT || key->metric < PL_SEGMENTS_MAX;
    key->metric = pl_dict_target(&shard->dict, PL_DICT_METRIC, key->metric, &known);
    *keep = key->metric != PL_RULES_NONE && shard->rules->metrics[key->metric].area == experiment->area;
    return known;
}

enum pl_status pl_state_read_cell(struct pl_shard *shard, struct pl_span field, struct pl_span value,
                                  struct pl_err *err)
{
    struct pl_cell_key key = {0};
    struct pl_amount amount;
    struct pl_span rest = field;
    bool keep;

    if (!take_key(&rest, &key) || field.len > 255 || !take_amount(&value, &amount) || !translate(shard, &key, &keep))
        return pl_err_set(err, PL_ERR_INPUT, "state: a cell of kind %u is damaged or names nothing known", key.kind);
    if (keep) {
        pl_cells_restore(&shard->cells, &key, &amount);
        return PL_OK;
    }
    pl_buf_add_char(&shard->gone_cells, (char)(unsigned char)field.len);
    pl_buf_add_span(&shard->gone_cells, field);
    return pl_buf_ok(&shard->gone_cells) ? PL_OK : pl_err_set(err, PL_ERR_NOMEM, "out of memory while state is read");
}
