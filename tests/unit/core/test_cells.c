#include "support/count_world.h"

static struct pl_cell_key key_of(uint16_t kind, uint32_t subject, int32_t pane)
{
    return (struct pl_cell_key){kind, 0, subject, 0, pane};
}

static const struct pl_cells_row *row_of(const struct pl_cells *cells, struct pl_cell_key key)
{
    for (uint32_t at = 0; at < cells->n; at++)
        if (pl_cell_key_order(&cells->rows[at].key, &key) == 0)
            return &cells->rows[at];
    return NULL;
}

static int setup(void **state)
{
    static struct pl_cells cells;

    cells = (struct pl_cells){0};
    pl_cells_cut(&cells, PL_TIME_NONE);
    *state = &cells;
    return 0;
}

static int teardown(void **state)
{
    pl_cells_fini(*state);
    return 0;
}

static void adds_and_takes_back(void **state)
{
    struct pl_cells *cells = *state;
    const struct pl_amount amount = {3, -5, (pl_int128)25 << 70}, minus = {-3, 5, -((pl_int128)25 << 70)};
    struct pl_cell_key key = key_of(PL_CELL_METRIC, 7, 19700);

    pl_cells_add(cells, &key, &amount);
    assert_int_equal(cells->n, 1);
    assert_int_equal(cells->rows[0].amount.n, 3);
    assert_int_equal(cells->rows[0].amount.sum, -5);
    assert_true(cells->rows[0].amount.sum2 == (pl_int128)25 << 70);
    pl_cells_add(cells, &key, &minus);
    assert_int_equal(cells->n, 1);
    assert_true(pl_amount_is_zero(&cells->rows[0].amount));
}

/* What overflows and is taken back leaves nothing: arithmetic is modular. */
static void overflow_is_undone_exactly(void **state)
{
    struct pl_cells *cells = *state;
    const struct pl_amount large = {INT64_MAX, INT64_MIN, ((pl_int128)INT64_MAX) << 63};
    const struct pl_amount minus = {-INT64_MAX, INT64_MIN, -(((pl_int128)INT64_MAX) << 63)}; /* modulo 2^64 */
    struct pl_cell_key key = key_of(PL_CELL_METRIC, 1, 1);

    for (int at = 0; at < 5; at++)
        pl_cells_add(cells, &key, &large);
    for (int at = 0; at < 4; at++)
        pl_cells_add(cells, &key, &minus);
    assert_int_equal(cells->rows[0].amount.n, INT64_MAX);
    assert_int_equal(cells->rows[0].amount.sum, INT64_MIN);
    assert_true(cells->rows[0].amount.sum2 == ((pl_int128)INT64_MAX) << 63);
}

static void changes_are_marked_once(void **state)
{
    struct pl_cells *cells = *state;
    const struct pl_amount one = {.n = 1};
    struct pl_cell_key key = key_of(PL_CELL_EXPOSED, 1, 1);

    assert_false(cells->changed);
    pl_cells_add(cells, &key, &one);
    pl_cells_add(cells, &key, &one);
    assert_int_equal(cells->n_dirty, 1);
    assert_true(cells->changed);
}

/* What is added to a copy does not show in the cells it was made from. */
static void a_copy_is_apart(void **state)
{
    struct pl_cells *cells = *state, copy = {0};
    const struct pl_amount one = {.n = 1};

    assert_true(pl_cells_copy(&copy, cells));
    pl_cells_fini(&copy);
    for (uint32_t subject = 0; subject < 100; subject++) {
        struct pl_cell_key key = key_of(PL_CELL_MIXED, subject, 1);

        pl_cells_add(cells, &key, &one);
    }
    assert_true(pl_cells_copy(&copy, cells));
    for (uint32_t subject = 50; subject < 200; subject++) {
        struct pl_cell_key key = key_of(PL_CELL_MIXED, subject, 1);

        pl_cells_add(&copy, &key, &one);
    }
    assert_int_equal(cells->n, 100);
    assert_int_equal(cells->n_mixed, 100);
    assert_int_equal(copy.n, 200);
    assert_int_equal(copy.n_mixed, 250);
    for (uint32_t at = 0; at < 200; at++)
        assert_int_equal(copy.rows[at].amount.n, at >= 50 && at < 100 ? 2 : 1);
    pl_cells_fini(&copy);
}

static void finds_every_cell_among_many(void **state)
{
    struct pl_cells *cells = *state;

    for (int round = 0; round < 2; round++)
        for (uint32_t subject = 0; subject < 50; subject++)
            for (int32_t pane = 0; pane < 100; pane++) {
                struct pl_cell_key key = key_of(PL_CELL_EXPOSED, subject, pane);
                struct pl_amount amount = {.n = (int64_t)subject * 1000 + pane};

                pl_cells_add(cells, &key, &amount);
            }
    assert_int_equal(cells->n, 5000);
    for (uint32_t at = 0; at < cells->n; at++)
        assert_int_equal(cells->rows[at].amount.n,
                         2 * ((int64_t)cells->rows[at].key.subject * 1000 + cells->rows[at].key.pane));
}

/* Kept while the pane's end lies less than 48 h, or 400 d, before the tick. */
static void cuts_funnel_panes_at_the_exact_tick(void **state)
{
    struct pl_cells *cells = *state;
    struct pl_cell_key hour = key_of(PL_CELL_FUNNEL_HOUR, 0, 1000), day = key_of(PL_CELL_FUNNEL, 0, 1000);
    struct pl_cell_key other = key_of(PL_CELL_EXPOSED, 0, 1000);

    pl_cells_cut(cells, (1001 + 48) * PL_HOUR_US - PL_HOUR_US);
    assert_true(pl_cells_kept(cells, &hour));
    pl_cells_cut(cells, (1001 + 48) * PL_HOUR_US);
    assert_false(pl_cells_kept(cells, &hour));
    pl_cells_cut(cells, (1001 + 400) * PL_DAY_US - PL_HOUR_US);
    assert_true(pl_cells_kept(cells, &day));
    pl_cells_cut(cells, (1001 + 400) * PL_DAY_US);
    assert_false(pl_cells_kept(cells, &day));
    assert_true(pl_cells_kept(cells, &other));
}

/* A week is named by its Monday and ends seven days later; 112 d are kept of it. */
static void cuts_weeks_by_their_end(void **state)
{
    struct pl_cells *cells = *state;
    struct pl_cell_key week = key_of(PL_CELL_TO_VALUE, 0, 1001), hour = key_of(PL_CELL_FUNNEL_HOUR, 0, 1000);
    struct pl_cell_key other = key_of(PL_CELL_TIME, 0, 1001);

    pl_cells_cut(cells, (1008 + 112) * PL_DAY_US - PL_HOUR_US);
    assert_true(pl_cells_kept(cells, &week));
    pl_cells_cut(cells, (1008 + 112) * PL_DAY_US);
    assert_false(pl_cells_kept(cells, &week));
    assert_true(pl_cells_kept(cells, &other));
    assert_int_equal(pl_cells_cut_at(&week), (1008 + 112) * PL_DAY_US);
    assert_int_equal(pl_cells_cut_at(&hour), (1001 + 48) * PL_HOUR_US);
    assert_int_equal(pl_cells_cut_at(&other), INT64_MAX);
}

static void cut_panes_take_nothing_and_go(void **state)
{
    struct pl_cells *cells = *state;
    const struct pl_amount one = {1, 1, 0};
    struct pl_cell_key old = key_of(PL_CELL_FUNNEL_HOUR, 0, 10), young = key_of(PL_CELL_FUNNEL_HOUR, 0, 100);

    pl_cells_add(cells, &old, &one);
    pl_cells_add(cells, &young, &one);
    pl_cells_cut(cells, 100 * PL_HOUR_US);
    pl_cells_sweep(cells);
    pl_cells_add(cells, &old, &one);
    assert_null(row_of(cells, old));
    assert_int_equal(row_of(cells, young)->amount.n, 1);
    assert_int_equal(cells->n, 1);
    assert_int_equal(cells->n_dirty, 1);
}

/* A zero cell that the store has stays until its deletion was written. */
static void sweep_keeps_what_must_be_deleted(void **state)
{
    struct pl_cells *cells = *state;
    const struct pl_amount one = {.n = 1}, minus = {.n = -1};
    struct pl_cell_key stored = key_of(PL_CELL_EXPOSED, 1, 1), fresh = key_of(PL_CELL_EXPOSED, 2, 1);

    pl_cells_restore(cells, &stored, &one);
    assert_int_equal(cells->n_dirty, 0);
    assert_int_equal(row_of(cells, stored)->amount.n, 1);
    pl_cells_add(cells, &stored, &minus);
    pl_cells_add(cells, &fresh, &one);
    pl_cells_add(cells, &fresh, &minus);
    pl_cells_sweep(cells);
    assert_non_null(row_of(cells, stored));
    assert_null(row_of(cells, fresh));
    assert_int_equal(cells->n_dirty, 1);
    assert_int_equal(cells->rows[cells->dirty[0]].key.subject, 1);
}

static void counts_mixed_units(void **state)
{
    struct pl_cells *cells = *state;
    const struct pl_amount one = {.n = 1}, minus = {.n = -1};
    struct pl_cell_key a = key_of(PL_CELL_MIXED, 1, 1), b = key_of(PL_CELL_MIXED, 2, 5);

    pl_cells_add(cells, &a, &one);
    pl_cells_add(cells, &b, &one);
    pl_cells_add(cells, &a, &minus);
    assert_int_equal(cells->n_mixed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(adds_and_takes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(overflow_is_undone_exactly, setup, teardown),
        cmocka_unit_test_setup_teardown(changes_are_marked_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_copy_is_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(finds_every_cell_among_many, setup, teardown),
        cmocka_unit_test_setup_teardown(cuts_funnel_panes_at_the_exact_tick, setup, teardown),
        cmocka_unit_test_setup_teardown(cuts_weeks_by_their_end, setup, teardown),
        cmocka_unit_test_setup_teardown(cut_panes_take_nothing_and_go, setup, teardown),
        cmocka_unit_test_setup_teardown(sweep_keeps_what_must_be_deleted, setup, teardown),
        cmocka_unit_test_setup_teardown(counts_mixed_units, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
