/* Replies of a hostile server to CLUSTER SLOTS and SENTINEL GET-MASTER-ADDR-BY-NAME, and keys for slots. */
#include "adapter/link_map.h"
#include "adapter/link_where.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* Every slot is served by an address of the map or by nobody, and every address makes a url that reads back. */
static void check_map(const struct pl_link_map *map)
{
    must(map->n <= PL_LINK_MAP_MAX);
    for (unsigned slot = 0; slot < PL_LINK_KEY_SLOTS; slot++)
        must(map->served_by[slot] <= map->n);
    for (unsigned at = 0; at < map->n; at++) {
        char text[PL_LINK_URL_BYTES];
        struct pl_link_url url;

        must(pl_link_map_find(map, &map->addresses[at]) == (int)at);
        pl_link_where_url(PL_LINK_TCP, map->addresses[at].host, map->addresses[at].port, 0, text);
        if (pl_link_url_parse(text, &url, NULL) == PL_OK)
            must(strcmp(url.host, map->addresses[at].host) == 0 && strcmp(url.port, map->addresses[at].port) == 0 &&
                 !url.user[0] && url.db == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct pl_resp_limits limits = {.bulk_bytes = 1 << 20, .elements = 1 << 16, .bytes = 4 << 20};
    static struct pl_link_map map;
    struct pl_resp *resp = pl_resp_new(&limits);
    struct pl_span bytes = {(const char *)data, size};
    const struct pl_reply *reply = NULL;

    must(resp && pl_link_map_slot(bytes) < PL_LINK_KEY_SLOTS);
    if (pl_resp_feed(resp, bytes, NULL) == PL_OK && pl_resp_next(resp, &reply, NULL) == PL_OK && reply) {
        struct pl_err err = {0};

        if (pl_link_map_cluster(&map, reply, "127.0.0.1", &err) == PL_OK)
            check_map(&map);
        else
            must(err.text[0]);
        err.text[0] = '\0';
        if (pl_link_map_sentinel(&map, reply, "main", &err) == PL_OK)
            check_map(&map);
        else
            must(err.text[0]);
    }
    pl_resp_free(resp);
    return 0;
}
