#include "codec/state_inside.h"

/* What a shard keeps of its inputs beside S_k: events that are held because their clocks run ahead, and the sample of
 * units that shows whether the inputs are keyed by them. A field each, written when it has changed. Actions and values
 * of held events go by the ids of the dictionary, as in tails. */

#define HELD_FIELD "held"
#define UNITS_FIELD "units"

void pl_state_put_keying(const struct pl_keying *keying, struct pl_buf *out)
{
    int32_t newest = 0;
    uint64_t before = 0;

    for (uint32_t at = 0; at < keying->n; at++)
        if (keying->units[at].last_day > newest)
            newest = keying->units[at].last_day;
    pl_buf_add_varint(out, keying->n);
    pl_buf_add_signed(out, newest);
    for (uint32_t at = 0; at < keying->n; at++) {
        pl_buf_add_varint(out, keying->units[at].hash - before);
        pl_buf_add_signed(out, newest - keying->units[at].last_day);
        before = keying->units[at].hash;
    }
}

bool pl_state_take_keying(struct pl_span *rest, struct pl_keying *keying)
{
    uint64_t hash = 0, step;
    int64_t newest, back;
    uint32_t n;

    if (!pl_state_take_count(rest, PL_KEYING_SHARD_MAX + 1, &n) || !pl_span_take_signed(rest, &newest) || newest < 0 ||
        newest > PL_TIME_MAX / PL_DAY_US)
        return false;
    for (uint32_t at = 0; at < n; at++) {
        if (!pl_span_take_varint(rest, &step) || !pl_span_take_signed(rest, &back) || back < 0 || back > newest ||
            step > UINT64_MAX - hash)
            return false;
        hash += step;
        if (!pl_keying_append(keying, (struct pl_keying_unit){hash, (int32_t)(newest - back), PL_KEYING_NEVER}))
            return false;
    }
    return true;
}

/* An action that no rule reads is 0, others are their id and 1. */
static void put_event(const struct pl_shard *shard, const struct pl_held_event *held, struct pl_buf *out)
{
    const struct pl_event *event = &held->event;

    pl_buf_add_varint(out, event->kind);
    pl_buf_add_signed(out, event->time_us);
    pl_buf_add_signed(out, event->offset);
    pl_state_add_raw64(out, event->identity);
    pl_state_add_raw64(out, event->unit.high);
    pl_state_add_raw64(out, event->unit.low);
    if (event->kind == PL_EVENT_EXPOSURE) {
        pl_state_add_name(out, held->experiment);
        pl_state_add_name(out, held->variant);
        return;
    }
    pl_buf_add_varint(out, event->action == PL_NAMES_NONE
                               ? 0
                               : pl_dict_id(&shard->dict, PL_DICT_ACTION, event->action) + UINT64_C(1));
    pl_state_put_values(shard, event->has_value, event->value_micro, out);
}

/* What stays held, then what is still to be looked at, of a release that is under way. */
static void put_held(const struct pl_shard *shard, const struct pl_held *held, struct pl_buf *out)
{
    uint32_t kept = held->releasing ? held->kept : held->n, next = held->releasing ? held->next : held->n;

    pl_buf_add_varint(out, held->releasing);
    pl_buf_add_signed(out, held->releasing ? held->base_us : 0);
    pl_buf_add_varint(out, kept);
    pl_buf_add_varint(out, kept + held->n - next);
    for (uint32_t at = 0; at < held->n; at++)
        if (at < kept || at >= next)
            put_event(shard, &held->events[at], out);
}

static enum pl_status write_held(struct pl_shard *shard, struct pl_state_out *out, struct pl_err *err)
{
    pl_state_begin(out);
    pl_buf_add_text(&out->field, HELD_FIELD);
    pl_buf_add_varint(&out->value, shard->front.n_inputs);
    for (unsigned input = 0; input < shard->front.n_inputs; input++) {
        put_held(shard, &shard->held[input], &out->value);
    }
    shard->held_dirty = false;
    return pl_state_put(out, PL_STATE_INPUT, 0, err);
}

enum pl_status pl_state_write_input(struct pl_shard *shard, struct pl_state_out *out, struct pl_err *err)
{
    enum pl_status status = shard->held_dirty ? write_held(shard, out, err) : PL_OK;

    if (status || !shard->keying_dirty)
        return status;
    pl_state_begin(out);
    pl_buf_add_text(&out->field, UNITS_FIELD);
    pl_state_put_keying(&shard->keying, &out->value);
    shard->keying_dirty = false;
    return pl_state_put(out, PL_STATE_INPUT, 0, err);
}

static bool take_action(const struct pl_shard *shard, struct pl_span *rest, struct pl_event *event)
{
    uint32_t id;
    bool known = true;

    event->action = PL_NAMES_NONE;
    if (!pl_state_take_count(rest, PL_DICT_IDS_MAX + 1, &id))
        return false;
    if (id > 0) {
        uint32_t action = pl_dict_target(&shard->dict, PL_DICT_ACTION, id - 1, &known);

        event->action = action == PL_RULES_NONE ? PL_NAMES_NONE : action;
    }
    return known && pl_state_take_values(shard, rest, &event->has_value, event->value_micro);
}

static bool take_event(const struct pl_shard *shard, struct pl_span *rest, struct pl_held *held)
{
    struct pl_event event = {.kind = PL_EVENT_EXPOSURE};
    uint32_t kind;
    bool failed = false;

    if (!pl_state_take_count(rest, 2, &kind) || !pl_state_take_time(rest, 0, &event.time_us) ||
        !pl_span_take_signed(rest, &event.offset) || !pl_state_take_raw64(rest, &event.identity) ||
        !pl_state_take_raw64(rest, &event.unit.high) || !pl_state_take_raw64(rest, &event.unit.low))
        return false;
    event.kind = (enum pl_event_kind)kind;
    if (event.kind == PL_EVENT_EXPOSURE) {
        if (!pl_state_take_name(rest, &event.experiment) || !pl_state_take_name(rest, &event.variant))
            return false;
    } else if (!take_action(shard, rest, &event)) {
        return false;
    }
    return pl_held_add(held, &event, &failed);
}

static bool take_input(const struct pl_shard *shard, struct pl_span *rest, struct pl_held *held)
{
    uint32_t releasing, n;

    if (held->n || !pl_state_take_count(rest, 2, &releasing) || !pl_state_take_time(rest, 0, &held->base_us) ||
        !pl_state_take_count(rest, PL_HELD_EVENTS_MAX + 1, &held->kept) ||
        !pl_state_take_count(rest, PL_HELD_EVENTS_MAX + 1, &n) || held->kept > n || (releasing && held->kept == n))
        return false;
    held->releasing = releasing;
    held->next = held->kept;
    for (; n > 0; n--)
        if (!take_event(shard, rest, held))
            return false;
    return true;
}

static bool take_held(struct pl_shard *shard, struct pl_span *rest)
{
    uint32_t n_inputs;
    bool ok = pl_state_take_count(rest, PL_INPUTS_MAX + 1, &n_inputs) && n_inputs == shard->front.n_inputs;

    for (unsigned input = 0; ok && input < shard->front.n_inputs; input++)
        ok = take_input(shard, rest, &shard->held[input]);
    return ok;
}

enum pl_status pl_state_read_input(struct pl_shard *shard, struct pl_span field, struct pl_span value,
                                   struct pl_err *err)
{
    bool ok = pl_state_take_version(&value);

    if (pl_span_is(field, HELD_FIELD))
        ok = ok && take_held(shard, &value);
    else if (pl_span_is(field, UNITS_FIELD))
        ok = ok && pl_state_take_keying(&value, &shard->keying);
    else
        ok = false;
    return ok && value.len == 0 ? PL_OK : pl_err_set(err, PL_ERR_INPUT, "state: what is kept of the inputs is damaged");
}
