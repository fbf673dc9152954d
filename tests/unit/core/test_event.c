#include "core/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint64_t identity(const char *topic, const char *id, enum pl_event_kind kind, const char *name)
{
    return pl_event_identity(pl_span_of(topic), pl_span_of(id), kind, pl_span_of(name));
}

/* Values computed by tests/integration/world.py, which is written from the header. */
static void values_are_for_ever(void **state)
{
    (void)state;
    assert_true(identity("product.events", "m1", PL_EVENT_ACTION, "Order Completed") == UINT64_C(0x4aacc7a3e24d9f73));
    assert_true(identity("product.events", "m1", PL_EVENT_EXPOSURE, "checkout_1") == UINT64_C(0xb72cf89b1a8cfe80));
    assert_true(identity("t", "#3:77", PL_EVENT_ACTION, "x") == UINT64_C(0xdab313a047bd8a87));
}

static void every_part_counts(void **state)
{
    uint64_t plain = identity("topic", "id", PL_EVENT_ACTION, "name");

    (void)state;
    assert_true(identity("topic", "id", PL_EVENT_EXPOSURE, "name") != plain);
    assert_true(identity("topid", "id", PL_EVENT_ACTION, "name") != plain);
    assert_true(identity("topic", "ie", PL_EVENT_ACTION, "name") != plain);
    assert_true(identity("topic", "id", PL_EVENT_ACTION, "namf") != plain);
    assert_true(identity("topici", "d", PL_EVENT_ACTION, "name") != plain);
    assert_true(identity("topic", "idn", PL_EVENT_ACTION, "ame") != plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(values_are_for_ever), cmocka_unit_test(every_part_counts)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
