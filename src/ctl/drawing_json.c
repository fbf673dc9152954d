/* The graph for programs. */
#include "codec/json_out.h"
#include "ctl/drawing.h"

#include <stdio.h>

/* A name of a node that stays the same while the configuration does. */
static const char *id_of(const struct pl_graph *graph, unsigned node, char out[PL_GRAPH_LABEL_BYTES])
{
    const struct pl_graph_node *of = &graph->nodes[node];
    const struct pl_graph_group *group = &graph->groups[of->group];
    unsigned step = 1;

    while (step <= node && graph->nodes[node - step].group == of->group)
        step++;
    if (group->part == PL_GRAPH_OF_FUNNEL)
        snprintf(out, PL_GRAPH_LABEL_BYTES, "funnel:%s:%u", group->id, step);
    else if (group->part == PL_GRAPH_OF_FEATURE)
        snprintf(out, PL_GRAPH_LABEL_BYTES, "feature:%s:%s", group->id, pl_graph_kind_name(of->kind));
    else
        snprintf(out, PL_GRAPH_LABEL_BYTES, "%s", pl_graph_kind_name(of->kind));
    return out;
}

static void put_known(struct pl_json *json, const char *key, int64_t count)
{
    if (count >= 0)
        pl_json_int(json, key, count);
}

static void put_node(struct pl_json *json, const struct pl_graph *graph, unsigned node)
{
    const struct pl_graph_node *of = &graph->nodes[node];
    const struct pl_graph_group *group = &graph->groups[of->group];
    char text[PL_GRAPH_LABEL_BYTES];

    pl_json_open(json, NULL, '{');
    pl_json_text(json, "id", id_of(graph, node, text));
    pl_json_text(json, "kind", pl_graph_kind_name(of->kind));
    pl_json_text(json, "part", pl_graph_part_name(group->part));
    if (*group->id)
        pl_json_text(json, pl_graph_part_name(group->part), group->id);
    pl_json_text(json, "label", pl_graph_label(graph, node, text));
    put_known(json, "count", of->count);
    put_known(json, "attempts", of->attempts);
    pl_json_close(json, '}');
}

static void put_edge(struct pl_json *json, const struct pl_graph *graph, const struct pl_graph_edge *edge)
{
    char text[PL_GRAPH_LABEL_BYTES];

    pl_json_open(json, NULL, '{');
    pl_json_text(json, "from", id_of(graph, edge->from, text));
    pl_json_text(json, "to", id_of(graph, edge->to, text));
    put_known(json, "count", edge->count);
    put_known(json, "of", edge->of);
    pl_json_number(json, "share", edge->share);
    pl_json_number(json, "attempts_per_user", edge->per_user);
    put_known(json, "lost", edge->lost);
    if (edge->rank)
        pl_json_int(json, "rank", edge->rank);
    pl_json_close(json, '}');
}

static void put_losses(struct pl_json *json, const struct pl_graph *graph)
{
    char text[PL_GRAPH_LABEL_BYTES];

    pl_json_open(json, "losses", '[');
    for (unsigned at = 0; at < graph->n_losses; at++) {
        const struct pl_graph_edge *edge = &graph->edges[graph->losses[at]];

        pl_json_open(json, NULL, '{');
        pl_json_int(json, "rank", at + 1);
        pl_json_text(json, "kind", pl_graph_loss_name(edge->loss));
        pl_json_text(json, "from", id_of(graph, edge->from, text));
        pl_json_text(json, "to", id_of(graph, edge->to, text));
        pl_json_int(json, "lost", edge->lost);
        put_known(json, "of", edge->of);
        if (edge->of > 0)
            pl_json_number(json, "share_lost", (double)edge->lost / (double)edge->of);
        pl_json_text(json, "text", pl_graph_sentence(graph, graph->losses[at], text));
        pl_json_close(json, '}');
    }
    pl_json_close(json, ']');
}

void pl_drawing_json(const struct pl_graph *graph, struct pl_buf *out)
{
    struct pl_json json = pl_json_to(out);

    pl_json_open(&json, NULL, '{');
    pl_json_text(&json, "area", graph->area);
    if (*graph->verdict)
        pl_json_text(&json, "verdict", graph->verdict);
    pl_json_time(&json, "judged", graph->judged_us);
    pl_json_open(&json, "nodes", '[');
    for (unsigned at = 0; at < graph->n_nodes; at++)
        put_node(&json, graph, at);
    pl_json_close(&json, ']');
    pl_json_open(&json, "edges", '[');
    for (unsigned at = 0; at < graph->n_edges; at++)
        put_edge(&json, graph, &graph->edges[at]);
    pl_json_close(&json, ']');
    put_losses(&json, graph);
    pl_json_close(&json, '}');
    pl_buf_add_char(out, '\n');
}
