#include "codec/decode.h"

#include "support/rules_fixture.h"
#include "util/stamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define RECORD_US INT64_C(1785578401000000) /* 2026-08-01T10:00:01Z */

struct fixture {
    struct pl_rules *rules;
    struct pl_decoder *decoder;
    struct pl_decoded out[PL_DECODED_MAX];
    unsigned n;
};

static struct pl_decoder *make(const struct pl_rules *rules, const char *format)
{
    char name[32];
    struct pl_conf_source source = {.name = "events", .format = name};
    struct pl_decoder *decoder;
    struct pl_err err;

    snprintf(name, sizeof(name), "%s", format);
    if (pl_decoder_new(&source, rules, &decoder, &err))
        fail_msg("%s", err.text);
    return decoder;
}

static struct fixture setup(const char *format)
{
    struct fixture fx = {.rules = fixture_rules("revenue")};

    fx.decoder = make(fx.rules, format);
    return fx;
}

static void teardown(struct fixture *fx)
{
    pl_decoder_free(fx->decoder);
    pl_rules_free(fx->rules);
}

static struct pl_record record_of(struct pl_span value)
{
    return (struct pl_record){.topic = pl_span_of("product.events"),
                              .key = pl_span_of("k1"),
                              .value = value,
                              .partition = 3,
                              .offset = 77,
                              .timestamp_us = RECORD_US};
}

static enum pl_reject decode(struct fixture *fx, const char *json)
{
    struct pl_record record = record_of(pl_span_of(json));

    return pl_decode(fx->decoder, &record, fx->out, &fx->n);
}

static void assert_span(struct pl_span got, const char *expected)
{
    if (!pl_span_is(got, expected))
        fail_msg("got `%.*s`, expected `%s`", (int)got.len, got.ptr, expected);
}

#define ORDER                                                                                                          \
    "{\"type\":\"track\",\"event\":\"Order Completed\",\"userId\":\"u1\",\"messageId\":\"m1\","                        \
    "\"timestamp\":\"2026-08-01T10:00:00Z\",\"properties\":{\"revenue\":19.99}}"

static void test_action_with_value(void **state)
{
    struct fixture fx = setup("segment");
    const struct pl_event *event = &fx.out[0].event;

    (void)state;
    assert_int_equal(decode(&fx, ORDER), PL_ACCEPTED);
    assert_int_equal(fx.n, 1);
    assert_int_equal(event->kind, PL_EVENT_ACTION);
    assert_int_equal(event->time_us, RECORD_US - PL_SECOND_US);
    assert_int_equal(event->offset, 77);
    assert_int_equal(event->action, pl_names_find(fx.rules->actions, pl_span_of("Order Completed")));
    assert_int_equal(event->has_value, 1);
    assert_int_equal(event->value_micro[0], 19990000);
    assert_span(fx.out[0].unit, "u1");
    assert_true(event->unit.high == 0 && event->unit.low == 0);
    assert_true(event->identity == pl_event_identity(pl_span_of("product.events"), pl_span_of("m1"), PL_EVENT_ACTION,
                                                     pl_span_of("Order Completed")));
    assert_int_equal(pl_decoder_slow(fx.decoder), 0);
    teardown(&fx);
}

static void test_an_action_no_rule_reads_moves_time_only(void **state)
{
    struct fixture fx = setup("segment");

    (void)state;
    assert_int_equal(decode(&fx, "{\"type\":\"track\",\"event\":\"Page Read\",\"userId\":\"u1\","
                                 "\"timestamp\":\"2026-08-01T09:00:00+02:00\",\"properties\":{\"revenue\":1}}"),
                     PL_ACCEPTED);
    assert_int_equal(fx.n, 1);
    assert_int_equal(fx.out[0].event.action, PL_NAMES_NONE);
    assert_int_equal(fx.out[0].event.identity, 0);
    assert_int_equal(fx.out[0].event.has_value, 0);
    assert_int_equal(fx.out[0].event.time_us, RECORD_US - PL_SECOND_US - 3 * PL_HOUR_US);
    teardown(&fx);
}

/* A property that only a mean reads is read, and must be a number. */
static void test_means_read_their_property(void **state)
{
    struct fixture fx = {.rules = pl_rules_new()};
    struct pl_area_rule area = {
        .id = "shop", .goal = PL_RULES_NONE, .value = PL_RULES_NONE, .funnel = PL_RULES_NONE, .coverage = 1};
    struct pl_metric_rule mean = {.id = "basket", .type = PL_METRIC_MEAN, .events.n = 1};

    (void)state;
    assert_int_equal(pl_rules_add_area(fx.rules, &area, NULL, NULL), PL_OK);
    mean.events.ids[0] = pl_rules_action(fx.rules, pl_span_of("Order Completed"));
    mean.value = pl_rules_value(fx.rules, pl_span_of("items"));
    assert_int_equal(pl_rules_add_metric(fx.rules, &mean, NULL, NULL), PL_OK);
    assert_int_equal(pl_rules_seal(fx.rules, NULL), PL_OK);
    fx.decoder = make(fx.rules, "segment");
    assert_int_equal(decode(&fx, "{\"type\":\"track\",\"event\":\"Order Completed\",\"userId\":\"u1\","
                                 "\"timestamp\":\"2026-08-01T09:00:00Z\",\"properties\":{\"items\":2.5}}"),
                     PL_ACCEPTED);
    assert_int_equal(fx.out[0].event.has_value, 1);
    assert_int_equal(fx.out[0].event.value_micro[0], 2500000);
    assert_int_equal(decode(&fx, "{\"type\":\"track\",\"event\":\"Order Completed\",\"userId\":\"u1\","
                                 "\"timestamp\":\"2026-08-01T09:00:00Z\",\"properties\":{\"items\":\"2\"}}"),
                     PL_REJECT_TYPE);
    teardown(&fx);
}

static void test_a_record_without_id_is_known_by_its_place(void **state)
{
    struct fixture fx = setup("segment");

    (void)state;
    assert_int_equal(decode(&fx, "{\"type\":\"track\",\"event\":\"Cart Opened\",\"userId\":\"u1\"}"), PL_ACCEPTED);
    assert_true(fx.out[0].event.identity == pl_event_identity(pl_span_of("product.events"), pl_span_of("#3:77"),
                                                              PL_EVENT_ACTION, pl_span_of("Cart Opened")));
    assert_int_equal(fx.out[0].event.time_us, RECORD_US);
    teardown(&fx);
}

static void test_exposure_in_every_published_spelling(void **state)
{
    static const char *const spellings[][3] = {{"Experiment Viewed", "experiment_id", "variation_id"},
                                               {"experiment_viewed", "experimentId", "variationId"},
                                               {"viewed_experiment", "experiment_name", "variation_name"}};
    struct fixture fx = setup("segment");
    char json[512];

    (void)state;
    for (size_t at = 0; at < 3; at++) {
        snprintf(json, sizeof(json),
                 "{\"type\":\"track\",\"event\":\"%s\",\"anonymousId\":\"a1\",\"messageId\":\"m1\","
                 "\"originalTimestamp\":1785578400000,\"properties\":{\"%s\":\"checkout_1\",\"%s\":\"B\"}}",
                 spellings[at][0], spellings[at][1], spellings[at][2]);
        assert_int_equal(decode(&fx, json), PL_ACCEPTED);
        assert_int_equal(fx.n, 1);
        assert_int_equal(fx.out[0].event.kind, PL_EVENT_EXPOSURE);
        assert_span(fx.out[0].event.experiment, "checkout_1");
        assert_span(fx.out[0].event.variant, "B");
        assert_span(fx.out[0].unit, "a1");
        assert_int_equal(fx.out[0].event.time_us, RECORD_US - PL_SECOND_US);
        assert_true(fx.out[0].event.identity == pl_event_identity(pl_span_of("product.events"), pl_span_of("m1"),
                                                                  PL_EVENT_EXPOSURE, pl_span_of("checkout_1")));
    }
    teardown(&fx);
}

static void test_an_exposure_whose_name_a_rule_reads_is_an_action_too(void **state)
{
    struct fixture fx = setup("segment");
    char when[] = "event == 'Order Completed'", experiment[] = "'checkout_1'", variant[] = "properties.arm";
    struct pl_conf_source source = {
        .name = "events", .exposure_when = when, .experiment = experiment, .variant = variant};

    (void)state;
    pl_decoder_free(fx.decoder);
    assert_int_equal(pl_decoder_new(&source, fx.rules, &fx.decoder, NULL), PL_OK);
    assert_int_equal(decode(&fx, "{\"type\":\"track\",\"event\":\"Order Completed\",\"userId\":\"u1\","
                                 "\"messageId\":\"m1\",\"properties\":{\"revenue\":2,\"arm\":true}}"),
                     PL_ACCEPTED);
    assert_int_equal(fx.n, 2);
    assert_int_equal(fx.out[0].event.kind, PL_EVENT_EXPOSURE);
    assert_span(fx.out[0].event.variant, "true");
    assert_int_equal(fx.out[1].event.kind, PL_EVENT_ACTION);
    assert_int_equal(fx.out[1].event.value_micro[0], 2000000);
    assert_true(fx.out[0].event.identity != fx.out[1].event.identity);
    teardown(&fx);
}

static void test_a_clock_ahead_is_taken_back_to_the_record(void **state)
{
    struct fixture fx = setup("segment");

    (void)state;
    assert_int_equal(decode(&fx, "{\"type\":\"track\",\"event\":\"Cart Opened\",\"userId\":\"u1\","
                                 "\"timestamp\":\"2026-08-01T10:03:00Z\"}"),
                     PL_ACCEPTED);
    assert_int_equal(fx.out[0].event.time_us, RECORD_US);
    teardown(&fx);
}

static void test_without_a_record_timestamp_the_event_time_holds(void **state)
{
    struct fixture fx = setup("segment");
    struct pl_record record = record_of(pl_span_of(ORDER));

    (void)state;
    record.timestamp_us = PL_TIME_NONE;
    assert_int_equal(pl_decode(fx.decoder, &record, fx.out, &fx.n), PL_ACCEPTED);
    assert_int_equal(fx.out[0].event.time_us, RECORD_US - PL_SECOND_US);
    record.value = pl_span_of("{\"type\":\"track\",\"event\":\"Cart Opened\",\"userId\":\"u1\"}");
    assert_int_equal(pl_decode(fx.decoder, &record, fx.out, &fx.n), PL_REJECT_MISSING_TIME);
    teardown(&fx);
}

static void test_tombstone(void **state)
{
    struct fixture fx = setup("segment");
    struct pl_record record = record_of((struct pl_span){NULL, 0});

    (void)state;
    record.is_null = true;
    assert_int_equal(pl_decode(fx.decoder, &record, fx.out, &fx.n), PL_REJECT_TOMBSTONE);
    assert_int_equal(fx.n, 0);
    record.is_null = false;
    assert_int_equal(pl_decode(fx.decoder, &record, fx.out, &fx.n), PL_REJECT_EMPTY);
    teardown(&fx);
}

static void test_escapes_take_the_slow_path_to_the_same_event(void **state)
{
    struct fixture fx = setup("segment");
    uint64_t identity;

    (void)state;
    assert_int_equal(decode(&fx, ORDER), PL_ACCEPTED);
    identity = fx.out[0].event.identity;
    assert_int_equal(decode(&fx,
                            "{\"type\":\"tr\\u0061ck\",\"event\":\"Order\\u0020Completed\",\"userId\":\"u\\u0031\","
                            "\"messageId\":\"m1\",\"timestamp\":\"2026-08-01T10:00:00Z\","
                            "\"properties\":{\"reven\\u0075e\":19.99,\"revenue\":3}}"),
                     PL_ACCEPTED);
    assert_int_equal(pl_decoder_slow(fx.decoder), 1);
    assert_true(fx.out[0].event.identity == identity);
    assert_int_equal(fx.out[0].event.value_micro[0], 19990000);
    assert_span(fx.out[0].unit, "u1");
    teardown(&fx);
}

static void test_posthog_with_properties_in_a_string(void **state)
{
    struct fixture fx = setup("posthog");

    (void)state;
    assert_int_equal(
        decode(&fx, "{\"uuid\":\"0190\",\"event\":\"$feature_flag_called\",\"team_id\":2,\"distinct_id\":\"u1\","
                    "\"person_id\":\"p1\",\"timestamp\":\"2026-08-01 10:00:00.123000\",\"properties\":"
                    "\"{\\\"$feature_flag\\\":\\\"new-checkout\\\",\\\"$feature_flag_response\\\":\\\"test\\\"}\"}"),
        PL_ACCEPTED);
    assert_int_equal(fx.n, 1);
    assert_span(fx.out[0].unit, "p1");
    assert_span(fx.out[0].event.experiment, "new-checkout");
    assert_span(fx.out[0].event.variant, "test");
    assert_int_equal(fx.out[0].event.time_us, RECORD_US - PL_SECOND_US + 123000);
    assert_int_equal(pl_decoder_slow(fx.decoder), 0);
    assert_int_equal(decode(&fx, "{\"event\":\"Order Completed\",\"distinct_id\":\"u1\",\"properties\":"
                                 "\"{\\\"revenue\\\":19.99}\"}"),
                     PL_ACCEPTED);
    assert_int_equal(fx.out[0].event.value_micro[0], 19990000);
    teardown(&fx);
}

static void test_posthog_with_properties_as_an_object(void **state)
{
    struct fixture fx = setup("posthog");

    (void)state;
    assert_int_equal(decode(&fx, "{\"event\":\"$feature_flag_called\",\"distinct_id\":\"u1\",\"properties\":"
                                 "{\"$feature_flag\":\"new-checkout\",\"$feature_flag_response\":false}}"),
                     PL_ACCEPTED);
    assert_span(fx.out[0].event.variant, "false");
    assert_int_equal(decode(&fx, "{\"event\":\"Order Completed\",\"distinct_id\":\"u1\",\"properties\":"
                                 "{\"revenue\":\"19.99\"}}"),
                     PL_REJECT_TYPE);
    teardown(&fx);
}

static void test_posthog_with_bad_properties(void **state)
{
    struct fixture fx = setup("posthog");

    (void)state;
    /* Nobody looks into the properties of an event that no rule reads. */
    assert_int_equal(decode(&fx, "{\"event\":\"$pageview\",\"distinct_id\":\"u1\",\"properties\":\"{\"}"), PL_ACCEPTED);
    assert_int_equal(decode(&fx, "{\"event\":\"Order Completed\",\"distinct_id\":\"u1\",\"properties\":\"{\"}"),
                     PL_REJECT_SYNTAX);
    assert_int_equal(decode(&fx, "{\"event\":\"Order Completed\",\"distinct_id\":\"u1\",\"properties\":\"\"}"),
                     PL_ACCEPTED);
    assert_int_equal(fx.out[0].event.has_value, 0);
    assert_int_equal(decode(&fx, "{\"event\":\"Order Completed\",\"distinct_id\":\"u1\",\"properties\":\"[1]\"}"),
                     PL_REJECT_NOT_OBJECT);
    teardown(&fx);
}

static void test_cloudevents(void **state)
{
    struct fixture fx = setup("cloudevents");

    (void)state;
    assert_int_equal(
        decode(&fx,
               "{\"specversion\":\"1.0\",\"id\":\"1234\",\"source\":\"/shop/web\",\"type\":\"Order Completed\","
               "\"subject\":\"user-42\",\"time\":\"2026-08-01T10:00:00Z\",\"datacontenttype\":\"application/json\","
               "\"data\":{\"revenue\":7}}"),
        PL_ACCEPTED);
    assert_span(fx.out[0].unit, "user-42");
    assert_int_equal(fx.out[0].event.value_micro[0], 7000000);
    assert_int_equal(fx.out[0].event.time_us, RECORD_US - PL_SECOND_US);
    assert_int_equal(decode(&fx,
                            "{\"specversion\":\"1.0\",\"id\":\"5\",\"source\":\"/s\",\"type\":\"experiment.viewed\","
                            "\"subject\":\"user-42\",\"data\":{\"experiment\":\"e1\",\"variant\":\"B\"}}"),
                     PL_ACCEPTED);
    assert_span(fx.out[0].event.experiment, "e1");
    teardown(&fx);
}

static void test_overrides_and_the_kafka_record(void **state)
{
    struct fixture fx = setup("segment");
    char when[] = "v == 1", event[] = "@topic", unit[] = "uid || @key", time[] = "@timestamp", value[] = "x";
    struct pl_conf_source source = {.name = "s", .when = when, .event = event, .unit = unit, .time = time, .id = value};

    (void)state;
    pl_decoder_free(fx.decoder);
    assert_int_equal(pl_decoder_new(&source, fx.rules, &fx.decoder, NULL), PL_OK);
    assert_int_equal(decode(&fx, "{\"v\":1,\"timestamp\":0}"), PL_ACCEPTED);
    assert_span(fx.out[0].unit, "k1");
    assert_int_equal(fx.out[0].event.time_us, RECORD_US);
    assert_int_equal(decode(&fx, "{\"v\":2}"), PL_ACCEPTED);
    assert_int_equal(fx.n, 0);
    teardown(&fx);
}

static void check_error(const struct pl_conf_source *source, const char *value_path, const char *text)
{
    struct pl_rules *rules = fixture_rules(value_path);
    struct pl_decoder *decoder;
    struct pl_err err;

    assert_int_equal(pl_decoder_new(source, rules, &decoder, &err), PL_ERR_INPUT);
    assert_string_equal(err.text, text);
    assert_null(decoder);
    pl_rules_free(rules);
}

static void test_check_covers_every_source(void **state)
{
    char good[] = "posthog", bad[] = "segmnt";
    struct pl_conf_source sources[] = {{.name = "a", .format = good}, {.name = "b", .format = bad}};
    struct pl_conf conf = {.rules = fixture_rules("revenue"), .sources = sources, .n_sources = 1};
    struct pl_err err;

    (void)state;
    assert_int_equal(pl_decoder_check(&conf, &err), PL_OK);
    conf.n_sources = 2;
    assert_int_equal(pl_decoder_check(&conf, &err), PL_ERR_INPUT);
    assert_string_equal(err.text, "source b: unknown format segmnt; known: cloudevents posthog segment");
    pl_rules_free(conf.rules);
}

static void test_errors_name_source_field_and_column(void **state)
{
    char format[] = "segmnt", unit[] = "user..id", unit_time[] = "@timestamp", when[] = "type = track";

    (void)state;
    check_error(&(struct pl_conf_source){.name = "a", .format = format}, "revenue",
                "source a: unknown format segmnt; known: cloudevents posthog segment");
    check_error(&(struct pl_conf_source){.name = "a", .unit = unit}, "revenue",
                "source a: unit: column 6: a member name is expected here");
    check_error(&(struct pl_conf_source){.name = "a", .unit = unit_time}, "revenue",
                "source a: unit: @timestamp is only a time");
    check_error(&(struct pl_conf_source){.name = "a", .when = when}, "revenue",
                "source a: when: column 6: == or in (...) is expected here");
    check_error(&(struct pl_conf_source){.name = "a"}, "a[b]",
                "source a: a[b]: column 14: a quoted member name is expected after [");
}

static void test_quoted_value_paths(void **state)
{
    struct fixture fx = {.rules = fixture_rules("[\"total price\"]")};

    (void)state;
    fx.decoder = make(fx.rules, "posthog");
    assert_int_equal(decode(&fx, "{\"event\":\"Order Completed\",\"distinct_id\":\"u1\","
                                 "\"properties\":{\"total price\":4}}"),
                     PL_ACCEPTED);
    assert_int_equal(fx.out[0].event.value_micro[0], 4000000);
    teardown(&fx);
}

/* %XX is a byte, %{N:text} is text N times. */
static size_t expand(struct pl_span from, char *out, size_t cap)
{
    size_t len = 0;

    while (from.len && len < cap) {
        unsigned byte;
        int count, used = 0;

        if (from.ptr[0] != '%') {
            out[len++] = *from.ptr++;
            from.len--;
        } else if (from.ptr[1] == '{' && sscanf(from.ptr, "%%{%d:%n", &count, &used) == 1) {
            size_t end = (size_t)used + strcspn(from.ptr + used + 1, "}") + 1; /* the text may itself begin with } */
            size_t one = expand((struct pl_span){from.ptr + used, end - (size_t)used}, out + len, cap - len);

            for (int n = 1; n < count && len + one * (size_t)(n + 1) <= cap; n++)
                memcpy(out + len + one * (size_t)n, out + len, one);
            len += one * (size_t)count;
            from.ptr += end + 1;
            from.len -= end + 1;
        } else {
            assert_int_equal(sscanf(from.ptr, "%%%2x", &byte), 1);
            out[len++] = (char)byte;
            from.ptr += 3;
            from.len -= 3;
        }
    }
    assert_true(len <= cap);
    return len;
}

static void check_row(struct fixture *fx, char *line, char *value, size_t cap)
{
    struct pl_span rest = pl_span_of(line);
    struct pl_span row = pl_span_cut(&rest, '\t'), what = pl_span_cut(&rest, '\t'), expected = pl_span_cut(&rest, '\t');
    struct pl_record record = record_of((struct pl_span){value, expand(rest, value, cap)});
    enum pl_reject reason = pl_decode(fx->decoder, &record, fx->out, &fx->n);
    const char *got = reason == PL_ACCEPTED && fx->n == 0 ? "excluded" : pl_reject_name(reason);

    if (!pl_span_is(expected, got))
        fail_msg("row %.*s (%.*s): got %s, expected %.*s", (int)row.len, row.ptr, (int)what.len, what.ptr, got,
                 (int)expected.len, expected.ptr);
    assert_true(reason == PL_ACCEPTED || fx->n == 0);
}

static void test_the_catalogue_of_bad_records(void **state)
{
    static char line[8192], value[2 * 1024 * 1024];
    FILE *file = fopen(PL_TEST_DATA "/bad/records.tsv", "r");
    struct fixture fx = setup("segment");
    unsigned n_rows = 0;

    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#')
            continue;
        check_row(&fx, line, value, sizeof(value));
        n_rows++;
    }
    assert_int_equal(fclose(file), 0);
    assert_true(n_rows >= 250);
    teardown(&fx);
}

static void test_every_prefix_of_a_record_is_refused(void **state)
{
    struct fixture fx = setup("segment");

    (void)state;
    for (size_t len = 1; len < strlen(ORDER); len++) {
        struct pl_record record = record_of((struct pl_span){ORDER, len});

        assert_int_equal(pl_decode(fx.decoder, &record, fx.out, &fx.n), PL_REJECT_SYNTAX);
    }
    teardown(&fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_action_with_value),
        cmocka_unit_test(test_an_action_no_rule_reads_moves_time_only),
        cmocka_unit_test(test_means_read_their_property),
        cmocka_unit_test(test_a_record_without_id_is_known_by_its_place),
        cmocka_unit_test(test_exposure_in_every_published_spelling),
        cmocka_unit_test(test_an_exposure_whose_name_a_rule_reads_is_an_action_too),
        cmocka_unit_test(test_a_clock_ahead_is_taken_back_to_the_record),
        cmocka_unit_test(test_without_a_record_timestamp_the_event_time_holds),
        cmocka_unit_test(test_tombstone),
        cmocka_unit_test(test_escapes_take_the_slow_path_to_the_same_event),
        cmocka_unit_test(test_posthog_with_properties_in_a_string),
        cmocka_unit_test(test_posthog_with_properties_as_an_object),
        cmocka_unit_test(test_posthog_with_bad_properties),
        cmocka_unit_test(test_cloudevents),
        cmocka_unit_test(test_overrides_and_the_kafka_record),
        cmocka_unit_test(test_errors_name_source_field_and_column),
        cmocka_unit_test(test_check_covers_every_source),
        cmocka_unit_test(test_quoted_value_paths),
        cmocka_unit_test(test_the_catalogue_of_bad_records),
        cmocka_unit_test(test_every_prefix_of_a_record_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
