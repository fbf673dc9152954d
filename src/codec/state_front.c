#include "codec/state_inside.h"

#include <string.h>

#define FIELD "front"

/* F, S_k and their like, the hash of the sums published last, whether they were taken, and how many ids the dictionary
 * has given. */
enum pl_status pl_state_write_front(struct pl_shard *shard, struct pl_state_out *out, struct pl_err *err)
{
    const struct pl_front *front = &shard->front;
    struct pl_buf *value = &out->value;

    if (memcmp(front, &shard->front_stored, sizeof(*front)) == 0 && shard->published_hash == shard->hash_stored &&
        shard->waiting == shard->waiting_stored && shard->dict.n == shard->dict_stored)
        return PL_OK;
    pl_state_begin(out);
    pl_buf_add_text(&out->field, FIELD);
    pl_buf_add_varint(value, front->n_inputs);
    for (unsigned input = 0; input < front->n_inputs; input++) {
        pl_buf_add_signed(value, front->stream_us[input]);
        pl_buf_add_signed(value, front->first_us[input]);
    }
    pl_buf_add_signed(value, front->frontier_us);
    pl_buf_add_signed(value, front->complete_us);
    pl_buf_add_signed(value, front->largest_place_us);
    pl_buf_add_signed(value, front->control_place_us);
    pl_state_add_raw64(value, shard->published_hash);
    pl_buf_add_varint(value, shard->waiting);
    pl_buf_add_varint(value, shard->dict.n);
    shard->front_stored = *front;
    shard->hash_stored = shard->published_hash;
    shard->waiting_stored = shard->waiting;
    shard->dict_stored = shard->dict.n;
    return pl_state_put(out, PL_STATE_FRONT, 0, err);
}

/* F lies before 1970 while the first events do: S_k - hold - lateness. */
static bool take_frontier(struct pl_span *rest, int64_t *frontier_us)
{
    return pl_span_take_signed(rest, frontier_us) &&
           (*frontier_us == PL_TIME_NONE || (*frontier_us >= -PL_TIME_MAX && *frontier_us <= PL_TIME_MAX));
}

static bool take_front(struct pl_span *rest, struct pl_front *front)
{
    for (unsigned input = 0; input < front->n_inputs; input++)
        if (!pl_state_take_time(rest, PL_TIME_NONE, &front->stream_us[input]) ||
            !pl_state_take_time(rest, PL_TIME_NONE, &front->first_us[input]))
            return false;
    return take_frontier(rest, &front->frontier_us) && pl_state_take_time(rest, PL_TIME_NONE, &front->complete_us) &&
           pl_state_take_time(rest, PL_TIME_NONE, &front->largest_place_us) &&
           pl_state_take_time(rest, PL_TIME_NONE, &front->control_place_us);
}

enum pl_status pl_state_read_front(struct pl_shard *shard, struct pl_span value, struct pl_err *err)
{
    struct pl_front *front = &shard->front;
    uint32_t n_inputs, n_ids, waiting;
    enum pl_status status;

    if (!pl_state_take_version(&value) || !pl_state_take_count(&value, PL_INPUTS_MAX + 1, &n_inputs))
        return pl_err_set(err, PL_ERR_INPUT, "state: the front has an unknown form");
    if (n_inputs != front->n_inputs)
        return pl_err_set(err, PL_ERR_INPUT, "state: the shard had %u inputs and now has %u", n_inputs,
                          front->n_inputs);
    if (!take_front(&value, front) || !pl_state_take_raw64(&value, &shard->published_hash) ||
        !pl_state_take_count(&value, 2, &waiting) || !pl_state_take_count(&value, PL_DICT_IDS_MAX + 1, &n_ids) ||
        value.len > 0)
        return pl_err_set(err, PL_ERR_INPUT, "state: the front is damaged");
    status = pl_dict_reserve(&shard->dict, n_ids, err);
    if (status)
        return status;
    shard->front_stored = *front;
    shard->hash_stored = shard->published_hash;
    shard->dict_stored = n_ids;
    shard->waiting = shard->waiting_stored = waiting;
    pl_shard_complete(shard, front->complete_us);
    return PL_OK;
}
