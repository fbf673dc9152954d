#include "util/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define S(text) pl_span_of(text)

static void compares(void **state)
{
    (void)state;
    assert_true(pl_span_eq(S("ab"), S("ab")));
    assert_false(pl_span_eq(S("ab"), S("abc")));
    assert_false(pl_span_eq(S("ab"), S("ac")));
    assert_true(pl_span_eq(S(NULL), S("")));
    assert_true(pl_span_is((struct pl_span){"abc", 2}, "ab"));
    assert_false(pl_span_is((struct pl_span){"a\0b", 3}, "a"));
    assert_int_equal(S(NULL).len, 0);
}

static void takes_a_prefix(void **state)
{
    struct pl_span rest = S("redis://a");

    (void)state;
    assert_false(pl_span_take_prefix(&rest, "rediss://"));
    assert_true(pl_span_is(rest, "redis://a"));
    assert_true(pl_span_take_prefix(&rest, "redis://"));
    assert_true(pl_span_is(rest, "a"));
    assert_false(pl_span_take_prefix(&rest, "ab")); /* longer than what there is */
    assert_true(pl_span_take_prefix(&rest, "a"));
    assert_int_equal(rest.len, 0);
}

static void trims(void **state)
{
    (void)state;
    assert_true(pl_span_is(pl_span_trim(S(" \t\r\n a b \n")), "a b"));
    assert_true(pl_span_is(pl_span_trim(S(" \t ")), ""));
    assert_true(pl_span_is(pl_span_trim(S(NULL)), ""));
    assert_true(pl_span_is(pl_span_trim(S("\va\v")), "\va\v"));
}

static void cuts_every_piece(void **state)
{
    static const char *const pieces[] = {"", "a", "", "bc", ""};
    struct pl_span rest = S(",a,,bc,");
    unsigned n = 0;

    (void)state;
    while (rest.ptr) {
        assert_true(n < 5);
        assert_true(pl_span_is(pl_span_cut(&rest, ','), pieces[n++]));
    }
    assert_int_equal(n, 5);
    rest = S("");
    assert_true(pl_span_is(pl_span_cut(&rest, ','), ""));
    assert_null(rest.ptr);
    rest = S("a=b=c");
    assert_true(pl_span_is(pl_span_cut(&rest, '='), "a"));
    assert_true(pl_span_is(rest, "b=c"));
}

static void copies(void **state)
{
    char out[4] = "xxx";
    char *copy;

    (void)state;
    assert_true(pl_span_copy(S("abc"), out, sizeof(out)));
    assert_string_equal(out, "abc");
    assert_false(pl_span_copy(S("abcd"), out, sizeof(out)));
    assert_string_equal(out, "");
    assert_true(pl_span_copy(S(NULL), out, 1));
    assert_false(pl_span_copy(S(""), out, 0));
    copy = pl_span_dup((struct pl_span){"abcdef", 3});
    assert_string_equal(copy, "abc");
    free(copy);
    copy = pl_span_dup(S(NULL));
    assert_string_equal(copy, "");
    free(copy);
}

static void globs(void **state)
{
    static const struct {
        const char *text, *pattern;
        bool match;
    } rows[] = {
        {"", "", true},
        {"", "*", true},
        {"", "?", false},
        {"a", "", false},
        {"abc", "abc", true},
        {"abc", "ab", false},
        {"abc", "a?c", true},
        {"abc", "*", true},
        {"abc", "*c", true},
        {"abc", "a*", true},
        {"abc", "a*d", false},
        {"abc", "**c", true},
        {"aab", "a*b", true},
        {"abab", "*ab", true},
        {"ababc", "*ab", false},
        {"abcabd", "*ab?", true},
        {"checkout_1", "checkout_*", true},
        {"cart", "checkout_*", false},
        {"a*c", "a*c", true},
        {"mississippi", "m*iss*ip*i", true},
        {"mississippi", "m*iss*ipx*", false},
        {"abc", "?*?*?", true},
        {"ab", "?*?*?", false},
        {"ABC", "abc", false},
        {"[a]", "[a]", true},
        {"a", "[a]", false},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(*rows); at++)
        if (pl_span_glob(S(rows[at].text), S(rows[at].pattern)) != rows[at].match)
            fail_msg("%s against %s should be %d", rows[at].text, rows[at].pattern, rows[at].match);
}

/* What the pattern language says, word for word and with no thought for cost. */
static bool slow_glob(const char *text, const char *pattern)
{
    if (!*pattern)
        return !*text;
    if (*pattern == '*')
        return slow_glob(text, pattern + 1) || (*text && slow_glob(text + 1, pattern));
    return *text && (*pattern == '?' || *pattern == *text) && slow_glob(text + 1, pattern + 1);
}

static void globs_as_the_definition_says(void **state)
{
    unsigned seed = 1;

    (void)state;
    for (int round = 0; round < 200000; round++) {
        char text[8] = "", pattern[8] = "";

        for (int at = 0; at < 7; at++) {
            seed = seed * 1103515245u + 12345u;
            text[at] = "ab\0"[(seed >> 16) % 3];
            seed = seed * 1103515245u + 12345u;
            pattern[at] = "ab*?*\0"[(seed >> 16) % 6];
        }
        if (pl_span_glob(S(text), S(pattern)) != slow_glob(text, pattern))
            fail_msg("%s against %s", text, pattern);
    }
}

static void names(void **state)
{
    char longest[PL_NAME_BYTES + 1];

    (void)state;
    assert_true(pl_span_is_name(S("a")));
    assert_true(pl_span_is_name(S("AZaz09_.:-")));
    assert_true(pl_span_is_name(S("Order Completed")));
    memset(longest, 'x', sizeof(longest));
    assert_true(pl_span_is_name((struct pl_span){longest, 64}));
    assert_false(pl_span_is_name((struct pl_span){longest, 65}));
    assert_false(pl_span_is_name(S("")));
    assert_false(pl_span_is_name(S(" a")));
    assert_false(pl_span_is_name(S("a ")));
    assert_false(pl_span_is_name(S(" ")));
    for (int c = 0; c < 256; c++) {
        char text[3] = {'a', (char)c, 'b'};
        bool good = c == ' ' || c == '_' || c == '.' || c == ':' || c == '-' || (c >= '0' && c <= '9') ||
                    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        assert_int_equal(pl_span_is_name((struct pl_span){text, 3}), good);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares),
        cmocka_unit_test(takes_a_prefix),
        cmocka_unit_test(trims),
        cmocka_unit_test(cuts_every_piece),
        cmocka_unit_test(copies),
        cmocka_unit_test(globs),
        cmocka_unit_test(globs_as_the_definition_says),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
