#include "core/judge/programme.h"

#include "core/judge/dist.h"
#include "core/judge/evidence.h"
#include "util/stamp.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#define RECENT 20
#define ENOUGH 8           /* entries before a state, due results before a flag */
#define RECENT_BAD_SHARE 5 /* one in five */
#define CHANGE_ALARM 1000.
#define CHANGE_CLEAR 20.
#define FLAT_CLEAR 2.
#define RULE_OF_THREE 3.

/* A sliding window over the last RECENT yes-or-no facts. */
struct recent {
    unsigned n;
    unsigned at;
    bool bad[RECENT];
};

struct area {
    struct pl_evidence evidence;
    struct pl_legs legs;
    double eta; /* value_per_delivery, NAN unset */
    struct pl_area_state state;
    struct recent early; /* of entries */
    struct recent sick;  /* of results that came due */
    double policy;       /* last smallest_return seen in a policy row */
    bool policy_known;
    bool stale_figures; /* proved range, needed and medians are older than the last row */
    bool stale_lean;    /* so is posterior_mean */
};

struct pl_programme {
    unsigned n_areas;
    unsigned m;         /* areas with a smallest return */
    struct area *areas; /* owned */
    double *ratios;     /* owned work space [n_areas], and the next two */
    double *sorted;
    bool *fires;
};

static void recent_add(struct recent *recent, bool bad)
{
    recent->bad[recent->at] = bad;
    recent->at = (recent->at + 1) % RECENT;
    if (recent->n < RECENT)
        recent->n++;
}

/* More than 20 % of the last 20, at least 8. */
static bool recent_is_bad(const struct recent *recent)
{
    unsigned bad = 0;

    for (unsigned at = 0; at < recent->n; at++)
        bad += recent->bad[at];
    return recent->n >= ENOUGH && bad * RECENT_BAD_SHARE > recent->n;
}

static bool has_delta(const struct area *area)
{
    return !isnan(area->evidence.delta);
}

static enum pl_inconclusive why_of(const struct area *area)
{
    const struct pl_area_state *state = &area->state;

    if (state->state != PL_INCONCLUSIVE)
        return PL_WHY_NOTHING;
    if (!has_delta(area))
        return PL_WHY_NO_SMALLEST_RETURN;
    if (state->n < ENOUGH)
        return state->epoch > 0 ? PL_WHY_NEW_EPOCH : PL_WHY_TOO_FEW;
    if (state->peeking)
        return PL_WHY_PEEKING;
    return state->unhealthy ? PL_WHY_UNHEALTHY : PL_WHY_TOO_NOISY;
}

static void publish_legs(struct area *area)
{
    const struct pl_legs *legs = &area->legs;
    struct pl_area_state *state = &area->state;

    state->hollow = legs->hollow.alarm;
    state->e_hollow = legs->hollow.e;
    state->n_value = legs->n_value;
    state->value_mean = legs->n_value ? legs->sum_value / legs->n_value : PL_NAN;
    state->credit_mean = legs->n_value ? legs->sum_credit / legs->n_value : PL_NAN;
    state->holdout = legs->holdout.m >= area->evidence.level;
    state->e_holdout = legs->holdout.m;
    state->quarter = legs->quarter;
}

/* Copy what the detectors say into the published state. */
static void publish(struct area *area)
{
    const struct pl_evidence *evidence = &area->evidence;
    struct pl_area_state *state = &area->state;

    state->n = evidence->n;
    state->e_flat = evidence->e_flat;
    state->level = evidence->level;
    state->e_yield = evidence->e_yield;
    state->down = evidence->down;
    state->up = evidence->up;
    state->largest_ever = evidence->largest_ever;
    state->largest_cap = evidence->largest_cap;
    state->jackpot_ok = evidence->n > 0 && RULE_OF_THREE / evidence->n * evidence->largest_ever < evidence->delta;
    publish_legs(area);
    state->peeking = recent_is_bad(&area->early);
    state->unhealthy = recent_is_bad(&area->sick);
    state->why = why_of(area);
    area->stale_figures = area->stale_lean = true;
}

static void area_init(struct area *area, const struct pl_area_rule *rule, unsigned m)
{
    pl_evidence_init(&area->evidence, rule->smallest_return, rule->false_alarm_every_years, m);
    area->legs = pl_legs_init();
    area->eta = rule->value_per_delivery;
    area->state.last_us = area->state.epoch_us = area->state.flat_since_us = PL_TIME_NONE;
    area->state.policy_age = UINT_MAX;
    publish(area);
}

struct pl_programme *pl_programme_new(const struct pl_rules *rules)
{
    struct pl_programme *programme = calloc(1, sizeof(*programme));
    size_t n = rules->n_areas > 0 ? rules->n_areas : 1;

    if (!programme)
        return NULL;
    programme->areas = calloc(n, sizeof(*programme->areas));
    programme->ratios = calloc(n, sizeof(*programme->ratios));
    programme->sorted = calloc(n, sizeof(*programme->sorted));
    programme->fires = calloc(n, sizeof(*programme->fires));
    if (!programme->areas || !programme->ratios || !programme->sorted || !programme->fires) {
        pl_programme_free(programme);
        return NULL;
    }
    programme->n_areas = rules->n_areas;
    for (unsigned at = 0; at < rules->n_areas; at++)
        programme->m += isnan(rules->areas[at].smallest_return) ? 0u : 1u;
    for (unsigned at = 0; at < rules->n_areas; at++)
        area_init(&programme->areas[at], &rules->areas[at], programme->m);
    return programme;
}

void pl_programme_free(struct pl_programme *programme)
{
    if (!programme)
        return;
    for (unsigned at = 0; at < programme->n_areas; at++) {
        pl_evidence_fini(&programme->areas[at].evidence);
        pl_legs_fini(&programme->areas[at].legs);
    }
    free(programme->areas);
    free(programme->ratios);
    free(programme->sorted);
    free(programme->fires);
    free(programme);
}

/* Which areas fire FLAT now, among those with a smallest return. Fills programme->fires for every area. */
static unsigned fire(struct pl_programme *programme)
{
    unsigned m = 0;

    for (unsigned at = 0; at < programme->n_areas; at++)
        if (has_delta(&programme->areas[at]))
            programme->ratios[m++] = programme->areas[at].evidence.e_flat / programme->areas[at].evidence.level;
    unsigned fired = pl_detect_fdr(programme->ratios, m, programme->sorted, programme->fires);
    for (unsigned at = programme->n_areas; at-- > 0;)
        programme->fires[at] = has_delta(&programme->areas[at]) && programme->fires[--m];
    return fired;
}

/* Statistics.md 2.6, in its order. */
static enum pl_programme_state next_state(const struct area *area, bool fired)
{
    const struct pl_evidence *evidence = &area->evidence;
    enum pl_programme_state old = area->state.state;

    if (fired)
        return PL_FLAT;
    if (old == PL_FLAT && evidence->n > 0 &&
        !(evidence->e_yield >= PL_EVIDENCE_YIELDS && evidence->e_flat < FLAT_CLEAR))
        return PL_FLAT;
    if (evidence->n < ENOUGH)
        return PL_INCONCLUSIVE;
    if (evidence->down >= CHANGE_ALARM || (old == PL_FLATTENING && evidence->down >= CHANGE_CLEAR))
        return PL_FLATTENING;
    if (evidence->up >= CHANGE_ALARM || (old == PL_RISING && evidence->up >= CHANGE_CLEAR))
        return PL_RISING;
    return evidence->e_yield >= PL_EVIDENCE_YIELDS ? PL_YIELDING : PL_INCONCLUSIVE;
}

static bool step(struct area *area, bool fired, int64_t tick_us)
{
    enum pl_programme_state old = area->state.state;
    enum pl_programme_state new = next_state(area, fired);

    area->state.state = new;
    if (new != old) {
        area->state.flat_since_us = new == PL_FLAT ? tick_us : PL_TIME_NONE;
        area->state.flat_entries = 0;
    }
    area->state.why = why_of(area);
    return new != old;
}

static unsigned step_all(struct pl_programme *programme, int64_t tick_us, struct pl_programme_change *changes,
                         unsigned cap)
{
    unsigned n = 0;

    fire(programme);
    for (unsigned at = 0; at < programme->n_areas; at++) {
        struct area *area = &programme->areas[at];
        enum pl_programme_state from = area->state.state;

        if (!step(area, programme->fires[at], tick_us))
            continue;
        assert(n < cap);
        changes[n++] = (struct pl_programme_change){.area = at, .from = from, .to = area->state.state};
    }
    return n;
}

static bool older_than_epoch(const struct area *area, const struct pl_row *row)
{
    int64_t start_us = row->start_us != PL_TIME_NONE ? row->start_us : row->time_us;

    return area->state.epoch_us != PL_TIME_NONE && start_us < area->state.epoch_us;
}

/* Did this result come due in the programme at all? What another kind of work or an older epoch brings did not. */
static bool is_due(const struct area *area, const struct pl_row *row)
{
    bool counted_kind = row->work == PL_WORK_GROWTH || row->work == PL_WORK_MONETISATION;

    return counted_kind && row->excluded != PL_EXCLUDED_KIND && row->excluded != PL_EXCLUDED_OLD_EPOCH &&
           !older_than_epoch(area, row);
}

static enum pl_status enter(struct area *area, const struct pl_row *row, struct pl_err *err)
{
    const struct pl_arms arms = pl_arms_of(row);
    struct pl_entry entry = {
        .arms = row->arms.n ? &arms : NULL,
        .time_us = row->time_us,
        .d = row->effect,
        .s = row->se,
        .cost = row->cost > 0. ? row->cost : 1.,
        .early = row->early,
        .shipped = row->shipped,
    };
    struct pl_area_state *state = &area->state;
    enum pl_status status = pl_evidence_enter(&area->evidence, &entry, err);

    if (status == PL_OK)
        status = pl_legs_enter(&area->legs, row, &area->evidence, area->eta, err);
    if (status != PL_OK)
        return status;
    recent_add(&area->early, row->early);
    state->n_all++;
    if (row->time_us > state->last_us)
        state->last_us = row->time_us;
    if (state->policy_age != UINT_MAX)
        state->policy_age++;
    if (state->state == PL_FLAT)
        state->flat_entries++;
    if (area->evidence.n >= ENOUGH && area->evidence.e_yield >= PL_EVIDENCE_YIELDS)
        state->once_yielding = true;
    return PL_OK;
}

/* A launch that is not later than the standing one begins nothing. */
static bool begin_epoch(struct area *area, const struct pl_row *row)
{
    struct pl_area_state *state = &area->state;

    if (state->epoch_us != PL_TIME_NONE && row->time_us <= state->epoch_us)
        return false;
    pl_evidence_restart(&area->evidence);
    pl_legs_restart(&area->legs);
    area->early = area->sick = (struct recent){0};
    state->epoch_us = row->time_us;
    state->epoch++;
    state->once_yielding = false;
    return true;
}

/* Setting the policy before anything was judged by it is no change. */
static void set_policy(struct area *area, const struct pl_row *row)
{
    double old = area->policy_known ? area->policy : PL_NAN;
    bool same = isnan(old) ? isnan(row->smallest_return) : old == row->smallest_return;

    if (!same && area->state.n_all > 0)
        area->state.policy_age = 0;
    area->policy = row->smallest_return;
    area->policy_known = true;
}

/* A holdout is left out of the programme as another kind of work; what it measured is not left out. */
static bool is_quarter(const struct area *area, const struct pl_row *row)
{
    return row->kind == PL_ROW_RESULT && row->work == PL_WORK_HOLDOUT && row->excluded == PL_EXCLUDED_KIND &&
           !older_than_epoch(area, row);
}

enum pl_status pl_programme_feed(struct pl_programme *programme, const struct pl_row *row,
                                 struct pl_programme_change *changes, unsigned cap, unsigned *n_changes,
                                 struct pl_err *err)
{
    assert(row->area < programme->n_areas);
    struct area *area = &programme->areas[row->area];
    bool moved = false;

    *n_changes = 0;
    if (row->kind == PL_ROW_POLICY)
        set_policy(area, row);
    if (row->kind == PL_ROW_EPOCH)
        moved = begin_epoch(area, row);
    if (is_quarter(area, row))
        pl_legs_quarter(&area->legs, row, &area->evidence);
    if (row->kind == PL_ROW_RESULT && is_due(area, row)) {
        if (row->excluded == PL_ENTERED) {
            enum pl_status status = enter(area, row, err);

            if (status != PL_OK)
                return status;
            moved = true;
        }
        recent_add(&area->sick, row->excluded == PL_EXCLUDED_UNHEALTHY);
    }
    publish(area);
    if (moved)
        *n_changes = step_all(programme, row->tick_us, changes, cap);
    return PL_OK;
}

/* What e-d-BH asks of an area that would fire beside those that fire now: m / (k + 1), or m / k when it is one. */
static double share_needed(struct pl_programme *programme, uint32_t area)
{
    unsigned fired = fire(programme);

    return (double)programme->m / (programme->fires[area] ? fired : fired + 1);
}

double pl_programme_lean(struct pl_programme *programme, uint32_t area)
{
    assert(area < programme->n_areas);
    struct area *found = &programme->areas[area];

    if (found->stale_lean)
        found->state.posterior_mean = pl_evidence_lean(&found->evidence);
    found->stale_lean = false;
    return found->state.posterior_mean;
}

const struct pl_area_state *pl_programme_area(struct pl_programme *programme, uint32_t area)
{
    assert(area < programme->n_areas);
    struct area *found = &programme->areas[area];
    struct pl_area_state *state = &found->state;

    (void)pl_programme_lean(programme, area);

    if (found->stale_figures) {
        state->median_se = pl_evidence_median_se(&found->evidence);
        state->median_gap_us = pl_evidence_median_gap_us(&found->evidence);
        struct pl_proved proved = pl_evidence_proved(&found->evidence, state->median_se);
        state->lower = proved.lower;
        state->upper = proved.upper;
        found->stale_figures = false;
    }
    state->needed = state->state == PL_FLAT
                        ? 0.
                        : pl_evidence_needed(&found->evidence, state->median_se, share_needed(programme, area));
    return state;
}

const struct pl_area_state *pl_programme_peek(const struct pl_programme *programme, uint32_t area)
{
    return &programme->areas[area].state;
}

bool pl_programme_dwelt(const struct pl_area_state *state, int64_t now_us)
{
    if (state->state != PL_FLAT)
        return false;
    return state->flat_entries >= PL_PROGRAMME_DWELL_ENTRIES || now_us - state->flat_since_us >= PL_PROGRAMME_DWELL_US;
}

bool pl_programme_stale(const struct pl_area_state *state, int64_t now_us)
{
    int64_t limit_us = 2 * state->median_gap_us;

    if (limit_us < PL_PROGRAMME_STALE_US)
        limit_us = PL_PROGRAMME_STALE_US;
    return state->last_us != PL_TIME_NONE && now_us - state->last_us > limit_us;
}

const char *pl_programme_state_name(enum pl_programme_state state)
{
    static const char *const names[] = {
        [PL_INCONCLUSIVE] = "INCONCLUSIVE", [PL_YIELDING] = "YIELDING", [PL_RISING] = "RISING",
        [PL_FLATTENING] = "FLATTENING",     [PL_FLAT] = "FLAT",
    };

    return names[state];
}
