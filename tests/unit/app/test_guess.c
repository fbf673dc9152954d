#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/guess.h"
#include "util/num.h"

#include <string.h>

static struct pl_sample *sample;
static struct pl_guess guess;

static int set_up(void **state)
{
    (void)state;
    sample = pl_sample_new();
    return sample ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    pl_sample_free(sample);
    return 0;
}

/* A unit does these, one after the other, from a day on. */
static void does(uint64_t who, int64_t day, const char *names)
{
    struct pl_span rest = pl_span_of(names);

    for (int64_t at = 1; rest.ptr; at++)
        pl_sample_action(sample, (struct pl_unit_id){0, who}, pl_span_trim(pl_span_cut(&rest, '>')),
                         day * PL_DAY_US + at);
}

static const char *name(uint32_t id)
{
    return id == PL_NAMES_NONE ? "none" : pl_names_text(sample->names, id);
}

static void the_goal_is_what_its_name_says(void **state)
{
    (void)state;
    does(1, 1, "Signed Up > page_viewed > Order Failed > Tour Completed");
    does(2, 1, "Signed Up > orderCompleted > Purchase Cancelled");
    does(3, 1, "Signed Up > Order Viewed > Order Viewed");
    guess = pl_guess_from(sample);
    assert_string_equal(name(guess.goal), "orderCompleted"); /* a completed order before signing up, though rarer */
    assert_string_equal(guess.goal_word, "completed");
    assert_int_equal(guess.reached, 1);
}

static void of_two_goals_the_one_of_more_units(void **state)
{
    (void)state;
    does(1, 1, "Order Completed > checkout_completed");
    does(2, 1, "checkout_completed");
    guess = pl_guess_from(sample);
    assert_string_equal(name(guess.goal), "checkout_completed");
}

static void no_name_says_so(void **state)
{
    (void)state;
    does(1, 1, "a > b > Payment Failed");
    guess = pl_guess_from(sample);
    assert_int_equal(guess.goal, PL_NAMES_NONE);
    assert_int_equal(guess.n_steps, 0);
}

static void the_way_is_the_most_common_order(void **state)
{
    (void)state;
    for (uint64_t who = 0; who < 6; who++)
        does(who, 1, "View > Cart > Checkout > Paid > View > Receipt");
    for (uint64_t who = 10; who < 13; who++)
        does(who, 1, "Cart > View > Checkout > Paid");
    does(20, 1, "Rare > View > Paid");
    does(21, 1, "View > Cart"); /* never reached it */
    guess = pl_guess_from(sample);
    assert_int_equal(guess.n_steps, 4);
    assert_string_equal(name(guess.steps[0]), "View");
    assert_string_equal(name(guess.steps[1]), "Cart");
    assert_string_equal(name(guess.steps[2]), "Checkout");
    assert_string_equal(name(guess.steps[3]), "Paid");
    assert_int_equal(guess.reached, 10);
    assert_int_equal(guess.took_it, 6);
}

static void the_way_has_a_bound(void **state)
{
    (void)state;
    does(1, 1, "a > b > c > d > e > f > g > h > Paid");
    guess = pl_guess_from(sample);
    assert_int_equal(guess.n_steps, PL_GUESS_STEPS_MAX + 1);
    assert_string_equal(name(guess.steps[PL_GUESS_STEPS_MAX]), "Paid");
    assert_int_equal(guess.took_it, 1);
}

static void value_is_what_is_repeated(void **state)
{
    (void)state;
    for (uint64_t who = 1; who <= 4; who++) {
        does(who, 1, "Played > Saved");
        does(who, 3, who <= 3 ? "Played > Saved" : "Played");
    }
    does(1, 1, "Once"), does(1, 2, "Once"); /* one unit is no evidence */
    guess = pl_guess_from(sample);
    assert_int_equal(guess.n_values, 2);
    assert_string_equal(name(guess.values[0]), "Played");
    assert_string_equal(name(guess.values[1]), "Saved");
}

static void features_are_pairs_about_one_thing(void **state)
{
    (void)state;
    does(1, 1, "Filter Viewed > Filter Used > Viewed > Used > Wishlist Viewed > Coupon Applied > coupon_seen");
    guess = pl_guess_from(sample);
    assert_int_equal(guess.n_features, 2);
    assert_string_equal(name(guess.features[0].aware), "Filter Viewed");
    assert_string_equal(name(guess.features[0].use), "Filter Used");
    assert_string_equal(name(guess.features[1].aware), "coupon_seen");
    assert_string_equal(name(guess.features[1].use), "Coupon Applied");
}

static void names_that_cannot_be_written_are_no_guesses(void **state)
{
    static const char *const bad[] = {"", " a", "a ", "a,b", "a > b", "a # b", "a;b", "a\nb", "\"a\"", "a\x7f"};

    (void)state;
    for (size_t at = 0; at < sizeof(bad) / sizeof(*bad); at++)
        assert_false(pl_guess_can_write(bad[at]));
    assert_true(pl_guess_can_write("$pageview"));
    assert_true(pl_guess_can_write("K\xc3\xa4ufe (alle) = 1"));
    does(1, 1, "Order, Completed");
    guess = pl_guess_from(sample);
    assert_int_equal(guess.goal, PL_NAMES_NONE);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(the_goal_is_what_its_name_says),
                                       TEST(of_two_goals_the_one_of_more_units),
                                       TEST(no_name_says_so),
                                       TEST(the_way_is_the_most_common_order),
                                       TEST(the_way_has_a_bound),
                                       TEST(value_is_what_is_repeated),
                                       TEST(features_are_pairs_about_one_thing),
                                       TEST(names_that_cannot_be_written_are_no_guesses)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
