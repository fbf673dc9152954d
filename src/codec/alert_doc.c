#include "codec/alert_doc.h"

#include "codec/alert_observed.h"
#include "codec/envelope.h"
#include "codec/words.h"
#include "core/judge/hollow.h"
#include "util/hash.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <stdio.h>

static bool is_resolved(const struct pl_alert_doc *doc)
{
    return doc->edge->status == PL_ALERT_RESOLVED;
}

/* Room for names of at most 64 bytes and numbers; nothing from an event is longer. */
#define TEXT_BYTES 512

#define YIELD_NEEDED 10 /* statistics.md 2.5 */
#define TREND_NEEDED 1000

const char *pl_alert_doc_name(const struct pl_alert_doc *doc, char out[PL_NAME_BYTES])
{
    snprintf(out, PL_NAME_BYTES, "%s%s", doc->test ? "[TEST] " : "", pl_words_alertname(doc->edge->verdict));
    return out;
}

void pl_alert_doc_id(const struct pl_alert_doc *doc, char out[33])
{
    char text[TEXT_BYTES], name[PL_NAME_BYTES];
    int len = snprintf(text, sizeof(text), "%s|%s|%u|%" PRId64 "|%s", doc->area->id, pl_alert_doc_name(doc, name),
                       doc->state ? doc->state->epoch : 0, doc->edge->tick_us, pl_alert_status_name(doc->edge->status));

    pl_hash_hex128((struct pl_span){text, (size_t)len}, out);
}

static void write_labels(const struct pl_alert_doc *doc, struct pl_json *json, char fingerprint[33])
{
    char name[PL_NAME_BYTES];
    const struct pl_label labels[] = {
        {"alertname", pl_alert_doc_name(doc, name)},
        {"area", doc->area->id},
        {"instance", doc->instance},
        {"owner", doc->area->owner},
        {"severity", pl_alert_severity(doc->edge->verdict)},
    };

    pl_envelope_labels(json, labels, sizeof(labels) / sizeof(*labels), fingerprint);
}

static bool is_core_work(enum pl_verdict verdict)
{
    return verdict == PL_SHIFT_TO_CORE || verdict == PL_PREPARE_CORE;
}

static void write_annotations(const struct pl_alert_doc *doc, struct pl_json *json)
{
    const struct pl_alert_edge *edge = doc->edge;
    const char *grade = pl_grade_name(edge->grade);
    bool resolved = is_resolved(doc);
    char summary[TEXT_BYTES];
    struct pl_buf text;

    snprintf(summary, sizeof(summary), "%s%s: %s%s%s%s", resolved ? "No longer: " : "", doc->area->id,
             pl_words_verdict(edge->verdict), grade[0] ? " (" : "", grade, grade[0] ? ")" : "");
    pl_buf_init(&text, 0);
    if (resolved)
        pl_buf_addf(&text, "The verdict is now: %s. ", pl_words_verdict(doc->advice->verdict));
    pl_words_evidence(doc->area, doc->advice, doc->state, &text);
    pl_alert_observed_describe(doc, &text);
    pl_json_open(json, "annotations", '{');
    pl_json_text(json, "summary", summary);
    if (pl_buf_ok(&text))
        pl_json_text(json, "description", text.ptr);
    pl_json_text(json, "action", pl_words_action(resolved ? doc->advice->verdict : edge->verdict));
    if (doc->area->core_levers[0] && is_core_work(doc->advice->verdict))
        pl_json_text(json, "where_value_may_be", doc->area->core_levers);
    pl_json_close(json, '}');
    pl_buf_fini(&text);
}

static void write_conditions(const struct pl_alert_doc *doc, struct pl_json *json)
{
    struct pl_words_condition conditions[PL_WORDS_CONDITIONS_MAX];
    unsigned n = is_resolved(doc) ? 0 : pl_words_conditions(doc->advice, conditions);

    pl_json_open(json, "conditions", '[');
    for (unsigned at = 0; at < n; at++)
        pl_alert_observed_condition(json, conditions[at].name, conditions[at].met, conditions[at].text);
    if (!is_resolved(doc))
        pl_alert_observed_conditions(doc, json);
    pl_json_close(json, ']');
}

static void write_evidence(const struct pl_alert_doc *doc, struct pl_json *json)
{
    const struct pl_area_state *state = doc->state;

    pl_json_open(json, "evidence", '{');
    if (state) {
        pl_json_int(json, "experiments", state->n);
        pl_json_int(json, "experiments_ever", state->n_all);
        pl_json_int(json, "core_launches", state->epoch);
        pl_json_number(json, "evidence", state->e_flat);
        pl_json_number(json, "evidence_needed", state->level);
        pl_json_number(json, "pays", state->e_yield);
        pl_json_number(json, "pays_needed", YIELD_NEEDED);
        pl_json_number(json, "falling", state->down);
        pl_json_number(json, "rising", state->up);
        pl_json_number(json, "trend_needed", TREND_NEEDED);
        if (state->e_hollow > 0) {
            pl_json_number(json, "hollow", state->e_hollow);
            pl_json_number(json, "hollow_needed", PL_HOLLOW_ALARM);
        }
        pl_json_number(json, "gain_lower", state->lower);
        pl_json_number(json, "gain_upper", state->upper);
        pl_json_number(json, "largest_gain", state->largest_ever);
        pl_json_number(json, "largest_win_counted", state->largest_cap);
        pl_json_number(json, "typical_error", state->median_se);
        pl_json_number(json, "experiments_needed", state->needed);
    }
    pl_alert_observed_evidence(doc, json);
    pl_json_close(json, '}');
}

static void write_policy(const struct pl_area_rule *area, struct pl_json *json)
{
    pl_json_open(json, "policy", '{');
    pl_json_number(json, "smallest_return", area->smallest_return);
    pl_json_number(json, "false_alarm_every_years", area->false_alarm_every_years);
    pl_json_number(json, "baseline", area->baseline);
    pl_json_number(json, "coverage", area->coverage);
    pl_json_number(json, "value_bar", area->value_bar);
    pl_json_number(json, "landmark_days", (double)area->landmark_us / (double)PL_DAY_US);
    pl_json_close(json, '}');
}

static void write_data(const struct pl_alert_doc *doc, struct pl_json *json)
{
    const struct pl_alert_edge *edge = doc->edge;
    const char *grade = pl_grade_name(edge->grade);
    char fingerprint[33];

    pl_json_open(json, "data", '{');
    pl_json_text(json, "status", pl_alert_status_name(edge->status));
    write_labels(doc, json, fingerprint);
    write_annotations(doc, json);
    pl_json_time(json, "startsAt", edge->starts_us);
    if (is_resolved(doc))
        pl_json_time(json, "endsAt", edge->tick_us);
    pl_json_text(json, "fingerprint", fingerprint);
    pl_json_text(json, "verdict", pl_verdict_name(edge->verdict));
    pl_json_text(json, "previous", pl_verdict_name(edge->previous));
    if (grade[0])
        pl_json_text(json, "grade", grade);
    pl_json_text(json, "unit", doc->area->unit[0] ? doc->area->unit : "%");
    write_conditions(doc, json);
    write_evidence(doc, json);
    pl_alert_observed_lists(doc, json);
    write_policy(doc->area, json);
    pl_json_close(json, '}');
}

void pl_alert_doc_write(const struct pl_alert_doc *doc, struct pl_buf *out)
{
    struct pl_json json = pl_json_to(out);
    char id[33], subject[TEXT_BYTES];
    const struct pl_envelope envelope = {doc->instance, id, "plateaud.alert.v1", subject, doc->edge->tick_us};

    pl_alert_doc_id(doc, id);
    snprintf(subject, sizeof(subject), "area/%s", doc->area->id);
    pl_envelope_open(&envelope, &json);
    write_data(doc, &json);
    pl_json_close(&json, '}');
}
