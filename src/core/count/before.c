#include "core/count/before.h"

#include "core/count/step.h"

#define DAYS_MASK ((UINT32_C(1) << PL_BEFORE_DAYS) - 1)

struct map {
    int32_t newest;
    uint32_t days;
};

static struct map unpack(uint64_t word)
{
    return (struct map){(int32_t)(uint32_t)word, (uint32_t)(word >> 32)};
}

static uint64_t pack(struct map map)
{
    return (uint64_t)map.days << 32 | (uint32_t)map.newest;
}

static bool has_totals(const struct pl_metric_rule *metric)
{
    return metric->type != PL_METRIC_CONVERSION;
}

static uint32_t count(uint32_t days)
{
    return (uint32_t)__builtin_popcount(days);
}

/* Days younger than this one: that many totals stand before its own. */
static uint32_t younger(struct map map, int32_t age)
{
    return count(map.days & ((UINT32_C(1) << age) - 1));
}

static uint32_t make(struct pl_words *state, uint32_t metric, int32_t day)
{
    struct pl_words_head head = {.kind = PL_WORDS_BEFORE, .id = metric, .n_words = PL_BEFORE_AT};
    uint32_t at = state->n;

    if (!pl_words_push(state, PL_BEFORE_AT))
        return 0;
    state->at[at] = pl_words_pack(&head);
    state->at[at + 1] = pack((struct map){.newest = day});
    return at;
}

static void resize(struct pl_words *state, uint32_t at, uint32_t n_words)
{
    struct pl_words_head head = pl_words_unpack(state->at[at]);

    head.n_words = n_words;
    state->at[at] = pl_words_pack(&head);
}

/* A newer day: what is more than 28 days before it goes, and it stood last. */
static struct map slide(struct pl_words *state, uint32_t at, struct map map, int32_t day)
{
    int32_t by = day - map.newest;
    uint32_t n_words = pl_words_size(state->at[at]), keep;

    map.days = by < PL_BEFORE_DAYS ? map.days << by & DAYS_MASK : 0;
    map.newest = day;
    keep = PL_BEFORE_AT + count(map.days);
    if (keep < n_words) {
        pl_words_cut(state, at + keep, n_words - keep);
        resize(state, at, keep);
    }
    return map;
}

bool pl_before_note(struct pl_words *state, const struct pl_rules *rules, uint32_t metric, int32_t day, int64_t gain)
{
    bool totals = has_totals(&rules->metrics[metric]);
    uint32_t at = pl_words_find(state, PL_WORDS_BEFORE, metric), place;
    struct map map;
    int32_t age;

    if (!at)
        at = make(state, metric, day);
    if (!at)
        return false;
    map = unpack(state->at[at + 1]);
    if (day > map.newest)
        map = slide(state, at, map, day);
    age = map.newest - day;
    if (age >= PL_BEFORE_DAYS)
        return true;
    place = at + PL_BEFORE_AT + younger(map, age);
    if (totals && !(map.days >> age & 1)) {
        if (!pl_words_insert(state, place, 1))
            return false;
        resize(state, at, pl_words_size(state->at[at]) + 1);
    }
    if (totals)
        state->at[place] = (uint64_t)pl_step_total((int64_t)state->at[place], gain);
    map.days |= UINT32_C(1) << age;
    state->at[at + 1] = pack(map);
    return true;
}

int64_t pl_before_total(const struct pl_words *state, const struct pl_rules *rules, uint32_t metric, int32_t day)
{
    const struct pl_metric_rule *rule = &rules->metrics[metric];
    int32_t first = day - (int32_t)(rule->before_us / PL_DAY_US);
    uint32_t at = pl_words_find(state, PL_WORDS_BEFORE, metric);
    int64_t total = 0;
    struct map map;

    if (!at)
        return 0;
    map = unpack(state->at[at + 1]);
    for (int32_t age = 0; age < PL_BEFORE_DAYS; age++) {
        int32_t noted = map.newest - age;

        if (!(map.days >> age & 1) || noted < first || noted > day)
            continue;
        if (!has_totals(rule))
            return PL_MICRO;
        total = pl_step_total(total, (int64_t)state->at[at + PL_BEFORE_AT + younger(map, age)]);
    }
    return total;
}

bool pl_before_restore(struct pl_words *state, const struct pl_rules *rules, uint32_t metric, uint64_t map,
                       uint32_t n_totals)
{
    const struct pl_metric_rule *rule = &rules->metrics[metric];
    struct map days = unpack(map);
    uint32_t at;

    if (!pl_plan_has_before(rule) || days.newest < 0 || !(days.days & 1) || days.days > DAYS_MASK ||
        n_totals != (has_totals(rule) ? count(days.days) : 0) || pl_words_find(state, PL_WORDS_BEFORE, metric))
        return false;
    at = make(state, metric, days.newest);
    if (!at || !pl_words_push(state, n_totals))
        return false;
    state->at[at + 1] = map;
    resize(state, at, PL_BEFORE_AT + n_totals);
    return true;
}
