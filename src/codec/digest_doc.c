/* The document of a digest: shaped like an alert's, so that what shows alerts shows it too.
 */
#include "codec/digest.h"

#include "codec/area_text.h"
#include "codec/envelope.h"
#include "codec/objective_text.h"
#include "codec/words.h"
#include "util/hash.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <stdio.h>

#define TEXT_BYTES 512
#define DESCRIBED_MAX 10 /* areas in the description; all of them are in the array */

static unsigned count_firing(const struct pl_digest *digest)
{
    unsigned n = 0;

    for (unsigned at = 0; at < digest->n_areas; at++)
        n += digest->areas[at].firing;
    return n;
}

void pl_digest_summary(const struct pl_digest *digest, struct pl_buf *out)
{
    unsigned firing = count_firing(digest);
    char stamp[PL_STAMP_BYTES];

    if (*digest->owner)
        pl_buf_addf(out, "%s, ", digest->owner);
    pl_buf_addf(out, "week to %.10s: %u area%s, ", pl_stamp_format(digest->to_us, stamp), digest->n_areas,
                digest->n_areas == 1 ? "" : "s");
    if (firing == 0)
        pl_buf_add_text(out, "no alert fires");
    else
        pl_buf_addf(out, "%u alert%s", firing, firing == 1 ? " fires" : "s fire");
}

void pl_digest_id(const struct pl_digest *digest, char out[33])
{
    char text[TEXT_BYTES];
    int len = snprintf(text, sizeof(text), "digest|%s|%" PRId64, digest->owner, digest->to_us);

    pl_hash_hex128((struct pl_span){text, (size_t)len}, out);
}

static void join(void *ctx, const char *line)
{
    struct pl_buf *out = ctx;

    if (out->len)
        pl_buf_add_char(out, '\n');
    pl_buf_add_text(out, line);
}

static void write_labels(const struct pl_digest *digest, struct pl_json *json, char fingerprint[33])
{
    char text[TEXT_BYTES];
    int len = snprintf(text, sizeof(text), "alertname=WeeklyDigest\ninstance=%s\nowner=%s\n", digest->instance,
                       digest->owner);

    pl_json_open(json, "labels", '{');
    pl_json_text(json, "alertname", "WeeklyDigest");
    pl_json_text(json, "instance", digest->instance);
    if (*digest->owner)
        pl_json_text(json, "owner", digest->owner);
    pl_json_text(json, "severity", "info");
    pl_json_close(json, '}');
    pl_hash_hex128((struct pl_span){text, (size_t)len}, fingerprint);
}

static void write_annotations(const struct pl_digest *digest, struct pl_json *json)
{
    struct pl_buf summary = {0}, text = {0};

    pl_digest_summary(digest, &summary);
    for (unsigned at = 0; at < digest->n_areas && at < DESCRIBED_MAX; at++) {
        if (at)
            pl_buf_add_char(&text, '\n');
        pl_digest_lines(&digest->areas[at], join, &text);
    }
    if (digest->n_areas > DESCRIBED_MAX)
        pl_buf_addf(&text, "\n\nand %u more: see plateauctl digest", digest->n_areas - DESCRIBED_MAX);
    pl_json_open(json, "annotations", '{');
    if (pl_buf_ok(&summary) && summary.ptr)
        pl_json_text(json, "summary", summary.ptr);
    if (pl_buf_ok(&text) && text.ptr)
        pl_json_text(json, "description", text.ptr);
    pl_json_close(json, '}');
    pl_buf_fini(&summary);
    pl_buf_fini(&text);
}

static void write_edges(const struct pl_digest_area *area, struct pl_json *json)
{
    pl_json_open(json, "changes", '[');
    for (unsigned at = 0; at < area->n_edges; at++) {
        pl_json_open(json, NULL, '{');
        pl_json_text(json, "status", pl_alert_status_name(area->edges[at].status));
        pl_json_text(json, "verdict", pl_verdict_name(area->edges[at].verdict));
        pl_json_text(json, "previous", pl_verdict_name(area->edges[at].previous));
        pl_json_time(json, "time", area->edges[at].tick_us);
        pl_json_close(json, '}');
    }
    pl_json_close(json, ']');
}

static void write_results(const struct pl_digest_area *area, struct pl_json *json)
{
    pl_json_open(json, "results", '{');
    pl_json_int(json, "counted", area->counted);
    pl_json_int(json, "won", area->won);
    pl_json_open(json, "left_out", '{');
    for (int reason = PL_ENTERED + 1; reason < PL_DIGEST_REASONS; reason++)
        if (area->left_out[reason])
            pl_json_int(json, pl_exclusion_name((enum pl_exclusion)reason), area->left_out[reason]);
    pl_json_close(json, '}');
    pl_json_close(json, '}');
}

static void write_figures(const struct pl_digest_area *area, struct pl_json *json)
{
    pl_json_open(json, "figures", '{');
    pl_json_int(json, "experiments", area->state->n);
    if (area->state->n > 0) {
        pl_json_number(json, "gain_lower", area->state->lower);
        pl_json_number(json, "gain_upper", area->state->upper);
    }
    if (area->measured) {
        pl_json_number(json, "value_per_active", area->events.rate);
        pl_json_number(json, "value_change", area->events.drift);
    }
    if (area->has_features)
        pl_json_number(json, "delivered_share", area->delivered_share);
    pl_json_close(json, '}');
    if (area->measured)
        pl_json_text(json, "value_trend", pl_area_text_trend(area->value));
}

static void write_objective(const struct pl_objective *objective, struct pl_json *json)
{
    struct pl_buf text = {0};

    pl_objective_words(objective, &text);
    pl_json_open(json, NULL, '{');
    pl_json_text(json, "objective", objective->id);
    pl_json_text(json, "figure", pl_objective_figure_name(objective->figure));
    pl_json_text(json, "state", pl_objective_state_name(objective->state));
    pl_json_time(json, "by", objective->by_us);
    if (pl_buf_ok(&text) && text.ptr)
        pl_json_text(json, "text", text.ptr);
    pl_json_number(json, "target", objective->target);
    pl_json_number(json, "now", objective->now);
    pl_json_number(json, "start", objective->start);
    pl_json_number(json, "way", objective->way);
    pl_json_number(json, "days_left", objective->days_left);
    pl_json_close(json, '}');
    pl_buf_fini(&text);
}

static void write_steps(const struct pl_digest_area *area, struct pl_json *json)
{
    struct pl_buf steps[PL_DIGEST_STEPS_MAX] = {{0}};
    unsigned n = pl_digest_steps(area, steps);

    pl_json_open(json, "next", '[');
    for (unsigned at = 0; at < n; at++)
        pl_json_text(json, NULL, steps[at].ptr);
    pl_json_close(json, ']');
    for (unsigned at = 0; at < PL_DIGEST_STEPS_MAX; at++)
        pl_buf_fini(&steps[at]);
}

static void write_area(const struct pl_digest_area *area, struct pl_json *json)
{
    const char *grade = pl_grade_name(area->advice->grade);

    pl_json_open(json, NULL, '{');
    pl_json_text(json, "area", area->rule->id);
    pl_json_text(json, "verdict", pl_verdict_name(area->advice->verdict));
    if (*grade)
        pl_json_text(json, "grade", grade);
    pl_json_bool(json, "firing", area->firing);
    if (area->firing)
        pl_json_time(json, "since", area->since_us);
    pl_json_text(json, "unit", area->rule->unit[0] ? area->rule->unit : "%");
    write_edges(area, json);
    write_results(area, json);
    write_figures(area, json);
    pl_json_open(json, "objectives", '[');
    for (unsigned at = 0; at < area->n_objectives; at++)
        write_objective(&area->objectives[at], json);
    pl_json_close(json, ']');
    write_steps(area, json);
    pl_json_close(json, '}');
}

static void write_data(const struct pl_digest *digest, struct pl_json *json)
{
    char fingerprint[33];

    pl_json_open(json, "data", '{');
    pl_json_text(json, "status", "digest");
    write_labels(digest, json, fingerprint);
    write_annotations(digest, json);
    pl_json_time(json, "startsAt", digest->from_us);
    pl_json_time(json, "endsAt", digest->to_us);
    pl_json_text(json, "fingerprint", fingerprint);
    pl_json_open(json, "areas", '[');
    for (unsigned at = 0; at < digest->n_areas; at++)
        write_area(&digest->areas[at], json);
    pl_json_close(json, ']');
    pl_json_close(json, '}');
}

void pl_digest_write(const struct pl_digest *digest, struct pl_buf *out)
{
    struct pl_json json = pl_json_to(out);
    char id[33], subject[TEXT_BYTES];
    const struct pl_envelope envelope = {digest->instance, id, "plateaud.digest.v1", subject, digest->to_us};

    pl_digest_id(digest, id);
    snprintf(subject, sizeof(subject), "owner/%s", *digest->owner ? digest->owner : "-");
    pl_envelope_open(&envelope, &json);
    write_data(digest, &json);
    pl_json_close(&json, '}');
}
