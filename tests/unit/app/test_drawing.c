/* The graph of an area as text, JSON and a source for Graphviz; names that would be markup. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/slow_json.h"
#include "ctl/drawing.h"
#include "support/area_figures.h"

#include <stdio.h>
#include <string.h>

#define HOSTILE "a\"];x<b>&\\N\\\"\n\033[31m\xff\xc2\x9b\xe2\x82\xac"
#define LONG "0123456789012345678901234567890123456789012345678901234567890123"

enum form { TEXT, ASCII, COLOUR, DOT, JSON };

static char *draw(const struct pl_published *all, const char *area, enum form form)
{
    struct pl_graph *graph = pl_graph_new(all, area, "Exported, Shared");
    struct pl_buf out = {0};
    char *text;

    assert_non_null(graph);
    if (form == DOT)
        pl_drawing_dot(graph, &out);
    else if (form == JSON)
        pl_drawing_json(graph, &out);
    else
        pl_drawing_text(graph, (struct pl_look){.unicode = form != ASCII, .color = form == COLOUR}, &out);
    assert_true(pl_buf_ok(&out));
    text = pl_span_dup(pl_buf_span(&out));
    assert_non_null(text);
    pl_buf_fini(&out);
    pl_graph_free(graph);
    return text;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no %s in:\n%s", part, text);
}

/* Columns of the widest line. */
static size_t width_of(const char *text)
{
    size_t width = 0, column = 0;

    for (; *text; text++) {
        column = *text == '\n' ? 0 : column + (((unsigned char)*text & 0xc0) != 0x80);
        width = column > width ? column : width;
    }
    return width;
}

static void as_text(void **state)
{
    static const char golden[] =
        "documents: users and where they are lost, 28 days, judged to 2026-03-09\n"
        "\n"
        "active users                    2,000\n"
        "├─ funnel export\n"
        "│  Document Opened              1,500                                 0.8 per user\n"
        "│  → Export Started               900  of 1,500   60.0 %  ██████····  ◀ 3\n"
        "│  → Exported (goal)              300    of 900   33.3 %  ███·······\n"
        "├─ feature one click\n"
        "│  could use it                 2,000  of 2,000  100.0 %  ██████████\n"
        "│  → know it                      160  of 2,000    8.0 %  █·········  ◀ 1\n"
        "│  → used it                       90    of 160   56.2 %  ██████····\n"
        "│  → use it again and again        20     of 90   22.2 %  ██········\n"
        "│  → tried it and left             60     of 80   75.0 %  ████████··\n"
        "├─ feature filters\n"
        "│  could use it                 1,000  of 2,000   50.0 %  █████·····\n"
        "│  → used it                      400  of 1,000   40.0 %  ████······\n"
        "│  → use it again and again       300    of 400   75.0 %  ████████··\n"
        "│  → tried it and left              0    of 250    0.0 %  ··········\n"
        "└─ value\n"
        "   got value: Exported, Shared  1,000  of 2,000   50.0 %  █████·····  ◀ 2\n"
        "   → back in week 4               160    of 400   40.0 %  ████······\n"
        "new users                         500\n"
        "→ got value in time               200    of 500   40.0 %  ████······\n"
        "→ got value sooner or later       250    of 400   62.5 %  ██████····\n"
        "\n"
        "largest losses\n"
        "  1. one click: 1,840 of 2,000 users do not know it (92 %)\n"
        "  2. 1,000 of 2,000 active users got no value in 28 days (50 %)\n"
        "  3. Document Opened: 600 of 1,500 users did not go on to Export Started (40 %, each user once a\n"
        "  day)\n";
    struct pl_published all = figures_of_documents();
    char *text = draw(&all, "documents", TEXT), *ascii = draw(&all, "documents", ASCII);
    char *colour = draw(&all, "documents", COLOUR);

    (void)state;
    assert_string_equal(text, golden);
    assert_has(ascii, "|- feature one click\n"
                      "|  could use it                 2,000  of 2,000  100.0 %  ##########\n"
                      "|  > know it                      160  of 2,000    8.0 %  #.........  <- 1\n");
    assert_has(ascii, "`- value\n   got value: Exported");
    for (const char *at = ascii; *at; at++)
        assert_true((unsigned char)*at < 0x80);
    assert_has(colour, "\033[31m◀ 1\033[0m");
    free(text);
    free(ascii);
    free(colour);
    pl_published_fini(&all);
}

static void as_graphviz(void **state)
{
    struct pl_published all = figures_of_documents();
    char *dot = draw(&all, "documents", DOT);

    (void)state;
    assert_has(dot, "digraph area {\n");
    assert_has(dot, "\n  n0 [label=\"active users\\n2,000\", fillcolor=\"#dbe9f6\"];\n");
    assert_has(dot, "\n  subgraph cluster_2 {\n    label=\"feature one click\";\n"
                    "    n4 [label=\"could use it\\n2,000\", fillcolor=\"#ffffff\"];\n");
    assert_has(dot, "  n4 -> n5 [label=\"160 of 2,000\\n8.0 %\\nloss 1: 1,840\", color=\"#c0392b\", "
                    "fontcolor=\"#c0392b\", penwidth=3];\n");
    assert_has(dot, "  n5 -> n6 [label=\"90 of 160\\n56.2 %\"];\n");
    assert_has(dot, "  n0 -> n1 [label=\"1,500\\n0.8 per user\"];\n");
    assert_has(dot, "  label=\"documents\\l1. one click: 1,840 of 2,000 users do not know it (92 %)\\l2. ");
    free(dot);
    pl_published_fini(&all);
}

static struct pl_span member(const struct cJSON *of, const char *name)
{
    return pl_slow_json_value(pl_slow_json_member(of, pl_span_of(name))).text;
}

/* The nth element of a member. */
static const struct cJSON *element(const struct cJSON *of, const char *name, unsigned n)
{
    const struct cJSON *at = pl_slow_json_first(pl_slow_json_member(of, pl_span_of(name)));

    while (n-- > 0)
        at = pl_slow_json_next(at);
    assert_non_null(at);
    return at;
}

static void as_json(void **state)
{
    struct pl_published all = figures_of_documents();
    char *json = draw(&all, "documents", JSON);
    struct pl_slow_json doc = {.root = NULL};
    const struct cJSON *edge, *loss;

    (void)state;
    assert_int_equal(pl_slow_json_open(&doc, pl_span_trim(pl_span_of(json))), PL_ACCEPTED);
    assert_true(pl_span_is(member(doc.root, "area"), "documents"));
    assert_true(pl_span_is(member(doc.root, "judged"), "2026-03-09T00:00:00Z"));
    assert_true(pl_span_is(member(element(doc.root, "nodes", 2), "id"), "funnel:export:2"));
    assert_true(pl_span_is(member(element(doc.root, "nodes", 3), "attempts"), "310"));
    assert_true(pl_span_is(member(element(doc.root, "nodes", 5), "feature"), "one click"));
    edge = element(doc.root, "edges", 4);
    assert_true(pl_span_is(member(edge, "from"), "feature:one click:eligible"));
    assert_true(pl_span_is(member(edge, "to"), "feature:one click:aware"));
    assert_true(pl_span_is(member(edge, "share"), "0.08") && pl_span_is(member(edge, "rank"), "1"));
    assert_int_equal(member(element(doc.root, "edges", 0), "share").len, 0); /* absent rather than null */
    loss = element(doc.root, "losses", 0);
    assert_true(pl_span_is(member(loss, "text"), "one click: 1,840 of 2,000 users do not know it (92 %)"));
    assert_true(pl_span_is(member(loss, "kind"), "unaware") && pl_span_is(member(loss, "share_lost"), "0.92"));
    pl_slow_json_fini(&doc);
    free(json);
    pl_published_fini(&all);
}

/* Plateaud's own names cannot be like this; what a file holds can. */
static void names_are_no_markup(void **state)
{
    struct pl_published all = {.n = 0};
    struct pl_slow_json doc = {.root = NULL};
    char *text, *dot, *json;

    (void)state;
    figures_add(&all, PL_PUBLISHED_FEATURE, HOSTILE, "eligible=9;aware=1;adopted=0");
    figures_add(&all, PL_PUBLISHED_FUNNEL, "f", "steps=2;step1=" HOSTILE ";28d.units.1=9;step2=B;28d.units.2=0");
    text = draw(&all, HOSTILE, TEXT);
    dot = draw(&all, HOSTILE, DOT);
    json = draw(&all, HOSTILE, JSON);
    assert_has(text, "feature a\"];x<b>&\\N\\\"??[31m??€\n");
    assert_null(strchr(text, '\033'));
    assert_has(dot, "label=\"feature a\\\"];x<b>&amp;\\\\N\\\\\\\"??[31m??€\";\n");
    assert_has(dot, "  label=\"a\\\"];x<b>&amp;\\\\N\\\\\\\"??[31m??€\\l1. ");
    assert_null(strchr(dot, '\033'));
    assert_int_equal(pl_slow_json_open(&doc, pl_span_trim(pl_span_of(json))), PL_ACCEPTED);
    assert_null(strchr(json, '\033'));
    pl_slow_json_fini(&doc);
    free(text);
    free(dot);
    free(json);
    pl_published_fini(&all);
}

static void fits_the_screen(void **state)
{
    struct pl_published all = {.n = 0};
    char *text, *ascii;

    (void)state;
    figures_add(&all, PL_PUBLISHED_FUNNEL, LONG,
                "steps=2;step1=" LONG ";28d.units.1=9999999;28d.attempts.1=9999999;step2=x" LONG ";28d.units.2=9999");
    figures_add(&all, PL_PUBLISHED_FEATURE, LONG, "eligible=9999999;aware=9999999;adopted=1234567");
    figures_add(&all, PL_PUBLISHED_VALUE, "a", "28d.active=9999999;28d.value_days.1=9999999");
    text = draw(&all, "a", TEXT);
    ascii = draw(&all, "a", ASCII);
    assert_true(width_of(text) <= 100);
    assert_true(width_of(ascii) <= 100);
    assert_has(text, "├─ funnel 012345678901234567890123456…\n");
    assert_has(ascii, "|- funnel 0123456789012345678901234...\n");
    assert_has(text, "  1. " LONG ": 9,990,000 of 9,999,999 users\n  did not go on to step 2 (99.9 %"); /* no name */
    free(text);
    free(ascii);
    pl_published_fini(&all);
}

static void draws_no_minor_groups(void **state)
{
    struct pl_published all = figures_of_documents();
    struct pl_graph *graph = pl_graph_new(&all, "documents", "");
    struct pl_buf text = {0}, dot = {0}, json = {0};

    (void)state;
    pl_graph_keep(graph, 1);
    graph->n_groups = 4; /* without value and new users: what is drawn last is the end of the tree */
    pl_drawing_text(graph, (struct pl_look){.unicode = true}, &text);
    assert_has(text.ptr, "└─ feature one click\n   could use it");
    assert_null(strstr(text.ptr, "filters"));
    assert_has(text.ptr, "\nfeatures with smaller losses, not shown: 1\n");
    pl_drawing_dot(graph, &dot);
    assert_null(strstr(dot.ptr, "filters"));
    assert_null(strstr(dot.ptr, " n9 ")); /* could use it, of filters */
    assert_has(dot.ptr, "\\lfeatures with smaller losses, not shown: 1\\l\";\n");
    pl_drawing_json(graph, &json);
    assert_has(json.ptr, "feature:filters:eligible");
    pl_buf_fini(&text);
    pl_buf_fini(&dot);
    pl_buf_fini(&json);
    pl_graph_free(graph);
    pl_published_fini(&all);
}

static void says_that_there_is_nothing(void **state)
{
    struct pl_published all = {.n = 0};
    char *text = draw(&all, "a", TEXT), *dot = draw(&all, "a", DOT), *json = draw(&all, "a", JSON);

    (void)state;
    assert_has(text, "a\n\nNo figures yet: ");
    assert_null(strstr(text, "losses"));
    assert_has(dot, "label=\"a\\l\";\n}\n");
    assert_string_equal(json, "{\"area\":\"a\",\"nodes\":[],\"edges\":[],\"losses\":[]}\n");
    free(text);
    free(dot);
    free(json);
    figures_add(&all, PL_PUBLISHED_FUNNEL, "f", "steps=2;step1=A;28d.units.1=0;step2=B");
    text = draw(&all, "a", ASCII);
    assert_string_equal(text, "a\n\nfunnel f\n  A           0\n  > B (goal)     of 0\n"); /* no users above it */
    free(text);
    pl_published_fini(&all);
}

static void cuts_and_cleans(void **state)
{
    static const struct {
        const char *text;
        bool unicode;
        unsigned columns;
        const char *want;
    } cases[] = {
        {"abc", true, 3, "abc"}, {"abcd", true, 3, "ab…"},      {"abcdef", false, 5, "ab..."}, {"€€€€", true, 3, "€€…"},
        {"abc", true, 0, "abc"}, {"a\x7f\tb", true, 0, "a??b"}, {"\xe2\x82", true, 0, "??"},   {"", true, 4, ""},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(cases) / sizeof(*cases); at++) {
        struct pl_buf out = {0};

        pl_buf_add_char(&out, '>');
        pl_drawing_plain(&out, (struct pl_look){.unicode = cases[at].unicode}, cases[at].text, cases[at].columns);
        assert_string_equal(out.ptr + 1, cases[at].want);
        pl_buf_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_text),
        cmocka_unit_test(as_graphviz),
        cmocka_unit_test(as_json),
        cmocka_unit_test(names_are_no_markup),
        cmocka_unit_test(fits_the_screen),
        cmocka_unit_test(draws_no_minor_groups),
        cmocka_unit_test(says_that_there_is_nothing),
        cmocka_unit_test(cuts_and_cleans),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
