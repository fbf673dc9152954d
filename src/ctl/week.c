#include "ctl/week.h"

#include "codec/keys.h"
#include "codec/slow_json.h"
#include "util/stamp.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a walk backwards through a stream carries along. */
struct walk {
    struct pl_week *week;
    struct pl_slow_json doc;
};

static struct pl_digest_area *part_of(const struct walk *walk, struct pl_span area)
{
    for (unsigned at = 0; at < walk->week->n; at++)
        if (pl_span_is(area, walk->week->told[at].rule.id))
            return &walk->week->parts[at];
    return NULL;
}

static enum pl_exclusion exclusion_of(struct pl_span name)
{
    for (int at = PL_ENTERED; at < PL_DIGEST_REASONS; at++)
        if (pl_span_is(name, pl_exclusion_name((enum pl_exclusion)at)))
            return (enum pl_exclusion)at;
    return PL_EXCLUDED_UNHEALTHY; /* of a newer version: left out, in any case */
}

/* False: it is older than the period, as all that follow. */
static bool take_result(void *ctx, const struct pl_reply *pairs)
{
    struct walk *walk = ctx;
    struct pl_digest_area *part = part_of(walk, pl_ask_field(pairs, "area"));
    int64_t tick_us;

    if (!pl_stamp_parse(pl_ask_field(pairs, "tick"), false, &tick_us))
        return true;
    if (tick_us > walk->week->from_us && tick_us <= walk->week->to_us && part &&
        pl_span_is(pl_ask_field(pairs, "kind"), "result"))
        pl_digest_take(part, exclusion_of(pl_ask_field(pairs, "excluded")), pl_ask_double(pairs, "effect", (double)NAN),
                       pl_ask_double(pairs, "se", (double)NAN));
    return tick_us > walk->week->from_us;
}

static struct pl_span text_of(const struct cJSON *node, const char *name)
{
    return pl_slow_json_value(pl_slow_json_member(node, pl_span_of(name))).text;
}

static void read_verdict(struct pl_span text, enum pl_verdict *verdict)
{
    char name[64];

    if (!pl_span_copy(text, name, sizeof(name)) || !pl_verdict_find(name, verdict))
        *verdict = PL_NO_VERDICT;
}

/* False when the status is none of an alert: a digest's, or one of a newer version. */
static bool read_edge(const struct cJSON *data, struct pl_alert_edge *edge)
{
    struct pl_span status = text_of(data, "status"), grade = text_of(data, "grade");
    bool known = false;

    for (int at = PL_ALERT_FIRING; at <= PL_ALERT_RESOLVED; at++) {
        if (!pl_span_is(status, pl_alert_status_name((enum pl_alert_status)at)))
            continue;
        edge->status = (enum pl_alert_status)at;
        known = true;
    }
    for (int at = PL_UNGRADED; at <= PL_CONFIRMED; at++)
        if (pl_span_is(grade, pl_grade_name((enum pl_grade)at)))
            edge->grade = (enum pl_grade)at;
    read_verdict(text_of(data, "verdict"), &edge->verdict);
    read_verdict(text_of(data, "previous"), &edge->previous);
    return known;
}

/* Newest first: the first ones fill the places from behind. */
static void keep_edge(struct pl_digest_area *part, const struct pl_alert_edge *edge)
{
    if (part->n_edges == PL_DIGEST_EDGES_MAX)
        return;
    memmove(&part->edges[1], &part->edges[0], part->n_edges * sizeof(*edge));
    part->edges[0] = *edge;
    part->n_edges++;
}

static bool take_alert(void *ctx, const struct pl_reply *pairs)
{
    struct walk *walk = ctx;
    struct pl_digest_area *part = part_of(walk, pl_ask_field(pairs, "area"));
    struct pl_span name = pl_ask_field(pairs, "alertname");
    struct pl_alert_edge edge = {.starts_us = PL_TIME_NONE};

    if (name.len == 0 || name.ptr[0] == '[' || pl_slow_json_open(&walk->doc, pl_ask_field(pairs, "json")))
        return true; /* a test, or nothing that can be read */
    if (!read_edge(pl_slow_json_member(walk->doc.root, pl_span_of("data")), &edge) ||
        !pl_stamp_parse(text_of(walk->doc.root, "time"), false, &edge.tick_us))
        return true;
    if (part && edge.tick_us > walk->week->from_us && edge.tick_us <= walk->week->to_us)
        keep_edge(part, &edge);
    return edge.tick_us > walk->week->from_us;
}

static int by_owner(const void *a, const void *b)
{
    const struct pl_told *x = a, *y = b;
    int order = strcmp(x->rule.owner, y->rule.owner);

    return order ? order : strcmp(x->rule.id, y->rule.id);
}

/* Ids first: the next question ends what the reply holds. */
static enum pl_status read_ids(struct pl_week *week, struct pl_ask *ask, const char *instance, struct pl_err *err)
{
    struct pl_key key = pl_key_main(instance, "areas");
    const struct pl_reply *reply;
    enum pl_status status = pl_ask(ask, &reply, err, "SMEMBERS", key.text, NULL);

    if (status)
        return status;
    week->told = calloc(reply->n ? reply->n : 1, sizeof(*week->told));
    week->parts = calloc(reply->n ? reply->n : 1, sizeof(*week->parts));
    if (!week->told || !week->parts)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory");
    for (size_t at = 0; at < reply->n; at++)
        if (pl_span_copy(reply->elements[at].text, week->told[week->n].rule.id, PL_NAME_BYTES))
            week->n++;
    return PL_OK;
}

static enum pl_status read_area(struct pl_told *told, struct pl_ask *ask, const char *instance, struct pl_err *err)
{
    struct pl_key key = pl_key_main_id(instance, "area", told->rule.id);
    const struct pl_reply *reply;
    enum pl_status status = pl_ask(ask, &reply, err, "HGETALL", key.text, NULL);
    char id[PL_NAME_BYTES];

    if (status)
        return status;
    memcpy(id, told->rule.id, sizeof(id));
    pl_told_read(reply, told);
    memcpy(told->rule.id, id, sizeof(id));
    return pl_told_objectives(ask, instance, told, err);
}

static void fill_part(struct pl_digest_area *part, const struct pl_told *told)
{
    *part = (struct pl_digest_area){
        .rule = &told->rule,
        .advice = &told->advice,
        .state = &told->state,
        .firing = told->firing,
        .since_us = told->since_us,
        .measured = told->measured,
        .value = told->value,
        .events = told->events,
        .has_features = told->adoption_us != PL_TIME_NONE,
        .delivered_share = told->delivered_share,
        .n_objectives = told->n_objectives,
    };
    for (unsigned at = 0; at < told->n_features && at < PL_DIGEST_FEATURES_MAX; at++)
        part->features[part->n_features++] =
            (struct pl_digest_feature){told->features[at].id, told->features[at].kinds, told->features[at].seen};
    memcpy(part->objectives, told->objectives, sizeof(part->objectives));
}

enum pl_status pl_week_judged(struct pl_ask *ask, const char *instance, int64_t *judged_us, struct pl_err *err)
{
    struct pl_key key = pl_key_main(instance, "meta");
    const struct pl_reply *reply;
    enum pl_status status = pl_ask(ask, &reply, err, "HGETALL", key.text, NULL);

    if (status)
        return status;
    *judged_us = pl_ask_int(reply, "judged_to_us", PL_TIME_NONE);
    if (*judged_us == PL_TIME_NONE)
        return pl_err_set(err, PL_ERR_STATE, "instance %s has judged nothing yet: is plateaud running?", instance);
    return PL_OK;
}

enum pl_status pl_week_read(struct pl_week *week, struct pl_ask *ask, const char *instance, const char *owner,
                            struct pl_err *err)
{
    struct pl_key results = pl_key_main(instance, "results"), alerts = pl_key_main(instance, "alerts");
    struct walk walk = {.week = week};
    enum pl_status status = read_ids(week, ask, instance, err);
    unsigned n = 0;

    for (unsigned at = 0; at < week->n && !status; at++) {
        status = read_area(&week->told[at], ask, instance, err);
        if (!status && (!owner || strcmp(owner, week->told[at].rule.owner) == 0))
            week->told[n++] = week->told[at];
    }
    if (status)
        return status;
    week->n = n;
    qsort(week->told, n, sizeof(*week->told), by_owner);
    for (unsigned at = 0; at < n; at++)
        fill_part(&week->parts[at], &week->told[at]);
    status = pl_ask_backwards(ask, results.text, take_result, &walk, err);
    if (!status)
        status = pl_ask_backwards(ask, alerts.text, take_alert, &walk, err);
    pl_slow_json_fini(&walk.doc);
    return status;
}

void pl_week_fini(struct pl_week *week)
{
    free(week->told);
    free(week->parts);
    *week = (struct pl_week){.n = 0};
}
