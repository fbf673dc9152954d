/* Figures read from lines of replay, and what is asked of them (Redis: integration.ctl). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/published.h"
#include "util/stamp.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum pl_status read_text(struct pl_published *all, const char *text, size_t len, struct pl_err *err)
{
    char path[] = "/tmp/plateaud-published-XXXXXX";
    int fd = mkstemp(path);
    enum pl_status status;

    assert_true(fd >= 0 && write(fd, text, len) == (ssize_t)len);
    close(fd);
    status = pl_published_lines(all, path, "checkout", err);
    unlink(path);
    return status;
}

static enum pl_status read_lines(struct pl_published *all, const char *text, struct pl_err *err)
{
    return read_text(all, text, strlen(text), err);
}

static void takes_the_lines_of_one_area(void **state)
{
    struct pl_published all = {.n = 0};
    const struct pl_published_hash *hash;
    struct pl_err err;

    (void)state;
    assert_int_equal(read_lines(&all,
                                "{\"type\":\"result\",\"id\":\"x\", not read any further\n"
                                "\n"
                                "{\"type\":\"area\",\"area\":\"other\",\"verdict\":\"FLAT\"}\n"
                                "{\"type\":\"area\",\"area\":\"checkout\",\"verdict\":\"NO_VERDICT\"}\n"
                                "{\"type\":\"funnel\",\"funnel\":\"a b\",\"area\":\"checkout\",\"steps\":\"3\"}\n"
                                "{\"type\":\"funnel\",\"funnel\":\"c\",\"area\":\"other\",\"steps\":\"2\"}\n"
                                "{\"type\":\"feature\",\"feature\":\"f\",\"area\":\"checkout\",\"eligible\":\"7\"}\n"
                                "{\"type\":\"value\",\"area\":\"checkout\",\"judged\":\"2026-03-02T00:00:00Z\"}\n"
                                "{\"type\":\"balance\",\"area\":\"checkout\",\"ceiling\":\"0.5\"}\n"
                                "{\"type\":\"feature\",\"feature\":\"f\",\"area\":\"checkout\",\"aware\":\"4\"}\n",
                                &err),
                     PL_OK);
    assert_int_equal(all.n, 5);
    assert_true(
        pl_span_is(pl_published_text(pl_published_find(&all, PL_PUBLISHED_AREA, "checkout"), "verdict"), "NO_VERDICT"));
    assert_int_equal(pl_published_int(pl_published_find(&all, PL_PUBLISHED_FUNNEL, "a b"), "steps", -1), 3);
    assert_null(pl_published_find(&all, PL_PUBLISHED_FUNNEL, "c"));
    hash = pl_published_find(&all, PL_PUBLISHED_FEATURE, "f"); /* the last line counts */
    assert_int_equal(pl_published_int(hash, "aware", -1), 4);
    assert_int_equal(pl_published_int(hash, "eligible", -1), -1);
    hash = pl_published_find(&all, PL_PUBLISHED_VALUE, "checkout");
    assert_true(pl_published_time(hash, "judged") == INT64_C(1772409600000000));
    assert_true(pl_published_time(hash, "area") == PL_TIME_NONE);
    hash = pl_published_find(&all, PL_PUBLISHED_BALANCE, "checkout");
    assert_true(pl_published_double(hash, "ceiling", 0) > .49 && pl_published_double(hash, "ceiling", 0) < .51);
    assert_true(isnan(pl_published_double(hash, "area", (double)NAN)));
    assert_int_equal(pl_published_text(NULL, "area").len, 0);
    pl_published_fini(&all);
    pl_published_fini(&all); /* empty again */
}

static void refuses_what_replay_does_not_print(void **state)
{
    static const char too_long[] = "{\"type\":\"feature\",\"area\":\"checkout\",\"feature\":\""
                                   "0123456789012345678901234567890123456789012345678901234567890123456789\"}\n";
    static const char zero[] = "{\"type\":\"area\",\"area\":\"checkout\",\"x\":\"a\0b\"}\n";
    const char *const bad[] = {
        "hello\n",
        "{\"area\":\"checkout\",\"type\":\"area\"}\n",
        "{\"type\":\"area\",\"area\":\n",
        "{\"type\":\"area\",\"area\":\"checkout\"} {}\n",
        "{\"type\":\"area\",\"area\":\"\xff\"}\n",
        too_long,
    };
    struct pl_published all = {.n = 0};
    struct pl_err err;

    (void)state;
    for (size_t at = 0; at < sizeof(bad) / sizeof(*bad); at++) {
        assert_int_not_equal(read_lines(&all, bad[at], &err), PL_OK);
        assert_non_null(strstr(err.text, ":1: "));
    }
    assert_int_not_equal(read_text(&all, zero, sizeof(zero) - 1, &err), PL_OK);
    assert_int_equal(pl_published_lines(&all, "/nonexistent/x", "checkout", &err), PL_ERR_IO);
    pl_published_fini(&all);
}

static void is_bounded(void **state)
{
    struct pl_published all = {.n = 0};
    struct pl_published_hash *hash = NULL;
    char id[16];
    unsigned n = 0;

    (void)state;
    do {
        snprintf(id, sizeof(id), "f%u", n);
        hash = pl_published_add(&all, PL_PUBLISHED_FEATURE, pl_span_of(id));
    } while (hash && ++n < 5000);
    assert_int_equal(n, PL_PUBLISHED_HASHES_MAX);
    hash = pl_published_add(&all, PL_PUBLISHED_FEATURE, pl_span_of("f7")); /* it was there */
    assert_non_null(hash);
    pl_published_put(hash, pl_span_of("a"), (struct pl_span){"x\0y", 3});
    assert_int_equal(hash->pairs.len, 0);
    pl_published_fini(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_lines_of_one_area),
        cmocka_unit_test(refuses_what_replay_does_not_print),
        cmocka_unit_test(is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
