#include "codec/state_inside.h"

/* The properties of an event, in a tail or held: how many, then id and value of each. */

void pl_state_put_values(const struct pl_shard *shard, uint32_t has, const int64_t *micro, struct pl_buf *out)
{
    uint32_t n = 0;

    for (unsigned value = 0; value < shard->rules->n_values; value++)
        n += has >> value & 1;
    pl_buf_add_varint(out, n);
    for (unsigned value = 0; value < shard->rules->n_values; value++) {
        if (!(has >> value & 1))
            continue;
        pl_buf_add_varint(out, pl_dict_id(&shard->dict, PL_DICT_VALUE, value));
        pl_buf_add_signed(out, micro[value]);
    }
}

bool pl_state_take_values(const struct pl_shard *shard, struct pl_span *rest, uint32_t *has, int64_t *micro)
{
    uint32_t n, id;

    *has = 0;
    if (!pl_state_take_count(rest, PL_EVENT_VALUES + 1, &n))
        return false;
    for (; n > 0; n--) {
        uint32_t value;
        int64_t amount;
        bool known;

        if (!pl_state_take_count(rest, PL_DICT_IDS_MAX, &id) || !pl_span_take_signed(rest, &amount))
            return false;
        value = pl_dict_target(&shard->dict, PL_DICT_VALUE, id, &known);
        if (!known)
            return false;
        if (value >= PL_EVENT_VALUES)
            continue; /* no rule reads it any more */
        *has |= 1u << value;
        micro[value] = amount;
    }
    return true;
}
