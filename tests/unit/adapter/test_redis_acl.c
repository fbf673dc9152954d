/* conf/redis-acl.conf on a real server: link and store work as its writer, the reader reads, and neither does more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "adapter/store.h"
#include "support/link_probe.h"
#include "support/redis_server.h"

static struct test_redis server;
static char password_file[128];

static int start_server(void **state)
{
    FILE *file;

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    test_redis_start(&server, (const char *const[]){PL_SOURCE_DIR "/conf/redis-acl.conf", NULL});
    snprintf(password_file, sizeof(password_file), "%s/password", server.dir);
    file = fopen(password_file, "w");
    if (!file)
        return -1;
    fputs("secret\n", file);
    fclose(file);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    test_redis_stop(&server);
    return 0;
}

static void log_in(struct probe *probe, const char *user)
{
    char url[160];

    snprintf(url, sizeof(url), "%s?db=3", server.url);
    probe_start(probe,
                (struct pl_link_config){.url = url, .user = user, .password_file = password_file, .name = "plateaud"});
    probe_until(probe, probe->ups == 1);
}

/* As shipped nobody can log in, with any password. */
static void test_no_password(void **state)
{
    static const char *const users[] = {"plateaud", "plateaud-reader", "plateaud-forward"};

    (void)state;
    for (size_t at = 0; at < 3; at++) {
        struct probe probe = {0};

        probe_start(&probe,
                    (struct pl_link_config){.url = server.url, .user = users[at], .password_file = password_file});
        probe_until(&probe, probe.downs == 1);
        assert_non_null(strstr(probe.why, "WRONGPASS"));
        probe_stop(&probe);
        test_redis_do(&server, "ACL SETUSER %s >secret", users[at]);
    }
}

struct outcome {
    unsigned n;
    enum pl_status status;
    char why[PL_ERR_TEXT_BYTES];
};

static void on_done(void *ctx, enum pl_status status, bool halt, const char *why)
{
    struct outcome *outcome = ctx;

    (void)halt;
    outcome->n++;
    outcome->status = status;
    snprintf(outcome->why, sizeof(outcome->why), "%s", why ? why : "");
}

static void on_acquired(void *ctx, enum pl_status status, const struct pl_acquired *acquired, const char *why)
{
    (void)acquired;
    on_done(ctx, status, false, why);
}

static void test_store_works(void **state)
{
    struct pl_hold hold = {.meta_key = "plateaud:{main/0}:meta", .owner = 5};
    struct pl_span pair[2] = {pl_span_of("offset"), pl_span_of("9")};
    struct probe probe = {0};
    struct outcome outcome = {0};
    struct pl_buf commands = {0};
    struct pl_store *store;

    (void)state;
    log_in(&probe, "plateaud");
    store = pl_store_new(probe.link);
    assert_int_equal(pl_store_acquire(store, &hold, on_acquired, &outcome), PL_OK);
    probe_until(&probe, outcome.n == 1);
    assert_string_equal(outcome.why, "");
    pl_resp_add_text(&commands, "HSET", "plateaud:{main/0}:u:7", "a", "1", NULL);
    pl_resp_add_text(&commands, "HDEL", "plateaud:{main/0}:u:7", "b", NULL);
    pl_resp_add_text(&commands, "XADD", "plateaud:{main/0}:alerts", "MAXLEN", "~", "1000", "*", "id", "x", NULL);
    pl_resp_add_text(&commands, "PUBLISH", "plateaud:main:alerts", "{}", NULL);
    assert_int_equal(pl_store_commit(store, &hold, pl_buf_span(&commands), 4, pair, 1, on_done, &outcome), PL_OK);
    probe_until(&probe, outcome.n == 2);
    assert_string_equal(outcome.why, "");
    assert_int_equal(hold.seq, 1);
    pl_buf_clear(&commands); /* one forbidden command: nothing of the commit is carried out */
    pl_resp_add_text(&commands, "HSET", "plateaud:{main/0}:x", "f", "1", NULL);
    pl_resp_add_text(&commands, "HSET", "foreign", "f", "1", NULL);
    assert_int_equal(pl_store_commit(store, &hold, pl_buf_span(&commands), 2, NULL, 0, on_done, &outcome), PL_OK);
    probe_until(&probe, outcome.n == 3);
    assert_int_equal(outcome.status, PL_ERR_IO);
    assert_non_null(strstr(outcome.why, "NOPERM"));
    probe_until(&probe, probe.ups == 2); /* on a new connection, lest a transaction is left open */
    probe_expect(&probe, "HGET plateaud:{main/0}:x f", "nil");
    probe_expect(&probe, "HGET plateaud:{main/0}:meta seq", "string 1");
    pl_buf_fini(&commands);
    pl_store_free(store);
    probe_stop(&probe);
}

/* Commands that must not be refused for lack of permission (other errors are fine), and those that must. */
static void check_each(const char *user, const char *const *commands, bool allowed)
{
    struct probe probe = {0};
    unsigned n = 0;

    log_in(&probe, user);
    for (; commands[n]; n++) {
        struct answer answer = {0};

        assert_int_equal(probe_send(&probe, &answer, commands[n]), PL_OK);
        probe_until(&probe, answer.n > 0);
        if ((strncmp(answer.text.ptr, "error NOPERM", 12) == 0) == allowed)
            fail_msg("%s: %s answered %s", user, commands[n], answer.text.ptr);
        pl_buf_fini(&answer.text);
    }
    assert_int_equal(probe.downs, 0);
    probe_stop(&probe);
    print_message("%s: %u commands %s\n", user, n, allowed ? "work" : "are refused");
}

/* A script has no more rights than its caller. Redis 7.0 and later ones tell it in different words. */
static void check_script(const char *user)
{
    struct probe probe = {0};
    struct answer answer = {0};

    log_in(&probe, user);
    assert_int_equal(probe_send(&probe, &answer, "EVAL return(redis.pcall('FLUSHALL')).err 0"), PL_OK);
    probe_until(&probe, answer.n > 0);
    if (!strstr(answer.text.ptr, "can't run this command") && !strstr(answer.text.ptr, "no permissions to run"))
        fail_msg("%s: a script that flushes answered %s", user, answer.text.ptr);
    pl_buf_fini(&answer.text);
    probe_stop(&probe);
}

static void test_allowed(void **state)
{
    static const char *const writer[] = {"ROLE",
                                         "INFO memory",
                                         "INFO cluster",
                                         "CLUSTER SLOTS",
                                         "CLIENT SETNAME x",
                                         "SELECT 3",
                                         "WATCH plateaud:{main}:m",
                                         "UNWATCH",
                                         "MULTI",
                                         "EXEC",
                                         "MULTI",
                                         "EVAL return{} 1 plateaud:{main}:m",
                                         "HSET plateaud:{main}:h f 1",
                                         "HGET plateaud:{main}:h f",
                                         "HMGET plateaud:{main}:h f g",
                                         "HGETALL plateaud:{main}:h",
                                         "HKEYS plateaud:{main}:h",
                                         "HDEL plateaud:{main}:h g",
                                         "HINCRBY plateaud:{main}:h f 1",
                                         "XADD plateaud:{main}:x * f 1",
                                         "XRANGE plateaud:{main}:x - +",
                                         "XREVRANGE plateaud:{main}:x + -",
                                         "XTRIM plateaud:{main}:x MAXLEN 5",
                                         "PUBLISH plateaud:main:alerts x",
                                         "SADD plateaud:{main}:s x",
                                         "SMEMBERS plateaud:{main}:s",
                                         "ZADD plateaud:{main}:z 1 x",
                                         "DEL plateaud:{main}:k",
                                         NULL};
    static const char *const reader[] = {"PING",
                                         "ROLE",
                                         "INFO memory",
                                         "INFO cluster",
                                         "CLUSTER SLOTS",
                                         "CLIENT SETNAME x",
                                         "SELECT 3",
                                         "HELLO 2",
                                         "MULTI",
                                         "EXEC",
                                         "HGET plateaud:{main}:h f",
                                         "HMGET plateaud:{main}:h f g",
                                         "HGETALL plateaud:{main}:h",
                                         "HLEN plateaud:{main}:h",
                                         "HSCAN plateaud:{main}:h 0",
                                         "HKEYS plateaud:{main}:h",
                                         "HVALS plateaud:{main}:h",
                                         "XRANGE plateaud:{main}:x - +",
                                         "XREVRANGE plateaud:{main}:x + -",
                                         "XLEN plateaud:{main}:x",
                                         "XREAD STREAMS plateaud:{main}:x 0",
                                         "SMEMBERS plateaud:{main}:s",
                                         "SISMEMBER plateaud:{main}:s x",
                                         "SCARD plateaud:{main}:s",
                                         "ZRANGE plateaud:{main}:z 0 -1",
                                         "ZREVRANGE plateaud:{main}:z 0 -1",
                                         "ZRANGEBYSCORE plateaud:{main}:z 0 1",
                                         "ZCARD plateaud:{main}:z",
                                         "ZSCORE plateaud:{main}:z x",
                                         "GET plateaud:{main}:k",
                                         "MGET plateaud:{main}:k",
                                         "EXISTS plateaud:{main}:k",
                                         "TYPE plateaud:{main}:k",
                                         "TTL plateaud:{main}:k",
                                         "SUBSCRIBE plateaud:main:alerts",
                                         NULL};
    static const char *const forward[] = {"ROLE",
                                          "INFO memory",
                                          "CLIENT SETNAME x",
                                          "SELECT 3",
                                          "XGROUP CREATE plateaud:{main}:alerts g $ MKSTREAM",
                                          "XREADGROUP GROUP g c STREAMS plateaud:{main}:alerts >",
                                          "XAUTOCLAIM plateaud:{main}:alerts g c 60000 0",
                                          "XACK plateaud:{main}:alerts g 1-1",
                                          NULL};

    (void)state;
    check_each("plateaud", writer, true);
    check_each("plateaud-reader", reader, true);
    check_each("plateaud-forward", forward, true);
}

static void test_refused_to_the_writer(void **state)
{
    static const char *const writer[] = {"PING",
                                         "DISCARD",
                                         "EVALSHA 0123 1 plateaud:{main}:m",
                                         "SCRIPT LOAD return{}",
                                         "HLEN plateaud:{main}:h",
                                         "HSCAN plateaud:{main}:h 0",
                                         "XLEN plateaud:{main}:x",
                                         "XDEL plateaud:{main}:x 1-1",
                                         "SREM plateaud:{main}:s y",
                                         "ZREM plateaud:{main}:z y",
                                         "ZREM plateaud:{main}:z m",
                                         "SET plateaud:{main}:k 1",
                                         "GET plateaud:{main}:k",
                                         "EXISTS plateaud:{main}:k",
                                         "UNLINK plateaud:{main}:k",
                                         "HSET plateaud:{other}:h f 1",
                                         "HSET plateaud:{other/0}:h f 1",
                                         "PUBLISH plateaud:other:alerts x",
                                         "DEL foreign",
                                         "GET foreign",
                                         "SET plateau:x 1",
                                         "HSET foreign f 1",
                                         "XADD foreign * f 1",
                                         "EVAL return{} 1 foreign",
                                         "PUBLISH foreign x",
                                         "CONFIG GET *",
                                         "CONFIG SET maxmemory 0",
                                         "FLUSHALL",
                                         "FLUSHDB",
                                         "KEYS *",
                                         "SCAN 0",
                                         "RANDOMKEY",
                                         "DBSIZE",
                                         "SHUTDOWN NOSAVE",
                                         "REPLICAOF NO ONE",
                                         "SCRIPT FLUSH",
                                         "SCRIPT KILL",
                                         "FUNCTION FLUSH",
                                         "FUNCTION LIST",
                                         "CLIENT KILL ID 1",
                                         "CLIENT LIST",
                                         "CLIENT PAUSE 1",
                                         "ACL LIST",
                                         "ACL SETUSER plateaud +@all",
                                         "ACL WHOAMI",
                                         "RESTORE plateaud:{main}:k 0 x",
                                         "DUMP plateaud:{main}:h",
                                         "MIGRATE h 1 plateaud:{main}:k 0 1",
                                         "SUBSCRIBE plateaud:main:alerts",
                                         "MONITOR",
                                         "SORT plateaud:{main}:s",
                                         "COPY plateaud:{main}:h plateaud:{main}:i",
                                         "RENAME plateaud:{main}:h plateaud:{main}:i",
                                         "HINCRBYFLOAT plateaud:{main}:h f 1",
                                         "EXPIRE plateaud:{main}:h 1",
                                         "MODULE LIST",
                                         "SAVE",
                                         "BGREWRITEAOF",
                                         "SWAPDB 0 1",
                                         "MOVE plateaud:{main}:h 1",
                                         "SLAVEOF NO ONE",
                                         "CLUSTER RESET",
                                         "LATENCY RESET",
                                         "SLOWLOG GET",
                                         NULL};

    (void)state;
    check_each("plateaud", writer, false);
    check_script("plateaud");
}

static void test_refused_to_readers(void **state)
{
    static const char *const reader[] = {"HGETALL plateaud:{main/0}:u:0",
                                         "HGETALL plateaud:{other}:meta",
                                         "HSET plateaud:{main/0}:meta f 1",
                                         "XGROUP CREATE plateaud:{main}:alerts g $ MKSTREAM",
                                         "XREADGROUP GROUP g c STREAMS plateaud:{main}:alerts >",
                                         "HSET plateaud:{main}:h f 1",
                                         "SET plateaud:{main}:k 1",
                                         "DEL plateaud:{main}:h",
                                         "UNLINK plateaud:{main}:h",
                                         "XADD plateaud:{main}:x * f 1",
                                         "XTRIM plateaud:{main}:x MAXLEN 0",
                                         "SADD plateaud:{main}:s y",
                                         "ZADD plateaud:{main}:z 1 y",
                                         "EVAL return{} 0",
                                         "PUBLISH plateaud:main:alerts x",
                                         "GET foreign",
                                         "HGETALL foreign",
                                         "SUBSCRIBE foreign",
                                         "PSUBSCRIBE *",
                                         "KEYS *",
                                         "SCAN 0",
                                         "CONFIG GET *",
                                         "FLUSHALL",
                                         "ACL LIST",
                                         "MONITOR",
                                         "SHUTDOWN",
                                         NULL};
    static const char *const forward[] = {"XGROUP DESTROY plateaud:{main}:alerts g",
                                          "XREADGROUP GROUP g c STREAMS plateaud:{main}:results >",
                                          "XADD plateaud:{main}:alerts * a 1",
                                          "XTRIM plateaud:{main}:alerts MAXLEN 0",
                                          "XRANGE plateaud:{main}:alerts - +",
                                          "DEL plateaud:{main}:alerts",
                                          "HGETALL plateaud:{main}:meta",
                                          "PUBLISH plateaud:main:alerts x",
                                          "SUBSCRIBE plateaud:main:alerts",
                                          "EVAL return{} 0",
                                          "KEYS *",
                                          "CONFIG GET *",
                                          "FLUSHALL",
                                          NULL};

    (void)state;
    check_each("plateaud-reader", reader, false);
    check_each("plateaud-forward", forward, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_password),
        cmocka_unit_test(test_store_works),
        cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_refused_to_the_writer),
        cmocka_unit_test(test_refused_to_readers),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
