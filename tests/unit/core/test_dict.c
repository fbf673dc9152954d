#include "support/count_world.h"

#define S(text) pl_span_of(text)

static void binds_in_order_and_finds_back(void **state)
{
    struct pl_dict dict = {0};
    bool known;

    (void)state;
    assert_int_equal(pl_dict_bind(&dict, PL_DICT_METRIC, 0, S("a"), NULL), PL_OK);
    assert_int_equal(pl_dict_bind(&dict, PL_DICT_METRIC, 100, S("b"), NULL), PL_OK);
    assert_int_equal(pl_dict_bind(&dict, PL_DICT_ACTION, 0, S("a"), NULL), PL_OK); /* another kind: another id */
    assert_int_equal(pl_dict_id(&dict, PL_DICT_METRIC, 0), 0);
    assert_int_equal(pl_dict_id(&dict, PL_DICT_METRIC, 100), 1);
    assert_int_equal(pl_dict_id(&dict, PL_DICT_ACTION, 0), 2);
    assert_int_equal(pl_dict_target(&dict, PL_DICT_METRIC, 1, &known), 100);
    assert_true(known);
    assert_int_equal(pl_dict_target(&dict, PL_DICT_METRIC, 2, &known), PL_RULES_NONE); /* an action's id */
    assert_int_equal(pl_dict_target(&dict, PL_DICT_METRIC, 3, &known), PL_RULES_NONE);
    assert_false(known);
    pl_dict_fini(&dict);
}

static void stored_definitions_keep_their_ids(void **state)
{
    struct pl_dict dict = {0};
    bool known;

    (void)state;
    assert_int_equal(pl_dict_put(&dict, PL_DICT_METRIC, 5, S("a 7d"), NULL), PL_OK);
    assert_int_equal(pl_dict_put(&dict, PL_DICT_METRIC, 5, S("b"), NULL), PL_ERR_INPUT);
    assert_int_equal(pl_dict_put(&dict, PL_DICT_METRIC, PL_DICT_IDS_MAX, S("b"), NULL), PL_ERR_INPUT);
    assert_int_equal(pl_dict_put(&dict, PL_DICT_FUNNEL, 2, S("gone"), NULL), PL_OK);
    assert_int_equal(pl_dict_reserve(&dict, 9, NULL), PL_OK); /* ids up to 8 were given once */
    assert_int_equal(pl_dict_bind(&dict, PL_DICT_METRIC, 0, S("a 14d"), NULL), PL_OK);
    assert_int_equal(pl_dict_bind(&dict, PL_DICT_METRIC, 1, S("a 7d"), NULL), PL_OK);
    assert_int_equal(pl_dict_id(&dict, PL_DICT_METRIC, 0), 9); /* a changed definition is a new id */
    assert_int_equal(pl_dict_id(&dict, PL_DICT_METRIC, 1), 5);
    assert_int_equal(pl_dict_target(&dict, PL_DICT_FUNNEL, 2, &known), PL_RULES_NONE);
    assert_true(known);
    assert_int_equal(pl_dict_target(&dict, PL_DICT_METRIC, 8, &known), PL_RULES_NONE); /* retired */
    assert_true(known);
    assert_true(dict.entries[5].stored);
    assert_false(dict.entries[9].stored);
    pl_dict_fini(&dict);
}

static void ids_are_bounded(void **state)
{
    struct pl_dict dict = {0};

    (void)state;
    assert_int_equal(pl_dict_reserve(&dict, PL_DICT_IDS_MAX + 1, NULL), PL_ERR_FULL);
    pl_dict_fini(&dict);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(binds_in_order_and_finds_back),
        cmocka_unit_test(stored_definitions_keep_their_ids),
        cmocka_unit_test(ids_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
