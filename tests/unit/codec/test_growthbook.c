#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/growthbook.h"
#include "support/near.h"
#include "util/buf.h"
#include "util/num.h"
#include "util/stamp.h"

#include <stdio.h>
#include <string.h>

#define ARM(ID, USERS, NUMERATOR, MEAN, SD)                                                                            \
    "{\"variationId\":\"" ID "\",\"users\":" USERS ",\"analyses\":[{\"engine\":\"bayesian\",\"numerator\":" NUMERATOR  \
    ",\"denominator\":" USERS ",\"mean\":" MEAN ",\"stddev\":" SD                                                      \
    ",\"percentChange\":0.9,\"ciLow\":0.1,\"ciHigh\":2,\"chanceToBeatControl\":1}]}"
#define CONTROL ARM("v0", "10000", "1000", "0.1", "0.3")
#define VARIANT ARM("v1", "10100", "1111", "0.11", "0.3128897569")
#define METRIC(ID, ARMS) "{\"metricId\":\"" ID "\",\"variations\":[" ARMS "]}"
#define ROW(SPLIT, METRICS)                                                                                            \
    "{\"dimension\":\"All\",\"totalUsers\":20100,\"checks\":{\"srm\":" SPLIT "},\"metrics\":[" METRICS "]}"
#define GOALS(LIST) "\"settings\":{\"experimentId\":\"one_page\",\"goals\":[" LIST "]}"
#define GOAL "{\"metricId\":\"paid\",\"overrides\":{}}"
#define RESULT(DIMENSION, SETTINGS, ROWS)                                                                              \
    "{\"id\":\"snp_1\",\"dateUpdated\":\"2026-02-01T00:00:00Z\",\"experimentId\":\"exp_1\",\"phase\":\"0\","           \
    "\"dateStart\":\"2026-01-01T00:00:00.000Z\",\"dateEnd\":\"2026-01-15T10:00:00.000Z\",\"dimension\":{\"type\":"     \
    "\"" DIMENSION "\"}," SETTINGS ",\"queryIds\":[],\"results\":[" ROWS "]}"
#define GOOD RESULT("none", GOALS(GOAL), ROW("0.4", METRIC("paid", CONTROL "," VARIANT)))

static struct pl_err err;

static struct pl_growthbook start(const char *text, const char *metric)
{
    struct pl_growthbook book = {.text = pl_span_of(text), .metric = metric};

    assert_true(pl_stamp_parse(pl_span_of("2026-06-01T00:00:00Z"), false, &book.now_us));
    err = (struct pl_err){PL_OK, ""};
    return book;
}

/* The only result of a text. */
static struct pl_growthbook_result one(const char *text, const char *metric)
{
    struct pl_growthbook book = start(text, metric);
    struct pl_growthbook_result result, none;
    bool more;

    assert_int_equal(pl_growthbook_next(&book, &result, &more, &err), PL_OK);
    assert_true(more);
    assert_int_equal(pl_growthbook_next(&book, &none, &more, &err), PL_OK);
    assert_false(more);
    pl_growthbook_fini(&book);
    return result;
}

static const char *wrong(const char *text, const char *metric)
{
    struct pl_growthbook book = start(text, metric);
    struct pl_growthbook_result result;
    bool more;

    assert_int_equal(pl_growthbook_next(&book, &result, &more, &err), PL_ERR_INPUT);
    assert_true(more);
    pl_growthbook_fini(&book);
    return err.text;
}

static void takes_means_deviations_and_users(void **state)
{
    struct pl_growthbook_result result = one("{\"result\":" GOOD "}", NULL);
    char stamp[PL_STAMP_BYTES];

    (void)state;
    assert_int_equal(result.why, PL_GROWTHBOOK_TAKEN);
    assert_string_equal(result.control.id, "one_page");
    assert_string_equal(result.control.experiment, "one_page");
    assert_string_equal(result.control.area, "");
    assert_string_equal(pl_stamp_format(result.control.start_us, stamp), "2026-01-01T00:00:00Z");
    assert_string_equal(pl_stamp_format(result.control.time_us, stamp), "2026-01-15T10:00:00Z");
    assert_true(result.control.healthy && result.control.shipped && !result.control.early);
    assert_true(result.n[0] == 10000 && result.n[1] == 10100 && result.mean[0] == .1 && result.mean[1] == .11);
    /* Against the control's own mean: .1; sqrt(.0979/10100/.01 + .09/10000*.0121/.0001) = .04536857 */
    assert_int_equal(pl_growthbook_effect(&result, PL_NAN, &err), PL_OK);
    assert_near(result.control.effect, .1, 1e-12);
    assert_near(result.control.se, .04536856764, 1e-8);
    /* Against .2: .05; sqrt(.0979/10100 + .09/10000)/.2 = .02161774 */
    assert_int_equal(pl_growthbook_effect(&result, .2, &err), PL_OK);
    assert_near(result.control.effect, .05, 1e-12);
    assert_near(result.control.se, .021617741156, 1e-8);
}

static void a_control_of_zero_gives_no_share(void **state)
{
    struct pl_growthbook_result result = {.mean = {0, 1}, .sd = {0, 1}, .n = {10, 10}};

    (void)state;
    assert_int_equal(pl_growthbook_effect(&result, PL_NAN, &err), PL_ERR_INPUT);
    assert_int_equal(pl_growthbook_effect(&result, 1, &err), PL_OK);
}

static void all_ways_to_pack_results(void **state)
{
    static const char *const texts[] = {GOOD "\n" GOOD, "[" GOOD ",{\"result\":" GOOD "}]",
                                        "\xef\xbb\xbf{\"experimentResults\":[" GOOD "," GOOD "],\"count\":2}",
                                        "{\"result\":" GOOD "}{\"result\":" GOOD "}\r\n[]  "};
    struct pl_growthbook_result result;

    (void)state;
    for (size_t at = 0; at < sizeof(texts) / sizeof(*texts); at++) {
        struct pl_growthbook book = start(texts[at], NULL);
        unsigned n = 0;
        bool more;

        while (pl_growthbook_next(&book, &result, &more, &err) == PL_OK && more)
            n += result.why == PL_GROWTHBOOK_TAKEN;
        assert_int_equal(err.code, PL_OK);
        assert_int_equal(n, 2);
        pl_growthbook_fini(&book);
    }
}

static void chooses_the_metric(void **state)
{
    static const char two[] =
        RESULT("none", GOALS(GOAL ",{\"metricId\":\"kept\"}"),
               ROW("1", METRIC("kept", VARIANT "," CONTROL) "," METRIC("paid", CONTROL "," VARIANT)));

    (void)state;
    assert_true(one(two, "paid").mean[1] == .11);
    assert_true(one(two, "kept").mean[1] == .1);
    assert_string_equal(wrong(two, NULL),
                        "document 1 (one_page): settings.goals: 2 goals: choose one by --metric (paid, kept)");
    assert_string_equal(wrong(two, "x"), "document 1 (one_page): results[0].metrics: no metric x (kept, paid)");
}

static void leaves_out_what_is_no_finished_comparison(void **state)
{
    (void)state;
    assert_int_equal(
        one(RESULT("none", GOALS(GOAL), ROW("1", METRIC("paid", CONTROL "," VARIANT "," VARIANT))), NULL).why,
        PL_GROWTHBOOK_ARMS);
    assert_int_equal(one(RESULT("user", GOALS(GOAL), ROW("1", METRIC("paid", CONTROL "," VARIANT))), NULL).why,
                     PL_GROWTHBOOK_DIMENSION);
    assert_int_equal(one("{\"experiment\":{\"status\":\"running\"},\"result\":" GOOD "}", NULL).why,
                     PL_GROWTHBOOK_RUNNING);
    assert_int_equal(one(RESULT("none", GOALS(GOAL), ""), NULL).why, PL_GROWTHBOOK_EMPTY);
    assert_int_equal(
        one(RESULT("none", GOALS(GOAL),
                   ROW("1", METRIC("paid", ARM("v0", "0", "0", "0", "0") "," ARM("v1", "0", "0", "0", "0")))),
            NULL)
            .why,
        PL_GROWTHBOOK_EMPTY);
}

/* .1 * .9 = .09 = .3^2: nothing less can come from whole numbers. */
static void finds_adjusted_spreads(void **state)
{
    (void)state;
    assert_int_equal(one(RESULT("none", GOALS(GOAL),
                                ROW("1", METRIC("paid", CONTROL "," ARM("v1", "10000", "1000", "0.1", "0.25")))),
                         NULL)
                         .why,
                     PL_GROWTHBOOK_ADJUSTED);
    assert_int_equal(
        one(RESULT("none", GOALS("{\"metricId\":\"paid\",\"overrides\":{\"regressionAdjustmentEnabled\":true}}"),
                   ROW("1", METRIC("paid", CONTROL "," VARIANT))),
            NULL)
            .why,
        PL_GROWTHBOOK_ADJUSTED);
    assert_int_equal(
        one("{\"experiment\":{\"settings\":{\"regressionAdjustmentEnabled\":true}},\"result\":" GOOD "}", NULL).why,
        PL_GROWTHBOOK_ADJUSTED);
    /* An amount of money may have any spread. */
    assert_int_equal(one(RESULT("none", GOALS(GOAL),
                                ROW("1", METRIC("paid", CONTROL "," ARM("v1", "10000", "1000.5", "0.10005", "0.25")))),
                         NULL)
                         .why,
                     PL_GROWTHBOOK_TAKEN);
}

static void split_and_release(void **state)
{
    (void)state;
    assert_false(
        one(RESULT("none", GOALS(GOAL), ROW("0.0002", METRIC("paid", CONTROL "," VARIANT))), NULL).control.healthy);
    assert_true(one("{\"experiment\":{\"status\":\"stopped\",\"resultSummary\":{\"status\":\"won\","
                    "\"releasedVariationId\":\"v1\"}},\"result\":" GOOD "}",
                    NULL)
                    .control.shipped);
    assert_false(one("{\"experiment\":{\"status\":\"stopped\",\"resultSummary\":{\"status\":\"lost\","
                     "\"releasedVariationId\":\"v0\"}},\"result\":" GOOD "}",
                     NULL)
                     .control.shipped);
    assert_false(one("{\"experiment\":{\"resultSummary\":{\"status\":\"dnf\",\"releasedVariationId\":\"\"}},"
                     "\"result\":" GOOD "}",
                     NULL)
                     .control.shipped);
}

/* The good document with a part replaced. */
static const char *with(const char *part, const char *by)
{
    static char text[4096];
    const char *at = strstr(GOOD, part);

    assert_non_null(at);
    snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - GOOD), GOOD, by, at + strlen(part));
    return text;
}

static void tells_where_it_is_malformed(void **state)
{
    static const struct {
        const char *part, *by, *text;
    } rows[] = {
        {"\"mean\":0.11,", "", "results[0].metrics[0].variations[1].analyses[0].mean: is missing"},
        {"\"mean\":0.11", "\"mean\":\"NaN\"", "results[0].metrics[0].variations[1].analyses[0].mean: must be a number"},
        {"\"mean\":0.11", "\"mean\":1e999", "results[0].metrics[0].variations[1].analyses[0].mean: is out of range"},
        {"\"stddev\":0.3,", "\"stddev\":-1,", "results[0].metrics[0].variations[0].analyses[0]: stddev is below 0"},
        {"\"analyses\":[{", "\"analyses\":{\"a\":{", NULL},
        {"\"dateEnd\":\"2026-01-15", "\"dateEnd\":\"soon", "dateEnd: must be a time such as 2026-08-21T10:00:00Z"},
        {"\"dateEnd\":\"2026", "\"dateEnd\":\"2027", "dateEnd: is in the future"},
        {"\"dateStart\":\"2026-01-01", "\"dateStart\":\"2026-01-20", "dateStart: is after the end"},
        {"one_page", "no\\nname", "settings.experimentId: is not a name"},
        {"\"one_page\"", "7", "settings.experimentId: must be a string"},
        {"\"goals\":[" GOAL "]", "\"goals\":3", "settings.goals: must be a list"},
        {"\"results\":[", "\"x\":[", "results: is missing"},
        {"\"srm\":0.4", "\"srm\":\"no\"", "results[0].checks.srm: must be a number"},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(*rows); at++) {
        const char *text = wrong(with(rows[at].part, rows[at].by), NULL);

        if (rows[at].text && !strstr(text, rows[at].text))
            fail_msg("%s: %s", rows[at].by, text);
    }
    assert_string_equal(wrong("\"text\"", NULL), "document 1: document: must be an object");
    assert_string_equal(wrong("[3]", NULL), "document 1: [0]: must be an object");
}

/* Every beginning of a good document, bytes that are no text, depth, NaN: an error, and an end. */
static void hostile_texts_end(void **state)
{
    static char deep[5000];
    static const char *const texts[] = {"NaN", "{\"result\":NaN}", "\xff\xfe\x00x", "{\"a\":\"\\u0000\"}", "}{", "[",
                                        deep};
    struct pl_growthbook_result result;

    (void)state;
    memset(deep, '[', sizeof(deep) - 1);
    for (size_t at = 0; at < strlen(GOOD) + sizeof(texts) / sizeof(*texts); at++) {
        struct pl_growthbook book = start(at < strlen(GOOD) ? GOOD : texts[at - strlen(GOOD)], NULL);
        unsigned taken = 0, rounds = 0;
        bool more = true;

        if (at < strlen(GOOD))
            book.text.len = at;
        for (; more; rounds++)
            taken += pl_growthbook_next(&book, &result, &more, &err) == PL_OK && more && !result.why;
        assert_int_equal(taken, 0);
        assert_true(rounds < 10);
        pl_growthbook_fini(&book);
    }
}

static void goes_on_behind_what_is_wrong(void **state)
{
    static const char text[] = "{\"a\":}\n" GOOD "\n[7," GOOD "]";
    struct pl_growthbook book = start(text, NULL);
    struct pl_growthbook_result result;
    bool more;

    (void)state;
    assert_int_equal(pl_growthbook_next(&book, &result, &more, &err), PL_ERR_INPUT);
    assert_string_equal(err.text, "line 1, column 6: not JSON");
    assert_int_equal(pl_growthbook_next(&book, &result, &more, &err), PL_OK);
    assert_string_equal(result.control.experiment, "one_page");
    assert_int_equal(pl_growthbook_next(&book, &result, &more, &err), PL_ERR_INPUT);
    assert_int_equal(pl_growthbook_next(&book, &result, &more, &err), PL_OK);
    assert_true(more);
    assert_int_equal(pl_growthbook_next(&book, &result, &more, &err), PL_OK);
    assert_false(more);
    pl_growthbook_fini(&book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(takes_means_deviations_and_users),
                                       cmocka_unit_test(a_control_of_zero_gives_no_share),
                                       cmocka_unit_test(all_ways_to_pack_results),
                                       cmocka_unit_test(chooses_the_metric),
                                       cmocka_unit_test(leaves_out_what_is_no_finished_comparison),
                                       cmocka_unit_test(finds_adjusted_spreads),
                                       cmocka_unit_test(split_and_release),
                                       cmocka_unit_test(tells_where_it_is_malformed),
                                       cmocka_unit_test(hostile_texts_end),
                                       cmocka_unit_test(goes_on_behind_what_is_wrong)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
