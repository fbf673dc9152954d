/* What nodes, groups and losses of the graph are called. */
#include "ctl/graph.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *pl_graph_count(int64_t count, char out[32])
{
    char digits[24];
    size_t n, len = 0;

    *out = '\0';
    if (count < 0)
        return out;
    n = (size_t)snprintf(digits, sizeof(digits), "%" PRId64, count);
    for (size_t at = 0; at < n; at++) {
        if (at && (n - at) % 3 == 0)
            out[len++] = ',';
        out[len++] = digits[at];
    }
    out[len] = '\0';
    return out;
}

const char *pl_graph_title(const struct pl_graph *graph, unsigned group, char out[PL_GRAPH_LABEL_BYTES])
{
    static const char *const titles[] = {"", "funnel ", "feature ", "value", "new users"};
    const struct pl_graph_group *of = &graph->groups[group];

    snprintf(out, PL_GRAPH_LABEL_BYTES, "%s%s", titles[of->part], of->id);
    return out;
}

const char *pl_graph_label(const struct pl_graph *graph, unsigned node, char out[PL_GRAPH_LABEL_BYTES])
{
    static const char *const labels[] = {"active users",
                                         NULL,
                                         NULL,
                                         "could use it",
                                         "know it",
                                         "used it",
                                         "use it again and again",
                                         "tried it and left",
                                         NULL,
                                         "back in week 4",
                                         "new users",
                                         "got value in time"};
    const struct pl_graph_node *of = &graph->nodes[node];

    if (of->kind == PL_GRAPH_STEP || of->kind == PL_GRAPH_GOAL)
        snprintf(out, PL_GRAPH_LABEL_BYTES, "%s%s", of->action, of->kind == PL_GRAPH_GOAL ? " (goal)" : "");
    else if (of->kind == PL_GRAPH_VALUE)
        snprintf(out, PL_GRAPH_LABEL_BYTES, "got value%s%s", *graph->value_actions ? ": " : "", graph->value_actions);
    else
        snprintf(out, PL_GRAPH_LABEL_BYTES, "%s", labels[of->kind]);
    return out;
}

static const char *words_of(enum pl_graph_loss loss)
{
    static const char *const words[] = {
        [PL_GRAPH_NO_LOSS] = "",
        [PL_GRAPH_STOPPED] = "users did not go on to ",
        [PL_GRAPH_UNAWARE] = "users do not know it",
        [PL_GRAPH_UNTRIED] = "users who know it have never used it",
        [PL_GRAPH_UNUSED] = "users have never used it",
        [PL_GRAPH_DROPPED] = "users who tried it more than 28 days ago have left it",
        [PL_GRAPH_WORTHLESS] = "active users got no value in 28 days",
        [PL_GRAPH_SLOW] = "new users got no value in time",
        [PL_GRAPH_GONE] = "users who got value did not come back for it in their fourth week",
    };

    return words[loss];
}

const char *pl_graph_sentence(const struct pl_graph *graph, unsigned edge, char out[PL_GRAPH_LABEL_BYTES])
{
    const struct pl_graph_edge *way = &graph->edges[edge];
    const struct pl_graph_node *from = &graph->nodes[way->from], *to = &graph->nodes[way->to];
    const struct pl_graph_group *group = &graph->groups[from->group];
    bool stopped = way->loss == PL_GRAPH_STOPPED;
    const char *subject = stopped ? from->action : group->part == PL_GRAPH_OF_FEATURE ? group->id : "";
    char lost[32], of[32], share[48] = "";

    if (way->of > 0)
        snprintf(share, sizeof(share), " (%.3g %%%s)", 100. * (double)way->lost / (double)way->of,
                 stopped ? ", each user once a day" : "");
    snprintf(out, PL_GRAPH_LABEL_BYTES, "%s%s%s%s%s %s%s%s", subject, *subject ? ": " : "",
             pl_graph_count(way->lost, lost), way->of > 0 ? " of " : "", way->of > 0 ? pl_graph_count(way->of, of) : "",
             words_of(way->loss), stopped ? to->action : "", share);
    return out;
}

const char *pl_graph_part_name(enum pl_graph_part part)
{
    static const char *const names[] = {"users", "funnel", "feature", "value", "new"};

    return names[part];
}

const char *pl_graph_kind_name(enum pl_graph_kind kind)
{
    static const char *const names[] = {"active",    "step", "goal",  "eligible", "aware", "adopted",
                                        "repeating", "left", "value", "kept",     "new",   "activated"};

    return names[kind];
}

const char *pl_graph_loss_name(enum pl_graph_loss loss)
{
    static const char *const names[] = {"",        "stopped",  "unaware",     "untried", "unused",
                                        "dropped", "no_value", "not_in_time", "gone"};

    return names[loss];
}
