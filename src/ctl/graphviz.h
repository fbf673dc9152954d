/* A picture of a graph: Graphviz' program `dot`, where it is installed, run without a shell.
 */
#ifndef PL_CTL_GRAPHVIZ_H
#define PL_CTL_GRAPHVIZ_H

#include "util/buf.h"
#include "util/err.h"

#define PL_GRAPHVIZ_SVG_MAX (64u << 20)

/* Append `dot -Tsvg` of a source to svg. STATE: dot is not installed; IO: it cannot be run, or ends with an error (its
 * own messages are on stderr). */
enum pl_status pl_graphviz_svg(struct pl_span dot, struct pl_buf *svg, struct pl_err *err) PL_MUSTCHECK;

#endif
