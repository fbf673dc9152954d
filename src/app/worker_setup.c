/* Construction and destruction of a worker: its event loop, Kafka consumer, Redis connection.
 */
#include "app/worker_internal.h"

#include "codec/keys.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TURN_INTERVAL_US 20000 /* a turn at least this often */

enum pl_status pl_worker_flatten_topics(struct pl_slot_world *world, struct pl_err *err)
{
    world->n_topics = 0;
    for (unsigned s = 0; s < world->conf->n_sources; s++) {
        const struct pl_conf_source *source = &world->conf->sources[s];

        for (unsigned t = 0; t < source->n_topics; t++) {
            if (world->n_topics == PL_CONF_TOPICS_MAX)
                return pl_err_set(err, PL_ERR_FULL, "more than %d topics", PL_CONF_TOPICS_MAX);
            world->topics[world->n_topics] = source->topics[t];
            world->topic_source[world->n_topics++] = source;
        }
    }
    return PL_OK;
}

/* A handle that only asks about topics: the consumer's queues are divided by the number of partitions, which the broker
 * must tell first. */
static enum pl_status make_asker(struct pl_worker *worker, struct pl_err *err)
{
    const struct pl_kafka_config config = {
        .conf = worker->world.conf,
        .n_workers = worker->n_workers,
        .event_fd = worker->kafka_fd,
        .problem = pl_worker_problem,
        .ctx = worker,
    };

    return pl_kafka_new(&config, &worker->world.kafka, err);
}

enum pl_status pl_worker_join_group(struct pl_worker *worker, unsigned n_partitions, struct pl_err *err)
{
    struct pl_slot_world *world = &worker->world;
    struct pl_kafka *asker = world->kafka;
    const struct pl_kafka_config config = {
        .conf = world->conf,
        .topics = world->topics,
        .n_topics = world->n_topics,
        .control = world->conf->control,
        .n_workers = worker->n_workers,
        .n_partitions = n_partitions,
        .event_fd = worker->kafka_fd,
        .assigned = pl_worker_assigned,
        .revoked = pl_worker_revoked,
        .problem = pl_worker_problem,
        .ctx = worker,
    };
    enum pl_status status = pl_kafka_new(&config, &world->kafka, err);

    if (status)
        world->kafka = asker;
    else
        (void)pl_kafka_free(asker, PL_SECOND_US);
    return status;
}

static enum pl_status make_redis(struct pl_worker *worker, struct pl_err *err)
{
    struct pl_slot_world *world = &worker->world;
    char name[96];
    struct pl_link_set_config config = {.up = pl_worker_node_up, .down = pl_worker_node_down, .ctx = worker};
    struct pl_key main_key = pl_key_main(world->conf->instance, "meta");

    snprintf(name, sizeof(name), "plateaud-%s-%u", world->conf->instance, worker->index);
    pl_link_set_configure(&config, world->conf, name);
    world->main_slot = pl_link_map_slot((struct pl_span){main_key.text, main_key.len});
    return pl_link_set_new(worker->base, &config, &world->redis, err);
}

static void on_event(evutil_socket_t fd, short what, void *ctx)
{
    uint64_t count;

    (void)what;
    if (fd >= 0 && read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
        pl_log(PL_LOG_ERROR, "event=eventfd_read errno=%d", errno);
    pl_worker_turn(ctx);
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
    if ((status = pl_worker_flatten_topics(&worker->world, err)))
        goto fail;
    pl_pseudonym_derive(&worker->pseudonym, conf->instance);
    if (conf->hash_key_file && (status = pl_pseudonym_load(&worker->pseudonym, conf->hash_key_file, err)))
        goto fail;
    if ((status = make_events(worker, err)) || (status = make_asker(worker, err)) || (status = make_redis(worker, err)))
        goto fail;
    *out = worker;
    return PL_OK;

fail:
    pl_worker_free(worker);
    return status;
}

void pl_worker_free(struct pl_worker *worker)
{
    if (!worker)
        return;
    assert(worker->n_slots == 0);
    if (worker->world.kafka)
        (void)pl_kafka_free(worker->world.kafka, PL_SECOND_US);
    pl_link_set_free(worker->world.redis);
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
