/* The graph for Graphviz. Nodes are named by their numbers; texts are quoted strings, in which dot knows \ and ", and
 * entities of HTML. */
#include "ctl/drawing.h"

#include <math.h>
#include <string.h>

static void add_quoted(struct pl_buf *out, const char *text)
{
    struct pl_buf plain = {0};

    pl_drawing_plain(&plain, (struct pl_look){.unicode = true}, text, 0);
    for (const char *at = plain.ptr ? plain.ptr : ""; *at; at++) {
        if (*at == '&') {
            pl_buf_add_text(out, "&amp;");
            continue;
        }
        if (*at == '"' || *at == '\\')
            pl_buf_add_char(out, '\\');
        pl_buf_add_char(out, *at);
    }
    if (plain.failed)
        out->failed = true;
    pl_buf_fini(&plain);
}

static void add_node(const struct pl_graph *graph, unsigned node, const char *indent, struct pl_buf *out)
{
    static const char *const colors[] = {
        [PL_GRAPH_ACTIVE] = "#dbe9f6", [PL_GRAPH_GOAL] = "#d5ead3",      [PL_GRAPH_REPEATING] = "#d5ead3",
        [PL_GRAPH_LEFT] = "#f6dcd6",   [PL_GRAPH_KEPT] = "#d5ead3",      [PL_GRAPH_NEW] = "#dbe9f6",
        [PL_GRAPH_VALUE] = "#d5ead3",  [PL_GRAPH_ACTIVATED] = "#ffffff",
    };
    const char *color = colors[graph->nodes[node].kind];
    char label[PL_GRAPH_LABEL_BYTES], count[32];

    pl_buf_addf(out, "%sn%u [label=\"", indent, node);
    add_quoted(out, pl_graph_label(graph, node, label));
    if (*pl_graph_count(graph->nodes[node].count, count))
        pl_buf_addf(out, "\\n%s", count);
    pl_buf_addf(out, "\", fillcolor=\"%s\"];\n", color ? color : "#ffffff");
}

static void add_group(const struct pl_graph *graph, unsigned group, struct pl_buf *out)
{
    char title[PL_GRAPH_LABEL_BYTES];

    pl_buf_addf(out, "  subgraph cluster_%u {\n    label=\"", group);
    add_quoted(out, pl_graph_title(graph, group, title));
    pl_buf_add_text(out, "\";\n");
    for (unsigned at = 0; at < graph->n_nodes; at++)
        if (graph->nodes[at].group == group)
            add_node(graph, at, "    ", out);
    pl_buf_add_text(out, "  }\n");
}

static void add_edge(const struct pl_graph_edge *edge, struct pl_buf *out)
{
    char count[32], of[32], lost[32];

    pl_buf_addf(out, "  n%u -> n%u [label=\"%s", edge->from, edge->to, pl_graph_count(edge->count, count));
    if (edge->of >= 0)
        pl_buf_addf(out, " of %s", pl_graph_count(edge->of, of));
    if (isfinite(edge->share))
        pl_buf_addf(out, "\\n%.1f %%", edge->share * 100);
    if (isfinite(edge->per_user))
        pl_buf_addf(out, "\\n%.2g per user", edge->per_user);
    if (edge->rank)
        pl_buf_addf(out, "\\nloss %u: %s\", color=\"#c0392b\", fontcolor=\"#c0392b\", penwidth=3];\n", edge->rank,
                    pl_graph_count(edge->lost, lost));
    else
        pl_buf_add_text(out, "\"];\n");
}

/* The losses as one sentence each, below the picture. */
static void add_caption(const struct pl_graph *graph, struct pl_buf *out)
{
    char sentence[PL_GRAPH_LABEL_BYTES];

    pl_buf_add_text(out, "  label=\"");
    add_quoted(out, graph->area);
    for (unsigned at = 0; at < graph->n_losses; at++) {
        pl_buf_addf(out, "\\l%u. ", at + 1);
        add_quoted(out, pl_graph_sentence(graph, graph->losses[at], sentence));
    }
    if (graph->n_minor)
        pl_buf_addf(out, "\\lfeatures with smaller losses, not shown: %u", graph->n_minor);
    pl_buf_add_text(out, "\\l\";\n");
}

void pl_drawing_dot(const struct pl_graph *graph, struct pl_buf *out)
{
    pl_buf_add_text(out, "digraph area {\n  rankdir=LR;\n  charset=\"UTF-8\";\n  fontname=\"sans-serif\";\n"
                         "  labelloc=b;\n  labeljust=l;\n"
                         "  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\"];\n"
                         "  edge [fontname=\"sans-serif\", fontsize=10];\n");
    add_caption(graph, out);
    for (unsigned group = 0; group < graph->n_groups; group++) {
        if (graph->groups[group].part == PL_GRAPH_OF_USERS)
            add_node(graph, 0, "  ", out);
        else if (!graph->groups[group].minor)
            add_group(graph, group, out);
    }
    for (unsigned at = 0; at < graph->n_edges; at++)
        if (!graph->groups[graph->nodes[graph->edges[at].to].group].minor)
            add_edge(&graph->edges[at], out);
    pl_buf_add_text(out, "}\n");
}
