#include "adapter/link_set_internal.h"

#include "adapter/clock.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAKE_AGAIN_US INT64_C(1000000)

static void on_up(void *ctx, struct pl_link *link)
{
    struct pl_link_node *node = ctx;

    (void)link;
    node->was_up = true;
    node->set->config.up(node->set->config.ctx, node);
}

static void on_down(void *ctx, struct pl_link *link, const char *why)
{
    struct pl_link_node *node = ctx;
    struct pl_link_set *set = node->set;
    char text[PL_ERR_TEXT_BYTES];

    (void)link;
    node->was_up = false;
    pl_store_down(node->store);
    snprintf(text, sizeof(text), "%.80s:%s: %.160s", node->address.host, node->address.port, why);
    set->config.down(set->config.ctx, node, set->where.topology == PL_LINK_SINGLE ? why : text);
    pl_link_set_ask_soon(set);
}

static void on_astray(void *ctx, struct pl_link *link)
{
    struct pl_link_node *node = ctx;

    (void)link;
    node->set->astray++;
    pl_link_set_ask_soon(node->set);
}

static enum pl_status open_node(struct pl_link_set *set, struct pl_link_node *node, const char *url, struct pl_err *err)
{
    struct pl_link_config config = set->config.link;
    enum pl_status status;

    config.peer = set->where.topology == PL_LINK_CLUSTER ? PL_LINK_NODE : PL_LINK_SERVER;
    config.url = url;
    config.up = on_up;
    config.down = on_down;
    config.astray = on_astray;
    config.ctx = node;
    node->set = set;
    node->was_up = false;
    status = pl_link_new(set->base, &config, &node->link, err);
    if (status != PL_OK)
        return status;
    node->store = pl_store_new(node->link);
    if (node->store)
        return PL_OK;
    pl_link_free(node->link);
    node->link = NULL;
    return pl_err_set(err, PL_ERR_NOMEM, "no memory for a store");
}

static void close_node(struct pl_link_node *node)
{
    pl_link_free(node->link);
    pl_store_free(node->store);
    node->link = NULL;
    node->store = NULL;
}

/* It serves nothing any more. Its memory stays, as owners may still compare its address. */
static void take_down(struct pl_link_node *node)
{
    struct pl_link_set *set = node->set;
    bool was_up = node->was_up;
    struct pl_store *store = node->store;

    node->closing = true;
    pl_link_free(node->link);
    node->link = NULL;
    node->was_up = false;
    pl_store_down(store);
    if (was_up)
        set->config.down(set->config.ctx, node, "this server is not the master of anything here any more");
    pl_store_free(store);
    node->store = NULL;
    node->closing = false;
}

static struct pl_link_node *make_node(struct pl_link_set *set, const struct pl_link_address *address)
{
    enum pl_link_kind kind = set->where.seeds[0].kind;
    char url[PL_LINK_URL_BYTES];
    struct pl_err err;

    if (pl_clock_monotonic_us() < set->make_after_us)
        return NULL;
    for (unsigned at = 0; at < PL_LINK_MAP_MAX; at++) {
        struct pl_link_node *node = &set->nodes[at];

        if (node->link || node->closing)
            continue;
        if (at >= set->n_places)
            set->n_places = at + 1;
        node->address = *address;
        pl_link_where_url(kind, address->host, address->port, set->where.db, url);
        if (open_node(set, node, url, &err) == PL_OK)
            return node;
        set->make_after_us = pl_clock_monotonic_us() + MAKE_AGAIN_US;
        set->config.down(set->config.ctx, NULL, err.text);
        break;
    }
    return NULL;
}

/* Has a slot that had a server another one now? */
static bool differs(const struct pl_link_map *old, const struct pl_link_map *map)
{
    for (unsigned slot = 0; slot < PL_LINK_KEY_SLOTS; slot++) {
        const struct pl_link_address *now, *before;

        if (!old->served_by[slot] || !map->served_by[slot])
            continue;
        now = &map->addresses[map->served_by[slot] - 1];
        before = &old->addresses[old->served_by[slot] - 1];
        if (strcmp(now->host, before->host) != 0 || strcmp(now->port, before->port) != 0)
            return true;
    }
    return false;
}

void pl_link_set_adopt(struct pl_link_set *set, const struct pl_link_map *map)
{
    set->changes += set->known && differs(&set->map, map);
    set->known = true;
    set->map = *map;
    memset(set->node_of, 0, sizeof(set->node_of));
    for (unsigned at = 0; at < set->n_places; at++) {
        struct pl_link_node *node = &set->nodes[at];
        int found = node->link ? pl_link_map_find(map, &node->address) : -1;

        if (found >= 0)
            set->node_of[found] = node;
    }
    for (unsigned at = 0; at < set->n_places; at++)
        if (set->nodes[at].link && pl_link_map_find(map, &set->nodes[at].address) < 0)
            take_down(&set->nodes[at]);
}

struct pl_link_node *pl_link_set_node(struct pl_link_set *set, unsigned key_slot)
{
    unsigned index;

    assert(key_slot < PL_LINK_KEY_SLOTS);
    if (set->where.topology == PL_LINK_SINGLE)
        return &set->nodes[0];
    index = set->map.served_by[key_slot];
    if (index == 0) {
        pl_link_set_ask_soon(set);
        return NULL;
    }
    if (!set->node_of[index - 1])
        set->node_of[index - 1] = make_node(set, &set->map.addresses[index - 1]);
    return set->node_of[index - 1];
}

bool pl_link_set_seeks(const struct pl_link_set *set)
{
    return set->where.topology != PL_LINK_SINGLE;
}

bool pl_link_set_is_up(const struct pl_link_set *set)
{
    struct pl_link_set_stats stats;

    pl_link_set_stats(set, &stats);
    return set->known && stats.links == stats.links_up;
}

void pl_link_set_stats(const struct pl_link_set *set, struct pl_link_set_stats *stats)
{
    *stats = (struct pl_link_set_stats){.astray = set->astray, .changes = set->changes};
    for (unsigned at = 0; at < set->n_places; at++) {
        const struct pl_link_node *node = &set->nodes[at];

        if (!node->link)
            continue;
        stats->links++;
        stats->links_up += pl_link_is_up(node->link);
        stats->pending_bytes += pl_link_pending_bytes(node->link);
    }
}

bool pl_link_node_is_up(const struct pl_link_node *node)
{
    return node && !node->closing && node->link && pl_link_is_up(node->link);
}

struct pl_link *pl_link_node_link(const struct pl_link_node *node)
{
    return node->link;
}

struct pl_store *pl_link_node_store(const struct pl_link_node *node)
{
    return node->store;
}

void pl_link_set_configure(struct pl_link_set_config *config, const struct pl_conf *conf, const char *name)
{
    config->link = (struct pl_link_config){
        .url = conf->redis_url,
        .user = conf->redis_user,
        .password_file = conf->redis_password_file,
        .ca_file = conf->redis_ca_file,
        .cert_file = conf->redis_cert_file,
        .key_file = conf->redis_key_file,
        .name = name,
        .timeout_us = conf->redis_timeout_us,
    };
    config->sentinel_user = conf->redis_sentinel_user;
    config->sentinel_password_file = conf->redis_sentinel_password_file;
}

static const char **text_at(struct pl_link_set_config *config, unsigned at)
{
    const char **const texts[] = {&config->link.url,     &config->link.user,      &config->link.password_file,
                                  &config->link.ca_file, &config->link.cert_file, &config->link.key_file,
                                  &config->link.name,    &config->sentinel_user,  &config->sentinel_password_file};

    return at < sizeof(texts) / sizeof(*texts) ? texts[at] : NULL;
}

static enum pl_status copy_texts(struct pl_link_set_config *config, struct pl_err *err)
{
    const char **text;
    bool ok = true;

    for (unsigned at = 0; (text = text_at(config, at)); at++) {
        char *copy = *text ? strdup(*text) : NULL;

        ok &= copy || !*text;
        *text = copy;
    }
    return ok ? PL_OK : pl_err_set(err, PL_ERR_NOMEM, "no memory for connections");
}

static enum pl_status begin(struct pl_link_set *set, struct pl_err *err)
{
    enum pl_status status = pl_link_where_parse(set->config.link.url, &set->where, err);

    if (status != PL_OK)
        return status;
    if (set->where.topology == PL_LINK_SINGLE) {
        set->known = true;
        set->n_places = 1;
        return open_node(set, &set->nodes[0], set->config.link.url, err);
    }
    if (!set->config.link.user && set->where.seeds[0].user[0] &&
        !(set->config.link.user = strdup(set->where.seeds[0].user)))
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for connections");
    return pl_link_set_start_finding(set, err);
}

enum pl_status pl_link_set_new(struct event_base *base, const struct pl_link_set_config *config,
                               struct pl_link_set **out, struct pl_err *err)
{
    struct pl_link_set *set = calloc(1, sizeof(*set));
    enum pl_status status;

    *out = NULL;
    if (!set)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for connections");
    set->base = base;
    set->config = *config;
    status = copy_texts(&set->config, err);
    if (status == PL_OK)
        status = begin(set, err);
    if (status != PL_OK) {
        pl_link_set_free(set);
        return status;
    }
    *out = set;
    return PL_OK;
}

void pl_link_set_free(struct pl_link_set *set)
{
    const char **text;

    if (!set)
        return;
    pl_link_set_stop_finding(set);
    for (unsigned at = 0; at < set->n_places; at++)
        if (set->nodes[at].link)
            close_node(&set->nodes[at]);
    for (unsigned at = 0; (text = text_at(&set->config, at)); at++)
        free((char *)(uintptr_t)*text);
    free(set);
}
