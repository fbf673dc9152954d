#include "codec/state_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Fields: a letter for the kind and the id in decimal. Values of "e": an experiment; of the others: its definition as
 * text, which is compared as a whole. What is only policy (bound, N*, which direction is better) is no part of it. */
static const char letters[PL_DICT_KINDS] = {'m', 'f', 'a', 'v', 'o', 'u', 'p'};

static void add_events(const struct pl_rules *rules, const struct pl_events *events, struct pl_buf *out)
{
    for (unsigned at = 0; at < events->n; at++)
        pl_buf_addf(out, "\n%s", pl_names_text(rules->actions, events->ids[at]));
}

/* What was added to metrics later is written only where it is not what it was before. */
static void define_metric(const struct pl_rules *rules, uint32_t index, struct pl_buf *out)
{
    const struct pl_metric_rule *metric = &rules->metrics[index];

    pl_buf_addf(out, "%s\n%s\ntype %d window %" PRId64 " cap %" PRId64, metric->id, rules->areas[metric->area].id,
                (int)metric->type, metric->window_us, metric->cap_micro);
    if (metric->from_us)
        pl_buf_addf(out, " from %" PRId64, metric->from_us);
    if (metric->before_us)
        pl_buf_addf(out, " before %" PRId64, metric->before_us);
    if (metric->value < rules->n_values)
        pl_buf_addf(out, "\nvalue %s", rules->value_paths[metric->value]);
    if (metric->type == PL_METRIC_FUNNEL)
        pl_buf_addf(out, "\nfunnel %s", rules->funnels[metric->funnel].id);
    add_events(rules, &metric->events, out);
}

static void define_area(const struct pl_rules *rules, uint32_t index, struct pl_buf *out)
{
    const struct pl_area_rule *area = &rules->areas[index];

    pl_buf_addf(out, "%s\nactivation %" PRId64, area->id, area->activation_us);
    add_events(rules, &area->value_events, out);
}

static void define_feature(const struct pl_rules *rules, uint32_t index, struct pl_buf *out)
{
    const struct pl_feature_rule *feature = &rules->features[index];

    pl_buf_addf(out, "%s\n%s\nuse", feature->id, rules->areas[feature->area].id);
    add_events(rules, &feature->use, out);
    pl_buf_add_text(out, "\naware");
    add_events(rules, &feature->aware, out);
    pl_buf_add_text(out, "\neligible");
    add_events(rules, &feature->eligible, out);
}

static void define_funnel(const struct pl_rules *rules, uint32_t index, struct pl_buf *out)
{
    const struct pl_funnel_rule *funnel = &rules->funnels[index];

    pl_buf_addf(out, "%s\nwindow %" PRId64, funnel->id, funnel->window_us);
    for (unsigned at = 0; at < funnel->n_steps; at++)
        pl_buf_addf(out, "\n%" PRId64 " %s", funnel->max_gap_us[at], pl_names_text(rules->actions, funnel->steps[at]));
}

static uint32_t variable_id(const struct pl_shard *shard, uint32_t variable)
{
    return pl_dict_id(&shard->dict, PL_DICT_METRIC, variable / 2) * 2 + variable % 2;
}

/* The smaller id first: the order of metrics in the rules may change. */
static void define_pair(const struct pl_shard *shard, uint32_t index, struct pl_buf *out)
{
    uint32_t a = variable_id(shard, shard->plan->pairs[index].a), b = variable_id(shard, shard->plan->pairs[index].b);

    pl_buf_addf(out, "%" PRIu32 " %" PRIu32, a < b ? a : b, a < b ? b : a);
}

/* Metrics have their ids when pairs are defined. */
static void define(const struct pl_shard *shard, enum pl_dict_kind kind, uint32_t index, struct pl_buf *out)
{
    const struct pl_rules *rules = shard->rules;

    pl_buf_clear(out);
    switch (kind) {
    case PL_DICT_METRIC:
        define_metric(rules, index, out);
        break;
    case PL_DICT_FUNNEL:
        define_funnel(rules, index, out);
        break;
    case PL_DICT_ACTION:
        pl_buf_add_text(out, pl_names_text(rules->actions, index));
        break;
    case PL_DICT_VALUE:
        pl_buf_add_text(out, rules->value_paths[index]);
        break;
    case PL_DICT_AREA:
        define_area(rules, index, out);
        break;
    case PL_DICT_FEATURE:
        define_feature(rules, index, out);
        break;
    case PL_DICT_PAIR:
        define_pair(shard, index, out);
        break;
    case PL_DICT_KINDS:
        break;
    }
}

enum pl_status pl_state_bind(struct pl_shard *shard, struct pl_err *err)
{
    const struct pl_rules *rules = shard->rules;
    const uint32_t n[PL_DICT_KINDS] = {
        rules->n_metrics, rules->n_funnels,  pl_names_count(rules->actions), rules->n_values,
        rules->n_areas,   rules->n_features, shard->plan->n_pairs,
    };
    enum pl_status status = PL_OK;
    struct pl_buf text = {0};

    if (shard->dict.bound)
        return PL_OK;
    for (unsigned kind = 0; kind < PL_DICT_KINDS; kind++) {
        for (uint32_t index = 0; index < n[kind] && !status; index++) {
            define(shard, (enum pl_dict_kind)kind, index, &text);
            status = pl_buf_ok(&text)
                         ? pl_dict_bind(&shard->dict, (enum pl_dict_kind)kind, index, pl_buf_span(&text), err)
                         : pl_err_set(err, PL_ERR_NOMEM, "out of memory for a definition");
        }
    }
    pl_buf_fini(&text);
    shard->dict.bound = !status;
    return status;
}

static void put_segment(const struct pl_segment *segment, struct pl_buf *out)
{
    pl_buf_add_signed(out, segment->from_us);
    pl_buf_add_varint(out, segment->n);
    for (unsigned at = 0; at < segment->n; at++) {
        pl_state_add_name(out, segment->shares[at].variant);
        pl_state_add_double(out, segment->shares[at].share);
    }
}

static void put_experiment(const struct pl_experiment *experiment, struct pl_buf *out)
{
    const int64_t times[] = {experiment->first_us, experiment->seen_us, experiment->end_us, experiment->started_us};

    pl_state_add_name(out, experiment->name);
    for (unsigned at = 0; at < 4; at++)
        pl_buf_add_signed(out, times[at]);
    pl_buf_add_varint(out, experiment->states);
    pl_buf_add_varint(out, experiment->n_variants);
    for (unsigned at = 0; at < experiment->n_variants; at++) {
        pl_state_add_name(out, experiment->variants[at]);
        pl_buf_add_signed(out, experiment->variant_place_us[at]);
    }
    pl_buf_add_varint(out, experiment->n_segments);
    for (unsigned at = 0; at < experiment->n_segments; at++)
        put_segment(&experiment->segments[at], out);
}

static bool take_variants(struct pl_span *rest, struct pl_experiment *experiment)
{
    struct pl_span name;

    if (!pl_state_take_count(rest, PL_VARIANTS_MAX + 1, &experiment->n_variants))
        return false;
    for (unsigned at = 0; at < experiment->n_variants; at++)
        if (!pl_state_take_name(rest, &name) || !pl_span_copy(name, experiment->variants[at], PL_NAME_BYTES) ||
            !pl_state_take_time(rest, PL_NEVER_US, &experiment->variant_place_us[at]))
            return false;
    return true;
}

static bool take_segment(struct pl_span *rest, struct pl_experiment *experiment)
{
    struct pl_segment *segment;
    struct pl_span name;
    int64_t from_us;
    unsigned n;

    if (!pl_state_take_time(rest, 0, &from_us) || !pl_state_take_count(rest, PL_VARIANTS_MAX + 1, &n))
        return false;
    segment = pl_experiment_open(experiment, from_us, n);
    for (unsigned at = 0; segment && at < n; at++)
        if (!pl_state_take_name(rest, &name) || !pl_span_copy(name, segment->shares[at].variant, PL_NAME_BYTES) ||
            !pl_state_take_double(rest, &segment->shares[at].share))
            return false;
    return segment != NULL;
}

static bool take_segments(struct pl_span *rest, struct pl_experiment *experiment)
{
    unsigned n;

    if (!pl_state_take_count(rest, PL_SEGMENTS_MAX + 1, &n))
        return false;
    for (unsigned at = 0; at < n; at++)
        if (!take_segment(rest, experiment))
            return false;
    return true;
}

static bool take_experiment(struct pl_span *rest, struct pl_experiment *experiment)
{
    return pl_state_take_time(rest, PL_NEVER_US, &experiment->first_us) &&
           pl_state_take_time(rest, PL_NEVER_US, &experiment->seen_us) &&
           pl_state_take_time(rest, PL_NEVER_US, &experiment->end_us) &&
           pl_state_take_time(rest, PL_NEVER_US, &experiment->started_us) &&
           pl_state_take_count(rest, 16, &experiment->states) && take_variants(rest, experiment) &&
           take_segments(rest, experiment) && rest->len == 0;
}

static enum pl_status read_experiment(struct pl_shard *shard, uint32_t index, struct pl_span value, struct pl_err *err)
{
    struct pl_experiment *experiment;
    struct pl_span name;

    if (!pl_state_take_version(&value) || !pl_state_take_name(&value, &name))
        return pl_err_set(err, PL_ERR_INPUT, "state: experiment %u has an unknown form", index);
    experiment = pl_registry_put(&shard->registry, index, name);
    if (!experiment)
        return pl_err_set(err, PL_ERR_INPUT, "state: experiment %u cannot be taken, or is there twice", index);
    if (!take_experiment(&value, experiment))
        return pl_err_set(err, PL_ERR_INPUT, "state: experiment %u is damaged", index);
    experiment->area = pl_rules_area_of(shard->rules, name);
    return PL_OK;
}

enum pl_status pl_state_read_dict(struct pl_shard *shard, struct pl_span field, struct pl_span value,
                                  struct pl_err *err)
{
    int64_t id;

    if (field.len < 2 || !pl_num_int((struct pl_span){field.ptr + 1, field.len - 1}, &id) || id < 0 || id > UINT32_MAX)
        return pl_err_set(err, PL_ERR_INPUT, "state: an unknown field in the dictionary");
    if (field.ptr[0] == 'e')
        return read_experiment(shard, (uint32_t)id, value, err);
    for (unsigned kind = 0; kind < PL_DICT_KINDS; kind++) {
        if (field.ptr[0] != letters[kind])
            continue;
        if (!pl_state_take_version(&value))
            return pl_err_set(err, PL_ERR_INPUT, "state: definition %u has an unknown form", (uint32_t)id);
        return pl_dict_put(&shard->dict, (enum pl_dict_kind)kind, (uint32_t)id, value, err);
    }
    return pl_err_set(err, PL_ERR_INPUT, "state: an unknown field in the dictionary");
}

/* Store new definitions; delete those that no rule has any more: their ids are retired, so that what was collected
 * under them cannot come back without what it stood for. */
static enum pl_status write_entry(struct pl_dict_entry *entry, uint32_t id, struct pl_state_out *out,
                                  struct pl_err *err)
{
    pl_state_begin(out);
    pl_buf_addf(&out->field, "%c%" PRIu32, letters[entry->kind], id);
    if (entry->target == PL_RULES_NONE) {
        entry->stored = false;
        return pl_state_delete(out, PL_STATE_DICT, 0, err);
    }
    entry->stored = true;
    pl_buf_add_text(&out->value, entry->text);
    return pl_state_put(out, PL_STATE_DICT, 0, err);
}

enum pl_status pl_state_write_dict(struct pl_shard *shard, struct pl_state_out *out, struct pl_err *err)
{
    enum pl_status status = PL_OK;

    for (uint32_t id = 0; id < shard->dict.n && !status; id++) {
        struct pl_dict_entry *entry = &shard->dict.entries[id];

        if (entry->text && entry->stored == (entry->target == PL_RULES_NONE))
            status = write_entry(entry, id, out, err);
    }
    for (uint32_t index = 0; index < shard->registry.n && !status; index++) {
        struct pl_experiment *experiment = shard->registry.experiments[index];

        if (!experiment->dirty)
            continue;
        pl_state_begin(out);
        pl_buf_addf(&out->field, "e%" PRIu32, index);
        put_experiment(experiment, &out->value);
        experiment->dirty = false;
        status = pl_state_put(out, PL_STATE_DICT, 0, err);
    }
    return status;
}
