#include "codec/state_inside.h"

/* A cell's field is its key under ids of the store: kind, arm, subject (index of the experiment, or id of what else it
 * is), detail (of a metric its id), pane. The value: n, sum, sum2 as its two halves. */

#define PANE_MAX (PL_TIME_MAX / PL_HOUR_US)
#define ARMS_MAX 64

/* The kind of id that a subject other than an experiment goes by. */
static enum pl_dict_kind dict_of(enum pl_cell_subject subject)
{
    static const enum pl_dict_kind kinds[] = {
        [PL_OF_FUNNEL] = PL_DICT_FUNNEL,
        [PL_OF_AREA] = PL_DICT_AREA,
        [PL_OF_FEATURE] = PL_DICT_FEATURE,
        [PL_OF_METRIC] = PL_DICT_METRIC,
    };

    return kinds[subject];
}

/* The smaller id first: the order of metrics in the rules may change, and a cell has one field. */
static void put_pair(const struct pl_dict *dict, uint32_t pair, struct pl_buf *out)
{
    uint32_t a = pl_dict_id(dict, PL_DICT_METRIC, (pair & 0xffff) / 2) * 2 + pair % 2;
    uint32_t b = pl_dict_id(dict, PL_DICT_METRIC, (pair >> 16) / 2) * 2 + (pair >> 16) % 2;

    pl_buf_add_varint(out, a < b ? a : b);
    pl_buf_add_varint(out, a < b ? b : a);
}

static void put_detail(const struct pl_dict *dict, const struct pl_cell_key *key, struct pl_buf *out)
{
    switch (pl_cell_info(key->kind)->detail) {
    case PL_BY_NONE:
    case PL_BY_PLAIN:
        pl_buf_add_varint(out, key->metric);
        break;
    case PL_BY_METRIC:
        pl_buf_add_varint(out, pl_dict_id(dict, PL_DICT_METRIC, key->metric));
        break;
    case PL_BY_METRIC_BUCKET:
        pl_buf_add_varint(out, pl_dict_id(dict, PL_DICT_METRIC, key->metric & 0xffff));
        pl_buf_add_varint(out, key->metric >> 16);
        break;
    case PL_BY_PAIR:
        put_pair(dict, key->metric, out);
        break;
    }
}

static void put_key(const struct pl_dict *dict, const struct pl_cell_key *key, struct pl_buf *out)
{
    enum pl_cell_subject subject = pl_cell_info(key->kind)->subject;

    pl_buf_add_char(out, (char)key->kind);
    pl_buf_add_varint(out, key->arm);
    pl_buf_add_varint(out,
                      subject == PL_OF_EXPERIMENT ? key->subject : pl_dict_id(dict, dict_of(subject), key->subject));
    put_detail(dict, key, out);
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
        shard->cells_stored--;
        return pl_state_delete(out, PL_STATE_CELL, 0, err);
    }
    shard->cells_stored += !row->stored;
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
        shard->cells_stored--;
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

/* A key as the store has it: ids, not indexes. */
struct stored_key {
    struct pl_cell_key key; /* metric: the first of the details */
    uint32_t second;
};

static bool take_key(struct pl_span *rest, struct stored_key *stored)
{
    struct pl_cell_key *key = &stored->key;
    uint32_t kind, arm;
    int64_t pane;
    enum pl_cell_detail detail;

    if (!pl_state_take_count(rest, PL_CELL_KINDS, &kind) || !pl_cell_info(kind)->name ||
        !pl_state_take_count(rest, ARMS_MAX, &arm) || !pl_state_take_count(rest, UINT32_MAX, &key->subject) ||
        !pl_state_take_count(rest, UINT32_MAX, &key->metric))
        return false;
    detail = pl_cell_info(kind)->detail;
    if (detail == PL_BY_METRIC_BUCKET && !pl_state_take_count(rest, UINT16_MAX + 1, &stored->second))
        return false;
    if (detail == PL_BY_PAIR &&
        (!pl_state_take_count(rest, UINT32_MAX, &stored->second) || stored->second < key->metric))
        return false;
    if (!pl_span_take_signed(rest, &pane) || rest->len > 0 || pane < -PANE_MAX || pane > PANE_MAX)
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

/* Index of a metric of the area by its id; *keep false when it is not counted there any more. */
static bool translate_metric(const struct pl_shard *shard, uint32_t id, uint32_t area, uint32_t *index, bool *keep)
{
    bool known;

    *index = pl_dict_target(&shard->dict, PL_DICT_METRIC, id, &known);
    *keep = *keep && *index != PL_RULES_NONE && shard->rules->metrics[*index].area == area;
    return known;
}

/* Cells of a pair are those of units that have been counted since it is one. */
static bool is_counted(const struct pl_shard *shard, uint32_t area, uint32_t a, uint32_t b)
{
    uint32_t pair = pl_plan_find_pair(shard->plan, area, a, b);

    return pair != PL_RULES_NONE && shard->dict.entries[pl_dict_id(&shard->dict, PL_DICT_PAIR, pair)].stored;
}

static bool translate_detail(const struct pl_shard *shard, struct stored_key *stored, uint32_t area, bool *keep)
{
    struct pl_cell_key *key = &stored->key;
    uint32_t first = key->metric, second, a, b;

    switch (pl_cell_info(key->kind)->detail) {
    case PL_BY_NONE:
    case PL_BY_PLAIN:
        return key->kind != PL_CELL_SEGMENT || key->metric < PL_SEGMENTS_MAX;
    case PL_BY_METRIC:
        return translate_metric(shard, first, area, &key->metric, keep);
    case PL_BY_METRIC_BUCKET:
        if (!translate_metric(shard, first, area, &a, keep))
            return false;
        key->metric = (a & 0xffff) | stored->second << 16;
        return true;
    case PL_BY_PAIR:
        second = stored->second;
        if (!translate_metric(shard, first / 2, area, &a, keep) || !translate_metric(shard, second / 2, area, &b, keep))
            return false;
        a = PL_CELL_VARIABLE(a, first % 2) & 0xffff;
        b = PL_CELL_VARIABLE(b, second % 2) & 0xffff;
        *keep = *keep && is_counted(shard, area, a, b);
        key->metric = PL_CELL_PAIR(a, b);
        return true;
    }
    return false;
}

/* The key under the rules of today. False for what the store never knew; *keep false for what is not counted any more.
 */
static bool translate(const struct pl_shard *shard, struct stored_key *stored, bool *keep)
{
    struct pl_cell_key *key = &stored->key;
    enum pl_cell_subject subject = pl_cell_info(key->kind)->subject;
    const struct pl_experiment *experiment;
    bool known;

    *keep = true;
    if (subject != PL_OF_EXPERIMENT) {
        key->subject = pl_dict_target(&shard->dict, dict_of(subject), key->subject, &known);
        *keep = key->subject != PL_RULES_NONE;
        return known && (!*keep || subject != PL_OF_FUNNEL || key->arm < shard->rules->funnels[key->subject].n_steps);
    }
    if (key->subject >= shard->registry.n || !shard->registry.experiments[key->subject])
        return false;
    experiment = shard->registry.experiments[key->subject];
    if (pl_cell_has_variant(key->kind) && key->arm >= experiment->n_variants)
        return false;
    return translate_detail(shard, stored, experiment->area, keep);
}

enum pl_status pl_state_read_cell(struct pl_shard *shard, struct pl_span field, struct pl_span value,
                                  struct pl_err *err)
{
    struct stored_key stored = {0};
    struct pl_amount amount;
    struct pl_span rest = field;
    bool keep;

    if (!take_key(&rest, &stored) || field.len > 255 || !take_amount(&value, &amount) ||
        !translate(shard, &stored, &keep))
        return pl_err_set(err, PL_ERR_INPUT, "state: a cell of kind %u is damaged or names nothing known",
                          stored.key.kind);
    shard->cells_stored++;
    if (keep) {
        pl_cells_restore(&shard->cells, &stored.key, &amount);
        return PL_OK;
    }
    pl_buf_add_char(&shard->gone_cells, (char)(unsigned char)field.len);
    pl_buf_add_span(&shard->gone_cells, field);
    return pl_buf_ok(&shard->gone_cells) ? PL_OK : pl_err_set(err, PL_ERR_NOMEM, "out of memory while state is read");
}
