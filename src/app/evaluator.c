#include "app/evaluator_internal.h"

#include "adapter/log.h"
#include "codec/keys.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLL_US 100000

void pl_evaluator_halt(struct pl_evaluator *ev, const char *fmt, ...)
{
    va_list args;
    char escaped[2 * PL_ERR_TEXT_BYTES];

    va_start(args, fmt);
    vsnprintf(ev->why, sizeof(ev->why), fmt, args);
    va_end(args);
    ev->phase = EVAL_HALTED;
    ev->reading = false; /* what is still to be answered is counted in replies_left */
    pl_log(PL_LOG_ERROR, "event=evaluator_halted why=\"%s\"",
           pl_log_escape(pl_span_of(ev->why), escaped, sizeof(escaped)));
}

void pl_evaluator_add(struct pl_evaluator *ev, size_t argc, const struct pl_span *argv)
{
    pl_resp_add(&ev->batch, argc, argv);
    ev->n_batch++;
}

static void drop_shards(struct pl_evaluator *ev)
{
    for (unsigned p = 0; ev->shards && p < ev->partitions; p++)
        for (unsigned t = 0; t < ev->shards[p].n_ticks; t++)
            pl_sums_fini(&ev->shards[p].ticks[t].sums);
    free(ev->shards);
    ev->shards = NULL;
    ev->partitions = 0;
}

static void drop_memory(struct pl_evaluator *ev)
{
    drop_shards(ev);
    pl_judge_free(ev->judge);
    ev->judge = NULL;
    pl_buf_clear(&ev->batch);
    ev->n_batch = 0;
    ev->published_once = false;
    pl_evaluator_forget_shown(ev);
    memset(ev->touched, 0, sizeof(ev->touched));
    ev->control_seen[0] = ev->control_mark[0] = '\0';
    ev->control_place_us = PL_TIME_NONE;
}

static void on_acquired(void *ctx, enum pl_status status, const struct pl_acquired *acquired, const char *why)
{
    struct pl_evaluator *ev = ctx;

    if (ev->phase != EVAL_ACQUIRING)
        return;
    if (status == PL_ERR_IO) {
        ev->phase = EVAL_WAITING; /* the link went down */
        return;
    }
    if (status) {
        pl_evaluator_halt(ev, "acquire failed: %s", why);
        return;
    }
    pl_evaluator_load(ev, acquired);
}

/* Forget everything and claim the instance's key space (again): the ledger in Redis is the truth. */
void pl_evaluator_start_over(struct pl_evaluator *ev)
{
    int partitions = atomic_load(&ev->shared->partitions);

    if (partitions < 1 || !pl_link_is_up(ev->link)) {
        ev->phase = EVAL_WAITING;
        return;
    }
    drop_memory(ev);
    ev->conf = atomic_load(&ev->shared->conf);
    ev->reload_wanted = false;
    ev->shards = calloc((size_t)partitions, sizeof(*ev->shards));
    ev->judge = pl_judge_new(ev->conf->rules, ev->conf->alert_min_interval_us);
    if (partitions > SHARDS_MAX || !ev->shards || !ev->judge) {
        pl_evaluator_halt(ev, "no memory, or more than %d partitions", SHARDS_MAX);
        return;
    }
    ev->partitions = (unsigned)partitions;
    for (unsigned p = 0; p < ev->partitions; p++) {
        ev->shards[p].ev = ev;
        ev->shards[p].p = p;
        ev->shards[p].seen_seq = -1;
        ev->shards[p].complete_to_us = ev->shards[p].largest_place_us = PL_TIME_NONE;
    }
    ev->judged_us = ev->committed_us = PL_TIME_NONE;
    ev->largest_place_us = ev->committed_place_us = PL_TIME_NONE;
    ev->phase = EVAL_ACQUIRING;
    if (pl_store_acquire(ev->store, &ev->hold, on_acquired, ev))
        ev->phase = EVAL_WAITING;
}

/* It does not judge now, and no reply is to come: nothing but the pointer is to change. A halted one tries again, as
 * whoever asked for a reload has looked at it. */
static void adopt(struct pl_evaluator *ev)
{
    drop_memory(ev);
    ev->conf = atomic_load(&ev->shared->conf);
    ev->reload_wanted = false;
    ev->phase = EVAL_WAITING;
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct pl_evaluator *ev = ctx;
    bool here = atomic_load(&ev->shared->holder) != 0;
    bool busy = ev->reading || ev->committing || ev->replies_left;

    (void)fd;
    (void)what;
    if (busy || ev->phase == EVAL_ACQUIRING || ev->phase == EVAL_LOADING)
        return;
    if (ev->reload_wanted && ev->phase != EVAL_RUNNING)
        adopt(ev);
    if (ev->phase == EVAL_HALTED)
        return;
    if (!here) {
        if (ev->phase == EVAL_RUNNING)
            pl_log(PL_LOG_INFO, "event=evaluator_left");
        ev->phase = EVAL_WAITING;
        return;
    }
    if (ev->phase == EVAL_WAITING || ev->reload_wanted)
        pl_evaluator_start_over(ev);
    else if (ev->phase == EVAL_RUNNING && pl_link_is_up(ev->link))
        pl_evaluator_read(ev);
}

static void on_up(void *ctx, struct pl_link *link)
{
    struct pl_evaluator *ev = ctx;

    (void)link;
    if (ev->phase != EVAL_HALTED)
        ev->phase = EVAL_WAITING; /* acquire before anything else is sent */
}

static void on_down(void *ctx, struct pl_link *link, const char *why)
{
    struct pl_evaluator *ev = ctx;
    char escaped[512];

    (void)link;
    pl_log(PL_LOG_WARNING, "event=redis_down worker=evaluator why=\"%s\"",
           pl_log_escape(pl_span_of(why), escaped, sizeof(escaped)));
    pl_store_down(ev->store);
    ev->replies_left = 0;
    ev->reading = ev->committing = false;
    if (ev->phase != EVAL_HALTED)
        ev->phase = EVAL_WAITING;
}

enum pl_status pl_evaluator_new(struct pl_shared *shared, struct event_base *base, struct pl_evaluator **out,
                                struct pl_err *err)
{
    const struct timeval interval = {0, POLL_US};
    struct pl_evaluator *ev = calloc(1, sizeof(*ev));
    enum pl_status status = PL_ERR_NOMEM;
    struct pl_key meta;

    *out = NULL;
    if (!ev)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for the evaluator");
    ev->shared = shared;
    ev->base = base;
    ev->conf = atomic_load(&shared->conf);
    ev->judged_us = ev->committed_us = PL_TIME_NONE;
    ev->hold.owner = shared->nonce ^ UINT64_C(0xeeeeeeeeeeeeeeee);
    meta = pl_key_main(ev->conf->instance, "meta");
    memcpy(ev->hold.meta_key, meta.text, meta.len + 1);
    const struct pl_link_config config = {
        .url = ev->conf->redis_url,
        .user = ev->conf->redis_user,
        .password_file = ev->conf->redis_password_file,
        .ca_file = ev->conf->redis_ca_file,
        .cert_file = ev->conf->redis_cert_file,
        .key_file = ev->conf->redis_key_file,
        .name = "plateaud-evaluator",
        .timeout_us = ev->conf->redis_timeout_us,
        .up = on_up,
        .down = on_down,
        .ctx = ev,
    };
    status = pl_link_new(base, &config, &ev->link, err);
    if (status)
        goto fail;
    ev->store = pl_store_new(ev->link);
    ev->timer = event_new(base, -1, EV_PERSIST, on_timer, ev);
    if (!ev->store || !ev->timer || event_add(ev->timer, &interval)) {
        status = pl_err_set(err, PL_ERR_NOMEM, "no memory for the evaluator");
        goto fail;
    }
    *out = ev;
    return PL_OK;

fail:
    pl_evaluator_free(ev);
    return status;
}

void pl_evaluator_free(struct pl_evaluator *ev)
{
    if (!ev)
        return;
    if (ev->timer)
        event_free(ev->timer);
    ev->phase = EVAL_HALTED; /* replies that end with the link change nothing */
    pl_link_free(ev->link);
    pl_store_free(ev->store);
    drop_memory(ev);
    pl_buf_fini(&ev->batch);
    free(ev);
}

void pl_evaluator_reload(struct pl_evaluator *ev)
{
    ev->reload_wanted = true; /* the timer does it, when no reply is to come */
}

bool pl_evaluator_is_current(const struct pl_evaluator *ev)
{
    return ev->conf == atomic_load(&ev->shared->conf);
}

const char *pl_evaluator_halted(const struct pl_evaluator *ev)
{
    return ev->phase == EVAL_HALTED ? ev->why : NULL;
}

bool pl_evaluator_is_quiet(const struct pl_evaluator *ev)
{
    return !ev->reading && !ev->committing;
}

static unsigned count_firing(const struct pl_evaluator *ev)
{
    unsigned firing = 0;

    for (unsigned a = 0; ev->judge && a < ev->conf->rules->n_areas; a++)
        firing += pl_judge_standing(ev->judge, a)->alert.firing;
    return firing;
}

void pl_evaluator_status(const struct pl_evaluator *ev, struct pl_buf *out)
{
    char stamp[PL_STAMP_BYTES];

    if (ev->phase == EVAL_HALTED)
        pl_buf_addf(out, "evaluator halted: %s", ev->why);
    else if (ev->phase != EVAL_RUNNING)
        pl_buf_add_text(out, "not judging here");
    else if (ev->committed_us == PL_TIME_NONE)
        pl_buf_add_text(out, "nothing judged yet");
    else
        pl_buf_addf(out, "judged to %s, %u alerts firing", pl_stamp_format(ev->committed_us, stamp), count_firing(ev));
}

const struct pl_metrics *pl_evaluator_rejects(const struct pl_evaluator *ev)
{
    return &ev->metrics;
}

void pl_evaluator_metrics(const struct pl_evaluator *ev, struct pl_buf *out)
{
    bool running = ev->phase == EVAL_RUNNING;
    char labels[256];

    pl_metrics_head(out, "plateaud_evaluator", "gauge", "1 when this process judges the instance");
    pl_metrics_value(out, "plateaud_evaluator", NULL, running);
    pl_metrics_head(out, "plateaud_evaluator_halted", "gauge", "1 when the evaluator stopped and needs an operator");
    pl_metrics_value(out, "plateaud_evaluator_halted", NULL, ev->phase == EVAL_HALTED);
    pl_metrics_head(out, "plateaud_ticks_judged_total", "counter", "ticks judged by this process");
    pl_metrics_value(out, "plateaud_ticks_judged_total", NULL, (double)ev->ticks);
    pl_metrics_head(out, "plateaud_alert_edges_total", "counter", "alert edges published by this process");
    pl_metrics_value(out, "plateaud_alert_edges_total", NULL, (double)ev->edges);
    if (!running || !ev->judge)
        return;
    pl_metrics_head(out, "plateaud_judged_timestamp_seconds", "gauge", "event time up to which everything is judged");
    if (ev->committed_us != PL_TIME_NONE)
        pl_metrics_value(out, "plateaud_judged_timestamp_seconds", NULL, (double)(ev->committed_us / PL_SECOND_US));
    pl_metrics_head(out, "plateaud_alerts_firing", "gauge", "areas whose alert is firing");
    pl_metrics_value(out, "plateaud_alerts_firing", NULL, count_firing(ev));
    pl_metrics_head(out, "plateaud_ledger_rows", "gauge", "facts in the ledger");
    pl_metrics_value(out, "plateaud_ledger_rows", NULL, (double)pl_judge_ledger(ev->judge)->n);
    pl_metrics_head(out, "plateaud_docket_records", "gauge", "control records that wait for their tick");
    pl_metrics_value(out, "plateaud_docket_records", NULL, (double)pl_judge_docket(ev->judge));
    pl_metrics_head(out, "plateaud_verdict", "gauge", "1 for the standing verdict of each area");
    for (unsigned a = 0; a < ev->conf->rules->n_areas; a++) {
        snprintf(labels, sizeof(labels), "area=\"%s\",verdict=\"%s\"", ev->conf->rules->areas[a].id,
                 pl_verdict_name(pl_judge_advice(ev->judge, a)->verdict));
        pl_metrics_value(out, "plateaud_verdict", labels, 1);
    }
}
