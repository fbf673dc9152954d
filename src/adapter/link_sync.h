/* One request after the other over a link, for programs that have nothing else to do meanwhile (plateauctl).
 *
 * Owns a private event base and a link on it. Every call runs the base until the reply is there or the deadline has
 * passed; a reply is copied out of the link and stays valid until the next call. After a failure the connection is
 * thrown away and the next call connects anew. One thread. Not for the daemon: it blocks.
 */
#ifndef PL_ADAPTER_LINK_SYNC_H
#define PL_ADAPTER_LINK_SYNC_H

#include "adapter/link.h"

struct pl_link_sync;

/* config's callbacks and ctx are not used; its timeout_us is the deadline of every call. Does not connect yet. */
enum pl_status pl_link_sync_new(const struct pl_link_config *config, struct pl_link_sync **sync,
                                struct pl_err *err) PL_MUSTCHECK;
void pl_link_sync_free(struct pl_link_sync *sync);

/* Connect if needed, send ready-made commands (pl_resp_add) and wait for the reply of the last one, or the first error
 * reply. IO: not connected or no answer in time, nobody knows whether it was carried out. An error reply of the server
 * is PL_OK with a reply of type ERROR. */
enum pl_status pl_link_sync_send(struct pl_link_sync *sync, struct pl_span commands, size_t n_commands,
                                 const struct pl_reply **reply, struct pl_err *err) PL_MUSTCHECK;

#endif
