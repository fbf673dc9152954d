#include "codec/conf_table.h"
#include "util/num.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static enum pl_status read(const char *section, const char *key, const char *text, struct pl_conf_value *value,
                           struct pl_err *err)
{
    const struct pl_conf_option *option = pl_conf_table_find(section, key);

    assert_non_null(option);
    return pl_conf_table_read(option, pl_span_of(text), value, err);
}

static void good(const char *section, const char *key, const char *text, int64_t integer, double number)
{
    struct pl_conf_value value;

    assert_int_equal(read(section, key, text, &value, NULL), PL_OK);
    assert_int_equal(value.integer, integer);
    assert_true(value.number > number - 1e-12 && value.number < number + 1e-12);
}

static void bad(const char *section, const char *key, const char *text)
{
    struct pl_err err = {0};

    assert_int_equal(read(section, key, text, NULL, &err), PL_ERR_INPUT);
    assert_non_null(strstr(err.text, key));
}

/* Every row: a known section, no key twice, a default and a range that pass their own check, a help sentence. */
static void table_is_sound(void **state)
{
    const struct pl_conf_option *option;

    (void)state;
    for (unsigned at = 0; (option = pl_conf_table_option(at)); at++) {
        assert_non_null(pl_conf_table_find_section(option->section));
        assert_ptr_equal(pl_conf_table_find(option->section, option->key), option);
        if (option->fallback)
            assert_int_equal(pl_conf_table_read(option, pl_span_of(option->fallback), NULL, NULL), PL_OK);
        if (option->low && option->type != PL_CONF_WORD) {
            assert_int_equal(pl_conf_table_read(option, pl_span_of(option->low), NULL, NULL), PL_OK);
            assert_int_equal(pl_conf_table_read(option, pl_span_of(option->high), NULL, NULL), PL_OK);
        }
        assert_true(strlen(option->help) > 10);
        assert_int_equal(option->help[strlen(option->help) - 1], '.');
    }
}

static void reads_numbers(void **state)
{
    (void)state;
    good("plateaud", "workers", "64", 64, 0);
    good("plateaud", "lateness", "60s", 60 * PL_SECOND_US, 0);
    good("plateaud", "commit_bytes", "20MB", 20 << 20, 0);
    good("area", "coverage", "12.5%", 0, .125);
    good("area", "false_alarm_every", "0.5y", 0, .5);
    good("metric", "cap", "1.5", 1500000, 0);
    good("metric", "n_star", "1e4", 0, 10000);
    good("metric", "type", "sum", 2, 0);
    good("area", "smallest_return", "0.2%", 0, .002);
    good("area", "smallest_return", "3", 0, 3);
    good("area", "value_bar", "30%", 0, .3);
    good("area", "value_per_delivery", "0.3", 0, .3);
    good("metric", "type", "time_to", 7, 0);
    good("metric", "role", "guardrail", 3, 0);
    good("objective", "by", "2000-01-01", INT64_C(946684800) * PL_SECOND_US, 0);
    good("objective", "by", "2000-01-01T01:00:00+01:00", INT64_C(946684800) * PL_SECOND_US, 0);
}

static void refuses_numbers(void **state)
{
    (void)state;
    bad("plateaud", "workers", "65");
    bad("plateaud", "workers", "-1");
    bad("plateaud", "workers", "+1");
    bad("plateaud", "workers", "1e3");
    bad("plateaud", "workers", "0x50");
    bad("plateaud", "workers", "99999999999999999999");
    bad("plateaud", "lateness", "0");
    bad("plateaud", "lateness", "-1s");
    bad("plateaud", "lateness", "10");
    bad("plateaud", "lateness", "9000000000000000000s");
    bad("plateaud", "lateness", "1 s");
    bad("plateaud", "lateness", "2d");
    bad("plateaud", "commit_bytes", "20");
    bad("plateaud", "commit_bytes", "20mb");
    bad("plateaud", "commit_bytes", "1KB");
    bad("area", "coverage", "0.5");
    bad("area", "coverage", "0%");
    bad("area", "coverage", "101%");
    bad("area", "coverage", "%");
    bad("area", "false_alarm_every", "1");
    bad("area", "false_alarm_every", "y");
    bad("area", "false_alarm_every", "0y");
    bad("area", "false_alarm_every", "nany");
    bad("area", "smallest_return", "0");
    bad("area", "smallest_return", "-0.2%");
    bad("area", "smallest_return", "inf");
    bad("area", "value_bar", "0%");
    bad("area", "value_bar", "100%");
    bad("area", "value_per_delivery", "-1");
    bad("metric", "before", "12h");
    bad("metric", "cap", "0");
    bad("metric", "cap", "1e30");
    bad("metric", "n_star", "nan");
    bad("metric", "window", "91d");
    bad("plateaud", "log_level", "loud");
    bad("plateaud", "log_level", "inf");
    bad("plateaud", "log_level", "info|debug");
}

static void reads_texts(void **state)
{
    static const struct {
        const char *section, *key, *text;
        bool good;
    } rows[] = {
        {"plateaud", "http", "127.0.0.1:0", true},
        {"plateaud", "http", "[::1]:9188", true},
        {"plateaud", "http", "off", true},
        {"plateaud", "http", "127.0.0.1:99999", false},
        {"plateaud", "http", "127.0.0.1:", false},
        {"plateaud", "http", "127.0.0.1:+80", false},
        {"plateaud", "http", "127.0.0.1:-1", false},
        {"plateaud", "http", ":80", false},
        {"plateaud", "http", "80", false},
        {"plateaud", "instance", "main", true},
        {"plateaud", "instance", "{x}", false},
        {"plateaud", "instance", "a/b", false},
        {"plateaud", "control", "plateaud.control", true},
        {"plateaud", "control", "..", false},
        {"plateaud", "control", "a b", false},
        {"source", "topics", "a,b , c", true},
        {"source", "topics", "a,,b", false},
        {"source", "topics", "a,", false},
        {"source", "topics", "^events.*", false},
        {"redis", "url", "redis://h:1/0", true},
        {"redis", "url", "rediss://user@h:1", true},
        {"redis", "url", "unix:///run/redis.sock", true},
        {"redis", "url", "redis+sentinel://a:1,b:2/main/0", true},
        {"redis", "url", "rediss+sentinel://me@a/main", true},
        {"redis", "url", "redis+sentinel://a:1", false},
        {"redis", "url", "redis+sentinel://a:1/", false},
        {"redis", "url", "redis+sentinel://me:secret@a:1/main", false},
        {"redis", "url", "redis+cluster://a:1,b:2", true},
        {"redis", "url", "rediss+cluster://a:1", true},
        {"redis", "url", "redis+cluster://", false},
        {"redis", "url", "redis+cluster://,a", false},
        {"redis", "url", "redis+other://a", false},
        {"redis", "url", "unix://run/redis.sock", false},
        {"redis", "url", "redis://user:secret@h:1", false},
        {"redis", "url", "redis://", false},
        {"redis", "url", "redis://:6379", false},
        {"redis", "url", "http://h", false},
        {"redis", "url", "redis://a b:1", false},
        {"area", "experiments", "checkout_*, a?b, Order Flow", true},
        {"area", "experiments", "a/*", false},
        {"area", "experiments", "a,,b", false},
        {"area", "goal", "Order Completed", true},
        {"feature", "launched", "2026-08-21", true},
        {"feature", "launched", "2024-02-29", true},
        {"feature", "launched", "2026-08-21T10:00:00Z", true},
        {"feature", "launched", "2026-08-21 10:00:00.5+02:00", true},
        {"feature", "launched", "2026-08-21T10:00", false},
        {"feature", "launched", "2026-02-29", false},
        {"feature", "launched", "2026-8-21", false},
        {"feature", "launched", "21.08.2026", false},
        {"feature", "launched", "2026-08-2x", false},
        {"feature", "launched", "2026-08", false},
        {"feature", "launched", "1999-12-31", false},
        {"feature", "launched", "2200-01-01", false},
        {"area", "core_levers", "offline editing, faster search", true},
        {"area", "funnel", "A > B > C", true},
        {"area", "funnel", "A > > C", false},
        {"area", "funnel", "A >", false},
        {"experiment", "variants", "control:50%, B:50%", true},
        {"experiment", "variants", "control, B", true},
        {"experiment", "variants", "a:1:50%, B: 50%", true},
        {"experiment", "variants", "50%, 50%", false},
        {"experiment", "variants", "a:x%, B:50%", false},
        {"experiment", "variants", "a/b, c", false},
        {"experiment", "variants", ":50%, B:50%", false},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(*rows); at++)
        if ((read(rows[at].section, rows[at].key, rows[at].text, NULL, NULL) == PL_OK) != rows[at].good)
            fail_msg("%s = %s should be %s", rows[at].key, rows[at].text, rows[at].good ? "taken" : "refused");
}

static void empty_is_refused(void **state)
{
    const struct pl_conf_option *option;

    (void)state;
    for (unsigned at = 0; (option = pl_conf_table_option(at)); at++)
        assert_int_equal(pl_conf_table_read(option, pl_span_of(""), NULL, NULL), PL_ERR_INPUT);
}

static void says_range_and_words(void **state)
{
    struct pl_err err;

    (void)state;
    assert_int_equal(read("plateaud", "lateness", "5w", NULL, &err), PL_ERR_INPUT);
    assert_string_equal(err.text, "`lateness = 5w`: not within 1s to 1d");
    assert_int_equal(read("plateaud", "log_level", "loud", NULL, &err), PL_ERR_INPUT);
    assert_string_equal(err.text, "`log_level = loud`: expected one of error|warning|info|debug");
    assert_int_equal(read("redis", "url", "redis://u:hunter2@h", NULL, &err), PL_ERR_INPUT);
    assert_null(strstr(err.text, "hunter2"));
}

static void finds_the_nearest(void **state)
{
    (void)state;
    assert_string_equal(pl_conf_table_nearest_key("plateaud", "latenes"), "lateness");
    assert_string_equal(pl_conf_table_nearest_key("plateaud", "works"), "workers");
    assert_string_equal(pl_conf_table_nearest_key("area", "smallest-return"), "smallest_return");
    assert_string_equal(pl_conf_table_nearest_key("source", "topic"), "topics");
    assert_null(pl_conf_table_nearest_key("plateaud", "zzzzzzzz"));
    assert_null(pl_conf_table_nearest_key("plateaud", "an_extremely_long_key_that_nobody_would_ever_write"));
    assert_null(pl_conf_table_nearest_key("kafka", "bootstrap.server"));
    assert_string_equal(pl_conf_table_nearest_section("aera"), "area");
    assert_string_equal(pl_conf_table_nearest_section("plateau"), "plateaud");
    assert_null(pl_conf_table_nearest_section("mysql"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_sound),    cmocka_unit_test(reads_numbers),    cmocka_unit_test(refuses_numbers),
        cmocka_unit_test(reads_texts),       cmocka_unit_test(empty_is_refused), cmocka_unit_test(says_range_and_words),
        cmocka_unit_test(finds_the_nearest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
