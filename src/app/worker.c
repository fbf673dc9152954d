#include "app/worker.h"

#include "adapter/clock.h"
#include "adapter/log.h"
#include "app/slot.h"
#include "codec/control.h"
#include "codec/keys.h"

#include <event2/event.h>

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SLOTS_MAX 1024
#define TURN_RECORDS 4096         /* records per slot and turn */
#define TURN_INTERVAL_US 20000    /* a turn at least this often */
#define STOP_LIMIT_US 8000000     /* a drain that takes longer is given up: the next owner replays */
#define FACTS_PATIENCE_US 2000000 /* for one question about a topic */
#define FACTS_RETRY_US 1000000
#define ASK_INTERVAL_US 100000 /* how often the store is asked how far the evaluator is */

struct pl_worker {
    struct pl_shared *shared; /* ref */
    unsigned index, n_workers;
    pthread_t thread;
    struct event_base *base;                     /* owned */
    struct event *on_kafka, *on_wake, *on_timer; /* owned */
    int kafka_fd, wake_fd;                       /* owned eventfds */
    struct pl_slot_world world;                  /* kafka, link, store: owned; the rest refs */
    struct pl_pseudonym pseudonym;
    struct pl_control_log control;
    struct pl_slot *slots[SLOTS_MAX]; /* owned */
    struct slot_flags {
        bool leaving;
    } flags[SLOTS_MAX];
    unsigned n_slots;
    bool control_started;
    int64_t control_wanted; /* offset the control window was last started at */
    bool switching;         /* a new configuration waits for clean slots */
    bool checked;           /* the topics are what they should be */
    bool asking;
    int64_t next_ask_us;
    int64_t next_check_us;
    bool closing;
    int64_t closing_since_us;
    struct pl_metrics metrics;
    atomic_uint generation;
    atomic_int_fast64_t last_turn_us;
    atomic_bool ready, done;
    struct pl_log_limit problem_limit;
};

static void turn(struct pl_worker *worker);

static bool flatten_topics(struct pl_slot_world *world, struct pl_err *err)
{
    for (unsigned s = 0; s < world->conf->n_sources; s++) {
        const struct pl_conf_source *source = &world->conf->sources[s];

        for (unsigned t = 0; t < source->n_topics; t++) {
            if (world->n_topics == PL_CONF_TOPICS_MAX) {
                (void)pl_err_set(err, PL_ERR_FULL, "more than %d topics", PL_CONF_TOPICS_MAX);
                return false;
            }
            world->topics[world->n_topics] = source->topics[t];
            world->topic_source[world->n_topics++] = source;
        }
    }
    return true;
}

static void on_assigned(void *ctx, const int32_t *partitions, unsigned n)
{
    struct pl_worker *worker = ctx;

    for (unsigned at = 0; at < n; at++) {
        struct pl_slot *slot;

        if (worker->n_slots == SLOTS_MAX || !(slot = pl_slot_new(&worker->world, partitions[at]))) {
            pl_log(PL_LOG_ERROR, "event=slot_failed partition=%" PRId32 " why=\"no memory or more than %d shards\"",
                   partitions[at], SLOTS_MAX);
            pl_kafka_stop(worker->world.kafka, partitions[at]);
            continue;
        }
        pl_log(PL_LOG_INFO, "event=assigned worker=%u partition=%" PRId32, worker->index, partitions[at]);
        worker->slots[worker->n_slots] = slot;
        worker->flags[worker->n_slots++] = (struct slot_flags){false};
        if (pl_link_is_up(worker->world.link))
            pl_slot_up(slot);
    }
}

static void on_revoked(void *ctx, const int32_t *partitions, unsigned n, bool lost)
{
    struct pl_worker *worker = ctx;

    for (unsigned at = 0; at < n; at++) {
        pl_log(PL_LOG_INFO, "event=revoked worker=%u partition=%" PRId32 " lost=%d", worker->index, partitions[at],
               lost);
        for (unsigned s = 0; s < worker->n_slots; s++)
            if (pl_slot_partition(worker->slots[s]) == partitions[at])
                worker->flags[s].leaving = true;
    }
}

static void on_problem(void *ctx, enum pl_status status, const char *what)
{
    struct pl_worker *worker = ctx;
    char escaped[512];
    unsigned suppressed;

    (void)status;
    PL_METRIC_ADD(&worker->metrics, kafka_problems, 1);
    if (pl_log_allowed(&worker->problem_limit, pl_clock_monotonic_us(), &suppressed))
        pl_log(PL_LOG_WARNING, "event=kafka_problem suppressed=%u what=\"%s\"", suppressed,
               pl_log_escape(pl_span_of(what), escaped, sizeof(escaped)));
}

static void on_link_up(void *ctx, struct pl_link *link)
{
    struct pl_worker *worker = ctx;

    (void)link;
    pl_log(PL_LOG_INFO, "event=redis_up worker=%u", worker->index);
    PL_METRIC_SET(&worker->metrics, redis_up, 1);
    for (unsigned s = 0; s < worker->n_slots; s++)
        pl_slot_up(worker->slots[s]);
}

static void on_link_down(void *ctx, struct pl_link *link, const char *why)
{
    struct pl_worker *worker = ctx;
    char escaped[512];

    (void)link;
    pl_log(PL_LOG_WARNING, "event=redis_down worker=%u why=\"%s\"", worker->index,
           pl_log_escape(pl_span_of(why), escaped, sizeof(escaped)));
    PL_METRIC_SET(&worker->metrics, redis_up, 0);
    PL_METRIC_ADD(&worker->metrics, redis_downs, 1);
    for (unsigned s = 0; s < worker->n_slots; s++)
        pl_slot_down(worker->slots[s]);
    pl_store_down(worker->world.store);
}

static void on_event(evutil_socket_t fd, short what, void *ctx)
{
    uint64_t count;

    (void)what;
    if (fd >= 0 && read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
        pl_log(PL_LOG_ERROR, "event=eventfd_read errno=%d", errno);
    turn(ctx);
}

/* A control record must not run ahead of its own timestamp either: it would wait on the docket for years. */
static enum pl_reject parse_control(const struct pl_record *record, struct pl_control *control, struct pl_err *err)
{
    enum pl_reject reason;

    if (record->is_null)
        return PL_REJECT_TOMBSTONE;
    reason = pl_control_parse(record->value, record->timestamp_us, control, err);
    if (reason == PL_ACCEPTED && control->time_us != PL_TIME_NONE && record->timestamp_us != PL_TIME_NONE &&
        control->time_us > record->timestamp_us + PL_FUTURE_US)
        reason = PL_REJECT_FUTURE;
    return reason;
}

/* Read the control partition into the window, from the smallest offset that a slot still wants. */
static void pump_control(struct pl_worker *worker)
{
    struct pl_slot_world *world = &worker->world;
    int64_t wanted = INT64_MAX;
    struct pl_err err = {0};

    for (unsigned s = 0; s < worker->n_slots; s++)
        if (pl_slot_phase(worker->slots[s]) == PL_SLOT_RUNNING && pl_slot_control_next(worker->slots[s]) < wanted)
            wanted = pl_slot_control_next(worker->slots[s]);
    if (!world->has_control || wanted == INT64_MAX)
        return;
    if (!worker->control_started || wanted < worker->control_wanted) {
        pl_control_log_restart(&worker->control, wanted);
        if (pl_kafka_start_control(world->kafka, wanted, &err)) {
            on_problem(worker, err.code, err.text);
            return;
        }
        worker->control_started = true;
    }
    worker->control_wanted = wanted;
    pl_control_log_drop(&worker->control, wanted);
    while (!pl_control_log_full(&worker->control)) {
        struct pl_kafka_taken taken;
        struct pl_control_item item;

        pl_kafka_take(world->kafka, PL_KAFKA_CONTROL, 0, &taken);
        if (taken.failure)
            on_problem(worker, PL_ERR_IO, taken.failure);
        worker->control.at_end = taken.at_end && !taken.failure;
        if (!taken.message)
            break;
        item = (struct pl_control_item){.offset = taken.record.offset, .record_us = taken.record.timestamp_us};
        item.reason = parse_control(&taken.record, &item.control, &err);
        if (item.reason != PL_ACCEPTED)
            taken.record.value.len = 0;
        if (pl_control_log_add(&worker->control, &item, taken.record.value, &err))
            on_problem(worker, err.code, err.text);
        worker->control.next_offset = taken.record.offset + 1;
        pl_kafka_release(taken.message);
    }
}

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
        if (pl_slot_is_clean(slot) || !pl_link_is_up(worker->world.link))
            remove_slot(worker, s);
    }
}

/* A new configuration: take nothing, commit everything under the old rules, then load again under the new ones. */
static void serve_switch(struct pl_worker *worker, int64_t now_us)
{
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
    worker->world.n_topics = 0;
    (void)flatten_topics(&worker->world, NULL); /* a reload cannot change topics */
    worker->switching = false;
    for (unsigned s = 0; s < worker->n_slots; s++)
        pl_slot_reload(worker->slots[s]);
    atomic_store(&worker->generation, atomic_load(&worker->shared->generation));
}

static void publish_gauges(struct pl_worker *worker)
{
    struct pl_shard_stats sum = {0};
    struct pl_metrics *metrics = &worker->metrics;
    unsigned halted = 0, running = 0;
    int64_t lag = 0;

    for (unsigned s = 0; s < worker->n_slots; s++) {
        enum pl_slot_phase phase = pl_slot_phase(worker->slots[s]);

        halted += phase == PL_SLOT_HALTED;
        running += phase == PL_SLOT_RUNNING;
        pl_slot_gauges(worker->slots[s], &sum, &lag);
        if (pl_slot_partition(worker->slots[s]) == 0 && phase == PL_SLOT_RUNNING)
            atomic_store(&worker->shared->holder, (int)worker->index + 1);
    }
    PL_METRIC_SET(metrics, shards, worker->n_slots);
    PL_METRIC_SET(metrics, shards_halted, halted);
    PL_METRIC_SET(metrics, units, sum.units);
    PL_METRIC_SET(metrics, tail_events, sum.tail_events);
    PL_METRIC_SET(metrics, cells, sum.cells);
    PL_METRIC_SET(metrics, experiments, sum.experiments);
    PL_METRIC_SET(metrics, control_window, worker->control.n);
    PL_METRIC_SET(metrics, lag_records, lag);
    PL_METRIC_SET(metrics, redis_pending_bytes, pl_link_pending_bytes(worker->world.link));
    atomic_store(&worker->ready,
                 worker->checked && pl_link_is_up(worker->world.link) && running + halted == worker->n_slots);
}

static void begin_closing(struct pl_worker *worker, int64_t now_us)
{
    worker->closing = true;
    worker->closing_since_us = now_us;
    for (unsigned s = 0; s < worker->n_slots; s++)
        worker->flags[s].leaving = true;
}

/* Are the topics what they should be? Partition counts must be equal; record times should be trustworthy. Asked until
 * the broker answers and the answer is good: a broker that is away, or a topic that is made later, needs no restart. */
static enum pl_status check_sources(struct pl_slot_world *world, int32_t *partitions, struct pl_err *err)
{
    struct pl_kafka_topic_facts facts;

    for (unsigned k = 0; k < world->n_topics; k++) {
        enum pl_status status = pl_kafka_facts(world->kafka, world->topics[k], FACTS_PATIENCE_US, &facts, err);

        if (status)
            return status;
        if (facts.partitions == 0)
            return pl_err_set(err, PL_ERR_INPUT, "topic %s does not exist", world->topics[k]);
        if (*partitions && facts.partitions != *partitions)
            return pl_err_set(err, PL_ERR_INPUT,
                              "topic %s has %d partitions and %s has %d: all source topics need the same number",
                              world->topics[0], (int)*partitions, world->topics[k], (int)facts.partitions);
        *partitions = facts.partitions;
        if (!facts.trusted_time)
            pl_log(PL_LOG_WARNING,
                   "event=record_times topic=%s hint=\"set message.timestamp.type=LogAppendTime, or "
                   "message.timestamp.after.max.ms of at most 1 h: a producer's clock could move time for all\"",
                   world->topics[k]);
    }
    return PL_OK;
}

static enum pl_status check_topics(struct pl_worker *worker, struct pl_err *err)
{
    struct pl_slot_world *world = &worker->world;
    struct pl_kafka_topic_facts facts;
    int32_t partitions = 0;
    enum pl_status status = check_sources(world, &partitions, err);

    if (!status)
        status = pl_kafka_facts(world->kafka, world->conf->control, FACTS_PATIENCE_US, &facts, err);
    if (status)
        return status;
    if (facts.partitions > 1)
        return pl_err_set(err, PL_ERR_INPUT, "the control topic %s must have one partition", world->conf->control);
    if (facts.partitions == 0 && world->n_topics == 0)
        return pl_err_set(err, PL_ERR_INPUT, "no source topics, and the control topic %s does not exist",
                          world->conf->control);
    world->has_control = facts.partitions > 0;
    if (!world->has_control)
        pl_log(PL_LOG_WARNING,
               "event=no_control_topic topic=%s hint=\"results, launches and ends of experiments cannot be told\"",
               world->conf->control);
    atomic_store(&worker->shared->partitions, partitions ? partitions : 1);
    return PL_OK;
}

/* Before the first partition is taken. Until then Kafka is not polled, so no assignment is seen either. */
static bool is_checked(struct pl_worker *worker, int64_t now_us)
{
    struct pl_err err = {0};

    if (worker->checked || now_us < worker->next_check_us)
        return worker->checked;
    if (check_topics(worker, &err)) {
        on_problem(worker, err.code, err.text);
        worker->next_check_us = pl_clock_monotonic_us() + FACTS_RETRY_US;
    } else {
        worker->checked = true;
    }
    return worker->checked;
}

static void take_number(const struct pl_reply *reply, int64_t *value)
{
    if (reply->type == PL_REPLY_STRING)
        (void)pl_num_int(reply->text, value);
}

static void on_judged(void *ctx, const struct pl_reply *reply)
{
    struct pl_worker *worker = ctx;

    worker->asking = false;
    if (!reply || reply->type != PL_REPLY_ARRAY || reply->n != 2)
        return;
    take_number(&reply->elements[0], &worker->world.judged_us);
    take_number(&reply->elements[1], &worker->world.largest_place_us);
}

/* How far has the evaluator come? It runs in this process, or the store says. */
static void ask_judged(struct pl_worker *worker, int64_t now_us)
{
    struct pl_slot_world *world = &worker->world;
    struct pl_key key;

    if (atomic_load(&worker->shared->holder) != 0) {
        world->judged_us = atomic_load(&worker->shared->judged_us);
        world->largest_place_us = atomic_load(&worker->shared->largest_place_us);
        return;
    }
    if (worker->asking || now_us < worker->next_ask_us || worker->n_slots == 0 || !pl_link_is_up(world->link))
        return;
    key = pl_key_main(world->conf->instance, "meta");
    const struct pl_span argv[] = {
        pl_span_of("HMGET"), {key.text, key.len}, pl_span_of("judged_to_us"), pl_span_of("largest_place_us")};
    worker->asking = pl_link_command(world->link, on_judged, worker, 4, argv) == PL_OK;
    worker->next_ask_us = now_us + ASK_INTERVAL_US;
}

static void turn(struct pl_worker *worker)
{
    struct pl_slot_world *world = &worker->world;
    int64_t now_us = pl_clock_monotonic_us();
    unsigned done = 0;

    ask_judged(worker, now_us);
    if (is_checked(worker, now_us))
        pl_kafka_poll(world->kafka);
    if (atomic_load(&worker->shared->stop) && !worker->closing)
        begin_closing(worker, now_us);
    if (atomic_load(&worker->shared->generation) != atomic_load(&worker->generation))
        worker->switching = true;
    if (worker->checked && !worker->closing && !worker->switching) {
        pump_control(worker);
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

static enum pl_status make_kafka(struct pl_worker *worker, struct pl_err *err)
{
    struct pl_slot_world *world = &worker->world;
    const struct pl_kafka_config config = {
        .conf = world->conf,
        .topics = world->topics,
        .n_topics = world->n_topics,
        .control = world->conf->control,
        .n_workers = worker->n_workers,
        .event_fd = worker->kafka_fd,
        .assigned = on_assigned,
        .revoked = on_revoked,
        .problem = on_problem,
        .ctx = worker,
    };

    return pl_kafka_new(&config, &world->kafka, err);
}

static enum pl_status make_link(struct pl_worker *worker, struct pl_err *err)
{
    struct pl_slot_world *world = &worker->world;
    char name[96];
    const struct pl_link_config config = {
        .url = world->conf->redis_url,
        .user = world->conf->redis_user,
        .password_file = world->conf->redis_password_file,
        .ca_file = world->conf->redis_ca_file,
        .cert_file = world->conf->redis_cert_file,
        .key_file = world->conf->redis_key_file,
        .name = name,
        .timeout_us = world->conf->redis_timeout_us,
        .up = on_link_up,
        .down = on_link_down,
        .ctx = worker,
    };
    enum pl_status status;

    snprintf(name, sizeof(name), "plateaud-%s-%u", world->conf->instance, worker->index);
    status = pl_link_new(worker->base, &config, &world->link, err);
    if (status)
        return status;
    world->store = pl_store_new(world->link);
    return world->store ? PL_OK : pl_err_set(err, PL_ERR_NOMEM, "no memory for the store");
}

static enum pl_status make_events(struct pl_worker *worker, struct pl_err *err)
{
    const struct timeval interval = {0, TURN_INTERVAL_US};

    worker->base = event_base_new();
    worker->kafka_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    worker->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (!worker->base || worker->kafka_fd < 0 || worker->wake_fd < 0)
        return pl_err_set(err, PL_ERR_IO, "cannot make an event loop");
    worker->on_kafka = event_new(worker->base, worker->kafka_fd, EV_READ | EV_PERSIST, on_event, worker);
    worker->on_wake = event_new(worker->base, worker->wake_fd, EV_READ | EV_PERSIST, on_event, worker);
    worker->on_timer = event_new(worker->base, -1, EV_PERSIST, on_event, worker);
    if (!worker->on_kafka || !worker->on_wake || !worker->on_timer || event_add(worker->on_kafka, NULL) ||
        event_add(worker->on_wake, NULL) || event_add(worker->on_timer, &interval))
        return pl_err_set(err, PL_ERR_IO, "cannot make an event loop");
    return PL_OK;
}

enum pl_status pl_worker_new(struct pl_shared *shared, unsigned index, unsigned n_workers, struct pl_worker **out,
                             struct pl_err *err)
{
    struct pl_worker *worker = calloc(1, sizeof(*worker));
    const struct pl_conf *conf = atomic_load(&shared->conf);
    enum pl_status status;

    *out = NULL;
    if (!worker)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for a worker");
    worker->shared = shared;
    worker->index = index;
    worker->n_workers = n_workers;
    worker->kafka_fd = worker->wake_fd = -1;
    worker->world = (struct pl_slot_world){.conf = conf,
                                           .pseudonym = &worker->pseudonym,
                                           .control = &worker->control,
                                           .metrics = &worker->metrics,
                                           .judged_us = PL_TIME_NONE,
                                           .largest_place_us = PL_TIME_NONE,
                                           .nonce = shared->nonce ^ ((uint64_t)index << 56)};
    atomic_store(&worker->generation, atomic_load(&shared->generation));
    if (!flatten_topics(&worker->world, err)) {
        status = err ? err->code : PL_ERR_FULL;
        goto fail;
    }
    pl_pseudonym_derive(&worker->pseudonym, conf->instance);
    if (conf->hash_key_file && (status = pl_pseudonym_load(&worker->pseudonym, conf->hash_key_file, err)))
        goto fail;
    if ((status = make_events(worker, err)) || (status = make_kafka(worker, err)) || (status = make_link(worker, err)))
        goto fail;
    *out = worker;
    return PL_OK;

fail:
    pl_worker_free(worker);
    return status;
}

static void *run(void *ctx)
{
    struct pl_worker *worker = ctx;

    event_base_dispatch(worker->base);
    pl_link_free(worker->world.link); /* replies that are still to come end here, while their slots exist */
    worker->world.link = NULL;
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

void pl_worker_free(struct pl_worker *worker)
{
    if (!worker)
        return;
    assert(worker->n_slots == 0);
    if (worker->world.kafka)
        (void)pl_kafka_free(worker->world.kafka, PL_SECOND_US);
    pl_store_free(worker->world.store);
    pl_link_free(worker->world.link);
    pl_control_log_fini(&worker->control);
    if (worker->on_kafka)
        event_free(worker->on_kafka);
    if (worker->on_wake)
        event_free(worker->on_wake);
    if (worker->on_timer)
        event_free(worker->on_timer);
    if (worker->base)
        event_base_free(worker->base);
    if (worker->kafka_fd >= 0)
        close(worker->kafka_fd);
    if (worker->wake_fd >= 0)
        close(worker->wake_fd);
    free(worker);
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
