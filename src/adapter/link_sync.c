#include "adapter/link_sync.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 8

struct pl_link_sync {
    struct event_base *base; /* owned */
    struct event *limit;     /* owned; the deadline of a call */
    struct event *again;     /* owned; a short wait */
    struct pl_link_set *set; /* owned */
    struct timeval patience;
    bool waiting;           /* a call runs the base */
    bool late;              /* its deadline has passed */
    bool done;              /* its reply has come, or will never */
    bool failed;            /* a connection was lost or refused */
    struct pl_reply *reply; /* owned, with everything below it; NULL: none */
    bool no_memory;
    char why[PL_ERR_TEXT_BYTES];
};

static void free_below(struct pl_reply *reply)
{
    struct pl_reply *elements = (struct pl_reply *)(uintptr_t)reply->elements; /* ours: see copy */

    for (size_t at = 0; elements && at < reply->n; at++)
        free_below(&elements[at]);
    free(elements);
    free((char *)(uintptr_t)reply->text.ptr);
}

static void drop_reply(struct pl_link_sync *sync)
{
    if (sync->reply)
        free_below(sync->reply);
    free(sync->reply);
    sync->reply = NULL;
}

/* A deep copy; what was copied before memory ran out is freed by the owner of *to. */
static bool copy(const struct pl_reply *from, struct pl_reply *to)
{
    struct pl_reply *elements;

    *to = (struct pl_reply){.type = from->type, .integer = from->integer};
    if (from->text.ptr) {
        to->text = (struct pl_span){pl_span_dup(from->text), from->text.len};
        if (!to->text.ptr)
            return false;
    }
    if (from->n == 0)
        return true;
    elements = calloc(from->n, sizeof(*elements));
    to->elements = elements;
    if (!elements)
        return false;
    to->n = from->n;
    for (size_t at = 0; at < from->n; at++)
        if (!copy(&from->elements[at], &elements[at]))
            return false;
    return true;
}

static void stop(struct pl_link_sync *sync)
{
    sync->done = true;
    if (sync->waiting)
        event_base_loopbreak(sync->base);
}

static void on_reply(void *ctx, const struct pl_reply *reply)
{
    struct pl_link_sync *sync = ctx;

    drop_reply(sync);
    sync->reply = reply ? calloc(1, sizeof(*sync->reply)) : NULL;
    sync->no_memory = reply && (!sync->reply || !copy(reply, sync->reply));
    stop(sync);
}

static void on_limit(evutil_socket_t fd, short what, void *ctx)
{
    struct pl_link_sync *sync = ctx;

    (void)fd;
    (void)what;
    sync->late = true;
    event_base_loopbreak(sync->base);
}

static void on_again(evutil_socket_t fd, short what, void *ctx)
{
    struct pl_link_sync *sync = ctx;

    (void)fd;
    (void)what;
    event_base_loopbreak(sync->base);
}

static void on_up(void *ctx, struct pl_link_node *node)
{
    struct pl_link_sync *sync = ctx;

    (void)node;
    if (sync->waiting)
        event_base_loopbreak(sync->base);
}

static void on_down(void *ctx, struct pl_link_node *node, const char *why)
{
    struct pl_link_sync *sync = ctx;

    (void)node;
    (void)pl_span_copy((struct pl_span){why, strnlen(why, sizeof(sync->why) - 1)}, sync->why, sizeof(sync->why));
    sync->failed = true;
    if (sync->waiting)
        event_base_loopbreak(sync->base);
}

enum pl_status pl_link_sync_new(const struct pl_link_set_config *config, struct pl_link_sync **out, struct pl_err *err)
{
    struct pl_link_sync *sync = calloc(1, sizeof(*sync));
    struct pl_link_set_config own = *config;
    enum pl_status status;
    int64_t limit_us;

    *out = NULL;
    if (!sync)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for a connection");
    limit_us =
        config->link.timeout_us + config->link.timeout_us / 2; /* the link's own limits come first and say more */
    sync->patience = (struct timeval){(time_t)(limit_us / 1000000), (suseconds_t)(limit_us % 1000000)};
    own.up = on_up;
    own.down = on_down;
    own.ctx = sync;
    sync->base = event_base_new();
    sync->limit = sync->base ? evtimer_new(sync->base, on_limit, sync) : NULL;
    sync->again = sync->base ? evtimer_new(sync->base, on_again, sync) : NULL;
    status = sync->limit && sync->again ? pl_link_set_new(sync->base, &own, &sync->set, err)
                                        : pl_err_set(err, PL_ERR_NOMEM, "no memory for a connection");
    if (status) {
        pl_link_sync_free(sync);
        return status;
    }
    *out = sync;
    return PL_OK;
}

void pl_link_sync_free(struct pl_link_sync *sync)
{
    if (!sync)
        return;
    sync->waiting = false;
    pl_link_set_free(sync->set);
    drop_reply(sync);
    if (sync->again)
        event_free(sync->again);
    if (sync->limit)
        event_free(sync->limit);
    if (sync->base)
        event_base_free(sync->base);
    free(sync);
}

/* Run the base until something of ours happens; false when the deadline has passed. */
static bool run(struct pl_link_sync *sync)
{
    if (sync->late)
        return false;
    sync->waiting = true;
    (void)event_base_dispatch(sync->base);
    sync->waiting = false;
    return !sync->late;
}

/* Wait a little, or until something of ours happens: the set finds out meanwhile where the key is. */
static bool run_a_little(struct pl_link_sync *sync)
{
    const struct timeval little = {0, 20000};
    bool in_time;

    (void)event_add(sync->again, &little);
    in_time = run(sync);
    (void)event_del(sync->again);
    return in_time;
}

/* The node of the key, up. With several servers a failure is not the end while there is time: another may be asked, or
 * become master. */
static struct pl_link_node *connect_now(struct pl_link_sync *sync, struct pl_span key, struct pl_err *err)
{
    unsigned key_slot = pl_link_map_slot(key);
    struct pl_link_node *node = pl_link_set_node(sync->set, key_slot);

    sync->failed = false;
    sync->why[0] = '\0';
    while (!pl_link_node_is_up(node) &&
           (pl_link_set_seeks(sync->set) ? run_a_little(sync) : !sync->failed && run(sync)))
        node = pl_link_set_node(sync->set, key_slot);
    if (pl_link_node_is_up(node))
        return node;
    pl_err_set(err, PL_ERR_IO, "Redis cannot be reached: %s", sync->why[0] ? sync->why : "no answer in time");
    return NULL;
}

static enum pl_status send_once(struct pl_link_sync *sync, struct pl_link_node *node, struct pl_span commands,
                                size_t n_commands, struct pl_err *err)
{
    drop_reply(sync);
    sync->done = sync->no_memory = false;
    if (pl_link_send(pl_link_node_link(node), commands, n_commands, on_reply, sync))
        return pl_err_set(err, PL_ERR_IO, "Redis: the connection was lost");
    while (!sync->done && run(sync))
        continue;
    if (sync->no_memory)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for a reply of Redis");
    if (!sync->done && pl_link_node_is_up(node))
        pl_link_reset(pl_link_node_link(node), "no answer in time");
    if (!sync->reply)
        return pl_err_set(err, PL_ERR_IO, "Redis: %s", sync->why[0] ? sync->why : "no answer in time");
    return PL_OK;
}

enum pl_status pl_link_sync_send(struct pl_link_sync *sync, struct pl_span key, struct pl_span commands,
                                 size_t n_commands, const struct pl_reply **reply, struct pl_err *err)
{
    struct pl_link_node *node;
    enum pl_status status;

    *reply = NULL;
    drop_reply(sync);
    sync->late = false;
    (void)event_add(sync->limit, &sync->patience);
    do {
        node = connect_now(sync, key, err);
        status = node ? send_once(sync, node, commands, n_commands, err) : PL_ERR_IO;
    } while (!status && pl_link_is_astray(sync->reply) && run_a_little(sync));
    (void)event_del(sync->limit);
    if (!status)
        *reply = sync->reply;
    return status;
}
