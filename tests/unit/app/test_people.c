/* Users of simulated products: their rates are those of the table, within five standard errors, and the same seed gives
 * the same bytes. What the engine makes of them is in tests/integration/test_worlds.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/people.h"
#include "util/hash.h"
#include "util/stamp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define START (18995 * PL_DAY_US) /* 2022-01-03, a Monday */
#define USERS 2000
#define WEEKS 12

static const struct pl_habit habits[] = {
    {.name = "search", .offered = .5, .met = .4, .tried = .6, .kept = .5, .used = .7},
    {.name = "extra", .copies = 2, .met = .3, .tried = 1, .kept = 1, .used = 1, .launched = 6},
};

static const struct pl_people people = {
    .weeks = WEEKS,
    .users = USERS,
    .visiting = .7,
    .again = .25,
    .steps = {"Seen", "Begun", "Done"},
    .begun = .5,
    .done = .4,
    .value = "Got",
    .valued = .8,
    .valued_drift = -.02,
    .price = 20,
    .price_drift = .01,
    .habits = habits,
    .n_habits = 2,
};

/* What was seen of the events. */
struct seen {
    unsigned lines, by_week[WEEKS + 1];
    unsigned steps[3], value_by_week[WEEKS + 1], offered, met, used, extra_before;
    unsigned weekend;
    double revenue[WEEKS + 1];
    unsigned paid[WEEKS + 1];
    unsigned char met_by[4 * USERS];
    unsigned uses_of[4 * USERS];
    int64_t last_us;
    uint64_t hash;
};

static bool has(struct pl_span line, const char *text)
{
    return memmem(line.ptr, line.len, text, strlen(text)) != NULL;
}

static const char *behind(struct pl_span line, const char *text)
{
    const char *at = memmem(line.ptr, line.len, text, strlen(text));

    return at ? at + strlen(text) : NULL;
}

static void look_at_feature(struct seen *seen, struct pl_span line, unsigned week)
{
    unsigned user = (unsigned)atoi(behind(line, "\"userId\":\"user-")) - 1;

    assert_true(user < 4 * USERS);
    seen->offered += has(line, "\"search Offered\"");
    if (has(line, "\"search Seen\"")) {
        assert_false(seen->met_by[user]); /* once */
        seen->met_by[user] = 1;
        seen->met++;
    }
    if (has(line, "\"search Used\"")) {
        assert_true(seen->met_by[user]); /* seen first */
        seen->uses_of[user]++;
    }
    seen->extra_before += has(line, "\"extra ") && week < 6;
}

static bool look(void *ctx, struct pl_span line)
{
    struct seen *seen = ctx;
    const char *time = behind(line, "\"timestamp\":\""), *revenue = behind(line, "\"revenue\":");
    int64_t time_us;
    unsigned week;

    assert_true(pl_stamp_parse((struct pl_span){time, (size_t)(strchr(time, '"') - time)}, false, &time_us));
    assert_true(time_us >= seen->last_us); /* ordered by time */
    seen->last_us = time_us;
    seen->hash = pl_hash64(seen->hash, line);
    seen->lines++;
    week = (unsigned)((time_us - START) / PL_WEEK_US);
    assert_true(week < WEEKS);
    seen->by_week[week] += has(line, "\"event\":\"Seen\"");
    seen->weekend += has(line, "\"event\":\"Seen\"") && (time_us - START) % PL_WEEK_US >= 5 * PL_DAY_US;
    seen->steps[0] += has(line, "\"event\":\"Seen\"");
    seen->steps[1] += has(line, "\"event\":\"Begun\"");
    seen->steps[2] += has(line, "\"event\":\"Done\"");
    seen->value_by_week[week] += has(line, "\"event\":\"Got\"");
    if (revenue) {
        assert_true(has(line, "\"event\":\"Done\""));
        seen->revenue[week] += atof(revenue);
        seen->paid[week]++;
    }
    look_at_feature(seen, line, week);
    return true;
}

static struct seen *see(const struct pl_people *which, uint64_t seed)
{
    struct seen *seen = calloc(1, sizeof(*seen));

    assert_non_null(seen);
    assert_int_equal(pl_people_events(which, START, seed, look, seen, NULL), PL_OK);
    return seen;
}

/* |n / of - share| within five standard errors. */
static void assert_share(unsigned n, double of, double share)
{
    assert_true(fabs(n / of - share) < 5 * sqrt(share * (1 - share) / of));
}

static void rates(void **state)
{
    struct seen *seen = see(&people, 3);
    unsigned again = 0, tried = 0;
    double visits = seen->steps[0];

    (void)state;
    /* On another day of a week with a visit: when it is not drawn the same, 5/7 x 5 + 2/7 x 2 days alike. */
    assert_true(fabs(visits / (USERS * WEEKS * .7) - (1 + .25 * (1 - (25. / 49 / 5 + 4. / 49 / 2)))) < .02);
    assert_share(seen->weekend, visits, 2. / 7);
    assert_share(seen->steps[1], visits, .5);
    assert_share(seen->steps[2], seen->steps[1], .4);
    assert_share(seen->value_by_week[0], seen->by_week[0], .8);
    assert_share(seen->value_by_week[WEEKS - 1], seen->by_week[WEEKS - 1], .8 * exp(-.02 * (WEEKS - 1)));
    assert_share(seen->offered, visits, .5);
    assert_int_equal(seen->extra_before, 0);
    /* A lognormal mean of 20: standard deviation .53 of it. */
    assert_true(fabs(seen->revenue[0] / seen->paid[0] / 20 - 1) < 5 * .54 / sqrt(seen->paid[0]));
    assert_true(fabs(seen->revenue[11] / seen->paid[11] / (20 * exp(.11)) - 1) < 5 * .54 / sqrt(seen->paid[11]));
    for (unsigned user = 0; user < USERS; user++) {
        tried += seen->uses_of[user] > 0;
        again += seen->uses_of[user] > 1;
    }
    assert_share(tried, seen->met, .6);
    /* Of these half make it a habit; few of them are too young to have used it again. */
    assert_true(again > .4 * tried && again < .55 * tried);
    free(seen);
}

static void who_comes(void **state)
{
    struct pl_people other = people;
    struct seen *seen;

    (void)state;
    other.again = 0;
    other.halved = 6;
    seen = see(&other, 5);
    assert_share(seen->by_week[5], USERS, .7);
    assert_share(seen->by_week[6], USERS, .35);
    assert_share(seen->by_week[11], USERS, .35);
    free(seen);
    other.halved = 0;
    other.leaving = .1;
    seen = see(&other, 5);
    assert_share(seen->by_week[10], USERS, .7 * pow(.9, 10));
    free(seen);
    other.leaving = 0;
    other.joining = .1;
    seen = see(&other, 5);
    /* those of ten weeks before as the first ones, and a tenth who come because they join */
    assert_true(fabs(seen->by_week[10] / (USERS * (.7 * 1.9 + .1)) - 1) < .05);
    free(seen);
    other.joining = 0;
    other.season = .4;
    assert_true(fabs(pl_people_traffic(&other, 13) - 1.4) < .001);
    seen = see(&other, 5);
    assert_share(seen->by_week[11], USERS, .7 * pl_people_traffic(&other, 11));
    free(seen);
}

static void the_funnel_drifts_and_phones_do_worse(void **state)
{
    struct pl_people other = people;
    struct seen *still = see(&other, 9), *seen;

    (void)state;
    other.done_drift = .2;
    seen = see(&other, 9);
    assert_true(seen->steps[2] > still->steps[2] * 1.3);
    free(seen);
    other.done_drift = 0;
    other.mix = .01;
    seen = see(&other, 9);
    /* about half with a phone, at logit(.4) - .8 */
    assert_share(seen->steps[2], seen->steps[1], (.4 + 1 / (1 + exp(-(log(.4 / .6) - .8)))) / 2);
    free(seen);
    free(still);
}

static void a_function_of_the_seed(void **state)
{
    struct seen *a = see(&people, 1), *b = see(&people, 1), *c = see(&people, 2);

    (void)state;
    assert_true(a->lines == b->lines && a->hash == b->hash);
    assert_true(a->hash != c->hash);
    free(a);
    free(b);
    free(c);
}

static void names_of_features(void **state)
{
    char name[PL_PEOPLE_EVENT_BYTES];

    (void)state;
    assert_int_equal(pl_people_features(&people), 3);
    assert_ptr_equal(pl_people_feature(&people, 0, name), &habits[0]);
    assert_string_equal(name, "search");
    assert_ptr_equal(pl_people_feature(&people, 2, name), &habits[1]);
    assert_string_equal(name, "extra 002");
}

static bool stop(void *ctx, struct pl_span line)
{
    (void)line;
    return ++*(unsigned *)ctx < 3;
}

static void a_reader_may_stop(void **state)
{
    unsigned n = 0;

    (void)state;
    assert_int_equal(pl_people_events(&people, START, 1, stop, &n, NULL), PL_ERR_IO);
    assert_int_equal(n, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates),
        cmocka_unit_test(who_comes),
        cmocka_unit_test(the_funnel_drifts_and_phones_do_worse),
        cmocka_unit_test(a_function_of_the_seed),
        cmocka_unit_test(names_of_features),
        cmocka_unit_test(a_reader_may_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
