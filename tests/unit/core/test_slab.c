#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/count/slab.h"

#include <string.h>

/* The smallest class holds the size, and no class wastes more than a fifth above 128 bytes. */
static void classes_fit(void **state)
{
    (void)state;
    for (size_t bytes = 1; bytes <= 70000; bytes++) {
        unsigned class = pl_slab_class_of(bytes);

        assert_true(pl_slab_class_bytes(class) >= bytes);
        assert_true(class == 0 || pl_slab_class_bytes(class - 1) < bytes);
        if (bytes > 128)
            assert_true(pl_slab_class_bytes(class) * 4 <= bytes * 5 + 4);
    }
    assert_true(pl_slab_class_of(PL_SLAB_BYTES_MAX) < PL_SLAB_CLASSES);
    assert_int_equal(pl_slab_class_bytes(pl_slab_class_of(PL_SLAB_BYTES_MAX)), PL_SLAB_BYTES_MAX);
}

static void refuses_sizes_out_of_range(void **state)
{
    struct pl_slab slab = {0};

    (void)state;
    assert_int_equal(pl_slab_take(&slab, 0), 0);
    assert_int_equal(pl_slab_take(&slab, PL_SLAB_BYTES_MAX + 1), 0);
    pl_slab_drop(&slab, 40, 0);
    pl_slab_fini(&slab);
}

static void blocks_do_not_overlap(void **state)
{
    enum { N = 40000 };
    static uint32_t handles[N];
    static char *where[N];
    struct pl_slab slab = {0};

    (void)state;
    for (unsigned at = 0; at < N; at++) {
        size_t bytes = 8 + at % 300;

        handles[at] = pl_slab_take(&slab, bytes);
        assert_true(handles[at] > 0);
        where[at] = pl_slab_at(&slab, bytes, handles[at]);
        memset(where[at], (int)(at % 251), bytes);
    }
    for (unsigned at = 0; at < N; at++) {
        size_t bytes = 8 + at % 300;
        const char *block = pl_slab_at(&slab, bytes, handles[at]);

        assert_ptr_equal(block, where[at]); /* never moves */
        for (size_t byte = 0; byte < bytes; byte++)
            assert_int_equal((unsigned char)block[byte], at % 251);
    }
    pl_slab_fini(&slab);
}

static void dropped_blocks_come_back_first(void **state)
{
    struct pl_slab slab = {0};
    uint32_t a = pl_slab_take(&slab, 100), b = pl_slab_take(&slab, 100);
    size_t bytes = slab.bytes;

    (void)state;
    assert_int_not_equal(a, b);
    pl_slab_drop(&slab, 100, a);
    pl_slab_drop(&slab, 112, b); /* the same class */
    assert_int_equal(pl_slab_take(&slab, 100), b);
    assert_int_equal(pl_slab_take(&slab, 100), a);
    assert_int_equal(slab.bytes, bytes);
    assert_true(pl_slab_same(100, 112));
    assert_false(pl_slab_same(112, 113));
    assert_false(pl_slab_same(0, 8));
    pl_slab_fini(&slab);
}

static void large_blocks_have_chunks_of_their_own(void **state)
{
    struct pl_slab slab = {0};
    size_t bytes = PL_SLAB_CHUNK_BYTES * 3;
    uint32_t a = pl_slab_take(&slab, bytes), b = pl_slab_take(&slab, bytes);

    (void)state;
    memset(pl_slab_at(&slab, bytes, a), 1, bytes);
    memset(pl_slab_at(&slab, bytes, b), 2, bytes);
    assert_int_equal(((char *)pl_slab_at(&slab, bytes, a))[bytes - 1], 1);
    pl_slab_fini(&slab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_fit),
        cmocka_unit_test(refuses_sizes_out_of_range),
        cmocka_unit_test(blocks_do_not_overlap),
        cmocka_unit_test(dropped_blocks_come_back_first),
        cmocka_unit_test(large_blocks_have_chunks_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
