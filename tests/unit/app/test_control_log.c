#include "app/control_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static void add(struct pl_control_log *log, int64_t offset)
{
    struct pl_control_item item = {.offset = offset, .record_us = offset * 10, .control.cost = 2};

    assert_int_equal(pl_control_log_add(log, &item, pl_span_of("{\"a\":1}"), NULL), PL_OK);
}

static void records_are_found_by_offset(void **state)
{
    struct pl_control_log log = {0};

    (void)state;
    assert_null(pl_control_log_at(&log, 0));
    add(&log, 3);
    add(&log, 4);
    add(&log, 9); /* offsets of a log have holes */
    assert_int_equal(pl_control_log_at(&log, -2)->offset, 3);
    assert_int_equal(pl_control_log_at(&log, 3)->offset, 3);
    assert_int_equal(pl_control_log_at(&log, 5)->offset, 9);
    assert_int_equal(pl_control_log_at(&log, 5)->record_us, 90);
    assert_string_equal(pl_control_log_at(&log, 5)->json, "{\"a\":1}");
    assert_null(pl_control_log_at(&log, 10));
    pl_control_log_fini(&log);
    assert_null(pl_control_log_at(&log, 0));
}

static void what_is_dropped_is_gone_and_makes_room(void **state)
{
    struct pl_control_log log = {0};

    (void)state;
    for (int64_t offset = 0; offset < 100000; offset++) {
        add(&log, offset);
        if (offset >= 100)
            pl_control_log_drop(&log, offset - 100);
    }
    assert_int_equal(log.n, 101);
    assert_true(log.cap <= 1024); /* memory follows what is held, not what has passed */
    assert_int_equal(pl_control_log_at(&log, 0)->offset, 99899);
    assert_int_equal(pl_control_log_at(&log, 99999)->offset, 99999);
    pl_control_log_drop(&log, 200000);
    assert_int_equal(log.n, 0);
    pl_control_log_fini(&log);
}

static void a_full_window_takes_no_more(void **state)
{
    struct pl_control_log log = {0};
    const struct pl_control_item item = {.offset = PL_CONTROL_WINDOW_MAX};

    (void)state;
    for (int64_t offset = 0; offset < PL_CONTROL_WINDOW_MAX; offset++)
        add(&log, offset);
    assert_true(pl_control_log_full(&log));
    assert_int_equal(pl_control_log_add(&log, &item, pl_span_of("{}"), NULL), PL_ERR_FULL);
    assert_int_equal(log.n, PL_CONTROL_WINDOW_MAX);
    pl_control_log_drop(&log, 1);
    assert_false(pl_control_log_full(&log));
    assert_int_equal(pl_control_log_add(&log, &item, pl_span_of("{}"), NULL), PL_OK);
    pl_control_log_fini(&log);
}

static void a_restart_forgets_everything(void **state)
{
    struct pl_control_log log = {0};
    const struct pl_control_item refused = {.offset = 5, .reason = PL_REJECT_TOMBSTONE};

    (void)state;
    add(&log, 7);
    log.at_end = true;
    pl_control_log_restart(&log, 5);
    assert_false(log.at_end);
    assert_int_equal(log.next_offset, 5);
    assert_null(pl_control_log_at(&log, 0));
    assert_int_equal(pl_control_log_add(&log, &refused, (struct pl_span){NULL, 0}, NULL), PL_OK);
    assert_int_equal(pl_control_log_at(&log, 0)->reason, PL_REJECT_TOMBSTONE);
    assert_string_equal(pl_control_log_at(&log, 0)->json, "");
    pl_control_log_fini(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_found_by_offset),
        cmocka_unit_test(what_is_dropped_is_gone_and_makes_room),
        cmocka_unit_test(a_full_window_takes_no_more),
        cmocka_unit_test(a_restart_forgets_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
