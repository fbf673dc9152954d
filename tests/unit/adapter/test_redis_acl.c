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
    static const char *const users[] = {"plateaud", "plateaud-reader"};

    (void)state;
    for (size_t at = 0; at < 2; at++) {
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
    pl_resp_add_text(&commands, "SET", "plateaud:{main/0}:x", "1", NULL);
    pl_resp_add_text(&commands, "SET", "foreign", "1", NULL);
    assert_int_equal(pl_store_commit(store, &hold, pl_buf_span(&commands), 2, NULL, 0, on_done, &outcome), PL_OK);
    probe_until(&probe, outcome.n == 3);
    assert_int_equal(outcome.status, PL_ERR_IO);
    assert_non_null(strstr(outcome.why, "NOPERM"));
    probe_until(&probe, probe.ups == 2); /* on a new connection, lest a transaction is left open */
    probe_expect(&probe, "EXISTS plateaud:{main/0}:x", "integer 0");
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
    static const char *const writer[] = {"PING",
                                         "ROLE",
                                         "INFO memory",
                                         "INFO cluster",
                                         "CLUSTER SLOTS",
                                         "CLIENT SETNAME x",
                                         "SELECT 3",
                                         "HELLO 2",
                                         "WATCH plateaud:{a}:m",
                                         "UNWATCH",
                                         "MULTI",
                                         "EXEC",
                                         "MULTI",
                                         "DISCARD",
                                         "EVAL return{} 1 plateaud:{a}:m",
                                         "EVALSHA 0123 1 plateaud:{a}:m",
                                         "SCRIPT LOAD return{}",
                                         "HSET plateaud:{a}:h f 1",
                                         "HGET plateaud:{a}:h f",
                                         "HMGET plateaud:{a}:h f g",
                                         "HGETALL plateaud:{a}:h",
                                         "HDEL plateaud:{a}:h g",
                                         "HLEN plateaud:{a}:h",
                                         "HSCAN plateaud:{a}:h 0",
                                         "HINCRBY plateaud:{a}:h f 1",
                                         "XADD plateaud:{a}:x * f 1",
                                         "XRANGE plateaud:{a}:x - +",
                                         "XREVRANGE plateaud:{a}:x + -",
                                         "XLEN plateaud:{a}:x",
                                         "XTRIM plateaud:{a}:x MAXLEN 5",
                                         "XDEL plateaud:{a}:x 1-1",
                                         "PUBLISH plateaud:a:alerts x",
                                         "SADD plateaud:{a}:s x",
                                         "SREM plateaud:{a}:s y",
                                         "SMEMBERS plateaud:{a}:s",
                                         "ZADD plateaud:{a}:z 1 x",
                                         "ZREM plateaud:{a}:z y",
                                         "ZRANGE plateaud:{a}:z 0 -1",
                                         "SET plateaud:{a}:k 1",
                                         "GET plateaud:{a}:k",
                                         "EXISTS plateaud:{a}:k",
                                         "DEL plateaud:{a}:k",
                                         "UNLINK plateaud:{a}:k",
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
                                         "HGET plateaud:{a}:h f",
                                         "HMGET plateaud:{a}:h f g",
                                         "HGETALL plateaud:{a}:h",
                                         "HLEN plateaud:{a}:h",
                                         "HSCAN plateaud:{a}:h 0",
                                         "HKEYS plateaud:{a}:h",
                                         "HVALS plateaud:{a}:h",
                                         "XRANGE plateaud:{a}:x - +",
                                         "XREVRANGE plateaud:{a}:x + -",
                                         "XLEN plateaud:{a}:x",
                                         "XREAD STREAMS plateaud:{a}:x 0",
                                         "SMEMBERS plateaud:{a}:s",
                                         "SISMEMBER plateaud:{a}:s x",
                                         "SCARD plateaud:{a}:s",
                                         "ZRANGE plateaud:{a}:z 0 -1",
                                         "ZREVRANGE plateaud:{a}:z 0 -1",
                                         "ZRANGEBYSCORE plateaud:{a}:z 0 1",
                                         "ZCARD plateaud:{a}:z",
                                         "ZSCORE plateaud:{a}:z x",
                                         "GET plateaud:{a}:k",
                                         "MGET plateaud:{a}:k",
                                         "EXISTS plateaud:{a}:k",
                                         "TYPE plateaud:{a}:k",
                                         "TTL plateaud:{a}:k",
                                         "SUBSCRIBE plateaud:a:alerts",
                                         NULL};

    (void)state;
    check_each("plateaud", writer, true);
    check_each("plateaud-reader", reader, true);
}

static void test_refused(void **state)
{
    static const char *const writer[] = {"DEL foreign",
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
                                         "RESTORE plateaud:{a}:k 0 x",
                                         "DUMP plateaud:{a}:h",
                                         "MIGRATE h 1 plateaud:{a}:k 0 1",
                                         "SUBSCRIBE plateaud:a:alerts",
                                         "MONITOR",
                                         "SORT plateaud:{a}:s",
                                         "COPY plateaud:{a}:h plateaud:{a}:i",
                                         "RENAME plateaud:{a}:h plateaud:{a}:i",
                                         "HINCRBYFLOAT plateaud:{a}:h f 1",
                                         "EXPIRE plateaud:{a}:h 1",
                                         "MODULE LIST",
                                         "SAVE",
                                         "BGREWRITEAOF",
                                         "SWAPDB 0 1",
                                         "MOVE plateaud:{a}:h 1",
                                         "SLAVEOF NO ONE",
                                         "CLUSTER RESET",
                                         "LATENCY RESET",
                                         "SLOWLOG GET",
                                         NULL};
    static const char *const reader[] = {"HSET plateaud:{a}:h f 1",
                                         "SET plateaud:{a}:k 1",
                                         "DEL plateaud:{a}:h",
                                         "UNLINK plateaud:{a}:h",
                                         "XADD plateaud:{a}:x * f 1",
                                         "XTRIM plateaud:{a}:x MAXLEN 0",
                                         "SADD plateaud:{a}:s y",
                                         "ZADD plateaud:{a}:z 1 y",
                                         "EVAL return{} 0",
                                         "PUBLISH plateaud:a:alerts x",
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

    (void)state;
    check_each("plateaud", writer, false);
    check_each("plateaud-reader", reader, false);
    check_script("plateaud");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_password),
        cmocka_unit_test(test_store_works),
        cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
