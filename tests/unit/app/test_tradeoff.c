/* Trade-offs between metrics, counted by hand; the correlation by numpy.corrcoef. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/slow_json.h"
#include "ctl/tradeoff.h"
#include "util/num.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CORRELATION -0.6782658622909391

enum { GOAL, VALUE, ERRORS, TAKEN }; /* ERRORS: a guardrail of which less is better */

static struct pl_tradeoff make(void)
{
    static const struct pl_tradeoff_metric metrics[] = {{"shop.goal", PL_ROLE_DELIVERY, false},
                                                        {"shop.value", PL_ROLE_VALUE, false},
                                                        {"errors", PL_ROLE_GUARDRAIL, true},
                                                        {"taken", PL_ROLE_DERIVE, false}};
    struct pl_tradeoff made = {.area = "shop", .n_metrics = 4};

    memcpy(made.metrics, metrics, sizeof(metrics));
    return made;
}

/* A row of lifts, each known to within a hundredth when `proved` says so, else to within ten. */
static void add(struct pl_tradeoff *made, const char *experiment, const double lifts[4], const char *proved)
{
    struct pl_tradeoff_row *row = pl_tradeoff_add(made);

    assert_non_null(row);
    snprintf(row->experiment, sizeof(row->experiment), "%s", experiment);
    snprintf(row->variant, sizeof(row->variant), "B");
    for (unsigned at = 0; at < 4; at++) {
        double half = proved[at] == '!' ? .0001 : 10;

        row->lifts[at] = (struct pl_tradeoff_lift){lifts[at], lifts[at] - half, lifts[at] + half};
    }
    made->experiments++;
}

static struct pl_tradeoff shop(void)
{
    struct pl_tradeoff made = make();

    add(&made, "both_rose", (double[]){.02, .01, PL_NAN, 0}, "!!!!");
    add(&made, "hurt_goal", (double[]){-.01, .02, -.01, .1}, "!...");
    add(&made, "hurt_value", (double[]){.03, -.04, .02, .1}, "!!.!");
    add(&made, "maybe", (double[]){.005, .002, .03, -.1}, "..!.");
    add(&made, "hurt_maybe", (double[]){.01, -.03, .05, .2}, "!.!!");
    return made;
}

static void assert_ways(const struct pl_tradeoff_pair *pair, unsigned n, const unsigned ways[4],
                        const unsigned proved[4])
{
    assert_int_equal(pair->n, n);
    for (unsigned way = 0; way < 4; way++) {
        assert_int_equal(pair->ways[way], ways[way]);
        assert_int_equal(pair->proved[way], proved[way]);
    }
}

static void counts_which_way_they_went(void **state)
{
    struct pl_tradeoff made = shop();
    struct pl_tradeoff_pair pair = pl_tradeoff_pair(&made, GOAL, VALUE), turned = pl_tradeoff_pair(&made, VALUE, GOAL);

    (void)state;
    assert_ways(&pair, 5, (unsigned[]){2, 0, 2, 1}, (unsigned[]){1, 0, 1, 0});
    assert_ways(&turned, 5, (unsigned[]){2, 0, 1, 2}, (unsigned[]){1, 0, 0, 1});
    assert_true(fabs(pair.correlation - CORRELATION) < 1e-12);
    assert_true(fabs(turned.correlation - CORRELATION) < 1e-12);
    pair = pl_tradeoff_pair(&made, GOAL, ERRORS); /* both_rose has none */
    assert_ways(&pair, 4, (unsigned[]){3, 1, 0, 0}, (unsigned[]){1, 0, 0, 0});
    pair = pl_tradeoff_pair(&made, GOAL, TAKEN); /* a lift of 0 goes no way */
    assert_ways(&pair, 5, (unsigned[]){2, 0, 1, 1}, (unsigned[]){2, 0, 0, 0});
    pl_tradeoff_fini(&made);
}

static void correlates_only_what_varies(void **state)
{
    struct pl_tradeoff made = make();

    (void)state;
    assert_true(isnan(pl_tradeoff_pair(&made, GOAL, VALUE).correlation));
    add(&made, "a", (double[]){.1, 1, 1, -3}, "!!!!");
    add(&made, "b", (double[]){.2, 1, 2, -6}, "!!!!");
    assert_true(isnan(pl_tradeoff_pair(&made, GOAL, ERRORS).correlation)); /* two points are a line */
    add(&made, "c", (double[]){.3, 1, 3, -9}, "!!!!");
    assert_true(isnan(pl_tradeoff_pair(&made, GOAL, VALUE).correlation)); /* always the same */
    assert_true(fabs(pl_tradeoff_pair(&made, GOAL, ERRORS).correlation - 1) < 1e-12);
    assert_true(fabs(pl_tradeoff_pair(&made, GOAL, TAKEN).correlation + 1) < 1e-12);
    pl_tradeoff_fini(&made);
}

static void harm_is_turned_the_right_way(void **state)
{
    struct pl_tradeoff made = shop();
    static const enum pl_tradeoff_harm value[] = {PL_TRADEOFF_NO_HARM, PL_TRADEOFF_NO_HARM, PL_TRADEOFF_PROVED,
                                                  PL_TRADEOFF_NO_HARM, PL_TRADEOFF_BY_SIGN};
    static const enum pl_tradeoff_harm errors[] = {PL_TRADEOFF_NO_HARM, PL_TRADEOFF_NO_HARM, PL_TRADEOFF_BY_SIGN,
                                                   PL_TRADEOFF_BY_SIGN, PL_TRADEOFF_PROVED};

    (void)state;
    for (size_t at = 0; at < 5; at++) {
        const struct pl_tradeoff_row *row = &made.rows[at];

        assert_int_equal(pl_tradeoff_harm(&made, row, GOAL, VALUE), value[at]);
        assert_int_equal(pl_tradeoff_harm(&made, row, GOAL, ERRORS), errors[at]);
        assert_int_equal(pl_tradeoff_harm(&made, row, GOAL, TAKEN), PL_TRADEOFF_NO_HARM);
        assert_int_equal(pl_tradeoff_harm(&made, row, VALUE, ERRORS), PL_TRADEOFF_NO_HARM);
    }
    pl_tradeoff_fini(&made);
}

static void as_text(void **state)
{
    struct pl_tradeoff made = shop();
    struct pl_buf out = {0};

    (void)state;
    made.uneven = 2;
    pl_tradeoff_text(&made, (struct pl_look){.unicode = false}, &out);
    assert_string_equal(
        out.ptr,
        "shop: what 5 experiments did to its metrics, each over its whole life\n"
        "\n"
        "  1  shop.goal   delivery\n"
        "  2  shop.value  value\n"
        "  3  errors      guardrail  less is better\n"
        "  4  taken       derive\n"
        "\n"
        "  metrics  both rose  both fell  first rose only  second only  correlation  variants\n"
        "  1 and 2      2 (1)      0 (0)            2 (1)        1 (0)        -0.68         5\n"
        "  1 and 3      3 (1)      1 (0)            0 (0)        0 (0)        +0.45         4\n"
        "  1 and 4      2 (2)      0 (0)            1 (0)        1 (0)        +0.03         5\n"
        "  2 and 3      1 (0)      0 (0)            1 (0)        2 (0)        -0.65         4\n"
        "  2 and 4      1 (0)      0 (0)            1 (0)        2 (1)        -0.50         5\n"
        "  3 and 4      2 (1)      0 (0)            1 (0)        1 (0)        +0.13         4\n"
        "\n"
        "  In brackets: both changes are proved. Correlation: how far the changes of two metrics go together,\n"
        "  from -1 to +1; noise draws it to 0.\n"
        "\n"
        "better delivery, worse guardrail or value\n"
        "  hurt_value  B  1 +3 %  2 -4 %  value\n"
        "  hurt_maybe  B  1 +1 %  3 +5 %  guardrail\n"
        "  by sign alone, not proved: 3 (--json names them)\n"
        "\n"
        "left out: 2 with an uneven split, 0 holdouts\n");
    pl_buf_fini(&out);
    pl_tradeoff_fini(&made);
}

static struct pl_span member(const struct cJSON *of, const char *name)
{
    return pl_slow_json_value(pl_slow_json_member(of, pl_span_of(name))).text;
}

static void as_json(void **state)
{
    struct pl_tradeoff made = shop();
    struct pl_buf out = {0};
    struct pl_slow_json doc = {.root = NULL};
    const struct cJSON *pair, *harmed;
    unsigned n = 0;

    (void)state;
    pl_tradeoff_json(&made, &out);
    assert_int_equal(pl_slow_json_open(&doc, pl_span_trim(pl_buf_span(&out))), PL_ACCEPTED);
    pair = pl_slow_json_first(pl_slow_json_member(doc.root, pl_span_of("pairs")));
    assert_true(pl_span_is(member(pair, "second"), "shop.value") && pl_span_is(member(pair, "first_rose"), "2"));
    assert_true(pl_span_is(member(pl_slow_json_member(pair, pl_span_of("proved")), "first_rose"), "1"));
    harmed = pl_slow_json_first(pl_slow_json_member(doc.root, pl_span_of("harmed")));
    assert_true(pl_span_is(member(harmed, "experiment"), "hurt_value") &&
                pl_span_is(member(harmed, "worse_lift"), "-0.04"));
    for (; harmed; harmed = pl_slow_json_next(harmed))
        n++;
    assert_int_equal(n, 5);
    pl_slow_json_fini(&doc);
    pl_buf_fini(&out);
    pl_tradeoff_fini(&made);
}

static void says_that_there_is_nothing(void **state)
{
    struct pl_tradeoff made = {.area = "shop"};
    struct pl_buf out = {0};

    (void)state;
    pl_tradeoff_text(&made, (struct pl_look){.unicode = true}, &out);
    assert_string_equal(out.ptr, "shop: what 0 experiments did to its metrics, each over its whole life\n\n"
                                 "  no metric has this area\n\n"
                                 "better delivery, worse guardrail or value\n  none that is proved\n");
    pl_buf_fini(&out);
}

static void is_bounded(void **state)
{
    struct pl_tradeoff made = make();

    (void)state;
    while (made.n_rows < PL_TRADEOFF_ROWS_MAX)
        assert_non_null(pl_tradeoff_add(&made));
    assert_false(made.full);
    assert_null(pl_tradeoff_add(&made));
    assert_true(made.full);
    pl_tradeoff_fini(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_which_way_they_went),
        cmocka_unit_test(correlates_only_what_varies),
        cmocka_unit_test(harm_is_turned_the_right_way),
        cmocka_unit_test(as_text),
        cmocka_unit_test(as_json),
        cmocka_unit_test(says_that_there_is_nothing),
        cmocka_unit_test(is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
