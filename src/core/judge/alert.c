#include "core/judge/alert.h"

#include "util/stamp.h"

static bool fires(enum pl_verdict verdict)
{
    return verdict != PL_NO_VERDICT && verdict != PL_KEEP_OPTIMISING;
}

/* Does what was last sent differ from what stands? */
static bool differs(const struct pl_alert_state *state, const struct pl_advice *advice)
{
    if (!state->firing)
        return fires(advice->verdict);
    return state->verdict != advice->verdict || state->grade != advice->grade;
}

/* What plateaud no longer knows must not keep firing, whenever it fired. */
static bool is_exempt(const struct pl_alert_state *state, const struct pl_advice *advice)
{
    return state->firing && advice->verdict == PL_NO_VERDICT && advice->reason == PL_REASON_HEALTH;
}

static bool held_back(const struct pl_alert_state *state, int64_t tick_us, int64_t min_interval_us)
{
    return state->last_us != PL_TIME_NONE && tick_us < state->last_us + min_interval_us;
}

static struct pl_alert_edge edge_of(const struct pl_alert_state *state, enum pl_alert_status status,
                                    enum pl_verdict previous, int64_t tick_us)
{
    return (struct pl_alert_edge){
        .status = status,
        .verdict = state->verdict,
        .previous = previous,
        .grade = state->grade,
        .starts_us = state->starts_us,
        .tick_us = tick_us,
    };
}

struct pl_alert_state pl_alert_state_init(void)
{
    return (struct pl_alert_state){.starts_us = PL_TIME_NONE, .last_us = PL_TIME_NONE};
}

unsigned pl_alert_step(struct pl_alert_state *state, const struct pl_advice *advice, int64_t tick_us,
                       int64_t min_interval_us, struct pl_alert_edge edges[PL_ALERT_EDGES_MAX])
{
    enum pl_verdict previous = state->firing ? state->verdict : PL_NO_VERDICT;
    unsigned n = 0;

    if (state->in_history || !differs(state, advice))
        return 0;
    if (held_back(state, tick_us, min_interval_us) && !is_exempt(state, advice))
        return 0;

    if (state->firing && state->verdict == advice->verdict) {
        state->grade = advice->grade;
        edges[n++] = edge_of(state, PL_ALERT_UPDATED, previous, tick_us);
        return n;
    }
    if (state->firing) {
        edges[n++] = edge_of(state, PL_ALERT_RESOLVED, previous, tick_us);
        *state = (struct pl_alert_state){.starts_us = PL_TIME_NONE, .last_us = state->last_us};
    }
    if (fires(advice->verdict)) {
        *state = (struct pl_alert_state){
            .firing = true,
            .verdict = advice->verdict,
            .grade = advice->grade,
            .starts_us = tick_us,
            .last_us = tick_us,
        };
        edges[n++] = edge_of(state, PL_ALERT_FIRING, previous, tick_us);
    }
    return n;
}

int64_t pl_alert_due(const struct pl_alert_state *state, const struct pl_advice *advice, int64_t min_interval_us)
{
    if (state->in_history || state->last_us == PL_TIME_NONE || !differs(state, advice) || is_exempt(state, advice))
        return PL_TIME_NONE;
    return state->last_us + min_interval_us;
}

const char *pl_alert_status_name(enum pl_alert_status status)
{
    static const char *const names[] = {
        [PL_ALERT_FIRING] = "firing", [PL_ALERT_UPDATED] = "updated", [PL_ALERT_RESOLVED] = "resolved"};

    return names[status];
}

const char *pl_alert_severity(enum pl_verdict verdict)
{
    switch (verdict) {
    case PL_SHIFT_TO_CORE:
    case PL_DELIVER_EXISTING:
    case PL_HOLLOW_GROWTH:
    case PL_DERIVING:
        return "warning";
    default:
        return "info";
    }
}
