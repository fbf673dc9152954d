#include "codec/control.h"

#include "codec/json_out.h"
#include "codec/slow_json.h"
#include "util/num.h"
#include "util/stamp.h"

#include <math.h>
#include <string.h>

#define FUTURE_US (5 * PL_MINUTE_US)
#define EFFECT_MAX 1e30

static const char *const types[] = {"result", "lifecycle", "core_launch", "history_end"};
static const char *const works[] = {"growth", "monetisation", "core", "holdout"};
static const char *const states[] = {"started", "stopped", "shipped", "reverted"};

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* A control record being read. Readers note the first failure and do nothing afterwards. */
struct reader {
    const struct cJSON *root;
    struct pl_control *control;
    int64_t record_us;
    enum pl_reject reason;
    struct pl_err *err;
};

static void fail(struct reader *in, enum pl_reject reason, const char *field, const char *what)
{
    if (in->reason)
        return;
    in->reason = reason;
    (void)pl_err_set(in->err, PL_ERR_INPUT, "%s: %s", field, what);
}

/* A member, null taken for absent. */
static struct pl_value get(const struct reader *in, const char *field)
{
    struct pl_value value = pl_slow_json_value(pl_slow_json_member(in->root, pl_span_of(field)));

    if (value.type == PL_VALUE_NULL)
        value.type = PL_VALUE_ABSENT;
    return value;
}

/* One of a list of words. wrong: the reason when it is none of them, or absent without being optional. */
static unsigned get_word(struct reader *in, const char *field, const char *const *words, size_t n, bool optional,
                         enum pl_reject wrong)
{
    struct pl_value value = get(in, field);

    for (unsigned at = 0; at < n; at++)
        if (value.type == PL_VALUE_STRING && pl_span_is(value.text, words[at]))
            return at;
    if (value.type != PL_VALUE_ABSENT || !optional)
        fail(in, wrong, field, value.type == PL_VALUE_ABSENT ? "is missing" : "is not one that is known");
    return 0;
}

static void get_name(struct reader *in, const char *field, bool optional, enum pl_reject wrong, char out[PL_NAME_BYTES])
{
    struct pl_value value = get(in, field);

    if (value.type == PL_VALUE_ABSENT) {
        if (!optional)
            fail(in, PL_REJECT_CONTROL_FIELD, field, "is missing");
    } else if (value.type != PL_VALUE_STRING) {
        fail(in, PL_REJECT_CONTROL_FIELD, field, "must be a string");
    } else if (!pl_span_is_name(value.text) || !pl_span_copy(value.text, out, PL_NAME_BYTES)) {
        fail(in, wrong, field, "is not a name");
    }
}

static bool get_bool(struct reader *in, const char *field, bool absent)
{
    struct pl_value value = get(in, field);

    if (value.type == PL_VALUE_ABSENT)
        return absent;
    if (value.type != PL_VALUE_TRUE && value.type != PL_VALUE_FALSE)
        fail(in, PL_REJECT_CONTROL_FIELD, field, "must be true or false");
    return value.type == PL_VALUE_TRUE;
}

static double number_of(struct reader *in, const char *field, const struct pl_value *value)
{
    double number = (double)NAN;

    if (value->type != PL_VALUE_NUMBER)
        fail(in, PL_REJECT_CONTROL_FIELD, field, value->type == PL_VALUE_ABSENT ? "is missing" : "must be a number");
    else if (!pl_num_double(value->text, &number))
        fail(in, PL_REJECT_CONTROL_FIELD, field, "is out of range");
    return number;
}

static double get_number(struct reader *in, const char *field)
{
    struct pl_value value = get(in, field);

    return number_of(in, field, &value);
}

static double get_positive(struct reader *in, const char *field)
{
    double number = get_number(in, field);

    if (!in->reason && number <= 0)
        fail(in, PL_REJECT_CONTROL_FIELD, field, "must be above 0");
    return number;
}

/* Effects and errors whose squares and quotients stay numbers; further out there is no product. */
static void check_size(struct reader *in, const char *field, double effect, double se)
{
    if (!in->reason && (fabs(effect) > EFFECT_MAX || se > EFFECT_MAX || se < 1 / EFFECT_MAX))
        fail(in, PL_REJECT_CONTROL_FIELD, field, "is out of range");
}

/* [control, variant] */
static void get_pair(struct reader *in, const char *field, double pair[2])
{
    const struct cJSON *node = pl_slow_json_member(in->root, pl_span_of(field));
    const struct cJSON *at = NULL;
    unsigned n = 0;

    pair[0] = pair[1] = (double)NAN;
    if (pl_slow_json_value(node).type == PL_VALUE_ARRAY)
        at = pl_slow_json_first(node);
    for (; at && n < 2; at = pl_slow_json_next(at), n++) {
        struct pl_value value = pl_slow_json_value(at);

        pair[n] = number_of(in, field, &value);
    }
    if (n != 2 || at)
        fail(in, PL_REJECT_CONTROL_FIELD, field, node ? "must be two numbers" : "is missing");
}

/* A time of the log's past or present: what is a little ahead of the record's own timestamp is taken back to it. */
static int64_t get_time(struct reader *in, const char *field)
{
    struct pl_value value = get(in, field);
    int64_t time_us;

    if (value.type == PL_VALUE_ABSENT)
        return PL_TIME_NONE;
    if (value.type != PL_VALUE_STRING || !pl_stamp_parse(value.text, false, &time_us)) {
        fail(in, PL_REJECT_BAD_TIME, field, "must be a time such as 2026-08-21T10:00:00Z");
        return PL_TIME_NONE;
    }
    if (in->record_us < 0 || time_us <= in->record_us)
        return time_us;
    if (time_us > in->record_us + FUTURE_US)
        fail(in, PL_REJECT_FUTURE, field, "is more than 5 minutes ahead of the record's timestamp");
    return in->record_us;
}

/* Events: a record without a time has the time of its record. */
static int64_t get_event_time(struct reader *in)
{
    int64_t time_us = get_time(in, "time");

    if (time_us == PL_TIME_NONE)
        time_us = in->record_us;
    if (time_us < 0)
        fail(in, PL_REJECT_MISSING_TIME, "time", "is missing, and the record has no timestamp");
    return time_us;
}

/* Conversions (statistics.md 1.2 and 2.3): effect = (m_b - m_a)/m0, se^2 = (p_a(1-p_a)/n_a + p_b(1-p_b)/n_b)/m0^2 with
 * the given, fixed m0: dividing by m_a would tie the effect to its own error. */
static void read_means(struct reader *in)
{
    double mean[2], n[2], baseline, variance = 0;

    get_pair(in, "means", mean);
    get_pair(in, "n", n);
    baseline = get_positive(in, "baseline");
    for (int arm = 0; !in->reason && arm < 2; arm++) {
        if (mean[arm] < 0 || mean[arm] > 1)
            fail(in, PL_REJECT_CONTROL_FIELD, "means", "must be shares between 0 and 1");
        if (n[arm] < 1 || n[arm] > 1e15 || n[arm] != floor(n[arm]))
            fail(in, PL_REJECT_CONTROL_FIELD, "n", "must be whole numbers above 0");
        variance += mean[arm] * (1 - mean[arm]) / n[arm];
    }
    in->control->effect = (mean[1] - mean[0]) / baseline;
    in->control->se = sqrt(variance) / baseline;
    if (!in->reason && !(in->control->se > 0 && isfinite(in->control->se) && isfinite(in->control->effect)))
        fail(in, PL_REJECT_CONTROL_FIELD, "means", "give no standard error");
    check_size(in, "means", in->control->effect, in->control->se);
}

/* "value": {"effect": .01, "se": .004, "cov": 0}: what the same units got, beside what was delivered. */
static void read_value(struct reader *in)
{
    const struct cJSON *root = in->root, *node = pl_slow_json_member(root, pl_span_of("value"));
    enum pl_value_type type = pl_slow_json_value(node).type;

    if (type == PL_VALUE_ABSENT || type == PL_VALUE_NULL)
        return;
    if (type != PL_VALUE_OBJECT) {
        fail(in, PL_REJECT_CONTROL_FIELD, "value", "must be an object with effect and se");
        return;
    }
    if (in->control->n_arms) /* of which arm it would have to be said */
        fail(in, PL_REJECT_CONTROL_FIELD, "value", "cannot be given with arms");
    in->root = node;
    in->control->value = get_number(in, "effect");
    in->control->value_se = get_positive(in, "se");
    check_size(in, "value", in->control->value, in->control->value_se);
    in->control->value_cov = get(in, "cov").type == PL_VALUE_ABSENT ? 0 : get_number(in, "cov");
    if (!in->reason && fabs(in->control->value_cov) > in->control->value_se * in->control->se)
        fail(in, PL_REJECT_CONTROL_FIELD, "value", "cov is larger than the two errors allow");
    in->root = root;
}

static void add_arm(struct reader *in, const struct cJSON *node)
{
    struct pl_control *control = in->control;
    const struct cJSON *first = pl_slow_json_value(node).type == PL_VALUE_ARRAY ? pl_slow_json_first(node) : NULL;
    const struct cJSON *second = first ? pl_slow_json_next(first) : NULL;
    struct pl_value effect = pl_slow_json_value(first), se = pl_slow_json_value(second);

    if (control->n_arms == PL_VARIANTS_MAX - 1) {
        fail(in, PL_REJECT_CONTROL_FIELD, "arms", "more than 15");
        return;
    }
    if (!second || pl_slow_json_next(second))
        fail(in, PL_REJECT_CONTROL_FIELD, "arms", "each must be [effect, se]");
    control->arm_effect[control->n_arms] = number_of(in, "arms", &effect);
    control->arm_se[control->n_arms] = number_of(in, "arms", &se);
    if (!in->reason && !(control->arm_se[control->n_arms] > 0))
        fail(in, PL_REJECT_CONTROL_FIELD, "arms", "an se is not above 0");
    check_size(in, "arms", control->arm_effect[control->n_arms], control->arm_se[control->n_arms]);
    control->n_arms++;
}

/* "arms": [[effect, se], ...] against one control, "shared": the variance of its mean. The result's own effect is the
 * best arm's, its se the root mean square: what bar, cap and display go by (statistics.md 2.4). */
static void read_arms(struct reader *in)
{
    struct pl_control *control = in->control;
    const struct cJSON *node = pl_slow_json_member(in->root, pl_span_of("arms"));
    double square = 0;

    if (pl_slow_json_value(node).type != PL_VALUE_ARRAY)
        fail(in, PL_REJECT_CONTROL_FIELD, "arms", "must be a list");
    else
        node = pl_slow_json_first(node);
    for (; node && !in->reason; node = pl_slow_json_next(node))
        add_arm(in, node);
    if (control->n_arms < 2)
        fail(in, PL_REJECT_CONTROL_FIELD, "arms", "at least two are needed; one is effect and se");
    control->shared = get_positive(in, "shared");
    control->effect = control->arm_effect[0];
    for (unsigned at = 0; !in->reason && at < control->n_arms; at++) {
        if (control->shared > control->arm_se[at] * control->arm_se[at])
            fail(in, PL_REJECT_CONTROL_FIELD, "shared", "is larger than an arm's error squared");
        control->effect = fmax(control->effect, control->arm_effect[at]);
        square += control->arm_se[at] * control->arm_se[at];
    }
    control->se = sqrt(square / control->n_arms);
}

static void read_effect(struct reader *in)
{
    struct pl_control *control = in->control;

    if (get(in, "arms").type != PL_VALUE_ABSENT) {
        read_arms(in);
    } else if (get(in, "effect").type == PL_VALUE_ABSENT && get(in, "se").type == PL_VALUE_ABSENT) {
        read_means(in);
    } else {
        control->effect = get_number(in, "effect");
        control->se = get_positive(in, "se");
        check_size(in, "effect", control->effect, control->se);
    }
    read_value(in);
}

static void read_result(struct reader *in)
{
    struct pl_control *control = in->control;

    get_name(in, "experiment", false, PL_REJECT_BAD_NAME, control->experiment);
    memcpy(control->id, control->experiment, sizeof(control->id));
    get_name(in, "id", true, PL_REJECT_CONTROL_FIELD, control->id);
    get_name(in, "area", false, PL_REJECT_CONTROL_FIELD, control->area);
    control->work = (enum pl_work)get_word(in, "work", works, COUNT(works), true, PL_REJECT_CONTROL_FIELD);
    control->start_us = get_time(in, "start");
    control->time_us = get_time(in, "time");
    if (control->time_us == PL_TIME_NONE)
        fail(in, PL_REJECT_CONTROL_FIELD, "time", "is missing");
    if (control->start_us > control->time_us)
        fail(in, PL_REJECT_CONTROL_FIELD, "start", "is after time");
    control->early = get_bool(in, "early", false);
    control->shipped = get_bool(in, "shipped", true);
    control->healthy = get_bool(in, "health", true);
    if (get(in, "cost").type != PL_VALUE_ABSENT)
        control->cost = get_positive(in, "cost");
    read_effect(in);
    if (get(in, "units").type != PL_VALUE_ABSENT)
        control->units = get_positive(in, "units");
}

static void add_variant(struct reader *in, const struct cJSON *node)
{
    struct pl_control *control = in->control;
    struct pl_span name = pl_slow_json_key(node);
    struct pl_value share = pl_slow_json_value(node);
    unsigned at = control->n_variants;

    if (at == PL_VARIANTS_MAX) {
        fail(in, PL_REJECT_CONTROL_FIELD, "variants", "more than 16");
        return;
    }
    if (!pl_span_is_name(name) || !pl_span_copy(name, control->variants[at], PL_NAME_BYTES))
        fail(in, PL_REJECT_BAD_NAME, "variants", "one is not a name");
    for (unsigned other = 0; other < at; other++)
        if (pl_span_is(name, control->variants[other]))
            fail(in, PL_REJECT_CONTROL_FIELD, "variants", "one is there twice");
    control->shares[at] = number_of(in, "variants", &share);
    if (!(control->shares[at] > 0 && control->shares[at] <= 1e9))
        fail(in, PL_REJECT_CONTROL_FIELD, "variants", "shares must be above 0");
    control->n_variants++;
}

/* Shares may be given as weights; what already sums to 1 is left as written. */
static void read_variants(struct reader *in)
{
    const struct cJSON *node = pl_slow_json_member(in->root, pl_span_of("variants"));
    enum pl_value_type type = pl_slow_json_value(node).type;
    double sum = 0;

    if (type == PL_VALUE_ABSENT || type == PL_VALUE_NULL)
        return;
    if (type != PL_VALUE_OBJECT)
        fail(in, PL_REJECT_CONTROL_FIELD, "variants", "must be an object of shares");
    for (node = pl_slow_json_first(node); node && !in->reason; node = pl_slow_json_next(node))
        add_variant(in, node);
    if (in->control->n_variants < 2)
        fail(in, PL_REJECT_CONTROL_FIELD, "variants", "at least two are needed");
    for (unsigned at = 0; at < in->control->n_variants; at++)
        sum += in->control->shares[at];
    for (unsigned at = 0; fabs(sum - 1) > 1e-9 && at < in->control->n_variants; at++)
        in->control->shares[at] /= sum;
}

static void read_lifecycle(struct reader *in)
{
    struct pl_control *control = in->control;

    get_name(in, "experiment", false, PL_REJECT_BAD_NAME, control->experiment);
    control->state = (enum pl_lifecycle)get_word(in, "state", states, COUNT(states), false, PL_REJECT_CONTROL_TYPE);
    get_name(in, "area", true, PL_REJECT_CONTROL_FIELD, control->area);
    control->work = (enum pl_work)get_word(in, "work", works, COUNT(works), true, PL_REJECT_CONTROL_FIELD);
    read_variants(in);
    if (get(in, "cost").type != PL_VALUE_ABSENT)
        control->cost = get_positive(in, "cost");
    control->time_us = get_event_time(in);
}

static void read_area(struct reader *in)
{
    get_name(in, "area", false, PL_REJECT_CONTROL_FIELD, in->control->area);
    in->control->time_us = in->control->type == PL_CONTROL_LAUNCH ? get_event_time(in) : get_time(in, "time");
}

static void read_record(struct reader *in)
{
    struct pl_control *control = in->control;

    control->type = (enum pl_control_type)get_word(in, "type", types, COUNT(types), false, PL_REJECT_CONTROL_TYPE);
    if (in->reason)
        return;
    control->history = get_bool(in, "history", false);
    if (control->type == PL_CONTROL_RESULT)
        read_result(in);
    else if (control->type == PL_CONTROL_LIFECYCLE)
        read_lifecycle(in);
    else
        read_area(in);
}

enum pl_reject pl_control_parse(struct pl_span json, int64_t record_us, struct pl_control *control, struct pl_err *err)
{
    struct pl_slow_json doc = {0};
    struct reader in = {.control = control, .record_us = record_us, .err = err};

    *control = (struct pl_control){.time_us = PL_TIME_NONE,
                                   .start_us = PL_TIME_NONE,
                                   .cost = 1,
                                   .shipped = true,
                                   .healthy = true,
                                   .value = (double)NAN,
                                   .value_se = (double)NAN};
    in.reason = pl_slow_json_open(&doc, json);
    if (in.reason) {
        (void)pl_err_set(err, PL_ERR_INPUT, "%s", pl_reject_help(in.reason));
    } else {
        in.root = doc.root;
        read_record(&in);
    }
    pl_slow_json_fini(&doc);
    return in.reason;
}

static void write_arms(const struct pl_control *control, struct pl_json *json)
{
    pl_json_open(json, "arms", '[');
    for (unsigned at = 0; at < control->n_arms; at++) {
        pl_json_open(json, NULL, '[');
        pl_json_number(json, NULL, control->arm_effect[at]);
        pl_json_number(json, NULL, control->arm_se[at]);
        pl_json_close(json, ']');
    }
    pl_json_close(json, ']');
    pl_json_number(json, "shared", control->shared);
}

static void write_value(const struct pl_control *control, struct pl_json *json)
{
    pl_json_open(json, "value", '{');
    pl_json_number(json, "effect", control->value);
    pl_json_number(json, "se", control->value_se);
    pl_json_number(json, "cov", control->value_cov);
    pl_json_close(json, '}');
}

static void write_result(const struct pl_control *control, struct pl_json *json)
{
    pl_json_text(json, "id", control->id);
    pl_json_text(json, "experiment", control->experiment);
    pl_json_text(json, "area", control->area);
    pl_json_text(json, "work", works[control->work]);
    pl_json_time(json, "start", control->start_us);
    if (control->n_arms) {
        write_arms(control, json);
    } else {
        pl_json_number(json, "effect", control->effect);
        pl_json_number(json, "se", control->se);
    }
    if (control->value_se > 0)
        write_value(control, json);
    if (control->units > 0)
        pl_json_number(json, "units", control->units);
    pl_json_bool(json, "early", control->early);
    pl_json_bool(json, "shipped", control->shipped);
    pl_json_bool(json, "health", control->healthy);
    pl_json_number(json, "cost", control->cost);
}

static void write_lifecycle(const struct pl_control *control, struct pl_json *json)
{
    pl_json_text(json, "experiment", control->experiment);
    pl_json_text(json, "state", states[control->state]);
    if (control->area[0])
        pl_json_text(json, "area", control->area);
    pl_json_text(json, "work", works[control->work]);
    if (control->n_variants) {
        pl_json_open(json, "variants", '{');
        for (unsigned at = 0; at < control->n_variants; at++)
            pl_json_number(json, control->variants[at], control->shares[at]);
        pl_json_close(json, '}');
    }
    pl_json_number(json, "cost", control->cost);
}

void pl_control_format(const struct pl_control *control, struct pl_buf *out)
{
    struct pl_json json = pl_json_to(out);

    pl_json_open(&json, NULL, '{');
    pl_json_text(&json, "type", types[control->type]);
    if (control->type == PL_CONTROL_RESULT)
        write_result(control, &json);
    else if (control->type == PL_CONTROL_LIFECYCLE)
        write_lifecycle(control, &json);
    else
        pl_json_text(&json, "area", control->area);
    pl_json_time(&json, "time", control->time_us);
    if (control->history)
        pl_json_bool(&json, "history", true);
    pl_json_close(&json, '}');
}
