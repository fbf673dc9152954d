/* librdkafka's mock cluster as a process: one broker on a free loopback port, for the demo and for quick tests.
 *
 *     mock_kafka TOPIC:PARTITIONS...
 *
 * Prints the bootstrap address as one line and runs until SIGTERM, SIGINT or the end of its standard input. It keeps
 * 5 MiB per partition and nothing on disk, and knows no admin requests: topics are made here.
 */
#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static bool create(rd_kafka_mock_cluster_t *cluster, char *spec)
{
    char *colon = strrchr(spec, ':');
    int partitions = colon ? atoi(colon + 1) : 0;
    rd_kafka_resp_err_t failed;

    if (partitions <= 0) {
        fprintf(stderr, "mock_kafka: %s: want TOPIC:PARTITIONS\n", spec);
        return false;
    }
    *colon = 0;
    failed = rd_kafka_mock_topic_create(cluster, spec, partitions, 1);
    if (failed)
        fprintf(stderr, "mock_kafka: %s: %s\n", spec, rd_kafka_err2str(failed));
    return !failed;
}

static void wait_for_end(int signals)
{
    struct pollfd fds[2] = {{.fd = signals, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    char bytes[256];

    for (;;) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return;
        if (fds[0].revents)
            return;
        if (fds[1].revents && read(STDIN_FILENO, bytes, sizeof(bytes)) <= 0)
            return;
    }
}

int main(int argc, char **argv)
{
    char why[256];
    sigset_t set;
    rd_kafka_t *rk;
    rd_kafka_mock_cluster_t *cluster;
    int status = EXIT_FAILURE;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL); /* before any thread of librdkafka exists */
    rk = rd_kafka_new(RD_KAFKA_PRODUCER, NULL, why, sizeof(why));
    if (!rk) {
        fprintf(stderr, "mock_kafka: %s\n", why);
        return EXIT_FAILURE;
    }
    cluster = rd_kafka_mock_cluster_new(rk, 1);
    if (!cluster)
        goto destroy;
    for (int at = 1; at < argc; at++)
        if (!create(cluster, argv[at]))
            goto destroy_cluster;
    printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
    fflush(stdout);
    wait_for_end(signalfd(-1, &set, SFD_CLOEXEC));
    status = EXIT_SUCCESS;
destroy_cluster:
    rd_kafka_mock_cluster_destroy(cluster);
destroy:
    rd_kafka_destroy(rk);
    return status;
}
