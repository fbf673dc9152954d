#include "codec/escape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void check_undo(const char *raw, const char *expected)
{
    char out[256];
    size_t len = pl_escape_undo(pl_span_of(raw), out);

    assert_int_equal(len, strlen(expected));
    assert_memory_equal(out, expected, len);
}

static void test_undo(void **state)
{
    (void)state;
    check_undo("", "");
    check_undo("plain", "plain");
    check_undo("\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t");
    check_undo("a\\u0041b", "aAb");
    check_undo("\\u00e9\\u00E9", "\xc3\xa9\xc3\xa9");
    check_undo("\\u07ff\\u0800", "\xdf\xbf\xe0\xa0\x80");
    check_undo("\\u20ac", "\xe2\x82\xac");
    check_undo("\\ud83d\\ude00!", "\xf0\x9f\x98\x80!");
    check_undo("\\uD800\\uDC00", "\xf0\x90\x80\x80");
    check_undo("\\udbff\\udfff", "\xf4\x8f\xbf\xbf");
    check_undo("\\\\u0041", "\\u0041");
    check_undo("{\\\"a\\\":\\\"\\\\u0041\\\"}", "{\"a\":\"\\u0041\"}");
}

static void check_add(const char *text, size_t len, const char *expected)
{
    struct pl_buf out = {0};

    pl_escape_add(&out, (struct pl_span){text, len});
    assert_true(pl_buf_ok(&out));
    assert_string_equal(out.ptr, expected);
    pl_buf_fini(&out);
}

static void test_add(void **state)
{
    (void)state;
    check_add("", 0, "\"\"");
    check_add("a\"b\\c/", 6, "\"a\\\"b\\\\c/\"");
    check_add("\b\f\n\r\t\x01\x1f\0", 8, "\"\\b\\f\\n\\r\\t\\u0001\\u001f\\u0000\"");
    check_add("\xc3\xa9\xf0\x9f\x98\x80", 6, "\"\xc3\xa9\xf0\x9f\x98\x80\"");
    check_add("a\xff\xc3", 3, "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
    check_add("\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

/* Every code point: its UTF-8, made here by the definition, is taken; everything else of that length is not. */
static void test_utf8_of_every_code_point(void **state)
{
    (void)state;
    for (uint32_t code = 0; code < 0x110000; code++) {
        unsigned char b[4] = {(unsigned char)code};
        size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        bool surrogate = code >= 0xd800 && code <= 0xdfff;

        for (size_t at = len; len > 1 && at-- > 0;)
            b[at] = (unsigned char)((at ? 0x80u : (0xf00u >> len) & 0xffu) |
                                    (code >> 6 * (len - 1 - at) & (at ? 0x3fu : 0x7fu >> len)));
        assert_int_equal(pl_escape_utf8_len((struct pl_span){(const char *)b, len}), surrogate ? 0 : len);
        if (len > 1)
            assert_int_equal(pl_escape_utf8_len((struct pl_span){(const char *)b, len - 1}), 0);
    }
}

static void test_utf8_that_is_not(void **state)
{
    static const char *const rows[] = {"\x80",
                                       "\xbf",
                                       "\xc0\x80",
                                       "\xc1\xbf",
                                       "\xe0\x9f\xbf",
                                       "\xf0\x8f\xbf\xbf",
                                       "\xf4\x90\x80\x80",
                                       "\xf5\x80\x80\x80",
                                       "\xff",
                                       "\xc3(",
                                       "\xe2\x28\xa1",
                                       "\xe2\x82\x28"};

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(*rows); at++)
        assert_int_equal(pl_escape_utf8_len(pl_span_of(rows[at])), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_undo),
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_utf8_of_every_code_point),
        cmocka_unit_test(test_utf8_that_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
