/* Shared by worker.c (thread, turn, life), worker_setup.c (construction), worker_group.c (what Kafka and Redis call
 * back) and worker_topics.c (facts about topics, the control topic); nobody else includes it. */
#ifndef PL_APP_WORKER_INTERNAL_H
#define PL_APP_WORKER_INTERNAL_H

#include "app/worker.h"

#include "adapter/log.h"
#include "app/slot.h"

#include <event2/event.h>

#include <pthread.h>

#define PL_WORKER_SLOTS_MAX 1024

struct pl_worker {
    struct pl_shared *shared; /* ref */
    unsigned index, n_workers;
    pthread_t thread;
    struct event_base *base;                     /* owned */
    struct event *on_kafka, *on_wake, *on_timer; /* owned */
    int kafka_fd, wake_fd;                       /* owned eventfds */
    struct pl_slot_world world;                  /* kafka, redis: owned; the rest refs */
    struct pl_pseudonym pseudonym;
    struct pl_control_log control;
    struct pl_slot *slots[PL_WORKER_SLOTS_MAX]; /* owned */
    struct slot_flags {
        bool leaving;
    } flags[PL_WORKER_SLOTS_MAX];
    unsigned n_slots;
    bool control_started;
    int64_t control_wanted;   /* offset the control window was last started at */
    int64_t control_retry_us; /* monotonic: not before, after the control topic could not be read from there */
    int64_t next_shape_us;    /* monotonic: when to count partitions again */
    bool switching;           /* a new configuration waits for clean slots */
    bool checked;             /* the topics are what they should be */
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

/* worker.c: one turn - everything that can be done now, without waiting. */
void pl_worker_turn(struct pl_worker *worker);

/* worker_setup.c: the topics of the world's configuration, in its order. */
enum pl_status pl_worker_flatten_topics(struct pl_slot_world *world, struct pl_err *err) PL_MUSTCHECK;

/* Replace the handle that only asks by the consumer of the group; on failure the former stays. */
enum pl_status pl_worker_join_group(struct pl_worker *worker, unsigned n_partitions, struct pl_err *err) PL_MUSTCHECK;

/* worker_group.c: callbacks of Kafka (partitions come and go, problems) and of Redis. ctx is the worker. */
void pl_worker_assigned(void *ctx, const int32_t *partitions, unsigned n);
void pl_worker_revoked(void *ctx, const int32_t *partitions, unsigned n, bool lost);
void pl_worker_problem(void *ctx, enum pl_status status, const char *what);
void pl_worker_node_up(void *ctx, struct pl_link_node *node);
void pl_worker_node_down(void *ctx, struct pl_link_node *node, const char *why);

/* worker_topics.c: are the topics known to be what they should be? Asks, now and then, until they are. */
bool pl_worker_is_checked(struct pl_worker *worker, int64_t now_us);

/* worker_topics.c: has the number of partitions changed? Then every slot halts. Call each turn. */
void pl_worker_watch_shape(struct pl_worker *worker, int64_t now_us);

/* worker_topics.c: read the control topic into the window of control records. */
void pl_worker_pump_control(struct pl_worker *worker);

#endif
