#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/link_probe.h"
#include "support/redis_server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <sys/un.h>

static struct test_redis server;

static int start_server(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    test_redis_start(&server, (const char *const[]){"--appendonly", "yes", "--appendfsync", "no", NULL});
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    test_redis_stop(&server);
    return 0;
}

static void start_up(struct probe *probe, const char *url)
{
    probe_start(probe, (struct pl_link_config){.url = url});
    assert_false(pl_link_is_up(probe->link));
    assert_int_equal(probe_send(probe, NULL, "PING"), PL_ERR_STATE);
    probe_until(probe, probe->ups == 1);
    assert_true(pl_link_is_up(probe->link));
    assert_int_equal(probe->downs, 0);
}

static void test_reply_types(void **state)
{
    struct probe probe = {0};

    (void)state;
    start_up(&probe, server.url);
    probe_expect(&probe, "SET t:a 12", "status OK");
    probe_expect(&probe, "GET t:a", "string 12");
    probe_expect(&probe, "GET t:none", "nil");
    probe_expect(&probe, "INCR t:a", "integer 13");
    probe_expect(&probe, "HSET t:a x 1", "error WRONGTYPE Operation against a key holding the wrong kind of value");
    probe_expect(&probe, "RPUSH t:l a b", "integer 2");
    probe_expect(&probe, "LRANGE t:l 0 -1", "[string a, string b]");
    probe_expect(&probe, "EVAL return{1,{'x',{}},false,redis.error_reply('E')} 0",
                 "[integer 1, [string x, []], nil, error ERR E]");
    probe_stop(&probe);
}

/* 3,000 commands in flight come back in order, a third of them as groups. */
struct counted {
    struct probe *probe;
    unsigned next;
    unsigned wrong;
};

static void count_reply(void *ctx, const struct pl_reply *reply)
{
    struct counted *counted = ctx;
    char expected[16];

    snprintf(expected, sizeof(expected), "%u", counted->next++);
    if (!reply || !pl_span_is(reply->text, expected))
        counted->wrong++;
}

static void test_pipelining(void **state)
{
    struct probe probe = {0};
    struct counted counted = {.probe = &probe};
    struct pl_buf group = {0};

    (void)state;
    start_up(&probe, server.url);
    for (unsigned at = 0; at < 3000; at++) {
        char text[16];
        struct pl_span argv[2] = {pl_span_of("ECHO"), {text, (size_t)snprintf(text, sizeof(text), "%u", at)}};

        if (at % 3) {
            assert_int_equal(pl_link_command(probe.link, count_reply, &counted, 2, argv), PL_OK);
            continue;
        }
        pl_buf_clear(&group);
        pl_resp_add_text(&group, "PING", NULL);
        pl_resp_add_text(&group, "PING", NULL);
        pl_resp_add(&group, 2, argv);
        assert_int_equal(pl_link_send(probe.link, pl_buf_span(&group), 3, count_reply, &counted), PL_OK);
    }
    assert_int_equal(pl_link_pending_replies(probe.link), 5000);
    assert_true(pl_link_pending_bytes(probe.link) > 60000);
    probe_until(&probe, counted.next == 3000);
    assert_int_equal(counted.wrong, 0);
    assert_int_equal(pl_link_pending_replies(probe.link), 0);
    assert_int_equal(pl_link_pending_bytes(probe.link), 0);
    pl_buf_fini(&group);
    probe_stop(&probe);
}

/* The first error of a group is its answer; every command of it is carried out nevertheless. */
static void test_group_error(void **state)
{
    struct probe probe = {0};
    struct answer answer = {0};
    struct pl_buf group = {0};

    (void)state;
    start_up(&probe, server.url);
    pl_resp_add_text(&group, "SET", "g:a", "1", NULL);
    pl_resp_add_text(&group, "HGET", "g:a", "x", NULL);
    pl_resp_add_text(&group, "NOSUCH", NULL);
    pl_resp_add_text(&group, "SET", "g:b", "2", NULL);
    assert_int_equal(pl_link_send(probe.link, pl_buf_span(&group), 4, answer_take, &answer), PL_OK);
    probe_until(&probe, answer.n > 0);
    assert_string_equal(answer.text.ptr, "error WRONGTYPE Operation against a key holding the wrong kind of value");
    probe_expect(&probe, "GET g:b", "string 2");
    assert_int_equal(answer.n, 1);
    pl_buf_fini(&answer.text);
    pl_buf_fini(&group);
    probe_stop(&probe);
}

/* 8 MB of every byte there and back, twice, and keys with every byte. */
static void compare_reply(void *ctx, const struct pl_reply *reply)
{
    struct answer *answer = ctx;

    assert_non_null(reply);
    answer->n += reply->text.len == answer->text.len && memcmp(reply->text.ptr, answer->text.ptr, reply->text.len) == 0
                     ? 1
                     : 1000;
}

static void test_large_and_binary(void **state)
{
    struct probe probe = {0};
    struct answer large = {0};
    struct pl_span argv[3] = {pl_span_of("SET"), {"\0\r\n\xff{%s", 8}};
    uint64_t random = 88172645463325252u;

    (void)state;
    start_up(&probe, server.url);
    for (int at = 0; at < 1 << 20; at++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        pl_buf_add(&large.text, &random, 8);
    }
    assert_int_equal(large.text.len, 8 << 20);
    argv[2] = pl_buf_span(&large.text);
    assert_int_equal(pl_link_command(probe.link, NULL, NULL, 3, argv), PL_OK);
    argv[0] = pl_span_of("GET");
    assert_int_equal(pl_link_command(probe.link, compare_reply, &large, 2, argv), PL_OK);
    assert_int_equal(pl_link_command(probe.link, compare_reply, &large, 2, argv), PL_OK);
    probe_until(&probe, large.n >= 2);
    assert_int_equal(large.n, 2);
    argv[0] = pl_span_of("DEL");
    assert_int_equal(pl_link_command(probe.link, NULL, NULL, 2, argv), PL_OK);
    probe_expect(&probe, "PING", "status PONG");
    pl_buf_fini(&large.text);
    probe_stop(&probe);
}

/* More than may wait is refused and nothing of it is sent. */
static void test_bounds(void **state)
{
    struct probe probe = {0};
    struct pl_buf large = {0};
    unsigned sent = 0;
    enum pl_status status;

    (void)state;
    start_up(&probe, server.url);
    while ((status = probe_send(&probe, NULL, "PING")) == PL_OK)
        sent++;
    assert_int_equal(status, PL_ERR_FULL);
    assert_int_equal(sent, PL_LINK_QUEUE_MAX);
    probe_until(&probe, pl_link_pending_replies(probe.link) == 0);
    probe_expect(&probe, "PING", "status PONG");
    for (size_t at = 0; at <= PL_LINK_PENDING_BYTES_MAX; at += 64)
        pl_buf_add(&large, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", 64);
    assert_int_equal(pl_link_send(probe.link, pl_buf_span(&large), 1, NULL, NULL), PL_ERR_FULL);
    probe_expect(&probe, "PING", "status PONG");
    assert_int_equal(probe.downs, 0);
    pl_buf_fini(&large);
    probe_stop(&probe);
}

/* kill -9: everything that waits is lost, then one down; after the restart the link is back by itself, data included.
 */
static void check_lost_first(struct probe *probe)
{
    struct answer *answers = probe->more;

    for (int at = 0; at < 50; at++)
        assert_string_equal(answers[at].text.ptr, "lost");
    assert_false(pl_link_is_up(probe->link));
    assert_int_equal(probe_send(probe, NULL, "PING"), PL_ERR_STATE);
    probe->on_down = NULL;
}

static void test_kill_and_restart(void **state)
{
    struct probe probe = {.on_down = check_lost_first};
    struct answer answers[50] = {0};

    (void)state;
    probe.more = answers;
    start_up(&probe, server.url);
    probe_expect(&probe, "SET kept yes", "status OK");
    kill(server.pid, SIGSTOP);
    for (int at = 0; at < 50; at++)
        assert_int_equal(probe_send(&probe, &answers[at], "INCR n"), PL_OK);
    test_redis_kill(&server);
    probe_until(&probe, probe.downs > 0);
    for (int at = 0; at < 50; at++) {
        assert_int_equal(answers[at].n, 1);
        pl_buf_fini(&answers[at].text);
    }
    probe_until(&probe, probe.downs >= 3); /* refused while the server is away, once per attempt */
    assert_non_null(strstr(probe.why, "no connection: "));
    assert_int_equal(probe.ups, 1);
    test_redis_run(&server);
    probe_until(&probe, probe.ups == 2);
    probe_expect(&probe, "GET kept", "string yes");
    probe_stop(&probe);
}

/* A server that stops answering: the connection ends, and late answers can never be taken for others. */
static void test_timeout(void **state)
{
    struct probe probe = {0};
    struct answer late = {0};

    (void)state;
    probe_start(&probe, (struct pl_link_config){.url = server.url, .timeout_us = 200000});
    probe_until(&probe, probe.ups == 1);
    probe_expect(&probe, "SET before 1", "status OK");
    kill(server.pid, SIGSTOP);
    assert_int_equal(probe_send(&probe, &late, "GET before"), PL_OK);
    probe_until(&probe, probe.downs == 1);
    assert_string_equal(late.text.ptr, "lost");
    assert_string_equal(probe.why, "no reply within 200 ms");
    probe_until(&probe, probe.downs == 2); /* the socket accepts, nobody greets */
    assert_string_equal(probe.why, "no reply within 200 ms");
    kill(server.pid, SIGCONT);
    probe_until(&probe, probe.ups == 2);
    probe_expect(&probe, "ECHO x", "string x");
    assert_int_equal(late.n, 1);
    pl_buf_fini(&late.text);
    probe_stop(&probe);
}

static void test_client_pause(void **state)
{
    struct probe probe = {0};
    struct answer late = {0};

    (void)state;
    probe_start(&probe, (struct pl_link_config){.url = server.url, .timeout_us = 200000});
    probe_until(&probe, probe.ups == 1);
    test_redis_do(&server, "CLIENT PAUSE 100000 WRITE");
    assert_int_equal(probe_send(&probe, &late, "SET paused 1"), PL_OK);
    probe_until(&probe, probe.downs == 1);
    assert_string_equal(late.text.ptr, "lost");
    test_redis_do(&server, "CLIENT UNPAUSE");
    probe_until(&probe, probe.ups == 2);
    probe_expect(&probe, "EXISTS paused", "integer 0"); /* the server forgot it with the connection */
    pl_buf_fini(&late.text);
    probe_stop(&probe);
}

/* An idle link never times out: after several timeouts' worth of silence it is still the same connection. */
static void test_idle(void **state)
{
    struct probe probe = {0};
    int64_t until_us;

    (void)state;
    probe_start(&probe, (struct pl_link_config){.url = server.url, .timeout_us = 50000});
    probe_until(&probe, probe.ups == 1);
    until_us = pl_clock_monotonic_us() + 300000;
    while (pl_clock_monotonic_us() < until_us)
        probe_spin(&probe);
    probe_expect(&probe, "PING", "status PONG");
    assert_int_equal(probe.downs, 0);
    probe_stop(&probe);
}

static void reset_on_reply(void *ctx, const struct pl_reply *reply)
{
    struct probe *probe = ctx;

    if (!reply)
        return;
    pl_link_reset(probe->link, "first reason");
    pl_link_reset(probe->link, "second reason");
    assert_false(pl_link_is_up(probe->link));
    assert_int_equal(probe_send(probe, NULL, "PING"), PL_ERR_STATE);
}

static void test_reset_in_callbacks(void **state)
{
    struct probe probe = {0};
    struct answer next = {0};
    struct pl_span ping = pl_span_of("PING");

    (void)state;
    start_up(&probe, server.url);
    assert_int_equal(pl_link_command(probe.link, reset_on_reply, &probe, 1, &ping), PL_OK);
    assert_int_equal(probe_send(&probe, &next, "PING"), PL_OK);
    probe_until(&probe, probe.downs == 1);
    assert_string_equal(probe.why, "first reason");
    assert_string_equal(next.text.ptr, "lost"); /* its reply may have been there: it is not given out any more */
    assert_int_equal(next.n, 1);
    probe_until(&probe, probe.ups == 2);
    pl_link_reset(probe.link, "from outside");
    assert_int_equal(probe.downs, 1); /* only from the event loop */
    probe_until(&probe, probe.downs == 2);
    pl_link_reset(probe.link, "while waiting");
    probe_until(&probe, probe.ups == 3);
    assert_int_equal(probe.downs, 2);
    probe_expect(&probe, "PING", "status PONG");
    pl_buf_fini(&next.text);
    probe_stop(&probe);
}

static void reset_in_up(struct probe *probe)
{
    if (probe->ups < 3)
        pl_link_reset(probe->link, "in up");
}

static void reset_in_down(struct probe *probe)
{
    pl_link_reset(probe->link, "in down");
}

static void test_reset_in_up_and_down(void **state)
{
    struct probe probe = {.on_up = reset_in_up, .on_down = reset_in_down};

    (void)state;
    probe_start(&probe, (struct pl_link_config){.url = server.url});
    probe_until(&probe, probe.ups == 3);
    assert_int_equal(probe.downs, 2);
    assert_string_equal(probe.why, "in up");
    probe_stop(&probe);
}

/* Freed with commands waiting: they are told, down is not. */
static void test_free_with_waiting(void **state)
{
    struct probe probe = {0};
    struct answer answer = {0};

    (void)state;
    start_up(&probe, server.url);
    assert_int_equal(probe_send(&probe, &answer, "PING"), PL_OK);
    probe_stop(&probe);
    assert_string_equal(answer.text.ptr, "lost");
    assert_int_equal(probe.downs, 0);
    pl_buf_fini(&answer.text);
    pl_link_free(NULL);
}

static void test_tcp_and_database(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost"};
    char url[64];

    (void)state;
    for (size_t at = 0; at < 2; at++) {
        struct probe probe = {0};

        snprintf(url, sizeof(url), "redis://%s:%d/5", hosts[at], server.port);
        probe_start(&probe, (struct pl_link_config){.url = url, .name = "plateaud-test"});
        probe_until(&probe, probe.ups == 1); /* localhost may be ::1 first, where nobody listens */
        probe_expect(&probe, "SET in:five 5", "status OK");
        probe_expect(&probe, "CLIENT GETNAME", "string plateaud-test");
        probe_expect(&probe, "SELECT 0", "status OK");
        probe_expect(&probe, "EXISTS in:five", "integer 0");
        probe_stop(&probe);
    }
}

/* What is refused at once. */
static void test_bad_config(void **state)
{
    static const struct {
        struct pl_link_config config;
        const char *part;
    } table[] = {
        {{.url = "nonsense"}, "must begin"},
        {{.url = "redis://h", .password_file = "/nonexistent/password"}, "/nonexistent/password"},
        {{.url = "redis://h", .user = "somebody"}, "somebody has no password_file"},
        {{.url = "rediss://h", .ca_file = "/nonexistent/ca.pem"}, "/nonexistent/ca.pem"},
        {{.url = "rediss://h", .cert_file = "/x"}, "go together"},
        {{.url = "redis://h", .password_file = "/dev/null"}, "empty"},
        {{.url = "redis://h", .password_file = "/dev/zero"}, "too long"},
    };
    struct event_base *base = event_base_new();

    (void)state;
    for (size_t at = 0; at < sizeof(table) / sizeof(*table); at++) {
        struct pl_link_config config = table[at].config;
        struct pl_link *link;
        struct pl_err err = {.text = ""};

        config.timeout_us = 1;
        config.up = probe_up;
        config.down = probe_down;
        assert_int_equal(pl_link_new(base, &config, &link, &err), PL_ERR_INPUT);
        assert_null(link);
        if (!strstr(err.text, table[at].part))
            fail_msg("\"%s\" does not speak of %s", err.text, table[at].part);
    }
    event_base_free(base);
}

/* Refused until the cause is gone, then up without any help. */
static void test_policy(void **state)
{
    struct probe probe = {0};

    (void)state;
    test_redis_do(&server, "CONFIG SET maxmemory-policy allkeys-lru");
    probe_start(&probe, (struct pl_link_config){.url = server.url});
    probe_until(&probe, probe.downs == 2);
    assert_string_equal(probe.why, "maxmemory-policy is allkeys-lru and must be noeviction, else Redis drops state");
    assert_int_equal(probe.ups, 0);
    test_redis_do(&server, "CONFIG SET maxmemory-policy noeviction");
    probe_until(&probe, probe.ups == 1);
    probe_stop(&probe);
}

static void test_replica(void **state)
{
    struct probe probe = {0};

    (void)state;
    test_redis_do(&server, "REPLICAOF 127.0.0.1 1");
    probe_start(&probe, (struct pl_link_config){.url = server.url});
    probe_until(&probe, probe.downs == 2);
    assert_string_equal(probe.why, "the server is no master: its role is slave");
    test_redis_do(&server, "REPLICAOF NO ONE");
    probe_until(&probe, probe.ups == 1);
    probe_stop(&probe);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* Wrong password, right one, and rotation by changing the file: no new link needed. */
static void test_passwords(void **state)
{
    struct probe probe = {0};
    char path[128];

    (void)state;
    snprintf(path, sizeof(path), "%s/password", server.dir);
    test_redis_do(&server, "ACL SETUSER somebody on >first ~* &* +@all");
    write_file(path, "wrong\n");
    probe_start(&probe, (struct pl_link_config){.url = server.url, .user = "somebody", .password_file = path});
    probe_until(&probe, probe.downs == 2);
    assert_non_null(strstr(probe.why, "AUTH as somebody"));
    assert_non_null(strstr(probe.why, "WRONGPASS"));
    assert_null(strstr(probe.why, "wrong\n"));
    write_file(path, "first\n");
    probe_until(&probe, probe.ups == 1);
    probe_expect(&probe, "ACL WHOAMI", "string somebody");
    write_file(path, "second\r\n\n");
    test_redis_do(&server, "ACL SETUSER somebody resetpass >second");
    pl_link_reset(probe.link, "rotated");
    probe_until(&probe, probe.ups == 2);
    probe_expect(&probe, "ACL WHOAMI", "string somebody");
    unlink(path);
    pl_link_reset(probe.link, "file gone");
    probe_until(&probe, strstr(probe.why, "No such file"));
    write_file(path, "second");
    probe_until(&probe, probe.ups == 3);
    probe_stop(&probe);
}

/* The old form (password only), a server that wants one and gets none, and one that knows none. */
static void test_default_user(void **state)
{
    struct probe with = {0}, without = {0}, needless = {0};
    char path[128];

    (void)state;
    snprintf(path, sizeof(path), "%s/password", server.dir);
    write_file(path, "open sesame");
    probe_start(&needless, (struct pl_link_config){.url = server.url, .password_file = path});
    probe_until(&needless, needless.downs == 1);
    assert_non_null(strstr(needless.why, "knows no password"));
    probe_stop(&needless);
    test_redis_do(&server, "CONFIG SET requirepass %s", "open sesame");
    probe_start(&with, (struct pl_link_config){.url = server.url, .password_file = path});
    probe_until(&with, with.ups == 1);
    probe_start(&without, (struct pl_link_config){.url = server.url});
    probe_until(&without, without.downs == 1);
    assert_string_equal(without.why, "NOAUTH: the server wants a password (set password_file)");
    probe_stop(&without);
    probe_expect(&with, "CONFIG SET requirepass ", "status OK");
    probe_stop(&with);
}

/* Each permission that the greeting needs is named when it is missing. */
static void test_permissions(void **state)
{
    static const char *const table[][2] = {
        {"-info", "+info"}, {"-role", "+role"}, {"-client|setname", "+client|setname"}, {"-select", "+select"}};
    char path[128], url[128];

    (void)state;
    snprintf(path, sizeof(path), "%s/password", server.dir);
    snprintf(url, sizeof(url), "%s?db=1", server.url);
    write_file(path, "p");
    for (size_t at = 0; at < sizeof(table) / sizeof(*table); at++) {
        struct probe probe = {0};

        test_redis_do(&server, "ACL SETUSER limited reset on >p ~* +@all %s", table[at][0]);
        probe_start(&probe,
                    (struct pl_link_config){.url = url, .user = "limited", .password_file = path, .name = "plateaud"});
        probe_until(&probe, probe.downs == 1);
        assert_int_equal(probe.ups, 0);
        assert_non_null(strstr(probe.why, "NOPERM"));
        assert_non_null(strstr(probe.why, table[at][1]));
        probe_stop(&probe);
    }
}

/* ---- a server that greets well and then says what the test wants ---- */

struct fake {
    struct evconnlistener *listener;
    struct bufferevent *bev; /* of the last connection, NULL when closed */
    char url[128];
    const char *greeting;
    struct pl_span reply; /* to whatever is asked after the greeting */
    bool close_after, replied;
};

#define GREETING "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n$29\r\nmaxmemory_policy:noeviction\r\n\r\n$0\r\n\r\n"

static void fake_closed(struct bufferevent *bev, short what, void *ctx)
{
    struct fake *fake = ctx;

    (void)what;
    bufferevent_free(bev);
    if (fake->bev == bev)
        fake->bev = NULL;
}

static void fake_written(struct bufferevent *bev, void *ctx)
{
    struct fake *fake = ctx;

    if (fake->close_after && fake->replied)
        fake_closed(bev, 0, ctx);
}

static void fake_read(struct bufferevent *bev, void *ctx)
{
    struct fake *fake = ctx;
    struct evbuffer *input = bufferevent_get_input(bev);

    evbuffer_drain(input, evbuffer_get_length(input));
    if (fake->greeting)
        bufferevent_write(bev, fake->greeting, strlen(fake->greeting));
    else
        bufferevent_write(bev, fake->reply.ptr, fake->reply.len);
    fake->replied = !fake->greeting;
    fake->greeting = NULL;
}

static void fake_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int len,
                        void *ctx)
{
    struct bufferevent *bev = bufferevent_socket_new(evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);
    struct fake *fake = ctx;

    (void)address, (void)len;
    fake->bev = bev;
    fake->greeting = GREETING;
    fake->replied = false;
    bufferevent_setcb(bev, fake_read, fake_written, fake_closed, ctx);
    bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static void fake_start(struct fake *fake, struct event_base *base)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof(address.sun_path), "%s/fake.sock", server.dir);
    snprintf(fake->url, sizeof(fake->url), "unix://%s", address.sun_path);
    unlink(address.sun_path);
    fake->listener = evconnlistener_new_bind(base, fake_accept, fake, LEV_OPT_CLOSE_ON_FREE, 16,
                                             (struct sockaddr *)&address, sizeof(address));
    assert_non_null(fake->listener);
}

static void test_broken_replies(void **state)
{
    static const struct {
        const char *reply, *why;
    } table[] = {
        {"x\r\n", "malformed reply: Protocol error"},
        {"HTTP/1.1 200 OK\r\n\r\n", "malformed reply: Protocol error"},
        {"$5\r\nhello\r\n$", "a reply that no command waits for"}, /* after the good one: see below */
        {"+OK\r\n+OK\r\n", "a reply that no command waits for"},
        {":99999999999999999999\r\n", "malformed reply: "},
        {"$600000000\r\n", "malformed reply: string too long"},
        {"$-7\r\n", "malformed reply: "},
        {"*-7\r\n", "malformed reply: "},
        {"*2000000000\r\n", "malformed reply: too many elements"},
        {"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", "malformed reply: "},
        {"*2\r\n+a\r\nzzz\r\n", "malformed reply: Protocol error"},
        {"%1\r\n+a\r\n+b\r\n", "malformed reply: "},
        {"$3\r\nab", NULL}, /* cut in the middle */
        {"*3\r\n:1\r\n", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(table) / sizeof(*table); at++) {
        struct probe probe = {.base = event_base_new()};
        struct fake fake = {.reply = pl_span_of(table[at].reply), .close_after = table[at].why == NULL};
        struct answer answer = {0};

        if (at == 2)
            fake.reply = pl_span_of("$5\r\nhello\r\n$5\r\nworld\r\n");
        fake_start(&fake, probe.base);
        probe_start(&probe, (struct pl_link_config){.url = fake.url, .timeout_us = table[at].reply[0] ? 0 : 200000});
        probe_until(&probe, probe.ups == 1);
        assert_int_equal(probe_send(&probe, &answer, "GET something"), PL_OK);
        probe_until(&probe, probe.downs == 1);
        if (!strstr(probe.why, table[at].why        ? table[at].why
                               : table[at].reply[0] ? "connection lost: closed by the server"
                                                    : "no reply within 200 ms"))
            fail_msg("reply %zu: %s", at, probe.why);
        assert_int_equal(answer.n, 1);
        probe_until(&probe, probe.ups == 2); /* and it comes back */
        pl_buf_fini(&answer.text);
        pl_link_free(probe.link);
        probe.link = NULL;
        if (fake.bev)
            bufferevent_free(fake.bev);
        evconnlistener_free(fake.listener);
        probe_spin(&probe);
        event_base_free(probe.base);
    }
    print_message("%zu broken replies\n", sizeof(table) / sizeof(*table));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reply_types),
        cmocka_unit_test(test_pipelining),
        cmocka_unit_test(test_group_error),
        cmocka_unit_test(test_large_and_binary),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_kill_and_restart),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_client_pause),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_reset_in_callbacks),
        cmocka_unit_test(test_reset_in_up_and_down),
        cmocka_unit_test(test_free_with_waiting),
        cmocka_unit_test(test_tcp_and_database),
        cmocka_unit_test(test_bad_config),
        cmocka_unit_test(test_policy),
        cmocka_unit_test(test_replica),
        cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_default_user),
        cmocka_unit_test(test_permissions),
        cmocka_unit_test(test_broken_replies),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
