/* adapter/kafka_producer and adapter/kafka_tail against librdkafka's mock cluster in this process. */
#include "adapter/kafka_producer.h"
#include "adapter/kafka_tail.h"
#include "util/num.h"
#include "util/stamp.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PATIENCE_US (20 * PL_SECOND_US) /* a bound against hanging, not an expectation */

static struct cluster {
    rd_kafka_t *rk;
    rd_kafka_mock_cluster_t *mock;
    struct pl_conf conf;
    struct pl_conf_pair pairs[2];
} cluster;

static int set_up(void **state)
{
    char why[256];

    (void)state;
    cluster.rk = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof(why));
    cluster.mock = rd_kafka_mock_cluster_new(cluster.rk, 1);
    rd_kafka_mock_topic_create(cluster.mock, "control", 1, 1);
    rd_kafka_mock_topic_create(cluster.mock, "events", 3, 1);
    cluster.pairs[0] =
        (struct pl_conf_pair){strdup("bootstrap.servers"), strdup(rd_kafka_mock_cluster_bootstraps(cluster.mock))};
    cluster.conf = (struct pl_conf){.kafka = cluster.pairs, .n_kafka = 1};
    return cluster.mock ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    free(cluster.pairs[0].key);
    free(cluster.pairs[0].value);
    rd_kafka_mock_cluster_destroy(cluster.mock);
    rd_kafka_destroy(cluster.rk);
    return 0;
}

static void send_all(const char *topic, int32_t partition, int n)
{
    struct pl_kafka_producer *producer;
    struct pl_err err = {0};
    char value[32];

    assert_int_equal(pl_kafka_producer_new(&cluster.conf, &producer, &err), PL_OK);
    for (int at = 0; at < n; at++) {
        snprintf(value, sizeof(value), "%d/%d", (int)partition, at);
        assert_int_equal(
            pl_kafka_producer_send(producer, topic, partition, pl_span_of(at ? "key" : ""), pl_span_of(value), &err),
            PL_OK);
    }
    assert_int_equal(pl_kafka_producer_flush(producer, PATIENCE_US, &err), PL_OK);
    assert_int_equal(pl_kafka_producer_stored(producer), n);
    pl_kafka_producer_free(producer);
}

/* What is read is what was written, in order within each partition, once. */
static void written_and_read_in_order(void **state)
{
    struct pl_kafka_tail *tail;
    struct pl_kafka_tail_taken taken;
    struct pl_err err = {0};
    int next[3] = {0}, n = 0;
    char value[32], want[32];

    (void)state;
    for (int32_t p = 0; p < 3; p++)
        send_all("events", p, 50 + p);
    assert_int_equal(pl_kafka_tail_new(&cluster.conf, &tail, &err), PL_OK);
    assert_int_equal(pl_kafka_tail_add(tail, "events", 1000, PATIENCE_US, &err), PL_OK);
    while (n < 153) {
        assert_int_equal(pl_kafka_tail_next(tail, PATIENCE_US, &taken, &err), PL_OK);
        if (!taken.message)
            continue;
        assert_in_range(taken.record.partition, 0, 2);
        assert_true(pl_span_copy(taken.record.value, value, sizeof(value)));
        snprintf(want, sizeof(want), "%d/%d", (int)taken.record.partition, next[taken.record.partition]);
        assert_string_equal(value, want);
        assert_int_equal(taken.record.offset, next[taken.record.partition]++);
        assert_true(pl_span_is(taken.record.topic, "events") && taken.record.timestamp_us > 0);
        pl_kafka_tail_release(taken.message);
        n++;
    }
    assert_int_equal(pl_kafka_tail_next(tail, PL_SECOND_US / 5, &taken, &err), PL_OK);
    assert_null(taken.message);
    pl_kafka_tail_free(tail);
}

/* From the end: what was there before is not seen; from 5 before the end: these are. */
static void begins_where_it_is_told(void **state)
{
    struct pl_kafka_tail *tail;
    struct pl_kafka_tail_taken taken = {.message = NULL};
    struct pl_err err = {0};
    int n = 0;

    (void)state;
    send_all("control", 0, 20);
    assert_int_equal(pl_kafka_tail_new(&cluster.conf, &tail, &err), PL_OK);
    assert_int_equal(pl_kafka_tail_add(tail, "control", 5, PATIENCE_US, &err), PL_OK);
    while (n < 5) {
        assert_int_equal(pl_kafka_tail_next(tail, PATIENCE_US, &taken, &err), PL_OK);
        if (!taken.message)
            continue;
        assert_int_equal(taken.record.offset, 15 + n++);
        pl_kafka_tail_release(taken.message);
    }
    pl_kafka_tail_free(tail);
    assert_int_equal(pl_kafka_tail_new(&cluster.conf, &tail, &err), PL_OK);
    assert_int_equal(pl_kafka_tail_add(tail, "control", 0, PATIENCE_US, &err), PL_OK);
    assert_int_equal(pl_kafka_tail_next(tail, PL_SECOND_US / 2, &taken, &err), PL_OK);
    assert_null(taken.message);
    pl_kafka_tail_free(tail);
}

/* A broker that refuses: said by the flush, and the stored ones are counted. */
static void a_refusal_is_told(void **state)
{
    struct pl_kafka_producer *producer;
    struct pl_err err = {0};

    (void)state;
    /* Without partitions, as a broker answers: beside them the error makes librdkafka 2.8 crash (its issue 4907). */
    rd_kafka_mock_topic_create(cluster.mock, "locked", 0, 1);
    rd_kafka_mock_topic_set_error(cluster.mock, "locked", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    assert_int_equal(pl_kafka_producer_new(&cluster.conf, &producer, &err), PL_OK);
    assert_int_equal(pl_kafka_producer_send(producer, "locked", 0, pl_span_of(""), pl_span_of("x"), &err), PL_OK);
    assert_int_equal(pl_kafka_producer_flush(producer, PATIENCE_US, &err), PL_ERR_IO);
    assert_non_null(strstr(err.text, "did not store"));
    assert_int_equal(pl_kafka_producer_stored(producer), 0);
    assert_int_equal(pl_kafka_producer_send(producer, "locked", 0, pl_span_of(""), pl_span_of("y"), &err), PL_ERR_IO);
    pl_kafka_producer_free(producer);
}

static void a_wrong_setting(void **state)
{
    struct pl_kafka_producer *producer;
    struct pl_kafka_tail *tail;
    struct pl_err err = {0};
    char key[] = "no.such.setting", value[] = "1";

    (void)state;
    cluster.pairs[1] = (struct pl_conf_pair){key, value};
    cluster.conf.n_kafka = 2;
    assert_int_equal(pl_kafka_producer_new(&cluster.conf, &producer, &err), PL_ERR_INPUT);
    assert_non_null(strstr(err.text, "no.such.setting"));
    assert_int_equal(pl_kafka_tail_new(&cluster.conf, &tail, &err), PL_ERR_INPUT);
    pl_kafka_producer_free(NULL);
    pl_kafka_tail_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(written_and_read_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(begins_where_it_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_setting, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
