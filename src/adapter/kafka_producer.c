#include "adapter/kafka_producer.h"

#include "adapter/kafka_conf.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>

#define WAIT_MS 100

struct pl_kafka_producer {
    rd_kafka_t *rk; /* owned */
    uint64_t stored;
    char failure[PL_ERR_TEXT_BYTES]; /* of the first record that was not stored; "" while all is well */
    char trouble[PL_ERR_TEXT_BYTES]; /* what librdkafka last complained about */
};

static void keep(char out[PL_ERR_TEXT_BYTES], const char *text)
{
    size_t len = 0;

    while (text[len] && len < PL_ERR_TEXT_BYTES - 1)
        len++;
    (void)pl_span_copy((struct pl_span){text, len}, out, PL_ERR_TEXT_BYTES);
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *ctx)
{
    struct pl_kafka_producer *producer = ctx;

    (void)rk;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        producer->stored++;
    else if (!producer->failure[0])
        keep(producer->failure, rd_kafka_err2str(message->err));
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *ctx)
{
    struct pl_kafka_producer *producer = ctx;

    (void)rk;
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) /* it says nothing, and comes after what says why */
        keep(producer->trouble, reason);
}

static enum pl_status set_all(rd_kafka_conf_t *rk_conf, const struct pl_conf *conf, struct pl_err *err)
{
    static const char *const before[][2] = {
        {"client.id", "plateauctl"}, {"message.timeout.ms", "30000"}, {"linger.ms", "5"}};
    static const char *const after[][2] = {{"enable.idempotence", "true"}, {"acks", "all"}};
    char why[PL_ERR_TEXT_BYTES];
    enum pl_status status = PL_OK;

    for (size_t at = 0; at < sizeof(before) / sizeof(*before); at++)
        (void)rd_kafka_conf_set(rk_conf, before[at][0], before[at][1], NULL, 0);
    status = pl_kafka_conf_users(rk_conf, conf, err);
    for (size_t at = 0; !status && at < sizeof(after) / sizeof(*after); at++)
        if (rd_kafka_conf_set(rk_conf, after[at][0], after[at][1], why, sizeof(why)) != RD_KAFKA_CONF_OK)
            status = pl_err_set(err, PL_ERR_INPUT, "[kafka] %s: %s", after[at][0], why);
    return status;
}

enum pl_status pl_kafka_producer_new(const struct pl_conf *conf, struct pl_kafka_producer **out, struct pl_err *err)
{
    struct pl_kafka_producer *producer = calloc(1, sizeof(*producer));
    rd_kafka_conf_t *rk_conf = rd_kafka_conf_new();
    char why[PL_ERR_TEXT_BYTES];
    enum pl_status status;

    *out = NULL;
    status = producer ? set_all(rk_conf, conf, err) : pl_err_set(err, PL_ERR_NOMEM, "no memory for a producer");
    if (status) {
        rd_kafka_conf_destroy(rk_conf);
        free(producer);
        return status;
    }
    rd_kafka_conf_set_opaque(rk_conf, producer);
    rd_kafka_conf_set_dr_msg_cb(rk_conf, on_delivery);
    rd_kafka_conf_set_error_cb(rk_conf, on_error);
    rd_kafka_conf_set_log_cb(rk_conf, NULL); /* what matters comes to on_error */
    producer->rk = rd_kafka_new(RD_KAFKA_PRODUCER, rk_conf, why, sizeof(why));
    if (!producer->rk) {
        rd_kafka_conf_destroy(rk_conf);
        free(producer);
        return pl_err_set(err, PL_ERR_INPUT, "[kafka] %s", why);
    }
    *out = producer;
    return PL_OK;
}

void pl_kafka_producer_free(struct pl_kafka_producer *producer)
{
    if (!producer)
        return;
    (void)rd_kafka_purge(producer->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    (void)rd_kafka_poll(producer->rk, 0);
    rd_kafka_destroy(producer->rk);
    free(producer);
}

static enum pl_status check(const struct pl_kafka_producer *producer, struct pl_err *err)
{
    if (!producer->failure[0])
        return PL_OK;
    return pl_err_set(err, PL_ERR_IO, "Kafka did not store a record: %.80s%s%.150s", producer->failure,
                      producer->trouble[0] ? "; " : "", producer->trouble);
}

enum pl_status pl_kafka_producer_send(struct pl_kafka_producer *producer, const char *topic, int32_t partition,
                                      struct pl_span key, struct pl_span value, struct pl_err *err)
{
    for (;;) {
        rd_kafka_resp_err_t failed;

        (void)rd_kafka_poll(producer->rk, 0);
        if (check(producer, err))
            return PL_ERR_IO;
        failed = rd_kafka_producev(producer->rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                                   RD_KAFKA_V_KEY(key.ptr, key.len),
                                   RD_KAFKA_V_VALUE((void *)(uintptr_t)value.ptr, value.len),
                                   RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
        if (failed == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            (void)rd_kafka_poll(producer->rk, WAIT_MS);
        else if (failed != RD_KAFKA_RESP_ERR_NO_ERROR)
            return pl_err_set(err, PL_ERR_IO, "Kafka: %s", rd_kafka_err2str(failed));
        else
            return PL_OK;
    }
}

enum pl_status pl_kafka_producer_flush(struct pl_kafka_producer *producer, int64_t timeout_us, struct pl_err *err)
{
    rd_kafka_resp_err_t failed = rd_kafka_flush(producer->rk, (int)(timeout_us / 1000));

    if (check(producer, err))
        return PL_ERR_IO;
    if (failed)
        return pl_err_set(err, PL_ERR_IO, "Kafka did not answer in time%s%.150s", producer->trouble[0] ? ": " : "",
                          producer->trouble);
    return PL_OK;
}

uint64_t pl_kafka_producer_stored(const struct pl_kafka_producer *producer)
{
    return producer->stored;
}
