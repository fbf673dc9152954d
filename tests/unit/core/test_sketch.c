/* Buckets of times: the table's derivation, where times go, and the promised 1 %. */
#include "core/sketch.h"
#include "support/near.h"
#include "support/random.h"
#include "util/num.h"

#define LAST (PL_SKETCH_BUCKETS - 1)

static void table_is_the_recurrence(void **state)
{
    int64_t bound = PL_SECOND_US;
    (void)state;

    assert_int_equal(pl_sketch_lower(0), 0);
    for (unsigned at = 0; at < LAST - 1; at++) {
        assert_int_equal(pl_sketch_upper(at), bound);
        assert_int_equal(pl_sketch_lower(at + 1), bound);
        bound = bound * 101 / 99;
    }
    assert_true(bound >= PL_SKETCH_LAST_US); /* the next one would be beyond: the last bound is 400 days itself */
    assert_int_equal(pl_sketch_upper(LAST - 1), PL_SKETCH_LAST_US);
    assert_int_equal(pl_sketch_lower(LAST), 400 * PL_DAY_US);
    assert_int_equal(pl_sketch_upper(LAST), INT64_MAX);
}

/* Exact powers (101/99)^i of a second, from rational arithmetic: the rounding of the recurrence stays below 1e-4. */
static void bounds_follow_the_powers(void **state)
{
    static const struct {
        unsigned bucket;
        double us;
    } powers[] = {{1, 1020202.02020202},  {10, 1221410.90136097}, {100, 7389548.74865138},
                  {400, 2981753062.8821}, {800, 8890851328006.8}, {867, 33956064782761.1}};
    (void)state;

    for (size_t at = 0; at < sizeof(powers) / sizeof(powers[0]); at++)
        assert_near((double)pl_sketch_upper(powers[at].bucket), powers[at].us, 1e-4);
}

static void edges_belong_to_the_bucket_above(void **state)
{
    (void)state;

    for (unsigned at = 0; at < PL_SKETCH_BUCKETS; at++) {
        assert_int_equal(pl_sketch_bucket(pl_sketch_lower(at)), at);
        assert_int_equal(pl_sketch_bucket(pl_sketch_upper(at) - 1), at);
    }
    assert_int_equal(pl_sketch_bucket(INT64_MIN), 0);
    assert_int_equal(pl_sketch_bucket(-1), 0);
    assert_int_equal(pl_sketch_bucket(PL_SECOND_US), 1);
    assert_int_equal(pl_sketch_bucket(INT64_MAX), LAST);
}

static void the_middle_is_within_one_per_cent(void **state)
{
    struct pl_random random = {20250107};
    (void)state;

    for (unsigned at = 1; at < LAST; at++) {
        double middle = (double)pl_sketch_middle(at);

        assert_true(fabs(middle - (double)pl_sketch_lower(at)) <= .01 * (double)pl_sketch_lower(at) + 1.);
        assert_true(fabs(middle - (double)pl_sketch_upper(at)) <= .01 * (double)pl_sketch_upper(at) + 1.);
    }
    for (unsigned draw = 0; draw < 100000; draw++) {
        double us = 1e6 * exp(random_share(&random) * 17.358);
        double middle = (double)pl_sketch_middle(pl_sketch_bucket((int64_t)us));

        assert_true(fabs(middle - us) <= .01 * us + 1.);
    }
    assert_int_equal(pl_sketch_middle(0), PL_SECOND_US / 2);
    assert_int_equal(pl_sketch_middle(LAST), PL_SKETCH_LAST_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_the_recurrence),
        cmocka_unit_test(bounds_follow_the_powers),
        cmocka_unit_test(edges_belong_to_the_bucket_above),
        cmocka_unit_test(the_middle_is_within_one_per_cent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
