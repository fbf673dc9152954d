/* Shared by link_set.c (nodes) and link_set_find.c (who serves what); nobody else includes it. */
#ifndef PL_ADAPTER_LINK_SET_INTERNAL_H
#define PL_ADAPTER_LINK_SET_INTERNAL_H

#include "adapter/link_set.h"
#include "adapter/link_where.h"

#include <event2/event.h>

struct pl_link_node {
    struct pl_link_set *set; /* ref */
    struct pl_link *link;    /* owned; NULL: the place is free */
    struct pl_store *store;  /* owned */
    struct pl_link_address address;
    bool was_up;  /* and `down` was not called since */
    bool closing; /* it is being taken down: the place is not free yet */
};

struct pl_link_set {
    struct event_base *base;          /* ref */
    struct pl_link_set_config config; /* texts owned, see link_set.c */
    struct pl_link_where where;
    struct pl_link_map map;
    struct pl_link_node nodes[PL_LINK_MAP_MAX];    /* places that stand still: owners compare their addresses */
    struct pl_link_node *node_of[PL_LINK_MAP_MAX]; /* by index of map.addresses; NULL: not asked for yet */
    unsigned n_places;                             /* of nodes, that were ever used */
    bool known;                                    /* the map was told once */
    int64_t make_after_us;                         /* no new link before, after one that could not be made */
    uint64_t astray, changes;
    /* finding out */
    struct event *timer;      /* owned: the next question */
    struct event *settle;     /* owned: its end, outside of the scout's callbacks */
    struct pl_link *scout;    /* owned: the connection that asks, NULL when none does */
    struct pl_link_map fresh; /* what it heard, */
    bool ended;               /* settle is on its way */
    bool heard;               /* fresh is good; else why it is not */
    char why[PL_ERR_TEXT_BYTES];
    char asked[256];   /* host that is asked */
    unsigned turn;     /* whose turn it is to be asked */
    unsigned failures; /* in a row */
    int64_t asked_us;  /* when the last question began */
};

/* link_set.c: use another map. Nodes that are not in it are taken down. */
void pl_link_set_adopt(struct pl_link_set *set, const struct pl_link_map *map);

/* link_set_find.c: ask, soon. A set of a single server never asks, nor does one that ends. */
void pl_link_set_ask_soon(struct pl_link_set *set);
enum pl_status pl_link_set_start_finding(struct pl_link_set *set, struct pl_err *err) PL_MUSTCHECK;
void pl_link_set_stop_finding(struct pl_link_set *set);

#endif
