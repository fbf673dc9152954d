/* Buckets added over panes, and the quantiles that an unrolled list of the same values has. */
#include "core/judge/histogram.h"

#include "support/near.h"
#include "support/observed.h"
#include "support/random.h"

static struct pl_cell_key of(unsigned arm, uint32_t bucket)
{
    return (struct pl_cell_key){PL_CELL_TO_VALUE, (uint16_t)arm, 3, bucket, 0};
}

static void only_what_was_asked_for_is_added(void **state)
{
    struct pl_histogram histogram = {0};
    struct pl_sums sums = {0};

    (void)state;
    observed_cell(&sums, of(0, 5), 0, 10, 0);
    observed_cell(&sums, of(0, 5), 7, 20, 0);
    observed_cell(&sums, of(0, 7), 7, 4, 0);
    observed_cell(&sums, of(0, 7), 14, 1000, 0);                                          /* a later pane */
    observed_cell(&sums, of(0, 7), -7, 1000, 0);                                          /* an earlier one */
    observed_cell(&sums, of(1, 7), 7, 1000, 0);                                           /* another arm */
    observed_cell(&sums, of(0, 9999), 7, 1, 0);                                           /* no bucket */
    observed_cell(&sums, (struct pl_cell_key){PL_CELL_TO_VALUE, 0, 4, 5, 0}, 7, 1000, 0); /* another area */
    pl_histogram_add(&histogram, &sums, of(0, 0), OBSERVED_DAY0, OBSERVED_DAY0 + 7);
    assert_int_equal(histogram.n, 34);
    assert_int_equal(histogram.counts[5], 30);
    assert_int_equal(histogram.counts[7], 4);
    pl_sums_fini(&sums);
}

/* Where a metric stands below the bucket, its own are taken. */
static void of_one_metric(void **state)
{
    const struct pl_cell_key key = {PL_CELL_TIME, 1, 3, 2, 0};
    struct pl_histogram histogram = {0};
    struct pl_sums sums = {0};

    (void)state;
    observed_cell(&sums, (struct pl_cell_key){PL_CELL_TIME, 1, 3, 2 | 5 << 16, 0}, 0, 10, 0);
    observed_cell(&sums, (struct pl_cell_key){PL_CELL_TIME, 1, 3, 2 | 5 << 16, 0}, 7, 4, 0);
    observed_cell(&sums, (struct pl_cell_key){PL_CELL_TIME, 1, 3, 1 | 5 << 16, 0}, 7, 1000, 0);    /* another metric */
    observed_cell(&sums, (struct pl_cell_key){PL_CELL_TIME, 1, 3, 2 | 9999 << 16, 0}, 7, 1000, 0); /* no bucket */
    pl_histogram_add(&histogram, &sums, key, INT32_MIN, OBSERVED_DAY0 + 7);
    assert_int_equal(histogram.n, 14);
    assert_int_equal(histogram.counts[5], 14);
    pl_sums_fini(&sums);
}

static int ascending(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* The smallest value with at least p % at or below it: rank ceil(n p / 100) of the sorted list. */
static void quantiles_are_ranks(void **state)
{
    struct pl_random random = {7};

    (void)state;
    for (int round = 0; round < 500; round++) {
        int n = 1 + (int)(random_bits(&random) % 60), list[60];
        struct pl_histogram histogram = {0};
        unsigned percent = 1 + (unsigned)(random_bits(&random) % 100);

        for (int at = 0; at < n; at++) {
            list[at] = (int)(random_bits(&random) % PL_SKETCH_BUCKETS);
            histogram.counts[list[at]]++;
            histogram.n++;
        }
        qsort(list, (size_t)n, sizeof(*list), ascending);
        assert_int_equal(pl_histogram_quantile(&histogram, percent), list[(n * (int)percent + 99) / 100 - 1]);
    }
    assert_int_equal(pl_histogram_quantile(&(struct pl_histogram){0}, 50), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_was_asked_for_is_added),
        cmocka_unit_test(of_one_metric),
        cmocka_unit_test(quantiles_are_ranks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
