#include "ctl/graph.h"

#include "util/stamp.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOWHERE UINT32_MAX
#define STEPS_MAX 32
#define COUNT_MAX INT64_C(1000000000000000)
#define COHORTS 4 /* as retention.4 is of the last four (core/judge/value.h) */

/* A count; -1 when it is not known, or can be none: a file may say anything. */
static int64_t figure(const struct pl_published_hash *hash, const char *name)
{
    int64_t count = pl_published_int(hash, name, -1);

    return count >= 0 && count <= COUNT_MAX ? count : -1;
}

static unsigned add_group(struct pl_graph *graph, enum pl_graph_part part, const char *id)
{
    struct pl_graph_group *group = &graph->groups[graph->n_groups];

    group->part = part;
    snprintf(group->id, sizeof(group->id), "%s", id);
    return graph->n_groups++;
}

static bool has_room(struct pl_graph *graph, unsigned nodes)
{
    if (graph->n_groups + 2 < PL_GRAPH_GROUPS_MAX && graph->n_nodes + nodes + 5 < PL_GRAPH_NODES_MAX)
        return true; /* value and new users have their room in any case */
    graph->left_out++;
    return false;
}

/* A node of the newest group. */
static unsigned add_node(struct pl_graph *graph, enum pl_graph_kind kind, int64_t count)
{
    graph->nodes[graph->n_nodes] =
        (struct pl_graph_node){.kind = kind, .group = graph->n_groups - 1, .count = count, .attempts = -1};
    return graph->n_nodes++;
}

static struct pl_graph_edge *add_edge(struct pl_graph *graph, unsigned from, unsigned to, int64_t count, int64_t of)
{
    struct pl_graph_edge *edge = &graph->edges[graph->n_edges++];

    *edge = (struct pl_graph_edge){.from = from, .to = to, .count = count, .of = of, .lost = -1};
    edge->share = count >= 0 && of > 0 ? (double)count / (double)of : (double)NAN;
    edge->per_user = (double)NAN;
    return edge;
}

/* An edge on which who does not go on is lost. */
static void add_way(struct pl_graph *graph, unsigned from, unsigned to, int64_t count, int64_t of,
                    enum pl_graph_loss loss)
{
    struct pl_graph_edge *edge = add_edge(graph, from, to, count, of);

    edge->loss = loss;
    if (isfinite(edge->share) && of >= count)
        edge->lost = of - count;
}

static unsigned node_of(const struct pl_graph *graph, enum pl_graph_kind kind)
{
    for (unsigned at = 0; at < graph->n_nodes; at++)
        if (graph->nodes[at].kind == kind)
            return at;
    return NOWHERE;
}

static void add_start(struct pl_graph *graph, unsigned step)
{
    unsigned active = node_of(graph, PL_GRAPH_ACTIVE);
    struct pl_graph_edge *edge;

    if (active == NOWHERE)
        return;
    edge = add_edge(graph, active, step, graph->nodes[step].count, -1);
    if (graph->nodes[active].count > 0 && graph->nodes[step].attempts >= 0)
        edge->per_user = (double)graph->nodes[step].attempts / (double)graph->nodes[active].count;
}

static void add_step(struct pl_graph *graph, const struct pl_published_hash *hash, unsigned step, unsigned n_steps)
{
    struct pl_graph_node *made;
    char name[32];
    unsigned node;

    snprintf(name, sizeof(name), "28d.units.%u", step);
    node = add_node(graph, step == n_steps ? PL_GRAPH_GOAL : PL_GRAPH_STEP, figure(hash, name));
    made = &graph->nodes[node];
    snprintf(name, sizeof(name), "28d.attempts.%u", step);
    made->attempts = figure(hash, name);
    snprintf(name, sizeof(name), "step%u", step);
    if (!pl_span_copy(pl_published_text(hash, name), made->action, sizeof(made->action)) || !*made->action)
        snprintf(made->action, sizeof(made->action), "step %u", step);
    if (step == 1)
        add_start(graph, node);
    else
        add_way(graph, node - 1, node, made->count, made[-1].count, PL_GRAPH_STOPPED);
}

static void add_funnel(struct pl_graph *graph, const struct pl_published_hash *hash)
{
    int64_t n = pl_published_int(hash, "steps", 0);

    if (n < 1 || n > STEPS_MAX || !has_room(graph, (unsigned)n))
        return;
    (void)add_group(graph, PL_GRAPH_OF_FUNNEL, hash->id);
    for (unsigned step = 1; step <= (unsigned)n; step++)
        add_step(graph, hash, step, (unsigned)n);
}

static void add_users_of(struct pl_graph *graph, const struct pl_published_hash *hash, unsigned adopted,
                         int64_t n_adopted)
{
    int64_t again = figure(hash, "repeating"), left = figure(hash, "tried_and_left");
    struct pl_graph_edge *edge;

    if (again >= 0)
        (void)add_edge(graph, adopted, add_node(graph, PL_GRAPH_REPEATING, again), again, n_adopted);
    if (left < 0)
        return;
    edge = add_edge(graph, adopted, add_node(graph, PL_GRAPH_LEFT, left), left, figure(hash, "adopted_before"));
    edge->loss = PL_GRAPH_DROPPED;
    edge->lost = left;
}

static void add_feature(struct pl_graph *graph, const struct pl_published_hash *hash)
{
    int64_t n_eligible = figure(hash, "eligible"), n_aware = figure(hash, "aware");
    int64_t n_adopted = figure(hash, "adopted");
    unsigned active = node_of(graph, PL_GRAPH_ACTIVE), before, adopted;

    if (n_eligible < 0 || n_adopted < 0 || !has_room(graph, 5))
        return;
    (void)add_group(graph, PL_GRAPH_OF_FEATURE, hash->id);
    before = add_node(graph, PL_GRAPH_ELIGIBLE, n_eligible);
    if (active != NOWHERE)
        (void)add_edge(graph, active, before, n_eligible, graph->nodes[active].count);
    if (n_aware >= 0) {
        unsigned aware = add_node(graph, PL_GRAPH_AWARE, n_aware);

        add_way(graph, before, aware, n_aware, n_eligible, PL_GRAPH_UNAWARE);
        before = aware;
    }
    adopted = add_node(graph, PL_GRAPH_ADOPTED, n_adopted);
    add_way(graph, before, adopted, n_adopted, n_aware >= 0 ? n_aware : n_eligible,
            n_aware >= 0 ? PL_GRAPH_UNTRIED : PL_GRAPH_UNUSED);
    add_users_of(graph, hash, adopted, n_adopted);
}

/* The dates of the newest cohorts whose fourth week is over, newest first. */
static unsigned cohorts_of(const struct pl_published_hash *hash, char dates[COHORTS][11])
{
    struct pl_span rest = pl_buf_span(&hash->pairs);
    unsigned n = 0;

    while (rest.len) {
        struct pl_span name = pl_span_cut(&rest, '\0');
        char date[11];
        unsigned at = 0;

        (void)pl_span_cut(&rest, '\0');
        if (name.len != 23 || memcmp(name.ptr, "cohort.", 7) != 0 || memcmp(name.ptr + 17, ".week4", 6) != 0)
            continue;
        (void)pl_span_copy((struct pl_span){name.ptr + 7, 10}, date, sizeof(date));
        while (at < n && strcmp(dates[at], date) > 0)
            at++;
        if (at == COHORTS)
            continue;
        n += n < COHORTS;
        memmove(dates[at + 1], dates[at], (n - at - 1) * sizeof(*dates));
        memcpy(dates[at], date, sizeof(date));
    }
    return n;
}

static void add_kept(struct pl_graph *graph, const struct pl_published_hash *hash, unsigned value)
{
    char dates[COHORTS][11], name[48];
    unsigned n = cohorts_of(hash, dates);
    int64_t kept = 0, of = 0;

    for (unsigned at = 0; at < n; at++) {
        snprintf(name, sizeof(name), "cohort.%.10s.week4", dates[at]);
        kept += figure(hash, name) > 0 ? figure(hash, name) : 0;
        snprintf(name, sizeof(name), "cohort.%.10s.users", dates[at]);
        of += figure(hash, name) > 0 ? figure(hash, name) : 0;
    }
    if (of > 0)
        add_way(graph, value, add_node(graph, PL_GRAPH_KEPT, kept), kept, of, PL_GRAPH_GONE);
}

/* New users come last, so that the edges out of them go back to value: these stand behind all others. */
static void add_new(struct pl_graph *graph, const struct pl_published_hash *hash, unsigned value)
{
    int64_t n = figure(hash, "new_users"), in_time = figure(hash, "activated");
    int64_t later = figure(hash, "to_value.users"), followed = figure(hash, "to_value.new_users");
    unsigned fresh, activated;

    if (n < 0)
        return;
    (void)add_group(graph, PL_GRAPH_OF_NEW, "");
    fresh = add_node(graph, PL_GRAPH_NEW, n);
    if (in_time >= 0) {
        activated = add_node(graph, PL_GRAPH_ACTIVATED, in_time);
        add_way(graph, fresh, activated, in_time, n, PL_GRAPH_SLOW);
        (void)add_edge(graph, activated, value, in_time, -1); /* all of them: that is what it means */
    }
    if (followed > 0)
        (void)add_edge(graph, fresh, value, later, followed);
}

static void add_value(struct pl_graph *graph, const struct pl_published_hash *hash)
{
    int64_t with = figure(hash, "28d.value_days.1");
    unsigned active = node_of(graph, PL_GRAPH_ACTIVE), value;

    if (with < 0)
        return;
    (void)add_group(graph, PL_GRAPH_OF_VALUE, "");
    value = add_node(graph, PL_GRAPH_VALUE, with);
    if (active != NOWHERE)
        add_way(graph, active, value, with, graph->nodes[active].count, PL_GRAPH_WORTHLESS);
    add_kept(graph, hash, value);
    add_new(graph, hash, value);
}

static int64_t weight(const struct pl_graph *graph, const struct pl_graph_edge *edge)
{
    unsigned active = node_of(graph, PL_GRAPH_ACTIVE);

    if (edge->loss == PL_GRAPH_STOPPED && active != NOWHERE && graph->nodes[active].count < edge->lost)
        return graph->nodes[active].count;
    return edge->lost;
}

static void rank(struct pl_graph *graph)
{
    while (graph->n_losses < PL_GRAPH_LOSSES) {
        unsigned largest = NOWHERE;

        for (unsigned at = 0; at < graph->n_edges; at++)
            if (graph->edges[at].lost > 0 && graph->edges[at].rank == 0 &&
                (largest == NOWHERE || weight(graph, &graph->edges[at]) > weight(graph, &graph->edges[largest])))
                largest = at;
        if (largest == NOWHERE)
            return;
        graph->losses[graph->n_losses++] = largest;
        graph->edges[largest].rank = graph->n_losses;
    }
}

/* When what is shown was judged: the latest time that any part tells. */
static void add_time(struct pl_graph *graph, const struct pl_published *all)
{
    for (size_t at = 0; at < all->n; at++) {
        int64_t judged_us = pl_published_time(&all->hashes[at], "judged");

        if (all->hashes[at].kind != PL_PUBLISHED_AREA && judged_us > graph->judged_us)
            graph->judged_us = judged_us; /* an area's own is when it changed last */
    }
}

struct pl_graph *pl_graph_new(const struct pl_published *all, const char *area, const char *value_actions)
{
    const struct pl_published_hash *value = pl_published_find(all, PL_PUBLISHED_VALUE, area);
    struct pl_graph *graph = calloc(1, sizeof(*graph));
    int64_t active = figure(value, "28d.active");

    if (!graph)
        return NULL;
    graph->judged_us = PL_TIME_NONE;
    graph->value_actions = value_actions;
    snprintf(graph->area, sizeof(graph->area), "%s", area);
    (void)pl_span_copy(pl_published_text(pl_published_find(all, PL_PUBLISHED_AREA, area), "verdict"), graph->verdict,
                       sizeof(graph->verdict));
    add_time(graph, all);
    if (active >= 0) {
        (void)add_group(graph, PL_GRAPH_OF_USERS, "");
        (void)add_node(graph, PL_GRAPH_ACTIVE, active);
    }
    for (size_t at = 0; at < all->n; at++)
        if (all->hashes[at].kind == PL_PUBLISHED_FUNNEL)
            add_funnel(graph, &all->hashes[at]);
    for (size_t at = 0; at < all->n; at++)
        if (all->hashes[at].kind == PL_PUBLISHED_FEATURE)
            add_feature(graph, &all->hashes[at]);
    if (value)
        add_value(graph, value);
    rank(graph);
    return graph;
}

/* The largest loss within a group; -1 without any. */
static int64_t loss_of(const struct pl_graph *graph, unsigned group)
{
    int64_t most = -1;

    for (unsigned at = 0; at < graph->n_edges; at++)
        if (graph->nodes[graph->edges[at].to].group == group && weight(graph, &graph->edges[at]) > most)
            most = weight(graph, &graph->edges[at]);
    return most;
}

void pl_graph_keep(struct pl_graph *graph, unsigned features)
{
    int64_t losses[PL_GRAPH_GROUPS_MAX];

    for (unsigned at = 0; at < graph->n_groups; at++) {
        graph->groups[at].minor = graph->groups[at].part == PL_GRAPH_OF_FEATURE;
        losses[at] = graph->groups[at].minor ? loss_of(graph, at) : -1;
        graph->n_minor += graph->groups[at].minor;
    }
    for (; features > 0 && graph->n_minor > 0; features--) {
        unsigned largest = NOWHERE;

        for (unsigned at = 0; at < graph->n_groups; at++)
            if (graph->groups[at].minor && (largest == NOWHERE || losses[at] > losses[largest]))
                largest = at;
        graph->groups[largest].minor = false;
        graph->n_minor--;
    }
}

void pl_graph_free(struct pl_graph *graph)
{
    free(graph);
}
