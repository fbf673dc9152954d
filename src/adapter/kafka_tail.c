#include "adapter/kafka_tail.h"

#include "adapter/kafka_conf.h"
#include "util/stamp.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

#define TOPICS_MAX PL_CONF_TOPICS_MAX

/* One topic being read. */
struct reading {
    rd_kafka_topic_t *topic; /* owned */
    int32_t partitions;      /* that were started */
};

/* The old consumer interface of librdkafka: the only one that needs no group.id, not even a pretended one. */
struct pl_kafka_tail {
    rd_kafka_t *rk;          /* owned */
    rd_kafka_queue_t *queue; /* owned */
    struct reading readings[TOPICS_MAX];
    unsigned n;
    char trouble[PL_ERR_TEXT_BYTES];
};

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *ctx)
{
    struct pl_kafka_tail *tail = ctx;
    size_t len = strnlen(reason, sizeof(tail->trouble) - 1);

    (void)rk;
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) /* it says nothing, and comes after what says why */
        (void)pl_span_copy((struct pl_span){reason, len}, tail->trouble, sizeof(tail->trouble));
}

static enum pl_status set_all(rd_kafka_conf_t *rk_conf, const struct pl_conf *conf, struct pl_err *err)
{
    static const char *const after[][2] = {{"enable.auto.commit", "false"},
                                           {"enable.auto.offset.store", "false"},
                                           {"allow.auto.create.topics", "false"},
                                           {"queued.max.messages.kbytes", "16384"},
                                           {"isolation.level", "read_committed"}};
    enum pl_status status = PL_OK;
    char why[PL_ERR_TEXT_BYTES];

    (void)rd_kafka_conf_set(rk_conf, "client.id", "plateauctl", NULL, 0);
    status = pl_kafka_conf_users(rk_conf, conf, err);
    for (size_t at = 0; !status && at < sizeof(after) / sizeof(*after); at++)
        if (rd_kafka_conf_set(rk_conf, after[at][0], after[at][1], why, sizeof(why)) != RD_KAFKA_CONF_OK)
            status = pl_err_set(err, PL_ERR_INPUT, "[kafka] %s: %s", after[at][0], why);
    return status;
}

enum pl_status pl_kafka_tail_new(const struct pl_conf *conf, struct pl_kafka_tail **out, struct pl_err *err)
{
    struct pl_kafka_tail *tail = calloc(1, sizeof(*tail));
    rd_kafka_conf_t *rk_conf = rd_kafka_conf_new();
    char why[PL_ERR_TEXT_BYTES];
    enum pl_status status;

    *out = NULL;
    status = tail ? set_all(rk_conf, conf, err) : pl_err_set(err, PL_ERR_NOMEM, "no memory for a consumer");
    if (status) {
        rd_kafka_conf_destroy(rk_conf);
        free(tail);
        return status;
    }
    rd_kafka_conf_set_opaque(rk_conf, tail);
    rd_kafka_conf_set_error_cb(rk_conf, on_error);
    rd_kafka_conf_set_log_cb(rk_conf, NULL); /* what matters comes to on_error */
    tail->rk = rd_kafka_new(RD_KAFKA_CONSUMER, rk_conf, why, sizeof(why));
    if (!tail->rk) {
        rd_kafka_conf_destroy(rk_conf);
        free(tail);
        return pl_err_set(err, PL_ERR_INPUT, "[kafka] %s", why);
    }
    tail->queue = rd_kafka_queue_new(tail->rk);
    *out = tail;
    return PL_OK;
}

void pl_kafka_tail_free(struct pl_kafka_tail *tail)
{
    if (!tail)
        return;
    for (unsigned at = 0; at < tail->n; at++) {
        for (int32_t p = 0; p < tail->readings[at].partitions; p++)
            (void)rd_kafka_consume_stop(tail->readings[at].topic, p);
        rd_kafka_topic_destroy(tail->readings[at].topic);
    }
    rd_kafka_queue_destroy(tail->queue);
    rd_kafka_destroy(tail->rk);
    free(tail);
}

static enum pl_status count_partitions(struct pl_kafka_tail *tail, rd_kafka_topic_t *topic, int64_t timeout_us,
                                       int32_t *partitions, struct pl_err *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t failed = rd_kafka_metadata(tail->rk, 0, topic, &metadata, (int)(timeout_us / 1000));

    *partitions = 0;
    if (!failed && metadata->topic_cnt == 1) {
        failed = metadata->topics[0].err;
        *partitions = failed ? 0 : metadata->topics[0].partition_cnt;
    }
    if (metadata)
        rd_kafka_metadata_destroy(metadata);
    if (failed)
        (void)rd_kafka_poll(tail->rk, 0);
    if (failed)
        return pl_err_set(err, failed == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ? PL_ERR_INPUT : PL_ERR_IO,
                          "topic %.80s: %s%s%.150s", rd_kafka_topic_name(topic), rd_kafka_err2str(failed),
                          tail->trouble[0] ? "; " : "", tail->trouble);
    return PL_OK;
}

enum pl_status pl_kafka_tail_add(struct pl_kafka_tail *tail, const char *name, unsigned back, int64_t timeout_us,
                                 struct pl_err *err)
{
    int64_t from = back ? RD_KAFKA_OFFSET_TAIL((int64_t)back) : (int64_t)RD_KAFKA_OFFSET_END;
    struct reading *reading = &tail->readings[tail->n];
    int32_t partitions;
    enum pl_status status;

    if (tail->n == TOPICS_MAX)
        return pl_err_set(err, PL_ERR_FULL, "more than %d topics", TOPICS_MAX);
    reading->topic = rd_kafka_topic_new(tail->rk, name, NULL);
    reading->partitions = 0;
    if (!reading->topic)
        return pl_err_set(err, PL_ERR_INPUT, "topic %s: %s", name, rd_kafka_err2str(rd_kafka_last_error()));
    tail->n++;
    status = count_partitions(tail, reading->topic, timeout_us, &partitions, err);
    for (int32_t p = 0; !status && p < partitions; p++) {
        if (rd_kafka_consume_start_queue(reading->topic, p, from, tail->queue) != 0)
            status = pl_err_set(err, PL_ERR_IO, "topic %s: %s", name, rd_kafka_err2str(rd_kafka_last_error()));
        else
            reading->partitions++;
    }
    return status;
}

static void view(const rd_kafka_message_t *message, struct pl_record *record)
{
    rd_kafka_timestamp_type_t type;
    int64_t timestamp_ms = rd_kafka_message_timestamp(message, &type);

    *record = (struct pl_record){
        .topic = pl_span_of(rd_kafka_topic_name(message->rkt)),
        .key = {message->key, message->key_len},
        .value = {message->payload, message->len},
        .is_null = message->payload == NULL,
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_us =
            type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || timestamp_ms < 0 ? PL_TIME_NONE : timestamp_ms * 1000,
    };
}

enum pl_status pl_kafka_tail_next(struct pl_kafka_tail *tail, int64_t timeout_us, struct pl_kafka_tail_taken *taken,
                                  struct pl_err *err)
{
    rd_kafka_message_t *message = rd_kafka_consume_queue(tail->queue, (int)(timeout_us / 1000));
    rd_kafka_resp_err_t failed;

    taken->message = NULL;
    (void)rd_kafka_poll(tail->rk, 0);
    if (!message)
        return PL_OK;
    failed = message->err;
    if (!failed) {
        taken->message = message;
        view(message, &taken->record);
        return PL_OK;
    }
    rd_kafka_message_destroy(message);
    if (failed == RD_KAFKA_RESP_ERR__PARTITION_EOF || failed == RD_KAFKA_RESP_ERR__TRANSPORT)
        return PL_OK; /* heals by itself */
    return pl_err_set(err, PL_ERR_IO, "Kafka: %s", rd_kafka_err2str(failed));
}

void pl_kafka_tail_release(void *message)
{
    rd_kafka_message_destroy(message);
}
