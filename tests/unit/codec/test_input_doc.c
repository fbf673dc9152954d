#include "codec/input_doc.h"

#include "util/stamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#define TICK_US INT64_C(1785578400000000) /* 2026-08-01T10:00:00Z */

static struct pl_input_edge edge_of(bool resolved, uint32_t shared)
{
    return (struct pl_input_edge){.resolved = resolved,
                                  .starts_us = resolved ? TICK_US - PL_DAY_US : TICK_US,
                                  .tick_us = TICK_US,
                                  .view = {.sampled = 2048, .shared = shared},
                                  .forget_us = 90 * PL_DAY_US};
}

static void put(const struct pl_input_edge *edge, struct pl_buf *out)
{
    pl_buf_clear(out);
    pl_input_doc_write("main", edge, out);
    assert_true(pl_buf_ok(out));
}

static void says_how_many_and_what_to_do(void **state)
{
    struct pl_input_edge edge = edge_of(false, 37);
    struct pl_buf out = {0};

    (void)state;
    put(&edge, &out);
    assert_non_null(strstr(out.ptr, "\"alertname\":\"InputNotKeyedByUser\",\"area\":\"*\",\"instance\":\"main\","
                                    "\"severity\":\"critical\""));
    assert_non_null(
        strstr(out.ptr, "Of 2048 users looked at, 37 had events in more than one partition in the last 90 days."));
    assert_non_null(strstr(out.ptr, "partitioner=murmur2_random"));
    assert_null(strstr(out.ptr, "one id only"));
    assert_non_null(strstr(out.ptr, "\"users_in_several_partitions\":37"));
    edge = edge_of(false, 1);
    put(&edge, &out);
    assert_non_null(strstr(out.ptr, "It is one id only"));
    pl_buf_fini(&out);
}

static void the_same_edge_has_the_same_id(void **state)
{
    struct pl_input_edge firing = edge_of(false, 37), resolved = edge_of(true, 0), later = edge_of(false, 37);
    char one[33], two[33];

    (void)state;
    pl_input_doc_id(&firing, one);
    firing.view.shared = 38;
    pl_input_doc_id(&firing, two);
    assert_string_equal(one, two);
    pl_input_doc_id(&resolved, two);
    assert_string_not_equal(one, two);
    later.tick_us += PL_TICK_US;
    pl_input_doc_id(&later, two);
    assert_string_not_equal(one, two);
}

static void keeps_the_schema(void **state)
{
    FILE *out = popen("/usr/bin/env python3 " PL_SOURCE_DIR "/tests/unit/codec/check_schema.py " PL_SOURCE_DIR
                      "/conf/alert.schema.json 3",
                      "w");
    const struct pl_input_edge edges[] = {edge_of(false, 37), edge_of(false, 1), edge_of(true, 0)};
    struct pl_buf text = {0};
    int status;

    (void)state;
    assert_non_null(out);
    for (unsigned at = 0; at < 3; at++) {
        put(&edges[at], &text);
        fprintf(out, "%s\n", text.ptr);
    }
    pl_buf_fini(&text);
    status = pclose(out);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_how_many_and_what_to_do),
        cmocka_unit_test(the_same_edge_has_the_same_id),
        cmocka_unit_test(keeps_the_schema),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
