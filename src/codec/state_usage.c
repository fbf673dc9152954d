#include "codec/state_inside.h"
#include "core/count/days.h"
#include "core/count/feature.h"
#include "core/count/usage.h"

/* Entries of a unit in an observed area. Days are stored plus 1, 0 for none; a remembered past without its last day is
 * none. */

#define DAYS_MAX (PL_TIME_MAX / PL_DAY_US + 2) /* stored days are below it */
#define RETAINED_MAX (1u << PL_USAGE_WEEKS)

static void put_day(int32_t day, struct pl_buf *out)
{
    pl_buf_add_varint(out, (uint64_t)(day + 1));
}

static void put_days(uint64_t word, struct pl_buf *out)
{
    struct pl_days days = pl_days_unpack(word);

    put_day(days.last, out);
    if (days.last != PL_DAY_NONE)
        pl_buf_add_varint(out, days.before);
}

static void put_area(const struct pl_shard *shard, const uint64_t *words, struct pl_buf *out)
{
    struct pl_words_head head = pl_words_unpack(words[0]);

    pl_buf_add_varint(out, pl_dict_id(&shard->dict, PL_DICT_AREA, head.id));
    pl_buf_add_signed(out, (int64_t)words[1]);
    put_days(words[2], out);
    put_days(words[4], out);
    if (pl_days_unpack(words[4]).last == PL_DAY_NONE)
        return;
    pl_buf_add_signed(out, (int64_t)words[3]);
    pl_buf_add_varint(out, head.flags);
}

/* With its area: that must be known even if the feature is not any more. */
static void put_feature(const struct pl_shard *shard, const uint64_t *words, struct pl_buf *out)
{
    struct pl_feature feature = pl_feature_unpack(words);

    pl_buf_add_varint(out, pl_dict_id(&shard->dict, PL_DICT_FEATURE, feature.head.id));
    pl_buf_add_varint(out, pl_dict_id(&shard->dict, PL_DICT_AREA, shard->rules->features[feature.head.id].area));
    pl_buf_add_varint(out, feature.head.flags);
    put_day(feature.eligible, out);
    put_day(feature.aware, out);
    put_day(feature.first, out);
    put_day(feature.last, out);
    put_day(feature.again, out);
}

static void put_left(const struct pl_shard *shard, const uint64_t *words, struct pl_buf *out)
{
    pl_buf_add_varint(out, pl_dict_id(&shard->dict, PL_DICT_AREA, pl_words_unpack(words[0]).id));
    put_day((int32_t)words[1], out);
}

void pl_state_put_usage(const struct pl_shard *shard, const uint64_t *words, struct pl_buf *out)
{
    enum pl_words_kind kind = pl_words_kind_of(words[0]);

    if (kind == PL_WORDS_AREA)
        put_area(shard, words, out);
    else if (kind == PL_WORDS_FEATURE)
        put_feature(shard, words, out);
    else if (kind == PL_WORDS_LEFT)
        put_left(shard, words, out);
}

static bool take_day(struct pl_span *rest, int32_t *day)
{
    uint32_t stored;

    if (!pl_state_take_count(rest, (uint32_t)DAYS_MAX, &stored))
        return false;
    *day = (int32_t)stored - 1;
    return true;
}

static bool take_days(struct pl_span *rest, struct pl_days *days)
{
    days->before = 0;
    return take_day(rest, &days->last) &&
           (days->last == PL_DAY_NONE || pl_state_take_count(rest, UINT32_C(1) << PL_DAYS_BACK, &days->before));
}

static bool take_area(struct pl_shard *shard, struct pl_span *rest)
{
    struct pl_words_head head = {.kind = PL_WORDS_AREA, .n_words = PL_USAGE_WORDS};
    uint32_t id, at = shard->state.n;
    struct pl_days active, value;
    int64_t first_us, value_us = 0;
    bool known;

    if (!pl_state_take_count(rest, UINT32_MAX, &id) || !pl_state_take_time(rest, 0, &first_us) ||
        !take_days(rest, &active) || active.last == PL_DAY_NONE || !take_days(rest, &value))
        return false;
    if (value.last != PL_DAY_NONE &&
        (!pl_state_take_time(rest, 0, &value_us) || !pl_state_take_count(rest, RETAINED_MAX, &head.flags)))
        return false;
    head.id = pl_dict_target(&shard->dict, PL_DICT_AREA, id, &known);
    if (!known || head.id == PL_RULES_NONE)
        return known;
    if (pl_words_find(&shard->state, PL_WORDS_AREA, head.id) || !pl_words_push(&shard->state, PL_USAGE_WORDS))
        return false;
    shard->state.at[at] = pl_words_pack(&head);
    shard->state.at[at + 1] = (uint64_t)first_us;
    shard->state.at[at + 2] = pl_days_pack(active);
    shard->state.at[at + 3] = (uint64_t)value_us;
    shard->state.at[at + 4] = pl_days_pack(value);
    return true;
}

/* A day that only comes with another one, or with which another one comes. */
static bool makes_sense(const struct pl_feature *feature)
{
    bool aware = feature->aware != PL_DAY_NONE, used = feature->first != PL_DAY_NONE;

    return feature->eligible != PL_DAY_NONE && (aware || !used) && used == (feature->last != PL_DAY_NONE) &&
           (used || (feature->again == PL_DAY_NONE && feature->head.flags == 0));
}

/* What a feature contributed to its area is only there while the area is. */
static bool keep_feature(struct pl_shard *shard, struct pl_feature *feature, uint32_t area)
{
    bool in_area = area != PL_RULES_NONE && pl_words_find(&shard->state, PL_WORDS_AREA, area);
    uint32_t at = shard->state.n;

    if (feature->head.id == PL_RULES_NONE)
        return !in_area || !(feature->head.flags & PL_FEATURE_BREADTH) ||
               pl_feature_leave(&shard->state, area, feature->last);
    if (!in_area)
        feature->head.flags &= ~PL_FEATURE_BREADTH;
    if (pl_words_find(&shard->state, PL_WORDS_FEATURE, feature->head.id) ||
        !pl_words_push(&shard->state, PL_FEATURE_WORDS))
        return false;
    pl_feature_pack(feature, shard->state.at + at);
    return true;
}

static bool take_feature(struct pl_shard *shard, struct pl_span *rest)
{
    struct pl_feature feature = {.head = {.kind = PL_WORDS_FEATURE, .n_words = PL_FEATURE_WORDS}};
    bool known, area_known;
    uint32_t id, area;

    if (!pl_state_take_count(rest, UINT32_MAX, &id) || !pl_state_take_count(rest, UINT32_MAX, &area) ||
        !pl_state_take_count(rest, PL_FEATURE_FLAGS, &feature.head.flags) || !take_day(rest, &feature.eligible) ||
        !take_day(rest, &feature.aware) || !take_day(rest, &feature.first) || !take_day(rest, &feature.last) ||
        !take_day(rest, &feature.again) || !makes_sense(&feature))
        return false;
    feature.head.id = pl_dict_target(&shard->dict, PL_DICT_FEATURE, id, &known);
    area = pl_dict_target(&shard->dict, PL_DICT_AREA, area, &area_known);
    return known && area_known && keep_feature(shard, &feature, area);
}

static bool take_left(struct pl_shard *shard, struct pl_span *rest)
{
    uint32_t id, area;
    int32_t day;
    bool known;

    if (!pl_state_take_count(rest, UINT32_MAX, &id) || !take_day(rest, &day) || day == PL_DAY_NONE)
        return false;
    area = pl_dict_target(&shard->dict, PL_DICT_AREA, id, &known);
    if (!known || area == PL_RULES_NONE || !pl_words_find(&shard->state, PL_WORDS_AREA, area))
        return known;
    return pl_feature_leave(&shard->state, area, day);
}

bool pl_state_take_usage(struct pl_shard *shard, enum pl_words_kind kind, struct pl_span *rest)
{
    switch (kind) {
    case PL_WORDS_AREA:
        return take_area(shard, rest);
    case PL_WORDS_FEATURE:
        return take_feature(shard, rest);
    case PL_WORDS_LEFT:
        return take_left(shard, rest);
    case PL_WORDS_EXPERIMENT:
    case PL_WORDS_FUNNEL:
    case PL_WORDS_BEFORE:
    case PL_WORDS_KINDS:
        break;
    }
    return false;
}
