#include "codec/slow_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The law that binds it to the scanner and to cJSON is in test_scan. */

static struct pl_value get(const struct pl_slow_json *doc, const char *key)
{
    return pl_slow_json_value(pl_slow_json_member(doc->root, pl_span_of(key)));
}

static void test_numbers_keep_their_digits(void **state)
{
    struct pl_slow_json doc = {0};

    (void)state;
    assert_int_equal(pl_slow_json_open(&doc, pl_span_of("{\"a\":1700000000123456789,\"b\":[-1.50e+3,0],\"c\":\"5\"}")),
                     PL_ACCEPTED);
    assert_int_equal(get(&doc, "a").type, PL_VALUE_NUMBER);
    assert_true(pl_span_is(get(&doc, "a").text, "1700000000123456789"));
    assert_true(pl_span_is(pl_slow_json_value(pl_slow_json_first(pl_slow_json_member(doc.root, pl_span_of("b")))).text,
                           "-1.50e+3"));
    assert_int_equal(get(&doc, "c").type, PL_VALUE_STRING);
    assert_true(pl_span_is(get(&doc, "c").text, "5"));
    pl_slow_json_fini(&doc);
}

static void test_strings_that_look_like_numbers_and_marks(void **state)
{
    struct pl_slow_json doc = {0};

    (void)state;
    assert_int_equal(pl_slow_json_open(&doc, pl_span_of("{\"a\":\"\\u00ff1\",\"b-1\":\"x:2,\\\"3\",\"c\":\"\xc3\xbf"
                                                        "2\",\"\\\"9\":true}")),
                     PL_ACCEPTED);
    assert_int_equal(get(&doc, "a").type, PL_VALUE_STRING);
    assert_true(pl_span_is(get(&doc, "a").text, "\xc3\xbf"
                                                "1"));
    assert_true(pl_span_is(get(&doc, "b-1").text, "x:2,\"3"));
    assert_int_equal(get(&doc, "c").type, PL_VALUE_STRING);
    assert_int_equal(get(&doc, "\"9").type, PL_VALUE_TRUE);
    pl_slow_json_fini(&doc);
}

static void test_keys_are_exact_and_first(void **state)
{
    struct pl_slow_json doc = {0};
    const struct cJSON *node;

    (void)state;
    assert_int_equal(pl_slow_json_open(&doc, pl_span_of("{\"A\":1,\"a\":null,\"a\":false,\"\":{}}")), PL_ACCEPTED);
    assert_int_equal(get(&doc, "a").type, PL_VALUE_NULL);
    assert_int_equal(get(&doc, "").type, PL_VALUE_OBJECT);
    assert_int_equal(get(&doc, "b").type, PL_VALUE_ABSENT);
    node = pl_slow_json_first(doc.root);
    assert_true(pl_span_is(pl_slow_json_key(node), "A"));
    assert_null(pl_slow_json_member(node, pl_span_of("x")));
    assert_null(pl_slow_json_member(NULL, pl_span_of("x")));
    pl_slow_json_fini(&doc);
}

static void test_bad_documents_close_what_was_open(void **state)
{
    struct pl_slow_json doc = {0};

    (void)state;
    assert_int_equal(pl_slow_json_open(&doc, pl_span_of("{\"a\":1}")), PL_ACCEPTED);
    assert_int_equal(pl_slow_json_open(&doc, pl_span_of("{\"a\":1}x")), PL_REJECT_TRAILING);
    assert_null(doc.root);
    assert_int_equal(pl_slow_json_open(&doc, pl_span_of("[1]")), PL_REJECT_NOT_OBJECT);
    pl_slow_json_fini(&doc);
    pl_slow_json_fini(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_keep_their_digits),
        cmocka_unit_test(test_strings_that_look_like_numbers_and_marks),
        cmocka_unit_test(test_keys_are_exact_and_first),
        cmocka_unit_test(test_bad_documents_close_what_was_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
