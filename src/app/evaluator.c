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
    ev->phase = EVAL_HALTED; /* what is still to be answered is counted in replies_left */
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
        pl_tick_window_fini(&ev->shards[p].window);
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
    ev->control_place_us = ev->control_trimmed_us = PL_TIME_NONE;
    ev->control_ripe_us = 0;
    ev->read_again = false;
    ev->shards_behind = 0;
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
    struct pl_key meta;
    int partitions = atomic_load(&ev->shared->partitions);

    ev->home = pl_link_set_node(ev->redis, ev->key_slot);
    if (partitions < 1 || !pl_link_node_is_up(ev->home)) {
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
        pl_tick_window_begin(&ev->shards[p].window);
        ev->shards[p].complete_to_us = ev->shards[p].largest_place_us = PL_TIME_NONE;
        ev->shards[p].deleted_us = PL_TIME_NONE;
        meta = pl_key_shard(ev->conf->instance, (int32_t)p, "meta");
        ev->shards[p].key_slot = pl_link_map_slot((struct pl_span){meta.text, meta.len});
    }
    ev->judged_us = ev->committed_us = ev->restored_us = ev->passed_us = PL_TIME_NONE;
    ev->largest_place_us = ev->committed_place_us = PL_TIME_NONE;
    ev->phase = EVAL_ACQUIRING;
    if (pl_store_acquire(pl_link_node_store(ev->home), &ev->hold, on_acquired, ev))
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
    struct pl_link_set_stats redis;

    (void)fd;
    (void)what;
    pl_link_set_stats(ev->redis, &redis);
    PL_METRIC_SET(&ev->metrics, redis_redirects, redis.astray);
    if (ev->committing || ev->replies_left || ev->phase == EVAL_ACQUIRING || ev->phase == EVAL_LOADING)
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
    if (ev->phase == EVAL_WAITING || ev->reload_wanted || ev->home != pl_link_set_node(ev->redis, ev->key_slot))
        pl_evaluator_start_over(ev); /* also when another node serves the instance's keys: acquire there */
    else if (ev->phase == EVAL_RUNNING)
        pl_evaluator_read(ev);
}

bool pl_evaluator_answered(struct pl_evaluator *ev, const struct pl_reply *reply, enum evaluator_phase phase)
{
    ev->replies_left--;
    if (!reply && ev->phase == phase)
        ev->phase = EVAL_WAITING;
    return reply && ev->phase == phase;
}

/* Whoever waits acquires when the timer looks: nothing is sent before. */
static void on_up(void *ctx, struct pl_link_node *node)
{
    (void)ctx;
    (void)node;
}

/* What was asked of it has been answered with NULL. In any doubt everything is read again. */
static void on_down(void *ctx, struct pl_link_node *node, const char *why)
{
    struct pl_evaluator *ev = ctx;
    bool home = node && node == ev->home;
    char escaped[512];

    pl_log(PL_LOG_WARNING, "event=redis_down worker=evaluator why=\"%s\"",
           pl_log_escape(pl_span_of(why), escaped, sizeof(escaped)));
    if (home) {
        ev->home = NULL;
        atomic_store(&ev->shared->judged_us, PL_TIME_NONE); /* the next one may not have what this one has confirmed */
    }
    if (node && (ev->phase == EVAL_RUNNING || (home && ev->phase != EVAL_HALTED)))
        ev->phase = EVAL_WAITING;
}

enum pl_status pl_evaluator_new(struct pl_shared *shared, struct event_base *base, struct pl_evaluator **out,
                                struct pl_err *err)
{
    const struct timeval interval = {0, POLL_US};
    struct pl_evaluator *ev = calloc(1, sizeof(*ev));
    struct pl_link_set_config config = {.up = on_up, .down = on_down, .ctx = ev};
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
    ev->key_slot = pl_link_map_slot((struct pl_span){meta.text, meta.len});
    pl_link_set_configure(&config, ev->conf, "plateaud-evaluator");
    status = pl_link_set_new(base, &config, &ev->redis, err);
    if (status)
        goto fail;
    ev->timer = event_new(base, -1, EV_PERSIST, on_timer, ev);
    if (!ev->timer || event_add(ev->timer, &interval)) {
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
    pl_link_set_free(ev->redis);
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
    return !ev->committing && (ev->replies_left == 0 || ev->phase != EVAL_RUNNING);
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
    else if (ev->shards_behind)
        pl_buf_addf(out, "waiting for %u partitions that Redis has put back", ev->shards_behind);
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
    pl_metrics_head(out, "plateaud_judged_gaps_total", "counter",
                    "times results that Redis lost were judged again by later figures");
    pl_metrics_value(out, "plateaud_judged_gaps_total", NULL, (double)ev->gaps);
    pl_metrics_head(out, "plateaud_shards_behind", "gauge", "shards that Redis put back below what is judged");
    pl_metrics_value(out, "plateaud_shards_behind", NULL, ev->shards_behind);
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
    pl_metrics_head(out, "plateaud_input_not_keyed", "gauge", "1 while users are found in more than one partition");
    pl_metrics_value(out, "plateaud_input_not_keyed", NULL, pl_judge_input_since(ev->judge) != PL_TIME_NONE);
    pl_metrics_head(out, "plateaud_verdict", "gauge", "1 for the standing verdict of each area");
    for (unsigned a = 0; a < ev->conf->rules->n_areas; a++) {
        snprintf(labels, sizeof(labels), "area=\"%s\",verdict=\"%s\"", ev->conf->rules->areas[a].id,
                 pl_verdict_name(pl_judge_advice(ev->judge, a)->verdict));
        pl_metrics_value(out, "plateaud_verdict", labels, 1);
    }
}
