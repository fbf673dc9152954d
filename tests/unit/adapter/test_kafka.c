/* adapter/kafka against librdkafka's mock cluster in this process. A real broker: tests/integration. */
#include "adapter/clock.h"
#include "adapter/kafka.h"
#include "util/num.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#define PARTITIONS 4
#define PATIENCE_US (40 * PL_SECOND_US) /* a bound against hanging, not an expectation */

static const char *const topics[] = {"alpha", "beta"};

struct cluster {
    rd_kafka_t *rk;
    rd_kafka_mock_cluster_t *mock;
};

/* One member of the group, and what it was told. */
struct member {
    struct pl_conf conf;
    struct pl_conf_pair pairs[3];
    struct pl_kafka *kafka;
    int event_fd;
    bool owns[PARTITIONS];
    bool asked_back[PARTITIONS];
    unsigned n_assigned, n_revoked, n_problems;
    char problem[512];
};

static int set_up(void **state)
{
    struct cluster *cluster = calloc(1, sizeof(*cluster));
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    rd_kafka_conf_set(conf, "linger.ms", "1", NULL, 0);
    cluster->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    cluster->mock = rd_kafka_mock_cluster_new(cluster->rk, 1);
    rd_kafka_mock_topic_create(cluster->mock, "alpha", PARTITIONS, 1);
    rd_kafka_mock_topic_create(cluster->mock, "beta", PARTITIONS, 1);
    rd_kafka_mock_topic_create(cluster->mock, "control", 1, 1);
    *state = cluster;
    return cluster->mock ? 0 : -1;
}

static int tear_down(void **state)
{
    struct cluster *cluster = *state;

    rd_kafka_mock_cluster_destroy(cluster->mock);
    rd_kafka_destroy(cluster->rk);
    free(cluster);
    return 0;
}

/* `n` records with the values "TOPIC/PARTITION/0"... and the timestamps base_ms + i. */
static void produce(const struct cluster *cluster, const char *topic, int32_t partition, int n)
{
    char why[256], value[64];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_t *producer;

    rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster->mock), why, sizeof(why));
    producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    assert_non_null(producer);
    for (int i = 0; i < n; i++) {
        snprintf(value, sizeof(value), "%s/%d/%d", topic, (int)partition, i);
        assert_int_equal(rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                                           RD_KAFKA_V_KEY("k", 1), RD_KAFKA_V_VALUE(value, strlen(value)),
                                           RD_KAFKA_V_TIMESTAMP(1700000000000 + i),
                                           RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
                         0);
    }
    assert_int_equal(rd_kafka_flush(producer, 20000), 0);
    rd_kafka_destroy(producer);
}

static void assigned(void *ctx, const int32_t *partitions, unsigned n)
{
    struct member *member = ctx;

    for (unsigned at = 0; at < n; at++) {
        assert_in_range(partitions[at], 0, PARTITIONS - 1);
        assert_false(member->owns[partitions[at]]);
        member->owns[partitions[at]] = true;
        member->n_assigned++;
    }
}

static void revoked(void *ctx, const int32_t *partitions, unsigned n, bool lost)
{
    struct member *member = ctx;

    (void)lost;
    for (unsigned at = 0; at < n; at++) {
        assert_true(member->owns[partitions[at]]);
        member->asked_back[partitions[at]] = true;
        member->n_revoked++;
    }
}

static void problem(void *ctx, enum pl_status status, const char *what)
{
    struct member *member = ctx;

    if (!status)
        return;
    member->n_problems++;
    snprintf(member->problem, sizeof(member->problem), "%s", what);
}

static void join_as(struct member *member, const struct cluster *cluster, unsigned n_topics, const char *control)
{
    struct pl_kafka_config config = {.conf = &member->conf,
                                     .topics = topics,
                                     .n_topics = n_topics,
                                     .control = control,
                                     .n_workers = 1,
                                     .assigned = assigned,
                                     .revoked = revoked,
                                     .problem = problem,
                                     .ctx = member};
    struct pl_err err = {0};

    memset(member, 0, sizeof(*member));
    member->pairs[0].key = strdup("bootstrap.servers");
    member->pairs[0].value = strdup(rd_kafka_mock_cluster_bootstraps(cluster->mock));
    member->pairs[1] = (struct pl_conf_pair){strdup("session.timeout.ms"), strdup("3500")};
    member->pairs[2] = (struct pl_conf_pair){strdup("heartbeat.interval.ms"), strdup("200")};
    member->conf.kafka = member->pairs;
    member->conf.n_kafka = 3;
    member->conf.group = strdup("test");
    member->conf.kafka_queue_bytes = 8 << 20;
    member->event_fd = config.event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert_int_equal(pl_kafka_new(&config, &member->kafka, &err), PL_OK);
}

static bool leave(struct member *member)
{
    bool clean = pl_kafka_free(member->kafka, 20 * PL_SECOND_US);

    for (unsigned at = 0; at < 3; at++) {
        free(member->pairs[at].key);
        free(member->pairs[at].value);
    }
    free(member->conf.group);
    close(member->event_fd);
    return clean;
}

/* Wait until the eventfd says that something came, as the daemon does: every 200 ms at the latest. */
static void doze(struct member *member)
{
    struct pollfd wait = {.fd = member->event_fd, .events = POLLIN};
    uint64_t woken;

    if (poll(&wait, 1, 200) > 0)
        assert_int_equal(read(member->event_fd, &woken, sizeof(woken)), sizeof(woken));
    pl_kafka_poll(member->kafka);
}

static void await_assigned(struct member *member, unsigned n)
{
    int64_t until_us = pl_clock_monotonic_us() + PATIENCE_US;

    while (member->n_assigned < n) {
        assert_true(pl_clock_monotonic_us() < until_us);
        doze(member);
    }
}

/* The next record; waits for it. Fails when the log's end comes first, unless end_ok. */
static bool next(struct member *member, unsigned topic, int32_t partition, bool end_ok, struct pl_kafka_taken *taken)
{
    int64_t until_us = pl_clock_monotonic_us() + PATIENCE_US;

    for (;;) {
        pl_kafka_take(member->kafka, topic, partition, taken);
        if (taken->message)
            return true;
        assert_null(taken->failure);
        if (taken->at_end && end_ok)
            return false;
        assert_true(pl_clock_monotonic_us() < until_us);
        doze(member);
    }
}

static void expect(struct member *member, unsigned topic, int32_t partition, int64_t offset)
{
    struct pl_kafka_taken taken;
    char value[64];

    assert_true(next(member, topic, partition, false, &taken));
    assert_int_equal(taken.record.offset, offset);
    assert_int_equal(taken.record.partition, partition);
    assert_false(taken.at_end);
    snprintf(value, sizeof(value), "%s/%d/%" PRId64, topic == PL_KAFKA_CONTROL ? "control" : topics[topic],
             (int)partition, offset);
    assert_true(pl_span_is(taken.record.value, value));
    assert_true(pl_span_is(taken.record.key, "k"));
    assert_true(pl_span_is(taken.record.topic, topic == PL_KAFKA_CONTROL ? "control" : topics[topic]));
    assert_false(taken.record.is_null);
    assert_int_equal(taken.record.timestamp_us, (1700000000000 + offset) * 1000);
    pl_kafka_release(taken.message);
}

static void expect_end(struct member *member, unsigned topic, int32_t partition)
{
    struct pl_kafka_taken taken;

    assert_false(next(member, topic, partition, true, &taken));
}

static void begin(struct member *member, int32_t partition, int64_t alpha, int64_t beta)
{
    const int64_t offsets[2] = {alpha, beta};
    struct pl_err err = {0};

    assert_int_equal(pl_kafka_start(member->kafka, partition, offsets, &err), PL_OK);
}

static void takes_each_input_when_asked(void **state)
{
    const struct cluster *cluster = *state;
    struct pl_kafka_taken taken;
    struct member member;
    struct pl_err err;
    const int64_t again[2] = {0, 0};

    produce(cluster, "alpha", 0, 1500);
    produce(cluster, "beta", 0, 1500);
    produce(cluster, "beta", 3, 10);
    produce(cluster, "control", 0, 5);
    join_as(&member, cluster, 2, "control");
    await_assigned(&member, PARTITIONS);
    pl_kafka_take(member.kafka, 0, 0, &taken);
    assert_null(taken.message); /* not started */
    assert_false(taken.at_end);
    begin(&member, 0, PL_KAFKA_BEGINNING, 7);
    begin(&member, 3, PL_KAFKA_BEGINNING, 4);
    assert_int_equal(pl_kafka_start(member.kafka, 3, again, &err), PL_ERR_STATE);

    /* One input to its end while the others wait, then in turns: the order is ours. */
    for (int64_t offset = 7; offset < 1500; offset++)
        expect(&member, 1, 0, offset);
    expect_end(&member, 1, 0);
    for (int64_t offset = 0; offset < 6; offset++) {
        expect(&member, 0, 0, offset);
        expect(&member, 1, 3, 4 + offset);
    }
    expect_end(&member, 1, 3);
    expect_end(&member, 0, 3);
    assert_int_equal(pl_kafka_lag(member.kafka, 1, 3), 0);
    assert_int_equal(pl_kafka_lag(member.kafka, 0, 0), 1494);
    assert_int_equal(pl_kafka_lag(member.kafka, 0, 1), -1); /* not started */

    /* What comes after the end is told by the eventfd, and the end is no longer one. */
    for (int round = 0; round < 3; round++) {
        produce(cluster, "beta", 3, 10);
        for (int64_t offset = 0; offset < 10; offset++) {
            assert_true(next(&member, 1, 3, false, &taken));
            assert_int_equal(taken.record.offset, 10 + round * 10 + offset);
            pl_kafka_release(taken.message);
        }
        expect_end(&member, 1, 3);
    }

    /* A partition that is stopped says nothing more, and begins where it is told. */
    pl_kafka_stop(member.kafka, 0);
    pl_kafka_take(member.kafka, 0, 0, &taken);
    assert_null(taken.message);
    begin(&member, 0, 1490, 3);
    for (int64_t offset = 1490; offset < 1500; offset++)
        expect(&member, 0, 0, offset);
    expect_end(&member, 0, 0);
    for (int64_t offset = 3; offset < 1500; offset++)
        expect(&member, 1, 0, offset);
    expect_end(&member, 1, 0);
    assert_int_equal(member.n_problems, 0);
    assert_true(leave(&member));
}

static void control_can_go_back(void **state)
{
    const struct cluster *cluster = *state;
    struct pl_kafka_taken taken;
    struct member member;
    struct pl_err err;

    produce(cluster, "control", 0, 200);
    join_as(&member, cluster, 2, "control");
    await_assigned(&member, PARTITIONS);
    assert_int_equal(pl_kafka_start_control(member.kafka, 150, &err), PL_OK);
    expect(&member, PL_KAFKA_CONTROL, 0, 150);
    expect(&member, PL_KAFKA_CONTROL, 0, 151);
    assert_int_equal(pl_kafka_start_control(member.kafka, 20, &err), PL_OK);
    for (int64_t offset = 20; offset < 100; offset++)
        expect(&member, PL_KAFKA_CONTROL, 0, offset);
    assert_int_equal(pl_kafka_start_control(member.kafka, PL_KAFKA_BEGINNING, &err), PL_OK);
    for (int64_t offset = 0; offset < 200; offset++)
        expect(&member, PL_KAFKA_CONTROL, 0, offset);
    expect_end(&member, PL_KAFKA_CONTROL, 0);
    pl_kafka_stop_control(member.kafka);
    pl_kafka_take(member.kafka, PL_KAFKA_CONTROL, 0, &taken);
    assert_false(taken.message || taken.at_end || taken.failure);
    assert_int_equal(pl_kafka_start_control(member.kafka, 199, &err), PL_OK);
    expect(&member, PL_KAFKA_CONTROL, 0, 199);
    assert_true(leave(&member));
}

/* Without source topics the group is about the control topic. */
static void lives_on_the_control_topic_alone(void **state)
{
    const struct cluster *cluster = *state;
    struct member member;
    struct pl_err err;

    produce(cluster, "control", 0, 3);
    join_as(&member, cluster, 0, "control");
    await_assigned(&member, 1);
    assert_true(member.owns[0]);
    assert_int_equal(pl_kafka_start(member.kafka, 0, NULL, &err), PL_OK);
    assert_int_equal(pl_kafka_start_control(member.kafka, PL_KAFKA_BEGINNING, &err), PL_OK);
    for (int64_t offset = 0; offset < 3; offset++)
        expect(&member, PL_KAFKA_CONTROL, 0, offset);
    expect_end(&member, PL_KAFKA_CONTROL, 0);
    assert_true(leave(&member));
}

static void await_failure(struct member *member, unsigned topic, int32_t partition, struct pl_kafka_taken *taken)
{
    int64_t until_us = pl_clock_monotonic_us() + PATIENCE_US;

    for (;;) {
        pl_kafka_take(member->kafka, topic, partition, taken);
        assert_null(taken->message);
        assert_false(taken->at_end);
        if (taken->failure)
            return;
        assert_true(pl_clock_monotonic_us() < until_us);
        doze(member);
    }
}

static void a_lost_offset_fails_one_input_only(void **state)
{
    const struct cluster *cluster = *state;
    struct pl_kafka_taken taken;
    struct member member;

    produce(cluster, "alpha", 1, 20);
    produce(cluster, "beta", 1, 20);
    produce(cluster, "alpha", 2, 20);
    join_as(&member, cluster, 2, "control");
    await_assigned(&member, PARTITIONS);
    begin(&member, 1, 1000, 0);
    begin(&member, 2, 0, 0);
    await_failure(&member, 0, 1, &taken);
    assert_non_null(strstr(taken.failure, "alpha[1]: offset 1000 is beyond the end of the log"));
    assert_non_null(strstr(taken.failure, "ends at 20"));
    assert_int_equal(taken.log_start, 0);
    assert_int_equal(taken.log_end, 20);
    assert_int_equal(member.n_problems, 1);
    assert_string_equal(member.problem, taken.failure);
    for (int64_t offset = 0; offset < 20; offset++) {
        expect(&member, 1, 1, offset);
        expect(&member, 0, 2, offset);
    }
    pl_kafka_take(member.kafka, 0, 1, &taken); /* it stays failed until it is started anew */
    assert_non_null(taken.failure);
    pl_kafka_stop(member.kafka, 1);
    begin(&member, 1, 19, 19);
    expect(&member, 0, 1, 19);
    expect_end(&member, 0, 1);
    assert_true(leave(&member));
}

static void stop_what_is_asked_back(struct member *member)
{
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        if (!member->asked_back[partition])
            continue;
        member->asked_back[partition] = member->owns[partition] = false;
        pl_kafka_stop(member->kafka, partition);
    }
}

/* A second member comes; partitions move, those that were started and those that were not; the first then leaves. */
static void members_share_and_inherit(void **state)
{
    const struct cluster *cluster = *state;
    struct member first, second;
    int64_t until_us = pl_clock_monotonic_us() + PATIENCE_US;

    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        produce(cluster, "alpha", partition, 10);
        produce(cluster, "beta", partition, 10);
    }
    join_as(&first, cluster, 2, "control");
    await_assigned(&first, PARTITIONS);
    begin(&first, 0, 0, 0);
    begin(&first, 1, 0, 0); /* 2 and 3 are never started, as when Redis is away */
    expect(&first, 0, 0, 0);
    expect(&first, 0, 1, 0);
    join_as(&second, cluster, 2, "control");
    while (second.n_assigned < PARTITIONS / 2) {
        assert_true(pl_clock_monotonic_us() < until_us);
        doze(&first);
        stop_what_is_asked_back(&first);
        doze(&second);
    }
    assert_int_equal(first.n_revoked, PARTITIONS / 2);
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        assert_true(first.owns[partition] != second.owns[partition]);
        if (second.owns[partition]) {
            begin(&second, partition, 1, 2);
            expect(&second, 0, partition, 1);
            expect(&second, 1, partition, 2);
        } else if (partition < 2) { /* one that stayed goes on without a gap */
            expect(&first, 0, partition, 1);
            expect(&first, 1, partition, 0);
        }
    }
    assert_true(leave(&first));
    while (second.n_assigned < PARTITIONS) {
        assert_true(pl_clock_monotonic_us() < until_us);
        doze(&second);
    }
    for (int32_t partition = 0; partition < PARTITIONS; partition++)
        assert_true(second.owns[partition]);
    assert_int_equal(second.n_revoked, 0);
    assert_true(leave(&second));
}

/* A start between a revocation and its answer takes effect after it. */
static void a_start_waits_for_an_open_revocation(void **state)
{
    const struct cluster *cluster = *state;
    struct member first, second;
    int64_t until_us = pl_clock_monotonic_us() + PATIENCE_US;
    int32_t mine = -1;

    for (int32_t partition = 0; partition < PARTITIONS; partition++)
        produce(cluster, "alpha", partition, 10);
    join_as(&first, cluster, 2, "control");
    await_assigned(&first, PARTITIONS);
    join_as(&second, cluster, 2, "control");
    while (!first.n_revoked) {
        assert_true(pl_clock_monotonic_us() < until_us);
        doze(&first);
        doze(&second);
    }
    for (int32_t partition = 0; partition < PARTITIONS; partition++)
        if (!first.asked_back[partition])
            mine = partition;
    assert_true(mine >= 0);
    begin(&first, mine, 3, 0);
    assert_int_equal(pl_kafka_lag(first.kafka, 0, mine), -1); /* not assigned yet */
    for (int round = 0; round < 5; round++) {
        doze(&first);
        doze(&second);
    }
    assert_int_equal(second.n_assigned, 0); /* nobody gets what was not given back */
    stop_what_is_asked_back(&first);
    expect(&first, 0, mine, 3);
    while (second.n_assigned < PARTITIONS / 2) {
        assert_true(pl_clock_monotonic_us() < until_us);
        doze(&first);
        doze(&second);
    }
    assert_false(second.owns[mine]);
    assert_true(leave(&second));
    assert_true(leave(&first));
}

/* A topic that is answered with an error, and as by a broker without partitions: librdkafka 2.8 crashes over an error
 * beside partitions that it has not seen before (its issue 4907). */
static void refuse(const struct cluster *cluster, const char *topic, rd_kafka_resp_err_t failed)
{
    rd_kafka_mock_topic_create(cluster->mock, topic, 0, 1);
    rd_kafka_mock_topic_set_error(cluster->mock, topic, failed);
}

static void facts_tell_what_the_broker_says(void **state)
{
    const struct cluster *cluster = *state;
    struct pl_kafka_topic_facts facts;
    struct member member;
    struct pl_err err;

    refuse(cluster, "gone", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    refuse(cluster, "locked", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    join_as(&member, cluster, 0, NULL); /* joins no group */
    assert_int_equal(pl_kafka_facts(member.kafka, "beta", 2 * PL_SECOND_US, &facts, &err), PL_OK);
    assert_int_equal(facts.partitions, PARTITIONS);
    assert_true(facts.trusted_time); /* the mock cannot be asked: no warning, but a note */
    assert_non_null(strstr(err.text, "topic beta: its configuration is unknown"));
    assert_int_equal(pl_kafka_facts(member.kafka, "control", PL_SECOND_US, &facts, NULL), PL_OK);
    assert_int_equal(facts.partitions, 1);
    assert_int_equal(pl_kafka_facts(member.kafka, "gone", 10 * PL_SECOND_US, &facts, &err), PL_OK);
    assert_int_equal(facts.partitions, 0);
    assert_int_equal(pl_kafka_facts(member.kafka, "locked", 10 * PL_SECOND_US, &facts, &err), PL_ERR_IO);
    assert_non_null(strstr(err.text, "topic locked: "));
    assert_true(leave(&member));
}

/* Away at any moment of joining: nothing hangs, nothing leaks. */
static void leaves_at_any_moment(void **state)
{
    const struct cluster *cluster = *state;

    for (int dozes = 0; dozes < 18; dozes += 3) {
        struct member member;

        join_as(&member, cluster, 2, "control");
        for (int at = 0; at < dozes; at++)
            doze(&member);
        leave(&member);
    }
    pl_kafka_free(NULL, 0);
}

static void says_when_the_broker_is_away(void **state)
{
    const struct cluster *cluster = *state;
    int64_t until_us = pl_clock_monotonic_us() + PATIENCE_US;
    struct member member;

    rd_kafka_mock_broker_set_down(cluster->mock, 1);
    join_as(&member, cluster, 2, "control");
    while (!member.n_problems) {
        assert_true(pl_clock_monotonic_us() < until_us);
        doze(&member);
    }
    assert_true(strlen(member.problem) > 0);
    rd_kafka_mock_broker_set_up(cluster->mock, 1);
    await_assigned(&member, PARTITIONS);
    assert_true(leave(&member));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(takes_each_input_when_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(control_can_go_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lives_on_the_control_topic_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lost_offset_fails_one_input_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(members_share_and_inherit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_start_waits_for_an_open_revocation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(facts_tell_what_the_broker_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(leaves_at_any_moment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(says_when_the_broker_is_away, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
