/* The graph of an area from its figures: who goes on, who is lost, and which losses are the largest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/graph.h"
#include "support/area_figures.h"
#include "util/stamp.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static unsigned node_of(const struct pl_graph *graph, const char *group, const char *label)
{
    char text[PL_GRAPH_LABEL_BYTES];

    for (unsigned at = 0; at < graph->n_nodes; at++)
        if (strcmp(pl_graph_label(graph, at, text), label) == 0 &&
            strcmp(graph->groups[graph->nodes[at].group].id, group) == 0)
            return at;
    fail_msg("no node %s of %s", label, group);
    return 0;
}

static const struct pl_graph_edge *edge_of(const struct pl_graph *graph, unsigned from, unsigned to)
{
    for (unsigned at = 0; at < graph->n_edges; at++)
        if (graph->edges[at].from == from && graph->edges[at].to == to)
            return &graph->edges[at];
    fail_msg("no edge from %u to %u", from, to);
    return NULL;
}

static void check(const struct pl_graph *graph, unsigned from, unsigned to, int64_t count, int64_t of, int64_t lost)
{
    const struct pl_graph_edge *edge = edge_of(graph, from, to);

    assert_int_equal(edge->count, count);
    assert_int_equal(edge->of, of);
    assert_int_equal(edge->lost, lost);
    if (of > 0)
        assert_true(fabs(edge->share - (double)count / (double)of) < 1e-12);
    else
        assert_true(isnan(edge->share));
}

static void has_every_way(void **state)
{
    struct pl_published all = figures_of_documents();
    struct pl_graph *graph = pl_graph_new(&all, "documents", "Exported, Shared");
    unsigned active = node_of(graph, "", "active users"), opened = node_of(graph, "export", "Document Opened");
    unsigned goal = node_of(graph, "export", "Exported (goal)"), known = node_of(graph, "one click", "know it");
    unsigned used = node_of(graph, "one click", "used it"), found = node_of(graph, "filters", "used it");
    unsigned value = node_of(graph, "", "got value: Exported, Shared"), fresh = node_of(graph, "", "new users");

    (void)state;
    assert_string_equal(graph->verdict, "SHIFT_TO_CORE");
    assert_true(graph->judged_us == INT64_C(1773014400000000)); /* the funnel's; the area's is when it changed */
    assert_int_equal(graph->n_groups, 6);
    assert_int_equal(graph->n_nodes, 1 + 3 + 5 + 4 + 2 + 2);
    assert_int_equal(graph->n_edges, 3 + 5 + 4 + 2 + 3);
    check(graph, active, opened, 1500, -1, -1);
    assert_true(fabs(edge_of(graph, active, opened)->per_user - .8) < 1e-12);
    check(graph, goal - 1, goal, 300, 900, 600);
    assert_int_equal(graph->nodes[goal].attempts, 310);
    check(graph, active, known - 1, 2000, 2000, -1); /* who is not eligible is not lost */
    check(graph, known - 1, known, 160, 2000, 1840);
    check(graph, known, used, 90, 160, 70);
    check(graph, used, node_of(graph, "one click", "use it again and again"), 20, 90, -1);
    check(graph, used, node_of(graph, "one click", "tried it and left"), 60, 80, 60);
    check(graph, node_of(graph, "filters", "could use it"), found, 400, 1000, 600);
    check(graph, found, node_of(graph, "filters", "tried it and left"), 0, 250, 0);
    check(graph, active, value, 1000, 2000, 1000);
    check(graph, value, node_of(graph, "", "back in week 4"), 160, 400, 240); /* four cohorts; one too old, one open */
    check(graph, fresh, node_of(graph, "", "got value in time"), 200, 500, 300);
    check(graph, node_of(graph, "", "got value in time"), value, 200, -1, -1);
    check(graph, fresh, value, 250, 400, -1);
    pl_graph_free(graph);
    pl_published_fini(&all);
}

static void names_the_largest_losses(void **state)
{
    struct pl_published all = figures_of_documents();
    struct pl_graph *graph = pl_graph_new(&all, "documents", "");
    char text[PL_GRAPH_LABEL_BYTES];
    unsigned ranked = 0;

    (void)state;
    assert_int_equal(graph->n_losses, 3);
    assert_string_equal(pl_graph_sentence(graph, graph->losses[0], text),
                        "one click: 1,840 of 2,000 users do not know it (92 %)");
    assert_string_equal(pl_graph_sentence(graph, graph->losses[1], text),
                        "1,000 of 2,000 active users got no value in 28 days (50 %)");
    assert_string_equal(pl_graph_sentence(graph, graph->losses[2], text), /* of three equal ones the first */
                        "Document Opened: 600 of 1,500 users did not go on to Export Started (40 %, each user once a "
                        "day)");
    for (unsigned at = 0; at < graph->n_edges; at++)
        ranked += graph->edges[at].rank > 0;
    assert_int_equal(ranked, 3);
    assert_int_equal(graph->edges[graph->losses[2]].rank, 3);
    pl_graph_free(graph);
    pl_published_fini(&all);
}

static void says_each_loss_in_words(void **state)
{
    struct pl_published all = figures_of_documents();
    struct pl_graph *graph = pl_graph_new(&all, "documents", "");
    static const char *const sentences[] = {
        [PL_GRAPH_UNTRIED] = "one click: 70 of 160 users who know it have never used it (43.8 %)",
        [PL_GRAPH_UNUSED] = "filters: 600 of 1,000 users have never used it (60 %)",
        [PL_GRAPH_DROPPED] = "one click: 60 of 80 users who tried it more than 28 days ago have left it (75 %)",
        [PL_GRAPH_SLOW] = "300 of 500 new users got no value in time (60 %)",
        [PL_GRAPH_GONE] = "240 of 400 users who got value did not come back for it in their fourth week (60 %)",
    };
    char text[PL_GRAPH_LABEL_BYTES];
    unsigned said = 0;

    (void)state;
    for (unsigned at = 0; at < graph->n_edges; at++) {
        enum pl_graph_loss loss = graph->edges[at].loss;

        if (graph->edges[at].lost <= 0 || (size_t)loss >= sizeof(sentences) / sizeof(*sentences) || !sentences[loss])
            continue;
        assert_string_equal(pl_graph_sentence(graph, at, text), sentences[loss]);
        said++;
    }
    assert_int_equal(said, 5);
    pl_graph_free(graph);
    pl_published_fini(&all);
}

/* A funnel counts a user once a day: it cannot lose more users than there are. */
static void a_funnel_loses_no_more_than_all_users(void **state)
{
    struct pl_published all = {.n = 0};
    struct pl_graph *graph;

    (void)state;
    figures_add(&all, PL_PUBLISHED_FUNNEL, "f",
                "steps=2;step1=A;28d.attempts.1=900;28d.units.1=900;step2=B;28d.attempts.2=100;28d.units.2=100");
    figures_add(&all, PL_PUBLISHED_FEATURE, "g", "eligible=150;aware=10;adopted=5");
    figures_add(&all, PL_PUBLISHED_VALUE, "a", "28d.active=120");
    graph = pl_graph_new(&all, "a", "");
    assert_int_equal(graph->n_losses, 3);
    assert_int_equal(graph->edges[graph->losses[0]].loss, PL_GRAPH_UNAWARE); /* 140, against 800 of at most 120 users */
    assert_int_equal(graph->edges[graph->losses[1]].loss, PL_GRAPH_STOPPED);
    assert_int_equal(graph->edges[graph->losses[1]].lost, 800);
    assert_int_equal(graph->edges[graph->losses[2]].loss, PL_GRAPH_UNTRIED);
    pl_graph_free(graph);
    pl_published_fini(&all);
}

static void leaves_out_what_is_not_known(void **state)
{
    struct pl_published all = {.n = 0};
    struct pl_graph *graph = pl_graph_new(&all, "a", "");

    (void)state;
    assert_int_equal(graph->n_nodes + graph->n_edges + graph->n_losses + graph->n_groups, 0);
    assert_true(graph->judged_us == PL_TIME_NONE);
    pl_graph_free(graph);
    figures_add(&all, PL_PUBLISHED_FUNNEL, "f", "steps=2;step1=A;step2=B;28d.units.2=x");
    figures_add(&all, PL_PUBLISHED_FUNNEL, "none", "steps=0");
    figures_add(&all, PL_PUBLISHED_FUNNEL, "many", "steps=33");
    figures_add(&all, PL_PUBLISHED_FEATURE, "early", "area=a"); /* before anything is judged */
    figures_add(&all, PL_PUBLISHED_VALUE, "a", "delivered_share=.5;cohort.2026-01-05.week4=3");
    graph = pl_graph_new(&all, "a", "");
    assert_int_equal(graph->n_groups, 1);
    assert_int_equal(graph->n_nodes, 2);
    assert_int_equal(graph->n_edges, 1);
    assert_int_equal(graph->edges[0].lost, -1);
    assert_int_equal(graph->n_losses, 0);
    pl_graph_free(graph);
    figures_add(&all, PL_PUBLISHED_VALUE, "a",
                "28d.active=9223372036854775807;28d.value_days.1=-5;cohort.2026-01-05.week4=9223372036854775807;"
                "cohort.2026-01-05.users=9223372036854775807;cohort.2026-01-12.week4=1;cohort.2026-01-12.users=2");
    graph = pl_graph_new(&all, "a", ""); /* counts that nothing has */
    assert_int_equal(graph->n_groups, 1);
    pl_graph_free(graph);
    figures_add(&all, PL_PUBLISHED_VALUE, "a", "28d.active=0;28d.value_days.1=0;new_users=0;activated=0");
    graph = pl_graph_new(&all, "a", "");
    assert_int_equal(graph->n_losses, 0); /* nobody is lost of nobody */
    assert_int_equal(graph->n_groups, 4);
    pl_graph_free(graph);
    pl_published_fini(&all);
}

static void is_bounded(void **state)
{
    struct pl_published all = {.n = 0};
    struct pl_graph *graph;
    char id[16];

    (void)state;
    for (unsigned at = 0; at < 1000; at++) {
        snprintf(id, sizeof(id), "f%u", at);
        figures_add(&all, PL_PUBLISHED_FEATURE, id, "eligible=9;aware=8;adopted=7;repeating=1;tried_and_left=1");
    }
    figures_add(&all, PL_PUBLISHED_VALUE, "a",
                "28d.active=9;28d.value_days.1=5;new_users=2;activated=1;to_value.new_users=1;to_value.users=1;"
                "cohort.2026-01-05.users=4;cohort.2026-01-05.week4=3");
    graph = pl_graph_new(&all, "a", "");
    assert_true(graph->left_out > 0 && graph->left_out < 1000);
    assert_true(graph->n_nodes <= PL_GRAPH_NODES_MAX && graph->n_groups <= PL_GRAPH_GROUPS_MAX);
    assert_int_equal(graph->groups[graph->n_groups - 1].part, PL_GRAPH_OF_NEW);
    pl_graph_free(graph);
    pl_published_fini(&all);
}

static void keeps_the_features_that_lose_most(void **state)
{
    struct pl_published all = figures_of_documents();
    struct pl_graph *graph;

    (void)state;
    figures_add(&all, PL_PUBLISHED_FEATURE, "equal", "eligible=1000;aware=400;adopted=400");
    figures_add(&all, PL_PUBLISHED_FEATURE, "loved", "eligible=1000;aware=1000;adopted=1000");
    graph = pl_graph_new(&all, "documents", "");
    pl_graph_keep(graph, 4);
    assert_int_equal(graph->n_minor, 0);
    pl_graph_keep(graph, 2); /* filters and equal lose 600 each: the first of them stays */
    assert_int_equal(graph->n_minor, 2);
    for (unsigned at = 0; at < graph->n_groups; at++)
        assert_int_equal(graph->groups[at].minor,
                         strcmp(graph->groups[at].id, "equal") == 0 || strcmp(graph->groups[at].id, "loved") == 0);
    assert_int_equal(graph->n_losses, 3);
    pl_graph_free(graph);
    pl_published_fini(&all);
}

static void writes_counts(void **state)
{
    char text[32];

    (void)state;
    assert_string_equal(pl_graph_count(-1, text), "");
    assert_string_equal(pl_graph_count(0, text), "0");
    assert_string_equal(pl_graph_count(999, text), "999");
    assert_string_equal(pl_graph_count(1000, text), "1,000");
    assert_string_equal(pl_graph_count(12345678, text), "12,345,678");
    assert_string_equal(pl_graph_count(INT64_MAX, text), "9,223,372,036,854,775,807");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_every_way),
        cmocka_unit_test(names_the_largest_losses),
        cmocka_unit_test(says_each_loss_in_words),
        cmocka_unit_test(a_funnel_loses_no_more_than_all_users),
        cmocka_unit_test(leaves_out_what_is_not_known),
        cmocka_unit_test(is_bounded),
        cmocka_unit_test(keeps_the_features_that_lose_most),
        cmocka_unit_test(writes_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
