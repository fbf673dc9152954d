#include "codec/envelope.h"

#include "util/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

static void members_in_their_order(void **state)
{
    const struct pl_envelope envelope = {"main", "0f", "plateaud.alert.v1", "area/a \"b\"", 0};
    struct pl_buf out = {0};
    struct pl_json json = pl_json_to(&out);

    (void)state;
    pl_envelope_open(&envelope, &json);
    pl_json_int(&json, "data", 1);
    pl_json_close(&json, '}');
    assert_true(pl_buf_ok(&out));
    assert_string_equal(out.ptr, "{\"specversion\":\"1.0\",\"id\":\"0f\",\"source\":\"/plateaud/main\","
                                 "\"type\":\"plateaud.alert.v1\",\"subject\":\"area/a \\\"b\\\"\","
                                 "\"time\":\"1970-01-01T00:00:00Z\",\"datacontenttype\":\"application/json\","
                                 "\"data\":1}");
    pl_buf_fini(&out);
}

static void labels_and_what_is_hashed_of_them(void **state)
{
    const struct pl_label labels[] = {{"alertname", "ShiftToCore"}, {"owner", ""}, {"severity", "info"}};
    struct pl_buf out = {0};
    struct pl_json json = pl_json_to(&out);
    char fingerprint[33], expected[33];

    (void)state;
    pl_json_open(&json, NULL, '{');
    pl_envelope_labels(&json, labels, 3, fingerprint);
    pl_json_close(&json, '}');
    assert_string_equal(out.ptr, "{\"labels\":{\"alertname\":\"ShiftToCore\",\"severity\":\"info\"}}");
    pl_hash_hex128(pl_span_of("alertname=ShiftToCore\nseverity=info\n"), expected);
    assert_string_equal(fingerprint, expected);
    pl_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_in_their_order),
        cmocka_unit_test(labels_and_what_is_hashed_of_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
