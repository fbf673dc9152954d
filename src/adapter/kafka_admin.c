#include "adapter/kafka_internal.h"

#include "adapter/clock.h"
#include "util/num.h"

#include <string.h>

#define CONFIG_PATIENCE_US (3 * PL_SECOND_US) /* a broker that cannot be asked is silent until then */
#define TRUSTED_AHEAD_MS (INT64_C(3600) * 1000)

static int remaining_ms(int64_t deadline_us)
{
    int64_t left_us = deadline_us - pl_clock_monotonic_us();

    return left_us > 0 ? (int)(left_us / 1000) + 1 : 1;
}

static enum pl_status count_partitions(struct pl_kafka *kafka, const char *topic, int64_t deadline_us,
                                       struct pl_kafka_topic_facts *facts, struct pl_err *err)
{
    rd_kafka_topic_t *handle = rd_kafka_topic_new(kafka->rk, topic, NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t failed;

    if (!handle)
        return pl_err_set(err, PL_ERR_INPUT, "topic %s: %s", topic, rd_kafka_err2str(rd_kafka_last_error()));
    failed = rd_kafka_metadata(kafka->rk, 0, handle, &metadata, remaining_ms(deadline_us));
    rd_kafka_topic_destroy(handle);
    if (!failed && metadata->topic_cnt == 1) {
        failed = metadata->topics[0].err;
        facts->partitions = failed ? 0 : metadata->topics[0].partition_cnt;
    }
    if (metadata)
        rd_kafka_metadata_destroy(metadata);
    if (failed == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || failed == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
        return PL_OK;
    if (!failed)
        return PL_OK;
    /* That no broker can be reached has a cause, a refused certificate or password: it waits to be polled. */
    pl_kafka_serve(kafka);
    return pl_err_set(err, PL_ERR_IO, "topic %.80s: %s%s%.300s", topic, rd_kafka_err2str(failed),
                      kafka->trouble[0] ? "; " : "", kafka->trouble);
}

/* LogAppendTime, or a bound on how far a producer's time may run ahead; before Kafka 3.6 the bound was of both
 * directions and had another name. */
static bool is_trusted(const rd_kafka_ConfigEntry_t **entries, size_t n)
{
    bool trusted = false;

    for (size_t at = 0; at < n; at++) {
        const char *name = rd_kafka_ConfigEntry_name(entries[at]);
        const char *value = rd_kafka_ConfigEntry_value(entries[at]);
        int64_t ahead_ms;

        if (!value)
            continue;
        if (strcmp(name, "message.timestamp.type") == 0)
            trusted = trusted || strcmp(value, "LogAppendTime") == 0;
        else if (strcmp(name, "message.timestamp.after.max.ms") == 0 ||
                 strcmp(name, "message.timestamp.difference.max.ms") == 0)
            trusted = trusted || (pl_num_int(pl_span_of(value), &ahead_ms) && ahead_ms <= TRUSTED_AHEAD_MS);
    }
    return trusted;
}

static void read_answer(rd_kafka_event_t *event, const char *topic, struct pl_kafka_topic_facts *facts,
                        struct pl_err *err)
{
    const rd_kafka_ConfigResource_t **resources;
    const rd_kafka_ConfigEntry_t **entries;
    size_t n = 0, n_entries = 0;

    if (!event || rd_kafka_event_error(event)) {
        pl_err_set(err, PL_OK, "topic %s: its configuration is unknown: %s", topic,
                   event ? rd_kafka_event_error_string(event) : "no answer");
        return;
    }
    resources = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &n);
    if (n != 1 || rd_kafka_ConfigResource_error(resources[0])) {
        pl_err_set(err, PL_OK, "topic %s: its configuration is unknown: %s", topic,
                   n == 1 ? rd_kafka_ConfigResource_error_string(resources[0]) : "an odd answer");
        return;
    }
    entries = rd_kafka_ConfigResource_configs(resources[0], &n_entries);
    facts->trusted_time = is_trusted(entries, n_entries);
}

static void ask_configuration(struct pl_kafka *kafka, const char *topic, int64_t deadline_us,
                              struct pl_kafka_topic_facts *facts, struct pl_err *err)
{
    rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(kafka->rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka->rk);
    rd_kafka_event_t *event;

    rd_kafka_AdminOptions_set_request_timeout(options, remaining_ms(deadline_us), NULL, 0);
    rd_kafka_DescribeConfigs(kafka->rk, &resource, 1, options, queue);
    event = rd_kafka_queue_poll(queue, remaining_ms(deadline_us));
    read_answer(event, topic, facts, err);
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ConfigResource_destroy(resource);
}

enum pl_status pl_kafka_partitions(struct pl_kafka *kafka, const char *topic, int64_t timeout_us, int32_t *partitions,
                                   struct pl_err *err)
{
    struct pl_kafka_topic_facts facts = {.partitions = 0};
    enum pl_status status = count_partitions(kafka, topic, pl_clock_monotonic_us() + timeout_us, &facts, err);

    *partitions = facts.partitions;
    return status;
}

enum pl_status pl_kafka_facts(struct pl_kafka *kafka, const char *topic, int64_t timeout_us,
                              struct pl_kafka_topic_facts *facts, struct pl_err *err)
{
    int64_t deadline_us = pl_clock_monotonic_us() + timeout_us;
    int64_t config_deadline_us;
    enum pl_status status;

    if (err)
        *err = (struct pl_err){0};
    *facts = (struct pl_kafka_topic_facts){.trusted_time = true};
    status = count_partitions(kafka, topic, deadline_us, facts, err);
    if (status || !facts->partitions)
        return status;
    config_deadline_us = pl_clock_monotonic_us() + CONFIG_PATIENCE_US;
    ask_configuration(kafka, topic, config_deadline_us < deadline_us ? config_deadline_us : deadline_us, facts, err);
    return PL_OK;
}
