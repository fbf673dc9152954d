#include "adapter/kafka_internal.h"

#include "adapter/clock.h"
#include "util/stamp.h"

#include <stdlib.h>
#include <string.h>

#define BOUND_TIMEOUT_MS 500
#define NUDGE_INTERVAL_US 5000

static const uint64_t wake_value = 1; /* what an eventfd wants to be written */

struct pl_kafka_input *pl_kafka_input_find(struct pl_kafka *kafka, unsigned topic, int32_t partition)
{
    if (topic >= PL_KAFKA_LANES || partition < 0 || partition >= kafka->lanes[topic].n)
        return NULL;
    return kafka->lanes[topic].inputs[partition];
}

static bool widen(struct pl_kafka_lane *lane, int32_t partition)
{
    int32_t n = partition + 1;
    struct pl_kafka_input **inputs;

    if (n <= lane->n)
        return true;
    inputs = realloc(lane->inputs, (size_t)n * sizeof(struct pl_kafka_input *));
    if (!inputs)
        return false;
    memset(inputs + lane->n, 0, (size_t)(n - lane->n) * sizeof(struct pl_kafka_input *));
    lane->inputs = inputs;
    lane->n = n;
    return true;
}

struct pl_kafka_input *pl_kafka_input_get(struct pl_kafka *kafka, unsigned topic, int32_t partition)
{
    struct pl_kafka_input *input = pl_kafka_input_find(kafka, topic, partition);

    if (input)
        return input;
    if (partition < 0 || partition >= PL_KAFKA_PARTITIONS_MAX || !widen(&kafka->lanes[topic], partition))
        return NULL;
    input = calloc(1, sizeof(*input));
    if (!input)
        return NULL;
    input->topic = topic;
    input->partition = partition;
    kafka->lanes[topic].inputs[partition] = input;
    return input;
}

/* The queue must be cut loose from the consumer's own one before the partition is assigned: librdkafka then leaves it
 * alone at every later assignment - of the same partition object. As long as it has no metadata of the topic, that
 * object ends when the partition is unassigned, and the queue that we have would be nobody's: open it anew after an
 * unassign. */
bool pl_kafka_input_open(struct pl_kafka *kafka, struct pl_kafka_input *input)
{
    if (input->queue)
        return true;
    input->queue = rd_kafka_queue_get_partition(kafka->rk, kafka->topics[input->topic], input->partition);
    if (!input->queue)
        return false;
    rd_kafka_queue_forward(input->queue, NULL);
    if (kafka->config.event_fd >= 0)
        rd_kafka_queue_io_event_enable(input->queue, kafka->config.event_fd, &wake_value, sizeof(wake_value));
    return true;
}

static void forget_failure(struct pl_kafka_input *input)
{
    free(input->failure);
    input->failure = NULL;
    input->out_of_range = input->damaged = false;
    input->log_start = input->log_end = -1;
}

bool pl_kafka_input_want(struct pl_kafka *kafka, struct pl_kafka_input *input, int64_t offset)
{
    if (!pl_kafka_input_open(kafka, input))
        return false;
    input->wanted = true;
    input->restart = input->assigned;
    input->start = offset;
    input->expected = offset < 0 ? 0 : offset;
    input->end = 0;
    input->at_end = false;
    forget_failure(input);
    return true;
}

static void drain(struct pl_kafka_input *input)
{
    rd_kafka_message_t *messages[64];
    ssize_t n;

    do {
        n = rd_kafka_consume_batch_queue(input->queue, 0, messages, 64);
        for (ssize_t at = 0; at < n; at++)
            rd_kafka_message_destroy(messages[at]);
    } while (n > 0);
}

void pl_kafka_input_shut(struct pl_kafka_input *input)
{
    if (!input->queue)
        return;
    rd_kafka_queue_io_event_enable(input->queue, -1, NULL, 0);
    drain(input);
    rd_kafka_queue_destroy(input->queue);
    input->queue = NULL;
}

void pl_kafka_inputs_free(struct pl_kafka *kafka)
{
    for (unsigned topic = 0; topic < PL_KAFKA_LANES; topic++) {
        struct pl_kafka_lane *lane = &kafka->lanes[topic];

        for (int32_t partition = 0; partition < lane->n; partition++) {
            if (!lane->inputs[partition])
                continue;
            pl_kafka_input_shut(lane->inputs[partition]);
            free(lane->inputs[partition]->failure);
            free(lane->inputs[partition]);
        }
        free(lane->inputs);
        *lane = (struct pl_kafka_lane){0};
    }
}

void pl_kafka_input_fail(struct pl_kafka *kafka, struct pl_kafka_input *input, const char *text)
{
    struct pl_buf line;

    pl_buf_init(&line, 0);
    pl_buf_addf(&line, "%s[%d]: %s", kafka->topics[input->topic], (int)input->partition, text);
    free(input->failure);
    input->failure = line.ptr;
    if (!input->failure)
        input->failure = strdup("failed, and no memory to say why");
}

/* One end of the log, -1 when the broker does not say in time. rd_kafka_query_watermark_offsets would give both at
 * once, but has no timeout before 2.3.0. */
static int64_t ask_bound(struct pl_kafka *kafka, const struct pl_kafka_input *input, int64_t which)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *element =
        rd_kafka_topic_partition_list_add(list, kafka->topics[input->topic], input->partition);
    int64_t offset = -1;

    element->offset = which;
    if (!rd_kafka_offsets_for_times(kafka->rk, list, BOUND_TIMEOUT_MS) && !element->err)
        offset = element->offset;
    rd_kafka_topic_partition_list_destroy(list);
    return offset;
}

/* The stored offset is not in the log: say what is, so that a human can tell retention from a topic made anew. */
static void fail_out_of_range(struct pl_kafka *kafka, struct pl_kafka_input *input, int64_t offset)
{
    char text[PL_ERR_TEXT_BYTES];
    int64_t low = ask_bound(kafka, input, RD_KAFKA_OFFSET_BEGINNING);
    int64_t high = low < 0 ? -1 : ask_bound(kafka, input, RD_KAFKA_OFFSET_END);

    input->out_of_range = true;
    input->log_start = low;
    input->log_end = high;
    if (low < 0)
        snprintf(text, sizeof(text), "offset %lld is not in the log", (long long)offset);
    else if (offset < low)
        snprintf(text, sizeof(text),
                 "offset %lld is not in the log, which begins at %lld and ends at %lld: %lld records are gone",
                 (long long)offset, (long long)low, (long long)high, (long long)(low - offset));
    else
        snprintf(text, sizeof(text),
                 "offset %lld is beyond the end of the log, which begins at %lld and ends at %lld: "
                 "was the topic made anew?",
                 (long long)offset, (long long)low, (long long)high);
    pl_kafka_input_fail(kafka, input, text);
}

/* Errors after which an input cannot go on. Some need a human, some heal by themselves: librdkafka goes on trying, and
 * the next message clears them. */
static bool ends_input(rd_kafka_resp_err_t error)
{
    switch (error) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR__FATAL:
        return true;
    default:
        return false;
    }
}

bool pl_kafka_input_error(struct pl_kafka *kafka, struct pl_kafka_input *input, rd_kafka_resp_err_t error,
                          const char *text)
{
    if (!ends_input(error))
        return false;
    input->at_end = false;
    /* librdkafka goes on behind such a batch: whatever comes now comes after a hole. */
    if (error == RD_KAFKA_RESP_ERR__BAD_MSG || error == RD_KAFKA_RESP_ERR__BAD_COMPRESSION)
        input->damaged = true;
    if (input->failure)
        return true; /* said before; librdkafka repeats itself every second */
    pl_kafka_input_fail(kafka, input, text);
    pl_kafka_problem(kafka, PL_ERR_INPUT, "%s", input->failure);
    return true;
}

static void note_error(struct pl_kafka *kafka, struct pl_kafka_input *input, const rd_kafka_message_t *message)
{
    switch (message->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        input->at_end = true;
        input->end = message->offset;
        forget_failure(input);
        return;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        input->at_end = false;
        fail_out_of_range(kafka, input, message->offset >= 0 ? message->offset : input->expected);
        pl_kafka_problem(kafka, PL_ERR_INPUT, "%s", input->failure);
        return;
    default:
        if (!pl_kafka_input_error(kafka, input, message->err, rd_kafka_message_errstr(message)))
            pl_kafka_problem(kafka, PL_ERR_IO, "%s[%d]: %s", kafka->topics[input->topic], (int)input->partition,
                             rd_kafka_message_errstr(message));
    }
}

static void hand_out(const struct pl_kafka *kafka, struct pl_kafka_input *input, rd_kafka_message_t *message,
                     struct pl_kafka_taken *taken)
{
    rd_kafka_timestamp_type_t type;
    int64_t timestamp_ms = rd_kafka_message_timestamp(message, &type);
    bool has_time = timestamp_ms >= 0 && type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && timestamp_ms <= INT64_MAX / 1000;

    input->expected = message->offset + 1;
    input->at_end = false;
    input->flowing = true;
    if (input->failure)
        forget_failure(input);
    taken->message = (struct pl_kafka_message *)message;
    taken->record = (struct pl_record){
        .topic = pl_span_of(kafka->topics[input->topic]),
        .key = {message->key, message->key_len},
        .value = {message->payload, message->len},
        .is_null = !message->payload,
        .partition = input->partition,
        .offset = message->offset,
        .timestamp_us = has_time ? timestamp_ms * 1000 : PL_TIME_NONE,
    };
}

/* Before 2.2.0, when the queues of all partitions of a broker are full, the thread that fetches from it sleeps for up
 * to a second, however soon they are empty again: a worker that is slower than the network would stand still most of
 * the time (measured: 94 k records/s instead of 700 k with 8 MB of queues). Any request to that broker wakes the
 * thread. The cheapest one that does not wait for its answer is an offset query without patience: one for each time an
 * input runs dry in full flow, but not right after the last one, which has refilled this input too. */
static void nudge(struct pl_kafka *kafka, struct pl_kafka_input *input)
{
    int64_t now_us = pl_clock_monotonic_us();
    rd_kafka_topic_partition_list_t *list;

    if (now_us - kafka->nudged_us < NUDGE_INTERVAL_US)
        return;
    kafka->nudged_us = now_us;
    input->flowing = false;
    list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, kafka->topics[input->topic], input->partition)->offset =
        RD_KAFKA_OFFSET_END;
    rd_kafka_offsets_for_times(kafka->rk, list, 0); /* times out, by intention */
    rd_kafka_topic_partition_list_destroy(list);
}

/* One message per call of librdkafka, not an array: before 2.1.0 a batch call that meets a rebalance (which pauses
 * every assigned partition for a moment) throws away what it has gathered after having moved the position past it, and
 * those records never come again (seen: 10 gaps, 2,445 of 800,000 records, with 30 pauses a second; none one by one).
 * Taken one by one, a message either comes to us or is fetched anew. */
static rd_kafka_message_t *next_message(struct pl_kafka *kafka, struct pl_kafka_input *input)
{
    rd_kafka_message_t *message = NULL;

    kafka->taking = input;
    while (input->queue && !input->restart && !input->damaged && (message = rd_kafka_consume_queue(input->queue, 0))) {
        if (!message->err && message->offset >= input->expected)
            break;
        if (message->err)
            note_error(kafka, input, message);
        rd_kafka_message_destroy(message);
        message = NULL;
    }
    kafka->taking = NULL;
    return message;
}

void pl_kafka_take(struct pl_kafka *kafka, unsigned topic, int32_t partition, struct pl_kafka_taken *taken)
{
    struct pl_kafka_input *input = pl_kafka_input_find(kafka, topic, partition);
    rd_kafka_message_t *message;

    *taken = (struct pl_kafka_taken){.log_start = -1, .log_end = -1};
    if (!input || !input->wanted)
        return;
    message = next_message(kafka, input);
    if (message) {
        hand_out(kafka, input, message, taken);
        return;
    }
    if (input->flowing && !input->at_end && kafka->needs_nudges)
        nudge(kafka, input);
    taken->at_end = input->at_end;
    taken->end = input->end;
    taken->out_of_range = input->out_of_range;
    taken->damaged = input->damaged;
    taken->failure = input->failure;
    taken->log_start = input->log_start;
    taken->log_end = input->log_end;
}

void pl_kafka_release(struct pl_kafka_message *message)
{
    if (message)
        rd_kafka_message_destroy((rd_kafka_message_t *)message);
}

int64_t pl_kafka_lag(struct pl_kafka *kafka, unsigned topic, int32_t partition)
{
    const struct pl_kafka_input *input = pl_kafka_input_find(kafka, topic, partition);
    int64_t low, high, position;

    if (!input || !input->assigned)
        return -1;
    if (rd_kafka_get_watermark_offsets(kafka->rk, kafka->topics[topic], partition, &low, &high) || high < 0)
        return -1;
    position = input->expected > input->end ? input->expected : input->end;
    return high > position ? high - position : 0;
}
