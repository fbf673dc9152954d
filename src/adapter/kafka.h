/* The Kafka side of one worker: one consumer of the group, its partitions' queues, and the control partition.
 *
 * The group subscribes to the first topic only; the same partition numbers of the other source topics are assigned
 * beside it, and so is the control partition (design 7). Each topic-partition has a queue of its own, so that a shard
 * can take from one input while another one waits; not reading a queue is the backpressure. Nothing is ever paused.
 *
 * Rebalance callbacks only record: `assigned` and `revoked` are called from pl_kafka_poll. Assigned partitions are
 * started at any later time, or never: the group does not wait for it. Revoked ones must be stopped, each, started or
 * not: the group waits for the last of them; a start that comes in between takes effect after it. Polling goes on.
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
    const struct pl_conf *conf; /* [kafka] pairs, group, queue bytes; outlives the consumer */
    const char *const *topics;  /* source topics, [0] is subscribed to; with none, the control topic is */
    unsigned n_topics;
    const char *control;     /* control topic; NULL and no topics: joins no group, for pl_kafka_facts only */
    unsigned n_workers;      /* kafka_queue is divided among them */
    unsigned n_partitions;   /* of one source topic, so that the queue is divided among all inputs; 0: unknown */
    const char *instance_id; /* group.instance.id, or NULL */
    int event_fd;            /* a non-blocking eventfd, written when an *empty* queue gets something; or -1 */
    void (*assigned)(void *ctx, const int32_t *partitions, unsigned n);
    void (*revoked)(void *ctx, const int32_t *partitions, unsigned n, bool lost);
    void (*problem)(void *ctx, enum pl_status status, const char *what); /* errors worth a log line and a metric;
                                                                            PL_OK: information, no error */
    void *ctx;
};

/* A taken message: `record` borrows from `message` until pl_kafka_release. */
struct pl_kafka_taken {
    struct pl_kafka_message *message; /* NULL: nothing buffered */
    struct pl_record record;
    bool at_end;                /* no message because the log's end was reached (PARTITION_EOF) */
    int64_t end;                /* with at_end: the offset of the next record to come */
    const char *failure;        /* a partition that cannot go on: offset out of range, ...; NULL otherwise.
                                   Valid until the next call; what heals by itself is NULL again later */
    bool out_of_range;          /* with a failure: the wanted offset is not in the log */
    bool damaged;               /* with a failure: a batch whose checksum is wrong; nothing comes until a new start */
    int64_t log_start, log_end; /* with a failure: the offsets that the broker holds, -1 unknown */
};

enum pl_status pl_kafka_new(const struct pl_kafka_config *config, struct pl_kafka **kafka,
                            struct pl_err *err) PL_MUSTCHECK;

/* Leave the group and close within timeout_us; true when the group was left. Frees in any case. Every taken message has
 * been released before. */
bool pl_kafka_free(struct pl_kafka *kafka, int64_t timeout_us);

/* Serve callbacks. Call when event_fd is readable and at least every 200 ms. */
void pl_kafka_poll(struct pl_kafka *kafka);

/* Begin to fetch partition p of every source topic, from offsets[topic] (or PL_KAFKA_BEGINNING). STATE when it was
 * started before. */
enum pl_status pl_kafka_start(struct pl_kafka *kafka, int32_t partition, const int64_t *offsets,
                              struct pl_err *err) PL_MUSTCHECK;
/* Stop fetching it and answer its revocation. */
void pl_kafka_stop(struct pl_kafka *kafka, int32_t partition);

/* (Re)start the control partition at offset; stop it. */
enum pl_status pl_kafka_start_control(struct pl_kafka *kafka, int64_t offset, struct pl_err *err) PL_MUSTCHECK;
void pl_kafka_stop_control(struct pl_kafka *kafka);

/* Take the next message of a started topic-partition (topic index, or PL_KAFKA_CONTROL with partition 0). Never blocks,
 * but for at most a second to ask for the log's bounds when a partition fails. Messages below the offset that is
 * expected are dropped here. Whoever does not take until nothing is left must come back by itself: event_fd is written
 * only when a queue that was found empty gets something. */
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

/* The number of partitions alone, 0 when there is no such topic: one question to one broker. */
enum pl_status pl_kafka_partitions(struct pl_kafka *kafka, const char *topic, int64_t timeout_us, int32_t *partitions,
                                   struct pl_err *err) PL_MUSTCHECK;

/* librdkafka's version text, and warnings about this version with this configuration (SCRAM before 2.6.1, ...). */
const char *pl_kafka_version(void);
void pl_kafka_warn(const struct pl_conf *conf, struct pl_buf *out);

#endif
