/* Finding out who serves what: one question at a time, on a connection of its own, to Sentinels or nodes in turn.
 */
#include "adapter/clock.h"
#include "adapter/link_set_internal.h"

#include <stdio.h>
#include <string.h>

#define ASK_INTERVAL_US INT64_C(200000)  /* between the beginnings of two questions */
#define ASK_LATER_US INT64_C(500000)     /* again, while a known server does not answer */
#define ASK_PATIENCE_US INT64_C(1000000) /* for one server: the next one may know */
#define ASK_BACKOFF_MAX 4                /* doublings of the interval */

static void set_timer(struct pl_link_set *set, int64_t after_us)
{
    struct timeval after = {after_us / 1000000, after_us % 1000000};

    if (evtimer_add(set->timer, &after) != 0) /* no memory: early is better than never */
        event_active(set->timer, EV_TIMEOUT, 0);
}

void pl_link_set_ask_soon(struct pl_link_set *set)
{
    int64_t since_us;

    if (!set->timer || set->scout || set->ended || evtimer_pending(set->timer, NULL))
        return;
    since_us = pl_clock_monotonic_us() - set->asked_us;
    set_timer(set, since_us < ASK_INTERVAL_US ? ASK_INTERVAL_US - since_us : 0);
}

/* The scout is freed outside of its callbacks. */
static void end(struct pl_link_set *set, bool heard, const char *why)
{
    if (set->ended)
        return; /* its connection went away after the answer */
    set->ended = true;
    set->heard = heard;
    if (!heard)
        snprintf(set->why, sizeof(set->why), "%.80s: %.160s", set->asked, why);
    event_active(set->settle, EV_TIMEOUT, 0);
}

static void on_answer(void *ctx, const struct pl_reply *reply)
{
    struct pl_link_set *set = ctx;
    struct pl_err err = {PL_ERR_INPUT, ""};
    enum pl_status status;

    if (!reply)
        return; /* down follows */
    if (reply->type == PL_REPLY_ERROR)
        status =
            pl_err_set(&err, PL_ERR_INPUT, "%.*s", reply->text.len < 200 ? (int)reply->text.len : 200, reply->text.ptr);
    else if (set->where.topology == PL_LINK_SENTINEL)
        status = pl_link_map_sentinel(&set->fresh, reply, set->where.master, &err);
    else
        status = pl_link_map_cluster(&set->fresh, reply, set->asked, &err);
    if (status == PL_OK && set->fresh.n == 0 && set->map.n > 0) /* a node that was taken out of the cluster */
        status = pl_err_set(&err, PL_ERR_INPUT, "this node knows of no slots");
    end(set, status == PL_OK, err.text);
}

static void on_up(void *ctx, struct pl_link *link)
{
    struct pl_link_set *set = ctx;
    const struct pl_span cluster[] = {pl_span_of("CLUSTER"), pl_span_of("SLOTS")};
    const struct pl_span sentinel[] = {pl_span_of("SENTINEL"), pl_span_of("GET-MASTER-ADDR-BY-NAME"),
                                       pl_span_of(set->where.master)};
    bool is_cluster = set->where.topology == PL_LINK_CLUSTER;

    if (pl_link_command(link, on_answer, set, is_cluster ? 2 : 3, is_cluster ? cluster : sentinel) != PL_OK)
        end(set, false, "no memory for a question");
}

static void on_down(void *ctx, struct pl_link *link, const char *why)
{
    (void)link;
    end(ctx, false, why);
}

/* Whose turn it is: the servers of the url, and those that a cluster has told. */
static void next_url(struct pl_link_set *set, char url[PL_LINK_URL_BYTES])
{
    const struct pl_link_where *where = &set->where;
    unsigned told = where->topology == PL_LINK_CLUSTER ? set->map.n : 0;
    unsigned at = set->turn++ % (where->n_seeds + told);
    const char *host = at < where->n_seeds ? where->seeds[at].host : set->map.addresses[at - where->n_seeds].host;
    const char *port = at < where->n_seeds ? where->seeds[at].port : set->map.addresses[at - where->n_seeds].port;

    snprintf(set->asked, sizeof(set->asked), "%s", host);
    pl_link_where_url(where->seeds[0].kind, host, port, 0, url);
}

static enum pl_status open_scout(struct pl_link_set *set, struct pl_err *err)
{
    struct pl_link_config config = set->config.link;
    char url[PL_LINK_URL_BYTES];

    next_url(set, url);
    config.peer = PL_LINK_ASKED;
    config.url = url;
    config.up = on_up;
    config.down = on_down;
    config.astray = NULL;
    config.ctx = set;
    if (set->where.topology == PL_LINK_SENTINEL) {
        config.user = set->config.sentinel_user;
        config.password_file = set->config.sentinel_password_file;
    }
    if (config.timeout_us > ASK_PATIENCE_US)
        config.timeout_us = ASK_PATIENCE_US;
    return pl_link_new(set->base, &config, &set->scout, err);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct pl_link_set *set = ctx;
    struct pl_err err;

    (void)fd;
    (void)what;
    if (set->scout)
        return;
    set->asked_us = pl_clock_monotonic_us();
    if (open_scout(set, &err) != PL_OK)
        end(set, false, err.text);
}

static void on_settle(evutil_socket_t fd, short what, void *ctx)
{
    struct pl_link_set *set = ctx;

    (void)fd;
    (void)what;
    pl_link_free(set->scout);
    set->scout = NULL;
    set->ended = false;
    if (set->heard) {
        set->failures = 0;
        pl_link_set_adopt(set, &set->fresh);
        if (!pl_link_set_is_up(set))
            set_timer(set, ASK_LATER_US);
        return;
    }
    set_timer(set, ASK_INTERVAL_US << (set->failures < ASK_BACKOFF_MAX ? set->failures : ASK_BACKOFF_MAX));
    set->failures++;
    set->config.down(set->config.ctx, NULL, set->why);
}

enum pl_status pl_link_set_start_finding(struct pl_link_set *set, struct pl_err *err)
{
    set->timer = evtimer_new(set->base, on_timer, set);
    set->settle = event_new(set->base, -1, 0, on_settle, set);
    if (!set->timer || !set->settle)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for connections");
    /* The first question is asked at once, so that wrong files are told before anything runs. */
    set->asked_us = pl_clock_monotonic_us();
    return open_scout(set, err);
}

void pl_link_set_stop_finding(struct pl_link_set *set)
{
    pl_link_free(set->scout);
    set->scout = NULL;
    if (set->timer)
        event_free(set->timer);
    if (set->settle)
        event_free(set->settle);
    set->timer = set->settle = NULL;
}
