/* The Kafka side of one worker: one consumer of the group, its partitions' queues, and the control partition.
 *
 * The group subscribes to the first topic only; the same partition numbers of the other source topics are assigned
 * beside it, and so is the control partition (design 7). Each topic-partition has a queue of its own, so that a shard
 * can take from one input while another one waits; not reading a queue is the backpressure. Nothing is ever paused.
 *
 * Rebalance callbacks only record: `assigned` and `revoked` are called from pl_kafka_poll and must be answered with
 * pl_kafka_start / pl_kafka_stop for every partition, at any later time; polling goes on meanwhile.
 * auto.offset.reset=error, no commits of Kafka offsets that anything depends on. One thread.
 */
#ifndef PL_ADAPTER_KAFKA_H
#define PL_ADAPTER_KAFKA_H

#include "codec/conf.h"
#include "codec/decode.h"

struct pl_kafka;
struct pl_kafka_message; /* a librdkafka message */

#define PL_KAFKA_CONTROL PL_CONF_TOPICS_MAX /* the topic index of the control topic */
#define PL_KAFKA_BEGINNING INT64_C(-2)

struct pl_kafka_config {
    const struct pl_conf *conf;    /* [kafka] pairs, group, queue bytes; outlives the consumer */
    const char *const *topics;     /* source topics, [0] is subscribed to; with none, the control topic is */
    unsigned n_topics;
    const char *control;           /* control topic */
    unsigned n_workers;            /* kafka_queue is divided among them */
    const char *instance_id;       /* group.instance.id, or NULL */
    int event_fd;                  /* an eventfd that is written when a queue becomes non-empty */
    void (*assigned)(void *ctx, const int32_t *partitions, unsigned n);
    void (*revoked)(void *ctx, const int32_t *partitions, unsigned n, bool lost);
    void (*problem)(void *ctx, enum pl_status status, const char *what); /* errors worth a log line and a metric */
    void *ctx;
};

/* A taken message: `record` borrows from `message` until pl_kafka_release. */
struct pl_kafka_taken {
    struct pl_kafka_message *message; /* NULL: nothing buffered */
    struct pl_record record;
    bool at_end;                      /* no message because the log's end was reached (PARTITION_EOF) */
    const char *failure;              /* a partition that cannot go on: offset out of range, ...; NULL otherwise */
};

enum pl_status pl_kafka_new(const struct pl_kafka_config *config, struct pl_kafka **kafka, struct pl_err *err)
    PL_MUSTCHECK;

/* Leave the group and close within timeout_us; true when it went cleanly. Frees in any case. */
bool pl_kafka_free(struct pl_kafka *kafka, int64_t timeout_us);

/* Serve callbacks. Call when event_fd is readable and at least every 200 ms. */
void pl_kafka_poll(struct pl_kafka *kafka);

/* Begin to fetch partition p of every source topic, from offsets[topic] (or PL_KAFKA_BEGINNING). */
enum pl_status pl_kafka_start(struct pl_kafka *kafka, int32_t partition, const int64_t *offsets, struct pl_err *err)
    PL_MUSTCHECK;
/* Stop fetching it and answer its revocation. */
void pl_kafka_stop(struct pl_kafka *kafka, int32_t partition);

/* (Re)start the control partition at offset; stop it. */
enum pl_status pl_kafka_start_control(struct pl_kafka *kafka, int64_t offset, struct pl_err *err) PL_MUSTCHECK;
void pl_kafka_stop_control(struct pl_kafka *kafka);

/* Take the next message of a started topic-partition (topic index, or PL_KAFKA_CONTROL with partition 0). Never blocks.
 * Messages below the offset that is expected are dropped here. */
void pl_kafka_take(struct pl_kafka *kafka, unsigned topic, int32_t partition, struct pl_kafka_taken *taken);
void pl_kafka_release(struct pl_kafka_message *message);

/* High watermark minus position, for lag metrics; -1 unknown. */
int64_t pl_kafka_lag(struct pl_kafka *kafka, unsigned topic, int32_t partition);

/* Facts about topics, asked of the broker within timeout_us: partition counts (0: no such topic), and whether record
 * timestamps can be trusted (LogAppendTime, or timestamp.after.max.ms <= 1 h). A broker that does not answer the
 * configuration question gives trusted = true and a note in err. */
struct pl_kafka_topic_facts {
    int32_t partitions;
    bool trusted_time;
};
enum pl_status pl_kafka_facts(struct pl_kafka *kafka, const char *topic, int64_t timeout_us,
                              struct pl_kafka_topic_facts *facts, struct pl_err *err) PL_MUSTCHECK;

/* librdkafka's version text, and warnings about this version with this configuration (SCRAM before 2.6.1, ...). */
const char *pl_kafka_version(void);
void pl_kafka_warn(const struct pl_conf *conf, struct pl_buf *out);

#endif
