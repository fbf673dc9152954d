/* The network: pl_link, as adapter/link.h promises it, over virtual connections. What a client sent may be carried out
 * later, in part, or never; what Redis answered may never be heard. In order within a connection, in any order between
 * them. A connection that was cut lives on without its client for as long as something of it may arrive.
 */
#include "sim_redis.h"

#include <stdlib.h>
#include <string.h>

#define LINKS_MAX (2 * SIM_PROCESSES + 2)

struct pl_link {
    bool used;
    struct pl_link_config config;
    struct sim_process *process;
    struct sim_conn *conn; /* NULL: down */
    bool doomed;
    bool evaluator;
};

static struct pl_link links[LINKS_MAX];
static struct sim_conn conns[SIM_CONNS];
static unsigned next_id;

void sim_net_reset(void)
{
    memset(links, 0, sizeof(links));
    for (unsigned at = 0; at < SIM_CONNS; at++)
        conns[at].used = false;
    next_id = 0;
}

struct sim_conn *sim_net_conn(unsigned at)
{
    return conns[at].used ? &conns[at] : NULL;
}

bool sim_net_is_frozen(const struct sim_conn *conn)
{
    return conn->link && conn->link->process->frozen;
}

bool sim_net_is_of(const struct sim_conn *conn, const struct sim_process *process)
{
    return conn->used && conn->link && conn->link->process == process;
}

unsigned sim_net_id(const struct sim_process *process, bool evaluator)
{
    for (unsigned at = 0; at < LINKS_MAX; at++)
        if (links[at].used && links[at].process == process && links[at].evaluator == evaluator && links[at].conn)
            return links[at].conn->id;
    return 0;
}

/* ---- pl_link ---- */

enum pl_status pl_link_new(struct event_base *base, const struct pl_link_config *config, struct pl_link **link,
                           struct pl_err *err)
{
    (void)base;
    (void)err;
    for (unsigned at = 0; at < LINKS_MAX; at++) {
        if (links[at].used)
            continue;
        links[at] = (struct pl_link){.used = true, .config = *config, .process = sim.making};
        links[at].evaluator = !strcmp(config->name, "plateaud-evaluator");
        *link = &links[at];
        return PL_OK;
    }
    return PL_ERR_NOMEM;
}

bool pl_link_is_up(const struct pl_link *link)
{
    return link->conn != NULL && !link->doomed;
}

enum pl_status pl_link_send(struct pl_link *link, struct pl_span commands, size_t n_commands, pl_link_reply_fn reply,
                            void *ctx)
{
    struct sim_request *request;
    struct sim_conn *conn = link->conn;

    if (!pl_link_is_up(link))
        return PL_ERR_STATE;
    request = sim_alloc(sizeof(*request));
    *request =
        (struct sim_request){.bytes = sim_copy(commands), .n_left = (unsigned)n_commands, .fn = reply, .ctx = ctx};
    memcpy(request->epochs, link->process->epochs, sizeof(request->epochs));
    if (conn->first)
        conn->last->next = request;
    else
        conn->first = request;
    conn->last = request;
    return PL_OK;
}

enum pl_status pl_link_command(struct pl_link *link, pl_link_reply_fn reply, void *ctx, size_t argc,
                               const struct pl_span *argv)
{
    static struct pl_buf bytes;

    pl_buf_clear(&bytes);
    pl_resp_add(&bytes, argc, argv);
    return pl_link_send(link, pl_buf_span(&bytes), 1, reply, ctx);
}

size_t pl_link_pending_bytes(const struct pl_link *link)
{
    (void)link;
    return 0;
}

void pl_link_reset(struct pl_link *link, const char *why)
{
    if (link->conn)
        sim_trace("process %u: connection %u is given up: %s", link->process->index, link->conn->id, why);
    link->doomed = link->conn != NULL;
}

/* ---- connections ---- */

static struct sim_conn *new_conn(struct pl_link *link)
{
    for (unsigned at = 0; at < SIM_CONNS; at++) {
        struct sim_conn *conn = &conns[at];

        if (conn->used)
            continue;
        conn->used = true;
        conn->id = next_id++;
        conn->link = link;
        conn->nonce = link->process->shared.nonce ^ (link->evaluator ? UINT64_C(0xeeeeeeeeeeeeeeee) : 0);
        conn->dead = conn->multi = conn->aborted = conn->touched = false;
        conn->n_watched = conn->n_queued = 0;
        conn->first = conn->last = conn->answered = conn->answers = NULL;
        return conn;
    }
    return NULL;
}

bool sim_net_connect(struct sim_process *process, bool all)
{
    bool any = false;

    for (unsigned at = 0; at < LINKS_MAX; at++) {
        struct pl_link *link = &links[at];

        if (!link->used || link->process != process || link->conn || (!all && sim_chance(2)))
            continue;
        link->conn = new_conn(link);
        if (!link->conn)
            continue;
        link->doomed = false;
        any = true;
        sim_trace("process %u: connection %u is up%s", process->index, link->conn->id,
                  link->evaluator ? " (evaluator)" : "");
        link->config.up(link->config.ctx, link);
    }
    return any;
}

void sim_net_deliver(struct sim_conn *conn, unsigned n)
{
    for (; n > 0 && conn->used && conn->answered && conn->link && !conn->link->doomed; n--) {
        struct sim_request *request = conn->answered;

        conn->answered = request->next;
        if (request->fn)
            request->fn(request->ctx, request->error ? request->error : request->answer);
    }
}

void sim_net_forget(struct sim_conn *conn)
{
    if (conn->link)
        return;
    sim_trace("what connection %u had sent is lost", conn->id);
    conn->used = false;
}

/* Every waiting command gets NULL, in order; the connection may live on without us. */
static void hang_up(struct pl_link *link, bool arrives)
{
    struct sim_conn *conn = link->conn;
    struct sim_request *first = conn->first;

    link->conn = NULL;
    link->doomed = false;
    conn->link = NULL;
    sim_trace("process %u: connection %u is cut%s", link->process->index, conn->id,
              conn->first && arrives ? ", what was sent may arrive" : "");
    for (struct sim_request *request = conn->answered; request; request = request->next)
        if (request->fn)
            request->fn(request->ctx, NULL);
    for (struct sim_request *request = first; request; request = request->next)
        if (request->fn)
            request->fn(request->ctx, NULL);
    conn->answered = NULL;
    if (!conn->first || conn->dead || !arrives)
        conn->used = false;
}

void sim_net_cut(struct sim_conn *conn, bool arrives)
{
    struct pl_link *link = conn->link;

    if (!link) {
        sim_net_forget(conn);
        return;
    }
    hang_up(link, arrives);
    link->config.down(link->config.ctx, link, "cut");
}

void sim_net_cut_all(void)
{
    for (unsigned at = 0; at < SIM_CONNS; at++) {
        struct sim_conn *conn = sim_net_conn(at);

        if (!conn)
            continue;
        if (conn->link && conn->link->process->frozen)
            conn->dead = true; /* it will learn when it wakes up */
        else
            sim_net_cut(conn, false);
    }
}

void sim_net_drop_doomed(void)
{
    for (unsigned at = 0; at < LINKS_MAX; at++) {
        struct pl_link *link = &links[at];

        if (!link->used || !link->conn || link->process->frozen)
            continue;
        if (link->doomed || (link->conn->dead && (sim.calm || sim_chance(4))))
            sim_net_cut(link->conn, sim_chance(2));
    }
}

void pl_link_free(struct pl_link *link)
{
    if (!link)
        return;
    if (link->conn)
        hang_up(link, true);
    link->used = false;
}
