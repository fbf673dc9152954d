#include "codec/words.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

/* What users never see (design 2). */
static const char *const forbidden[] = {"e-value",   "cusum",   "stein",      "tost",   "srm",     "pane", "shard",
                                        "posterior", "p-value", "martingale", "e_flat", "jackpot", "epoch"};

static void check_text(const char *text)
{
    assert_non_null(text);
    for (size_t at = 0; at < sizeof(forbidden) / sizeof(*forbidden); at++)
        if (strcasestr(text, forbidden[at]))
            fail_msg("`%s` says %s", text, forbidden[at]);
}

static void check_sentence(const char *text)
{
    check_text(text);
    assert_true(strlen(text) > 10);
    assert_int_equal(text[strlen(text) - 1], '.');
}

static void test_every_verdict_has_words(void **state)
{
    (void)state;
    for (int verdict = PL_NO_VERDICT; verdict <= PL_HOLLOW_GROWTH; verdict++) {
        check_text(pl_words_alertname((enum pl_verdict)verdict));
        check_text(pl_words_verdict((enum pl_verdict)verdict));
        check_sentence(pl_words_explain((enum pl_verdict)verdict));
        check_sentence(pl_words_action((enum pl_verdict)verdict));
    }
    assert_string_equal(pl_words_alertname(PL_SHIFT_TO_CORE), "ShiftToCore");
    assert_string_equal(pl_words_verdict(PL_SHIFT_TO_CORE), "shift to core value work");
}

static void test_every_reason_has_a_sentence(void **state)
{
    (void)state;
    assert_string_equal(pl_words_no_verdict(PL_REASON_NONE), "");
    check_sentence(pl_words_no_verdict(PL_REASON_HEALTH));
    check_sentence(pl_words_no_verdict(PL_REASON_PROGRAMME));
    assert_string_equal(pl_words_inconclusive(PL_WHY_NOTHING), "");
    for (int why = PL_WHY_NO_SMALLEST_RETURN; why <= PL_WHY_TOO_NOISY; why++)
        check_sentence(pl_words_inconclusive((enum pl_inconclusive)why));
    for (int excluded = PL_ENTERED; excluded <= PL_EXCLUDED_OLD_EPOCH; excluded++)
        check_text(pl_words_exclusion((enum pl_exclusion)excluded));
    assert_string_equal(pl_words_lean(0), "");
    assert_non_null(strstr(pl_words_lean(1), "not proven"));
    assert_non_null(strstr(pl_words_lean(-1), "not proven"));
    assert_string_not_equal(pl_words_lean(1), pl_words_lean(-1));
}

static const char *feature_text(enum pl_gap gap, const struct pl_adoption_counts *seen, double bar)
{
    static char text[512];
    struct pl_buf out = {0};

    pl_words_feature("search", gap, seen, bar, &out);
    assert_true(pl_buf_ok(&out) && out.len < sizeof(text));
    memcpy(text, out.ptr, out.len + 1);
    pl_buf_fini(&out);
    return text;
}

static void test_features(void **state)
{
    const struct pl_adoption_counts seen = {1000, 310, 31, 20, 90, 60, 80, 36, false};
    const struct pl_adoption_counts young = {1000, 310, 31, 20, 0, 0, 0, 0, true};

    (void)state;
    assert_string_equal(feature_text(PL_GAP_DISCOVERY, &seen, .3),
                        "search: 31 % of 1000 users who could use it know it; of 80 who met it a month or more ago, "
                        "45 % used it in more than one week (valuable from 30 %).");
    assert_string_equal(feature_text(PL_GAP_DISCOVERY, &young, (double)NAN),
                        "search: 31 % of 1000 users who could use it know it; of 0 who met it since it is new, "
                        "0 % used it in more than one week.");
    assert_string_equal(feature_text(PL_GAP_TRIAL, &seen, .3), "search: of 310 users who know it, 10 % have tried it.");
    assert_string_equal(feature_text(PL_GAP_FIT, &seen, .3),
                        "search: of 90 users who tried it a month or more ago, 67 % have left it.");
    for (int gap = 0; gap < PL_GAPS; gap++)
        assert_true(pl_words_gap((enum pl_gap)gap)[0] != '\0');
}

/* .05 per 12 weeks of a logarithm is exp(.05 x 52 / 12) - 1 = 24.2 % a year; a fall is told without its sign. */
static void test_trends(void **state)
{
    static const struct {
        enum pl_trend_verdict verdict;
        double drift;
        const char *words;
    } cases[] = {
        {PL_TREND_UNKNOWN, (double)NAN, "is not known yet"},       {PL_TREND_STABLE, .01, "is unchanged within 10 %"},
        {PL_TREND_RISING, .05, "rises by 24.2 % a year"},          {PL_TREND_FALLING, -.05, "falls by 19.5 % a year"},
        {PL_TREND_INCONCLUSIVE, .05, "cannot be told from noise"},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(cases) / sizeof(*cases); at++) {
        const struct pl_looks looks = {.verdict = cases[at].verdict, .drift = cases[at].drift};
        struct pl_buf out = {0};

        pl_words_trend(&looks, &out);
        assert_string_equal(out.ptr, cases[at].words);
        pl_buf_fini(&out);
    }
}

static void test_conditions(void **state)
{
    struct pl_words_condition out[PL_WORDS_CONDITIONS_MAX];
    struct pl_advice advice = {.verdict = PL_SHIFT_TO_CORE, .grade = PL_CONFIRMED};

    (void)state;
    assert_int_equal(pl_words_conditions(&advice, out), 5);
    for (int at = 0; at < 5; at++) {
        assert_true(out[at].met);
        check_sentence(out[at].text);
    }
    for (unsigned bit = 0; bit < 5; bit++) {
        advice.missing = 1u << bit;
        assert_int_equal(pl_words_conditions(&advice, out), 5);
        for (unsigned at = 0; at < 5; at++)
            assert_int_equal(out[at].met, at != bit);
        check_sentence(out[bit].text);
    }
    advice.verdict = PL_PREPARE_CORE;
    assert_int_equal(pl_words_conditions(&advice, out), 0);
}

static void check_gain(const char *unit, double gain, const char *expected)
{
    struct pl_area_rule area = {0};
    char text[PL_NAME_BYTES + 32];

    (void)pl_span_copy(pl_span_of(unit), area.unit, sizeof(area.unit));
    pl_words_gain(&area, gain, text);
    assert_string_equal(text, expected);
}

static void test_gains(void **state)
{
    (void)state;
    check_gain("%", .0021, "0.21 %");
    check_gain("", .5, "50 %");
    check_gain("Elo", 1.5, "1.5 Elo");
    check_gain("%", -.000123456, "-0.0123 %");
    check_gain("Elo", 12345.6, "12346 Elo");
    check_gain("%", (double)NAN, "unknown");
}

static void check_evidence(const struct pl_area_state *state, double smallest_return, const char *expected)
{
    struct pl_area_rule area = {.unit = "%", .smallest_return = smallest_return};
    struct pl_advice advice = {.verdict = PL_PREPARE_CORE};
    struct pl_buf out = {0};

    pl_words_evidence(&area, &advice, state, &out);
    assert_true(pl_buf_ok(&out));
    check_sentence(out.ptr);
    assert_true(strncmp(out.ptr, pl_words_explain(PL_PREPARE_CORE), strlen(pl_words_explain(PL_PREPARE_CORE))) == 0);
    assert_string_equal(out.ptr + strlen(pl_words_explain(PL_PREPARE_CORE)), expected);
    pl_buf_fini(&out);
}

static void test_evidence(void **state)
{
    struct pl_area_state known = {.n = 2, .e_flat = 22.71, .level = 60, .lower = .0002, .upper = .0014};

    (void)state;
    check_evidence(NULL, .002, "");
    check_evidence(
        &known, .002,
        " That experiments pay less than 0.2 % each: evidence, 22.7 of 60 needed, from 2 experiments. Gain per "
        "experiment, corrected for lucky winners: between 0.02 % and 0.14 %.");
    known.upper = (double)NAN;
    check_evidence(&known, (double)NAN, " Gain per experiment, corrected for lucky winners: at least 0.02 %.");
    known.lower = (double)NAN;
    check_evidence(&known, (double)NAN, "");
    known.peeking = true;
    check_evidence(&known, (double)NAN, " More than a fifth of the last 20 experiments were stopped early.");
}

/* Its own evidence is told with the verdict that rests on it, and with no other. */
static void test_evidence_of_hollow_growth(void **state)
{
    struct pl_area_state known = {.e_hollow = 31.25, .lower = (double)NAN, .upper = (double)NAN};
    struct pl_area_rule area = {.smallest_return = (double)NAN};
    struct pl_advice advice = {.verdict = PL_HOLLOW_GROWTH};
    struct pl_buf out = {0};

    (void)state;
    pl_words_evidence(&area, &advice, &known, &out);
    check_sentence(out.ptr);
    assert_string_equal(out.ptr + strlen(pl_words_explain(PL_HOLLOW_GROWTH)),
                        " That value does not rise with what ships: evidence, 31.2 of 20 needed.");
    pl_buf_fini(&out);
    check_evidence(&known, (double)NAN, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_verdict_has_words),
        cmocka_unit_test(test_every_reason_has_a_sentence),
        cmocka_unit_test(test_features),
        cmocka_unit_test(test_trends),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_gains),
        cmocka_unit_test(test_evidence),
        cmocka_unit_test(test_evidence_of_hollow_growth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
