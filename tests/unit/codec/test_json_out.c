#include "codec/json_out.h"

#include "util/stamp.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_a_document(void **state)
{
    struct pl_buf out = {0};
    struct pl_json json = pl_json_to(&out);

    (void)state;
    pl_json_open(&json, NULL, '{');
    pl_json_text(&json, "a\"", "x\ny");
    pl_json_open(&json, "list", '[');
    pl_json_int(&json, NULL, INT64_MIN);
    pl_json_bool(&json, NULL, true);
    pl_json_open(&json, NULL, '{');
    pl_json_close(&json, '}');
    pl_json_open(&json, NULL, '[');
    pl_json_close(&json, ']');
    pl_json_close(&json, ']');
    pl_json_bool(&json, "no", false);
    pl_json_number(&json, "third", .1 + .2);
    pl_json_number(&json, "small", 1e-9);
    pl_json_number(&json, "nan", (double)NAN);
    pl_json_number(&json, "infinite", -(double)INFINITY);
    pl_json_time(&json, "never", PL_TIME_NONE);
    pl_json_time(&json, "at", INT64_C(1785578400000000));
    pl_json_close(&json, '}');
    assert_true(pl_buf_ok(&out));
    assert_string_equal(out.ptr, "{\"a\\\"\":\"x\\ny\",\"list\":[-9223372036854775808,true,{},[]],\"no\":false,"
                                 "\"third\":0.30000000000000004,\"small\":1e-09,\"at\":\"2026-08-01T10:00:00Z\"}");
    pl_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_document)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
