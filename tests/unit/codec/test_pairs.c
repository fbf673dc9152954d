/* Pairs: absent rather than null, times twice. */
#include "codec/pairs.h"

#include "support/near.h"
#include "util/num.h"
#include "util/stamp.h"

#include <stdio.h>
#include <string.h>

static void take(void *ctx, const char *name, const char *value)
{
    char *text = ctx;

    snprintf(text + strlen(text), 256 - strlen(text), "%s=%s;", name, value);
}

static void pairs_are_short_texts(void **state)
{
    char text[256] = "";
    const struct pl_pairs to = {take, text};

    (void)state;
    pl_pairs_text(&to, "t", "");
    pl_pairs_double(&to, "d", .1);
    pl_pairs_double(&to, "none", PL_NAN);
    pl_pairs_double(&to, "none", (double)INFINITY);
    pl_pairs_whole(&to, "w", INT64_MIN);
    pl_pairs_time(&to, "at", INT64_C(1785578400000000));
    pl_pairs_time(&to, "none", PL_TIME_NONE);
    assert_string_equal(text, "t=;d=0.1;w=-9223372036854775808;at=2026-08-01T10:00:00Z;at_ms=1785578400000;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pairs_are_short_texts)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
