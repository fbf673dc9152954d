#include "util/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void set_formats(void **state)
{
    struct pl_err err;

    (void)state;
    assert_int_equal(pl_err_set(&err, PL_ERR_INPUT, "%s is %d", "port", 99999), PL_ERR_INPUT);
    assert_int_equal(err.code, PL_ERR_INPUT);
    assert_string_equal(err.text, "port is 99999");
    assert_int_equal(pl_err_set(NULL, PL_ERR_IO, "%d", 1), PL_ERR_IO);
}

static void long_text_is_cut(void **state)
{
    struct pl_err err;
    char text[1000];

    (void)state;
    memset(text, 'x', sizeof(text));
    text[999] = '\0';
    (void)pl_err_set(&err, PL_ERR_IO, "%s", text);
    assert_int_equal(strlen(err.text), PL_ERR_TEXT_BYTES - 1);
    pl_err_prefix(&err, "%s", "front: ");
    assert_int_equal(strlen(err.text), PL_ERR_TEXT_BYTES - 1);
    assert_memory_equal(err.text, "front: xxx", 10);
    pl_err_prefix(&err, "%s", text); /* a prefix that leaves no room */
    assert_int_equal(strlen(err.text), PL_ERR_TEXT_BYTES - 1);
    assert_memory_equal(err.text, "xxxxxxxxxx", 10);
}

static void prefix_goes_before(void **state)
{
    struct pl_err err;

    (void)state;
    (void)pl_err_set(&err, PL_ERR_INPUT, "unknown key");
    pl_err_prefix(&err, "%s:%u: ", "plateaud.conf", 12u);
    assert_string_equal(err.text, "plateaud.conf:12: unknown key");
    assert_int_equal(err.code, PL_ERR_INPUT);
    pl_err_prefix(NULL, "%s", "x");
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(pl_status_name(PL_OK), "ok");
    for (int a = PL_ERR_FENCED; a <= PL_OK; a++)
        for (int b = PL_ERR_FENCED; b < a; b++)
            assert_string_not_equal(pl_status_name((enum pl_status)a), pl_status_name((enum pl_status)b));
    assert_string_equal(pl_status_name((enum pl_status) - 99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_formats),
        cmocka_unit_test(long_text_is_cut),
        cmocka_unit_test(prefix_goes_before),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
