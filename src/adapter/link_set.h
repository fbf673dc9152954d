/* All connections of one owner to the Redis of an instance: one server, the master that Sentinels name, or the masters
 * of a cluster (link_where.h). Owner: a worker, the evaluator, a plateauctl; one thread.
 *
 * A *node* is one server with its link and its store. Which node serves a key slot is asked of Sentinels or of nodes of
 * the cluster in turn: at the start, whenever a connection is lost, an answer says that a key is elsewhere, or nobody
 * serves a slot; at most every 200 ms. A link is made when its node is first asked for, so an owner has connections
 * only to servers that hold what is its own; PL_LINK_MAP_MAX at most.
 *
 * The node of a slot may change at any time between calls: by failover, or because the slot was moved. So whoever holds
 * a claim remembers the node on which it was acquired, compares it with pl_link_set_node, and acquires again on the new
 * one before it sends anything else (rule 10 of src/README.md, for each claim by itself). It does that only when none
 * of its own commands waits on the old node.
 *
 * A node that serves nothing any more is taken down: what waits on it gets NULL, its store ends what it had with
 * PL_ERR_IO, `down` is called if it had been up, and its memory is for other servers then.
 */
#ifndef PL_ADAPTER_LINK_SET_H
#define PL_ADAPTER_LINK_SET_H

#include "adapter/link_map.h"
#include "adapter/store.h"
#include "codec/conf.h"

struct pl_link_set;
struct pl_link_node;

struct pl_link_set_config {
    struct pl_link_config link; /* url: of the whole (link_where.h); peer, up, down, astray and ctx are not used */
    const char *sentinel_user, *sentinel_password_file; /* NULL: Sentinels want no AUTH */
    void (*up)(void *ctx, struct pl_link_node *node);
    void (*down)(void *ctx, struct pl_link_node *node, const char *why); /* as of a link, after pl_store_down; node
                                                                          * NULL: nobody told who serves what */
    void *ctx;
};

struct pl_link_set_stats {
    uint64_t astray;  /* answers MOVED, ASK, TRYAGAIN, CLUSTERDOWN */
    uint64_t changes; /* times another server than before was named for a slot; not the first time */
    unsigned links, links_up;
    size_t pending_bytes;
};

/* Fill in what conf says; up, down and ctx stay. Texts are conf's. name: of the connections, for CLIENT LIST. */
void pl_link_set_configure(struct pl_link_set_config *config, const struct pl_conf *conf, const char *name);

/* INPUT when the url or files are wrong. Texts are copied. */
enum pl_status pl_link_set_new(struct event_base *base, const struct pl_link_set_config *config,
                               struct pl_link_set **set, struct pl_err *err) PL_MUSTCHECK;
/* Waiting commands get NULL, operations of stores end without a call; `down` is not called. Not from a callback. */
void pl_link_set_free(struct pl_link_set *set);

/* The node that serves a slot (pl_link_map_slot); NULL while nobody knows. It need not be up. O(1). */
struct pl_link_node *pl_link_set_node(struct pl_link_set *set, unsigned key_slot);

/* May another server than the one that is asked now become the one to ask? Never with a single one. */
bool pl_link_set_seeks(const struct pl_link_set *set);

/* Is it known who serves what, and is every link up that was made? */
bool pl_link_set_is_up(const struct pl_link_set *set);

void pl_link_set_stats(const struct pl_link_set *set, struct pl_link_set_stats *stats);

/* node may be NULL: not up. */
bool pl_link_node_is_up(const struct pl_link_node *node);
struct pl_link *pl_link_node_link(const struct pl_link_node *node);
struct pl_store *pl_link_node_store(const struct pl_link_node *node);

#endif
