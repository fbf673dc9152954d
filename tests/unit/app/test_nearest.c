#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/nearest.h"

#include <string.h>

static unsigned distance(const char *a, const char *b)
{
    return pl_nearest_distance(pl_span_of(a), pl_span_of(b));
}

static void distances_in_halves(void **state)
{
    char longer[101];

    (void)state;
    assert_int_equal(distance("", ""), 0);
    assert_int_equal(distance("order", "order"), 0);
    assert_int_equal(distance("order", "orders"), 2);
    assert_int_equal(distance("order", "oder"), 2);
    assert_int_equal(distance("order", "ordre"), 4);
    assert_int_equal(distance("Order", "order"), 1);
    assert_int_equal(distance("Order Completed", "order_completed"), 3);
    assert_int_equal(distance("OrderCompleted", "Order Completed"), 1);
    assert_int_equal(distance("kitten", "sitting"), 6); /* the textbook's three edits */
    assert_int_equal(distance("abc", "xyz"), 6);
    memset(longer, 'x', 100);
    longer[100] = '\0';
    assert_int_equal(distance(longer, ""), 128);
}

static void the_nearest_if_it_is_near(void **state)
{
    struct pl_names *known = pl_names_new(8);

    (void)state;
    assert_null(pl_nearest_name(known, pl_span_of("x")));
    assert_int_equal(pl_names_add(known, pl_span_of("Order Completed")), 0);
    assert_int_equal(pl_names_add(known, pl_span_of("Order Cancelled")), 1);
    assert_string_equal(pl_nearest_name(known, pl_span_of("order_completed")), "Order Completed");
    assert_string_equal(pl_nearest_name(known, pl_span_of("order canceled")), "Order Cancelled");
    assert_null(pl_nearest_name(known, pl_span_of("Page Viewed")));
    pl_names_free(known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(distances_in_halves),
                                       cmocka_unit_test(the_nearest_if_it_is_near)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
