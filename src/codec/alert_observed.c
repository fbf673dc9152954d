#include "codec/alert_observed.h"

#include "codec/words.h"
#include "core/judge/hollow.h"
#include "util/stamp.h"

#define DESCRIBED_MAX 5 /* features in the sentences; all of them are in the array */

static const char *feature_of(const struct pl_alert_doc *doc, const struct pl_feature_gap *gap)
{
    return doc->rules->features[gap->feature].id;
}

static void describe_gap(const struct pl_alert_doc *doc, const struct pl_feature_gap *gap, enum pl_gap kind,
                         struct pl_buf *out)
{
    pl_words_feature(feature_of(doc, gap), kind, &gap->counts, doc->area->value_bar, out);
}

static void describe_features(const struct pl_alert_doc *doc, struct pl_buf *out)
{
    const struct pl_adoption_looks *looks = &doc->standing->adoption;
    unsigned n = 0;

    for (unsigned at = 0; at < looks->n_gaps; at++) {
        if (!(looks->gaps[at].kinds & 1u << PL_GAP_DISCOVERY) || n++ >= DESCRIBED_MAX)
            continue;
        pl_buf_add_char(out, ' ');
        describe_gap(doc, &looks->gaps[at], PL_GAP_DISCOVERY, out);
    }
    if (n > DESCRIBED_MAX)
        pl_buf_addf(out, " So it is with %u more.", n - DESCRIBED_MAX);
}

static void describe_taken(const struct pl_alert_doc *doc, const struct pl_derive_look *one, struct pl_buf *out)
{
    pl_buf_addf(out, "What is taken per active user (%s) ", doc->rules->metrics[one->metric].id);
    pl_words_trend(&one->looks, out);
    pl_buf_add_char(out, '.');
}

static void describe_value(const struct pl_alert_doc *doc, struct pl_buf *out)
{
    pl_buf_add_text(out, "Value per active user ");
    pl_words_trend(&doc->standing->value.events, out);
    pl_buf_add_text(out, "; the share of users who still get value in the fourth week ");
    pl_buf_add_text(out,
                    doc->standing->value.retention.verdict == PL_TREND_FALLING ? "falls" : "does not provably fall");
    pl_buf_add_char(out, '.');
}

/* What only experiments tell: growth without value, a quarter that fell short. */
static void describe_legs(const struct pl_alert_doc *doc, struct pl_buf *out)
{
    struct pl_buf text = {0};

    if (!doc->state)
        return;
    if (doc->advice->verdict == PL_HOLLOW_GROWTH)
        pl_words_hollow(doc->area, doc->state, &text);
    if (doc->advice->verdict == PL_PREPARE_CORE && doc->state->holdout)
        pl_words_quarter(doc->area, doc->state, &text);
    if (pl_buf_ok(&text) && text.ptr)
        pl_buf_addf(out, " %s", text.ptr);
    pl_buf_fini(&text);
}

void pl_alert_observed_describe(const struct pl_alert_doc *doc, struct pl_buf *out)
{
    describe_legs(doc, out);
    if (!doc->standing)
        return;
    if (doc->advice->verdict == PL_DELIVER_EXISTING)
        describe_features(doc, out);
    if (doc->advice->verdict != PL_DERIVING)
        return;
    for (unsigned at = 0; at < doc->standing->derive.n; at++) {
        if (doc->standing->derive.of[at].looks.verdict != PL_TREND_RISING)
            continue;
        pl_buf_add_char(out, ' ');
        describe_taken(doc, &doc->standing->derive.of[at], out);
    }
    pl_buf_add_char(out, ' ');
    describe_value(doc, out);
}

void pl_alert_observed_condition(struct pl_json *json, const char *name, bool met, const char *text)
{
    pl_json_open(json, NULL, '{');
    pl_json_text(json, "name", name);
    pl_json_bool(json, "met", met);
    pl_json_text(json, "text", text);
    pl_json_close(json, '}');
}

static void end_condition(struct pl_json *json, const char *name, struct pl_buf *text)
{
    if (pl_buf_ok(text) && text->ptr)
        pl_alert_observed_condition(json, name, true, text->ptr);
    pl_buf_fini(text);
}

static void conditions_of_features(const struct pl_alert_doc *doc, struct pl_json *json)
{
    const struct pl_adoption_looks *looks = &doc->standing->adoption;

    for (unsigned at = 0; at < looks->n_gaps; at++) {
        struct pl_buf text = {0};

        if (!(looks->gaps[at].kinds & 1u << PL_GAP_DISCOVERY))
            continue;
        describe_gap(doc, &looks->gaps[at], PL_GAP_DISCOVERY, &text);
        end_condition(json, "feature_not_met", &text);
    }
}

static void conditions_of_taken(const struct pl_alert_doc *doc, struct pl_json *json)
{
    struct pl_buf text = {0};

    for (unsigned at = 0; at < doc->standing->derive.n; at++) {
        struct pl_buf one = {0};

        if (doc->standing->derive.of[at].looks.verdict != PL_TREND_RISING)
            continue;
        describe_taken(doc, &doc->standing->derive.of[at], &one);
        end_condition(json, "more_is_taken", &one);
    }
    describe_value(doc, &text);
    end_condition(json, "value_falls", &text);
}

static void conditions_of_legs(const struct pl_alert_doc *doc, struct pl_json *json)
{
    struct pl_buf text = {0};

    if (!doc->state)
        return;
    if (doc->advice->verdict == PL_HOLLOW_GROWTH && doc->state->n_value > 0) {
        pl_words_hollow(doc->area, doc->state, &text);
        pl_buf_addf(&text, " That value does not rise with what ships: evidence, %.3g of %.0f needed.",
                    doc->state->e_hollow, PL_HOLLOW_ALARM);
        end_condition(json, "value_does_not_follow", &text);
    } else if (doc->advice->verdict == PL_PREPARE_CORE && doc->state->holdout && doc->state->quarter.end_us > 0) {
        pl_words_quarter(doc->area, doc->state, &text);
        end_condition(json, "quarter_fell_short", &text);
    }
}

void pl_alert_observed_conditions(const struct pl_alert_doc *doc, struct pl_json *json)
{
    conditions_of_legs(doc, json);
    if (!doc->standing)
        return;
    if (doc->advice->verdict == PL_DELIVER_EXISTING)
        conditions_of_features(doc, json);
    if (doc->advice->verdict == PL_DERIVING)
        conditions_of_taken(doc, json);
}

static void evidence_of_legs(const struct pl_area_state *state, struct pl_json *json)
{
    if (state->n > 0)
        pl_json_number(json, "lean_gain", state->posterior_mean);
    if (state->n_value > 0) {
        pl_json_int(json, "experiments_with_value", state->n_value);
        pl_json_number(json, "goal_gain", state->credit_mean);
        pl_json_number(json, "value_gain", state->value_mean);
    }
    if (state->quarter.end_us > 0) {
        pl_json_number(json, "holdout", state->e_holdout);
        pl_json_int(json, "quarter_experiments", state->quarter.n);
        pl_json_number(json, "quarter_credited", state->quarter.credited);
        pl_json_number(json, "quarter_realised", state->quarter.realised);
        pl_json_number(json, "quarter_realised_error", state->quarter.se);
    }
}

void pl_alert_observed_evidence(const struct pl_alert_doc *doc, struct pl_json *json)
{
    const struct pl_standing *standing = doc->standing;

    if (doc->state)
        evidence_of_legs(doc->state, json);
    if (!standing)
        return;
    pl_json_number(json, "funnel_rate", standing->looks.rate);
    pl_json_number(json, "funnel_change", standing->looks.drift);
    pl_json_number(json, "funnel_change_error", standing->looks.se);
    if (standing->adoption.last_us != PL_TIME_NONE) {
        pl_json_number(json, "delivered_share", standing->adoption.share);
        pl_json_int(json, "features_with_gaps", standing->adoption.n_all);
    }
    pl_json_number(json, "value_per_active", standing->value.events.rate);
    pl_json_number(json, "value_change", standing->value.events.drift);
    pl_json_number(json, "value_change_error", standing->value.events.se);
    pl_json_number(json, "value_kept", standing->value.retention.rate);
    pl_json_number(json, "value_kept_change", standing->value.retention.drift);
    pl_json_number(json, "value_kept_change_error", standing->value.retention.se);
}

static void write_counts(const struct pl_adoption_counts *seen, struct pl_json *json)
{
    pl_json_int(json, "eligible", seen->eligible);
    pl_json_int(json, "aware", seen->aware);
    pl_json_int(json, "adopted", seen->adopted);
    pl_json_int(json, "repeating", seen->repeating);
    pl_json_int(json, "older", seen->older);
    pl_json_int(json, "left", seen->left);
    pl_json_int(json, "newly", seen->newly);
    pl_json_int(json, "repeated", seen->repeated);
}

static void write_feature(const struct pl_alert_doc *doc, const struct pl_feature_gap *gap, struct pl_json *json)
{
    pl_json_open(json, NULL, '{');
    pl_json_text(json, "feature", feature_of(doc, gap));
    pl_json_open(json, "gaps", '[');
    for (int kind = 0; kind < PL_GAPS; kind++) {
        struct pl_buf text = {0};

        if (!(gap->kinds & 1u << kind))
            continue;
        describe_gap(doc, gap, (enum pl_gap)kind, &text);
        pl_json_open(json, NULL, '{');
        pl_json_text(json, "gap", pl_adoption_gap_name((enum pl_gap)kind));
        pl_json_text(json, "users", pl_words_gap((enum pl_gap)kind));
        if (pl_buf_ok(&text) && text.ptr)
            pl_json_text(json, "text", text.ptr);
        pl_json_close(json, '}');
        pl_buf_fini(&text);
    }
    pl_json_close(json, ']');
    write_counts(&gap->counts, json);
    pl_json_close(json, '}');
}

static void write_taken(const struct pl_alert_doc *doc, const struct pl_derive_look *one, struct pl_json *json)
{
    struct pl_buf text = {0};

    describe_taken(doc, one, &text);
    pl_json_open(json, NULL, '{');
    pl_json_text(json, "metric", doc->rules->metrics[one->metric].id);
    if (pl_buf_ok(&text) && text.ptr)
        pl_json_text(json, "text", text.ptr);
    pl_json_number(json, "per_active", one->looks.rate);
    pl_json_number(json, "change", one->looks.drift);
    pl_json_number(json, "change_error", one->looks.se);
    pl_json_close(json, '}');
    pl_buf_fini(&text);
}

void pl_alert_observed_lists(const struct pl_alert_doc *doc, struct pl_json *json)
{
    if (!doc->standing)
        return;
    if (doc->standing->adoption.n_gaps > 0) {
        pl_json_open(json, "features", '[');
        for (unsigned at = 0; at < doc->standing->adoption.n_gaps; at++)
            write_feature(doc, &doc->standing->adoption.gaps[at], json);
        pl_json_close(json, ']');
    }
    if (doc->standing->derive.n > 0) {
        pl_json_open(json, "taken", '[');
        for (unsigned at = 0; at < doc->standing->derive.n; at++)
            write_taken(doc, &doc->standing->derive.of[at], json);
        pl_json_close(json, ']');
    }
}
