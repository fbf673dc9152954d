#include "core/count/shard.h"

#include "core/count/inside.h"
#include "util/hash.h"

#include <stdlib.h>

struct pl_shard *pl_shard_new(const struct pl_rules *rules, unsigned n_inputs)
{
    struct pl_shard *shard = calloc(1, sizeof(*shard));

    if (!shard)
        return NULL;
    shard->rules = rules;
    shard->plan = pl_plan_new(rules);
    if (!shard->plan || pl_registry_init(&shard->registry, rules, NULL)) {
        pl_shard_free(shard);
        return NULL;
    }
    pl_front_init(&shard->front, n_inputs);
    pl_front_init(&shard->front_stored, 0);
    pl_cells_cut(&shard->cells, PL_TIME_NONE);
    pl_buf_init(&shard->gone_cells, 0);
    shard->units.cap = rules->max_units;
    shard->swept_us = PL_TIME_NONE;
    shard->published_hash = PL_HASH_SEED; /* of empty sums */
    return shard;
}

void pl_shard_free(struct pl_shard *shard)
{
    if (!shard)
        return;
    pl_sums_fini(&shard->sums);
    pl_buf_fini(&shard->gone_cells);
    for (unsigned input = 0; input < PL_INPUTS_MAX; input++)
        pl_held_fini(&shard->held[input]);
    free(shard->told);
    pl_keying_fini(&shard->keying);
    pl_words_fini(&shard->state);
    pl_dict_fini(&shard->dict);
    pl_units_fini(&shard->units);
    pl_cells_fini(&shard->cells);
    pl_registry_fini(&shard->registry);
    pl_plan_free(shard->plan);
    free(shard);
}

bool pl_shard_fold(const struct pl_shard *shard, const struct pl_open *open, uint32_t n, struct pl_words *state,
                   struct pl_cells *cells)
{
    const struct pl_step step = {shard->plan, &shard->registry, cells};
    const struct pl_tail_event *events = pl_tail_events(&open->tail, &shard->units.slab);
    const struct pl_unit *unit = pl_units_at(&shard->units, open->unit);
    bool ok = pl_words_copy(state, pl_units_words(&shard->units, unit), unit->n_words);

    for (uint32_t at = 0; at < n; at++)
        ok = ok && pl_step(&step, state, &events[at]);
    return ok;
}

static enum pl_reject check_values(const struct pl_shard *shard, const struct pl_event *event)
{
    const struct pl_action_rule *action = &shard->rules->by_action[event->action];

    for (unsigned at = 0; at < action->n_metrics; at++) {
        const struct pl_metric_rule *metric = &shard->rules->metrics[action->metrics[at]];
        int64_t bound = metric->bound_micro;

        if (metric->value >= PL_EVENT_VALUES || bound <= 0 || !(event->has_value & (1u << metric->value)))
            continue;
        if (event->value_micro[metric->value] > bound || event->value_micro[metric->value] < -bound)
            return PL_REJECT_OUT_OF_RANGE;
    }
    return PL_ACCEPTED;
}

/* What is wrong with an event by the rules alone; *index of its experiment if that is known. */
static enum pl_reject check_rules(const struct pl_shard *shard, const struct pl_event *event, uint32_t *index,
                                  uint32_t *area)
{
    if (event->time_us < 0 || event->time_us > PL_TIME_MAX)
        return PL_REJECT_BAD_TIME;
    if (event->kind == PL_EVENT_ACTION)
        return event->action == PL_NAMES_NONE ? PL_ACCEPTED : check_values(shard, event);
    *index = pl_registry_find(&shard->registry, event->experiment);
    *area = *index == PL_REGISTRY_NONE ? pl_rules_area_of(shard->rules, event->experiment)
                                       : shard->registry.experiments[*index]->area;
    return *area == PL_RULES_NONE ? PL_REJECT_UNKNOWN_AREA : PL_ACCEPTED;
}

static enum pl_reject check_recent(const struct pl_shard *shard, unsigned input, const struct pl_event *event,
                                   uint32_t handle)
{
    uint32_t open = handle ? pl_units_at(&shard->units, handle)->open : 0;

    if (!open)
        return PL_ACCEPTED;
    return pl_recent_check(&pl_units_open_at(&shard->units, open)->recent, &shard->units.slab, &shard->front,
                           shard->rules, input, event);
}

/* An exposure's experiment and variant in the registry. */
static enum pl_reject resolve(struct pl_shard *shard, const struct pl_event *event, uint32_t index, uint32_t area,
                              struct pl_tail_event *tail_event)
{
    struct pl_experiment *experiment;
    uint32_t variant;

    if (index == PL_REGISTRY_NONE)
        index = pl_registry_add(&shard->registry, event->experiment, area);
    if (index == PL_REGISTRY_NONE && shard->registry.n < shard->registry.cap)
        shard->failed = true; /* no cap, but memory */
    if (index == PL_REGISTRY_NONE || shard->cells.n >= PL_CELLS_MAX)
        return PL_REJECT_EXPERIMENTS_FULL;
    experiment = shard->registry.experiments[index];
    if (tail_event->place_us >= experiment->end_us)
        return PL_REJECT_AFTER_END;
    variant = pl_experiment_variant(experiment, event->variant);
    if (variant == PL_REGISTRY_NONE)
        return PL_REJECT_VARIANTS_FULL;
    tail_event->subject = index;
    tail_event->variant = (uint8_t)variant;
    if (event->time_us < experiment->seen_us) {
        experiment->seen_us = event->time_us;
        experiment->dirty = true;
    }
    return PL_ACCEPTED;
}

/* Put an event into the tail, where it waits for what may still be placed before it. */
static bool insert(struct pl_shard *shard, uint32_t handle, const struct pl_tail_event *event)
{
    struct pl_slab *slab = &shard->units.slab;
    struct pl_open *open = pl_units_open(&shard->units, handle);

    if (!open || !pl_tail_reserve(&open->tail, slab))
        return false;
    pl_tail_insert(&open->tail, slab, pl_tail_place(&open->tail, slab, event), event);
    shard->units.n_events++;
    if (open->tail.n == 1)
        pl_units_requeue(&shard->units, pl_units_at(&shard->units, handle)->open);
    return true;
}

/* Remember the identity, whatever else becomes of the event: duplicates are decided by the input's log alone. */
static uint32_t remember(struct pl_shard *shard, unsigned input, const struct pl_event *event, uint32_t handle)
{
    struct pl_open *open;

    if (!handle)
        handle = pl_units_make(&shard->units, event->unit);
    open = handle ? pl_units_open(&shard->units, handle) : NULL;
    if (!open) {
        if (handle || shard->units.n < shard->units.cap)
            shard->failed = true; /* no cap, but memory */
        return 0;
    }
    if (!pl_recent_add(&open->recent, &shard->units.slab, &shard->front, shard->rules,
                       pl_recent_entry(input, event->identity, shard->front.stream_us[input])) ||
        !pl_units_mark(&shard->units, handle)) {
        shard->failed = true;
        return 0;
    }
    return handle;
}

static struct pl_tail_event tail_event_of(unsigned input, const struct pl_event *event, int64_t place_us)
{
    struct pl_tail_event tail_event = {
        .place_us = place_us,
        .time_us = event->time_us,
        .identity = event->identity,
        .kind = (uint8_t)event->kind,
        .input = (uint8_t)input,
        .subject = event->action,
    };

    for (unsigned value = 0; event->kind == PL_EVENT_ACTION && value < PL_EVENT_VALUES; value++) {
        if (!(event->has_value & (1u << value)))
            continue;
        tail_event.has_value = (uint8_t)(tail_event.has_value | 1u << value);
        tail_event.value_micro[value] = event->value_micro[value];
    }
    return tail_event;
}

/* A refusal by the rules or by the input's own log leaves S_k as it was. From there on S_k moves whatever happens: what
 * is full or has ended depends on other inputs too, and S_k must not. */
static enum pl_reject take(struct pl_shard *shard, unsigned input, const struct pl_event *event)
{
    uint32_t index = PL_REGISTRY_NONE, area = PL_RULES_NONE, handle = 0;
    bool unmatched = event->kind == PL_EVENT_ACTION && event->action == PL_NAMES_NONE;
    struct pl_tail_event tail_event;
    enum pl_reject reason = check_rules(shard, event, &index, &area);

    if (!reason && !unmatched) {
        handle = pl_units_find(&shard->units, event->unit);
        reason = check_recent(shard, input, event, handle);
    }
    if (reason)
        return reason;
    tail_event = tail_event_of(input, event, pl_front_place(&shard->front, shard->rules, input, event->time_us));
    pl_front_move(&shard->front, shard->rules, input, event->time_us, tail_event.place_us);
    if (unmatched) {
        shard->stats.unmatched++;
        return PL_ACCEPTED;
    }
    handle = remember(shard, input, event, handle);
    if (!handle)
        return PL_REJECT_UNITS_FULL;
    if (event->kind == PL_EVENT_EXPOSURE)
        reason = resolve(shard, event, index, area, &tail_event);
    if (reason)
        return reason;
    shard->stats.late += tail_event.place_us > event->time_us;
    if (!insert(shard, handle, &tail_event))
        shard->failed = true;
    return PL_ACCEPTED;
}

void pl_shard_prefetch(const struct pl_shard *shard, const struct pl_unit_id *units, unsigned n)
{
    pl_units_prefetch(&shard->units, units, n);
}

enum pl_reject pl_shard_refusal(const struct pl_shard *shard, const struct pl_event *event)
{
    uint32_t index = PL_REGISTRY_NONE, area = PL_RULES_NONE;

    return check_rules(shard, event, &index, &area);
}

enum pl_reject pl_shard_take(struct pl_shard *shard, unsigned input, const struct pl_event *event)
{
    enum pl_reject reason = take(shard, input, event);

    if (reason)
        shard->stats.rejected[reason]++;
    else
        shard->stats.accepted++;
    return reason;
}

enum pl_reject pl_shard_event(struct pl_shard *shard, unsigned input, const struct pl_event *event)
{
    const struct pl_held *held = &shard->held[input];

    if (held->on || held->n)
        return pl_shard_event_unbounded(shard, input, event);
    return pl_shard_take(shard, input, event);
}
