/* plateauctl map AREA: where users of an area go, and where they are lost.
 */
#include "ctl/ctl.h"
#include "ctl/drawing.h"
#include "ctl/graphviz.h"
#include "ctl/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "examples:\n"
    "  plateauctl map checkout\n"
    "  plateauctl map checkout --svg > checkout.svg\n"
    "  plateauctl replay -c plateaud.conf --json events.jsonl | plateauctl map checkout --from -\n"
    "\n"
    "usage: plateauctl map AREA [OPTIONS]\n"
    "\n"
    "Funnel, features and value of an area as one graph: how many users of the last 28 days go on at each step, and\n"
    "where most of them are lost. Steps of a funnel count a user once a day.\n"
    "\n"
    "  --dot             as a source for Graphviz\n"
    "  --svg             as a picture; needs Graphviz\n"
    "  --all             all features, not only the 12 that lose most (JSON always has all)\n"
    "  --from FILE       the figures that `plateauctl replay --json` printed, instead of Redis; - is standard input\n"
    "  --json            nodes, edges and the largest losses as one JSON object\n"
    "  --no-color        no colour\n"
    "  -c FILE           configuration (default /etc/plateaud/plateaud.conf); with --from only read when given, and\n"
    "                    only for the names of what gives value\n"
    "\n"
    "exit codes: 0 shown; 1 there is no such area; 2 Redis, FILE or Graphviz cannot be used; 64 usage\n";

#define ACTIONS_BYTES 384
#define FEATURES_DRAWN 12

struct map {
    struct pl_options options;
    bool dot, svg, all;
    const char *from, *area;
    struct pl_conf *conf;
    struct pl_ask *ask;
    struct pl_published figures;
    char value_actions[ACTIONS_BYTES];
    struct pl_buf out;
};

static const struct pl_area_rule *rule_of(const struct map *map, uint32_t *index)
{
    const struct pl_rules *rules = map->conf ? map->conf->rules : NULL;

    for (*index = 0; rules && *index < rules->n_areas; ++*index)
        if (strcmp(rules->areas[*index].id, map->area) == 0)
            return &rules->areas[*index];
    return NULL;
}

static void name_value(struct map *map)
{
    uint32_t index;
    const struct pl_area_rule *rule = rule_of(map, &index);
    size_t len = 0;

    for (unsigned at = 0; rule && at < rule->value_events.n; at++) {
        const char *name = pl_names_text(map->conf->rules->actions, rule->value_events.ids[at]);

        if (len + strlen(name) + 3 > sizeof(map->value_actions))
            return;
        len +=
            (size_t)snprintf(map->value_actions + len, sizeof(map->value_actions) - len, "%s%s", at ? ", " : "", name);
    }
}

/* The funnels and features that the configuration has for this area. */
static enum pl_status ask_parts(struct map *map, struct pl_err *err)
{
    const struct pl_rules *rules = map->conf->rules;
    const char *instance = map->conf->instance;
    enum pl_status status = PL_OK;
    uint32_t area;

    if (!rule_of(map, &area))
        return PL_OK;
    for (uint32_t at = 0; at < rules->n_funnels && !status; at++)
        if (rules->funnels[at].area == area)
            status =
                pl_published_ask(&map->figures, map->ask, instance, PL_PUBLISHED_FUNNEL, rules->funnels[at].id, err);
    for (uint32_t at = 0; at < rules->n_features && !status; at++)
        if (rules->features[at].area == area)
            status =
                pl_published_ask(&map->figures, map->ask, instance, PL_PUBLISHED_FEATURE, rules->features[at].id, err);
    if (!status)
        status = pl_published_ask(&map->figures, map->ask, instance, PL_PUBLISHED_VALUE, map->area, err);
    return status;
}

static enum pl_status read_all(struct map *map, struct pl_err *err)
{
    enum pl_status status;

    if (map->from)
        return pl_published_lines(&map->figures, map->from, map->area, err);
    status = pl_ask_open(map->conf, &map->ask, err);
    if (!status)
        status = pl_published_ask(&map->figures, map->ask, map->conf->instance, PL_PUBLISHED_AREA, map->area, err);
    return status ? status : ask_parts(map, err);
}

static enum pl_status draw(struct map *map, struct pl_err *err)
{
    struct pl_graph *graph = pl_graph_new(&map->figures, map->area, map->value_actions);
    enum pl_status status = PL_OK;
    struct pl_buf dot = {0};

    if (!graph)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory");
    if (!map->all)
        pl_graph_keep(graph, FEATURES_DRAWN);
    if (map->options.json)
        pl_drawing_json(graph, &map->out);
    else if (map->dot)
        pl_drawing_dot(graph, &map->out);
    else if (!map->svg)
        pl_drawing_text(graph, pl_table_look(map->options.no_color), &map->out);
    if (map->svg) {
        pl_drawing_dot(graph, &dot);
        status = pl_buf_ok(&dot) ? pl_graphviz_svg(pl_buf_span(&dot), &map->out, err)
                                 : pl_err_set(err, PL_ERR_NOMEM, "no memory");
        pl_buf_fini(&dot);
    }
    pl_graph_free(graph);
    return status;
}

static int run(struct map *map)
{
    struct pl_err err = {0};

    if (read_all(map, &err))
        return pl_options_failed(&map->options, "%s", err.text);
    if (!pl_published_find(&map->figures, PL_PUBLISHED_AREA, map->area)) {
        (void)pl_options_failed(
            &map->options,
            map->from ? "%s is not in these figures" : "no area %s has been judged; see plateauctl status", map->area);
        return PL_CTL_NO;
    }
    name_value(map);
    if (draw(map, &err))
        return pl_options_failed(&map->options, "%s", err.text);
    if (!pl_buf_ok(&map->out) || fwrite(map->out.ptr, 1, map->out.len, stdout) != map->out.len || fflush(stdout) != 0)
        return pl_options_failed(&map->options, "the output cannot be written");
    return PL_CTL_OK;
}

static int check_usage(struct map *map)
{
    if (map->options.n_args != 1)
        return pl_options_wrong(&map->options, "which area?");
    if (map->options.json + map->dot + map->svg > 1)
        return pl_options_wrong(&map->options, "--json, --dot and --svg: only one of them");
    map->area = map->options.args[0];
    return PL_OPTIONS_GO_ON;
}

int pl_ctl_map(int argc, char **argv)
{
    struct map *map = calloc(1, sizeof(*map));
    int code;

    if (!map)
        return PL_CTL_FAILED;
    const struct pl_option own[] = {{"--dot", &map->dot, NULL},
                                    {"--svg", &map->svg, NULL},
                                    {"--all", &map->all, NULL},
                                    {"--from", NULL, &map->from}};
    code = pl_options_read(&map->options, argc, argv, help, own, sizeof(own) / sizeof(*own));
    if (code == PL_OPTIONS_GO_ON)
        code = check_usage(map);
    if (code == PL_OPTIONS_GO_ON) {
        if (!map->from || map->options.conf_given)
            map->conf = pl_options_conf(&map->options);
        code = map->conf || (map->from && !map->options.conf_given) ? run(map) : PL_CTL_FAILED;
    }
    pl_ask_close(map->ask);
    pl_published_fini(&map->figures);
    pl_buf_fini(&map->out);
    pl_conf_free(map->conf);
    free(map);
    return code;
}
