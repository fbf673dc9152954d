/* adapter/kafka at work, without the rest of the daemon: prints what it takes.
 *
 *     kafka_probe -b BOOTSTRAP --group G --topics A,B [--control C] [--dir DIR] [options]
 *
 * Lines on standard output: `assigned P`, `started P`, `revoked P [lost]`, `stopped P`, `take TOPIC P OFFSET`,
 * `end TOPIC P`, `failure TOPIC P LOW HIGH TEXT`, `problem TEXT`; with --facts, `facts TOPIC PARTITIONS TRUSTED`.
 * DIR is what Redis is to the daemon: DIR/P holds the offsets of a partition between owners.
 *
 *   --delay MS     start partitions so long after they were assigned
 *   --hold MS      stop partitions so long after they were revoked
 *   --offset N     begin there instead of at the beginning (partitions that DIR does not know)
 *   --until-end    leave when every input was at its end; else on SIGTERM or end of standard input
 *   --drain        print no record, but `drained COUNT BYTES WALL_US CPU_US`; implies --until-end
 *   --plain        the same by librdkafka alone: assign everything, one queue, batches, throw away
 *   --work NS      burn so much CPU per record (drains)
 *   --queue BYTES  kafka_queue;   --workers N   of how many this is one
 *   --facts        ask for facts about the topics and leave
 *   -X KEY=VALUE   a [kafka] pair
 */
#include "adapter/clock.h"
#include "adapter/kafka.h"
#include "util/num.h"

#include <getopt.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define PARTITIONS_MAX 1024
#define PAIRS_MAX 32

enum place { NOWHERE, LOADING, RUNNING, LEAVING };
enum said { NOTHING, END, FAILURE };

struct probe {
    struct pl_conf conf;
    struct pl_conf_pair pairs[PAIRS_MAX];
    struct pl_kafka_config config;
    struct pl_kafka *kafka;
    const char *topics[PL_CONF_TOPICS_MAX];
    const char *dir;
    int64_t delay_ms, hold_ms, offset, work_ns, queue_bytes, workers;
    bool until_end, drain, plain, facts;
    enum place places[PARTITIONS_MAX];
    int64_t due_us[PARTITIONS_MAX];
    int64_t next[PL_CONF_TOPICS_MAX + 1][PARTITIONS_MAX];
    enum said said[PL_CONF_TOPICS_MAX + 1][PARTITIONS_MAX];
    uint64_t count, bytes;
};

static const char *topic_name(const struct probe *probe, unsigned topic)
{
    return topic == PL_KAFKA_CONTROL ? probe->config.control : probe->topics[topic];
}

static void load(struct probe *probe, int32_t partition)
{
    char path[512];
    FILE *file;

    for (unsigned topic = 0; topic < probe->config.n_topics; topic++)
        probe->next[topic][partition] = probe->offset;
    if (!probe->dir)
        return;
    snprintf(path, sizeof(path), "%s/%d", probe->dir, (int)partition);
    file = fopen(path, "r");
    if (!file)
        return;
    for (unsigned topic = 0; topic < probe->config.n_topics; topic++)
        if (fscanf(file, "%" SCNd64, &probe->next[topic][partition]) != 1)
            abort();
    fclose(file);
}

static void save(const struct probe *probe, int32_t partition)
{
    char path[512], draft[520];
    FILE *file;

    if (!probe->dir)
        return;
    snprintf(path, sizeof(path), "%s/%d", probe->dir, (int)partition);
    snprintf(draft, sizeof(draft), "%s.new", path);
    file = fopen(draft, "w");
    if (!file)
        abort();
    for (unsigned topic = 0; topic < probe->config.n_topics; topic++)
        fprintf(file, "%" PRId64 "\n", probe->next[topic][partition]);
    fclose(file);
    if (rename(draft, path))
        abort();
}

static void assigned(void *ctx, const int32_t *partitions, unsigned n)
{
    struct probe *probe = ctx;

    for (unsigned at = 0; at < n; at++) {
        printf("assigned %d\n", (int)partitions[at]);
        probe->places[partitions[at]] = LOADING;
        probe->due_us[partitions[at]] = pl_clock_monotonic_us() + probe->delay_ms * 1000;
    }
}

static void revoked(void *ctx, const int32_t *partitions, unsigned n, bool lost)
{
    struct probe *probe = ctx;

    for (unsigned at = 0; at < n; at++) {
        printf("revoked %d%s\n", (int)partitions[at], lost ? " lost" : "");
        if (probe->places[partitions[at]] != RUNNING)
            load(probe, partitions[at]);
        probe->places[partitions[at]] = LEAVING;
        probe->due_us[partitions[at]] = pl_clock_monotonic_us() + probe->hold_ms * 1000;
    }
}

static void problem(void *ctx, enum pl_status status, const char *what)
{
    (void)ctx;
    printf("problem %s: %s\n", pl_status_name(status), what);
}

static void start(struct probe *probe, int32_t partition)
{
    int64_t offsets[PL_CONF_TOPICS_MAX];
    struct pl_err err;

    load(probe, partition);
    for (unsigned topic = 0; topic < probe->config.n_topics; topic++)
        offsets[topic] = probe->next[topic][partition];
    if (pl_kafka_start(probe->kafka, partition, offsets, &err))
        printf("problem start: %s\n", err.text);
    if (probe->config.control && partition == 0 && pl_kafka_start_control(probe->kafka, PL_KAFKA_BEGINNING, &err))
        printf("problem start control: %s\n", err.text);
    for (unsigned topic = 0; topic <= PL_KAFKA_CONTROL; topic++)
        probe->said[topic][partition] = NOTHING;
    printf("started %d\n", (int)partition);
    probe->places[partition] = RUNNING;
}

static void stop(struct probe *probe, int32_t partition)
{
    save(probe, partition);
    printf("stopped %d\n", (int)partition);
    fflush(stdout); /* before the answer: the next owner's lines must come later */
    if (probe->config.control && partition == 0)
        pl_kafka_stop_control(probe->kafka);
    pl_kafka_stop(probe->kafka, partition);
    probe->places[partition] = NOWHERE;
}

static void burn(int64_t ns)
{
    struct timespec now;
    int64_t until;

    if (!ns)
        return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    until = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec + ns;
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((int64_t)now.tv_sec * 1000000000 + now.tv_nsec < until);
}

static void took(struct probe *probe, unsigned topic, int32_t partition, const struct pl_kafka_taken *taken)
{
    probe->said[topic][partition] = NOTHING;
    probe->next[topic][partition] = taken->record.offset + 1;
    probe->count++;
    probe->bytes += taken->record.value.len;
    burn(probe->work_ns);
    if (!probe->drain)
        printf("take %s %d %" PRId64 "\n", topic_name(probe, topic), (int)partition, taken->record.offset);
}

/* Why nothing came, once. */
static void say(struct probe *probe, unsigned topic, int32_t partition, const struct pl_kafka_taken *taken)
{
    enum said *said = &probe->said[topic][partition];

    if (taken->failure && *said != FAILURE) {
        printf("failure %s %d %" PRId64 " %" PRId64 " %s\n", topic_name(probe, topic), (int)partition, taken->log_start,
               taken->log_end, taken->failure);
        *said = FAILURE;
    } else if (taken->at_end && *said != END) {
        if (!probe->drain)
            printf("end %s %d\n", topic_name(probe, topic), (int)partition);
        *said = END;
    }
}

/* Take up to `max` records of one input; true when there may be more. */
static bool serve_input(struct probe *probe, unsigned topic, int32_t partition, int max)
{
    struct pl_kafka_taken taken;

    for (int n = 0; n < max; n++) {
        pl_kafka_take(probe->kafka, topic, partition, &taken);
        if (!taken.message)
            break;
        took(probe, topic, partition, &taken);
        pl_kafka_release(taken.message);
    }
    if (taken.message)
        return true;
    say(probe, topic, partition, &taken);
    return false;
}

/* One round over everything that runs; true when there may be more. */
static bool serve(struct probe *probe)
{
    bool more = false;
    int64_t now_us = pl_clock_monotonic_us();

    for (int32_t partition = 0; partition < PARTITIONS_MAX; partition++) {
        if (probe->places[partition] == LOADING && now_us >= probe->due_us[partition])
            start(probe, partition);
        if (probe->places[partition] == LEAVING && now_us >= probe->due_us[partition])
            stop(probe, partition);
        if (probe->places[partition] != RUNNING)
            continue;
        for (unsigned topic = 0; topic < probe->config.n_topics; topic++)
            more = serve_input(probe, topic, partition, 512) || more;
        if (probe->config.control && partition == 0)
            more = serve_input(probe, PL_KAFKA_CONTROL, partition, 512) || more;
    }
    return more;
}

static bool all_at_end(const struct probe *probe)
{
    unsigned running = 0;

    for (int32_t partition = 0; partition < PARTITIONS_MAX; partition++) {
        if (probe->places[partition] == LOADING || probe->places[partition] == LEAVING)
            return false;
        if (probe->places[partition] != RUNNING)
            continue;
        running++;
        for (unsigned topic = 0; topic < probe->config.n_topics; topic++)
            if (!probe->said[topic][partition])
                return false;
        if (probe->config.control && partition == 0 && !probe->said[PL_KAFKA_CONTROL][0])
            return false;
    }
    return running > 0;
}

static void run(struct probe *probe, int signals)
{
    struct pollfd fds[3] = {{.fd = probe->config.event_fd, .events = POLLIN},
                            {.fd = signals, .events = POLLIN},
                            {.fd = probe->until_end ? -1 : STDIN_FILENO, .events = POLLIN}};
    uint64_t woken;
    char bytes[64];
    bool more = false;

    while (!(probe->until_end && all_at_end(probe))) {
        fflush(stdout);
        if (poll(fds, 3, more ? 0 : 20) > 0) {
            if (fds[1].revents || (fds[2].revents && read(STDIN_FILENO, bytes, sizeof(bytes)) <= 0))
                break;
            if (fds[0].revents && read(probe->config.event_fd, &woken, sizeof(woken)) < 0)
                abort();
        }
        pl_kafka_poll(probe->kafka);
        more = serve(probe);
    }
    for (int32_t partition = 0; partition < PARTITIONS_MAX; partition++)
        if (probe->places[partition] == RUNNING)
            save(probe, partition);
}

static void show_facts(struct probe *probe)
{
    struct pl_kafka_topic_facts facts;
    struct pl_err err;

    for (unsigned at = 0; at < probe->config.n_topics; at++)
        if (pl_kafka_facts(probe->kafka, probe->topics[at], 10 * PL_SECOND_US, &facts, &err))
            printf("problem %s\n", err.text);
        else
            printf("facts %s %d %d %s\n", probe->topics[at], (int)facts.partitions, facts.trusted_time, err.text);
}

/* The yardstick: every partition assigned, one queue, batches, nothing done with a record. */
static void plain_assign(struct probe *probe, rd_kafka_t *rk)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    const struct rd_kafka_metadata *metadata;

    for (unsigned at = 0; at < probe->config.n_topics; at++) {
        rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, probe->topics[at], NULL);

        if (rd_kafka_metadata(rk, 0, topic, &metadata, 10000))
            abort();
        for (int partition = 0; partition < metadata->topics[0].partition_cnt; partition++)
            rd_kafka_topic_partition_list_add(list, probe->topics[at], partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
        rd_kafka_metadata_destroy(metadata);
        rd_kafka_topic_destroy(topic);
    }
    rd_kafka_assign(rk, list);
    rd_kafka_topic_partition_list_destroy(list);
}

static int count_assigned(rd_kafka_t *rk)
{
    rd_kafka_topic_partition_list_t *list;
    int n;

    if (rd_kafka_assignment(rk, &list))
        abort();
    n = list->cnt;
    rd_kafka_topic_partition_list_destroy(list);
    return n;
}

static void plain_drain(struct probe *probe)
{
    static const char *const settings[][2] = {
        {"group.id", "plain"},        {"enable.auto.commit", "false"},         {"enable.partition.eof", "true"},
        {"fetch.wait.max.ms", "100"}, {"enable.auto.offset.store", "false"},   {"socket.nagle.disable", "true"},
        {"log_level", "3"},           {"queued.max.messages.kbytes", "16384"}, {"fetch.message.max.bytes", "1048576"}};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_message_t *messages[1024];
    rd_kafka_queue_t *queue;
    rd_kafka_t *rk;
    char why[256];
    int ends = 0, inputs;

    for (size_t at = 0; at < sizeof(settings) / sizeof(settings[0]); at++)
        rd_kafka_conf_set(conf, settings[at][0], settings[at][1], NULL, 0);
    for (unsigned at = 0; at < probe->conf.n_kafka; at++)
        rd_kafka_conf_set(conf, probe->pairs[at].key, probe->pairs[at].value, NULL, 0);
    rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    if (!rk)
        abort();
    plain_assign(probe, rk);
    inputs = count_assigned(rk);
    queue = rd_kafka_queue_get_consumer(rk);
    while (ends < inputs) {
        ssize_t n = rd_kafka_consume_batch_queue(queue, 10, messages, 1024);

        for (ssize_t at = 0; at < n; at++) {
            ends += messages[at]->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
            probe->count += !messages[at]->err;
            probe->bytes += messages[at]->err ? 0 : messages[at]->len;
            if (!messages[at]->err)
                burn(probe->work_ns);
            rd_kafka_message_destroy(messages[at]);
        }
    }
    rd_kafka_queue_destroy(queue);
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
}

static char *copy(const char *text)
{
    return pl_span_dup(pl_span_of(text));
}

static void read_topics(struct probe *probe, const char *text)
{
    struct pl_span rest = pl_span_of(text);

    while (rest.ptr && probe->config.n_topics < PL_CONF_TOPICS_MAX)
        probe->topics[probe->config.n_topics++] = pl_span_dup(pl_span_cut(&rest, ','));
    probe->config.topics = probe->topics;
}

static void add_pair(struct probe *probe, const char *key, const char *value)
{
    if (probe->conf.n_kafka == PAIRS_MAX)
        abort();
    probe->pairs[probe->conf.n_kafka++] = (struct pl_conf_pair){copy(key), copy(value)};
    probe->conf.kafka = probe->pairs;
}

static bool read_option(struct probe *probe, int option)
{
    char *value;

    switch (option) {
    case 'b':
        add_pair(probe, "bootstrap.servers", optarg);
        return true;
    case 'X':
        value = strchr(optarg, '=');
        if (!value)
            return false;
        *value = 0;
        add_pair(probe, optarg, value + 1);
        return true;
    case 'g':
        probe->conf.group = copy(optarg);
        return true;
    case 't':
        read_topics(probe, optarg);
        return true;
    case 'c':
        probe->config.control = optarg;
        return true;
    case 'd':
        probe->dir = optarg;
        return true;
    default:
        return option == 0; /* a flag */
    }
}

static bool read_number(const char *text, int64_t *value)
{
    return pl_num_int(pl_span_of(text), value);
}

static bool read_options(struct probe *probe, int argc, char **argv)
{
    int flag_end = 0, flag_drain = 0, flag_plain = 0, flag_facts = 0, option;
    const struct option options[] = {
        {"group", 1, NULL, 'g'},      {"topics", 1, NULL, 't'},       {"control", 1, NULL, 'c'},
        {"dir", 1, NULL, 'd'},        {"delay", 1, NULL, '1'},        {"hold", 1, NULL, '2'},
        {"offset", 1, NULL, '3'},     {"work", 1, NULL, '4'},         {"queue", 1, NULL, '5'},
        {"workers", 1, NULL, '6'},    {"until-end", 0, &flag_end, 1}, {"drain", 0, &flag_drain, 1},
        {"plain", 0, &flag_plain, 1}, {"facts", 0, &flag_facts, 1},   {NULL, 0, NULL, 0}};
    int64_t *const numbers[] = {&probe->delay_ms, &probe->hold_ms,     &probe->offset,
                                &probe->work_ns,  &probe->queue_bytes, &probe->workers};

    while ((option = getopt_long(argc, argv, "b:X:", options, NULL)) != -1) {
        bool is_number = option >= '1' && option <= '6';

        if (is_number ? !read_number(optarg, numbers[option - '1']) : !read_option(probe, option))
            return false;
    }
    probe->facts = flag_facts;
    probe->plain = flag_plain;
    probe->drain = flag_drain || flag_plain;
    probe->until_end = flag_end || flag_drain;
    return optind == argc && probe->conf.n_kafka > 0;
}

/* As the daemon does: ask for the partition count first, for the size of the queues. */
static void ask_partitions(struct probe *probe)
{
    struct pl_kafka_config config = probe->config;
    struct pl_kafka_topic_facts facts;
    struct pl_kafka *kafka;
    struct pl_err err;

    config.n_topics = 0;
    config.control = NULL;
    config.event_fd = -1;
    if (!probe->config.n_topics)
        return;
    if (pl_kafka_new(&config, &kafka, &err) ||
        pl_kafka_facts(kafka, probe->topics[0], 10 * PL_SECOND_US, &facts, &err)) {
        fprintf(stderr, "kafka_probe: %s\n", err.text);
        exit(EXIT_FAILURE);
    }
    probe->config.n_partitions = (unsigned)facts.partitions;
    pl_kafka_free(kafka, PL_SECOND_US);
}

static bool consume(struct probe *probe, int signals)
{
    struct pl_err err;
    bool clean;

    ask_partitions(probe);
    if (pl_kafka_new(&probe->config, &probe->kafka, &err)) {
        fprintf(stderr, "kafka_probe: %s\n", err.text);
        return false;
    }
    if (probe->facts)
        show_facts(probe);
    else
        run(probe, signals);
    clean = pl_kafka_free(probe->kafka, 10 * PL_SECOND_US);
    printf("closed %s\n", clean ? "clean" : "late");
    return clean;
}

int main(int argc, char **argv)
{
    static struct probe probe; /* large */
    sigset_t set;
    int64_t wall_us;
    bool ok = true;

    probe.offset = PL_KAFKA_BEGINNING;
    probe.workers = 1;
    probe.queue_bytes = INT64_C(64) << 20;
    if (!read_options(&probe, argc, argv)) {
        fprintf(stderr, "usage: kafka_probe -b BOOTSTRAP --group G --topics A,B ... (see the source)\n");
        return EXIT_FAILURE;
    }
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    if (!probe.conf.group)
        probe.conf.group = copy("kafka_probe");
    probe.conf.kafka_queue_bytes = probe.queue_bytes;
    probe.config.conf = &probe.conf;
    probe.config.n_workers = (unsigned)probe.workers;
    probe.config.event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    probe.config.assigned = assigned;
    probe.config.revoked = revoked;
    probe.config.problem = problem;
    probe.config.ctx = &probe;
    wall_us = pl_clock_monotonic_us();
    if (probe.plain)
        plain_drain(&probe);
    else
        ok = consume(&probe, signalfd(-1, &set, SFD_CLOEXEC));
    if (probe.drain)
        printf("drained %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 "\n", probe.count, probe.bytes,
               pl_clock_monotonic_us() - wall_us, pl_clock_cpu_us());
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
