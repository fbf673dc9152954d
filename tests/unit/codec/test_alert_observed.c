/* What alerts say of features, value and takings: sentences, conditions, numbers, lists; and the schema they keep. */
#include "codec/alert_observed.h"

#include "support/near.h"
#include "support/observed.h"

#include <string.h>
#include <sys/wait.h>

struct fixture {
    struct pl_rules *rules;
    struct pl_standing standing;
};

/* Twelve experiments with value measured, and a quarter that fell short. */
static const struct pl_area_state state_of_area = {
    .state = PL_INCONCLUSIVE,
    .n = 14,
    .level = 60,
    .lower = (double)NAN,
    .upper = (double)NAN,
    .needed = (double)NAN,
    .posterior_mean = -.001,
    .hollow = true,
    .e_hollow = 22.75,
    .n_value = 12,
    .value_mean = -.003,
    .credit_mean = .012,
    .holdout = true,
    .e_holdout = 61.5,
    .quarter = {
        .start_us = OBSERVED_AT(0), .end_us = OBSERVED_AT(91), .n = 9, .credited = .05, .realised = .004, .se = .01}};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->rules = observed_rules(.3, PL_TIME_NONE);
    f->standing = (struct pl_standing){.alert = pl_alert_state_init(),
                                       .looks = pl_looks_init(),
                                       .adoption = pl_adoption_looks_init(),
                                       .value = pl_value_looks_init(),
                                       .derive = pl_derive_looks_init(f->rules, 0)};
    f->standing.adoption.last_us = OBSERVED_AT(98);
    f->standing.adoption.share = .8;
    f->standing.adoption.n_all = f->standing.adoption.n_gaps = 2;
    f->standing.adoption.gaps[0] =
        (struct pl_feature_gap){OBSERVED_SEARCH, 1u << PL_GAP_DISCOVERY, {1000, 300, 100, 60, 62, 20, 80, 35, false}};
    f->standing.adoption.gaps[1] = (struct pl_feature_gap){
        OBSERVED_FILTERS, 1u << PL_GAP_TRIAL | 1u << PL_GAP_FIT, {1000, 900, 90, 5, 80, 70, 0, 0, false}};
    f->standing.value.events.verdict = PL_TREND_FALLING;
    f->standing.value.events.drift = -.05;
    f->standing.value.events.rate = 3.5;
    f->standing.derive.of[0].looks.verdict = PL_TREND_RISING;
    f->standing.derive.of[0].looks.drift = .05;
    f->standing.derive.of[0].looks.rate = .5;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    pl_rules_free(f->rules);
    free(f);
    return 0;
}

static const char *document(const struct fixture *f, enum pl_verdict verdict, enum pl_alert_status status)
{
    static char text[16384];
    const struct pl_alert_edge edge = {.status = status,
                                       .verdict = verdict,
                                       .previous = PL_NO_VERDICT,
                                       .starts_us = OBSERVED_AT(98),
                                       .tick_us = OBSERVED_AT(98)};
    const struct pl_advice advice = {.verdict = status == PL_ALERT_RESOLVED ? PL_NO_VERDICT : verdict};
    const struct pl_alert_doc doc = {.instance = "main",
                                     .area = &f->rules->areas[0],
                                     .edge = &edge,
                                     .advice = &advice,
                                     .state = &state_of_area,
                                     .rules = f->rules,
                                     .standing = &f->standing};
    struct pl_buf out = {0};

    pl_alert_doc_write(&doc, &out);
    assert_true(pl_buf_ok(&out) && out.len < sizeof(text));
    memcpy(text, out.ptr, out.len + 1);
    pl_buf_fini(&out);
    return text;
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("`%s` is not in `%s`", part, text);
}

static void has_not(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("`%s` is in `%s`", part, text);
}

static void features_to_deliver(void **state)
{
    static const char sentence[] = "search: 30 % of 1000 users who could use it know it; of 80 who met it a month or "
                                   "more ago, 44 % used it in more than one week (valuable from 30 %).";
    const char *text = document(*state, PL_DELIVER_EXISTING, PL_ALERT_FIRING);
    char condition[512], listed[640];

    snprintf(condition, sizeof(condition),
             "\"conditions\":[{\"name\":\"feature_not_met\",\"met\":true,\"text\":\"%s\"}]", sentence);
    snprintf(listed, sizeof(listed),
             "{\"feature\":\"search\",\"gaps\":[{\"gap\":\"discovery\",\"users\":\"do not know it\",\"text\":\"%s\"}],"
             "\"eligible\":1000,\"aware\":300,\"adopted\":100,\"repeating\":60,\"older\":62,\"left\":20,\"newly\":80,"
             "\"repeated\":35}",
             sentence);
    has(text, "have not met it. search: 30 %"); /* after the sentence of the verdict */
    has(text, condition);
    has(text, listed);
    has(text, "{\"gap\":\"trial\",\"users\":\"know it but do not try it\"");
    has(text, "{\"gap\":\"fit\",\"users\":\"tried it and left\"");
    has(text, "\"delivered_share\":0.8");
    has(text, "\"features_with_gaps\":2");
    has(text, "\"value_bar\":0.3");
    has_not(text, "where_value_may_be");
}

static void what_is_taken(void **state)
{
    const char *text = document(*state, PL_DERIVING, PL_ALERT_FIRING);

    has(text, "{\"name\":\"more_is_taken\",\"met\":true,\"text\":\"What is taken per active user (documents.price) "
              "rises by 24.2 % a year.\"},{\"name\":\"value_falls\",\"met\":true,\"text\":\"Value per active user "
              "falls by 19.5 % a year; the share of users who still get value in the fourth week does not provably "
              "fall.\"}");
    has(text, "\"value_per_active\":3.5,\"value_change\":-0.05");
    has(text, "\"taken\":[{\"metric\":\"documents.price\",");
    has(text, "\"per_active\":0.5,\"change\":0.05}");
    has(text, "(documents.ads) is not known yet.");
    has_not(text, "feature_not_met");
}

/* What rose, what did not follow, and the evidence. */
static void growth_without_value(void **state)
{
    static const char sentence[] =
        "Gain per experiment, corrected for lucky winners: 1.2 % of the goal and -0.3 % of value, over 12 experiments "
        "with both measured.";
    const char *text = document(*state, PL_HOLLOW_GROWTH, PL_ALERT_FIRING);
    char condition[512];

    snprintf(condition, sizeof(condition),
             "\"conditions\":[{\"name\":\"value_does_not_follow\",\"met\":true,\"text\":\"%s That value does "
             "not rise with what ships: evidence, 22.8 of 20 needed.\"}]",
             sentence);
    has(text, condition);
    has(text, "evidence, 22.8 of 20 needed. Gain per experiment");
    has(text, "\"hollow\":22.75,\"hollow_needed\":20,");
    has(text, "\"experiments_with_value\":12,\"goal_gain\":0.012,\"value_gain\":-0.003");
    has(text, "\"lean_gain\":-0.001");
    has_not(document(*state, PL_KEEP_OPTIMISING, PL_ALERT_FIRING), "value_does_not_follow");
}

static void a_quarter_that_fell_short(void **state)
{
    const char *text = document(*state, PL_PREPARE_CORE, PL_ALERT_FIRING);

    has(text, "{\"name\":\"quarter_fell_short\",\"met\":true,\"text\":\"In the quarter to 2023-12-04, 9 experiments "
              "were credited with 5 % together, and against the users held out 0.4 % was realised; that they do not "
              "pay: evidence, 61.5 of 60 needed.\"}");
    has(text, "\"holdout\":61.5,\"quarter_experiments\":9,\"quarter_credited\":0.05,\"quarter_realised\":0.004");
}

static void where_value_may_be(void **state)
{
    has(document(*state, PL_SHIFT_TO_CORE, PL_ALERT_FIRING), "\"where_value_may_be\":\"templates; faster sharing\"");
    has(document(*state, PL_PREPARE_CORE, PL_ALERT_FIRING), "\"where_value_may_be\"");
    has_not(document(*state, PL_SHIFT_TO_CORE, PL_ALERT_RESOLVED), "\"where_value_may_be\"");
}

static void an_end_has_no_conditions(void **state)
{
    const char *text = document(*state, PL_DELIVER_EXISTING, PL_ALERT_RESOLVED);

    has(text, "\"conditions\":[]");
    has_not(text, "have not met it. search");
}

/* More than five features are counted in the sentences, and all are in the list. */
static void many_features(void **state)
{
    struct fixture *f = *state;
    const char *text;
    unsigned listed = 0;

    for (unsigned at = 0; at < 8; at++)
        f->standing.adoption.gaps[at] = f->standing.adoption.gaps[0];
    f->standing.adoption.n_all = f->standing.adoption.n_gaps = 8;
    text = document(f, PL_DELIVER_EXISTING, PL_ALERT_FIRING);
    has(text, "So it is with 3 more.");
    for (const char *at = text; (at = strstr(at, "{\"feature\":")); at++)
        listed++;
    assert_int_equal(listed, 8);
}

static void documents_keep_the_schema(void **state)
{
    FILE *out = popen("/usr/bin/env python3 " PL_SOURCE_DIR "/tests/unit/codec/check_schema.py " PL_SOURCE_DIR
                      "/conf/alert.schema.json 16",
                      "w");
    int status;

    assert_non_null(out);
    for (int verdict = PL_NO_VERDICT; verdict <= PL_HOLLOW_GROWTH; verdict++) {
        fprintf(out, "%s\n", document(*state, (enum pl_verdict)verdict, PL_ALERT_FIRING));
        fprintf(out, "%s\n", document(*state, (enum pl_verdict)verdict, PL_ALERT_RESOLVED));
    }
    status = pclose(out);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(features_to_deliver, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(growth_without_value, setup, teardown),
        cmocka_unit_test_setup_teardown(a_quarter_that_fell_short, setup, teardown),
        cmocka_unit_test_setup_teardown(where_value_may_be, setup, teardown),
        cmocka_unit_test_setup_teardown(an_end_has_no_conditions, setup, teardown),
        cmocka_unit_test_setup_teardown(many_features, setup, teardown),
        cmocka_unit_test_setup_teardown(documents_keep_the_schema, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
