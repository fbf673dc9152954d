#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/tick_window.h"
#include "support/random.h"
#include "util/stamp.h"

#define TICKS_MAX 1000

/* What a shard has in Redis, in no order. */
static int64_t stored[TICKS_MAX];
static unsigned n_stored;

static void store(int64_t from, int64_t to)
{
    while (from < to)
        stored[n_stored++] = from++;
}

static void shuffle(struct pl_random *random)
{
    for (unsigned at = n_stored; at > 1; at--) {
        unsigned other = (unsigned)(random_bits(random) % at);
        int64_t tick_us = stored[at - 1];

        stored[at - 1] = stored[other];
        stored[other] = tick_us;
    }
}

static void read_all(struct pl_tick_window *window, int64_t in_force_us)
{
    const struct pl_sums none = {0};
    unsigned place;

    pl_tick_window_begin(window);
    for (unsigned at = 0; at < n_stored; at++)
        if (pl_tick_window_place(window, in_force_us, stored[at], &place))
            pl_tick_window_put(window, place, stored[at], &none);
}

static unsigned first_above(const struct pl_tick_window *window, int64_t tick_us)
{
    unsigned at = 0;

    while (at < window->n && window->ticks[at].tick_us <= tick_us)
        at++;
    return at;
}

static void few_ticks(void **state)
{
    struct pl_tick_window window = {.n = 0};
    struct pl_random random = {.state = 1};
    (void)state;

    n_stored = 0;
    store(90, 120);
    shuffle(&random);
    read_all(&window, 100);
    assert_true(window.cut_us == PL_TIME_MAX && !pl_tick_window_wants_more(&window, 100));
    pl_tick_window_keep_latest(&window, 100);
    assert_int_equal(window.n, 20);
    assert_int_equal(window.n_stale, 10);
    for (unsigned at = 0; at < window.n; at++)
        assert_int_equal(window.ticks[at].tick_us, 100 + at);
    read_all(&window, 100);
    assert_int_equal(window.n, 20);
    pl_tick_window_fini(&window);
}

/* More than it holds, some of them replaced, in any order: what is above the tick in force is taken in order, without a
 * hole, in as many readings as it takes. */
static void more_than_it_holds(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 300; seed++) {
        struct pl_tick_window window = {.n = 0};
        struct pl_random random = {.state = seed};
        int64_t in_force_us = 100, end_us = 100 + 200 + (int64_t)(random_bits(&random) % 500);
        unsigned readings = 0;

        n_stored = 0;
        store(100 - (int64_t)(random_bits(&random) % 300), end_us);
        pl_tick_window_begin(&window);
        do {
            shuffle(&random);
            read_all(&window, in_force_us);
            for (unsigned at = first_above(&window, in_force_us); at < window.n; at++)
                assert_int_equal(window.ticks[at].tick_us, ++in_force_us);
            assert_true(window.cut_us > in_force_us);
            pl_tick_window_keep_latest(&window, in_force_us);
            assert_int_equal(window.n, 1);
            readings++;
        } while (pl_tick_window_wants_more(&window, in_force_us));
        assert_int_equal(in_force_us, end_us - 1);
        assert_true(readings <= 5);
        pl_tick_window_fini(&window);
    }
}

/* Full, and nobody judges: there is no use in reading again. */
static void full(void **state)
{
    struct pl_tick_window window = {.n = 0};
    struct pl_random random = {.state = 3};
    (void)state;

    n_stored = 0;
    store(0, 400);
    shuffle(&random);
    read_all(&window, PL_TIME_NONE);
    assert_int_equal(window.n, PL_TICK_WINDOW_MAX);
    assert_int_equal(window.ticks[PL_TICK_WINDOW_MAX - 1].tick_us, PL_TICK_WINDOW_MAX - 1);
    assert_false(pl_tick_window_wants_more(&window, PL_TIME_NONE));
    assert_true(pl_tick_window_wants_more(&window, 300)); /* restored: all but the last of these are replaced */
    read_all(&window, 300);
    assert_int_equal(window.ticks[window.n - 1].tick_us, 399);
    pl_tick_window_keep_latest(&window, 300);
    assert_int_equal(window.n, 100);
    assert_int_equal(window.ticks[0].tick_us, 300);
    pl_tick_window_fini(&window);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_ticks),
        cmocka_unit_test(more_than_it_holds),
        cmocka_unit_test(full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
