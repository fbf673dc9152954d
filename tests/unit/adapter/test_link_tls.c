#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/link_probe.h"
#include "support/redis_server.h"

/* A redis-server with TLS only, whose certificate is for localhost and 127.0.0.1; a second one whose certificate is for
 * another host; both demand nothing of clients. A third demands a client certificate. */
static struct test_redis server, other, strict;
static char dir[64] = "/tmp/plateaud-test-XXXXXX";

static const char *in_dir(const char *name)
{
    static char paths[16][128];
    static unsigned next;
    char *path = paths[next++ % 16];

    snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
    return path;
}

static void PL_PRINTF(1, 2) run(const char *format, ...)
{
    char command[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    if (system(command) != 0)
        test_die(command);
}

static void make_ca(const char *name)
{
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=%s "
        "-keyout %s/%s.key -out %s/%s.pem 2>%s/log",
        name, dir, name, dir, name, dir);
}

static void make_cert(const char *name, const char *alternatives, int days)
{
    run("cd %s && openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=%s -keyout %s.key "
        "-out %s.csr 2>log && echo subjectAltName=%s >ext && openssl x509 -req -in %s.csr -CA ca.pem -CAkey ca.key "
        "-CAcreateserial -days %d -extfile ext -out %s.pem 2>log",
        dir, name, name, name, alternatives, name, days, name);
}

static void start_one(struct test_redis *one, const char *name, const char *auth_clients)
{
    static char files[6][128];
    static unsigned next;
    char *cert = files[next++], *key = files[next++];

    snprintf(cert, sizeof(files[0]), "%s/%s.pem", dir, name);
    snprintf(key, sizeof(files[0]), "%s/%s.key", dir, name);
    test_redis_start(one, (const char *const[]){"--tls-port", "PORT", "--tls-cert-file", cert, "--tls-key-file", key,
                                                "--tls-ca-cert-file", in_dir("ca.pem"), "--tls-auth-clients",
                                                auth_clients, NULL});
}

static int start_servers(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    if (!mkdtemp(dir))
        test_die("mkdtemp");
    make_ca("ca");
    make_ca("stranger");
    make_cert("server", "DNS:localhost,IP:127.0.0.1", 2);
    make_cert("other", "DNS:other.example,IP:127.0.0.2", 2);
    make_cert("client", "DNS:plateaud.example", 2);
    start_one(&server, "server", "no");
    start_one(&other, "other", "no");
    start_one(&strict, "server", "yes");
    return 0;
}

static int stop_servers(void **state)
{
    (void)state;
    test_redis_stop(&server);
    test_redis_stop(&other);
    test_redis_stop(&strict);
    nftw(dir, test_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

static struct pl_link_config config_of(const char *scheme, const char *host, int port, const char *ca)
{
    static char url[64];

    snprintf(url, sizeof(url), "%s://%s:%d", scheme, host, port);
    return (struct pl_link_config){.url = url, .ca_file = ca};
}

static void expect_up(struct pl_link_config config)
{
    struct probe probe = {0};

    probe_start(&probe, config);
    probe_until(&probe, probe.ups == 1);
    probe_expect(&probe, "ECHO over-tls", "string over-tls");
    probe_stop(&probe);
}

static void expect_refused(struct pl_link_config config, const char *part)
{
    struct probe probe = {0};

    probe_start(&probe, config);
    probe_until(&probe, probe.downs == 2);
    assert_int_equal(probe.ups, 0);
    if (!strstr(probe.why, part))
        fail_msg("\"%s\" does not speak of %s", probe.why, part);
    probe_stop(&probe);
}

static void test_right(void **state)
{
    (void)state;
    expect_up(config_of("rediss", "127.0.0.1", server.port, in_dir("ca.pem")));
    expect_up(config_of("rediss", "localhost", server.port, in_dir("ca.pem")));
}

static void test_wrong_ca(void **state)
{
    (void)state;
    expect_refused(config_of("rediss", "127.0.0.1", server.port, in_dir("stranger.pem")), "certificate refused: ");
    expect_refused(config_of("rediss", "127.0.0.1", server.port, NULL), "certificate refused: "); /* system's CAs */
}

static void test_wrong_host(void **state)
{
    (void)state;
    expect_refused(config_of("rediss", "127.0.0.1", other.port, in_dir("ca.pem")),
                   "certificate refused: IP address mismatch");
    expect_refused(config_of("rediss", "localhost", other.port, in_dir("ca.pem")),
                   "certificate refused: hostname mismatch");
    expect_up(config_of("rediss", "127.0.0.1", server.port, in_dir("ca.pem")));
}

static void test_client_certificate(void **state)
{
    struct pl_link_config config = config_of("rediss", "127.0.0.1", strict.port, in_dir("ca.pem"));

    (void)state;
    expect_refused(config, "connection lost: "); /* TLS 1.3 tells after the handshake, or the socket is faster */
    config.cert_file = in_dir("client.pem");
    config.key_file = in_dir("client.key");
    expect_up(config);
}

static void test_bad_files(void **state)
{
    static const char *const table[][4] = {
        /* ca, cert, key, what the error names */
        {"/nonexistent", NULL, NULL, "ca_file /nonexistent"},
        {"server.key", NULL, NULL, "ca_file"},
        {"ca.pem", "/nonexistent", "client.key", "cert_file /nonexistent"},
        {"ca.pem", "client.pem", "/nonexistent", "key_file /nonexistent"},
        {"ca.pem", "client.pem", "server.key", "key_file"}, /* not the key of this certificate */
        {"ca.pem", "client.pem", NULL, "go together"},
    };
    struct event_base *base = event_base_new();

    (void)state;
    for (size_t at = 0; at < sizeof(table) / sizeof(*table); at++) {
        struct pl_link_config config = config_of("rediss", "127.0.0.1", server.port, NULL);
        const char **files[] = {&config.ca_file, &config.cert_file, &config.key_file};
        struct pl_link *link;
        struct pl_err err = {.text = ""};

        for (int file = 0; file < 3; file++)
            *files[file] = table[at][file] && table[at][file][0] != '/' ? in_dir(table[at][file]) : table[at][file];
        config.timeout_us = 1;
        config.up = probe_up;
        config.down = probe_down;
        assert_int_equal(pl_link_new(base, &config, &link, &err), PL_ERR_INPUT);
        if (!strstr(err.text, table[at][3]))
            fail_msg("\"%s\" does not speak of %s", err.text, table[at][3]);
    }
    event_base_free(base);
}

/* TLS to a server that speaks plain RESP, and plain RESP to one that speaks TLS. */
static void test_mismatch(void **state)
{
    struct pl_link_config config;
    struct test_redis plain;

    (void)state;
    test_redis_start(&plain, NULL);
    config = config_of("rediss", "127.0.0.1", plain.port, in_dir("ca.pem"));
    config.timeout_us = 200000; /* Redis may wait for the end of what it takes for a line */
    expect_refused(config, "no connection");
    test_redis_stop(&plain);
    expect_refused(config_of("redis", "127.0.0.1", server.port, NULL), "connection lost: ");
}

static void compare_reply(void *ctx, const struct pl_reply *reply)
{
    struct answer *answer = ctx;

    assert_non_null(reply);
    answer->n++;
    assert_int_equal(reply->text.len, answer->text.len);
    assert_memory_equal(reply->text.ptr, answer->text.ptr, reply->text.len);
}

/* 8 MB through many TLS records, and the loss of the connection is noticed. */
static void test_large_and_loss(void **state)
{
    struct probe probe = {0};
    struct answer large = {0}, lost = {0};
    struct pl_span argv[3] = {pl_span_of("SET"), pl_span_of("large")};

    (void)state;
    probe_start(&probe, config_of("rediss", "127.0.0.1", server.port, in_dir("ca.pem")));
    probe_until(&probe, probe.ups == 1);
    for (unsigned at = 0; at < 2u << 20; at++)
        pl_buf_add(&large.text, &at, sizeof(at));
    argv[2] = pl_buf_span(&large.text);
    assert_int_equal(pl_link_command(probe.link, NULL, NULL, 3, argv), PL_OK);
    argv[0] = pl_span_of("GET");
    assert_int_equal(pl_link_command(probe.link, compare_reply, &large, 2, argv), PL_OK);
    probe_until(&probe, large.n == 1);
    kill(server.pid, SIGSTOP);
    assert_int_equal(probe_send(&probe, &lost, "PING"), PL_OK);
    test_redis_kill(&server);
    probe_until(&probe, probe.downs == 1);
    assert_string_equal(lost.text.ptr, "lost");
    test_redis_run(&server);
    probe_until(&probe, probe.ups == 2);
    pl_buf_fini(&large.text);
    pl_buf_fini(&lost.text);
    probe_stop(&probe);
}

/* A renewed certificate of another CA is picked up without a new link. */
static void test_renewed_ca(void **state)
{
    struct probe probe = {0};

    (void)state;
    run("cp %s/stranger.pem %s/trusted.pem", dir, dir);
    probe_start(&probe, config_of("rediss", "127.0.0.1", server.port, in_dir("trusted.pem")));
    probe_until(&probe, probe.downs == 1);
    run("cp %s/ca.pem %s/trusted.pem", dir, dir);
    probe_until(&probe, probe.ups == 1);
    probe_stop(&probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right),          cmocka_unit_test(test_wrong_ca),
        cmocka_unit_test(test_wrong_host),     cmocka_unit_test(test_client_certificate),
        cmocka_unit_test(test_bad_files),      cmocka_unit_test(test_mismatch),
        cmocka_unit_test(test_large_and_loss), cmocka_unit_test(test_renewed_ca),
    };

    return cmocka_run_group_tests(tests, start_servers, stop_servers);
}
