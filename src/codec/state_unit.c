#include "codec/state_inside.h"
#include "core/count/measure.h"

#include <string.h>

/* A unit's record: its state (place of the last event, experiments, funnels), its tail, its recent identities. The
 * field is its id, 16 raw bytes.
 *
 * That is all of version 1, in which a metric has one word. Version 2 is for units with further kinds of words: in the
 * end there follow for each of these, by rising kind, the kind, how many, the entries; then a 0. Version 3 is for rules
 * in which a metric has several words: as 2, and each metric is stored with the number of its words. */

#define ID_BYTES 16
#define VERSION_KINDS 2
#define VERSION_WORDS 3
#define METRIC_WORDS_MAX 16 /* that a record may have */

static uint32_t bucket_of(struct pl_unit_id id)
{
    return (uint32_t)(id.high % PL_STATE_BUCKETS);
}

static void put_id(struct pl_state_out *out, struct pl_unit_id id)
{
    pl_state_begin(out);
    pl_state_add_raw64(&out->field, id.high);
    pl_state_add_raw64(&out->field, id.low);
}

static bool is_zero(const uint64_t *words, uint32_t n)
{
    for (uint32_t at = 0; at < n; at++)
        if (words[at])
            return false;
    return true;
}

/* Only metrics that are not 0, each with its id. */
static void put_metrics(const struct pl_shard *shard, const uint64_t *words, uint32_t area, struct pl_buf *out)
{
    const struct pl_plan *plan = shard->plan;
    uint32_t n_metrics, n = 0;
    const uint32_t *metrics = pl_plan_metrics(plan, area, &n_metrics);

    for (uint32_t slot = 0; slot < n_metrics; slot++)
        n += !is_zero(words + plan->at[metrics[slot]], plan->n_words[metrics[slot]]);
    pl_buf_add_varint(out, n);
    for (uint32_t slot = 0; slot < n_metrics; slot++) {
        uint32_t metric = metrics[slot];

        if (is_zero(words + plan->at[metric], plan->n_words[metric]))
            continue;
        pl_buf_add_varint(out, pl_dict_id(&shard->dict, PL_DICT_METRIC, metric));
        if (plan->wide)
            pl_buf_add_varint(out, plan->n_words[metric]);
        for (uint32_t at = 0; at < plan->n_words[metric]; at++)
            pl_buf_add_signed(out, (int64_t)words[plan->at[metric] + at]);
    }
}

static void put_experiment(const struct pl_shard *shard, const uint64_t *words, struct pl_buf *out)
{
    struct pl_words_head head = pl_words_unpack(words[0]);

    pl_buf_add_varint(out, head.id);
    pl_buf_add_varint(out, head.mixed);
    if (head.mixed)
        return;
    pl_buf_add_varint(out, head.variant);
    pl_buf_add_varint(out, head.segment);
    pl_buf_add_signed(out, (int64_t)words[1]);
    put_metrics(shard, words, shard->registry.experiments[head.id]->area, out);
}

static void put_funnel(const struct pl_shard *shard, const uint64_t *words, struct pl_buf *out)
{
    struct pl_words_head head = pl_words_unpack(words[0]);

    pl_buf_add_varint(out, pl_dict_id(&shard->dict, PL_DICT_FUNNEL, head.id));
    pl_buf_add_varint(out, head.step);
    pl_buf_add_varint(out, head.day_max);
    pl_buf_add_varint(out, head.hour_max);
    pl_buf_add_signed(out, (int64_t)words[1]);
    pl_buf_add_signed(out, (int64_t)words[2]);
}

static void put_entries(const struct pl_shard *shard, const struct pl_unit *unit, enum pl_words_kind kind,
                        struct pl_buf *out)
{
    const uint64_t *words = pl_units_words(&shard->units, unit);
    uint32_t n = 0;

    for (uint32_t at = PL_WORDS_FIRST; at < unit->n_words; at += pl_words_size(words[at]))
        n += pl_words_kind_of(words[at]) == kind;
    pl_buf_add_varint(out, n);
    for (uint32_t at = PL_WORDS_FIRST; at < unit->n_words; at += pl_words_size(words[at])) {
        if (pl_words_kind_of(words[at]) != kind)
            continue;
        if (kind == PL_WORDS_EXPERIMENT)
            put_experiment(shard, words + at, out);
        else if (kind == PL_WORDS_FUNNEL)
            put_funnel(shard, words + at, out);
        else if (kind == PL_WORDS_BEFORE)
            pl_state_put_before(shard, words + at, out);
        else
            pl_state_put_usage(shard, words + at, out);
    }
}

static unsigned kinds_of(const struct pl_shard *shard, const struct pl_unit *unit)
{
    const uint64_t *words = pl_units_words(&shard->units, unit);
    unsigned kinds = 0;

    for (uint32_t at = PL_WORDS_FIRST; at < unit->n_words; at += pl_words_size(words[at]))
        kinds |= 1u << pl_words_kind_of(words[at]);
    return kinds;
}

static void put_more(const struct pl_shard *shard, const struct pl_unit *unit, unsigned kinds, struct pl_buf *out)
{
    for (unsigned kind = PL_WORDS_FUNNEL + 1; kind < PL_WORDS_KINDS; kind++) {
        if (!(kinds >> kind & 1))
            continue;
        pl_buf_add_varint(out, kind);
        put_entries(shard, unit, (enum pl_words_kind)kind, out);
    }
    pl_buf_add_varint(out, 0);
}

static void put_event(const struct pl_shard *shard, const struct pl_tail_event *event, struct pl_buf *out)
{
    pl_buf_add_varint(out, event->kind);
    pl_buf_add_varint(out, event->input);
    pl_buf_add_signed(out, event->place_us);
    pl_buf_add_signed(out, event->place_us - event->time_us);
    pl_state_add_raw64(out, event->identity);
    if (event->kind == PL_EVENT_EXPOSURE) {
        pl_buf_add_varint(out, event->subject);
        pl_buf_add_varint(out, event->variant);
        return;
    }
    pl_buf_add_varint(out, pl_dict_id(&shard->dict, PL_DICT_ACTION, event->subject));
    pl_state_put_values(shard, event->has_value, event->value_micro, out);
}

static void put_open(const struct pl_shard *shard, const struct pl_unit *unit, struct pl_buf *out)
{
    const struct pl_open nothing = {0};
    const struct pl_open *open = unit->open ? pl_units_open_at(&shard->units, unit->open) : &nothing;
    const struct pl_tail_event *events = pl_tail_events(&open->tail, &shard->units.slab);
    const struct pl_recent_entry *entries = pl_recent_entries(&open->recent, &shard->units.slab);

    pl_buf_add_varint(out, open->tail.n);
    for (uint32_t at = 0; at < open->tail.n; at++)
        put_event(shard, &events[at], out);
    pl_buf_add_varint(out, open->recent.n);
    for (uint32_t at = 0; at < open->recent.n; at++) {
        pl_buf_add_varint(out, pl_recent_input(&entries[at]));
        pl_state_add_raw64(out, entries[at].identity);
        pl_buf_add_signed(out, pl_recent_stamp(&entries[at]));
    }
}

static enum pl_status write_unit(struct pl_shard *shard, struct pl_unit *unit, struct pl_state_out *out,
                                 struct pl_err *err)
{
    const uint64_t *words = pl_units_words(&shard->units, unit);
    unsigned kinds = kinds_of(shard, unit);
    bool more = shard->plan->wide || kinds >> (PL_WORDS_FUNNEL + 1) != 0;

    put_id(out, unit->id);
    if (more) {
        pl_buf_clear(&out->value);
        pl_buf_add_char(&out->value, shard->plan->wide ? VERSION_WORDS : VERSION_KINDS);
    }
    pl_buf_add_signed(&out->value, words ? (int64_t)words[0] : 0);
    put_entries(shard, unit, PL_WORDS_EXPERIMENT, &out->value);
    put_entries(shard, unit, PL_WORDS_FUNNEL, &out->value);
    put_open(shard, unit, &out->value);
    if (more)
        put_more(shard, unit, kinds, &out->value);
    unit->dirty = 0;
    unit->stored = 1;
    return pl_state_put(out, PL_STATE_UNIT, bucket_of(unit->id), err);
}

/* Deletions first: a unit that went may have come back since. */
enum pl_status pl_state_write_units(struct pl_shard *shard, struct pl_state_out *out, struct pl_err *err)
{
    struct pl_units *units = &shard->units;
    enum pl_status status = PL_OK;

    for (uint32_t at = 0; at < units->n_gone && !status; at++) {
        put_id(out, units->gone[at]);
        status = pl_state_delete(out, PL_STATE_UNIT, bucket_of(units->gone[at]), err);
    }
    units->n_gone = 0;
    for (uint32_t at = 0; at < units->n_dirty && !status; at++)
        if (units->dirty[at])
            status = write_unit(shard, pl_units_at(units, units->dirty[at]), out, err);
    units->n_dirty = 0;
    return status;
}

static bool take_numbers(struct pl_span *rest, int64_t *numbers, uint32_t n)
{
    for (uint32_t at = 0; at < n; at++)
        if (!pl_span_take_signed(rest, &numbers[at]))
            return false;
    return true;
}

/* One metric of the experiment whose entry is at `at`. One that is not there any more is passed over. */
static bool take_metric(struct pl_shard *shard, struct pl_span *rest, unsigned version, uint32_t area, uint32_t at)
{
    int64_t numbers[METRIC_WORDS_MAX];
    uint32_t id, metric, n = 1;
    bool known;

    if (!pl_state_take_count(rest, UINT32_MAX, &id) ||
        (version == VERSION_WORDS && !pl_state_take_count(rest, METRIC_WORDS_MAX + 1, &n)) ||
        !take_numbers(rest, numbers, n))
        return false;
    metric = pl_dict_target(&shard->dict, PL_DICT_METRIC, id, &known);
    if (!known || metric == PL_RULES_NONE || shard->rules->metrics[metric].area != area)
        return known;
    if (!pl_measure_valid(shard->plan, metric, numbers, n))
        return false;
    for (uint32_t word = 0; word < n; word++)
        shard->state.at[at + shard->plan->at[metric] + word] = (uint64_t)numbers[word];
    return true;
}

static bool take_metrics(struct pl_shard *shard, struct pl_span *rest, unsigned version, uint32_t area, uint32_t at)
{
    uint32_t n;

    if (!pl_state_take_count(rest, PL_RULES_METRICS_MAX + 1, &n))
        return false;
    for (; n > 0; n--)
        if (!take_metric(shard, rest, version, area, at))
            return false;
    return true;
}

/* A pair that the store does not know yet begins with what its metrics have collected so far. */
static void begin_pairs(struct pl_shard *shard, uint32_t area, uint32_t at)
{
    const struct pl_step step = {shard->plan, &shard->registry, &shard->cells};
    uint32_t n, first = pl_plan_pairs(shard->plan, area, &n);

    for (uint32_t pair = first; pair < first + n; pair++)
        if (!shard->dict.entries[pl_dict_id(&shard->dict, PL_DICT_PAIR, pair)].stored)
            pl_measure_pair(&step, &shard->state, at, pair);
}

static bool take_experiment(struct pl_shard *shard, struct pl_span *rest, unsigned version)
{
    struct pl_words_head head = {.kind = PL_WORDS_EXPERIMENT, .n_words = 1};
    uint32_t mixed, at = shard->state.n;
    const struct pl_experiment *experiment;
    int64_t t0_us;

    if (!pl_state_take_count(rest, shard->registry.n, &head.id) || !pl_state_take_count(rest, 2, &mixed) ||
        pl_words_find(&shard->state, PL_WORDS_EXPERIMENT, head.id))
        return false;
    experiment = shard->registry.experiments[head.id];
    head.mixed = mixed;
    if (mixed) {
        if (!pl_words_push(&shard->state, 1))
            return false;
        shard->state.at[at] = pl_words_pack(&head);
        return true;
    }
    if (!experiment || !pl_state_take_count(rest, experiment->n_variants, &head.variant) ||
        !pl_state_take_count(rest, PL_SEGMENTS_MAX, &head.segment) || !pl_state_take_time(rest, 0, &t0_us))
        return false;
    head.n_words = pl_plan_entry(shard->plan, experiment->area);
    if (!pl_words_push(&shard->state, head.n_words))
        return false;
    shard->state.at[at] = pl_words_pack(&head);
    shard->state.at[at + 1] = (uint64_t)t0_us;
    if (!take_metrics(shard, rest, version, experiment->area, at))
        return false;
    begin_pairs(shard, experiment->area, at);
    return true;
}

static bool take_funnel(struct pl_shard *shard, struct pl_span *rest)
{
    struct pl_words_head head = {.kind = PL_WORDS_FUNNEL, .n_words = 3};
    uint32_t id, at = shard->state.n, steps_max = PL_RULES_STEPS_MAX + 1;
    int64_t entry_us, last_us;
    bool known;

    if (!pl_state_take_count(rest, UINT32_MAX, &id) || !pl_state_take_count(rest, steps_max, &head.step) ||
        !pl_state_take_count(rest, steps_max, &head.day_max) || !pl_state_take_count(rest, steps_max, &head.hour_max) ||
        !pl_state_take_time(rest, 0, &entry_us) || !pl_state_take_time(rest, 0, &last_us))
        return false;
    head.id = pl_dict_target(&shard->dict, PL_DICT_FUNNEL, id, &known);
    if (!known || head.id == PL_RULES_NONE)
        return known;
    if (head.step >= shard->rules->funnels[head.id].n_steps || !pl_words_push(&shard->state, 3))
        return false;
    shard->state.at[at] = pl_words_pack(&head);
    shard->state.at[at + 1] = (uint64_t)entry_us;
    shard->state.at[at + 2] = (uint64_t)last_us;
    return true;
}

static bool take_words(struct pl_shard *shard, struct pl_span *rest, unsigned version)
{
    int64_t place_us;
    uint32_t n;

    shard->state.n = 0;
    if (!pl_state_take_time(rest, 0, &place_us) || !pl_words_push(&shard->state, PL_WORDS_FIRST))
        return false;
    shard->state.at[0] = (uint64_t)place_us;
    if (!pl_state_take_count(rest, UINT32_MAX, &n))
        return false;
    for (; n > 0; n--)
        if (!take_experiment(shard, rest, version))
            return false;
    if (!pl_state_take_count(rest, UINT32_MAX, &n))
        return false;
    for (; n > 0; n--)
        if (!take_funnel(shard, rest))
            return false;
    return true;
}

/* What an event is about; *keep false for an action that no rule reads any more. */
static bool take_subject(const struct pl_shard *shard, struct pl_span *rest, struct pl_tail_event *event, bool *keep)
{
    uint32_t variant, id, has;
    bool known;

    *keep = true;
    if (event->kind == PL_EVENT_EXPOSURE) {
        if (!pl_state_take_count(rest, shard->registry.n, &event->subject) ||
            !shard->registry.experiments[event->subject] ||
            !pl_state_take_count(rest, shard->registry.experiments[event->subject]->n_variants, &variant))
            return false;
        event->variant = (uint8_t)variant;
        return true;
    }
    if (!pl_state_take_count(rest, UINT32_MAX, &id))
        return false;
    event->subject = pl_dict_target(&shard->dict, PL_DICT_ACTION, id, &known);
    *keep = event->subject != PL_RULES_NONE;
    if (!known || !pl_state_take_values(shard, rest, &has, event->value_micro))
        return false;
    event->has_value = (uint8_t)has;
    return true;
}

static bool take_event(struct pl_shard *shard, struct pl_span *rest, struct pl_open *open)
{
    struct pl_tail_event event = {0};
    struct pl_slab *slab = &shard->units.slab;
    uint32_t kind, input;
    int64_t lag_us;
    bool keep;

    if (!pl_state_take_count(rest, 2, &kind) || !pl_state_take_count(rest, shard->front.n_inputs, &input) ||
        !pl_state_take_time(rest, 0, &event.place_us) || !pl_state_take_time(rest, 0, &lag_us) ||
        !pl_state_take_raw64(rest, &event.identity))
        return false;
    event.kind = (uint8_t)kind;
    event.input = (uint8_t)input;
    event.time_us = event.place_us - lag_us;
    if (event.time_us < 0 || event.time_us > PL_TIME_MAX)
        return false;
    if (!take_subject(shard, rest, &event, &keep))
        return false;
    if (!keep)
        return true;
    if (!pl_tail_reserve(&open->tail, slab))
        return false;
    /* The order of actions is that of the rules, which may have changed. */
    pl_tail_insert(&open->tail, slab, pl_tail_place(&open->tail, slab, &event), &event);
    shard->units.n_events++;
    return true;
}

static bool take_identity(struct pl_shard *shard, struct pl_span *rest, struct pl_open *open)
{
    uint32_t input;
    uint64_t identity;
    int64_t stamp_us;

    return pl_state_take_count(rest, shard->front.n_inputs, &input) && pl_state_take_raw64(rest, &identity) &&
           pl_state_take_time(rest, 0, &stamp_us) && stamp_us >= 0 && shard->front.stream_us[input] != PL_TIME_NONE &&
           pl_recent_add(&open->recent, &shard->units.slab, &shard->front, shard->rules,
                         pl_recent_entry(input, identity, stamp_us));
}

static bool take_open(struct pl_shard *shard, struct pl_span *rest, uint32_t handle)
{
    struct pl_open *open = pl_units_open(&shard->units, handle);
    uint32_t n;

    if (!open || !pl_state_take_count(rest, UINT32_MAX, &n))
        return false;
    for (; n > 0; n--)
        if (!take_event(shard, rest, open))
            return false;
    if (!pl_state_take_count(rest, UINT32_MAX, &n))
        return false;
    for (; n > 0; n--)
        if (!take_identity(shard, rest, open))
            return false;
    pl_units_requeue(&shard->units, pl_units_at(&shard->units, handle)->open);
    return true;
}

static bool take_version(struct pl_span *rest, unsigned *version)
{
    *version = rest->len > 0 ? (unsigned char)rest->ptr[0] : 0;
    if (*version != VERSION_KINDS && *version != VERSION_WORDS)
        return pl_state_take_version(rest);
    *rest = (struct pl_span){rest->ptr + 1, rest->len - 1};
    return true;
}

static bool take_more(struct pl_shard *shard, struct pl_span *rest)
{
    uint32_t kind = PL_WORDS_FUNNEL, before, n;

    for (;;) {
        before = kind;
        if (!pl_state_take_count(rest, PL_WORDS_KINDS, &kind))
            return false;
        if (kind == 0)
            return true;
        if (kind <= before || !pl_state_take_count(rest, UINT32_MAX, &n))
            return false;
        for (; n > 0; n--)
            if (!(kind == PL_WORDS_BEFORE ? pl_state_take_before(shard, rest)
                                          : pl_state_take_usage(shard, (enum pl_words_kind)kind, rest)))
                return false;
    }
}

enum pl_status pl_state_read_unit(struct pl_shard *shard, struct pl_span field, struct pl_span value,
                                  struct pl_err *err)
{
    struct pl_unit_id id;
    struct pl_unit *unit;
    uint32_t handle;
    unsigned version;

    if (field.len != ID_BYTES || !pl_state_take_raw64(&field, &id.high) || !pl_state_take_raw64(&field, &id.low) ||
        !take_version(&value, &version))
        return pl_err_set(err, PL_ERR_INPUT, "state: a unit record has an unknown form");
    if (pl_units_find(&shard->units, id))
        return pl_err_set(err, PL_ERR_INPUT, "state: a unit is there twice");
    handle = pl_units_make(&shard->units, id);
    if (!handle && shard->units.n < shard->units.cap)
        return pl_err_set(err, PL_ERR_NOMEM, "out of memory while state is read");
    if (!handle)
        return pl_err_set(err, PL_ERR_FULL, "state: more units are stored than `max_units` allows");
    unit = pl_units_at(&shard->units, handle);
    unit->stored = 1;
    if (!take_words(shard, &value, version) || !take_open(shard, &value, handle) ||
        (version >= VERSION_KINDS && !take_more(shard, &value)) || value.len > 0 ||
        !pl_units_put_words(&shard->units, unit, &shard->state))
        return pl_err_set(err, PL_ERR_INPUT, "state: a unit record is damaged");
    return PL_OK;
}
