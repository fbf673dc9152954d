/* Where the Redis of an instance is: the url of [redis] in all its forms.
 *
 *   redis://[user@]host[:port][/db], rediss://..., unix:///path[?db=N]           one server (link_url.h)
 *   redis+sentinel://[user@]host[:port][,host[:port]...]/MASTER[/db]             the master that Sentinels name
 *   redis+cluster://[user@]host[:port][,host[:port]...]                          a cluster, by some of its nodes
 *   rediss+sentinel://..., rediss+cluster://...                                  the same over TLS, Sentinels included
 *
 * Sentinels listen on port 26379 unless the url says otherwise. A cluster has database 0 only.
 */
#ifndef PL_ADAPTER_LINK_WHERE_H
#define PL_ADAPTER_LINK_WHERE_H

#include "adapter/link_url.h"

#define PL_LINK_SEEDS_MAX 16

enum pl_link_topology { PL_LINK_SINGLE, PL_LINK_SENTINEL, PL_LINK_CLUSTER };

struct pl_link_where {
    enum pl_link_topology topology;
    unsigned n_seeds;
    struct pl_link_url seeds[PL_LINK_SEEDS_MAX]; /* servers, Sentinels or nodes to ask; the one server when single */
    char master[128];                            /* the name that Sentinels know it by */
    int db;
};

/* INPUT, and which part is wrong. */
enum pl_status pl_link_where_parse(const char *text, struct pl_link_where *where, struct pl_err *err) PL_MUSTCHECK;

#define PL_LINK_URL_BYTES 512

/* The url of one server, as link_url.h reads it. */
void pl_link_where_url(enum pl_link_kind kind, const char *host, const char *port, int db, char out[PL_LINK_URL_BYTES]);

#endif
