#include "core/count/registry.h"

#include <stdlib.h>
#include <string.h>

#define INDEX_MAX 65535u /* a unit's state holds 16 bits of it */

enum pl_status pl_registry_init(struct pl_registry *registry, const struct pl_rules *rules, struct pl_err *err)
{
    uint32_t cap = rules->max_experiments < INDEX_MAX ? rules->max_experiments : INDEX_MAX;

    *registry = (struct pl_registry){.rules = rules, .cap = cap};
    registry->names = pl_names_new(INDEX_MAX);
    if (!registry->names)
        return pl_err_set(err, PL_ERR_NOMEM, "out of memory for the table of experiments");
    return PL_OK;
}

static void experiment_free(struct pl_experiment *experiment)
{
    for (unsigned at = 0; experiment && at < experiment->n_segments; at++)
        free(experiment->segments[at].shares);
    free(experiment);
}

void pl_registry_fini(struct pl_registry *registry)
{
    for (uint32_t at = 0; at < registry->n; at++)
        experiment_free(registry->experiments[at]);
    free(registry->experiments);
    free(registry->order);
    pl_names_free(registry->names);
    *registry = (struct pl_registry){0};
}

uint32_t pl_registry_find(const struct pl_registry *registry, struct pl_span name)
{
    uint32_t at = pl_names_find(registry->names, name);

    return at == PL_NAMES_NONE ? PL_REGISTRY_NONE : registry->order[at];
}

static bool make_room(struct pl_registry *registry, uint32_t n)
{
    uint32_t room = registry->room ? registry->room : 16;
    struct pl_experiment **experiments;
    uint32_t *order;

    while (room < n)
        room *= 2;
    if (room == registry->room)
        return true;
    experiments = realloc(registry->experiments, room * sizeof(*experiments));
    if (!experiments)
        return false;
    memset(experiments + registry->room, 0, (room - registry->room) * sizeof(*experiments));
    registry->experiments = experiments;
    order = realloc(registry->order, room * sizeof(*order));
    if (!order)
        return false;
    registry->order = order;
    registry->room = room;
    return true;
}

struct pl_experiment *pl_registry_put(struct pl_registry *registry, uint32_t index, struct pl_span name)
{
    struct pl_experiment *experiment;
    uint32_t at;

    if (index >= INDEX_MAX || name.len >= PL_NAME_BYTES || pl_names_find(registry->names, name) != PL_NAMES_NONE ||
        !make_room(registry, index + 1) || registry->experiments[index])
        return NULL;
    experiment = calloc(1, sizeof(*experiment));
    if (!experiment)
        return NULL;
    at = pl_names_add(registry->names, name);
    if (at == PL_NAMES_NONE) {
        free(experiment);
        return NULL;
    }
    memcpy(experiment->name, name.ptr, name.len);
    experiment->area = PL_RULES_NONE;
    experiment->first_us = experiment->seen_us = experiment->end_us = experiment->started_us = PL_NEVER_US;
    registry->order[at] = index;
    registry->experiments[index] = experiment;
    if (index >= registry->n)
        registry->n = index + 1;
    return experiment;
}

uint32_t pl_registry_add(struct pl_registry *registry, struct pl_span name, uint32_t area)
{
    struct pl_experiment *experiment;

    if (registry->n >= registry->cap)
        return PL_REGISTRY_NONE;
    experiment = pl_registry_put(registry, registry->n, name);
    if (!experiment)
        return PL_REGISTRY_NONE;
    experiment->area = area;
    experiment->dirty = true;
    return registry->n - 1;
}

uint32_t pl_experiment_variant(struct pl_experiment *experiment, struct pl_span name)
{
    uint32_t at = 0;

    while (at < experiment->n_variants && !pl_span_is(name, experiment->variants[at]))
        at++;
    if (at < experiment->n_variants)
        return at;
    if (at == PL_VARIANTS_MAX || !pl_span_copy(name, experiment->variants[at], PL_NAME_BYTES))
        return PL_REGISTRY_NONE;
    experiment->variant_place_us[at] = PL_NEVER_US;
    experiment->n_variants++;
    experiment->dirty = true;
    return at;
}

unsigned pl_experiment_segment(const struct pl_experiment *experiment, int64_t place_us)
{
    unsigned segment = 0;

    while (segment + 1 < experiment->n_segments && experiment->segments[segment + 1].from_us <= place_us)
        segment++;
    return segment;
}

static bool same_shares(const struct pl_experiment *experiment, const struct pl_control *control)
{
    const struct pl_segment *last = &experiment->segments[experiment->n_segments ? experiment->n_segments - 1 : 0];

    if (last->n != control->n_variants)
        return false;
    for (unsigned at = 0; at < control->n_variants; at++) {
        double difference = last->shares[at].share - control->shares[at];

        if (strcmp(last->shares[at].variant, control->variants[at]) != 0 || difference < 0 || difference > 0)
            return false;
    }
    return true;
}

enum pl_reject pl_experiment_check(const struct pl_experiment *experiment, const struct pl_control *control)
{
    bool taken = experiment->states & (1u << control->state);

    if (control->state != PL_STARTED)
        return taken ? PL_REJECT_CONTROL_REPEATED : PL_ACCEPTED;
    if (taken && (control->n_variants == 0 || same_shares(experiment, control)))
        return PL_REJECT_CONTROL_REPEATED;
    if (control->n_variants > 0 && experiment->n_segments == PL_SEGMENTS_MAX)
        return PL_REJECT_CONTROL_FULL;
    return PL_ACCEPTED;
}

struct pl_segment *pl_experiment_open(struct pl_experiment *experiment, int64_t from_us, unsigned n)
{
    struct pl_segment *segment = &experiment->segments[experiment->n_segments];

    if (experiment->n_segments == PL_SEGMENTS_MAX)
        return NULL;
    *segment = (struct pl_segment){.from_us = from_us, .n = n, .shares = calloc(n ? n : 1, sizeof(*segment->shares))};
    if (!segment->shares)
        return NULL;
    experiment->n_segments++;
    return segment;
}

static bool open_declared(struct pl_experiment *experiment, const struct pl_control *control, int64_t place_us)
{
    unsigned n = experiment->n_segments;
    struct pl_segment *segment;

    if (n > 0 && place_us < experiment->segments[n - 1].from_us)
        place_us = experiment->segments[n - 1].from_us;
    segment = pl_experiment_open(experiment, place_us, control->n_variants);
    for (unsigned at = 0; segment && at < control->n_variants; at++) {
        memcpy(segment->shares[at].variant, control->variants[at], PL_NAME_BYTES);
        segment->shares[at].share = control->shares[at];
    }
    return segment != NULL;
}

bool pl_experiment_control(struct pl_experiment *experiment, const struct pl_control *control, int64_t place_us)
{
    if (control->state == PL_STARTED && control->n_variants > 0 && !open_declared(experiment, control, place_us))
        return false;
    experiment->states |= 1u << control->state;
    experiment->dirty = true;
    if (control->state != PL_STARTED) {
        if (place_us < experiment->end_us)
            experiment->end_us = place_us;
    } else if (place_us < experiment->started_us) {
        experiment->started_us = place_us;
    }
    return true;
}
