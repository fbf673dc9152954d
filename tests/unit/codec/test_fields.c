#include "codec/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static enum pl_reject read_json(struct pl_fields *fields, const char *json)
{
    struct pl_fields_input input = {pl_span_of(json), pl_span_of("key-1"), pl_span_of("topic-1")};

    return pl_fields_read(fields, &input);
}

static unsigned add(struct pl_fields *fields, const char *path)
{
    unsigned field;
    struct pl_err err;

    if (pl_fields_add(fields, pl_span_of(path), false, &field, &err))
        fail_msg("%s: %s", path, err.text);
    return field;
}

static void check(struct pl_fields *fields, unsigned field, enum pl_value_type type, const char *text)
{
    struct pl_value value;

    assert_int_equal(pl_fields_get(fields, field, &value), PL_ACCEPTED);
    assert_int_equal(value.type, type);
    if (!pl_span_is(value.text, text))
        fail_msg("got `%.*s`, expected `%s`", (int)value.text.len, value.text.ptr, text);
}

static void test_the_first_that_is_there(void **state)
{
    struct pl_fields *fields = pl_fields_new();
    unsigned field = add(fields, "a || b.c || 'none'");

    (void)state;
    assert_int_equal(read_json(fields, "{\"b\":{\"c\":\"y\"},\"a\":\"x\"}"), PL_ACCEPTED);
    check(fields, field, PL_VALUE_STRING, "x");
    assert_int_equal(read_json(fields, "{\"b\":{\"c\":\"y\"},\"a\":\"\"}"), PL_ACCEPTED);
    check(fields, field, PL_VALUE_STRING, "y");
    assert_int_equal(read_json(fields, "{\"b\":{\"c\":0},\"a\":null}"), PL_ACCEPTED);
    check(fields, field, PL_VALUE_NUMBER, "0");
    assert_int_equal(read_json(fields, "{\"b\":7}"), PL_ACCEPTED);
    check(fields, field, PL_VALUE_STRING, "none");
    assert_int_equal(read_json(fields, "{\"a\":{}}"), PL_ACCEPTED);
    check(fields, field, PL_VALUE_OBJECT, "");
    pl_fields_free(fields);
}

static void test_the_record(void **state)
{
    struct pl_fields *fields = pl_fields_new();
    unsigned key = add(fields, "@key"), topic = add(fields, "@topic"), time;
    struct pl_fields_input input = {pl_span_of("{}"), {NULL, 0}, pl_span_of("t")};
    struct pl_err err;

    (void)state;
    assert_int_equal(pl_fields_add(fields, pl_span_of("ts || @timestamp || 'x'"), true, &time, NULL), PL_OK);
    assert_int_equal(pl_fields_add(fields, pl_span_of("@timestamp"), false, &time, &err), PL_ERR_INPUT);
    assert_string_equal(err.text, "@timestamp is only a time");
    assert_int_equal(read_json(fields, "{}"), PL_ACCEPTED);
    check(fields, key, PL_VALUE_STRING, "key-1");
    check(fields, topic, PL_VALUE_STRING, "topic-1");
    check(fields, 2, PL_VALUE_ABSENT, "");
    assert_int_equal(pl_fields_read(fields, &input), PL_ACCEPTED);
    check(fields, key, PL_VALUE_ABSENT, "");
    pl_fields_free(fields);
}

static void test_json_in_a_string(void **state)
{
    struct pl_fields *fields = pl_fields_new();
    unsigned x = add(fields, "json(p).x"), deep = add(fields, "json(p).q.z"), other = add(fields, "json(a.b).x");
    struct pl_value value;

    (void)state;
    assert_int_equal(read_json(fields, "{\"p\":\"{\\\"x\\\":\\\"\\\\u0041\\\",\\\"q\\\":{\\\"z\\\":1}}\"}"),
                     PL_ACCEPTED);
    check(fields, x, PL_VALUE_STRING, "A");
    check(fields, deep, PL_VALUE_NUMBER, "1");
    check(fields, other, PL_VALUE_ABSENT, "");
    assert_int_equal(pl_fields_slow(fields), 1); /* the inner document, for its own escape */
    assert_int_equal(read_json(fields, "{\"p\":{\"x\":2},\"a\":{\"b\":\"{\\\"x\\\":3}\"}}"), PL_ACCEPTED);
    check(fields, x, PL_VALUE_NUMBER, "2");
    check(fields, other, PL_VALUE_NUMBER, "3");
    assert_int_equal(read_json(fields, "{\"\\u0070\":\"{\\\"x\\\":\\\"y\\\"}\"}"), PL_ACCEPTED);
    check(fields, x, PL_VALUE_STRING, "y"); /* a record that cJSON read... */
    assert_int_equal(read_json(fields, "{\"\\u0070\":\"{\\\"x\\\":\\\"y\\\\nz\\\"}\"}"), PL_ACCEPTED);
    check(fields, x, PL_VALUE_STRING, "y\nz"); /* ...and unescaped once, not twice */
    assert_int_equal(read_json(fields, "{\"p\":\" \"}"), PL_ACCEPTED);
    check(fields, x, PL_VALUE_ABSENT, "");
    assert_int_equal(read_json(fields, "{\"p\":12}"), PL_ACCEPTED);
    check(fields, x, PL_VALUE_ABSENT, "");
    assert_int_equal(read_json(fields, "{\"p\":\"{\\\"x\\\":\"}"), PL_ACCEPTED);
    assert_int_equal(pl_fields_get(fields, x, &value), PL_REJECT_SYNTAX);
    assert_int_equal(pl_fields_get(fields, deep, &value), PL_REJECT_SYNTAX);
    assert_int_equal(read_json(fields, "{\"p\":\"{\\\"x\\\":\\\"\\u0001\\\"}\"}"), PL_ACCEPTED);
    assert_int_equal(pl_fields_get(fields, x, &value), PL_REJECT_CONTROL);
    pl_fields_free(fields);
}

static void check_condition(struct pl_fields *fields, unsigned condition, const char *json, bool expected)
{
    bool holds;

    assert_int_equal(read_json(fields, json), PL_ACCEPTED);
    assert_int_equal(pl_fields_holds(fields, condition, &holds), PL_ACCEPTED);
    assert_int_equal(holds, expected);
}

static void test_conditions(void **state)
{
    struct pl_fields *fields = pl_fields_new();
    unsigned both, literal;
    bool holds;

    (void)state;
    assert_int_equal(pl_fields_add_condition(fields, pl_span_of("t == track and e in (a b, c)"), &both, NULL), PL_OK);
    assert_int_equal(pl_fields_add_condition(fields, pl_span_of("json(p).f in (true, 1, null)"), &literal, NULL),
                     PL_OK);
    check_condition(fields, both, "{\"t\":\"track\",\"e\":\"a b\"}", true);
    check_condition(fields, both, "{\"t\":\"track\",\"e\":\"c\"}", true);
    check_condition(fields, both, "{\"t\":\"track\",\"e\":\"a\"}", false);
    check_condition(fields, both, "{\"t\":\"page\",\"e\":\"c\"}", false);
    check_condition(fields, both, "{\"e\":\"c\"}", false);
    check_condition(fields, both, "{\"t\":\"tr\\u0061ck\",\"e\":\"c\"}", true);
    check_condition(fields, literal, "{\"p\":{\"f\":true}}", true);
    check_condition(fields, literal, "{\"p\":\"{\\\"f\\\":1}\"}", true);
    check_condition(fields, literal, "{\"p\":{\"f\":null}}", false); /* null is absent */
    check_condition(fields, literal, "{\"p\":{\"f\":{}}}", false);
    check_condition(fields, literal, "{}", false);
    assert_int_equal(read_json(fields, "{\"p\":\"{\"}"), PL_ACCEPTED);
    assert_int_equal(pl_fields_holds(fields, literal, &holds), PL_REJECT_SYNTAX);
    pl_fields_free(fields);
}

static void test_bounds(void **state)
{
    struct pl_fields *fields = pl_fields_new();
    unsigned field;
    char path[64];
    struct pl_err err;

    (void)state;
    for (int at = 0; at < PL_FIELDS_INNER_MAX; at++) {
        snprintf(path, sizeof(path), "json(p%d).x", at);
        (void)add(fields, path);
    }
    assert_int_equal(pl_fields_add(fields, pl_span_of("json(p9).x"), false, &field, &err), PL_ERR_INPUT);
    assert_string_equal(err.text, "more than 4 different json(...)");
    for (int at = 0; at < PL_FIELDS_MAX - PL_FIELDS_INNER_MAX - 1; at++)
        (void)add(fields, "a");
    assert_int_equal(pl_fields_add(fields, pl_span_of("a"), false, &field, &err), PL_ERR_INPUT);
    assert_string_equal(err.text, "too many fields in one format");
    assert_int_equal(pl_fields_add_condition(fields, pl_span_of("a == b"), &field, &err), PL_ERR_INPUT);
    assert_int_equal(read_json(fields, "{\"a\":1}"), PL_ACCEPTED);
    check(fields, PL_FIELDS_MAX - 1, PL_VALUE_NUMBER, "1");
    pl_fields_free(fields);
    pl_fields_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_that_is_there),
        cmocka_unit_test(test_the_record),
        cmocka_unit_test(test_json_in_a_string),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
