/* The standing of an area as text: what it has alerted, and what its looks have said.
 */
#include "codec/row.h"

#include "util/num.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void put_double(struct pl_buf *out, const char *prefix, const char *name, double value)
{
    char number[32];

    if (isnan(value))
        return;
    pl_num_format(value, number);
    pl_buf_addf(out, " %s%s=%s", prefix, name, number);
}

static void put_looks(struct pl_buf *out, const char *prefix, const struct pl_looks *looks)
{
    pl_buf_addf(out, " %smonday=%" PRId64 " %slooks=%u %strend=%d %slook=%" PRId64, prefix, looks->monday_us, prefix,
                looks->taken, prefix, (int)looks->verdict, prefix, looks->last_us);
    put_double(out, prefix, "drift", looks->drift);
    put_double(out, prefix, "drift_se", looks->se);
    put_double(out, prefix, "rate", looks->rate);
}

/* The line is cut at spaces, and ids may have some. */
static void without_spaces(char *id)
{
    for (; *id; id++)
        if (*id == ' ')
            *id = '+';
}

static void put_gap(struct pl_buf *out, const struct pl_rules *rules, const struct pl_feature_gap *gap)
{
    const struct pl_adoption_counts *seen = &gap->counts;
    char id[PL_NAME_BYTES];

    snprintf(id, sizeof(id), "%s", rules->features[gap->feature].id);
    without_spaces(id);
    pl_buf_addf(out, " gap.%s=%u,%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64, id, gap->kinds, seen->eligible,
                seen->aware, seen->adopted, seen->repeating);
    pl_buf_addf(out, ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%d", seen->older, seen->left, seen->newly,
                seen->repeated, seen->launched);
}

static void put_adoption(struct pl_buf *out, const struct pl_rules *rules, const struct pl_adoption_looks *looks)
{
    pl_buf_addf(out, " adoption.start=%" PRId64 " adoption.first=%" PRId64 " adoption.look=%" PRId64, looks->start_us,
                looks->first_us, looks->last_us);
    pl_buf_addf(out, " adoption.looks=%u adoption.gaps=%u", looks->taken, looks->n_all);
    put_double(out, "adoption.", "share", looks->share);
    for (unsigned at = 0; at < looks->n_gaps; at++)
        put_gap(out, rules, &looks->gaps[at]);
}

static void put_objective(struct pl_buf *out, const struct pl_rules *rules, const struct pl_objective_start *start)
{
    const struct pl_objective_rule *rule = &rules->objectives[start->objective];
    char id[PL_NAME_BYTES], number[32];

    snprintf(id, sizeof(id), "%s", rule->id);
    without_spaces(id);
    pl_num_format(start->value, number);
    pl_buf_addf(out, " objective.%s=%s,%" PRId64 ",%s", id, pl_objective_figure_name(rule->figure), start->time_us,
                number);
}

static void put_told(struct pl_buf *out, const struct pl_alert_edge *edge)
{
    pl_buf_addf(out, " told=%d,%s,%s,%d,%" PRId64 ",%" PRId64, (int)edge->status, pl_verdict_name(edge->verdict),
                pl_verdict_name(edge->previous), (int)edge->grade, edge->starts_us, edge->tick_us);
}

static void put_derive(struct pl_buf *out, const struct pl_rules *rules, const struct pl_derive_look *one)
{
    char prefix[PL_NAME_BYTES + 16];

    if (one->looks.monday_us == PL_TIME_NONE)
        return;
    snprintf(prefix, sizeof(prefix), "derive.%s.", rules->metrics[one->metric].id);
    without_spaces(prefix);
    put_looks(out, prefix, &one->looks);
}

void pl_row_put_standing(const struct pl_standing *standing, const struct pl_rules *rules, struct pl_buf *out)
{
    const struct pl_alert_state *alert = &standing->alert;

    pl_buf_addf(out, "firing=%d verdict=%s grade=%d starts=%" PRId64 " last=%" PRId64 " history=%d", alert->firing,
                pl_verdict_name(alert->verdict), (int)alert->grade, alert->starts_us, alert->last_us,
                alert->in_history);
    put_looks(out, "", &standing->looks);
    if (standing->adoption.start_us != PL_TIME_NONE)
        put_adoption(out, rules, &standing->adoption);
    if (standing->value.events.monday_us != PL_TIME_NONE)
        put_looks(out, "value.", &standing->value.events);
    if (standing->value.retention.monday_us != PL_TIME_NONE)
        put_looks(out, "retention.", &standing->value.retention);
    for (unsigned at = 0; at < standing->derive.n; at++)
        put_derive(out, rules, &standing->derive.of[at]);
    for (unsigned at = 0; at < standing->objectives.n; at++)
        put_objective(out, rules, &standing->objectives.of[at]);
    if (standing->told.tick_us > 0)
        put_told(out, &standing->told);
}

static bool read_whole(struct pl_span value, int64_t low, int64_t high, int64_t *out)
{
    return pl_num_int(value, out) && *out >= low && *out <= high;
}

static bool read_alert_pair(struct pl_span name, struct pl_span value, struct pl_alert_state *alert, bool *known)
{
    char text[64];
    int64_t number;
    bool ok = true;

    *known = true;
    if (pl_span_is(name, "verdict"))
        return pl_span_copy(value, text, sizeof(text)) && pl_verdict_find(text, &alert->verdict);
    if (pl_span_is(name, "starts"))
        return pl_num_int(value, &alert->starts_us);
    if (pl_span_is(name, "last"))
        return pl_num_int(value, &alert->last_us);
    if (pl_span_is(name, "firing")) {
        ok = read_whole(value, 0, 1, &number);
        alert->firing = ok && number;
    } else if (pl_span_is(name, "history")) {
        ok = read_whole(value, 0, 1, &number);
        alert->in_history = ok && number;
    } else if (pl_span_is(name, "grade")) {
        ok = read_whole(value, PL_UNGRADED, PL_CONFIRMED, &number);
        alert->grade = ok ? (enum pl_grade)number : PL_UNGRADED;
    } else {
        *known = false;
    }
    return ok;
}

static bool read_looks_pair(struct pl_span name, struct pl_span value, struct pl_looks *looks)
{
    int64_t number;
    bool ok = true;

    if (pl_span_is(name, "monday"))
        return pl_num_int(value, &looks->monday_us);
    if (pl_span_is(name, "look"))
        return pl_num_int(value, &looks->last_us);
    if (pl_span_is(name, "drift"))
        return pl_num_double(value, &looks->drift);
    if (pl_span_is(name, "drift_se"))
        return pl_num_double(value, &looks->se);
    if (pl_span_is(name, "rate"))
        return pl_num_double(value, &looks->rate);
    if (pl_span_is(name, "looks")) {
        ok = read_whole(value, 0, UINT32_MAX, &number);
        looks->taken = ok ? (unsigned)number : 0;
    } else if (pl_span_is(name, "trend")) {
        ok = read_whole(value, PL_TREND_UNKNOWN, PL_TREND_INCONCLUSIVE, &number);
        looks->verdict = ok ? (enum pl_trend_verdict)number : PL_TREND_UNKNOWN;
    }
    return ok;
}

/* An id as it was before it was written; false when it is too long for one. */
static bool read_id(struct pl_span text, char id[PL_NAME_BYTES])
{
    if (!pl_span_copy(text, id, PL_NAME_BYTES))
        return false;
    for (char *at = id; *at; at++)
        if (*at == '+')
            *at = ' ';
    return true;
}

static bool read_gap(const struct pl_rules *rules, struct pl_span name, struct pl_span value,
                     struct pl_adoption_looks *looks)
{
    int64_t numbers[10];
    char id[PL_NAME_BYTES];
    uint32_t feature;

    for (unsigned at = 0; at < 10; at++)
        if (!read_whole(pl_span_cut(&value, ','), 0, INT64_MAX, &numbers[at]))
            return false;
    if (!read_id(name, id) || numbers[0] >= 1 << PL_GAPS)
        return false;
    feature = pl_rules_find_feature(rules, pl_span_of(id));
    if (feature == PL_RULES_NONE || looks->n_gaps == PL_ADOPTION_GAPS_MAX)
        return true;
    looks->gaps[looks->n_gaps++] = (struct pl_feature_gap){
        .feature = feature,
        .kinds = (unsigned)numbers[0],
        .counts = {numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6], numbers[7], numbers[8],
                   numbers[9] != 0},
    };
    return true;
}

static bool read_adoption_pair(struct pl_span name, struct pl_span value, struct pl_adoption_looks *looks)
{
    int64_t number;
    bool ok = true;

    if (pl_span_is(name, "start"))
        return pl_num_int(value, &looks->start_us);
    if (pl_span_is(name, "first"))
        return pl_num_int(value, &looks->first_us);
    if (pl_span_is(name, "look"))
        return pl_num_int(value, &looks->last_us);
    if (pl_span_is(name, "share"))
        return pl_num_double(value, &looks->share);
    if (pl_span_is(name, "looks")) {
        ok = read_whole(value, 0, UINT32_MAX, &number);
        looks->taken = ok ? (unsigned)number : 0;
    } else if (pl_span_is(name, "gaps")) {
        ok = read_whole(value, 0, PL_RULES_FEATURES_MAX, &number);
        looks->n_all = ok ? (unsigned)number : 0;
    }
    return ok;
}

/* "METRIC.field": the metric's id may have dots, the field has none. */
static bool read_derive_pair(const struct pl_rules *rules, struct pl_span name, struct pl_span value,
                             struct pl_derive_looks *looks)
{
    size_t dot = name.len;
    char id[PL_NAME_BYTES];
    uint32_t metric;

    while (dot > 0 && name.ptr[dot - 1] != '.')
        dot--;
    if (dot == 0 || !read_id((struct pl_span){name.ptr, dot - 1}, id))
        return true;
    metric = pl_rules_find_metric(rules, pl_span_of(id));
    if (metric == PL_RULES_NONE)
        return true;
    if (!pl_derive_find(looks, metric)) {
        if (looks->n == PL_DERIVE_MAX)
            return true;
        looks->of[looks->n++] = (struct pl_derive_look){metric, pl_looks_init()};
    }
    return read_looks_pair((struct pl_span){name.ptr + dot, name.len - dot}, value, pl_derive_find(looks, metric));
}

/* The start of an objective that has another figure now is not one of it. */
static bool read_objective(const struct pl_rules *rules, struct pl_span name, struct pl_span value,
                           struct pl_objective_starts *starts)
{
    struct pl_span figure = pl_span_cut(&value, ','), time = pl_span_cut(&value, ',');
    struct pl_objective_start start;
    char id[PL_NAME_BYTES];

    if (!read_id(name, id) || !pl_num_int(time, &start.time_us) || !pl_num_double(value, &start.value))
        return false;
    for (start.objective = 0; start.objective < rules->n_objectives; start.objective++)
        if (strcmp(rules->objectives[start.objective].id, id) == 0)
            break;
    if (start.objective == rules->n_objectives || starts->n == PL_OBJECTIVE_STARTS_MAX ||
        !pl_span_is(figure, pl_objective_figure_name(rules->objectives[start.objective].figure)))
        return true;
    starts->of[starts->n++] = start;
    return true;
}

static bool read_verdict(struct pl_span text, enum pl_verdict *verdict)
{
    char name[64];

    return pl_span_copy(text, name, sizeof(name)) && pl_verdict_find(name, verdict);
}

static bool read_told(struct pl_span value, struct pl_alert_edge *edge)
{
    struct pl_span status = pl_span_cut(&value, ','), verdict = pl_span_cut(&value, ',');
    struct pl_span previous = pl_span_cut(&value, ','), grade = pl_span_cut(&value, ',');
    struct pl_span starts = pl_span_cut(&value, ',');
    int64_t numbers[2];

    if (!read_whole(status, PL_ALERT_FIRING, PL_ALERT_RESOLVED, &numbers[0]) ||
        !read_whole(grade, PL_UNGRADED, PL_CONFIRMED, &numbers[1]) || !read_verdict(verdict, &edge->verdict) ||
        !read_verdict(previous, &edge->previous))
        return false;
    edge->status = (enum pl_alert_status)numbers[0];
    edge->grade = (enum pl_grade)numbers[1];
    return pl_num_int(starts, &edge->starts_us) && pl_num_int(value, &edge->tick_us);
}

/* The rest of a name behind "part."; ptr NULL when it does not begin so. */
static struct pl_span behind(struct pl_span name, const char *part)
{
    size_t len = strlen(part);

    if (name.len <= len || memcmp(name.ptr, part, len) != 0)
        return (struct pl_span){NULL, 0};
    return (struct pl_span){name.ptr + len, name.len - len};
}

static bool read_pair(const struct pl_rules *rules, struct pl_span name, struct pl_span value,
                      struct pl_standing *standing)
{
    struct pl_span rest;
    bool known, ok = read_alert_pair(name, value, &standing->alert, &known);

    if (!ok || known)
        return ok;
    if ((rest = behind(name, "adoption.")).ptr)
        return read_adoption_pair(rest, value, &standing->adoption);
    if ((rest = behind(name, "gap.")).ptr)
        return read_gap(rules, rest, value, &standing->adoption);
    if ((rest = behind(name, "value.")).ptr)
        return read_looks_pair(rest, value, &standing->value.events);
    if ((rest = behind(name, "retention.")).ptr)
        return read_looks_pair(rest, value, &standing->value.retention);
    if ((rest = behind(name, "derive.")).ptr)
        return read_derive_pair(rules, rest, value, &standing->derive);
    if ((rest = behind(name, "objective.")).ptr)
        return read_objective(rules, rest, value, &standing->objectives);
    if (pl_span_is(name, "told"))
        return read_told(value, &standing->told);
    return read_looks_pair(name, value, &standing->looks);
}

enum pl_status pl_row_get_standing(struct pl_span text, const struct pl_rules *rules, struct pl_standing *standing,
                                   struct pl_err *err)
{
    *standing = (struct pl_standing){
        .alert = pl_alert_state_init(),
        .looks = pl_looks_init(),
        .adoption = pl_adoption_looks_init(),
        .value = pl_value_looks_init(),
    };
    if (text.len == 0)
        return pl_err_set(err, PL_ERR_INPUT, "standing: it is empty");
    while (text.ptr) {
        struct pl_span pair = pl_span_cut(&text, ' ');
        struct pl_span value = pair;
        struct pl_span name = pl_span_cut(&value, '=');

        if (!value.ptr || !read_pair(rules, name, value, standing))
            return pl_err_set(err, PL_ERR_INPUT, "standing: cannot read \"%.*s\"", (int)(pair.len < 64 ? pair.len : 64),
                              pair.ptr ? pair.ptr : "");
    }
    return PL_OK;
}
