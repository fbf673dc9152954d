/* Feed a Kafka broker from lines on standard input: how every integration test and the demo produce.
 *
 *     produce -b BOOTSTRAP [--delete TOPIC]... [--create TOPIC:PARTITIONS[,CONFIG=VALUE]...]...
 *             [--forget TOPIC:PARTITION:OFFSET]... [--widen TOPIC:PARTITIONS]... [--rate N] [-X KEY=VALUE]...
 *
 * A line is  topic TAB partition TAB key TAB timestamp_ms TAB value.  Partition -1: by key, as Java clients do
 * (murmur2_random, or -X partitioner=...). An empty key: none. An empty timestamp: now. No fifth field: a tombstone.
 * Everything is acknowledged by all replicas, in order. --create makes topics that keep records of any age and waits
 * until they can be used; one that exists is left alone. --delete waits until the topic is gone.
 * --forget deletes the records below an offset, as retention does; --widen adds partitions to a topic. Prints how many
 * records were produced; fails if any was not.
 */
#include "util/num.h"

#include <getopt.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REQUESTS_MAX 64
#define TOPICS_MAX 64
#define TIMEOUT_MS 30000

/* An admin request of the command line; carried out in the order given. */
struct request {
    char kind; /* c, d, f, w: the option */
    const char *spec;
};

struct state {
    rd_kafka_t *rk;
    struct request requests[REQUESTS_MAX];
    unsigned n_requests;
    rd_kafka_topic_t *topics[TOPICS_MAX]; /* handles by first use */
    unsigned n_topics;
    int64_t rate; /* records per second, 0: no limit */
    unsigned long long sent, failed;
};

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *ctx)
{
    struct state *state = ctx;

    (void)rk;
    if (!message->err)
        return;
    if (state->failed++ == 0)
        fprintf(stderr, "produce: %s[%d]: %s\n", rd_kafka_topic_name(message->rkt), (int)message->partition,
                rd_kafka_err2str(message->err));
}

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * PL_SECOND_US + now.tv_nsec / 1000;
}

/* "topic:8,cleanup.policy=compact" */
static rd_kafka_NewTopic_t *parse_topic(const char *spec, char *name, size_t cap)
{
    struct pl_span rest = pl_span_of(spec);
    struct pl_span head = pl_span_cut(&rest, ',');
    struct pl_span topic = pl_span_cut(&head, ':');
    char key[128], value[256];
    rd_kafka_NewTopic_t *made;
    int64_t partitions;

    if (!pl_span_copy(topic, name, cap) || !pl_num_int(head, &partitions) || partitions < 1 || partitions > 10000)
        return NULL;
    made = rd_kafka_NewTopic_new(name, (int)partitions, -1, NULL, 0);
    rd_kafka_NewTopic_set_config(made, "retention.ms", "-1"); /* simulated events are often long past */
    while (rest.ptr) {
        struct pl_span setting = pl_span_cut(&rest, ',');
        struct pl_span left = pl_span_cut(&setting, '=');

        if (!pl_span_copy(left, key, sizeof(key)) || !pl_span_copy(setting, value, sizeof(value)))
            continue;
        rd_kafka_NewTopic_set_config(made, key, value);
    }
    return made;
}

static bool is_visible(rd_kafka_t *rk, const char *name)
{
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    bool visible = topic && !rd_kafka_metadata(rk, 0, topic, &metadata, TIMEOUT_MS) && metadata->topic_cnt == 1 &&
                   !metadata->topics[0].err && metadata->topics[0].partition_cnt > 0;

    for (int at = 0; visible && at < metadata->topics[0].partition_cnt; at++)
        visible = !metadata->topics[0].partitions[at].err && metadata->topics[0].partitions[at].leader >= 0;
    if (metadata)
        rd_kafka_metadata_destroy(metadata);
    if (topic)
        rd_kafka_topic_destroy(topic);
    return visible;
}

static bool await_visible(rd_kafka_t *rk, const char *name, bool visible)
{
    for (int tries = 0; is_visible(rk, name) != visible; tries++) {
        if (tries == 300)
            return false;
        usleep(50 * 1000);
    }
    return true;
}

static bool await_creation(rd_kafka_queue_t *queue, const char *name)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, TIMEOUT_MS);
    const rd_kafka_topic_result_t **results;
    size_t n = 0;
    bool ok = false;

    if (!event || rd_kafka_event_error(event)) {
        fprintf(stderr, "produce: %s: %s\n", name, event ? rd_kafka_event_error_string(event) : "no answer");
        goto destroy;
    }
    results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &n);
    ok = n == 1 && (!rd_kafka_topic_result_error(results[0]) ||
                    rd_kafka_topic_result_error(results[0]) == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS);
    if (!ok)
        fprintf(stderr, "produce: %s: %s\n", name, n ? rd_kafka_topic_result_error_string(results[0]) : "no result");
destroy:
    rd_kafka_event_destroy(event);
    return ok;
}

static bool create(rd_kafka_t *rk, const char *spec)
{
    char name[256];
    rd_kafka_NewTopic_t *topic = parse_topic(spec, name, sizeof(name));
    rd_kafka_queue_t *queue;
    bool ok;

    if (!topic) {
        fprintf(stderr, "produce: %s: want TOPIC:PARTITIONS[,CONFIG=VALUE]...\n", spec);
        return false;
    }
    queue = rd_kafka_queue_new(rk);
    rd_kafka_CreateTopics(rk, &topic, 1, NULL, queue);
    ok = await_creation(queue, name);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(topic);
    return ok && await_visible(rk, name, true);
}

static bool delete_topic(rd_kafka_t *rk, const char *name)
{
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(name);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_event_t *event;
    bool ok;

    rd_kafka_DeleteTopics(rk, &topic, 1, NULL, queue);
    event = rd_kafka_queue_poll(queue, TIMEOUT_MS);
    ok = event && !rd_kafka_event_error(event);
    if (!ok)
        fprintf(stderr, "produce: delete %s: %s\n", name, event ? rd_kafka_event_error_string(event) : "no answer");
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_DeleteTopic_destroy(topic);
    return ok && await_visible(rk, name, false);
}

/* "topic:0:100" */
static bool forget(rd_kafka_t *rk, const char *spec)
{
    struct pl_span rest = pl_span_of(spec);
    struct pl_span topic = pl_span_cut(&rest, ':');
    struct pl_span partition_text = pl_span_cut(&rest, ':');
    rd_kafka_topic_partition_list_t *list;
    rd_kafka_DeleteRecords_t *records;
    rd_kafka_queue_t *queue;
    rd_kafka_event_t *event;
    int64_t partition, offset;
    char name[256];
    bool ok;

    if (!pl_span_copy(topic, name, sizeof(name)) || !pl_num_int(partition_text, &partition) ||
        !pl_num_int(rest, &offset)) {
        fprintf(stderr, "produce: %s: want TOPIC:PARTITION:OFFSET\n", spec);
        return false;
    }
    list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, name, (int32_t)partition)->offset = offset;
    records = rd_kafka_DeleteRecords_new(list);
    queue = rd_kafka_queue_new(rk);
    rd_kafka_DeleteRecords(rk, &records, 1, NULL, queue);
    event = rd_kafka_queue_poll(queue, TIMEOUT_MS);
    ok = event && !rd_kafka_event_error(event);
    if (!ok)
        fprintf(stderr, "produce: forget %s: %s\n", spec, event ? rd_kafka_event_error_string(event) : "no answer");
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_DeleteRecords_destroy(records);
    rd_kafka_topic_partition_list_destroy(list);
    return ok;
}

/* "topic:8": the number of partitions that it is to have */
static bool widen(rd_kafka_t *rk, const char *spec)
{
    struct pl_span rest = pl_span_of(spec);
    struct pl_span topic = pl_span_cut(&rest, ':');
    rd_kafka_NewPartitions_t *more;
    rd_kafka_queue_t *queue;
    rd_kafka_event_t *event;
    int64_t partitions;
    char name[256], why[256];
    bool ok;

    if (!pl_span_copy(topic, name, sizeof(name)) || !pl_num_int(rest, &partitions))
        return false;
    more = rd_kafka_NewPartitions_new(name, (size_t)partitions, why, sizeof(why));
    if (!more)
        return false;
    queue = rd_kafka_queue_new(rk);
    rd_kafka_CreatePartitions(rk, &more, 1, NULL, queue);
    event = rd_kafka_queue_poll(queue, TIMEOUT_MS);
    ok = event && !rd_kafka_event_error(event);
    if (!ok)
        fprintf(stderr, "produce: widen %s: %s\n", spec, event ? rd_kafka_event_error_string(event) : "no answer");
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewPartitions_destroy(more);
    return ok;
}

static bool carry_out(rd_kafka_t *rk, const struct request *request)
{
    if (request->kind == 'w')
        return widen(rk, request->spec);
    if (request->kind == 'c')
        return create(rk, request->spec);
    return request->kind == 'd' ? delete_topic(rk, request->spec) : forget(rk, request->spec);
}

static rd_kafka_topic_t *topic_handle(struct state *state, const char *name)
{
    for (unsigned at = 0; at < state->n_topics; at++)
        if (strcmp(rd_kafka_topic_name(state->topics[at]), name) == 0)
            return state->topics[at];
    if (state->n_topics == TOPICS_MAX)
        return NULL;
    return state->topics[state->n_topics++] = rd_kafka_topic_new(state->rk, name, NULL);
}

static bool send_line(struct state *state, struct pl_span line)
{
    struct pl_span rest = line;
    struct pl_span name = pl_span_cut(&rest, '\t');
    struct pl_span partition_text = pl_span_cut(&rest, '\t');
    struct pl_span key = pl_span_cut(&rest, '\t');
    struct pl_span time_text = pl_span_cut(&rest, '\t');
    char text[256];
    int64_t partition, timestamp_ms = 0;
    rd_kafka_topic_t *topic;
    rd_kafka_resp_err_t failed;

    if (!pl_span_copy(name, text, sizeof(text)) || !pl_num_int(partition_text, &partition) || !time_text.ptr ||
        (time_text.len && !pl_num_int(time_text, &timestamp_ms)))
        return false;
    topic = topic_handle(state, text);
    if (!topic)
        return false;
    do {
        failed = rd_kafka_producev(
            state->rk, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION((int32_t)partition),
            RD_KAFKA_V_KEY(key.len ? key.ptr : NULL, key.len), RD_KAFKA_V_VALUE((void *)(uintptr_t)rest.ptr, rest.len),
            RD_KAFKA_V_TIMESTAMP(timestamp_ms), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
        rd_kafka_poll(state->rk, failed == RD_KAFKA_RESP_ERR__QUEUE_FULL ? 10 : 0);
    } while (failed == RD_KAFKA_RESP_ERR__QUEUE_FULL);
    if (failed)
        fprintf(stderr, "produce: %s\n", rd_kafka_err2str(failed));
    return !failed;
}

/* Sleep until record number `sent` is due. */
static void pace(const struct state *state, int64_t start_us)
{
    int64_t due_us;

    if (!state->rate)
        return;
    due_us = start_us + (int64_t)state->sent * PL_SECOND_US / state->rate;
    while (now_us() < due_us) {
        int64_t left_us = due_us - now_us();

        rd_kafka_poll(state->rk, left_us > 2000 ? (int)(left_us / 1000) : 0);
        if (left_us > 0 && left_us <= 2000)
            usleep((useconds_t)left_us);
    }
}

static bool feed(struct state *state)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    int64_t start_us = now_us();
    bool ok = true;

    while (ok && (len = getline(&line, &cap, stdin)) > 0) {
        if (line[len - 1] == '\n')
            line[--len] = 0;
        pace(state, start_us);
        ok = send_line(state, (struct pl_span){line, (size_t)len});
        if (!ok)
            fprintf(stderr, "produce: bad line %llu: %.80s\n", state->sent + 1, line);
        state->sent += ok;
    }
    free(line);
    return ok;
}

static bool read_options(int argc, char **argv, rd_kafka_conf_t *conf, struct state *state)
{
    static const struct option options[] = {
        {"create", required_argument, NULL, 'c'}, {"delete", required_argument, NULL, 'd'},
        {"forget", required_argument, NULL, 'f'}, {"widen", required_argument, NULL, 'w'},
        {"rate", required_argument, NULL, 'r'},   {NULL, 0, NULL, 0}};
    char why[256];
    int option;

    while ((option = getopt_long(argc, argv, "b:X:", options, NULL)) != -1) {
        char *value = option == 'X' ? strchr(optarg, '=') : NULL;

        if (option == 'c' || option == 'd' || option == 'f' || option == 'w') {
            if (state->n_requests == REQUESTS_MAX)
                return false;
            state->requests[state->n_requests++] = (struct request){(char)option, optarg};
        } else if (option == 'r' && pl_num_int(pl_span_of(optarg), &state->rate) && state->rate > 0)
            continue;
        else if (option == 'b' && !rd_kafka_conf_set(conf, "bootstrap.servers", optarg, why, sizeof(why)))
            continue;
        else if (value) {
            *value = 0;
            if (rd_kafka_conf_set(conf, optarg, value + 1, why, sizeof(why))) {
                fprintf(stderr, "produce: %s\n", why);
                return false;
            }
        } else {
            return false;
        }
    }
    return optind == argc;
}

int main(int argc, char **argv)
{
    static const char *const settings[][2] = {{"acks", "all"},           {"enable.idempotence", "true"},
                                              {"linger.ms", "5"},        {"partitioner", "murmur2_random"},
                                              {"log_level", "3"},        {"queue.buffering.max.kbytes", "65536"},
                                              {"batch.size", "1000000"}, {"message.timeout.ms", "60000"}};
    struct state state = {0};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[256];
    bool ok = true;

    for (size_t at = 0; at < sizeof(settings) / sizeof(settings[0]); at++)
        rd_kafka_conf_set(conf, settings[at][0], settings[at][1], why, sizeof(why));
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_conf_set_opaque(conf, &state);
    if (!read_options(argc, argv, conf, &state)) {
        fprintf(stderr, "usage: produce -b BOOTSTRAP [--create TOPIC:PARTITIONS[,CONFIG=VALUE]...]... "
                        "[--delete TOPIC]... [--forget TOPIC:PARTITION:OFFSET]... [--widen TOPIC:PARTITIONS]... "
                        "[--rate N] [-X KEY=VALUE]... < LINES\n");
        return EXIT_FAILURE;
    }
    state.rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (!state.rk) {
        fprintf(stderr, "produce: %s\n", why);
        return EXIT_FAILURE;
    }
    for (unsigned at = 0; ok && at < state.n_requests; at++)
        ok = carry_out(state.rk, &state.requests[at]);
    ok = ok && feed(&state);
    ok = !rd_kafka_flush(state.rk, 2 * TIMEOUT_MS) && ok && !state.failed;
    printf("produced %llu\n", state.sent - state.failed);
    for (unsigned at = 0; at < state.n_topics; at++)
        rd_kafka_topic_destroy(state.topics[at]);
    rd_kafka_destroy(state.rk);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
