/* Which server holds which key of a Redis: the 16,384 hash slots of a cluster and the addresses of their masters. A
 * single server and the master behind Sentinels are maps of one address. Pure.
 */
#ifndef PL_ADAPTER_LINK_MAP_H
#define PL_ADAPTER_LINK_MAP_H

#include "adapter/resp.h"

#define PL_LINK_KEY_SLOTS 16384
#define PL_LINK_MAP_MAX 128 /* masters */

struct pl_link_address {
    char host[256];
    char port[6];
};

struct pl_link_map {
    unsigned n;
    struct pl_link_address addresses[PL_LINK_MAP_MAX];
    uint8_t served_by[PL_LINK_KEY_SLOTS]; /* index of an address + 1; 0: nobody */
};

/* The slot of a key: CRC16 (XMODEM) of what is between the first { and the next } when that is not empty, else of the
 * whole key, modulo 16,384 (Redis cluster specification, "Hash tags"). */
unsigned pl_link_map_slot(struct pl_span key);

/* The reply of CLUSTER SLOTS: [[first, last, [host, port, ...], replica...]...]. A node that does not know its own
 * address gives none: it is the one that was asked. INPUT when it is no such reply, FULL above PL_LINK_MAP_MAX. */
enum pl_status pl_link_map_cluster(struct pl_link_map *map, const struct pl_reply *reply, const char *asked_host,
                                   struct pl_err *err) PL_MUSTCHECK;

/* The reply of SENTINEL GET-MASTER-ADDR-BY-NAME: [host, port], or nil for a name that it does not know. INPUT. */
enum pl_status pl_link_map_sentinel(struct pl_link_map *map, const struct pl_reply *reply, const char *master,
                                    struct pl_err *err) PL_MUSTCHECK;

/* The index of an address, or -1. */
int pl_link_map_find(const struct pl_link_map *map, const struct pl_link_address *address);

#endif
