#include "core/sums.h"
#include "util/stamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t seed = 1;

static unsigned draw(unsigned below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)((seed >> 33) % below);
}

static struct pl_cell cell(uint16_t kind, uint32_t subject, uint16_t arm, uint32_t metric, int32_t pane, int64_t n)
{
    return (struct pl_cell){.key = {kind, arm, subject, metric, pane}, .n = n, .sum = 3 * n, .sum2 = 5 * n};
}

/* One cell's address by names: how sums are compared whatever the order of their dictionaries. */
struct named {
    char text[4 * PL_NAME_BYTES];
    int64_t n, sum;
    pl_int128 sum2;
};

static int named_order(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->text, ((const struct named *)b)->text);
}

static struct named *names_of(const struct pl_sums *sums)
{
    struct named *rows = calloc(sums->n_cells + 1, sizeof(*rows));

    assert_non_null(rows);
    for (size_t at = 0; at < sums->n_cells; at++) {
        const struct pl_cell *c = &sums->cells[at];
        bool funnel = c->key.kind >= PL_CELL_FUNNEL;
        const struct pl_sums_experiment *e = funnel ? NULL : &sums->experiments[c->key.subject];
        bool has_arm = !funnel && c->key.kind != PL_CELL_MIXED;

        snprintf(rows[at].text, sizeof(rows[at].text), "%u %s %s %u %u %u %d", c->key.kind, e ? e->name : "-",
                 has_arm ? e->variants[c->key.arm] : "-", funnel ? c->key.subject : 0, has_arm ? 0 : c->key.arm,
                 c->key.metric, c->key.pane);
        rows[at].n = c->n;
        rows[at].sum = c->sum;
        rows[at].sum2 = c->sum2;
    }
    qsort(rows, sums->n_cells, sizeof(*rows), named_order);
    return rows;
}

static void assert_same(const struct pl_sums *a, const struct pl_sums *b)
{
    struct named *left = names_of(a), *right = names_of(b);

    assert_int_equal(a->n_cells, b->n_cells);
    assert_int_equal(a->n_experiments, b->n_experiments);
    assert_int_equal(a->tick_us, b->tick_us);
    for (size_t at = 0; at < a->n_cells; at++) {
        assert_string_equal(left[at].text, right[at].text);
        assert_int_equal(left[at].n, right[at].n);
        assert_int_equal(left[at].sum, right[at].sum);
        assert_true(left[at].sum2 == right[at].sum2);
    }
    for (unsigned at = 0; at < a->n_experiments; at++) {
        const struct pl_sums_experiment *x = &a->experiments[at];
        int other = pl_sums_find(b, pl_span_of(x->name));

        assert_true(other >= 0);
        assert_int_equal(x->first_exposure_us, b->experiments[other].first_exposure_us);
        assert_int_equal(x->joined_late, b->experiments[other].joined_late);
        assert_int_equal(x->n_variants, b->experiments[other].n_variants);
        for (unsigned v = 0; v < x->n_variants; v++)
            assert_true(pl_sums_find_variant(&b->experiments[other], pl_span_of(x->variants[v])) >= 0);
    }
    free(left);
    free(right);
}

static void assert_sorted(const struct pl_sums *sums)
{
    for (size_t at = 0; at + 1 < sums->n_cells; at++)
        assert_true(pl_cell_key_order(&sums->cells[at].key, &sums->cells[at + 1].key) < 0);
    for (size_t at = 0; at < sums->n_cells; at++)
        assert_true(sums->cells[at].n || sums->cells[at].sum || sums->cells[at].sum2);
}

static int by_key(const void *a, const void *b)
{
    return pl_cell_key_order(&((const struct pl_cell *)a)->key, &((const struct pl_cell *)b)->key);
}

/* Experiments e0..e(n_names) in random order, variants v0..v(n_variant_names), cells of every kind. */
static struct pl_sums random_sums(unsigned n_names, unsigned n_variant_names)
{
    struct pl_sums sums = {.tick_us = (int64_t)draw(100) * PL_TICK_US};
    unsigned shift = draw(n_names);

    sums.n_experiments = draw(n_names + 1);
    sums.experiments = calloc(sums.n_experiments + 1, sizeof(*sums.experiments));
    sums.cells = calloc(60, sizeof(*sums.cells));
    assert_non_null(sums.experiments);
    assert_non_null(sums.cells);
    for (unsigned at = 0; at < sums.n_experiments; at++) {
        struct pl_sums_experiment *e = &sums.experiments[at];
        unsigned turn = draw(n_variant_names);

        snprintf(e->name, sizeof(e->name), "e%u", (at + shift) % n_names);
        e->first_exposure_us = draw(5) ? (int64_t)draw(1000) : PL_TIME_NONE;
        e->joined_late = draw(4) == 0;
        e->n_variants = 1 + draw(n_variant_names < PL_VARIANTS_MAX ? n_variant_names : PL_VARIANTS_MAX);
        for (unsigned v = 0; v < e->n_variants; v++)
            snprintf(e->variants[v], sizeof(e->variants[v]), "v%u", (v + turn) % n_variant_names);
    }
    for (unsigned at = 0; at < 60; at++) {
        uint16_t kind = (uint16_t)(1 + draw(6));
        uint32_t subject = kind >= PL_CELL_FUNNEL ? draw(2) : draw(sums.n_experiments + 1);
        uint16_t arm = 0;
        struct pl_cell next;

        if (kind < PL_CELL_FUNNEL && subject == sums.n_experiments)
            continue;
        if (kind >= PL_CELL_FUNNEL)
            arm = (uint16_t)draw(3);
        else if (kind != PL_CELL_MIXED)
            arm = (uint16_t)draw(sums.experiments[subject].n_variants);
        next = cell(kind, subject, arm, kind == PL_CELL_METRIC ? draw(2) : 0, (int32_t)draw(3), 1 + draw(9));
        next.sum -= (int64_t)draw(50);
        if (draw(10) == 0)
            next.n = -next.n;
        if (!sums.n_cells || !bsearch(&next, sums.cells, sums.n_cells, sizeof(next), by_key)) {
            sums.cells[sums.n_cells++] = next;
            qsort(sums.cells, sums.n_cells, sizeof(next), by_key);
        }
    }
    return sums;
}

/* Merge parts[order[0]], parts[order[1]], ... into one; or as two halves that are merged last. */
static struct pl_sums merge_all(const struct pl_sums *parts, const unsigned *order, unsigned n, bool halves)
{
    struct pl_sums all = {0}, tail = {0};

    for (unsigned at = 0; at < n; at++)
        assert_int_equal(pl_sums_merge(halves && at >= n / 2 ? &tail : &all, &parts[order[at]], NULL), PL_OK);
    if (halves)
        assert_int_equal(pl_sums_merge(&all, &tail, NULL), PL_OK);
    pl_sums_fini(&tail);
    assert_sorted(&all);
    return all;
}

static void check_any_order(unsigned n_names, unsigned n_variant_names)
{
    enum { PARTS = 5 };
    struct pl_sums parts[PARTS], first, other;
    unsigned order[PARTS] = {0, 1, 2, 3, 4};

    for (unsigned at = 0; at < PARTS; at++)
        parts[at] = random_sums(n_names, n_variant_names);
    first = merge_all(parts, order, PARTS, false);
    for (int shuffles = 0; shuffles < 4; shuffles++) {
        for (unsigned at = PARTS - 1; at > 0; at--) {
            unsigned swap = draw(at + 1), kept = order[at];

            order[at] = order[swap];
            order[swap] = kept;
        }
        other = merge_all(parts, order, PARTS, shuffles & 1);
        assert_same(&first, &other);
        pl_sums_fini(&other);
    }
    pl_sums_fini(&first);
    for (unsigned at = 0; at < PARTS; at++)
        pl_sums_fini(&parts[at]);
}

static void order_free(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++)
        check_any_order(1 + draw(6), 1 + draw(4));
}

static void order_free_beyond_the_cap_of_variants(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++)
        check_any_order(1 + draw(3), 20 + draw(20));
}

static struct pl_sums one(const char *experiment, const char *const *variants, unsigned n, const struct pl_cell *cells,
                          size_t n_cells)
{
    struct pl_sums sums = {.n_experiments = 1, .n_cells = n_cells};

    sums.experiments = calloc(1, sizeof(*sums.experiments));
    sums.cells = calloc(n_cells + 1, sizeof(*sums.cells));
    assert_non_null(sums.experiments);
    assert_non_null(sums.cells);
    snprintf(sums.experiments[0].name, PL_NAME_BYTES, "%s", experiment);
    sums.experiments[0].n_variants = n;
    for (unsigned at = 0; at < n; at++)
        snprintf(sums.experiments[0].variants[at], PL_NAME_BYTES, "%s", variants[at]);
    memcpy(sums.cells, cells, n_cells * sizeof(*cells));
    return sums;
}

static void joins_by_name(void **state)
{
    const char *ab[] = {"A", "B"}, *ba[] = {"B", "A"};
    const struct pl_cell left[] = {cell(PL_CELL_EXPOSED, 0, 0, 0, 7, 10), cell(PL_CELL_EXPOSED, 0, 1, 0, 7, 20)};
    const struct pl_cell right[] = {cell(PL_CELL_EXPOSED, 0, 0, 0, 7, 300), cell(PL_CELL_FUNNEL, 4, 2, 0, 7, 1)};
    struct pl_sums a = one("x", ab, 2, left, 2), b = one("x", ba, 2, right, 2), c = one("y", ab, 2, left, 2);

    (void)state;
    a.experiments[0].first_exposure_us = PL_TIME_NONE;
    b.experiments[0].first_exposure_us = 55;
    b.experiments[0].joined_late = true;
    assert_int_equal(pl_sums_merge(&a, &b, NULL), PL_OK);
    assert_int_equal(pl_sums_merge(&a, &c, NULL), PL_OK);
    assert_int_equal(a.n_experiments, 2);
    assert_int_equal(a.experiments[0].first_exposure_us, 55);
    assert_true(a.experiments[0].joined_late);
    assert_false(a.experiments[1].joined_late);
    assert_int_equal(pl_sums_range(&a, (struct pl_cell_key){PL_CELL_EXPOSED, 0, 0, 0, 0}, 0, 10).n, 10);
    assert_int_equal(pl_sums_range(&a, (struct pl_cell_key){PL_CELL_EXPOSED, 1, 0, 0, 0}, 0, 10).n, 320);
    assert_int_equal(pl_sums_range(&a, (struct pl_cell_key){PL_CELL_EXPOSED, 1, 1, 0, 0}, 0, 10).n, 20);
    assert_int_equal(pl_sums_range(&a, (struct pl_cell_key){PL_CELL_FUNNEL, 2, 4, 0, 0}, 7, 7).n, 1);
    pl_sums_fini(&a);
    pl_sums_fini(&b);
    pl_sums_fini(&c);
}

static void zero_cells_vanish(void **state)
{
    const char *a_only[] = {"A"};
    const struct pl_cell plus = cell(PL_CELL_EXPOSED, 0, 0, 0, 1, 4), minus = cell(PL_CELL_EXPOSED, 0, 0, 0, 1, -4);
    struct pl_sums a = one("x", a_only, 1, &plus, 1), b = one("x", a_only, 1, &minus, 1);

    (void)state;
    assert_int_equal(pl_sums_merge(&a, &b, NULL), PL_OK);
    assert_int_equal(a.n_cells, 0);
    assert_int_equal(a.n_experiments, 1);
    pl_sums_fini(&a);
    pl_sums_fini(&b);
}

static void overflow_is_refused(void **state)
{
    const char *a_only[] = {"A"};
    struct pl_cell big = cell(PL_CELL_METRIC, 0, 0, 0, 1, 1), small = big;
    pl_int128 top = (pl_int128)1 << 126;

    (void)state;
    for (int field = 0; field < 3; field++) {
        struct pl_sums a, b;
        struct pl_err err = {0};

        big = small;
        if (field == 0)
            big.n = INT64_MAX;
        else if (field == 1)
            big.sum = INT64_MAX;
        else
            big.sum2 = top + (top - 1);
        a = one("x", a_only, 1, &big, 1);
        b = one("x", a_only, 1, &small, 1);
        assert_int_equal(pl_sums_merge(&a, &b, &err), PL_ERR_INPUT);
        assert_int_equal(err.code, PL_ERR_INPUT);
        pl_sums_fini(&a);
        pl_sums_fini(&b);
    }
}

static void unknown_references_are_refused(void **state)
{
    const char *a_only[] = {"A"};
    const struct pl_cell bad[] = {cell(PL_CELL_EXPOSED, 1, 0, 0, 1, 4), cell(PL_CELL_EXPOSED, 0, 1, 0, 1, 4),
                                  cell(PL_CELL_MIXED, 9, 0, 0, 1, 4), cell(PL_CELL_SEGMENT, 0, 65535, 0, 1, 4)};

    (void)state;
    for (size_t at = 0; at < sizeof(bad) / sizeof(*bad); at++) {
        struct pl_sums into = {0}, from = one("x", a_only, 1, &bad[at], 1);

        assert_int_equal(pl_sums_merge(&into, &from, NULL), PL_ERR_INPUT);
        pl_sums_fini(&into);
        pl_sums_fini(&from);
    }
}

/* 16 variants here, 2 others there: "z" sorts last, so its units count as mixed and its metric is left out. */
static void variants_beyond_the_cap_are_mixed(void **state)
{
    const char *many[PL_VARIANTS_MAX] = {"b", "c", "d", "e", "f", "g", "h", "i",
                                         "j", "k", "l", "m", "n", "o", "p", "z"};
    const char *two[] = {"a", "b"};
    const struct pl_cell left[] = {cell(PL_CELL_EXPOSED, 0, 0, 0, 3, 5), cell(PL_CELL_EXPOSED, 0, 15, 0, 3, 7),
                                   cell(PL_CELL_METRIC, 0, 15, 0, 3, 7), cell(PL_CELL_MIXED, 0, 0, 0, 3, 1)};
    const struct pl_cell right = cell(PL_CELL_EXPOSED, 0, 0, 0, 3, 2);
    struct pl_sums a = one("x", many, PL_VARIANTS_MAX, left, 4), b = one("x", two, 2, &right, 1);
    int arm;

    (void)state;
    assert_int_equal(pl_sums_merge(&a, &b, NULL), PL_OK);
    assert_int_equal(a.experiments[0].n_variants, PL_VARIANTS_MAX);
    assert_int_equal(pl_sums_find_variant(&a.experiments[0], pl_span_of("z")), -1);
    arm = pl_sums_find_variant(&a.experiments[0], pl_span_of("a"));
    assert_true(arm >= 0);
    assert_int_equal(pl_sums_range(&a, (struct pl_cell_key){PL_CELL_EXPOSED, (uint16_t)arm, 0, 0, 0}, 3, 3).n, 2);
    assert_int_equal(pl_sums_range(&a, (struct pl_cell_key){PL_CELL_MIXED, 0, 0, 0, 0}, 3, 3).n, 8);
    assert_int_equal(a.n_cells, 3);
    pl_sums_fini(&a);
    pl_sums_fini(&b);
}

static void range_adds_panes(void **state)
{
    const char *ab[] = {"A", "B"};
    struct pl_cell cells[40];
    struct pl_sums sums;
    struct pl_cell_key key = {PL_CELL_METRIC, 1, 0, 2, 99};
    struct pl_cell got;

    (void)state;
    for (int pane = 0; pane < 10; pane++)
        for (int at = 0; at < 4; at++)
            cells[4 * pane + at] =
                cell(PL_CELL_METRIC, 0, (uint16_t)(at / 2), (uint32_t)(1 + at % 2), pane - 5, 10 * pane + at);
    sums = one("x", ab, 2, cells, 40);
    got = pl_sums_range(&sums, key, -3, 1); /* panes 2 to 6 of the loop, at = 3: 10 * 20 + 5 * 3 */
    assert_int_equal(got.n, 215);
    assert_int_equal(got.sum, 645);
    assert_true(got.sum2 == 1075);
    assert_int_equal(got.key.pane, 99);
    assert_int_equal(pl_sums_range(&sums, key, 3, 2).n, 0);
    assert_int_equal(pl_sums_range(&sums, key, INT32_MIN, INT32_MAX).n, 480);
    key.subject = 1;
    assert_int_equal(pl_sums_range(&sums, key, INT32_MIN, INT32_MAX).n, 0);
    pl_sums_fini(&sums);
}

static void range_stays_at_the_largest(void **state)
{
    const char *a_only[] = {"A"};
    struct pl_cell cells[] = {cell(PL_CELL_METRIC, 0, 0, 0, 1, 1), cell(PL_CELL_METRIC, 0, 0, 0, 2, 1)};
    struct pl_sums sums;
    struct pl_cell got;

    (void)state;
    for (int at = 0; at < 2; at++) {
        cells[at].n = INT64_MAX;
        cells[at].sum = INT64_MIN;
        cells[at].sum2 = (pl_int128)1 << 126;
    }
    sums = one("x", a_only, 1, cells, 2);
    got = pl_sums_range(&sums, cells[0].key, 1, 2);
    assert_int_equal(got.n, INT64_MAX);
    assert_int_equal(got.sum, INT64_MIN);
    assert_true(got.sum2 > (pl_int128)1 << 126);
    pl_sums_fini(&sums);
}

static void keys_are_totally_ordered(void **state)
{
    const struct pl_cell_key rising[] = {
        {1, 9, 9, 9, 9},    {2, 9, 0, 9, 9},  {2, 9, 1, 9, -1}, {2, 9, 1, 9, 0},
        {2, 10, 1, 0, 0},   {2, 10, 1, 1, 0}, {2, 0, 2, 0, 0},  {2, 0, UINT32_MAX, 0, INT32_MIN},
        {65535, 0, 0, 0, 0}};
    const int n = sizeof(rising) / sizeof(*rising);

    (void)state;
    for (int a = 0; a < n; a++)
        for (int b = 0; b < n; b++)
            assert_int_equal(pl_cell_key_order(&rising[a], &rising[b]), (a > b) - (a < b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_free),
        cmocka_unit_test(order_free_beyond_the_cap_of_variants),
        cmocka_unit_test(joins_by_name),
        cmocka_unit_test(zero_cells_vanish),
        cmocka_unit_test(overflow_is_refused),
        cmocka_unit_test(unknown_references_are_refused),
        cmocka_unit_test(variants_beyond_the_cap_are_mixed),
        cmocka_unit_test(range_adds_panes),
        cmocka_unit_test(range_stays_at_the_largest),
        cmocka_unit_test(keys_are_totally_ordered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
