#include "app/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* The value of a metric line, -1 when there is none. */
static double value_of(const struct pl_buf *out, const char *line)
{
    size_t len = strlen(line);

    for (const char *at = out->ptr; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at, line, len) == 0 && at[len] == ' ')
            return strtod(at + len, NULL);
    }
    return -1;
}

static void blocks_are_added_up(void **state)
{
    static struct pl_metrics a, b;
    const struct pl_metrics *const blocks[] = {&a, &b};
    struct pl_buf out = {0};

    (void)state;
    PL_METRIC_ADD(&a, records, 3);
    PL_METRIC_ADD(&a, records, 4);
    PL_METRIC_ADD(&b, records, 5);
    PL_METRIC_SET(&a, units, 9);
    PL_METRIC_SET(&a, units, 2);
    PL_METRIC_ADD(&b, rejected[PL_REJECT_FUTURE], 6);
    pl_metrics_render(blocks, 2, &out);
    assert_true(pl_buf_ok(&out));
    assert_true(value_of(&out, "plateaud_records_total") == 12);
    assert_true(value_of(&out, "plateaud_units") == 2);
    assert_true(value_of(&out, "plateaud_rejected_total{reason=\"future\"}") == 6);
    assert_true(value_of(&out, "plateaud_rejected_total{reason=\"tombstone\"}") == 0);
    assert_true(value_of(&out, "plateaud_rejected_total{reason=\"accepted\"}") == -1);
    pl_buf_fini(&out);
}

/* Every metric has a help line, a type line and a value; names are unique. */
static void the_text_is_complete(void **state)
{
    static struct pl_metrics a;
    const struct pl_metrics *const blocks[] = {&a};
    struct pl_buf out = {0};
    char line[256];

    (void)state;
    pl_metrics_render(blocks, 1, &out);
#define COUNTER(field, name, help)                                                                                     \
    assert_non_null(strstr(out.ptr, "# HELP " name " " help "\n# TYPE " name " counter\n" name " 0\n"));               \
    assert_non_null(strstr(name, "_total"));
#define GAUGE(field, name, help)                                                                                       \
    assert_non_null(strstr(out.ptr, "# HELP " name " " help "\n# TYPE " name " gauge\n" name " 0\n"));
#include "app/metrics.def"
#undef COUNTER
#undef GAUGE
    for (char *at = out.ptr; (at = strstr(at, "# TYPE ")); at++) {
        size_t len = strcspn(at, "\n");

        assert_true(len < sizeof(line));
        memcpy(line, at, len + 1);
        line[len + 1] = '\0';
        assert_null(strstr(at + len, line));
    }
    pl_buf_fini(&out);
}

static void other_values_have_labels(void **state)
{
    struct pl_buf out = {0};

    (void)state;
    pl_metrics_head(&out, "x", "gauge", "an x");
    pl_metrics_value(&out, "x", "a=\"b\"", .5);
    pl_metrics_value(&out, "x", NULL, 3);
    assert_string_equal(out.ptr, "# HELP x an x\n# TYPE x gauge\nx{a=\"b\"} 0.5\nx 3\n");
    pl_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_added_up),
        cmocka_unit_test(the_text_is_complete),
        cmocka_unit_test(other_values_have_labels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
