#include "core/count/inside.h"

/* Exposures of an experiment that wait and are placed at or after a moment. */
static uint32_t affected(const struct pl_shard *shard, const struct pl_open *open, uint32_t experiment,
                         int64_t place_us)
{
    const struct pl_tail_event *events = pl_tail_events(&open->tail, &shard->units.slab);
    uint32_t n = 0;

    for (uint32_t at = 0; at < open->tail.n; at++)
        n +=
            events[at].kind == PL_EVENT_EXPOSURE && events[at].subject == experiment && events[at].place_us >= place_us;
    return n;
}

/* Exposures that were accepted and turn out to be after the end are counted as what they are. */
static void recount_void(struct pl_shard *shard, const struct pl_experiment *experiment, uint32_t index, int64_t end_us)
{
    uint32_t handle = shard->units.queues[PL_UNITS_UNSETTLED].head;

    for (; handle; handle = pl_units_open_at(&shard->units, handle)->next) {
        const struct pl_open *open = pl_units_open_at(&shard->units, handle);
        uint64_t n = affected(shard, open, index, experiment->end_us);

        if (end_us != PL_NEVER_US)
            n -= affected(shard, open, index, end_us);
        shard->stats.accepted -= n;
        shard->stats.rejected[PL_REJECT_AFTER_END] += n;
    }
}

static enum pl_reject apply(struct pl_shard *shard, uint32_t index, const struct pl_control *control, int64_t place_us)
{
    struct pl_experiment *experiment = shard->registry.experiments[index];
    enum pl_reject reason = pl_experiment_check(experiment, control);
    int64_t end_us = experiment->end_us;

    if (reason)
        return reason;
    if (!pl_experiment_control(experiment, control, place_us))
        shard->failed = true;
    if (experiment->end_us < end_us)
        recount_void(shard, experiment, index, end_us);
    return PL_ACCEPTED;
}

static enum pl_reject take_lifecycle(struct pl_shard *shard, const struct pl_control *control, int64_t place_us)
{
    struct pl_span name = pl_span_of(control->experiment);
    uint32_t index = pl_registry_find(&shard->registry, name);

    if (place_us == PL_TIME_NONE)
        return PL_REJECT_CONTROL_FIELD; /* a step of an experiment's life needs a time */
    if (index == PL_REGISTRY_NONE) {
        uint32_t area = pl_rules_area_of(shard->rules, name);

        if (area == PL_RULES_NONE)
            return PL_ACCEPTED; /* none of its exposures can be counted here */
        index = pl_registry_add(&shard->registry, name, area);
        if (index == PL_REGISTRY_NONE) {
            shard->failed |= shard->registry.n < shard->registry.cap; /* no cap, but memory */
            return PL_REJECT_EXPERIMENTS_FULL;
        }
    }
    return apply(shard, index, control, place_us);
}

enum pl_reject pl_shard_control(struct pl_shard *shard, const struct pl_control *control, int64_t *place_us)
{
    enum pl_reject reason = PL_ACCEPTED;

    *place_us = pl_front_control(&shard->front, control->time_us);
    if (control->type == PL_CONTROL_LIFECYCLE)
        reason = take_lifecycle(shard, control, *place_us);
    if (reason)
        shard->stats.rejected[reason]++;
    return reason;
}
