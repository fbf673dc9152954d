#include "adapter/kafka_conf.h"

#include <librdkafka/rdkafka.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const topics[] = {"a", "b", "c"};

struct given {
    struct pl_conf conf;
    struct pl_kafka_config config;
    rd_kafka_conf_t *made;
    struct pl_err err;
};

static enum pl_status make(struct given *given, struct pl_conf_pair *pairs, unsigned n)
{
    given->conf =
        (struct pl_conf){.group = (char[]){"g1"}, .kafka = pairs, .n_kafka = n, .kafka_queue_bytes = 64 << 20};
    given->config.conf = &given->conf;
    given->made = NULL;
    return pl_kafka_conf_make(&given->config, &given->made, &given->err);
}

static void expect_setting(const struct given *given, const char *key, const char *wanted)
{
    char value[256];
    size_t size = sizeof(value);

    assert_int_equal(rd_kafka_conf_get(given->made, key, value, &size), RD_KAFKA_CONF_OK);
    assert_string_equal(value, wanted);
}

static void owned_settings_cannot_be_changed(void **state)
{
    struct pl_conf_pair pairs[] = {{(char[]){"enable.auto.commit"}, (char[]){"true"}},
                                   {(char[]){"isolation.level"}, (char[]){"read_uncommitted"}},
                                   {(char[]){"enable.partition.eof"}, (char[]){"false"}},
                                   {(char[]){"group.id"}, (char[]){"theirs"}}};
    struct given given = {0};

    (void)state;
    assert_int_equal(make(&given, pairs, 4), PL_OK);
    expect_setting(&given, "enable.auto.commit", "false");
    expect_setting(&given, "enable.auto.offset.store", "false");
    expect_setting(&given, "enable.partition.eof", "true");
    expect_setting(&given, "isolation.level", "read_committed");
    expect_setting(&given, "allow.auto.create.topics", "false");
    expect_setting(&given, "partition.assignment.strategy", "cooperative-sticky");
    expect_setting(&given, "group.id", "g1");
    rd_kafka_conf_destroy(given.made);
}

static void users_settings_replace_defaults(void **state)
{
    struct pl_conf_pair pairs[] = {{(char[]){"bootstrap.servers"}, (char[]){"k1:9092,k2:9092"}},
                                   {(char[]){"client.id"}, (char[]){"mine"}},
                                   {(char[]){"fetch.wait.max.ms"}, (char[]){"500"}}};
    struct given given = {.config = {.instance_id = "host-1"}};

    (void)state;
    assert_int_equal(make(&given, NULL, 0), PL_OK);
    expect_setting(&given, "client.id", "plateaud");
    expect_setting(&given, "fetch.wait.max.ms", "100");
    expect_setting(&given, "socket.nagle.disable", "true");
    expect_setting(&given, "group.instance.id", "host-1");
    rd_kafka_conf_destroy(given.made);
    assert_int_equal(make(&given, pairs, 3), PL_OK);
    expect_setting(&given, "bootstrap.servers", "k1:9092,k2:9092");
    expect_setting(&given, "client.id", "mine");
    expect_setting(&given, "fetch.wait.max.ms", "500");
    rd_kafka_conf_destroy(given.made);
}

static void a_wrong_setting_is_named(void **state)
{
    struct pl_conf_pair unknown[] = {{(char[]){"bootstrap.server"}, (char[]){"k1"}}};
    struct pl_conf_pair bad[] = {{(char[]){"session.timeout.ms"}, (char[]){"soon"}}};
    struct given given = {0};

    (void)state;
    assert_int_equal(make(&given, unknown, 1), PL_ERR_INPUT);
    assert_non_null(strstr(given.err.text, "[kafka] bootstrap.server: "));
    assert_null(given.made);
    assert_int_equal(make(&given, bad, 1), PL_ERR_INPUT);
    assert_non_null(strstr(given.err.text, "[kafka] session.timeout.ms: "));
}

static void write_file(const char *path, const void *bytes, size_t len)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

static void secrets_come_from_files(void **state)
{
    char path[] = "/tmp/plateaud-test-XXXXXX";
    struct pl_conf_pair pairs[] = {{(char[]){"sasl.password.file"}, path}};
    struct pl_conf_pair number[] = {{(char[]){"session.timeout.ms.file"}, path}};
    struct given given = {0};
    char *large = calloc(1, 70000);

    (void)state;
    close(mkstemp(path));
    write_file(path, "s3cret word\r\n", 13);
    assert_int_equal(make(&given, pairs, 1), PL_OK);
    expect_setting(&given, "sasl.password", "s3cret word");
    rd_kafka_conf_destroy(given.made);

    assert_int_equal(make(&given, number, 1), PL_ERR_INPUT);
    assert_non_null(strstr(given.err.text, "[kafka] session.timeout.ms.file: "));
    assert_null(strstr(given.err.text, "s3cret")); /* what the file holds is not for the log */

    write_file(path, "a\0b", 3);
    assert_int_equal(make(&given, pairs, 1), PL_ERR_INPUT);
    assert_non_null(strstr(given.err.text, "zero byte"));
    memset(large, 'x', 70000);
    write_file(path, large, 70000);
    assert_int_equal(make(&given, pairs, 1), PL_ERR_INPUT);
    assert_non_null(strstr(given.err.text, "64 KB"));
    unlink(path);
    assert_int_equal(make(&given, pairs, 1), PL_ERR_INPUT);
    assert_non_null(strstr(given.err.text, "No such file"));
    free(large);
}

static void the_queue_is_divided(void **state)
{
    struct pl_conf conf = {.kafka_queue_bytes = INT64_C(64) << 20};
    struct pl_kafka_config config = {.conf = &conf, .topics = topics, .n_workers = 4};
    struct given given = {.config = {.n_workers = 2, .n_topics = 2, .topics = topics, .n_partitions = 8}};

    (void)state;
    assert_int_equal(pl_kafka_conf_queue_bytes(&config), 16 << 20); /* partitions unknown: a worker's share */
    config.n_topics = 2;
    config.n_partitions = 16;
    assert_int_equal(pl_kafka_conf_queue_bytes(&config), 2 << 20);
    config.n_partitions = 1000;
    assert_int_equal(pl_kafka_conf_queue_bytes(&config), PL_KAFKA_QUEUE_MIN_BYTES);
    assert_int_equal(make(&given, NULL, 0), PL_OK);
    expect_setting(&given, "queued.max.messages.kbytes", "4096");
    expect_setting(&given, "fetch.message.max.bytes", "1048576");
    expect_setting(&given, "queued.min.messages", "100000");
    rd_kafka_conf_destroy(given.made);
}

static void doubtful_settings_are_warned_of(void **state)
{
    struct pl_conf_pair pairs[] = {{(char[]){"sasl.mechanism"}, (char[]){"SCRAM-SHA-512"}},
                                   {(char[]){"enable.ssl.certificate.verification"}, (char[]){"false"}},
                                   {(char[]){"group.protocol"}, (char[]){"consumer"}},
                                   {(char[]){"ssl.endpoint.identification.algorithm"}, (char[]){"none"}}};
    struct pl_conf conf = {.kafka = pairs, .n_kafka = 4};
    struct pl_buf out;

    (void)state;
    pl_buf_init(&out, 0);
    pl_kafka_warn(&conf, &out);
    assert_non_null(strstr(out.ptr, "enable.ssl.certificate.verification = false"));
    assert_non_null(strstr(out.ptr, "ssl.endpoint.identification.algorithm = none"));
    assert_int_equal(strstr(out.ptr, "SCRAM-SHA-512") != NULL, rd_kafka_version() < 0x020601ff);
    assert_int_equal(strstr(out.ptr, "group.protocol") != NULL, rd_kafka_version() < 0x020c00ff);
    pl_buf_clear(&out);
    conf.n_kafka = 0;
    pl_kafka_warn(&conf, &out);
    assert_int_equal(out.len, 0);
    pl_buf_fini(&out);
    assert_string_equal(pl_kafka_version(), rd_kafka_version_str());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(owned_settings_cannot_be_changed),
        cmocka_unit_test(users_settings_replace_defaults),
        cmocka_unit_test(a_wrong_setting_is_named),
        cmocka_unit_test(secrets_come_from_files),
        cmocka_unit_test(the_queue_is_divided),
        cmocka_unit_test(doubtful_settings_are_warned_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
