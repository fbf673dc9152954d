#include "core/count/feature.h"

#include "core/count/days.h"

#define DAY_BITS 22
#define DAY_MASK ((UINT64_C(1) << DAY_BITS) - 1)
#define SPLIT 20 /* bits of the fifth day in the first word; the others are in the second */
#define BREADTH_MAX 16
#define LEFT_DAYS 32 /* as long as BREADTH is kept */
#define ADOPT_DAYS_MAX 90
#define REPEATED_DAYS 28
#define SOON_DAYS 14

enum known_arm { KNOWN_NONE, KNOWN_AWARE, KNOWN_USED };

static int32_t day_at(uint64_t bits)
{
    return (int32_t)(bits & DAY_MASK) - 1;
}

static uint64_t bits_of(int32_t day)
{
    return (uint64_t)(day + 1) & DAY_MASK;
}

struct pl_feature pl_feature_unpack(const uint64_t words[PL_FEATURE_WORDS])
{
    return (struct pl_feature){.head = pl_words_unpack(words[0]),
                               .eligible = day_at(words[1]),
                               .aware = day_at(words[1] >> DAY_BITS),
                               .first = day_at(words[1] >> 2 * DAY_BITS | words[2] >> 2 * DAY_BITS << SPLIT),
                               .last = day_at(words[2]),
                               .again = day_at(words[2] >> DAY_BITS)};
}

void pl_feature_pack(const struct pl_feature *feature, uint64_t words[PL_FEATURE_WORDS])
{
    uint64_t first = bits_of(feature->first);

    words[0] = pl_words_pack(&feature->head);
    words[1] = bits_of(feature->eligible) | bits_of(feature->aware) << DAY_BITS | first << 2 * DAY_BITS;
    words[2] = bits_of(feature->last) | bits_of(feature->again) << DAY_BITS | first >> SPLIT << 2 * DAY_BITS;
}

static const struct pl_feature_rule *rule_of(const struct pl_step *step, const struct pl_feature *feature)
{
    return &step->plan->rules->features[feature->head.id];
}

static int32_t later(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static enum known_arm known_arm(const struct pl_feature *feature)
{
    if (feature->first != PL_DAY_NONE)
        return KNOWN_USED;
    return feature->aware != PL_DAY_NONE ? KNOWN_AWARE : KNOWN_NONE;
}

static void move_known(const struct pl_step *step, const struct pl_feature *was, const struct pl_feature *now)
{
    for (unsigned arm = KNOWN_AWARE; arm <= KNOWN_USED; arm++)
        pl_cells_move(step->cells, (struct pl_cell_key){PL_CELL_KNOWN, (uint16_t)arm, now->head.id, 0, 0},
                      known_arm(was) == arm ? was->eligible : PL_DAY_NONE,
                      known_arm(now) == arm ? now->eligible : PL_DAY_NONE);
}

static void move_used(const struct pl_step *step, const struct pl_feature *was, const struct pl_feature *now)
{
    int32_t days = now->first - now->aware;
    struct pl_cell_key key = {.kind = PL_CELL_USED, .subject = now->head.id};
    bool repeated = now->again != PL_DAY_NONE, was_repeated = was->again != PL_DAY_NONE;

    days = days > ADOPT_DAYS_MAX ? ADOPT_DAYS_MAX : days;
    key.metric = (uint32_t)later(days, 0);
    pl_cells_move(step->cells, key, was_repeated ? PL_DAY_NONE : was->first, repeated ? PL_DAY_NONE : now->first);
    key.arm = 1;
    pl_cells_move(step->cells, key, was_repeated ? was->first : PL_DAY_NONE, repeated ? now->first : PL_DAY_NONE);
}

static bool same_days(const struct pl_feature *a, const struct pl_feature *b)
{
    return a->eligible == b->eligible && a->aware == b->aware && a->first == b->first && a->last == b->last &&
           a->again == b->again;
}

/* Cells follow from the state: whatever happened, the unit leaves where it was and stands where it is. */
static void move_unit(const struct pl_step *step, const struct pl_feature *was, const struct pl_feature *now)
{
    struct pl_cell_key key = {.kind = PL_CELL_AUDIENCE, .subject = now->head.id};

    if (same_days(was, now))
        return;
    if (rule_of(step, now)->eligible.n > 0)
        pl_cells_move(step->cells, key, was->eligible, now->eligible);
    move_known(step, was, now);
    move_used(step, was, now);
    key.kind = PL_CELL_AGAIN;
    pl_cells_move(step->cells, key, was->again, now->again);
    key.kind = PL_CELL_COHORT;
    pl_cells_move(step->cells, key, was->aware, now->aware);
}

static void note_use(struct pl_feature *feature, int32_t day)
{
    int32_t week = pl_days_monday(day), last_week;

    if (feature->first == PL_DAY_NONE) {
        feature->first = feature->last = day;
        return;
    }
    last_week = pl_days_monday(feature->last);
    if (week < last_week) {
        feature->again = later(feature->again, day);
        return;
    }
    if (week > last_week)
        feature->again = feature->last;
    feature->last = later(feature->last, day);
}

static bool is_within(const struct pl_feature *feature, int32_t day, int32_t days)
{
    return day >= feature->aware && day - feature->aware < days;
}

static void count_cohort(const struct pl_step *step, struct pl_feature *feature, int32_t day)
{
    static const int32_t days[2] = {REPEATED_DAYS, SOON_DAYS};

    if (pl_days_monday(day) == pl_days_monday(feature->first))
        return;
    for (unsigned at = 0; at < 2; at++) {
        if (feature->head.flags >> at & 1 || !is_within(feature, day, days[at]) ||
            !is_within(feature, feature->first, days[at]))
            continue;
        feature->head.flags |= 1u << at;
        pl_step_add(step, (struct pl_cell_key){PL_CELL_COHORT, (uint16_t)(at + 1), feature->head.id, 0, feature->aware},
                    (struct pl_amount){.n = 1});
    }
}

/* Put a day among the newest ones, which are sorted. */
static void rank(int32_t list[BREADTH_MAX], unsigned *n, int32_t day)
{
    unsigned at;

    if (*n == BREADTH_MAX && day <= list[BREADTH_MAX - 1])
        return;
    *n += *n < BREADTH_MAX;
    for (at = *n - 1; at > 0 && list[at - 1] < day; at--)
        list[at] = list[at - 1];
    list[at] = day;
}

/* The last use day that an entry has in the area's BREADTH, or none. */
static int32_t breadth_day(const struct pl_step *step, const uint64_t *words, uint32_t area)
{
    enum pl_words_kind kind = pl_words_kind_of(words[0]);
    struct pl_feature feature;

    if (kind == PL_WORDS_LEFT)
        return pl_words_unpack(words[0]).id == area ? (int32_t)words[1] : PL_DAY_NONE;
    if (kind != PL_WORDS_FEATURE)
        return PL_DAY_NONE;
    feature = pl_feature_unpack(words);
    return feature.head.flags & PL_FEATURE_BREADTH && rule_of(step, &feature)->area == area ? feature.last
                                                                                            : PL_DAY_NONE;
}

static unsigned list_breadth(const struct pl_step *step, const struct pl_words *state, uint32_t area,
                             int32_t list[BREADTH_MAX])
{
    unsigned n = 0;

    for (uint32_t at = PL_WORDS_FIRST; at < state->n; at += pl_words_size(state->at[at])) {
        int32_t day = breadth_day(step, state->at + at, area);

        if (day != PL_DAY_NONE)
            rank(list, &n, day);
    }
    return n;
}

static void forget_left(struct pl_words *state, uint32_t area, int32_t newest)
{
    for (uint32_t at = PL_WORDS_FIRST; at < state->n;) {
        struct pl_words_head head = pl_words_unpack(state->at[at]);

        if (head.kind == PL_WORDS_LEFT && head.id == area && (int32_t)state->at[at + 1] < newest - LEFT_DAYS)
            pl_words_cut(state, at, head.n_words);
        else
            at += head.n_words;
    }
}

/* The feature's words become `now`, and BREADTH follows. */
static void put(const struct pl_step *step, struct pl_words *state, uint32_t at, const struct pl_feature *was,
                struct pl_feature *now)
{
    uint32_t area = rule_of(step, now)->area;
    int32_t from[BREADTH_MAX], to[BREADTH_MAX];
    unsigned n_from, n_to;

    if (now->last == was->last && now->head.flags & PL_FEATURE_BREADTH) {
        pl_feature_pack(now, state->at + at);
        return;
    }
    n_from = list_breadth(step, state, area, from);
    now->head.flags |= PL_FEATURE_BREADTH;
    pl_feature_pack(now, state->at + at);
    forget_left(state, area, n_from ? later(from[0], now->last) : now->last);
    n_to = list_breadth(step, state, area, to);
    for (unsigned j = 0; j < n_from || j < n_to; j++)
        pl_cells_move(step->cells, (struct pl_cell_key){PL_CELL_BREADTH, (uint16_t)(j + 1), area, 0, 0},
                      j < n_from ? from[j] : PL_DAY_NONE, j < n_to ? to[j] : PL_DAY_NONE);
}

static uint32_t find_or_begin(struct pl_words *state, uint32_t id)
{
    struct pl_feature feature = {{.kind = PL_WORDS_FEATURE, .id = id, .n_words = PL_FEATURE_WORDS},
                                 PL_DAY_NONE,
                                 PL_DAY_NONE,
                                 PL_DAY_NONE,
                                 PL_DAY_NONE,
                                 PL_DAY_NONE};
    uint32_t at = pl_words_find(state, PL_WORDS_FEATURE, id);

    if (at)
        return at;
    at = state->n;
    if (!pl_words_push(state, PL_FEATURE_WORDS))
        return 0;
    pl_feature_pack(&feature, state->at + at);
    return at;
}

bool pl_feature_act(const struct pl_step *step, struct pl_words *state, const struct pl_tail_event *event,
                    const struct pl_action_feature *what, int32_t active_day)
{
    int32_t day = pl_step_day(event->time_us);
    uint32_t at = find_or_begin(state, what->feature);
    struct pl_feature was, now;

    if (!at)
        return false;
    was = now = pl_feature_unpack(state->at + at);
    now.eligible = later(was.eligible, rule_of(step, &was)->eligible.n > 0 ? day : active_day);
    if (what->what & (PL_FEATURE_AWARE | PL_FEATURE_USE) && was.aware == PL_DAY_NONE)
        now.aware = day;
    if (what->what & PL_FEATURE_USE)
        note_use(&now, day);
    move_unit(step, &was, &now);
    if (!(what->what & PL_FEATURE_USE)) {
        pl_feature_pack(&now, state->at + at);
        return true;
    }
    count_cohort(step, &now, day);
    put(step, state, at, &was, &now);
    return true;
}

void pl_feature_follow(const struct pl_step *step, struct pl_words *state, uint32_t area, int32_t active_day)
{
    for (uint32_t at = PL_WORDS_FIRST; at < state->n; at += pl_words_size(state->at[at])) {
        struct pl_feature was, now;

        if (pl_words_kind_of(state->at[at]) != PL_WORDS_FEATURE)
            continue;
        was = now = pl_feature_unpack(state->at + at);
        if (rule_of(step, &was)->area != area || rule_of(step, &was)->eligible.n > 0)
            continue;
        now.eligible = later(was.eligible, active_day);
        move_known(step, &was, &now);
        pl_feature_pack(&now, state->at + at);
    }
}

bool pl_feature_leave(struct pl_words *state, uint32_t area, int32_t day)
{
    struct pl_words_head head = {.kind = PL_WORDS_LEFT, .id = area, .n_words = PL_FEATURE_LEFT_WORDS};
    uint32_t at = state->n;

    if (!pl_words_push(state, PL_FEATURE_LEFT_WORDS))
        return false;
    state->at[at] = pl_words_pack(&head);
    state->at[at + 1] = (uint64_t)day;
    return true;
}
