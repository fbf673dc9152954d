/* Features, value and takings at the judge's façade: when it must judge, what it advises, what a launch ends. */
#include "core/judge/judge.h"

#include "core/judge/judge_internal.h"
#include "support/near.h"
#include "support/observed.h"

#include <string.h>

#define MIN_INTERVAL (14 * PL_DAY_US)

struct fixture {
    struct pl_rules *rules;
    struct pl_judge *judge;
    struct pl_sums sums;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->rules = observed_rules(.3, PL_TIME_NONE);
    f->judge = pl_judge_new(f->rules, MIN_INTERVAL);
    *state = f;
    return f->judge ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    pl_judge_free(f->judge);
    pl_sums_fini(&f->sums);
    pl_rules_free(f->rules);
    free(f);
    return 0;
}

static struct pl_judgement tick(struct fixture *f, int64_t tick_us)
{
    struct pl_judgement judgement;

    assert_int_equal(pl_judge_tick(f->judge, tick_us, &f->sums, &judgement, NULL), PL_OK);
    return judgement;
}

/* No experiment at all, and still a verdict: at the Monday that the judge asked for. */
static void what_exists_is_to_be_delivered(void **state)
{
    struct fixture *f = *state;
    struct pl_judgement judgement;

    f->sums = observed_adoption(70);
    assert_int_equal(tick(f, OBSERVED_AT(97)).n_edges, 0);
    assert_int_equal(pl_judge_advice(f->judge, 0)->verdict, PL_NO_VERDICT);
    assert_int_equal(pl_judge_due(f->judge, OBSERVED_AT(97)), OBSERVED_AT(98));
    judgement = tick(f, OBSERVED_AT(98));
    assert_int_equal(pl_judge_advice(f->judge, 0)->verdict, PL_DELIVER_EXISTING);
    assert_int_equal(judgement.n_edges, 1);
    assert_int_equal(judgement.edges[0].edge.verdict, PL_DELIVER_EXISTING);
    assert_int_equal(judgement.edges[0].edge.status, PL_ALERT_FIRING);
    assert_int_equal(pl_judge_due(f->judge, OBSERVED_AT(98)), OBSERVED_AT(105));
    assert_int_equal(tick(f, OBSERVED_AT(98) + PL_HOUR_US).n_edges, 0); /* between looks nothing moves */
}

/* V falls by the first look at value events while the price rises: the area derives, until a launch starts anew. */
static void what_is_taken_outruns_value(void **state)
{
    struct fixture *f = *state;
    struct pl_control launch = {.type = PL_CONTROL_LAUNCH, .time_us = OBSERVED_AT(86), .area = "documents"};

    observed_weeks(&f->sums, 12, (struct observed_growth){.99, 1, 1.01});
    (void)tick(f, OBSERVED_AT(83));
    assert_int_equal(pl_judge_due(f->judge, OBSERVED_AT(83)), OBSERVED_AT(84));
    (void)tick(f, OBSERVED_AT(84));
    assert_int_equal(pl_judge_advice(f->judge, 0)->verdict, PL_DERIVING);
    assert_int_equal(pl_judge_control(f->judge, &launch, launch.time_us), PL_ACCEPTED);
    (void)tick(f, OBSERVED_AT(86) + PL_HOUR_US);
    assert_int_equal(pl_judge_advice(f->judge, 0)->verdict, PL_NO_VERDICT);
    assert_int_equal(pl_judge_standing(f->judge, 0)->value.events.monday_us, OBSERVED_AT(91));
    assert_int_equal(pl_judge_standing(f->judge, 0)->derive.of[0].looks.monday_us, OBSERVED_AT(91));
}

/* A gap is no reason to deliver while the value that would be delivered falls. */
static void falling_value_is_not_delivered(void **state)
{
    struct fixture *f = *state;

    f->sums = observed_adoption(70);
    observed_weeks(&f->sums, 14, (struct observed_growth){.99, .99, 1});
    (void)tick(f, OBSERVED_AT(98));
    assert_int_equal(pl_value_trend(&pl_judge_standing(f->judge, 0)->value), PL_TREND_FALLING);
    assert_int_equal(pl_adoption_delivery(&pl_judge_standing(f->judge, 0)->adoption, f->rules, 0), PL_DELIVERY_GAP);
    assert_int_equal(pl_judge_advice(f->judge, 0)->verdict, PL_NO_VERDICT);
    assert_int_equal(pl_judge_advice(f->judge, 0)->lean, 1);
}

static struct pl_facts facts_of(const struct fixture *f, const struct pl_standing *standing)
{
    struct pl_facts facts = {.posterior_mean = PL_NAN};

    pl_judge_observe_facts(f->rules, 0, standing, &facts);
    return facts;
}

static void facts_come_from_the_looks(void **state)
{
    struct fixture *f = *state;
    struct pl_standing standing = *pl_judge_standing(f->judge, 0);
    struct pl_facts facts = facts_of(f, &standing);

    assert_true(facts.delivery == PL_DELIVERY_UNKNOWN && facts.value == PL_TREND_UNKNOWN && !facts.value_measured);
    assert_false(facts.derive_rising || facts.deliver_gap || facts.create_gap);
    standing.value.retention.verdict = PL_TREND_INCONCLUSIVE;
    standing.derive.of[1].looks.verdict = PL_TREND_RISING;
    standing.adoption.last_us = 0;
    standing.adoption.share = .61;
    facts = facts_of(f, &standing);
    assert_true(facts.delivery == PL_DELIVERED && facts.value == PL_TREND_INCONCLUSIVE && facts.value_measured);
    assert_true(facts.derive_rising);
    f->rules->areas[0].value_events.n = 0; /* not declared any more */
    facts = facts_of(f, &standing);
    assert_true(facts.value == PL_TREND_UNKNOWN && !facts.value_measured);
}

static void the_lean_is_that_of_the_features(void **state)
{
    static const struct {
        unsigned kinds;
        int lean;
    } cases[] = {{0, 0}, {1u << PL_GAP_FIT, -1}, {1u << PL_GAP_TRIAL, 1}, {1u << PL_GAP_TRIAL | 1u << PL_GAP_FIT, 1}};
    struct fixture *f = *state;

    for (size_t at = 0; at < sizeof(cases) / sizeof(*cases); at++) {
        struct pl_standing standing = *pl_judge_standing(f->judge, 0);

        standing.adoption.n_gaps = standing.adoption.n_all = 1;
        standing.adoption.gaps[0] = (struct pl_feature_gap){.feature = OBSERVED_SHARE, .kinds = cases[at].kinds};
        pl_judge_restore_standing(f->judge, 0, &standing, OBSERVED_AT(98));
        assert_int_equal(pl_judge_advice(f->judge, 0)->verdict, PL_NO_VERDICT);
        assert_int_equal(pl_judge_advice(f->judge, 0)->lean, cases[at].lean);
    }
}

/* What is restored may come from another configuration: only what is still there counts. */
static void what_left_the_rules_is_forgotten(void **state)
{
    struct fixture *f = *state;
    struct pl_standing standing = *pl_judge_standing(f->judge, 0);
    const struct pl_standing *kept;

    standing.adoption.n_gaps = 2;
    standing.adoption.n_all = 40; /* more than are kept one by one */
    standing.adoption.gaps[0] = (struct pl_feature_gap){.feature = 77, .kinds = 1u << PL_GAP_DISCOVERY};
    standing.adoption.gaps[1] = (struct pl_feature_gap){.feature = OBSERVED_SHARE, .kinds = 1u << PL_GAP_FIT};
    standing.derive.n = 1;
    standing.derive.of[0].metric = OBSERVED_ADS;
    standing.derive.of[0].looks.taken = 3;
    pl_judge_restore_standing(f->judge, 0, &standing, OBSERVED_AT(98));
    kept = pl_judge_standing(f->judge, 0);
    assert_int_equal(kept->adoption.n_gaps, 1);
    assert_int_equal(kept->adoption.n_all, 39);
    assert_int_equal(kept->adoption.gaps[0].feature, OBSERVED_SHARE);
    assert_int_equal(kept->derive.n, 2);
    assert_int_equal(kept->derive.of[0].metric, OBSERVED_PRICE);
    assert_int_equal(kept->derive.of[0].looks.taken, 0);
    assert_int_equal(kept->derive.of[1].looks.taken, 3);
}

static void an_area_that_is_not_observed_waits_for_nothing(void **state)
{
    struct fixture *f = *state;

    f->rules->n_features = 0;
    f->rules->areas[0].value_events.n = 0;
    f->rules->metrics[OBSERVED_PRICE].role = f->rules->metrics[OBSERVED_ADS].role = PL_ROLE_DELIVERY;
    pl_judge_free(f->judge);
    f->judge = pl_judge_new(f->rules, MIN_INTERVAL);
    f->sums = observed_adoption(0);
    observed_weeks(&f->sums, 14, (struct observed_growth){.99, .99, 1.01});
    (void)tick(f, OBSERVED_AT(98));
    assert_int_equal(pl_judge_due(f->judge, OBSERVED_AT(98)), PL_TIME_NONE);
    assert_int_equal(pl_judge_advice(f->judge, 0)->verdict, PL_NO_VERDICT);
}

/* A funnel of two steps that stays as it is, found by its cells. */
static void add_funnel(struct fixture *f)
{
    f->rules->funnels = calloc(1, sizeof(*f->rules->funnels));
    assert_non_null(f->rules->funnels);
    f->rules->n_funnels = 1;
    f->rules->funnels[0] = (struct pl_funnel_rule){.id = "way", .n_steps = 2};
    f->rules->areas[0].funnel = 0;
    for (int week = 0; week < 14; week++) {
        observed_n(&f->sums, PL_CELL_FUNNEL, 0, 0, 7 * week, 100000);
        observed_n(&f->sums, PL_CELL_FUNNEL, 0, 1, 7 * week, week % 2 ? 20080 : 19920);
    }
}

/* Features that nearly all who could use them know, and use again. */
static void add_known_features(struct fixture *f)
{
    observed_n(&f->sums, PL_CELL_NEW, 0, 0, 0, 1000);
    observed_n(&f->sums, PL_CELL_ACTIVE, 0, 0, 97, 1000);
    observed_n(&f->sums, PL_CELL_KNOWN, OBSERVED_SEARCH, 2, 97, 900);
    observed_n(&f->sums, PL_CELL_AGAIN, OBSERVED_SEARCH, 0, 97, 500);
}

static void add_result(struct fixture *f, int n, int64_t time_us, double effect)
{
    struct pl_control result = {.type = PL_CONTROL_RESULT,
                                .time_us = time_us,
                                .start_us = PL_TIME_NONE,
                                .area = "documents",
                                .effect = effect,
                                .se = .02,
                                .cost = 1,
                                .healthy = true};

    snprintf(result.id, sizeof(result.id), "r%03d", n);
    snprintf(result.experiment, sizeof(result.experiment), "r%03d", n);
    assert_int_equal(pl_judge_control(f->judge, &result, time_us), PL_ACCEPTED);
}

/* Experiments that once paid and no longer do, a funnel that stays, features that are known, value that is measured and
 * a policy that is settled: all five conditions of a confirmed shift, from control records and sums alone. */
static void a_shift_to_core_is_confirmed(void **state)
{
    enum { FUNNEL = 1, FEATURES = 2, VALUE = 4, PAID = 8 };
    static const struct {
        unsigned there;
        unsigned missing;
    } cases[] = {
        {FUNNEL | FEATURES | VALUE | PAID, 0},
        {FEATURES | VALUE | PAID, PL_MISSING_FUNNEL_STABLE},
        {FUNNEL | VALUE | PAID, PL_MISSING_DELIVERED},
        {FUNNEL | FEATURES | PAID, PL_MISSING_VALUE},
        {FUNNEL | FEATURES | VALUE, PL_MISSING_ONCE_YIELDING},
    };
    struct fixture *f = *state;

    f->rules->areas[0].smallest_return = .05;
    for (size_t at = 0; at < sizeof(cases) / sizeof(*cases); at++) {
        pl_judge_free(f->judge);
        pl_sums_fini(&f->sums);
        f->judge = pl_judge_new(f->rules, MIN_INTERVAL);
        f->rules->n_funnels = 0;
        free(f->rules->funnels);
        f->rules->funnels = NULL;
        f->rules->areas[0].funnel = PL_RULES_NONE;
        if (cases[at].there & FUNNEL)
            add_funnel(f);
        if (cases[at].there & FEATURES)
            add_known_features(f);
        if (cases[at].there & VALUE)
            observed_weeks(&f->sums, 14, (struct observed_growth){1, 1, 1});
        for (int n = 0; n < 160; n++)
            add_result(f, n, OBSERVED_AT(1) + n * PL_HOUR_US * 12, cases[at].there & PAID && n < 20 ? .2 : 0);
        for (int64_t due = pl_judge_due(f->judge, PL_TIME_NONE); due != PL_TIME_NONE && due <= OBSERVED_AT(98);
             due = pl_judge_due(f->judge, due))
            (void)tick(f, due);
        assert_int_equal(pl_judge_area(f->judge, 0)->n, 160);
        assert_int_equal(pl_judge_area(f->judge, 0)->state, PL_FLAT);
        assert_int_equal(pl_judge_advice(f->judge, 0)->verdict, PL_SHIFT_TO_CORE);
        assert_int_equal(pl_judge_advice(f->judge, 0)->missing, cases[at].missing);
        assert_int_equal(pl_judge_advice(f->judge, 0)->grade, cases[at].missing ? PL_UNCONFIRMED : PL_CONFIRMED);
        assert_true(pl_judge_standing(f->judge, 0)->alert.firing);
        assert_int_equal(pl_judge_standing(f->judge, 0)->told.verdict, PL_SHIFT_TO_CORE);
        assert_int_equal(pl_judge_standing(f->judge, 0)->told.grade, pl_judge_standing(f->judge, 0)->alert.grade);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_exists_is_to_be_delivered, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_taken_outruns_value, setup, teardown),
        cmocka_unit_test_setup_teardown(a_shift_to_core_is_confirmed, setup, teardown),
        cmocka_unit_test_setup_teardown(falling_value_is_not_delivered, setup, teardown),
        cmocka_unit_test_setup_teardown(facts_come_from_the_looks, setup, teardown),
        cmocka_unit_test_setup_teardown(the_lean_is_that_of_the_features, setup, teardown),
        cmocka_unit_test_setup_teardown(what_left_the_rules_is_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(an_area_that_is_not_observed_waits_for_nothing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
