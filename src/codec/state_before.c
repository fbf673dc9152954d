#include "codec/state_inside.h"
#include "core/count/before.h"

/* An entry: id of the metric, newest day, bit per day before it, number of totals, totals. */

void pl_state_put_before(const struct pl_shard *shard, const uint64_t *words, struct pl_buf *out)
{
    struct pl_words_head head = pl_words_unpack(words[0]);

    pl_buf_add_varint(out, pl_dict_id(&shard->dict, PL_DICT_METRIC, head.id));
    pl_buf_add_varint(out, (uint32_t)words[1]);
    pl_buf_add_varint(out, words[1] >> 32);
    pl_buf_add_varint(out, head.n_words - PL_BEFORE_AT);
    for (uint32_t at = PL_BEFORE_AT; at < head.n_words; at++)
        pl_buf_add_signed(out, (int64_t)words[at]);
}

/* Of a metric that is not there any more, everything is passed over. */
bool pl_state_take_before(struct pl_shard *shard, struct pl_span *rest)
{
    uint32_t id, newest, days, n, metric, at;
    int64_t total;
    bool known;

    if (!pl_state_take_count(rest, UINT32_MAX, &id) ||
        !pl_state_take_count(rest, (uint32_t)(PL_TIME_MAX / PL_DAY_US) + 1, &newest) ||
        !pl_state_take_count(rest, UINT32_MAX, &days) || !pl_state_take_count(rest, PL_BEFORE_DAYS + 1, &n))
        return false;
    metric = pl_dict_target(&shard->dict, PL_DICT_METRIC, id, &known);
    if (!known || (metric != PL_RULES_NONE &&
                   !pl_before_restore(&shard->state, shard->rules, metric, (uint64_t)days << 32 | newest, n)))
        return false;
    at = shard->state.n - n;
    for (; n > 0; n--, at++) {
        if (!pl_span_take_signed(rest, &total) || total > PL_TOTAL_MAX || total < -PL_TOTAL_MAX)
            return false;
        if (metric != PL_RULES_NONE)
            shard->state.at[at] = (uint64_t)total;
    }
    return true;
}
