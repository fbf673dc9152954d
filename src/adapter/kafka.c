#include "adapter/kafka_internal.h"

#include "adapter/clock.h"
#include "adapter/kafka_conf.h"
#include "adapter/link_tls.h"
#include "util/num.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <syslog.h>
#include <unistd.h>

#define EVENTS_PER_POLL 256
#define CLOSE_POLL_MS 50
#define DESTROY_PATIENCE_US (2 * PL_SECOND_US)
#define DESTROY_VERSION 0x02030000
#define NUDGE_VERSION 0x02020000 /* from here on there is fetch.queue.backoff.ms */

static const uint64_t wake_value = 1;

void pl_kafka_problem(struct pl_kafka *kafka, enum pl_status status, const char *fmt, ...)
{
    char text[512];
    va_list args;

    if (!kafka->config.problem)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    kafka->config.problem(kafka->config.ctx, status, text);
}

/* From "[thrd:...]: BROKER: Certificate (subject=..., issuer=...) verification callback failed: WHY", as on_certificate
 * said it; the subject is somebody else's text and may be long. */
static void keep_refusal(struct pl_kafka *kafka, const char *text)
{
    static const char before[] = "callback failed: ";
    const char *broker = strstr(text, "]: "), *why = strstr(text, before);
    const char *end = broker ? strstr(broker, ": Certificate") : NULL;

    if (!why || !end)
        return;
    broker += 3;
    snprintf(kafka->trouble, sizeof(kafka->trouble), "%.*s: certificate refused: %s", (int)(end - broker), broker,
             why + strlen(before));
    kafka->certificate_refused = true;
}

/* With log.queue the lines come through our own poll, on our own thread. Lines of the facility FAIL say what on_error
 * says too; AUTOCREATE is said to old brokers, for what we never ask. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    struct pl_kafka *kafka = rd_kafka_opaque(rk);

    bool harmless = level > LOG_WARNING || strcmp(facility, "AUTOCREATE") == 0;

    if (strcmp(facility, "SSLCERTVRFY") == 0)
        keep_refusal(kafka, text);
    if (strcmp(facility, "FAIL") != 0)
        pl_kafka_problem(kafka, harmless ? PL_OK : PL_ERR_IO, "%s: %s", facility, text);
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *ctx)
{
    struct pl_kafka *kafka = ctx;
    char text[256];

    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        code = rd_kafka_fatal_error(rk, text, sizeof(text));
        pl_kafka_problem(ctx, code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID ? PL_ERR_FENCED : PL_ERR_STATE,
                         "fatal: %s: %s", rd_kafka_err2name(code), text);
        return;
    }
    /* "All brokers are down" and "certificate verify failed" come after what says why. */
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN &&
        !(kafka->certificate_refused && strstr(reason, "certificate verify failed"))) {
        snprintf(kafka->trouble, sizeof(kafka->trouble), "%s", reason);
        kafka->certificate_refused = false;
    }
    if (!kafka->taking || !pl_kafka_input_error(kafka, kafka->taking, code, reason))
        pl_kafka_problem(kafka, PL_ERR_IO, "%s: %s", rd_kafka_err2name(code), reason);
}

/* On a thread of librdkafka, for each certificate of the broker's chain. Refuses what OpenSSL refuses and nothing else;
 * it is here because librdkafka says of a wrong name, too, that the CA is not known. */
static int on_certificate(rd_kafka_t *rk, const char *broker, int32_t id, int *x509_error, int depth, const char *bytes,
                          size_t size, char *why, size_t why_size, void *ctx)
{
    (void)rk, (void)broker, (void)id, (void)depth, (void)bytes, (void)size, (void)ctx;
    if (*x509_error == 0)
        return 1;
    snprintf(why, why_size, "%s", pl_link_tls_refusal(*x509_error));
    return 0;
}

static bool copy_topics(struct pl_kafka *kafka, const struct pl_kafka_config *config)
{
    for (unsigned at = 0; at < config->n_topics; at++) {
        kafka->topics[at] = strdup(config->topics[at]);
        if (!kafka->topics[at])
            return false;
    }
    kafka->n_topics = config->n_topics;
    if (!config->control)
        return true;
    kafka->topics[PL_KAFKA_CONTROL] = strdup(config->control);
    return kafka->topics[PL_KAFKA_CONTROL] != NULL;
}

static enum pl_status make_consumer(struct pl_kafka *kafka, const struct pl_kafka_config *config, struct pl_err *err)
{
    rd_kafka_conf_t *rk_conf = NULL;
    char why[PL_ERR_TEXT_BYTES];
    enum pl_status status = pl_kafka_conf_make(config, &rk_conf, err);

    if (status)
        return status;
    rd_kafka_conf_set_opaque(rk_conf, kafka);
    rd_kafka_conf_set_rebalance_cb(rk_conf, pl_kafka_group_record);
    rd_kafka_conf_set_log_cb(rk_conf, on_log);
    rd_kafka_conf_set_error_cb(rk_conf, on_error);
    (void)rd_kafka_conf_set_ssl_cert_verify_cb(rk_conf, on_certificate);
    kafka->rk = rd_kafka_new(RD_KAFKA_CONSUMER, rk_conf, why, sizeof(why));
    if (!kafka->rk) {
        rd_kafka_conf_destroy(rk_conf);
        return pl_err_set(err, PL_ERR_INPUT, "[kafka] %s", why);
    }
    rd_kafka_set_log_queue(kafka->rk, NULL);
    rd_kafka_poll_set_consumer(kafka->rk);
    kafka->events = rd_kafka_queue_get_consumer(kafka->rk);
    if (config->event_fd >= 0)
        rd_kafka_queue_io_event_enable(kafka->events, config->event_fd, &wake_value, sizeof(wake_value));
    return PL_OK;
}

static enum pl_status join(struct pl_kafka *kafka, struct pl_err *err)
{
    const char *topic = kafka->n_topics ? kafka->topics[0] : kafka->topics[PL_KAFKA_CONTROL];
    rd_kafka_topic_partition_list_t *list;
    rd_kafka_resp_err_t failed;

    if (!topic)
        return PL_OK;
    list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, RD_KAFKA_PARTITION_UA);
    failed = rd_kafka_subscribe(kafka->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (failed)
        return pl_err_set(err, PL_ERR_IO, "subscribe to %s: %s", topic, rd_kafka_err2str(failed));
    kafka->subscribed = true;
    return PL_OK;
}

enum pl_status pl_kafka_new(const struct pl_kafka_config *config, struct pl_kafka **out, struct pl_err *err)
{
    struct pl_kafka *kafka;
    enum pl_status status;

    if (config->n_topics > PL_CONF_TOPICS_MAX)
        return pl_err_set(err, PL_ERR_FULL, "%u source topics, at most %d", config->n_topics, PL_CONF_TOPICS_MAX);
    kafka = calloc(1, sizeof(*kafka));
    if (!kafka)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for a consumer");
    kafka->config = *config;
    kafka->needs_nudges = rd_kafka_version() < NUDGE_VERSION;
    status = copy_topics(kafka, config) ? make_consumer(kafka, config, err)
                                        : pl_err_set(err, PL_ERR_NOMEM, "no memory for a consumer");
    if (!status)
        status = join(kafka, err);
    if (status) {
        pl_kafka_free(kafka, PL_SECOND_US);
        return status;
    }
    *out = kafka;
    return PL_OK;
}

/* A message in the consumer's own queue: an error of the consumer, or a record that came past its input's queue, which
 * librdkafka does when the topic was deleted and made anew. Then it is lost to us, and the input must not go on. */
static void take_stray(struct pl_kafka *kafka, const rd_kafka_message_t *message)
{
    const char *name = message->rkt ? rd_kafka_topic_name(message->rkt) : "";

    if (message->err) {
        pl_kafka_problem(kafka, PL_ERR_IO, "%s: %s", rd_kafka_err2name(message->err), rd_kafka_message_errstr(message));
        return;
    }
    for (unsigned topic = 0; topic < PL_KAFKA_LANES; topic++) {
        struct pl_kafka_input *input = pl_kafka_input_find(kafka, topic, message->partition);

        if (!input || !input->wanted || strcmp(kafka->topics[topic], name) != 0)
            continue;
        pl_kafka_input_fail(kafka, input, "the topic was made anew while it was read; start again");
        pl_kafka_problem(kafka, PL_ERR_INPUT, "%s", input->failure);
    }
}

void pl_kafka_serve(struct pl_kafka *kafka)
{
    for (unsigned at = 0; at < EVENTS_PER_POLL; at++) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(kafka->rk, 0);

        if (!message)
            break;
        take_stray(kafka, message);
        rd_kafka_message_destroy(message);
    }
}

/* librdkafka's destroy has waited for ever more than once in its history (on 2.0.2 it does after a topic was deleted):
 * it gets a thread of its own, and when time is up that thread is left behind. Nothing depends on it: the group has
 * been left before. */
struct destroyer {
    rd_kafka_t *rk;
    int done; /* eventfd */
};

static void *destroy(void *ctx)
{
    struct destroyer *destroyer = ctx;

    rd_kafka_destroy_flags(destroyer->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    if (write(destroyer->done, &wake_value, sizeof(wake_value)) < 0)
        return NULL;
    return NULL;
}

static int remaining_ms(int64_t deadline_us)
{
    int64_t left_us = deadline_us - pl_clock_monotonic_us();

    return left_us > 0 ? (int)(left_us / 1000) + 1 : 0;
}

static bool destroy_until(rd_kafka_t *rk, int64_t deadline_us)
{
    struct destroyer *destroyer = calloc(1, sizeof(*destroyer));
    struct pollfd wait = {.events = POLLIN};
    pthread_t thread;

    if (!destroyer)
        return false;
    destroyer->rk = rk;
    destroyer->done = wait.fd = eventfd(0, EFD_CLOEXEC);
    if (wait.fd < 0 || pthread_create(&thread, NULL, destroy, destroyer)) {
        if (wait.fd >= 0)
            close(wait.fd);
        free(destroyer);
        return false;
    }
    if (poll(&wait, 1, remaining_ms(deadline_us)) <= 0) {
        pthread_detach(thread);
        return false; /* the thread still uses destroyer and its eventfd */
    }
    pthread_join(thread, NULL);
    close(wait.fd);
    free(destroyer);
    return true;
}

/* Leave the group: the close events go to a queue of their own, that is served here until librdkafka has left. Before
 * 2.4.0 an assignment that is under way at this moment can never be answered: that is when the deadline is needed. */
static bool leave_until(struct pl_kafka *kafka, int64_t deadline_us)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka->rk);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(kafka->rk, queue);
    bool left = !error;

    while (!error && !(left = rd_kafka_consumer_closed(kafka->rk)) && remaining_ms(deadline_us) > 0) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, CLOSE_POLL_MS);

        if (event && rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE)
            pl_kafka_group_drop(kafka, rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS);
        rd_kafka_event_destroy(event);
    }
    if (error)
        pl_kafka_problem(kafka, PL_ERR_IO, "close: %s", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    rd_kafka_queue_destroy(queue);
    return left;
}

static void end_library(struct pl_kafka *kafka, int64_t deadline_us)
{
    int64_t patience_us = pl_clock_monotonic_us() + DESTROY_PATIENCE_US;

    if (!destroy_until(kafka->rk, patience_us < deadline_us ? patience_us : deadline_us))
        pl_kafka_problem(kafka, PL_OK,
                         "librdkafka did not end in time; its threads are left to the end of the process");
}

/* Before 2.3.0 a destroy between joining the group and the first assignment aborts the process (an assertion about the
 * sticky assignor's state): such a consumer leaves the group and is then left alone; it is the end of the process
 * anyway. */
bool pl_kafka_free(struct pl_kafka *kafka, int64_t timeout_us)
{
    int64_t deadline_us = pl_clock_monotonic_us() + timeout_us;
    bool clean = true;

    if (!kafka)
        return true;
    kafka->closing = true;
    if (kafka->rk) {
        pl_kafka_serve(kafka);
        pl_kafka_group_drop(kafka, false);
        pl_kafka_inputs_free(kafka);
        rd_kafka_queue_io_event_enable(kafka->events, -1, NULL, 0);
        rd_kafka_queue_destroy(kafka->events);
        clean = leave_until(kafka, deadline_us);
        rd_kafka_set_log_level(kafka->rk, LOG_EMERG); /* its threads must not call on_log, which needs us */
        if (kafka->was_assigned || !kafka->subscribed || rd_kafka_version() >= DESTROY_VERSION)
            end_library(kafka, deadline_us);
    }
    for (unsigned at = 0; at < PL_KAFKA_LANES; at++)
        free(kafka->topics[at]);
    free(kafka->rebalance.partitions);
    free(kafka->revoking);
    free(kafka);
    return clean;
}

void pl_kafka_poll(struct pl_kafka *kafka)
{
    pl_kafka_serve(kafka);
    pl_kafka_group_announce(kafka);
}

enum pl_status pl_kafka_start(struct pl_kafka *kafka, int32_t partition, const int64_t *offsets, struct pl_err *err)
{
    enum pl_status status = PL_OK;
    unsigned topic;

    for (topic = 0; topic < kafka->n_topics && !status; topic++) {
        struct pl_kafka_input *input = pl_kafka_input_get(kafka, topic, partition);

        if (input && input->wanted)
            return pl_err_set(err, PL_ERR_STATE, "%s[%d] was started before", kafka->topics[topic], (int)partition);
        if (!input || !pl_kafka_input_want(kafka, input, offsets[topic]))
            status =
                pl_err_set(err, PL_ERR_NOMEM, "%s[%d]: no memory for its queue", kafka->topics[topic], (int)partition);
    }
    if (!status)
        status = pl_kafka_group_settle(kafka, err);
    while (status && topic-- > 0)
        if (pl_kafka_input_find(kafka, topic, partition))
            pl_kafka_input_find(kafka, topic, partition)->wanted = false;
    return status;
}

void pl_kafka_stop(struct pl_kafka *kafka, int32_t partition)
{
    for (unsigned topic = 0; topic < kafka->n_topics; topic++) {
        struct pl_kafka_input *input = pl_kafka_input_find(kafka, topic, partition);

        if (!input)
            continue;
        input->wanted = false;
        if (!input->assigned)
            pl_kafka_input_shut(input);
    }
    pl_kafka_group_stopped(kafka, partition);
}

enum pl_status pl_kafka_start_control(struct pl_kafka *kafka, int64_t offset, struct pl_err *err)
{
    struct pl_kafka_input *input = NULL;

    if (!kafka->topics[PL_KAFKA_CONTROL])
        return pl_err_set(err, PL_ERR_STATE, "there is no control topic");
    input = pl_kafka_input_get(kafka, PL_KAFKA_CONTROL, 0);
    if (!input || !pl_kafka_input_want(kafka, input, offset))
        return pl_err_set(err, PL_ERR_NOMEM, "%s: no memory for its queue", kafka->topics[PL_KAFKA_CONTROL]);
    return pl_kafka_group_settle(kafka, err);
}

void pl_kafka_stop_control(struct pl_kafka *kafka)
{
    struct pl_kafka_input *input = pl_kafka_input_find(kafka, PL_KAFKA_CONTROL, 0);

    if (!input)
        return;
    input->wanted = false;
    if (!input->assigned)
        pl_kafka_input_shut(input);
    pl_kafka_group_stopped(kafka, -1);
}
