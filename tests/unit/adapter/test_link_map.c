#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "adapter/link_map.h"
#include "support/redis_server.h"

static struct pl_link_map map;

static unsigned slot_of(const char *key)
{
    return pl_link_map_slot(pl_span_of(key));
}

/* Numbers of the cluster specification: CRC16 of 123456789 is 0x31C3. */
static void test_specification(void **state)
{
    (void)state;
    assert_int_equal(slot_of("123456789"), 0x31C3 % 16384);
    assert_int_equal(slot_of(""), 0);
    assert_int_equal(slot_of("{user1000}.following"), slot_of("{user1000}.followers"));
    assert_int_equal(slot_of("{user1000}.following"), slot_of("user1000"));
    assert_int_not_equal(slot_of("foo{}{bar}"), slot_of("bar")); /* an empty tag is none */
    assert_int_equal(slot_of("foo{{bar}}zap"), slot_of("{bar"));
    assert_int_equal(slot_of("foo{bar}{zap}"), slot_of("bar"));
    assert_int_not_equal(slot_of("foo{bar"), slot_of("bar"));
}

/* The server itself says where it looks for a key. */
static void test_against_server(void **state)
{
    static const char alphabet[] = "abcxyz0189:/.{}_- ";
    static char bus[8];
    const char *const args[] = {"--cluster-enabled", "yes", "--cluster-port", bus, NULL};
    struct test_redis server;
    redisContext *client;
    unsigned random = 1;

    (void)state;
    snprintf(bus, sizeof(bus), "%d", test_free_port());
    test_redis_start(&server, args);
    client = test_redis_connect(&server);
    for (unsigned n = 0; n < 2000; n++) {
        redisReply *reply;
        char key[32];
        size_t len = n % 24;

        for (size_t at = 0; at < len; at++) {
            random = random * 1103515245 + 12345;
            key[at] = alphabet[(random >> 16) % (sizeof(alphabet) - 1)];
        }
        reply = redisCommand(client, "CLUSTER KEYSLOT %b", key, len);
        assert_non_null(reply);
        assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
        assert_int_equal(pl_link_map_slot((struct pl_span){key, len}), reply->integer);
        freeReplyObject(reply);
    }
    redisFree(client);
    test_redis_stop(&server);
}

/* A reply from its bytes. */
static const struct pl_reply *parse(struct pl_resp *resp, const char *bytes)
{
    const struct pl_reply *reply;

    assert_int_equal(pl_resp_feed(resp, pl_span_of(bytes), NULL), PL_OK);
    assert_int_equal(pl_resp_next(resp, &reply, NULL), PL_OK);
    assert_non_null(reply);
    return reply;
}

static enum pl_status read_cluster(const char *bytes, struct pl_err *err)
{
    struct pl_resp *resp = pl_resp_new(NULL);
    enum pl_status status = pl_link_map_cluster(&map, parse(resp, bytes), "asked", err);

    pl_resp_free(resp);
    return status;
}

#define RANGE(first, last, host, port) "*3\r\n:" first "\r\n:" last "\r\n*3\r\n" host ":" port "\r\n$2\r\nid\r\n"

static void test_cluster(void **state)
{
    (void)state;
    assert_int_equal(
        read_cluster("*4\r\n" RANGE("0", "99", "$1\r\na\r\n", "7000") RANGE("200", "200", "$1\r\na\r\n", "7000")
                         RANGE("201", "16383", "$1\r\na\r\n", "7001") RANGE("100", "100", "$0\r\n\r\n", "1"),
                     NULL),
        PL_OK);
    assert_int_equal(map.n, 3);
    assert_string_equal(map.addresses[0].host, "a");
    assert_string_equal(map.addresses[0].port, "7000");
    assert_string_equal(map.addresses[1].port, "7001");
    assert_string_equal(map.addresses[2].host, "asked"); /* it does not know its own address */
    assert_int_equal(map.served_by[0], 1);
    assert_int_equal(map.served_by[99], 1);
    assert_int_equal(map.served_by[100], 3);
    assert_int_equal(map.served_by[101], 0);
    assert_int_equal(map.served_by[200], 1);
    assert_int_equal(map.served_by[16383], 2);
    assert_int_equal(pl_link_map_find(&map, &map.addresses[1]), 1);
    assert_int_equal(pl_link_map_find(&map, &(struct pl_link_address){"b", "7000"}), -1);
    assert_int_equal(read_cluster("*0\r\n", NULL), PL_OK);
    assert_int_equal(map.n, 0);
    assert_int_equal(read_cluster("*1\r\n" RANGE("0", "1", "$-1\r\n", "2"), NULL), PL_OK);
    assert_string_equal(map.addresses[0].host, "asked");
    assert_int_equal(read_cluster("*1\r\n" RANGE("0", "1", "$1\r\n?\r\n", "2"), NULL), PL_OK);
    assert_string_equal(map.addresses[0].host, "asked");
}

static void test_strange_cluster(void **state)
{
    static const char *const table[] = {
        "+OK\r\n",
        "$-1\r\n",
        "*1\r\n:1\r\n",
        "*1\r\n*0\r\n",
        "*1\r\n*2\r\n:0\r\n:1\r\n",
        "*1\r\n*3\r\n:0\r\n:1\r\n:2\r\n",
        "*1\r\n*3\r\n:0\r\n:1\r\n*1\r\n$1\r\na\r\n",
        "*1\r\n" RANGE("-1", "1", "$1\r\na\r\n", "1"),
        "*1\r\n" RANGE("2", "1", "$1\r\na\r\n", "1"),
        "*1\r\n" RANGE("0", "16384", "$1\r\na\r\n", "1"),
        "*1\r\n" RANGE("0", "1", "$1\r\na\r\n", "0"),
        "*1\r\n" RANGE("0", "1", "$1\r\na\r\n", "65536"),
        "*1\r\n" RANGE("0", "1", "$3\r\na/b\r\n", "1"),
        "*1\r\n" RANGE("0", "1", "$3\r\na b\r\n", "1"),
        "*1\r\n" RANGE("0", "1", "$3\r\na@b\r\n", "1"),
        "*1\r\n*3\r\n:0\r\n$1\r\n1\r\n*2\r\n$1\r\na\r\n:1\r\n",
    };

    (void)state;
    for (size_t at = 0; at < sizeof(table) / sizeof(*table); at++) {
        struct pl_err err = {.text = ""};

        if (read_cluster(table[at], &err) != PL_ERR_INPUT)
            fail_msg("%s", table[at]);
        assert_non_null(strstr(err.text, "CLUSTER SLOTS"));
    }
}

static void test_too_many(void **state)
{
    struct pl_buf bytes = {0};
    struct pl_err err = {.text = ""};

    (void)state;
    pl_buf_addf(&bytes, "*%d\r\n", PL_LINK_MAP_MAX + 1);
    for (int at = 0; at <= PL_LINK_MAP_MAX; at++)
        pl_buf_addf(&bytes, "*3\r\n:%d\r\n:%d\r\n*2\r\n$1\r\na\r\n:%d\r\n", at, at, at + 1);
    pl_buf_add_char(&bytes, '\0');
    assert_int_equal(read_cluster(bytes.ptr, &err), PL_ERR_FULL);
    assert_non_null(strstr(err.text, "more than 128"));
    pl_buf_fini(&bytes);
}

static enum pl_status read_sentinel(const char *bytes, struct pl_err *err)
{
    struct pl_resp *resp = pl_resp_new(NULL);
    enum pl_status status = pl_link_map_sentinel(&map, parse(resp, bytes), "main", err);

    pl_resp_free(resp);
    return status;
}

static void test_sentinel(void **state)
{
    static const char *const strange[] = {"+OK\r\n", "*1\r\n$1\r\na\r\n", "*2\r\n$1\r\na\r\n$1\r\nx\r\n",
                                          "*2\r\n$0\r\n\r\n$1\r\n1\r\n", "*2\r\n$1\r\na\r\n$5\r\n65536\r\n"};
    struct pl_err err = {.text = ""};

    (void)state;
    assert_int_equal(read_sentinel("*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6380\r\n", NULL), PL_OK);
    assert_int_equal(map.n, 1);
    assert_string_equal(map.addresses[0].host, "127.0.0.1");
    assert_string_equal(map.addresses[0].port, "6380");
    assert_int_equal(map.served_by[0], 1);
    assert_int_equal(map.served_by[16383], 1);
    assert_int_equal(read_sentinel("*-1\r\n", &err), PL_ERR_INPUT);
    assert_string_equal(err.text, "the Sentinel knows no master main");
    for (size_t at = 0; at < sizeof(strange) / sizeof(*strange); at++)
        assert_int_equal(read_sentinel(strange[at], NULL), PL_ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_specification),   cmocka_unit_test(test_against_server), cmocka_unit_test(test_cluster),
        cmocka_unit_test(test_strange_cluster), cmocka_unit_test(test_too_many),       cmocka_unit_test(test_sentinel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
