#include "codec/state.h"

#include "codec/state_inside.h"
#include "core/count/snapshot.h"

#include <string.h>

void pl_state_begin(struct pl_state_out *out)
{
    pl_buf_clear(&out->field);
    pl_buf_clear(&out->value);
    pl_buf_add_char(&out->value, PL_STATE_VERSION);
}

enum pl_status pl_state_put(struct pl_state_out *out, enum pl_state_kind kind, uint32_t bucket, struct pl_err *err)
{
    if (!pl_buf_ok(&out->field) || !pl_buf_ok(&out->value))
        return pl_err_set(err, PL_ERR_NOMEM, "out of memory for a state record");
    return out->emit(out->ctx, kind, bucket, pl_buf_span(&out->field), pl_buf_span(&out->value), err);
}

enum pl_status pl_state_delete(struct pl_state_out *out, enum pl_state_kind kind, uint32_t bucket, struct pl_err *err)
{
    const struct pl_span nothing = {0};

    if (!pl_buf_ok(&out->field))
        return pl_err_set(err, PL_ERR_NOMEM, "out of memory for a state record");
    return out->emit(out->ctx, kind, bucket, pl_buf_span(&out->field), nothing, err);
}

bool pl_state_take_version(struct pl_span *rest)
{
    if (rest->len == 0 || rest->ptr[0] != PL_STATE_VERSION)
        return false;
    rest->ptr++;
    rest->len--;
    return true;
}

bool pl_state_take_count(struct pl_span *rest, uint32_t below, uint32_t *value)
{
    uint64_t wide;

    if (!pl_span_take_varint(rest, &wide) || wide >= below)
        return false;
    *value = (uint32_t)wide;
    return true;
}

bool pl_state_take_time(struct pl_span *rest, int64_t or_us, int64_t *time_us)
{
    return pl_span_take_signed(rest, time_us) && (*time_us == or_us || (*time_us >= 0 && *time_us <= PL_TIME_MAX));
}

void pl_state_add_raw64(struct pl_buf *buf, uint64_t value)
{
    char bytes[8];

    for (unsigned at = 0; at < 8; at++)
        bytes[at] = (char)(value >> (8 * at) & 0xff);
    pl_buf_add(buf, bytes, sizeof(bytes));
}

bool pl_state_take_raw64(struct pl_span *rest, uint64_t *value)
{
    *value = 0;
    if (rest->len < 8)
        return false;
    for (unsigned at = 0; at < 8; at++)
        *value |= (uint64_t)(unsigned char)rest->ptr[at] << (8 * at);
    rest->ptr += 8;
    rest->len -= 8;
    return true;
}

void pl_state_add_double(struct pl_buf *buf, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    pl_state_add_raw64(buf, bits);
}

bool pl_state_take_double(struct pl_span *rest, double *value)
{
    uint64_t bits;
    bool ok = pl_state_take_raw64(rest, &bits);

    memcpy(value, &bits, sizeof(bits));
    return ok;
}

void pl_state_add_name(struct pl_buf *buf, const char *name)
{
    pl_buf_add_varint(buf, strlen(name));
    pl_buf_add_text(buf, name);
}

bool pl_state_take_name(struct pl_span *rest, struct pl_span *name)
{
    uint32_t len;

    if (!pl_state_take_count(rest, PL_NAME_BYTES, &len) || len > rest->len || len == 0 || memchr(rest->ptr, '\0', len))
        return false;
    *name = (struct pl_span){rest->ptr, len};
    rest->ptr += len;
    rest->len -= len;
    return true;
}

enum pl_status pl_state_write(struct pl_shard *shard, pl_state_emit_fn emit, void *ctx, struct pl_err *err)
{
    struct pl_state_out out = {.emit = emit, .ctx = ctx};
    enum pl_status status;

    if (shard->failed || shard->cells.failed)
        return pl_err_set(err, PL_ERR_NOMEM, "out of memory while counting: the shard must be loaded again");
    status = pl_state_bind(shard, err);
    if (!status)
        status = pl_state_write_dict(shard, &out, err);
    if (!status)
        status = pl_state_write_front(shard, &out, err);
    if (!status)
        status = pl_state_write_input(shard, &out, err);
    if (!status)
        status = pl_state_write_cells(shard, &out, err);
    if (!status)
        status = pl_state_write_units(shard, &out, err);
    pl_buf_fini(&out.field);
    pl_buf_fini(&out.value);
    return status;
}

size_t pl_state_dirty(const struct pl_shard *shard)
{
    return (size_t)shard->units.n_dirty + shard->units.n_gone;
}

size_t pl_state_cells(const struct pl_shard *shard)
{
    return shard->cells_stored;
}

enum pl_status pl_state_read(struct pl_shard *shard, enum pl_state_kind kind, struct pl_span field,
                             struct pl_span value, struct pl_err *err)
{
    enum pl_status status;

    if (kind == PL_STATE_DICT)
        return pl_state_read_dict(shard, field, value, err);
    if (kind == PL_STATE_FRONT) {
        status = pl_state_read_front(shard, value, err);
        return status ? status : pl_state_bind(shard, err);
    }
    if (!shard->dict.bound)
        return pl_err_set(err, PL_ERR_INPUT, "state: a record of cells or units without the shard's front");
    if (kind == PL_STATE_INPUT)
        return pl_state_read_input(shard, field, value, err);
    return kind == PL_STATE_CELL ? pl_state_read_cell(shard, field, value, err)
                                 : pl_state_read_unit(shard, field, value, err);
}

enum pl_status pl_state_ready(struct pl_shard *shard, struct pl_err *err)
{
    for (uint32_t at = 0; at < shard->registry.n; at++)
        if (!shard->registry.experiments[at])
            return pl_err_set(err, PL_ERR_INPUT, "state: experiment %u of %u is missing", at, shard->registry.n);
    shard->cells.changed = shard->front.complete_us != PL_TIME_NONE; /* since the last tick: not known, so look */
    if (shard->failed || shard->cells.failed)
        return pl_err_set(err, PL_ERR_NOMEM, "out of memory while state is read");
    if (shard->waiting && pl_snapshot_make(shard, PL_CELLS_SETTLED, shard->front.complete_us, &shard->sums, err))
        return PL_ERR_NOMEM;
    return pl_state_bind(shard, err);
}
