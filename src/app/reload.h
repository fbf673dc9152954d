/* Reload: build a complete new configuration, check it, diff it, then swap the pointer - or keep the old one whole.
 *
 * Old configurations live until every worker has switched: workers read rules without a lock.
 */
#ifndef PL_APP_RELOAD_H
#define PL_APP_RELOAD_H

#include "app/shared.h"

#define PL_RELOAD_OLD_MAX 16 /* more reloads than this in flight are refused */

struct pl_reload {
    struct pl_conf *current; /* owned */
    struct {
        struct pl_conf *conf; /* owned */
        unsigned until;       /* free when every worker has reached this generation */
    } old[PL_RELOAD_OLD_MAX];
    unsigned n_old;
    bool last_ok;
};

/* Takes conf and publishes it as generation 0. */
void pl_reload_init(struct pl_reload *reload, struct pl_shared *shared, struct pl_conf *conf);
void pl_reload_fini(struct pl_reload *reload);

/* Read path again. True when something new was published; a file that is refused is explained in the log. */
bool pl_reload_run(struct pl_reload *reload, struct pl_shared *shared, const char *path);

/* Free what no worker reads any more: every worker has reached `generation`. */
void pl_reload_forget(struct pl_reload *reload, unsigned generation);

#endif
