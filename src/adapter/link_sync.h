/* One request after the other to the Redis of an instance, for programs that have nothing else to do meanwhile
 * (plateauctl).
 *
 * Owns a private event base and the links on it. Every call runs the base until the reply is there or the deadline has
 * passed; a reply is copied out of the link and stays valid until the next call. After a failure the connection is
 * thrown away and the next call connects anew. When the key turns out to be on another server of a cluster, which means
 * that nothing was carried out, the call asks there. One thread. Not for the daemon: it blocks.
 */
#ifndef PL_ADAPTER_LINK_SYNC_H
#define PL_ADAPTER_LINK_SYNC_H

#include "adapter/link_set.h"

struct pl_link_sync;

/* config's callbacks and ctx are not used; its timeout_us is the deadline of every call. Does not connect yet. */
enum pl_status pl_link_sync_new(const struct pl_link_set_config *config, struct pl_link_sync **sync,
                                struct pl_err *err) PL_MUSTCHECK;
void pl_link_sync_free(struct pl_link_sync *sync);

/* Connect if needed, send ready-made commands (pl_resp_add) to the server that has the key and wait for the reply of
 * the last one, or the first error reply. IO: not connected or no answer in time, nobody knows whether it was carried
 * out. An error reply of the server is PL_OK with a reply of type ERROR. */
enum pl_status pl_link_sync_send(struct pl_link_sync *sync, struct pl_span key, struct pl_span commands,
                                 size_t n_commands, const struct pl_reply **reply, struct pl_err *err) PL_MUSTCHECK;

#endif
