/* An area as one graph: its active users, funnels, features and the value users get, with how many go on and how many
 * are lost on each way. Pure: from published figures (ctl/published) to nodes, edges and the largest losses.
 *
 *   active users -> first step -> ... -> goal                       per funnel, 28 mature days
 *   active users -> could use it -> know it -> used it -> use it again and again, used it -> tried it and left
 *   active users -> got value -> back in week 4
 *   new users -> got value in time -> got value, new users -> got value (sooner or later)
 *
 * An edge is count of of: those who went on, of those who could have. They are of the figure's own users, so what comes
 * into a node need not be what goes out of it: new users of one month, those followed for four weeks of another. Steps
 * of funnels count a user once a day (core/judge/figures.h); the edge to a first step has no share but attempts per
 * active user. Figures that are not known are -1 or NAN, and what has none of its figures is not there.
 *
 * Losses are of - count (of `tried it and left` its count); ranked by users lost, where a funnel, which counts a user
 * more than once, cannot lose more of them than there are active users. Equal ones stand in the order of edges. That
 * users who got a feature used it once only is no loss of its own: who left is.
 */
#ifndef PL_CTL_GRAPH_H
#define PL_CTL_GRAPH_H

#include "ctl/published.h"

#define PL_GRAPH_LOSSES 3
#define PL_GRAPH_NODES_MAX 4096
#define PL_GRAPH_GROUPS_MAX 1024
#define PL_GRAPH_LABEL_BYTES 512

enum pl_graph_kind {
    PL_GRAPH_ACTIVE,
    PL_GRAPH_STEP,
    PL_GRAPH_GOAL, /* the last step */
    PL_GRAPH_ELIGIBLE,
    PL_GRAPH_AWARE,
    PL_GRAPH_ADOPTED,
    PL_GRAPH_REPEATING,
    PL_GRAPH_LEFT,
    PL_GRAPH_VALUE,
    PL_GRAPH_KEPT,
    PL_GRAPH_NEW,
    PL_GRAPH_ACTIVATED,
};

enum pl_graph_part { PL_GRAPH_OF_USERS, PL_GRAPH_OF_FUNNEL, PL_GRAPH_OF_FEATURE, PL_GRAPH_OF_VALUE, PL_GRAPH_OF_NEW };

/* What belongs together: one funnel, one feature, value, new users. */
struct pl_graph_group {
    enum pl_graph_part part;
    char id[PL_NAME_BYTES]; /* of a funnel or feature */
    bool minor;             /* not drawn: pl_graph_keep */
};

struct pl_graph_node {
    enum pl_graph_kind kind;
    unsigned group;
    char action[PL_NAME_BYTES]; /* of a step */
    int64_t count;              /* users; of a step once a day */
    int64_t attempts;           /* of a step */
};

/* Why users who could have gone on did not. */
enum pl_graph_loss {
    PL_GRAPH_NO_LOSS,
    PL_GRAPH_STOPPED,   /* between two steps */
    PL_GRAPH_UNAWARE,   /* of a feature */
    PL_GRAPH_UNTRIED,   /* known, never used */
    PL_GRAPH_UNUSED,    /* never used; whether it is known is not measured */
    PL_GRAPH_DROPPED,   /* tried and left */
    PL_GRAPH_WORTHLESS, /* active, without value */
    PL_GRAPH_SLOW,      /* new, without value in time */
    PL_GRAPH_GONE,      /* got value, not back in week 4 */
};

struct pl_graph_edge {
    unsigned from, to; /* nodes */
    int64_t count, of;
    double share;    /* count / of */
    double per_user; /* to a first step: attempts per active user */
    enum pl_graph_loss loss;
    int64_t lost;
    unsigned rank; /* 1: the largest loss; 0: none of the largest */
};

struct pl_graph {
    char area[PL_NAME_BYTES];
    char verdict[PL_NAME_BYTES]; /* "" when it is not known */
    const char *value_actions;   /* ref: what gives value, "" when it is not known */
    int64_t judged_us;
    unsigned n_groups, n_nodes, n_edges;
    unsigned left_out; /* funnels and features beyond the bounds */
    unsigned n_minor;
    struct pl_graph_group groups[PL_GRAPH_GROUPS_MAX];
    struct pl_graph_node nodes[PL_GRAPH_NODES_MAX];
    struct pl_graph_edge edges[PL_GRAPH_NODES_MAX + 8];
    unsigned n_losses;
    unsigned losses[PL_GRAPH_LOSSES]; /* edges, the largest loss first */
};

/* Of one area; NULL without memory. The caller frees it. value_actions is kept by reference. */
struct pl_graph *pl_graph_new(const struct pl_published *all, const char *area, const char *value_actions);
/* Draw at most this many features, those with the largest losses (of equal ones the first): the others become minor.
 * Nodes, edges and losses stay as they are. O(features x edges). */
void pl_graph_keep(struct pl_graph *graph, unsigned features);
void pl_graph_free(struct pl_graph *graph);

/* "funnel checkout", "feature one click", "value"; "know it"; "1,840 of 2,000 users do not know it (92 %)". Text as it
 * came: names may hold anything. Returns out. */
const char *pl_graph_title(const struct pl_graph *graph, unsigned group, char out[PL_GRAPH_LABEL_BYTES]);
const char *pl_graph_label(const struct pl_graph *graph, unsigned node, char out[PL_GRAPH_LABEL_BYTES]);
const char *pl_graph_sentence(const struct pl_graph *graph, unsigned edge, char out[PL_GRAPH_LABEL_BYTES]);

/* "1,840"; "" below 0. Returns out. */
const char *pl_graph_count(int64_t count, char out[32]);

/* "funnel", "feature", ...; "step", "aware", ...; "unaware", ...: for programs. Never NULL. */
const char *pl_graph_part_name(enum pl_graph_part part);
const char *pl_graph_kind_name(enum pl_graph_kind kind);
const char *pl_graph_loss_name(enum pl_graph_loss loss);

#endif
