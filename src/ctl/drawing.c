#include "ctl/drawing.h"

#include "codec/escape.h"
#include "util/stamp.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 100
#define LABEL_COLUMNS 38 /* with its tree: what is left when figures have up to 9 digits */
#define BAR_COLUMNS 10

void pl_drawing_plain(struct pl_buf *out, struct pl_look look, const char *text, unsigned columns)
{
    struct pl_span rest = pl_span_of(text);
    const char *dots = look.unicode ? "…" : "...";
    unsigned room = look.unicode ? 1 : 3, n = 0;
    size_t cut = 0; /* where the dots go if the rest does not fit */

    for (; rest.len && !(columns && n == columns); n++) {
        size_t len = pl_escape_utf8_len(rest);
        bool control = len == 0 || (unsigned char)*rest.ptr < 0x20 || *rest.ptr == 0x7f ||
                       (len == 2 && (unsigned char)rest.ptr[0] == 0xc2 && (unsigned char)rest.ptr[1] < 0xa0);

        if (n + room == columns)
            cut = out->len;
        if (control)
            pl_buf_add_char(out, '?');
        else
            pl_buf_add(out, rest.ptr, len);
        rest.ptr += len ? len : 1;
        rest.len -= len ? len : 1;
    }
    if (rest.len == 0 || !pl_buf_ok(out) || !out->ptr)
        return;
    out->len = cut;
    pl_buf_add_text(out, dots);
}

/* "# # # . . ." of a share. */
static void add_bar(struct pl_buf *out, struct pl_look look, double share)
{
    unsigned full = (unsigned)lround(fmax(0, fmin(1, share)) * BAR_COLUMNS);

    for (unsigned at = 0; at < BAR_COLUMNS; at++)
        pl_buf_add_text(out, at < full ? look.unicode ? "█" : "#" : look.unicode ? "·" : ".");
}

static const char *text_of(const struct pl_buf *buf)
{
    return buf->ptr ? buf->ptr : "";
}

/* The first cell: where in the tree, and what it is. */
static void label_cell(struct pl_table *table, enum pl_ink ink, const char *tree, const char *text)
{
    struct pl_buf label = {0};
    unsigned columns = 0;

    for (const char *at = tree; *at; at++)
        columns += ((unsigned char)*at & 0xc0) != 0x80;
    pl_buf_add_text(&label, tree);
    pl_drawing_plain(&label, table->look, text, LABEL_COLUMNS - columns);
    pl_table_cell(table, ink, "%s", text_of(&label));
    pl_buf_fini(&label);
}

static void count_cell(struct pl_table *table, const char *before, int64_t count)
{
    char text[32];

    pl_graph_count(count, text);
    pl_table_cell(table, PL_INK_NONE, "%s%s", *text ? before : "", text);
}

/* Share, bar and mark of an edge. */
static void share_cells(struct pl_table *table, const struct pl_graph_edge *edge)
{
    struct pl_buf bar = {0};

    if (!isfinite(edge->share)) {
        pl_table_cell(table, PL_INK_NONE, "%s", "");
        pl_table_cell(table, PL_INK_NONE, "%s", "");
    } else {
        add_bar(&bar, table->look, edge->share);
        pl_table_cell(table, PL_INK_NONE, "%.1f %%", edge->share * 100);
        pl_table_cell(table, edge->rank ? PL_INK_BAD : PL_INK_FAINT, "%s", text_of(&bar));
        pl_buf_fini(&bar);
    }
    if (edge->rank)
        pl_table_cell(table, PL_INK_BAD, "%s %u", table->look.unicode ? "◀" : "<-", edge->rank);
    else if (isfinite(edge->per_user))
        pl_table_cell(table, PL_INK_FAINT, "%.2g per user", edge->per_user);
    else
        pl_table_cell(table, PL_INK_NONE, "%s", "");
}

static void blank_cells(struct pl_table *table, unsigned n)
{
    for (; n > 0; n--)
        pl_table_cell(table, PL_INK_NONE, "%s", "");
}

static void edge_row(struct pl_table *table, const struct pl_graph *graph, const struct pl_graph_edge *edge,
                     bool begins, const char *tree)
{
    const char *arrow = begins ? "" : table->look.unicode ? "→ " : "> ";
    char label[PL_GRAPH_LABEL_BYTES], before[32];

    snprintf(before, sizeof(before), "%s%s", tree, arrow);
    label_cell(table, edge->rank ? PL_INK_BAD : PL_INK_NONE, before, pl_graph_label(graph, edge->to, label));
    count_cell(table, "", edge->count);
    count_cell(table, "of ", edge->of);
    share_cells(table, edge);
}

/* A node that nothing leads to. */
static void root_row(struct pl_table *table, const struct pl_graph *graph, unsigned node, const char *tree)
{
    char label[PL_GRAPH_LABEL_BYTES];

    label_cell(table, PL_INK_NONE, tree, pl_graph_label(graph, node, label));
    count_cell(table, "", graph->nodes[node].count);
    blank_cells(table, 4);
}

/* All ways to a node; false: there are none. Of the ways from new users to value there may be two. */
static bool ways_to(struct pl_table *table, const struct pl_graph *graph, unsigned node, const char *tree)
{
    bool any = false;

    for (unsigned at = 0; at < graph->n_edges; at++) {
        const struct pl_graph_edge *edge = &graph->edges[at];

        if (edge->to != node || graph->groups[graph->nodes[edge->from].group].part == PL_GRAPH_OF_NEW)
            continue;
        edge_row(table, graph, edge, graph->nodes[edge->from].kind == PL_GRAPH_ACTIVE, tree);
        any = true;
    }
    return any;
}

static void new_rows(struct pl_table *table, const struct pl_graph *graph, unsigned group)
{
    const char *tree = table->look.unicode ? "→ " : "> ";
    char label[PL_GRAPH_LABEL_BYTES];

    for (unsigned at = 0; at < graph->n_nodes; at++)
        if (graph->nodes[at].group == group && graph->nodes[at].kind == PL_GRAPH_NEW)
            root_row(table, graph, at, "");
    for (unsigned at = 0; at < graph->n_edges; at++) {
        const struct pl_graph_edge *edge = &graph->edges[at];

        if (graph->nodes[edge->from].group != group || (graph->nodes[edge->to].group != group && edge->of < 0))
            continue; /* who got it in time got it: that says nothing */
        label_cell(table, edge->rank ? PL_INK_BAD : PL_INK_NONE, tree,
                   graph->nodes[edge->to].group == group ? pl_graph_label(graph, edge->to, label)
                                                         : "got value sooner or later");
        count_cell(table, "", edge->count);
        count_cell(table, "of ", edge->of);
        share_cells(table, edge);
    }
}

static bool is_last(const struct pl_graph *graph, unsigned group)
{
    while (group + 1 < graph->n_groups && graph->groups[group + 1].minor)
        group++;
    return group + 1 == graph->n_groups || graph->groups[group + 1].part == PL_GRAPH_OF_NEW;
}

static void group_rows(struct pl_table *table, const struct pl_graph *graph, unsigned group)
{
    bool rooted = graph->groups[0].part == PL_GRAPH_OF_USERS, last = is_last(graph, group);
    const char *head = !rooted ? "" : table->look.unicode ? last ? "└─ " : "├─ " : last ? "`- " : "|- ";
    const char *tree = !rooted ? "  " : last ? "   " : table->look.unicode ? "│  " : "|  ";
    char title[PL_GRAPH_LABEL_BYTES];

    label_cell(table, PL_INK_BOLD, head, pl_graph_title(graph, group, title));
    blank_cells(table, 5);
    for (unsigned at = 0; at < graph->n_nodes; at++)
        if (graph->nodes[at].group == group && !ways_to(table, graph, at, tree))
            root_row(table, graph, at, tree);
}

static void add_rows(const struct pl_graph *graph, struct pl_look look, struct pl_buf *out)
{
    struct pl_table table = {.n_columns = 6, .right = 1u << 1 | 1u << 2 | 1u << 3, .look = look};

    for (unsigned group = 0; group < graph->n_groups; group++) {
        if (graph->groups[group].part == PL_GRAPH_OF_USERS)
            root_row(&table, graph, 0, "");
        else if (graph->groups[group].part == PL_GRAPH_OF_NEW)
            new_rows(&table, graph, group);
        else if (!graph->groups[group].minor)
            group_rows(&table, graph, group);
    }
    pl_table_write(&table, 0, out);
    pl_table_fini(&table);
}

static void add_losses(const struct pl_graph *graph, struct pl_look look, struct pl_buf *out)
{
    char sentence[PL_GRAPH_LABEL_BYTES];

    if (graph->n_losses == 0)
        return;
    pl_buf_add_char(out, '\n');
    pl_table_ink(out, look, PL_INK_BOLD, "largest losses");
    pl_buf_add_char(out, '\n');
    for (unsigned at = 0; at < graph->n_losses; at++) {
        struct pl_buf line = {0};

        pl_buf_addf(&line, "%u. ", at + 1);
        pl_drawing_plain(&line, look, pl_graph_sentence(graph, graph->losses[at], sentence), 0);
        pl_table_wrap(out, 2, WIDTH, text_of(&line));
        pl_buf_fini(&line);
    }
}

void pl_drawing_text(const struct pl_graph *graph, struct pl_look look, struct pl_buf *out)
{
    char stamp[PL_STAMP_BYTES];
    struct pl_buf area = {0};

    pl_drawing_plain(&area, look, graph->area, 0);
    pl_table_ink(out, look, PL_INK_BOLD, text_of(&area));
    pl_buf_fini(&area);
    if (graph->judged_us != PL_TIME_NONE)
        pl_buf_addf(out, ": users and where they are lost, 28 days, judged to %.10s",
                    pl_stamp_format(graph->judged_us, stamp));
    pl_buf_add_text(out, "\n\n");
    if (graph->n_groups == 0)
        pl_buf_add_text(out,
                        "No figures yet: this area has no funnel, no features and no value, or nothing is judged.\n");
    add_rows(graph, look, out);
    add_losses(graph, look, out);
    if (graph->n_minor)
        pl_buf_addf(out, "\nfeatures with smaller losses, not shown: %u\n", graph->n_minor);
    if (graph->left_out)
        pl_buf_addf(out, "\n%u funnels and features more are not shown.\n", graph->left_out);
}
