#include "codec/control.h"

#include "util/stamp.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define T_US INT64_C(1785578400000000) /* 2026-08-01T10:00:00Z */
#define T "\"time\":\"2026-08-01T10:00:00Z\""
#define RESULT "{\"type\":\"result\",\"experiment\":\"exp 1\",\"area\":\"checkout\"," T

static struct pl_control parse(const char *json)
{
    struct pl_control control;
    struct pl_err err;
    enum pl_reject reason = pl_control_parse(pl_span_of(json), PL_TIME_NONE, &control, &err);

    if (reason)
        fail_msg("%s: %s: %s", json, pl_reject_name(reason), err.text);
    return control;
}

static void refuse(const char *json, enum pl_reject reason, const char *text)
{
    struct pl_control control;
    struct pl_err err;
    enum pl_reject got = pl_control_parse(pl_span_of(json), T_US, &control, &err);

    if (got != reason || strcmp(err.text, text) != 0)
        fail_msg("%s: got %s `%s`, expected %s `%s`", json, pl_reject_name(got), got ? err.text : "",
                 pl_reject_name(reason), text);
}

static void test_result(void **state)
{
    struct pl_control control = parse(
        "{\"type\":\"result\",\"id\":\"r-7\",\"experiment\":\"exp 1\",\"area\":\"checkout\",\"work\":\"monetisation\","
        "\"start\":\"2026-07-01T00:00:00Z\"," T ",\"effect\":0.0021,\"se\":0.001,\"n\":[20000,20000],"
        "\"early\":true,\"shipped\":false,\"health\":false,\"cost\":2.5,\"history\":true,\"other\":[1]}");

    (void)state;
    assert_int_equal(control.type, PL_CONTROL_RESULT);
    assert_string_equal(control.id, "r-7");
    assert_string_equal(control.experiment, "exp 1");
    assert_string_equal(control.area, "checkout");
    assert_int_equal(control.work, PL_WORK_MONETISATION);
    assert_int_equal(control.start_us, T_US - 31 * PL_DAY_US - 10 * PL_HOUR_US);
    assert_int_equal(control.time_us, T_US);
    assert_true(control.effect == 0.0021 && control.se == 0.001 && control.cost == 2.5);
    assert_true(control.early && !control.shipped && !control.healthy && control.history);
}

static void test_result_defaults(void **state)
{
    struct pl_control control = parse(RESULT ",\"effect\":-1e-3,\"se\":5E-4,\"start\":null}");

    (void)state;
    assert_string_equal(control.id, "exp 1");
    assert_int_equal(control.work, PL_WORK_GROWTH);
    assert_int_equal(control.start_us, PL_TIME_NONE);
    assert_true(control.effect == -0.001 && control.se == 0.0005 && control.cost == 1);
    assert_true(!control.early && control.shipped && control.healthy && !control.history);
    assert_int_equal(control.n_variants, 0);
}

/* 20,000 units each, 3 % against 3.3 %, baseline 3 %: effect = .003/.03 = .1;
 * se = sqrt(.03*.97/20000 + .033*.967/20000)/.03 = sqrt(1.455e-6 + 1.59555e-6)/.03 = .0582194126 */
static void test_result_from_means(void **state)
{
    struct pl_control control = parse(RESULT ",\"means\":[0.03,0.033],\"n\":[20000,20000],\"baseline\":0.03}");

    (void)state;
    assert_true(fabs(control.effect - .1) < 1e-12);
    assert_true(fabs(control.se - .0582194126) < 1e-9);
    /* A baseline twice as high halves both. */
    control = parse(RESULT ",\"means\":[0.03,0.033],\"n\":[20000,20000],\"baseline\":0.06}");
    assert_true(fabs(control.effect - .05) < 1e-12);
    assert_true(fabs(control.se - .0291097063) < 1e-9);
}

static void test_lifecycle(void **state)
{
    struct pl_control control =
        parse("{\"type\":\"lifecycle\",\"experiment\":\"e1\",\"state\":\"started\",\"area\":\"a\",\"work\":\"core\","
              "\"variants\":{\"control\":0.5,\"B\":0.25,\"C\":0.25},\"cost\":3," T "}");

    (void)state;
    assert_int_equal(control.type, PL_CONTROL_LIFECYCLE);
    assert_int_equal(control.state, PL_STARTED);
    assert_int_equal(control.work, PL_WORK_CORE);
    assert_int_equal(control.n_variants, 3);
    assert_string_equal(control.variants[0], "control");
    assert_string_equal(control.variants[2], "C");
    assert_true(control.shares[0] == .5 && control.shares[2] == .25);
    control = parse(
        "{\"type\":\"lifecycle\",\"experiment\":\"e1\",\"state\":\"reverted\",\"variants\":{\"a\":3,\"b\":1}," T "}");
    assert_int_equal(control.state, PL_REVERTED);
    assert_string_equal(control.area, "");
    assert_true(control.shares[0] == .75 && control.shares[1] == .25);
    /* Ten tenths do not add up to 1 in binary; they are left as they were written. */
    control =
        parse("{\"type\":\"lifecycle\",\"experiment\":\"e1\",\"state\":\"started\",\"variants\":{\"a\":0.1,\"b\":0.1,"
              "\"c\":0.1,\"d\":0.1,\"e\":0.1,\"f\":0.1,\"g\":0.1,\"h\":0.1,\"i\":0.1,\"j\":0.1}," T "}");
    assert_true(control.shares[0] == .1);
}

static void test_launch_and_history_end(void **state)
{
    struct pl_control control = parse("{\"type\":\"core_launch\",\"area\":\"a\"," T "}");

    (void)state;
    assert_int_equal(control.type, PL_CONTROL_LAUNCH);
    assert_string_equal(control.area, "a");
    assert_int_equal(control.time_us, T_US);
    control = parse("{\"type\":\"history_end\",\"area\":\"a\"}");
    assert_int_equal(control.type, PL_CONTROL_HISTORY_END);
    assert_int_equal(control.time_us, PL_TIME_NONE);
}

static void test_times_and_the_record(void **state)
{
    const char *launch = "{\"type\":\"core_launch\",\"area\":\"a\"}",
               *later = "{\"type\":\"core_launch\",\"area\":\"a\"," T "}";
    struct pl_control control;

    (void)state;
    assert_int_equal(pl_control_parse(pl_span_of(launch), 77, &control, NULL), PL_ACCEPTED);
    assert_int_equal(control.time_us, 77); /* the record's own */
    assert_int_equal(pl_control_parse(pl_span_of(launch), PL_TIME_NONE, &control, NULL), PL_REJECT_MISSING_TIME);
    assert_int_equal(pl_control_parse(pl_span_of(later), T_US - PL_MINUTE_US, &control, NULL), PL_ACCEPTED);
    assert_int_equal(control.time_us, T_US - PL_MINUTE_US); /* a clock ahead */
    assert_int_equal(pl_control_parse(pl_span_of(later), T_US - 5 * PL_MINUTE_US, &control, NULL), PL_ACCEPTED);
    assert_int_equal(pl_control_parse(pl_span_of(later), T_US - 5 * PL_MINUTE_US - 1, &control, NULL),
                     PL_REJECT_FUTURE);
}

static void test_refused(void **state)
{
    (void)state;
    refuse("", PL_REJECT_EMPTY, "the value is 0 bytes or blank");
    refuse("{", PL_REJECT_SYNTAX, "not a JSON document");
    refuse("[]", PL_REJECT_NOT_OBJECT, "the document is not an object");
    refuse("{}", PL_REJECT_CONTROL_TYPE, "type: is missing");
    refuse("{\"type\":\"results\"}", PL_REJECT_CONTROL_TYPE, "type: is not one that is known");
    refuse("{\"type\":1}", PL_REJECT_CONTROL_TYPE, "type: is not one that is known");
    refuse("{\"type\":\"result\"}", PL_REJECT_CONTROL_FIELD, "experiment: is missing");
    refuse("{\"type\":\"result\",\"experiment\":7}", PL_REJECT_CONTROL_FIELD, "experiment: must be a string");
    refuse("{\"type\":\"result\",\"experiment\":\"a/b\"}", PL_REJECT_BAD_NAME, "experiment: is not a name");
    refuse("{\"type\":\"result\",\"experiment\":\"e\",\"id\":\"\"}", PL_REJECT_CONTROL_FIELD, "id: is not a name");
    refuse("{\"type\":\"result\",\"experiment\":\"e\"}", PL_REJECT_CONTROL_FIELD, "area: is missing");
    refuse("{\"type\":\"result\",\"experiment\":\"e\",\"area\":\"a\",\"effect\":1,\"se\":1}", PL_REJECT_CONTROL_FIELD,
           "time: is missing");
    refuse("{\"type\":\"result\",\"experiment\":\"e\",\"area\":\"a\",\"time\":1785578400}", PL_REJECT_BAD_TIME,
           "time: must be a time such as 2026-08-21T10:00:00Z");
    refuse("{\"type\":\"result\",\"experiment\":\"e\",\"area\":\"a\",\"time\":\"2026-08-01\"}", PL_REJECT_BAD_TIME,
           "time: must be a time such as 2026-08-21T10:00:00Z");
    refuse("{\"type\":\"result\",\"experiment\":\"e\",\"area\":\"a\",\"time\":\"2026-08-01T10:06:00Z\"}",
           PL_REJECT_FUTURE, "time: is more than 5 minutes ahead of the record's timestamp");
    refuse("{\"type\":\"result\",\"experiment\":\"e\",\"area\":\"a\",\"time\":\"2026-07-01T00:00:00Z\","
           "\"start\":\"2026-07-01T00:00:00.5Z\",\"effect\":1,\"se\":1}",
           PL_REJECT_CONTROL_FIELD, "start: is after time");
}

static void test_refused_results(void **state)
{
    (void)state;
    refuse(RESULT "}", PL_REJECT_CONTROL_FIELD, "means: is missing");
    refuse(RESULT ",\"effect\":1}", PL_REJECT_CONTROL_FIELD, "se: is missing");
    refuse(RESULT ",\"se\":1}", PL_REJECT_CONTROL_FIELD, "effect: is missing");
    refuse(RESULT ",\"effect\":\"1\",\"se\":1}", PL_REJECT_CONTROL_FIELD, "effect: must be a number");
    refuse(RESULT ",\"effect\":1e999,\"se\":1}", PL_REJECT_CONTROL_FIELD, "effect: is out of range");
    refuse(RESULT ",\"effect\":1,\"se\":0}", PL_REJECT_CONTROL_FIELD, "se: must be above 0");
    refuse(RESULT ",\"effect\":1,\"se\":-1}", PL_REJECT_CONTROL_FIELD, "se: must be above 0");
    refuse(RESULT ",\"effect\":1,\"se\":1,\"work\":\"fun\"}", PL_REJECT_CONTROL_FIELD,
           "work: is not one that is known");
    refuse(RESULT ",\"effect\":1,\"se\":1,\"early\":1}", PL_REJECT_CONTROL_FIELD, "early: must be true or false");
    refuse(RESULT ",\"effect\":1,\"se\":1,\"history\":\"true\"}", PL_REJECT_CONTROL_FIELD,
           "history: must be true or false");
    refuse(RESULT ",\"effect\":1,\"se\":1,\"cost\":0}", PL_REJECT_CONTROL_FIELD, "cost: must be above 0");
    refuse(RESULT ",\"effect\":1,\"se\":1,\"start\":\"2027-08-01T10:00:00Z\"}", PL_REJECT_FUTURE,
           "start: is more than 5 minutes ahead of the record's timestamp");
    refuse(RESULT ",\"means\":[0.1,0.2],\"n\":[10,10]}", PL_REJECT_CONTROL_FIELD, "baseline: is missing");
    refuse(RESULT ",\"means\":[0.1,0.2],\"n\":[10,10],\"baseline\":0}", PL_REJECT_CONTROL_FIELD,
           "baseline: must be above 0");
    refuse(RESULT ",\"means\":[0.1],\"n\":[10,10],\"baseline\":1}", PL_REJECT_CONTROL_FIELD,
           "means: must be two numbers");
    refuse(RESULT ",\"means\":[0.1,0.2,0.3],\"n\":[10,10],\"baseline\":1}", PL_REJECT_CONTROL_FIELD,
           "means: must be two numbers");
    refuse(RESULT ",\"means\":{\"a\":0.1,\"b\":0.2},\"n\":[10,10],\"baseline\":1}", PL_REJECT_CONTROL_FIELD,
           "means: must be two numbers");
    refuse(RESULT ",\"means\":[0.1,1.2],\"n\":[10,10],\"baseline\":1}", PL_REJECT_CONTROL_FIELD,
           "means: must be shares between 0 and 1");
    refuse(RESULT ",\"means\":[0.1,0.2],\"n\":[10,0],\"baseline\":1}", PL_REJECT_CONTROL_FIELD,
           "n: must be whole numbers above 0");
    refuse(RESULT ",\"means\":[0.1,0.2],\"n\":[10.5,10],\"baseline\":1}", PL_REJECT_CONTROL_FIELD,
           "n: must be whole numbers above 0");
    refuse(RESULT ",\"means\":[0,1],\"n\":[10,10],\"baseline\":1}", PL_REJECT_CONTROL_FIELD,
           "means: give no standard error");
}

static void test_refused_values(void **state)
{
#define EFFECT RESULT ",\"effect\":0.1,\"se\":0.05"

    (void)state;
    refuse(EFFECT ",\"value\":0.1}", PL_REJECT_CONTROL_FIELD, "value: must be an object with effect and se");
    refuse(EFFECT ",\"value\":[0.1,0.2]}", PL_REJECT_CONTROL_FIELD, "value: must be an object with effect and se");
    refuse(EFFECT ",\"value\":{}}", PL_REJECT_CONTROL_FIELD, "effect: is missing");
    refuse(EFFECT ",\"value\":{\"effect\":0.1}}", PL_REJECT_CONTROL_FIELD, "se: is missing");
    refuse(EFFECT ",\"value\":{\"effect\":\"x\",\"se\":1}}", PL_REJECT_CONTROL_FIELD, "effect: must be a number");
    refuse(EFFECT ",\"value\":{\"effect\":0.1,\"se\":0}}", PL_REJECT_CONTROL_FIELD, "se: must be above 0");
    refuse(EFFECT ",\"value\":{\"effect\":0.1,\"se\":0.02,\"cov\":0.0010001}}", PL_REJECT_CONTROL_FIELD,
           "value: cov is larger than the two errors allow");
    refuse(EFFECT ",\"value\":{\"effect\":0.1,\"se\":0.02,\"cov\":-0.0010001}}", PL_REJECT_CONTROL_FIELD,
           "value: cov is larger than the two errors allow");
    refuse(EFFECT ",\"value\":{\"effect\":1e31,\"se\":1}}", PL_REJECT_CONTROL_FIELD, "value: is out of range");
    refuse(EFFECT ",\"units\":0}", PL_REJECT_CONTROL_FIELD, "units: must be above 0");
    refuse(EFFECT ",\"units\":\"5\"}", PL_REJECT_CONTROL_FIELD, "units: must be a number");
    refuse(RESULT ",\"effect\":1e31,\"se\":1}", PL_REJECT_CONTROL_FIELD, "effect: is out of range");
    refuse(RESULT ",\"effect\":1,\"se\":1e31}", PL_REJECT_CONTROL_FIELD, "effect: is out of range");
    refuse(RESULT ",\"effect\":1,\"se\":1e-31}", PL_REJECT_CONTROL_FIELD, "effect: is out of range");
    refuse(RESULT ",\"means\":[0.1,0.2],\"n\":[10,10],\"baseline\":1e-40}", PL_REJECT_CONTROL_FIELD,
           "means: is out of range");
}

static void test_refused_arms(void **state)
{
    char text[2048] = RESULT ",\"shared\":0.1,\"arms\":[[1,1]";

    (void)state;
    refuse(RESULT ",\"arms\":7}", PL_REJECT_CONTROL_FIELD, "arms: must be a list");
    refuse(RESULT ",\"arms\":{\"a\":[1,1],\"b\":[1,1]},\"shared\":0.1}", PL_REJECT_CONTROL_FIELD,
           "arms: must be a list");
    refuse(RESULT ",\"arms\":[],\"shared\":0.1}", PL_REJECT_CONTROL_FIELD,
           "arms: at least two are needed; one is effect and se");
    refuse(RESULT ",\"arms\":[[1,1]],\"shared\":0.1}", PL_REJECT_CONTROL_FIELD,
           "arms: at least two are needed; one is effect and se");
    refuse(RESULT ",\"arms\":[[1,1],[1]],\"shared\":0.1}", PL_REJECT_CONTROL_FIELD, "arms: each must be [effect, se]");
    refuse(RESULT ",\"arms\":[[1,1],[1,1,1]],\"shared\":0.1}", PL_REJECT_CONTROL_FIELD,
           "arms: each must be [effect, se]");
    refuse(RESULT ",\"arms\":[[1,1],2],\"shared\":0.1}", PL_REJECT_CONTROL_FIELD, "arms: each must be [effect, se]");
    refuse(RESULT ",\"arms\":[[1,1],[1,\"1\"]],\"shared\":0.1}", PL_REJECT_CONTROL_FIELD, "arms: must be a number");
    refuse(RESULT ",\"arms\":[[1,1],[1,0]],\"shared\":0.1}", PL_REJECT_CONTROL_FIELD, "arms: an se is not above 0");
    refuse(RESULT ",\"arms\":[[1,1],[1,1e200]],\"shared\":0.1}", PL_REJECT_CONTROL_FIELD, "arms: is out of range");
    refuse(RESULT ",\"arms\":[[1,1],[1e200,1]],\"shared\":0.1}", PL_REJECT_CONTROL_FIELD, "arms: is out of range");
    refuse(RESULT ",\"arms\":[[1,1],[1,1]]}", PL_REJECT_CONTROL_FIELD, "shared: is missing");
    refuse(RESULT ",\"arms\":[[1,1],[1,1]],\"shared\":0}", PL_REJECT_CONTROL_FIELD, "shared: must be above 0");
    refuse(RESULT ",\"arms\":[[1,1],[1,0.3]],\"shared\":0.1}", PL_REJECT_CONTROL_FIELD,
           "shared: is larger than an arm's error squared");
    refuse(RESULT ",\"arms\":[[1,1],[1,1]],\"shared\":0.1,\"value\":{\"effect\":1,\"se\":1}}", PL_REJECT_CONTROL_FIELD,
           "value: cannot be given with arms");
    for (int n = 1; n < 16; n++)
        strcat(text, ",[1,1]");
    strcat(text, "]}");
    refuse(text, PL_REJECT_CONTROL_FIELD, "arms: more than 15");
}

/* Best effect and root mean square of the errors; value without cov; null is absent. */
static void test_arms_value_and_units(void **state)
{
    struct pl_control control =
        parse(RESULT ",\"arms\":[[-0.1,0.3],[0.2,0.4],[0.15,0.5]],\"shared\":0.09,\"units\":9e4}");

    (void)state;
    assert_int_equal(control.n_arms, 3);
    assert_true(control.effect == 0.2 && control.units == 90000 && control.shared == 0.09);
    assert_true(fabs(control.se - sqrt(.5 / 3)) < 1e-15);
    assert_true(control.arm_effect[0] == -.1 && control.arm_se[2] == .5);
    assert_true(isnan(control.value));
    control = parse(EFFECT ",\"value\":{\"effect\":-0.1,\"se\":0.02}}");
    assert_true(control.value == -.1 && control.value_se == .02 && control.value_cov == 0 && control.n_arms == 0);
    control = parse(EFFECT ",\"value\":{\"effect\":-0.1,\"se\":0.02,\"cov\":0.001}}");
    assert_true(control.value_cov == .001);
    control = parse(EFFECT ",\"value\":null,\"arms\":null,\"units\":null}");
    assert_true(isnan(control.value) && control.n_arms == 0 && control.units == 0);
}

#define LIFECYCLE "{\"type\":\"lifecycle\",\"experiment\":\"e\"," T

static void test_refused_lifecycles(void **state)
{
    char text[2048] = LIFECYCLE ",\"state\":\"started\",\"variants\":{\"v0\":1";
    size_t len;

    (void)state;
    refuse(LIFECYCLE "}", PL_REJECT_CONTROL_TYPE, "state: is missing");
    refuse(LIFECYCLE ",\"state\":\"paused\"}", PL_REJECT_CONTROL_TYPE, "state: is not one that is known");
    refuse(LIFECYCLE ",\"state\":\"started\",\"area\":\"\"}", PL_REJECT_CONTROL_FIELD, "area: is not a name");
    refuse(LIFECYCLE ",\"state\":\"started\",\"variants\":[]}", PL_REJECT_CONTROL_FIELD,
           "variants: must be an object of shares");
    refuse(LIFECYCLE ",\"state\":\"started\",\"variants\":{\"a\":1}}", PL_REJECT_CONTROL_FIELD,
           "variants: at least two are needed");
    refuse(LIFECYCLE ",\"state\":\"started\",\"variants\":{\"a\":1,\"a\":1}}", PL_REJECT_CONTROL_FIELD,
           "variants: one is there twice");
    refuse(LIFECYCLE ",\"state\":\"started\",\"variants\":{\"a\":1,\"b\":0}}", PL_REJECT_CONTROL_FIELD,
           "variants: shares must be above 0");
    refuse(LIFECYCLE ",\"state\":\"started\",\"variants\":{\"a\":1,\"b\":\"1\"}}", PL_REJECT_CONTROL_FIELD,
           "variants: must be a number");
    refuse(LIFECYCLE ",\"state\":\"started\",\"variants\":{\"a\":1,\"<b>\":1}}", PL_REJECT_BAD_NAME,
           "variants: one is not a name");
    for (int n = 1; n < 17; n++) {
        len = strlen(text);
        snprintf(text + len, sizeof(text) - len, ",\"v%d\":1", n);
    }
    strcat(text, "}}");
    refuse(text, PL_REJECT_CONTROL_FIELD, "variants: more than 16");
    refuse("{\"type\":\"core_launch\"}", PL_REJECT_CONTROL_FIELD, "area: is missing");
    refuse("{\"type\":\"history_end\",\"area\":\"a\",\"time\":\"x\"}", PL_REJECT_BAD_TIME,
           "time: must be a time such as 2026-08-21T10:00:00Z");
}

static void check_round(const struct pl_control *control)
{
    struct pl_buf first = {0}, second = {0};
    struct pl_control back;

    pl_control_format(control, &first);
    assert_true(pl_buf_ok(&first));
    assert_int_equal(pl_control_parse(pl_buf_span(&first), PL_TIME_NONE, &back, NULL), PL_ACCEPTED);
    pl_control_format(&back, &second);
    assert_string_equal(first.ptr, second.ptr);
    assert_int_equal(back.type, control->type);
    assert_int_equal(back.time_us, control->time_us);
    assert_int_equal(back.start_us, control->start_us);
    assert_string_equal(back.id, control->id);
    assert_string_equal(back.experiment, control->experiment);
    assert_string_equal(back.area, control->area);
    assert_true(back.effect == control->effect && back.se == control->se && back.cost == control->cost);
    assert_int_equal(back.work, control->work);
    assert_int_equal(back.n_arms, control->n_arms);
    assert_memory_equal(back.arm_effect, control->arm_effect, sizeof(back.arm_effect));
    assert_memory_equal(back.arm_se, control->arm_se, sizeof(back.arm_se));
    assert_true(back.shared == control->shared && back.units == control->units);
    assert_true(isnan(back.value) == isnan(control->value));
    assert_true(isnan(control->value) || (back.value == control->value && back.value_se == control->value_se &&
                                          back.value_cov == control->value_cov));
    assert_int_equal(back.state, control->state);
    assert_true(back.early == control->early && back.shipped == control->shipped && back.healthy == control->healthy &&
                back.history == control->history);
    assert_int_equal(back.n_variants, control->n_variants);
    for (unsigned at = 0; at < control->n_variants; at++) {
        assert_string_equal(back.variants[at], control->variants[at]);
        assert_true(back.shares[at] == control->shares[at]);
    }
    pl_buf_fini(&first);
    pl_buf_fini(&second);
}

/* Doubles to the last digit: 0.1 + 0.2, thirds, and what cJSON's printing would round. */
static void test_format_and_parse_again(void **state)
{
    struct pl_control control = parse(RESULT ",\"effect\":0.1,\"se\":0.1,\"history\":true}");

    (void)state;
    for (int at = 1; at < 200; at++) {
        control.effect = (at % 2 ? 1 : -1) * at / 3.0 * pow(10, at % 40 - 20);
        control.se = .1 * at;
        control.cost = at / 7.0;
        control.early = at % 3 == 0;
        control.shipped = at % 5 == 0;
        control.healthy = at % 7 == 0;
        control.work = (enum pl_work)(at % 4);
        control.start_us = at % 2 ? PL_TIME_NONE : T_US - at;
        check_round(&control);
    }
    for (int at = 1; at < 200; at++) {
        control = parse(EFFECT ",\"value\":{\"effect\":0.1,\"se\":0.02}}");
        control.value = at / 7.0 - 9;
        control.value_se = at / 11.0;
        control.value_cov = (at % 3 - 1) * control.value_se * control.se; /* as large as it may be */
        control.units = at % 2 ? at * 1000 / 3.0 : 0;
        check_round(&control);
        control = parse(RESULT ",\"arms\":[[1,1],[2,1],[3,1]],\"shared\":0.1}");
        control.arm_effect[1] = control.effect = 3 + at / 7.0;
        control.arm_se[0] = 1 + at / 3.0;
        control.se = sqrt((control.arm_se[0] * control.arm_se[0] + 2) / 3);
        control.shared = at % 2 ? 1 : at / 201.0;
        check_round(&control);
    }
    control = parse(LIFECYCLE ",\"state\":\"shipped\",\"area\":\"a\",\"variants\":{\"a\":1,\"b\":1,\"c\":1}}");
    check_round(&control);
    control = parse(LIFECYCLE ",\"state\":\"stopped\"}");
    check_round(&control);
    control = parse("{\"type\":\"core_launch\",\"area\":\"a\"," T "}");
    check_round(&control);
    control = parse("{\"type\":\"history_end\",\"area\":\"a\"}");
    check_round(&control);
}

static void test_format(void **state)
{
    struct pl_control control = parse(LIFECYCLE ",\"state\":\"started\",\"variants\":{\"a\":1,\"b\":3}}");
    struct pl_buf out = {0};

    (void)state;
    pl_control_format(&control, &out);
    assert_string_equal(out.ptr,
                        "{\"type\":\"lifecycle\",\"experiment\":\"e\",\"state\":\"started\",\"work\":\"growth\","
                        "\"variants\":{\"a\":0.25,\"b\":0.75},\"cost\":1,\"time\":\"2026-08-01T10:00:00Z\"}");
    pl_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_result),
        cmocka_unit_test(test_result_defaults),
        cmocka_unit_test(test_result_from_means),
        cmocka_unit_test(test_lifecycle),
        cmocka_unit_test(test_launch_and_history_end),
        cmocka_unit_test(test_times_and_the_record),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_refused_results),
        cmocka_unit_test(test_refused_values),
        cmocka_unit_test(test_refused_arms),
        cmocka_unit_test(test_arms_value_and_units),
        cmocka_unit_test(test_refused_lifecycles),
        cmocka_unit_test(test_format_and_parse_again),
        cmocka_unit_test(test_format),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
