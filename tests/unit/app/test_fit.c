#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/fit.h"
#include "util/hash.h"
#include "util/stamp.h"

#include <string.h>

static struct pl_unit_id hash(void *ctx, struct pl_span unit)
{
    ++*(unsigned *)ctx;
    return (struct pl_unit_id){1, pl_hash64(PL_HASH_SEED, unit)};
}

static unsigned hashed;
static struct pl_fit fit;

static int set_up(void **state)
{
    struct pl_err err;

    (void)state;
    hashed = 0;
    fit = (struct pl_fit){.hash = hash, .ctx = &hashed};
    return pl_fit_open(&fit, &err);
}

static int tear_down(void **state)
{
    (void)state;
    pl_fit_fini(&fit);
    return 0;
}

static void take(const char *json)
{
    const struct pl_record record = {.value = pl_span_of(json), .timestamp_us = PL_TIME_NONE};

    pl_fit_take(&fit, &record);
}

static const char *best(const char **second)
{
    const struct pl_fit_trial *next, *first = pl_fit_best(&fit, &next);

    *second = next ? next->name : "none";
    return first ? first->name : "none";
}

#define SEGMENT                                                                                                        \
    "{\"type\":\"track\",\"event\":\"A\",\"userId\":\"u\",\"messageId\":\"m\",\"timestamp\":\"2026-01-01T00:00:00Z\"}"
#define POSTHOG "{\"event\":\"$pageview\",\"distinct_id\":\"u\",\"uuid\":\"m\",\"timestamp\":\"2026-01-01T00:00:00Z\"}"
#define CLOUD                                                                                                          \
    "{\"specversion\":\"1.0\",\"type\":\"A\",\"subject\":\"u\",\"id\":\"m\",\"source\":\"s\","                         \
    "\"time\":\"2026-01-01T00:00:00Z\"}"

static void each_preset_finds_its_own(void **state)
{
    static const struct {
        const char *json, *name;
    } rows[] = {{SEGMENT, "segment"}, {POSTHOG, "posthog"}, {CLOUD, "cloudevents"}};
    const char *second;

    for (size_t at = 0; at < sizeof(rows) / sizeof(*rows); at++) {
        take(rows[at].json);
        assert_string_equal(best(&second), rows[at].name);
        assert_string_equal(second, "none");
        assert_int_equal(tear_down(state), 0);
        assert_int_equal(set_up(state), 0);
    }
}

static void shares_decide(void **state)
{
    const struct pl_fit_trial *next, *first;

    (void)state;
    take(POSTHOG), take(SEGMENT), take(SEGMENT), take("{"), take("\xff\xfe"), take("[NaN]");
    first = pl_fit_best(&fit, &next);
    assert_string_equal(first->name, "segment");
    assert_string_equal(next->name, "posthog");
    assert_int_equal(fit.records, 6);
    assert_int_equal(first->events, 2);
    assert_int_equal(first->excluded, 1); /* PostHog's has no type */
    assert_int_equal(next->events, 1);
    assert_int_equal(first->sample->n_units, 1);
    assert_int_equal(first->sample->events, 2);
    assert_string_equal(pl_names_text(first->sample->names, 0), "A");
    assert_int_not_equal(pl_fit_trouble(first), PL_ACCEPTED);
    assert_int_equal(hashed, 3);
}

static void nothing_fits(void **state)
{
    const char *second;

    (void)state;
    assert_string_equal(best(&second), "none");
    take("{}"), take(""), take("null");
    assert_string_equal(best(&second), "none");
    assert_int_equal(hashed, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(each_preset_finds_its_own), TEST(shares_decide), TEST(nothing_fits)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
