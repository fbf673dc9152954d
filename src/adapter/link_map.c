#include "adapter/link_map.h"

#include "util/num.h"

#include <stdio.h>
#include <string.h>

static unsigned crc16(struct pl_span text)
{
    unsigned crc = 0;

    for (size_t at = 0; at < text.len; at++) {
        crc ^= (unsigned)(unsigned char)text.ptr[at] << 8;
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
        crc &= 0xffff;
    }
    return crc;
}

unsigned pl_link_map_slot(struct pl_span key)
{
    const char *open = key.len ? memchr(key.ptr, '{', key.len) : NULL;

    if (open) {
        size_t left = key.len - (size_t)(open + 1 - key.ptr);
        const char *close = left ? memchr(open + 1, '}', left) : NULL;

        if (close && close > open + 1)
            key = (struct pl_span){open + 1, (size_t)(close - open - 1)};
    }
    return crc16(key) % PL_LINK_KEY_SLOTS;
}

int pl_link_map_find(const struct pl_link_map *map, const struct pl_link_address *address)
{
    for (unsigned at = 0; at < map->n; at++)
        if (strcmp(map->addresses[at].host, address->host) == 0 && strcmp(map->addresses[at].port, address->port) == 0)
            return (int)at;
    return -1;
}

/* Hosts come from a server: nothing that could end up as another part of a url. */
static bool is_host(struct pl_span host)
{
    for (size_t at = 0; at < host.len; at++)
        if ((unsigned char)host.ptr[at] <= ' ' || host.ptr[at] == 0x7f || strchr("/@[]", host.ptr[at]))
            return false;
    return host.len > 0;
}

static bool read_address(struct pl_span host, int64_t port, struct pl_link_address *address)
{
    memset(address, 0, sizeof(*address));
    if (!is_host(host) || port < 1 || port > 65535 || !pl_span_copy(host, address->host, sizeof(address->host)))
        return false;
    snprintf(address->port, sizeof(address->port), "%d", (int)(port & 0xffff));
    return true;
}

/* [host, port, ...] of a master; its index in the map, or -1. */
static int add_master(struct pl_link_map *map, const struct pl_reply *node, const char *asked_host, struct pl_err *err)
{
    struct pl_link_address address;
    struct pl_span host;
    int found;

    if (node->type != PL_REPLY_ARRAY || node->n < 2 || node->elements[1].type != PL_REPLY_INTEGER)
        goto strange;
    host = node->elements[0].text;
    if (node->elements[0].type == PL_REPLY_NIL || host.len == 0 || pl_span_is(host, "?"))
        host = pl_span_of(asked_host);
    if (!read_address(host, node->elements[1].integer, &address))
        goto strange;
    found = pl_link_map_find(map, &address);
    if (found < 0 && map->n == PL_LINK_MAP_MAX) {
        pl_err_set(err, PL_ERR_FULL, "the cluster has more than %d masters", PL_LINK_MAP_MAX);
        return -1;
    }
    if (found < 0) {
        found = (int)map->n;
        map->addresses[map->n++] = address;
    }
    return found;

strange:
    pl_err_set(err, PL_ERR_INPUT, "unexpected answer to CLUSTER SLOTS: a master without an address");
    return -1;
}

enum pl_status pl_link_map_cluster(struct pl_link_map *map, const struct pl_reply *reply, const char *asked_host,
                                   struct pl_err *err)
{
    memset(map, 0, sizeof(*map));
    if (reply->type != PL_REPLY_ARRAY)
        return pl_err_set(err, PL_ERR_INPUT, "unexpected answer to CLUSTER SLOTS");
    for (size_t at = 0; at < reply->n; at++) {
        const struct pl_reply *range = &reply->elements[at];
        struct pl_err why = {PL_ERR_INPUT, "unexpected answer to CLUSTER SLOTS"};
        int64_t first = -1, last = -1;
        int master = -1;

        if (range->type == PL_REPLY_ARRAY && range->n >= 3 && range->elements[0].type == PL_REPLY_INTEGER &&
            range->elements[1].type == PL_REPLY_INTEGER) {
            first = range->elements[0].integer;
            last = range->elements[1].integer;
            master = add_master(map, &range->elements[2], asked_host, &why);
        }
        if (master < 0 || first < 0 || last < first || last >= PL_LINK_KEY_SLOTS)
            return pl_err_set(err, why.code, "%s", why.text);
        memset(map->served_by + first, master + 1, (size_t)(last - first + 1));
    }
    return PL_OK;
}

enum pl_status pl_link_map_sentinel(struct pl_link_map *map, const struct pl_reply *reply, const char *master,
                                    struct pl_err *err)
{
    int64_t port;

    memset(map, 0, sizeof(*map));
    if (reply->type == PL_REPLY_NIL)
        return pl_err_set(err, PL_ERR_INPUT, "the Sentinel knows no master %s", master);
    if (reply->type != PL_REPLY_ARRAY || reply->n != 2 || !pl_num_int(reply->elements[1].text, &port) ||
        !read_address(reply->elements[0].text, port, &map->addresses[0]))
        return pl_err_set(err, PL_ERR_INPUT, "unexpected answer to SENTINEL GET-MASTER-ADDR-BY-NAME");
    map->n = 1;
    memset(map->served_by, 1, sizeof(map->served_by));
    return PL_OK;
}
