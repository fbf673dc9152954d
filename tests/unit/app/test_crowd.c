/* The simulated product: what its records hold. What the engine makes of them is in test_plateau. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/crowd.h"
#include "util/names.h"
#include "util/stamp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define USERS 2000

struct seen {
    struct pl_names *messages; /* seen so far */
    unsigned lines, twice, exposures[2], views, checkouts, orders[2];
    char treated[USERS]; /* by number: 1 control, 2 B */
    char ordered[USERS];
    int64_t largest_us, latest_us; /* stream time; how far behind it an event came */
    int64_t first_us, last_us;
};

static bool has(struct pl_span line, const char *text)
{
    return memmem(line.ptr, line.len, text, strlen(text)) != NULL;
}

static int64_t time_of(struct pl_span line)
{
    const char *begin = (const char *)memmem(line.ptr, line.len, "\"timestamp\":\"", 13) + 13;
    int64_t time_us;

    assert_true(pl_stamp_parse((struct pl_span){begin, (size_t)(strchr(begin, '"') - begin)}, false, &time_us));
    return time_us;
}

static bool look(void *ctx, struct pl_span line)
{
    struct seen *seen = ctx;
    const char *message = (const char *)memmem(line.ptr, line.len, "\"messageId\":\"", 13) + 13;
    const char *user_text = (const char *)memmem(line.ptr, line.len, "\"userId\":\"user-", 15) + 15;
    uint32_t known = pl_names_count(seen->messages);
    unsigned user = (unsigned)atoi(user_text + 3);
    int64_t time_us = time_of(line);

    seen->lines++;
    (void)pl_names_add(seen->messages, (struct pl_span){message, (size_t)(strchr(message, '"') - message)});
    if (pl_names_count(seen->messages) == known) {
        seen->twice++;
        return true;
    }
    if (seen->largest_us - time_us > seen->latest_us)
        seen->latest_us = seen->largest_us - time_us;
    if (time_us > seen->largest_us)
        seen->largest_us = time_us;
    seen->first_us = seen->first_us == 0 || time_us < seen->first_us ? time_us : seen->first_us;
    seen->last_us = time_us > seen->last_us ? time_us : seen->last_us;
    assert_true(user < USERS);
    if (has(line, "\"event\":\"Experiment Viewed\"")) {
        bool b = has(line, "\"variation_id\":\"B\"");

        assert_true(has(line, "\"experiment_id\":\"checkout_01\""));
        seen->exposures[b ? 1 : 0]++;
        seen->treated[user] = b ? 2 : 1;
    }
    seen->views += has(line, "\"event\":\"Product Viewed\"");
    seen->checkouts += has(line, "\"event\":\"Checkout Started\"");
    if (has(line, "\"event\":\"Order Completed\""))
        seen->ordered[user] = 1;
    return true;
}

static void look_at(const struct pl_crowd_plan *plan, unsigned index, struct seen *seen)
{
    *seen = (struct seen){.messages = pl_names_new(100000)};
    assert_int_equal(pl_crowd_events(plan, index, look, seen, NULL), PL_OK);
    for (unsigned user = 0; user < USERS; user++)
        seen->orders[seen->treated[user] == 2] += (unsigned)seen->ordered[user];
    pl_names_free(seen->messages);
}

static const struct pl_crowd_plan plan = {
    .paying = 1, .flat = 2, .users = USERS, .start_us = 19000 * PL_DAY_US, .seed = 3};

static void the_users_of_an_experiment(void **state)
{
    struct pl_crowd_truth truth = pl_crowd_truth(&plan, 0);
    struct seen seen;
    double half = USERS / 2., rate;

    (void)state;
    look_at(&plan, 0, &seen);
    assert_int_equal(seen.exposures[0] + seen.exposures[1], USERS);
    assert_int_equal(seen.views, USERS);
    assert_true(seen.checkouts >= seen.orders[0] + seen.orders[1] && seen.checkouts < USERS);
    /* Five standard errors: an even split, the rate of the control, and the gain. */
    assert_true(fabs(seen.exposures[0] - half) < 5 * sqrt(USERS * .25));
    rate = (double)seen.orders[0] / seen.exposures[0];
    assert_true(fabs(rate - truth.rate) < 5 * sqrt(truth.rate * (1 - truth.rate) / half));
    rate = (double)seen.orders[1] / seen.exposures[1];
    assert_true(fabs(rate - truth.rate * (1 + truth.gain)) < 5 * sqrt(.25 / half));
    assert_true(truth.gain > .2 && truth.gain < .4);
    /* Within its 21 days; late and repeated, but within what plateaud allows by default. */
    assert_true(seen.first_us >= truth.start_us && seen.last_us < truth.end_us);
    assert_true(seen.latest_us > 0 && seen.latest_us <= 45 * PL_SECOND_US);
    assert_true(seen.twice > seen.lines / 200 && seen.twice < seen.lines / 50);
}

static void flat_ones_and_after(void **state)
{
    struct seen seen;

    (void)state;
    assert_true(fabs(pl_crowd_truth(&plan, 1).gain) <= 0);
    assert_true(fabs(pl_crowd_truth(&plan, 2).gain) <= 0);
    look_at(&plan, 3, &seen);
    assert_int_equal(seen.exposures[0] + seen.exposures[1], 0);
    assert_int_equal(seen.views, USERS);
}

static void steps_of_an_experiment(void **state)
{
    struct pl_crowd_truth pays = pl_crowd_truth(&plan, 0), flat = pl_crowd_truth(&plan, 1);
    struct pl_control begins = pl_crowd_step(&pays, true), ends = pl_crowd_step(&pays, false);

    (void)state;
    assert_true(begins.type == PL_CONTROL_LIFECYCLE && begins.state == PL_STARTED && begins.time_us == plan.start_us);
    assert_int_equal(begins.n_variants, 2);
    assert_string_equal(begins.variants[0], "control");
    assert_true(ends.state == PL_SHIPPED && ends.time_us == plan.start_us + 21 * PL_DAY_US);
    assert_int_equal(pl_crowd_step(&flat, false).state, PL_STOPPED);
    assert_true(flat.start_us == pays.end_us);
    assert_string_equal(begins.experiment, "checkout_01");
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
    assert_int_equal(pl_crowd_events(&plan, 0, stop, &n, NULL), PL_ERR_IO);
    assert_int_equal(n, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_users_of_an_experiment),
                                       cmocka_unit_test(flat_ones_and_after), cmocka_unit_test(steps_of_an_experiment),
                                       cmocka_unit_test(a_reader_may_stop)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
