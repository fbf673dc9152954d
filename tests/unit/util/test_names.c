#include "util/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static void ids_are_dense_and_stable(void **state)
{
    struct pl_names *names = pl_names_new(10000);
    char text[32];

    (void)state;
    assert_non_null(names);
    for (uint32_t at = 0; at < 10000; at++) {
        snprintf(text, sizeof(text), "name %u", at);
        assert_int_equal(pl_names_find(names, pl_span_of(text)), PL_NAMES_NONE);
        assert_int_equal(pl_names_add(names, pl_span_of(text)), at);
        assert_int_equal(pl_names_count(names), at + 1);
    }
    for (uint32_t at = 0; at < 10000; at++) {
        snprintf(text, sizeof(text), "name %u", at);
        assert_int_equal(pl_names_find(names, pl_span_of(text)), at);
        assert_int_equal(pl_names_add(names, pl_span_of(text)), at);
        assert_string_equal(pl_names_text(names, at), text);
    }
    pl_names_free(names);
    pl_names_free(NULL);
}

static void full_takes_no_more(void **state)
{
    struct pl_names *names = pl_names_new(1);

    (void)state;
    assert_int_equal(pl_names_add(names, pl_span_of("a")), 0);
    assert_int_equal(pl_names_add(names, pl_span_of("b")), PL_NAMES_NONE);
    assert_int_equal(pl_names_add(names, pl_span_of("a")), 0);
    assert_int_equal(pl_names_find(names, pl_span_of("b")), PL_NAMES_NONE);
    assert_int_equal(pl_names_count(names), 1);
    pl_names_free(names);
}

static void empty_is_a_text(void **state)
{
    struct pl_names *names = pl_names_new(4);

    (void)state;
    assert_int_equal(pl_names_find(names, pl_span_of("")), PL_NAMES_NONE);
    assert_int_equal(pl_names_add(names, pl_span_of("")), 0);
    assert_int_equal(pl_names_find(names, (struct pl_span){NULL, 0}), 0);
    pl_names_free(names);
}

/* A name with a NUL byte would be found again under another text, and added anew each time. */
static void nul_is_refused(void **state)
{
    struct pl_names *names = pl_names_new(4);
    const struct pl_span text = {"a\0b", 3};

    (void)state;
    assert_int_equal(pl_names_add(names, text), PL_NAMES_NONE);
    assert_int_equal(pl_names_find(names, text), PL_NAMES_NONE);
    assert_int_equal(pl_names_count(names), 0);
    pl_names_free(names);
}

static void texts_are_copies(void **state)
{
    struct pl_names *names = pl_names_new(4);
    char text[4] = "abc";

    (void)state;
    assert_int_equal(pl_names_add(names, pl_span_of(text)), 0);
    memcpy(text, "xyz", 3);
    assert_string_equal(pl_names_text(names, 0), "abc");
    pl_names_free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_dense_and_stable), cmocka_unit_test(full_takes_no_more),
        cmocka_unit_test(empty_is_a_text),          cmocka_unit_test(nul_is_refused),
        cmocka_unit_test(texts_are_copies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
