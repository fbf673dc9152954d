#include "codec/alert_doc.h"

#include "codec/slow_json.h"
#include "util/hash.h"
#include "util/stamp.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#define TICK_US INT64_C(1785578400000000) /* 2026-08-01T10:00:00Z */

static const struct pl_area_rule area = {.id = "checkout",
                                         .owner = "web",
                                         .unit = "%",
                                         .smallest_return = .002,
                                         .false_alarm_every_years = 1,
                                         .baseline = (double)NAN,
                                         .coverage = 1,
                                         .landmark_us = 14 * PL_DAY_US};

static const struct pl_area_state state = {.state = PL_FLAT,
                                           .n = 42,
                                           .n_all = 54,
                                           .epoch = 2,
                                           .e_flat = 74.125,
                                           .level = 60,
                                           .e_yield = .5,
                                           .down = 3,
                                           .up = 0.25,
                                           .largest_ever = .05,
                                           .largest_cap = .02,
                                           .median_se = .01,
                                           .lower = (double)NAN,
                                           .upper = .0014,
                                           .needed = (double)NAN};

static const struct pl_advice shift = {.verdict = PL_SHIFT_TO_CORE,
                                       .grade = PL_UNCONFIRMED,
                                       .missing = PL_MISSING_VALUE | PL_MISSING_FUNNEL_STABLE,
                                       .repair_first = true};

static const struct pl_alert_edge firing = {.status = PL_ALERT_FIRING,
                                            .verdict = PL_SHIFT_TO_CORE,
                                            .previous = PL_PREPARE_CORE,
                                            .grade = PL_UNCONFIRMED,
                                            .starts_us = TICK_US,
                                            .tick_us = TICK_US};

static struct pl_alert_doc doc_of(const struct pl_alert_edge *edge, const struct pl_advice *advice)
{
    return (struct pl_alert_doc){.instance = "main", .area = &area, .edge = edge, .advice = advice, .state = &state};
}

/* A written document and its parsed form. */
struct parsed {
    struct pl_buf text;
    struct pl_slow_json json;
};

static struct parsed parse(const struct pl_alert_doc *doc)
{
    struct parsed parsed = {0};

    pl_alert_doc_write(doc, &parsed.text);
    assert_true(pl_buf_ok(&parsed.text));
    assert_int_equal(pl_slow_json_open(&parsed.json, pl_buf_span(&parsed.text)), PL_ACCEPTED);
    return parsed;
}

static void release(struct parsed *parsed)
{
    pl_slow_json_fini(&parsed->json);
    pl_buf_fini(&parsed->text);
}

/* Follow a dotted path. */
static struct pl_value at(const struct parsed *parsed, const char *path)
{
    struct pl_span rest = pl_span_of(path);
    const struct cJSON *node = parsed->json.root;

    while (rest.ptr)
        node = pl_slow_json_member(node, pl_span_cut(&rest, '.'));
    return pl_slow_json_value(node);
}

static void check(const struct parsed *parsed, const char *path, const char *expected)
{
    struct pl_value value = at(parsed, path);

    if (!pl_span_is(value.text, expected))
        fail_msg("%s: got `%.*s`, expected `%s`", path, (int)value.text.len, value.text.ptr, expected);
}

static void test_firing(void **unused)
{
    struct pl_alert_doc doc = doc_of(&firing, &shift);
    struct parsed parsed = parse(&doc);
    char id[33];

    (void)unused;
    pl_hash_hex128(pl_span_of("checkout|ShiftToCore|2|1785578400000000|firing"), id);
    check(&parsed, "id", id);
    check(&parsed, "specversion", "1.0");
    check(&parsed, "source", "/plateaud/main");
    check(&parsed, "type", "plateaud.alert.v1");
    check(&parsed, "subject", "area/checkout");
    check(&parsed, "time", "2026-08-01T10:00:00Z");
    check(&parsed, "data.status", "firing");
    check(&parsed, "data.labels.alertname", "ShiftToCore");
    check(&parsed, "data.labels.severity", "warning");
    check(&parsed, "data.labels.owner", "web");
    check(&parsed, "data.startsAt", "2026-08-01T10:00:00Z");
    check(&parsed, "data.verdict", "SHIFT_TO_CORE");
    check(&parsed, "data.previous", "PREPARE_CORE");
    check(&parsed, "data.grade", "unconfirmed");
    check(&parsed, "data.annotations.summary", "checkout: shift to core value work (unconfirmed)");
    check(
        &parsed, "data.annotations.description",
        "Experiments in this area pay less than the smallest gain worth an experiment. That experiments pay less than "
        "0.2 % each: evidence, 74.1 of 60 needed, from 42 experiments. Gain per experiment, corrected for lucky "
        "winners: "
        "at most 0.14 %. Largest win counted: 2 %; 42 experiments rule out (95 %) that larger ones come more often "
        "than "
        "3 in 42. The funnel is falling: repair it first.");
    check(&parsed, "data.evidence.evidence", "74.125");
    check(&parsed, "data.evidence.gain_upper", "0.0014");
    check(&parsed, "data.policy.smallest_return", "0.002");
    check(&parsed, "data.policy.landmark_days", "14");
    assert_int_equal(at(&parsed, "data.endsAt").type, PL_VALUE_ABSENT);
    assert_int_equal(at(&parsed, "data.evidence.gain_lower").type, PL_VALUE_ABSENT);
    assert_int_equal(at(&parsed, "data.evidence.hollow").type, PL_VALUE_ABSENT);
    assert_int_equal(at(&parsed, "data.policy.baseline").type, PL_VALUE_ABSENT);
    release(&parsed);
}

static void test_conditions_say_what_is_missing(void **unused)
{
    static const char *const expected[][2] = {{"paid_before", "true"},
                                              {"funnel_unchanged", "false"},
                                              {"value_delivered", "true"},
                                              {"value_measured", "false"},
                                              {"policy_settled", "true"}};
    struct pl_alert_doc doc = doc_of(&firing, &shift);
    struct parsed parsed = parse(&doc);
    const struct cJSON *node;
    size_t n = 0;

    (void)unused;
    node = pl_slow_json_member(pl_slow_json_member(parsed.json.root, pl_span_of("data")), pl_span_of("conditions"));
    for (node = pl_slow_json_first(node); node; node = pl_slow_json_next(node), n++) {
        assert_true(n < 5);
        assert_true(pl_span_is(pl_slow_json_value(pl_slow_json_member(node, pl_span_of("name"))).text, expected[n][0]));
        assert_true(pl_span_is(pl_slow_json_value(pl_slow_json_member(node, pl_span_of("met"))).text, expected[n][1]));
        assert_true(pl_slow_json_value(pl_slow_json_member(node, pl_span_of("text"))).text.len > 0);
    }
    assert_int_equal(n, 5);
    release(&parsed);
}

static void test_resolved_keeps_the_fingerprint_and_ends(void **unused)
{
    const struct pl_advice keep = {.verdict = PL_KEEP_OPTIMISING};
    struct pl_alert_edge edge = firing;
    struct pl_alert_doc doc = doc_of(&firing, &shift);
    struct parsed before = parse(&doc), after;

    (void)unused;
    edge.status = PL_ALERT_RESOLVED;
    edge.tick_us = TICK_US + 20 * PL_DAY_US;
    doc = doc_of(&edge, &keep);
    after = parse(&doc);
    check(&after, "data.status", "resolved");
    check(&after, "data.startsAt", "2026-08-01T10:00:00Z");
    check(&after, "data.endsAt", "2026-08-21T10:00:00Z");
    check(&after, "data.annotations.summary", "No longer: checkout: shift to core value work (unconfirmed)");
    assert_true(pl_span_eq(at(&before, "data.fingerprint").text, at(&after, "data.fingerprint").text));
    assert_false(pl_span_eq(at(&before, "id").text, at(&after, "id").text));
    release(&before);
    release(&after);
}

static void test_the_same_edge_is_the_same_document(void **unused)
{
    struct pl_alert_doc doc = doc_of(&firing, &shift);
    struct parsed a = parse(&doc), b = parse(&doc);

    (void)unused;
    assert_true(pl_span_eq(pl_buf_span(&a.text), pl_buf_span(&b.text)));
    release(&a);
    release(&b);
}

static void test_a_test_alert_says_so(void **unused)
{
    struct pl_alert_doc doc = doc_of(&firing, &shift);
    struct parsed parsed;
    char real[33], test[33];

    (void)unused;
    pl_alert_doc_id(&doc, real);
    doc.test = true;
    doc.state = NULL;
    pl_alert_doc_id(&doc, test);
    assert_string_not_equal(real, test);
    parsed = parse(&doc);
    check(&parsed, "data.labels.alertname", "[TEST] ShiftToCore");
    assert_int_equal(at(&parsed, "data.evidence").type, PL_VALUE_OBJECT);
    release(&parsed);
}

/* One document of every verdict and status goes to the validator. */
static void write_samples(FILE *out)
{
    for (int verdict = PL_NO_VERDICT; verdict <= PL_HOLLOW_GROWTH; verdict++) {
        for (int status = PL_ALERT_FIRING; status <= PL_ALERT_RESOLVED; status++) {
            struct pl_advice advice = {.verdict = (enum pl_verdict)verdict};
            struct pl_alert_edge edge = firing;
            struct pl_alert_doc doc = doc_of(&edge, &advice);
            struct pl_buf text = {0};

            edge.status = (enum pl_alert_status)status;
            edge.verdict = advice.verdict;
            edge.grade = verdict == PL_SHIFT_TO_CORE ? PL_CONFIRMED : PL_UNGRADED;
            doc.state = status == PL_ALERT_UPDATED ? NULL : &state;
            doc.test = status == PL_ALERT_FIRING && verdict == PL_SHIFT_TO_CORE;
            pl_alert_doc_write(&doc, &text);
            assert_true(pl_buf_ok(&text));
            fprintf(out, "%s\n", text.ptr);
            pl_buf_fini(&text);
        }
    }
}

static void test_documents_keep_the_schema(void **unused)
{
    FILE *out = popen("/usr/bin/env python3 " PL_SOURCE_DIR "/tests/unit/codec/check_schema.py " PL_SOURCE_DIR
                      "/conf/alert.schema.json 24",
                      "w");
    int status;

    (void)unused;
    assert_non_null(out);
    write_samples(out);
    status = pclose(out);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_firing),
        cmocka_unit_test(test_conditions_say_what_is_missing),
        cmocka_unit_test(test_resolved_keeps_the_fingerprint_and_ends),
        cmocka_unit_test(test_the_same_edge_is_the_same_document),
        cmocka_unit_test(test_a_test_alert_says_so),
        cmocka_unit_test(test_documents_keep_the_schema),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
