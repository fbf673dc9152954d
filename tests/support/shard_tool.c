/* Drives a shard by text, for the oracle (tests/oracle/check_count.py): one command a line on stdin, cells on stdout.
 *
 *   reset                                     forget everything, begin new rules
 *   set lateness|hold|dedup|forget|units|experiments VALUE
 *   area ID GLOB
 *   metric ID conversion|count|sum AREA WINDOW CAP BOUND VALUE_PATH|- ACTION,ACTION...
 *   metric ID AREA type=TYPE [role=ROLE] [from=TIME] [window=TIME] [before=TIME] [cap=MICRO] [bound=MICRO]
 *          [value=VALUE_PATH] [parts=ID,ID] [funnel=ID] [events=ACTION,...]      times: microseconds, or 7d, 1h, ...
 *   goal|value AREA METRIC                    after the metric
 *   funnel ID AREA WINDOW ACTION:MAX_GAP,ACTION:MAX_GAP...
 *   feature ID AREA use=ACTION,... [aware=ACTION,...] [eligible=ACTION,...] [launched=TIME]
 *   value AREA events=ACTION,... [activation=7d]    what gives value there
 *   unbounded N                               nobody bounds the clocks of input N (after `shard`; `save` keeps it)
 *   shard N                                   a new shard with N inputs under these rules
 *   e INPUT UNIT TIME IDENTITY EXPERIMENT VARIANT   queue an exposure (inputs count from 1)
 *   a INPUT UNIT TIME IDENTITY ACTION VALUE|-       queue an action
 *   c TIME started|stopped|shipped|reverted EXPERIMENT [NAME=SHARE,...]   queue a control record
 *   run N                                     take up to N records in aligned order; an empty queue is at its end
 *   advance | raise TIME                      and print all sums that were published
 *   some N                                    advance, and print at most the next N
 *   save                                      write the state, read it into a new shard, go on with that
 *   rules                                     the next rules; the following `save` changes over to them
 *   live | stats
 *
 * A cell is printed as C KIND SUBJECT ARM DETAIL PANE N SUM SUM2. SUBJECT: name of the experiment, or id of the funnel,
 * area, feature or metric. DETAIL: METRIC (metric, before), METRIC@BUCKET (time), A*B (cross; ~METRIC: its covariate;
 * the metric declared first stands first, of one metric x), else a number.
 *
 * Exit status 2 and a reason on stderr for anything that goes wrong.
 */
#include "codec/state.h"
#include "core/count/align.h"
#include "core/count/shard.h"
#include "util/num.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 16
#define QUEUES (PL_INPUTS_MAX + 1)

struct record {
    struct pl_event event;
    struct pl_control control;
    char experiment[PL_NAME_BYTES], variant[PL_NAME_BYTES], action[PL_NAME_BYTES];
};

struct queue {
    struct record *records;
    size_t first, n, cap;
    int64_t offset;
};

struct field {
    enum pl_state_kind kind;
    uint32_t bucket;
    size_t len, value_len;
    char *bytes; /* field, then value */
};

static struct pl_rules *rules, *next_rules;
static struct pl_shard *shard;
static unsigned n_inputs;
static bool unbounded[PL_INPUTS_MAX];
static struct queue queues[QUEUES]; /* [0] is control */
static struct field *fields;
static size_t n_fields, cap_fields;

static void die(const char *what, const char *detail)
{
    fprintf(stderr, "shard_tool: %s: %s\n", what, detail ? detail : "");
    exit(2);
}

static void check(enum pl_status status, const struct pl_err *err)
{
    if (status)
        die(pl_status_name(status), err->text);
}

static void *must(void *memory)
{
    if (!memory)
        die("out of memory", NULL);
    return memory;
}

static int64_t number(const char *text)
{
    int64_t value = 0;

    if (!text || !pl_num_int(pl_span_of(text), &value))
        die("not a number", text);
    return value;
}

static struct pl_rules *building(void)
{
    return next_rules ? next_rules : rules;
}

static void drop_fields(void)
{
    for (size_t at = 0; at < n_fields; at++)
        free(fields[at].bytes);
    n_fields = 0;
}

static void reset(void)
{
    pl_shard_free(shard);
    pl_rules_free(rules);
    pl_rules_free(next_rules);
    drop_fields();
    for (unsigned at = 0; at < QUEUES; at++)
        queues[at].first = queues[at].n = 0, queues[at].offset = 0;
    memset(unbounded, 0, sizeof(unbounded));
    shard = NULL;
    next_rules = NULL;
    rules = must(pl_rules_new());
}

static void set_option(const char *name, int64_t value)
{
    struct pl_rules *made = building();

    if (!strcmp(name, "lateness"))
        made->lateness_us = value;
    else if (!strcmp(name, "hold"))
        made->hold_us = value;
    else if (!strcmp(name, "dedup"))
        made->dedup_us = value;
    else if (!strcmp(name, "forget"))
        made->forget_us = value;
    else if (!strcmp(name, "units"))
        made->max_units = (uint32_t)value;
    else if (!strcmp(name, "experiments"))
        made->max_experiments = (uint32_t)value;
    else
        die("unknown option", name);
}

static void copy_name(char out[PL_NAME_BYTES], const char *text)
{
    if (!text || !pl_span_copy(pl_span_of(text), out, PL_NAME_BYTES))
        die("not a name", text);
}

static void add_area(char **word)
{
    struct pl_area_rule area = {.goal = PL_RULES_NONE, .value = PL_RULES_NONE, .funnel = PL_RULES_NONE, .n_globs = 1};
    struct pl_err err;

    copy_name(area.id, word[1]);
    area.globs[0] = must(pl_span_dup(pl_span_of(word[2])));
    area.smallest_return = area.baseline = .01;
    check(pl_rules_add_area(building(), &area, NULL, &err), &err);
}

static int64_t duration(struct pl_span text)
{
    int64_t value_us = 0;

    if (!pl_num_int(text, &value_us) && !pl_num_duration(text, &value_us))
        die("not a duration", text.ptr);
    return value_us;
}

/* Position of a word in a list that NULL ends. */
static unsigned position(const char *const *names, struct pl_span name)
{
    for (unsigned at = 0; names[at]; at++)
        if (pl_span_is(name, names[at]))
            return at;
    die("unknown word", name.ptr);
    return 0;
}

static uint32_t find_metric(struct pl_span id)
{
    uint32_t index = pl_rules_find_metric(building(), id);

    if (index == PL_RULES_NONE)
        die("no such metric", id.ptr);
    return index;
}

static void add_events(struct pl_metric_rule *metric, struct pl_span rest)
{
    while (rest.ptr)
        metric->events.ids[metric->events.n++] = pl_rules_action(building(), pl_span_cut(&rest, ','));
}

static void set_member(struct pl_metric_rule *metric, struct pl_span key, struct pl_span value)
{
    static const char *const types[] = {"conversion", "count",  "sum",     "mean", "ratio",
                                        "retention",  "funnel", "time_to", NULL};
    static const char *const roles[] = {"delivery", "value", "derive", "guardrail", NULL};

    if (pl_span_is(key, "type"))
        metric->type = (enum pl_metric_type)position(types, value);
    else if (pl_span_is(key, "role"))
        metric->role = (enum pl_metric_role)position(roles, value);
    else if (pl_span_is(key, "from"))
        metric->from_us = duration(value);
    else if (pl_span_is(key, "window"))
        metric->window_us = duration(value);
    else if (pl_span_is(key, "before"))
        metric->before_us = duration(value);
    else if (pl_span_is(key, "cap"))
        metric->cap_micro = duration(value);
    else if (pl_span_is(key, "bound"))
        metric->bound_micro = duration(value);
    else if (pl_span_is(key, "value"))
        metric->value = pl_rules_value(building(), value);
    else if (pl_span_is(key, "funnel"))
        metric->funnel = pl_rules_find_funnel(building(), value);
    else if (pl_span_is(key, "events"))
        add_events(metric, value);
    else if (pl_span_is(key, "parts")) {
        metric->parts[0] = find_metric(pl_span_cut(&value, ','));
        metric->parts[1] = find_metric(value);
    } else
        die("unknown member of a metric", key.ptr);
}

static void add_named_metric(char **word)
{
    struct pl_metric_rule metric = {.value = PL_RULES_NONE, .funnel = PL_RULES_NONE};
    struct pl_err err;

    copy_name(metric.id, word[1]);
    metric.area = pl_rules_find_area(building(), pl_span_of(word[2]));
    for (unsigned at = 3; word[at]; at++) {
        struct pl_span value = pl_span_of(word[at]);
        struct pl_span key = pl_span_cut(&value, '=');

        set_member(&metric, key, value);
    }
    check(pl_rules_add_metric(building(), &metric, NULL, &err), &err);
}

static void set_area(char **word)
{
    uint32_t area = pl_rules_find_area(building(), pl_span_of(word[1]));
    uint32_t metric = find_metric(pl_span_of(word[2]));

    if (area == PL_RULES_NONE)
        die("no such area", word[1]);
    if (!strcmp(word[0], "goal"))
        building()->areas[area].goal = metric;
    else
        building()->areas[area].value = metric;
}

static void add_metric(char **word)
{
    struct pl_metric_rule metric = {.value = PL_RULES_NONE};
    struct pl_err err;

    if (word[3] && strchr(word[3], '=')) {
        add_named_metric(word);
        return;
    }
    copy_name(metric.id, word[1]);
    metric.type = !strcmp(word[2], "conversion") ? PL_METRIC_CONVERSION
                  : !strcmp(word[2], "count")    ? PL_METRIC_COUNT
                                                 : PL_METRIC_SUM;
    metric.area = pl_rules_find_area(building(), pl_span_of(word[3]));
    metric.window_us = number(word[4]);
    metric.cap_micro = number(word[5]);
    metric.bound_micro = number(word[6]);
    if (metric.type == PL_METRIC_SUM)
        metric.value = pl_rules_value(building(), pl_span_of(word[7]));
    add_events(&metric, pl_span_of(word[8]));
    check(pl_rules_add_metric(building(), &metric, NULL, &err), &err);
}

static void add_funnel(char **word)
{
    struct pl_funnel_rule funnel = {.window_us = number(word[3])};
    struct pl_span rest = pl_span_of(word[4]);
    struct pl_err err;

    copy_name(funnel.id, word[1]);
    funnel.area = pl_rules_find_area(building(), pl_span_of(word[2]));
    while (rest.ptr) {
        struct pl_span gap = pl_span_cut(&rest, ',');
        struct pl_span action = pl_span_cut(&gap, ':');

        funnel.steps[funnel.n_steps] = pl_rules_action(building(), action);
        if (!pl_num_int(gap, &funnel.max_gap_us[funnel.n_steps++]))
            die("not a gap", word[4]);
    }
    check(pl_rules_add_funnel(building(), &funnel, NULL, &err), &err);
}

/* What follows KEY= in one of the words; nothing without it. */
static struct pl_span option(char **word, const char *key)
{
    for (; *word; word++)
        if (!strncmp(*word, key, strlen(key)) && (*word)[strlen(key)] == '=')
            return pl_span_of(*word + strlen(key) + 1);
    return (struct pl_span){0};
}

static struct pl_events option_events(char **word, const char *key)
{
    struct pl_span rest = option(word, key);
    struct pl_events events = {.n = 0};

    while (rest.ptr) {
        if (events.n == PL_RULES_EVENTS_MAX)
            die("too many actions", key);
        events.ids[events.n++] = pl_rules_action(building(), pl_span_cut(&rest, ','));
    }
    return events;
}

static void set_value(char **word)
{
    uint32_t at = pl_rules_find_area(building(), pl_span_of(word[1]));
    struct pl_span activation = option(word, "activation");
    struct pl_area_rule *area = &building()->areas[at == PL_RULES_NONE ? 0 : at];

    if (at == PL_RULES_NONE)
        die("no such area", word[1]);
    area->value_events = option_events(word, "events");
    if (activation.ptr && !pl_num_duration(activation, &area->activation_us))
        die("not a duration", activation.ptr);
}

static void add_feature(char **word)
{
    struct pl_span launched = option(word, "launched");
    struct pl_feature_rule feature = {.area = pl_rules_find_area(building(), pl_span_of(word[2])),
                                      .launched_us = PL_TIME_NONE};
    struct pl_err err;

    copy_name(feature.id, word[1]);
    feature.use = option_events(word, "use");
    feature.aware = option_events(word, "aware");
    feature.eligible = option_events(word, "eligible");
    if (launched.ptr && !pl_num_int(launched, &feature.launched_us))
        die("not a time", launched.ptr);
    check(pl_rules_add_feature(building(), &feature, NULL, &err), &err);
}

static struct record *push(unsigned input)
{
    struct queue *queue = &queues[input];

    if (queue->n == queue->cap) {
        queue->cap = queue->cap ? queue->cap * 2 : 64;
        queue->records = must(realloc(queue->records, queue->cap * sizeof(*queue->records)));
    }
    memset(&queue->records[queue->n], 0, sizeof(*queue->records));
    return &queue->records[queue->n++];
}

static struct record *push_event(char **word)
{
    struct record *record = push((unsigned)number(word[1]));
    uint64_t unit = (uint64_t)number(word[2]);

    record->event.unit = (struct pl_unit_id){unit * UINT64_C(0x9e3779b97f4a7c15), unit & 7}; /* shared low bits */
    record->event.time_us = number(word[3]);
    record->event.identity = strtoull(word[4], NULL, 10);
    record->event.offset = queues[number(word[1])].offset++;
    return record;
}

static void push_exposure(char **word)
{
    struct record *record = push_event(word);

    record->event.kind = PL_EVENT_EXPOSURE;
    copy_name(record->experiment, word[5]);
    copy_name(record->variant, word[6]);
}

static void push_action(char **word)
{
    struct record *record = push_event(word);

    record->event.kind = PL_EVENT_ACTION;
    copy_name(record->action, word[5]);
    if (strcmp(word[6], "-") != 0) {
        record->event.has_value = 1;
        record->event.value_micro[0] = number(word[6]);
    }
}

static void push_control(char **word)
{
    static const char *const states[] = {"started", "stopped", "shipped", "reverted"};
    struct pl_control *control = &push(0)->control;
    struct pl_span rest = pl_span_of(word[4]);

    control->type = PL_CONTROL_LIFECYCLE;
    control->time_us = number(word[1]);
    for (unsigned state = 0; state < 4; state++)
        if (!strcmp(word[2], states[state]))
            control->state = (enum pl_lifecycle)state;
    copy_name(control->experiment, word[3]);
    while (rest.ptr) {
        struct pl_span share = pl_span_cut(&rest, ',');
        struct pl_span name = pl_span_cut(&share, '=');

        if (!pl_span_copy(name, control->variants[control->n_variants], PL_NAME_BYTES) ||
            !pl_num_double(share, &control->shares[control->n_variants++]))
            die("not a share", word[4]);
    }
}

static void print_told(void)
{
    unsigned n;
    const struct pl_shard_told *told = pl_shard_told(shard, &n);

    for (unsigned at = 0; at < n; at++)
        printf("r %u %" PRId64 " %s\n", told[at].input + 1, told[at].offset, pl_reject_name(told[at].reason));
}

static void take(unsigned input)
{
    struct record *record = &queues[input].records[queues[input].first];
    enum pl_reject reason;
    int64_t place_us;

    if (input > 0 && pl_shard_released(shard, input - 1, &place_us)) {
        pl_shard_take_released(shard, input - 1);
        print_told();
        return;
    }
    queues[input].first++;

    if (input == 0) {
        reason = pl_shard_control(shard, &record->control, &place_us);
        printf("c %" PRId64 " %s\n", place_us, pl_reject_name(reason));
        return;
    }
    record->event.action = pl_names_find(rules->actions, pl_span_of(record->action)); /* by the rules of this moment */
    record->event.experiment = pl_span_of(record->experiment);
    record->event.variant = pl_span_of(record->variant);
    reason = pl_shard_event(shard, input - 1, &record->event);
    if (reason)
        printf("r %u %" PRId64 " %s\n", input, record->event.offset, pl_reject_name(reason));
    print_told();
}

static int64_t head_time(const struct queue *queue, unsigned input)
{
    const struct record *record = &queue->records[queue->first];

    return input == 0 ? record->control.time_us : pl_shard_turn(shard, input - 1, record->event.time_us);
}

static void run(int64_t n)
{
    struct pl_align_head heads[QUEUES];

    for (; n > 0; n--) {
        int next;

        for (unsigned at = 0; at <= n_inputs; at++) {
            bool has_record = queues[at].first < queues[at].n;

            heads[at] = (struct pl_align_head){has_record, !has_record, has_record ? head_time(&queues[at], at) : 0};
            if (at > 0 && pl_shard_released(shard, at - 1, &heads[at].time_us))
                heads[at].has_record = true;
        }
        next = pl_align_next(heads, n_inputs + 1);
        if (next < 0)
            return;
        take((unsigned)next);
    }
}

static const char *subject_name(const struct pl_sums *sums, const struct pl_cell_key *key)
{
    enum pl_cell_subject subject = pl_cell_info(key->kind)->subject;

    return subject == PL_OF_EXPERIMENT ? sums->experiments[key->subject].name
                                       : pl_rules_id(rules, subject, key->subject);
}

static const char *detail_name(const struct pl_cell_key *key)
{
    static char text[3 * PL_NAME_BYTES];
    uint32_t low = key->metric & 0xffff, high = key->metric >> 16;

    switch (pl_cell_info(key->kind)->detail) {
    case PL_BY_METRIC:
        return rules->metrics[key->metric].id;
    case PL_BY_METRIC_BUCKET:
        snprintf(text, sizeof(text), "%s@%" PRIu32, rules->metrics[low].id, high);
        break;
    case PL_BY_PAIR:
        snprintf(text, sizeof(text), "%s%s*%s%s", low % 2 ? "~" : "", rules->metrics[low / 2].id, high % 2 ? "~" : "",
                 rules->metrics[high / 2].id);
        break;
    case PL_BY_NONE:
    case PL_BY_PLAIN:
        snprintf(text, sizeof(text), "%" PRIu32, key->metric);
        break;
    }
    return text;
}

static void print_cell(const struct pl_sums *sums, const struct pl_cell *cell)
{
    bool variant = pl_cell_has_variant(cell->key.kind);
    const struct pl_sums_experiment *experiment = variant ? &sums->experiments[cell->key.subject] : NULL;
    char wide[PL_CELL_WIDE_BYTES];

    printf("C %u %s ", cell->key.kind, subject_name(sums, &cell->key));
    if (!variant)
        printf("%u", cell->key.arm);
    else
        printf("%s", experiment->variants[cell->key.arm]);
    printf(" %s %" PRId32 " %" PRId64 " %" PRId64 " ", detail_name(&cell->key), cell->key.pane, cell->n, cell->sum);
    printf("%s\n", pl_cell_wide(cell->sum2, wide));
}

/* Declared shares, segment by segment, in the order of the variants. */
static void print_shares(const struct pl_sums_experiment *experiment)
{
    for (unsigned segment = 0; segment < experiment->n_segments; segment++)
        for (unsigned variant = 0; variant < experiment->n_variants; variant++)
            printf("%s%.17g", variant ? "," : " | ", experiment->shares[segment][variant]);
    printf("\n");
}

static void print_sums(const struct pl_sums *sums, const char *title)
{
    printf("%s %" PRId64 "\n", title, sums->tick_us);
    for (unsigned at = 0; at < sums->n_experiments; at++) {
        const struct pl_sums_experiment *experiment = &sums->experiments[at];

        printf("X %s %" PRId64 " %d", experiment->name, experiment->first_exposure_us, experiment->joined_late);
        for (unsigned variant = 0; variant < experiment->n_variants; variant++)
            printf(" %s", experiment->variants[variant]);
        print_shares(experiment);
    }
    for (size_t at = 0; at < sums->n_cells; at++)
        print_cell(sums, &sums->cells[at]);
}

/* Through the bytes of a stored tick, so that those are covered too. */
static void print_published(const struct pl_sums *sums)
{
    struct pl_buf buf = {0};
    struct pl_sums back;
    struct pl_err err;

    check(pl_state_put_sums(sums, rules, &buf, &err), &err);
    check(pl_state_get_sums(pl_buf_span(&buf), rules, &back, &err), &err);
    print_sums(&back, "T");
    pl_sums_fini(&back);
    pl_buf_fini(&buf);
}

static void advance(int64_t raise_us, int64_t n)
{
    struct pl_sums sums;
    struct pl_err err;

    check(raise_us == PL_TIME_NONE ? pl_shard_advance(shard, &err) : pl_shard_raise(shard, raise_us, &err), &err);
    for (; n > 0 && pl_shard_take_sums(shard, &sums); n--) {
        print_published(&sums);
        pl_sums_fini(&sums);
    }
    if (n > 0)
        printf("F %" PRId64 " %" PRId64 "\n", pl_shard_frontier(shard), pl_shard_complete_to(shard));
}

static void print_live(void)
{
    struct pl_sums sums;
    struct pl_err err;

    check(pl_shard_live(shard, &sums, &err), &err);
    print_sums(&sums, "L");
    pl_sums_fini(&sums);
}

static struct field *find_field(enum pl_state_kind kind, uint32_t bucket, struct pl_span name)
{
    for (size_t at = 0; at < n_fields; at++)
        if (fields[at].kind == kind && fields[at].bucket == bucket &&
            pl_span_eq(name, (struct pl_span){fields[at].bytes, fields[at].len}))
            return &fields[at];
    return NULL;
}

static enum pl_status store(void *ctx, enum pl_state_kind kind, uint32_t bucket, struct pl_span name,
                            struct pl_span value, struct pl_err *err)
{
    struct field *field = find_field(kind, bucket, name);

    (void)ctx;
    (void)err;
    if (!value.ptr && !field)
        die("state deletes a field that is not there", NULL);
    if (field) {
        free(field->bytes);
        *field = fields[--n_fields];
    }
    if (!value.ptr)
        return PL_OK;
    if (n_fields == cap_fields) {
        cap_fields = cap_fields ? cap_fields * 2 : 64;
        fields = must(realloc(fields, cap_fields * sizeof(*fields)));
    }
    field = &fields[n_fields++];
    *field = (struct field){kind, bucket, name.len, value.len, must(malloc(name.len + value.len + 1))};
    memcpy(field->bytes, name.ptr, name.len);
    memcpy(field->bytes + name.len, value.ptr, value.len);
    return PL_OK;
}

/* In the order of kinds that is asked for, within a kind backwards: no order may matter there. */
static void load(void)
{
    static const enum pl_state_kind kinds[] = {PL_STATE_DICT, PL_STATE_FRONT, PL_STATE_INPUT, PL_STATE_CELL,
                                               PL_STATE_UNIT};
    struct pl_err err;

    for (unsigned kind = 0; kind < sizeof(kinds) / sizeof(*kinds); kind++)
        for (size_t at = n_fields; at-- > 0;)
            if (fields[at].kind == kinds[kind])
                check(pl_state_read(shard, kinds[kind], (struct pl_span){fields[at].bytes, fields[at].len},
                                    (struct pl_span){fields[at].bytes + fields[at].len, fields[at].value_len}, &err),
                      &err);
    check(pl_state_ready(shard, &err), &err);
}

static void set_unbounded(void)
{
    for (unsigned input = 0; input < n_inputs; input++)
        if (unbounded[input])
            pl_shard_unbounded(shard, input);
}

static void save(void)
{
    struct pl_err err;

    check(pl_state_write(shard, store, NULL, &err), &err);
    if (pl_state_dirty(shard))
        die("dirty after a write", NULL);
    pl_shard_free(shard);
    if (next_rules) {
        check(pl_rules_seal(next_rules, &err), &err);
        pl_rules_free(rules);
        rules = next_rules;
        next_rules = NULL;
    }
    shard = must(pl_shard_new(rules, n_inputs));
    set_unbounded();
    load();
}

static void print_stats(void)
{
    struct pl_shard_stats stats;

    pl_shard_stats(shard, &stats);
    printf("S units %" PRIu64 " tail %" PRIu64 " fields %zu\n", stats.units, stats.tail_events, n_fields);
}

static void new_shard(unsigned n)
{
    struct pl_err err;

    check(pl_rules_seal(rules, &err), &err);
    n_inputs = n;
    shard = must(pl_shard_new(rules, n));
}

static void obey_rules(char **word)
{
    if (!strcmp(word[0], "reset"))
        reset();
    else if (!strcmp(word[0], "rules"))
        next_rules = must(pl_rules_new());
    else if (!strcmp(word[0], "set"))
        set_option(word[1], number(word[2]));
    else if (!strcmp(word[0], "area"))
        add_area(word);
    else if (!strcmp(word[0], "metric"))
        add_metric(word);
    else if (!strcmp(word[0], "goal") || (!strcmp(word[0], "value") && word[2] && !strchr(word[2], '=')))
        set_area(word);
    else if (!strcmp(word[0], "funnel"))
        add_funnel(word);
    else if (!strcmp(word[0], "shard"))
        new_shard((unsigned)number(word[1]));
    else if (!strcmp(word[0], "unbounded")) {
        unbounded[(unsigned)number(word[1]) - 1] = true;
        set_unbounded();
    } else
        die("unknown command", word[0]);
}

/* Of what is observed; false for other commands. */
static bool obey_observed(char **word)
{
    if (!strcmp(word[0], "feature"))
        add_feature(word);
    else if (!strcmp(word[0], "value") && word[2] && strchr(word[2], '='))
        set_value(word);
    else
        return false;
    return true;
}

static void obey(char **word)
{
    if (!strcmp(word[0], "e"))
        push_exposure(word);
    else if (!strcmp(word[0], "a"))
        push_action(word);
    else if (!strcmp(word[0], "c"))
        push_control(word);
    else if (!strcmp(word[0], "run"))
        run(number(word[1]));
    else if (!strcmp(word[0], "advance"))
        advance(PL_TIME_NONE, INT64_MAX);
    else if (!strcmp(word[0], "some"))
        advance(PL_TIME_NONE, number(word[1]));
    else if (!strcmp(word[0], "raise"))
        advance(number(word[1]), INT64_MAX);
    else if (!strcmp(word[0], "save"))
        save();
    else if (!strcmp(word[0], "live"))
        print_live();
    else if (!strcmp(word[0], "stats"))
        print_stats();
    else if (!strcmp(word[0], "echo"))
        printf("# %s\n", word[1]);
    else if (!obey_observed(word))
        obey_rules(word);
}

int main(void)
{
    char *line = NULL;
    size_t cap = 0;

    reset();
    while (getline(&line, &cap, stdin) > 0) {
        char *word[WORDS_MAX + 1] = {0}, *rest = line, *piece;
        unsigned n = 0;

        while (n < WORDS_MAX && (piece = strtok_r(rest, " \n", &rest)) != NULL)
            word[n++] = piece;
        if (n > 0)
            obey(word);
    }
    free(line);
    reset();
    pl_rules_free(rules);
    for (unsigned at = 0; at < QUEUES; at++)
        free(queues[at].records);
    free(fields);
    return 0;
}
