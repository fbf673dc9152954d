/* The looks of a standing as text: they come back bit by bit, and a judge that restarts after every tick says what one
 * that never stopped says. */
#include "codec/row.h"

#include "core/judge/judge.h"
#include "support/near.h"
#include "support/observed.h"
#include "support/random.h"

#include <string.h>

static double some_number(struct pl_random *random)
{
    return random_bits(random) % 5 ? random_normal(random) : PL_NAN;
}

static int64_t some_time(struct pl_random *random)
{
    return random_bits(random) % 4 ? (int64_t)(random_bits(random) % (uint64_t)PL_TIME_MAX) : PL_TIME_NONE;
}

static int64_t some_count(struct pl_random *random)
{
    return (int64_t)(random_bits(random) % 1000000);
}

static struct pl_looks some_looks(struct pl_random *random)
{
    return (struct pl_looks){.monday_us = OBSERVED_AT(7 * (int)(random_bits(random) % 99)),
                             .taken = (unsigned)(random_bits(random) % 100),
                             .verdict = (enum pl_trend_verdict)(random_bits(random) % (PL_TREND_INCONCLUSIVE + 1)),
                             .drift = some_number(random),
                             .se = some_number(random),
                             .rate = some_number(random),
                             .last_us = some_time(random)};
}

static struct pl_adoption_looks some_adoption(struct pl_random *random)
{
    struct pl_adoption_looks looks = {.start_us = OBSERVED_AT(3),
                                      .first_us = some_time(random),
                                      .last_us = some_time(random),
                                      .taken = (unsigned)(random_bits(random) % 400),
                                      .share = some_number(random),
                                      .n_all = (unsigned)(random_bits(random) % 200),
                                      .n_gaps = (unsigned)(random_bits(random) % 4)};

    for (unsigned at = 0; at < looks.n_gaps; at++) {
        struct pl_adoption_counts *seen = &looks.gaps[at].counts;
        int64_t *const numbers[] = {&seen->eligible, &seen->aware, &seen->adopted, &seen->repeating,
                                    &seen->older,    &seen->left,  &seen->newly,   &seen->repeated};

        looks.gaps[at].feature = at;
        looks.gaps[at].kinds = (unsigned)(random_bits(random) % (1u << PL_GAPS));
        for (size_t number = 0; number < sizeof(numbers) / sizeof(*numbers); number++)
            *numbers[number] = some_count(random);
        seen->launched = random_bits(random) % 2;
    }
    return looks;
}

static bool same_number(double a, double b)
{
    return memcmp(&a, &b, sizeof(a)) == 0 || (isnan(a) && isnan(b));
}

static void assert_same_looks(const struct pl_looks *got, const struct pl_looks *want)
{
    assert_int_equal(got->monday_us, want->monday_us);
    assert_int_equal(got->taken, want->taken);
    assert_int_equal(got->verdict, want->verdict);
    assert_int_equal(got->last_us, want->last_us);
    assert_true(same_number(got->drift, want->drift) && same_number(got->se, want->se) &&
                same_number(got->rate, want->rate));
}

static void assert_same_adoption(const struct pl_adoption_looks *got, const struct pl_adoption_looks *want)
{
    assert_int_equal(got->start_us, want->start_us);
    assert_int_equal(got->first_us, want->first_us);
    assert_int_equal(got->last_us, want->last_us);
    assert_int_equal(got->taken, want->taken);
    assert_int_equal(got->n_all, want->n_all);
    assert_int_equal(got->n_gaps, want->n_gaps);
    assert_true(same_number(got->share, want->share));
    for (unsigned at = 0; at < want->n_gaps; at++) {
        const struct pl_adoption_counts *a = &got->gaps[at].counts, *b = &want->gaps[at].counts;

        assert_int_equal(got->gaps[at].feature, want->gaps[at].feature);
        assert_int_equal(got->gaps[at].kinds, want->gaps[at].kinds);
        assert_true(a->eligible == b->eligible && a->aware == b->aware && a->adopted == b->adopted &&
                    a->repeating == b->repeating && a->older == b->older && a->left == b->left &&
                    a->newly == b->newly && a->repeated == b->repeated && a->launched == b->launched);
    }
}

static void assert_same(const struct pl_standing *got, const struct pl_standing *want)
{
    assert_same_looks(&got->looks, &want->looks);
    assert_same_looks(&got->value.events, &want->value.events);
    assert_same_looks(&got->value.retention, &want->value.retention);
    assert_same_adoption(&got->adoption, &want->adoption);
    assert_int_equal(got->derive.n, want->derive.n);
    for (unsigned at = 0; at < want->derive.n; at++) {
        assert_int_equal(got->derive.of[at].metric, want->derive.of[at].metric);
        assert_same_looks(&got->derive.of[at].looks, &want->derive.of[at].looks);
    }
}

/* Objectives: put behind the backs of sealed rules. */
static void add_objectives(struct pl_rules *rules)
{
    rules->objectives = calloc(2, sizeof(*rules->objectives));
    assert_non_null(rules->objectives);
    rules->n_objectives = 2;
    rules->objectives[0] = (struct pl_objective_rule){.id = "half of them", .figure = PL_OBJECTIVE_ACTIVATION};
    rules->objectives[1] = (struct pl_objective_rule){.id = "known", .figure = PL_OBJECTIVE_DELIVERED};
}

static void objectives_and_the_last_edge_come_back(void **state)
{
    struct pl_rules *rules = observed_rules(.3, PL_TIME_NONE);
    struct pl_random random = {7};
    struct pl_buf text = {0};

    (void)state;
    add_objectives(rules);
    for (int n = 0; n < 1000; n++) {
        struct pl_standing back, one = {.alert = pl_alert_state_init(),
                                        .looks = pl_looks_init(),
                                        .adoption = pl_adoption_looks_init(),
                                        .value = pl_value_looks_init(),
                                        .objectives = {2,
                                                       {{1, random_normal(&random), OBSERVED_AT(n)},
                                                        {0, random_normal(&random), OBSERVED_AT(n + 1)}}},
                                        .told = {.status = (enum pl_alert_status)(n % 3),
                                                 .verdict = (enum pl_verdict)(n % 8),
                                                 .previous = (enum pl_verdict)(n % 7),
                                                 .grade = (enum pl_grade)(n % 3),
                                                 .starts_us = OBSERVED_AT(n),
                                                 .tick_us = OBSERVED_AT(n + 2)}};

        pl_buf_clear(&text);
        pl_row_put_standing(&one, rules, &text);
        assert_int_equal(pl_row_get_standing(pl_buf_span(&text), rules, &back, NULL), PL_OK);
        assert_int_equal(back.objectives.n, 2);
        for (unsigned at = 0; at < 2; at++) {
            assert_int_equal(back.objectives.of[at].objective, one.objectives.of[at].objective);
            assert_int_equal(back.objectives.of[at].time_us, one.objectives.of[at].time_us);
            assert_true(same_number(back.objectives.of[at].value, one.objectives.of[at].value));
        }
        assert_int_equal(back.told.status, one.told.status);
        assert_int_equal(back.told.verdict, one.told.verdict);
        assert_int_equal(back.told.previous, one.told.previous);
        assert_int_equal(back.told.grade, one.told.grade);
        assert_int_equal(back.told.starts_us, one.told.starts_us);
        assert_int_equal(back.told.tick_us, one.told.tick_us);
    }
    pl_buf_fini(&text);
    pl_rules_free(rules);
}

/* What was started as another figure begins anew; what is gone is forgotten. */
static void a_start_is_of_its_figure(void **state)
{
    static const char *const bad[] = {"objective.known=delivered,x,1", "objective.known=delivered,1",
                                      "objective.known=delivered,1,x", "told=3,NO_VERDICT,NO_VERDICT,0,1,2",
                                      "told=0,NEVER,NO_VERDICT,0,1,2", "told=0,NO_VERDICT,NO_VERDICT,0,1"};
    struct pl_rules *rules = observed_rules(.3, PL_TIME_NONE);
    struct pl_standing standing;

    (void)state;
    add_objectives(rules);
    assert_int_equal(pl_row_get_standing(pl_span_of("objective.half+of+them=value,5,1.5 objective.gone=value,5,1.5 "
                                                    "objective.known=delivered,6,0.25"),
                                         rules, &standing, NULL),
                     PL_OK);
    assert_int_equal(standing.objectives.n, 1);
    assert_int_equal(standing.objectives.of[0].objective, 1);
    assert_int_equal(standing.told.tick_us, 0);
    for (size_t at = 0; at < sizeof(bad) / sizeof(*bad); at++)
        assert_int_equal(pl_row_get_standing(pl_span_of(bad[at]), rules, &standing, NULL), PL_ERR_INPUT);
    pl_rules_free(rules);
}

static void looks_come_back(void **state)
{
    struct pl_rules *rules = observed_rules(.3, PL_TIME_NONE);
    struct pl_random random = {5};
    struct pl_buf text = {0};

    (void)state;
    for (int n = 0; n < 3000; n++) {
        struct pl_standing back, one = {.alert = pl_alert_state_init(),
                                        .looks = some_looks(&random),
                                        .adoption = some_adoption(&random),
                                        .value = {some_looks(&random), some_looks(&random)},
                                        .derive = pl_derive_looks_init(rules, 0)};

        for (unsigned at = 0; at < one.derive.n; at++)
            one.derive.of[at].looks = some_looks(&random);
        pl_buf_clear(&text);
        pl_row_put_standing(&one, rules, &text);
        assert_int_equal(pl_row_get_standing(pl_buf_span(&text), rules, &back, NULL), PL_OK);
        assert_same(&back, &one);
    }
    pl_buf_fini(&text);
    pl_rules_free(rules);
}

/* A standing of an older version knows nothing of them; one of other rules keeps what it can. */
static void what_is_not_there_is_passed_over(void **state)
{
    static const char *const bad[] = {"gap.search=1,2",
                                      "gap.search=9,0,0,0,0,0,0,0,0,0",
                                      "gap.search=1,0,0,0,0,0,0,0,-1,0",
                                      "adoption.share=x",
                                      "adoption.gaps=-2",
                                      "value.trend=7",
                                      "retention.looks=-1",
                                      "derive.documents.price.trend=9"};
    struct pl_rules *rules = observed_rules(.3, PL_TIME_NONE);
    struct pl_standing standing;

    (void)state;
    assert_int_equal(pl_row_get_standing(pl_span_of("firing=1"), rules, &standing, NULL), PL_OK);
    assert_int_equal(standing.adoption.last_us, PL_TIME_NONE);
    assert_int_equal(standing.value.events.monday_us, PL_TIME_NONE);
    assert_int_equal(
        pl_row_get_standing(
            pl_span_of("gap.gone=1,0,0,0,0,0,0,0,0,0 derive.gone.looks=3 derive.gone=3 adoption.newer=1 value.newer=x"),
            rules, &standing, NULL),
        PL_OK);
    assert_int_equal(standing.adoption.n_gaps, 0);
    assert_int_equal(standing.derive.n, 0);
    for (size_t at = 0; at < sizeof(bad) / sizeof(*bad); at++)
        assert_int_equal(pl_row_get_standing(pl_span_of(bad[at]), rules, &standing, NULL), PL_ERR_INPUT);
    pl_rules_free(rules);
}

/* As the evaluator does at start: a new judge, the ledger, the standing as text, the sums. */
static struct pl_judge *restarted(const struct pl_judge *judge, const struct pl_rules *rules,
                                  const struct pl_sums *sums, int64_t judged_us)
{
    const struct pl_ledger *ledger = pl_judge_ledger(judge);
    struct pl_judge *next = pl_judge_new(rules, 14 * PL_DAY_US);
    struct pl_standing standing;
    struct pl_buf text = {0};

    for (size_t at = 0; at < ledger->n; at++)
        assert_int_equal(pl_judge_restore_row(next, &ledger->rows[at], NULL), PL_OK);
    pl_row_put_standing(pl_judge_standing(judge, 0), rules, &text);
    assert_int_equal(pl_row_get_standing(pl_buf_span(&text), rules, &standing, NULL), PL_OK);
    pl_judge_restore_standing(next, 0, &standing, judged_us);
    assert_int_equal(pl_judge_restore_sums(next, sums, NULL), PL_OK);
    pl_buf_fini(&text);
    return next;
}

static void assert_same_advice(const struct pl_judge *a, const struct pl_judge *b)
{
    const struct pl_advice *x = pl_judge_advice(a, 0), *y = pl_judge_advice(b, 0);

    assert_int_equal(x->verdict, y->verdict);
    assert_int_equal(x->reason, y->reason);
    assert_int_equal(x->lean, y->lean);
    assert_same(pl_judge_standing(a, 0), pl_judge_standing(b, 0));
}

/* 40 weeks, judged whenever something is due; a launch in between. */
static void a_restart_changes_nothing(void **state)
{
    struct pl_rules *rules = observed_rules(.3, OBSERVED_AT(5));
    struct pl_judge *judge = pl_judge_new(rules, 14 * PL_DAY_US), *other = pl_judge_new(rules, 14 * PL_DAY_US);
    const struct pl_control launch = {.type = PL_CONTROL_LAUNCH, .time_us = OBSERVED_AT(150), .area = "documents"};
    struct pl_sums sums = observed_adoption(3);
    unsigned seen = 0, edges = 0;

    (void)state;
    observed_weeks(&sums, 40, (struct observed_growth){.99, .995, 1.01});
    for (int64_t tick_us = OBSERVED_AT(4); tick_us < OBSERVED_AT(280);) {
        struct pl_judgement one, two;
        int64_t due_us;

        assert_int_equal(pl_judge_tick(judge, tick_us, &sums, &one, NULL), PL_OK);
        assert_int_equal(pl_judge_tick(other, tick_us, &sums, &two, NULL), PL_OK);
        assert_int_equal(one.n_edges, two.n_edges);
        for (size_t at = 0; at < one.n_edges; at++)
            assert_int_equal(one.edges[at].edge.verdict, two.edges[at].edge.verdict);
        edges += (unsigned)one.n_edges;
        assert_same_advice(judge, other);
        seen |= 1u << pl_judge_advice(judge, 0)->verdict;
        struct pl_judge *next = restarted(other, rules, &sums, tick_us);

        assert_same_advice(judge, next);
        pl_judge_free(other);
        other = next;
        due_us = pl_judge_due(judge, tick_us);
        assert_int_equal(pl_judge_due(other, tick_us), due_us);
        if (tick_us < launch.time_us && due_us > launch.time_us) {
            assert_int_equal(pl_judge_control(judge, &launch, launch.time_us), PL_ACCEPTED);
            assert_int_equal(pl_judge_control(other, &launch, launch.time_us), PL_ACCEPTED);
            due_us = pl_judge_due(judge, tick_us);
            assert_int_equal(due_us, launch.time_us + PL_HOUR_US);
        }
        assert_true(due_us > tick_us);
        tick_us = due_us;
    }
    assert_int_equal(seen, 1u << PL_NO_VERDICT | 1u << PL_DERIVING);
    assert_true(edges >= 2);
    assert_int_equal(pl_judge_standing(judge, 0)->value.events.monday_us, OBSERVED_AT(154));
    pl_judge_free(judge);
    pl_judge_free(other);
    pl_sums_fini(&sums);
    pl_rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_come_back),           cmocka_unit_test(objectives_and_the_last_edge_come_back),
        cmocka_unit_test(a_start_is_of_its_figure),  cmocka_unit_test(what_is_not_there_is_passed_over),
        cmocka_unit_test(a_restart_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
