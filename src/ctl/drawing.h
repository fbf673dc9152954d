/* The graph of an area (ctl/graph) as text for terminals, JSON for programs, and a source for Graphviz. Pure.
 *
 * Minor groups are in JSON only. Text fits 100 columns: long names are cut there, and are whole in the sentences below
 * and in the other forms. What names hold is never markup: control bytes and what is not UTF-8 come out as `?`, and
 * each form escapes the rest.
 */
#ifndef PL_CTL_DRAWING_H
#define PL_CTL_DRAWING_H

#include "ctl/graph.h"
#include "ctl/table.h"

void pl_drawing_text(const struct pl_graph *graph, struct pl_look look, struct pl_buf *out);

/* One object: area, judged, nodes, edges, losses; what is not known is absent. */
void pl_drawing_json(const struct pl_graph *graph, struct pl_buf *out);

/* A digraph for `dot`. */
void pl_drawing_dot(const struct pl_graph *graph, struct pl_buf *out);

/* Text without control bytes and invalid UTF-8, cut to at most `columns` code points with an ellipsis (0: not cut). */
void pl_drawing_plain(struct pl_buf *out, struct pl_look look, const char *text, unsigned columns);

#endif
