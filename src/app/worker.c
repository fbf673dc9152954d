/* A worker at work: its thread, and the turns it takes.
 */
#include "app/worker_internal.h"

#include "adapter/clock.h"
#include "codec/keys.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define TURN_RECORDS 4096      /* records per slot and turn */
#define STOP_LIMIT_US 8000000  /* a drain that takes longer is given up: the next owner replays */
#define ASK_INTERVAL_US 100000 /* how often the store is asked how far the evaluator is */

static void remove_slot(struct pl_worker *worker, unsigned s)
{
    int32_t partition = pl_slot_partition(worker->slots[s]);

    if (partition == 0) {
        int mine = (int)worker->index + 1;

        (void)atomic_compare_exchange_strong(&worker->shared->holder, &mine, 0);
    }
    pl_slot_free(worker->slots[s]);
    pl_kafka_stop(worker->world.kafka, partition);
    worker->n_slots--;
    worker->slots[s] = worker->slots[worker->n_slots];
    worker->flags[s] = worker->flags[worker->n_slots];
}

/* Slots that are to be given back: commit what is there, then go. Without Redis there is nothing to wait for: what was
 * not committed is replayed by the next owner. */
static void serve_leaving(struct pl_worker *worker, int64_t now_us)
{
    for (unsigned s = worker->n_slots; s-- > 0;) {
        struct pl_slot *slot = worker->slots[s];

        pl_slot_tend(slot, now_us);
        if (!worker->flags[s].leaving)
            continue;
        pl_slot_commit(slot, now_us, true);
        if (pl_slot_is_clean(slot) || (!pl_slot_is_reachable(slot) && !pl_slot_is_awaiting(slot)))
            remove_slot(worker, s);
    }
}

/* A new configuration: take nothing, commit everything under the old rules, then load again under the new ones. */
static void serve_switch(struct pl_worker *worker, int64_t now_us)
{
    unsigned generation = atomic_load(&worker->shared->generation); /* first: the configuration may only be newer */
    bool clean = true;

    if (!worker->switching)
        return;
    for (unsigned s = 0; s < worker->n_slots; s++) {
        pl_slot_commit(worker->slots[s], now_us, true);
        clean = clean && pl_slot_is_clean(worker->slots[s]);
    }
    if (!clean)
        return;
    worker->world.conf = atomic_load(&worker->shared->conf);
    if (pl_worker_flatten_topics(&worker->world, NULL))
        return; /* cannot be: a reload does not change topics */
    worker->switching = false;
    for (unsigned s = 0; s < worker->n_slots; s++)
        pl_slot_reload(worker->slots[s]);
    atomic_store(&worker->generation, generation);
}

static void publish_gauges(struct pl_worker *worker)
{
    struct pl_shard_stats sum = {0};
    struct pl_link_set_stats redis;
    struct pl_metrics *metrics = &worker->metrics;
    unsigned halted = 0, running = 0;
    int64_t lag = 0;

    for (unsigned s = 0; s < worker->n_slots; s++) {
        enum pl_slot_phase phase = pl_slot_phase(worker->slots[s]);

        halted += phase == PL_SLOT_HALTED;
        running += phase == PL_SLOT_RUNNING;
        pl_slot_gauges(worker->slots[s], &sum, &lag);
        if (pl_slot_partition(worker->slots[s]) == 0 && (phase == PL_SLOT_RUNNING || phase == PL_SLOT_HALTED))
            atomic_store(&worker->shared->holder, (int)worker->index + 1);
    }
    PL_METRIC_SET(metrics, shards, worker->n_slots);
    PL_METRIC_SET(metrics, shards_halted, halted);
    PL_METRIC_SET(metrics, units, sum.units);
    PL_METRIC_SET(metrics, tail_events, sum.tail_events);
    PL_METRIC_SET(metrics, held, sum.held);
    PL_METRIC_SET(metrics, cells, sum.cells);
    PL_METRIC_SET(metrics, experiments, sum.experiments);
    PL_METRIC_SET(metrics, control_window, worker->control.n);
    PL_METRIC_SET(metrics, lag_records, lag);
    pl_link_set_stats(worker->world.redis, &redis);
    PL_METRIC_SET(metrics, redis_pending_bytes, redis.pending_bytes);
    PL_METRIC_SET(metrics, redis_up, redis.links_up);
    PL_METRIC_SET(metrics, redis_links, redis.links);
    PL_METRIC_SET(metrics, redis_redirects, redis.astray);
    PL_METRIC_SET(metrics, redis_changes, redis.changes);
    atomic_store(&worker->ready,
                 worker->checked && pl_link_set_is_up(worker->world.redis) && running + halted == worker->n_slots);
}

static void begin_closing(struct pl_worker *worker, int64_t now_us)
{
    worker->closing = true;
    worker->closing_since_us = now_us;
    for (unsigned s = 0; s < worker->n_slots; s++)
        worker->flags[s].leaving = true;
}

static void take_number(const struct pl_reply *reply, int64_t *value)
{
    if (reply->type == PL_REPLY_STRING)
        (void)pl_num_int(reply->text, value);
}

static void on_judged(void *ctx, const struct pl_reply *reply)
{
    struct pl_worker *worker = ctx;
    int64_t passed_us = PL_TIME_NONE;

    worker->asking = false;
    if (!reply || reply->type != PL_REPLY_ARRAY || reply->n != 3)
        return;
    worker->world.judged_us = PL_TIME_NONE; /* also when the store went back to before it was judged */
    take_number(&reply->elements[0], &worker->world.judged_us);
    take_number(&reply->elements[1], &worker->world.largest_place_us);
    take_number(&reply->elements[2], &passed_us);
    if (passed_us > worker->world.judged_us)
        worker->world.judged_us = passed_us;
}

/* How far has the evaluator come? It runs in this process, or the store says. */
static void ask_judged(struct pl_worker *worker, int64_t now_us)
{
    struct pl_slot_world *world = &worker->world;
    struct pl_link_node *node;
    struct pl_key key;

    if (atomic_load(&worker->shared->holder) != 0) {
        world->judged_us = atomic_load(&worker->shared->judged_us);
        world->largest_place_us = atomic_load(&worker->shared->largest_place_us);
        return;
    }
    if (worker->asking || now_us < worker->next_ask_us || worker->n_slots == 0)
        return;
    node = pl_link_set_node(world->redis, world->main_slot);
    if (!pl_link_node_is_up(node))
        return;
    key = pl_key_main(world->conf->instance, "meta");
    const struct pl_span argv[] = {pl_span_of("HMGET"),
                                   {key.text, key.len},
                                   pl_span_of("judged_to_us"),
                                   pl_span_of("largest_place_us"),
                                   pl_span_of("passed_to_us")};
    worker->asking = pl_link_command(pl_link_node_link(node), on_judged, worker, 5, argv) == PL_OK;
    worker->next_ask_us = now_us + ASK_INTERVAL_US;
}

void pl_worker_turn(struct pl_worker *worker)
{
    struct pl_slot_world *world = &worker->world;
    int64_t now_us = pl_clock_monotonic_us();
    unsigned done = 0;

    ask_judged(worker, now_us);
    if (pl_worker_is_checked(worker, now_us))
        pl_kafka_poll(world->kafka);
    if (atomic_load(&worker->shared->stop) && !worker->closing)
        begin_closing(worker, now_us);
    if (atomic_load(&worker->shared->generation) != atomic_load(&worker->generation))
        worker->switching = true;
    pl_worker_watch_shape(worker, now_us);
    if (worker->checked && !worker->closing && !worker->switching) {
        pl_worker_pump_control(worker);
        for (unsigned s = 0; s < worker->n_slots; s++) {
            if (!worker->flags[s].leaving)
                done += pl_slot_pump(worker->slots[s], TURN_RECORDS, now_us);
            pl_slot_commit(worker->slots[s], now_us, false);
        }
    }
    serve_leaving(worker, now_us);
    serve_switch(worker, now_us);
    publish_gauges(worker);
    atomic_store(&worker->last_turn_us, now_us);
    if (worker->closing && (worker->n_slots == 0 || now_us - worker->closing_since_us > STOP_LIMIT_US))
        event_base_loopbreak(worker->base);
    else if (done)
        event_active(worker->on_wake, 0, 0); /* there may be more: no new edge will come for what is buffered */
}

static void *run(void *ctx)
{
    struct pl_worker *worker = ctx;

    event_base_dispatch(worker->base);
    pl_link_set_free(worker->world.redis); /* replies that are still to come end here, while their slots exist */
    worker->world.redis = NULL;
    for (unsigned s = worker->n_slots; s-- > 0;)
        remove_slot(worker, s); /* only after a drain that was given up */
    if (!pl_kafka_free(worker->world.kafka, 3 * PL_SECOND_US))
        pl_log(PL_LOG_WARNING, "event=kafka_close_slow worker=%u", worker->index);
    worker->world.kafka = NULL;
    atomic_store(&worker->done, true);
    return NULL;
}

enum pl_status pl_worker_start(struct pl_worker *worker, struct pl_err *err)
{
    sigset_t all, old;
    int failed;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* signals belong to the control thread */
    failed = pthread_create(&worker->thread, NULL, run, worker);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return failed ? pl_err_set(err, PL_ERR_IO, "cannot start a thread: %s", strerror(failed)) : PL_OK;
}

void pl_worker_wake(struct pl_worker *worker)
{
    const uint64_t one = 1;

    if (write(worker->wake_fd, &one, sizeof(one)) < 0)
        pl_log(PL_LOG_ERROR, "event=eventfd_write errno=%d", errno);
}

void pl_worker_join(struct pl_worker *worker)
{
    pthread_join(worker->thread, NULL);
}

const struct pl_metrics *pl_worker_metrics(const struct pl_worker *worker)
{
    return &worker->metrics;
}

unsigned pl_worker_generation(const struct pl_worker *worker)
{
    return atomic_load(&worker->generation);
}

int64_t pl_worker_last_turn_us(const struct pl_worker *worker)
{
    return atomic_load(&worker->last_turn_us);
}

bool pl_worker_is_ready(const struct pl_worker *worker)
{
    return atomic_load(&worker->ready);
}

bool pl_worker_is_done(const struct pl_worker *worker)
{
    return atomic_load(&worker->done);
}
