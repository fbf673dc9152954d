#include "support/count_world.h"

static void assert_same(struct pl_words_head a, struct pl_words_head b)
{
    assert_int_equal(a.kind, b.kind);
    assert_int_equal(a.id, b.id);
    assert_int_equal(a.n_words, b.n_words);
    assert_int_equal(a.mixed, b.mixed);
    assert_int_equal(a.variant, b.variant);
    assert_int_equal(a.segment, b.segment);
    assert_int_equal(a.step, b.step);
    assert_int_equal(a.day_max, b.day_max);
    assert_int_equal(a.hour_max, b.hour_max);
}

static void headers_keep_every_field(void **state)
{
    const struct pl_words_head largest = {.kind = PL_WORDS_FUNNEL,
                                          .id = 65535,
                                          .n_words = 65535,
                                          .mixed = true,
                                          .variant = 31,
                                          .segment = 7,
                                          .step = 63,
                                          .day_max = 63,
                                          .hour_max = 63};
    const struct pl_words_head plain = {.kind = PL_WORDS_EXPERIMENT, .id = 1, .n_words = 2, .variant = 3};

    (void)state;
    assert_same(pl_words_unpack(pl_words_pack(&largest)), largest);
    assert_same(pl_words_unpack(pl_words_pack(&plain)), plain);
    assert_int_equal(pl_words_size(pl_words_pack(&largest)), 65535);
    assert_int_equal(pl_words_kind_of(pl_words_pack(&plain)), PL_WORDS_EXPERIMENT);
    assert_int_equal(pl_words_id(pl_words_pack(&largest)), 65535);
    assert_int_equal(pl_words_variant(pl_words_pack(&largest)), 31);
    assert_int_equal(pl_words_variant(pl_words_pack(&plain)), 3);
    assert_true(pl_words_mixed(pl_words_pack(&largest)));
    assert_false(pl_words_mixed(pl_words_pack(&plain)));
}

static void push(struct pl_words *words, enum pl_words_kind kind, uint32_t id, uint32_t n_words)
{
    struct pl_words_head head = {.kind = kind, .id = id, .n_words = n_words};
    uint32_t at = words->n;

    assert_true(pl_words_push(words, n_words));
    words->at[at] = pl_words_pack(&head);
}

static void finds_entries_by_kind_and_id(void **state)
{
    struct pl_words words = {0};

    (void)state;
    assert_int_equal(pl_words_find(&words, PL_WORDS_EXPERIMENT, 0), 0);
    assert_true(pl_words_push(&words, 1));
    push(&words, PL_WORDS_EXPERIMENT, 5, 4);
    push(&words, PL_WORDS_FUNNEL, 5, 3);
    push(&words, PL_WORDS_EXPERIMENT, 6, 2);
    assert_int_equal(pl_words_find(&words, PL_WORDS_EXPERIMENT, 5), 1);
    assert_int_equal(pl_words_find(&words, PL_WORDS_FUNNEL, 5), 5);
    assert_int_equal(pl_words_find(&words, PL_WORDS_EXPERIMENT, 6), 8);
    assert_int_equal(pl_words_find(&words, PL_WORDS_FUNNEL, 6), 0);
    pl_words_cut(&words, 5, 3);
    assert_int_equal(pl_words_find(&words, PL_WORDS_EXPERIMENT, 6), 5);
    assert_int_equal(words.n, 7);
    pl_words_fini(&words);
}

static void new_words_are_zero_after_reuse(void **state)
{
    const uint64_t other[] = {1, 2, 3};
    struct pl_words words = {0};

    (void)state;
    assert_true(pl_words_push(&words, 100));
    memset(words.at, 0xff, 100 * sizeof(*words.at));
    assert_true(pl_words_copy(&words, other, 3));
    assert_true(pl_words_push(&words, 50));
    assert_int_equal(words.at[2], 3);
    for (uint32_t at = 3; at < words.n; at++)
        assert_int_equal(words.at[at], 0);
    assert_true(pl_words_copy(&words, NULL, 0));
    assert_int_equal(words.n, 0);
    pl_words_fini(&words);
}

static void words_go_in_between(void **state)
{
    const uint64_t some[] = {1, 2, 3};
    struct pl_words words = {0};

    (void)state;
    assert_true(pl_words_copy(&words, some, 3));
    assert_true(pl_words_insert(&words, 1, 40)); /* more than there was room for */
    assert_int_equal(words.n, 43);
    assert_int_equal(words.at[0], 1);
    for (uint32_t at = 1; at < 41; at++)
        assert_int_equal(words.at[at], 0);
    assert_int_equal(words.at[41], 2);
    assert_int_equal(words.at[42], 3);
    assert_true(pl_words_insert(&words, 43, 1));
    assert_int_equal(words.at[43], 0);
    pl_words_fini(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_keep_every_field),
        cmocka_unit_test(finds_entries_by_kind_and_id),
        cmocka_unit_test(new_words_are_zero_after_reuse),
        cmocka_unit_test(words_go_in_between),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
