#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "adapter/link_sync.h"
#include "support/redis_server.h"
#include "util/num.h"

static struct test_redis server;

static int start_server(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    test_redis_start(&server, (const char *const[]){"--appendonly", "no", NULL});
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    test_redis_stop(&server);
    return 0;
}

static struct pl_link_sync *start(const char *url, int64_t timeout_us)
{
    const struct pl_link_set_config config = {.link = {.url = url, .name = "test", .timeout_us = timeout_us}};
    struct pl_link_sync *sync;

    assert_int_equal(pl_link_sync_new(&config, &sync, NULL), PL_OK);
    return sync;
}

/* Send words of one command and give the status. */
static enum pl_status ask(struct pl_link_sync *sync, const struct pl_reply **reply, struct pl_err *err, const char *a,
                          const char *b, const char *c)
{
    struct pl_buf command = {0};
    const struct pl_span words[] = {pl_span_of(a), pl_span_of(b), pl_span_of(c)};
    enum pl_status status;

    pl_resp_add(&command, 1u + (b != NULL) + (c != NULL), words);
    status = pl_link_sync_send(sync, pl_span_of("k"), pl_buf_span(&command), 1, reply, err);
    pl_buf_fini(&command);
    return status;
}

static void replies_of_every_type(void **state)
{
    struct pl_link_sync *sync = start(server.url, 5 * PL_SECOND_US);
    const struct pl_reply *reply;
    struct pl_err err = {0};

    (void)state;
    assert_int_equal(ask(sync, &reply, &err, "SET", "a", "x"), PL_OK);
    assert_int_equal(reply->type, PL_REPLY_STATUS);
    assert_int_equal(ask(sync, &reply, &err, "GET", "a", NULL), PL_OK);
    assert_true(reply->type == PL_REPLY_STRING && pl_span_is(reply->text, "x"));
    assert_int_equal(ask(sync, &reply, &err, "GET", "none", NULL), PL_OK);
    assert_int_equal(reply->type, PL_REPLY_NIL);
    assert_int_equal(ask(sync, &reply, &err, "APPEND", "a", "yz"), PL_OK);
    assert_true(reply->type == PL_REPLY_INTEGER && reply->integer == 3);
    assert_int_equal(ask(sync, &reply, &err, "LPUSH", "a", "1"), PL_OK); /* an error of the server is a reply */
    assert_int_equal(reply->type, PL_REPLY_ERROR);
    assert_int_equal(ask(sync, &reply, &err, "EVAL", "return{1,{'x',{}},false}", "0"), PL_OK);
    assert_true(reply->type == PL_REPLY_ARRAY && reply->n == 3 && reply->elements[0].integer == 1);
    assert_true(reply->elements[1].n == 2 && pl_span_is(reply->elements[1].elements[0].text, "x"));
    assert_true(reply->elements[1].elements[1].n == 0 && reply->elements[2].type == PL_REPLY_NIL);
    pl_link_sync_free(sync);
}

/* Many in a row, on one connection. */
static void one_after_the_other(void **state)
{
    struct pl_link_sync *sync = start(server.url, 5 * PL_SECOND_US);
    const struct pl_reply *reply;
    struct pl_err err = {0};

    (void)state;
    for (int64_t at = 1; at <= 500; at++) {
        assert_int_equal(ask(sync, &reply, &err, "INCR", "n", NULL), PL_OK);
        assert_int_equal(reply->integer, at);
    }
    pl_link_sync_free(sync);
}

/* The server throws us out: that call says so, the next one connects anew. */
static void a_lost_connection_is_made_again(void **state)
{
    struct pl_link_sync *sync = start(server.url, 5 * PL_SECOND_US);
    const struct pl_reply *reply;
    struct pl_err err = {0};
    enum pl_status status;

    (void)state;
    assert_int_equal(ask(sync, &reply, &err, "PING", NULL, NULL), PL_OK);
    status = ask(sync, &reply, &err, "EVAL", "redis.call('client','kill','type','normal','skipme','no') return 1", "0");
    if (status == PL_OK) /* Redis answers before it closes */
        status = ask(sync, &reply, &err, "PING", NULL, NULL);
    assert_true(status == PL_ERR_IO || status == PL_OK);
    for (int tries = 0; status != PL_OK && tries < 50; tries++)
        status = ask(sync, &reply, &err, "PING", NULL, NULL);
    assert_int_equal(status, PL_OK);
    assert_true(pl_span_is(reply->text, "PONG"));
    pl_link_sync_free(sync);
}

static void nobody_there(void **state)
{
    char url[64];
    struct pl_link_sync *sync;
    const struct pl_reply *reply;
    struct pl_err err = {0};

    (void)state;
    snprintf(url, sizeof(url), "redis://127.0.0.1:%d/0", test_free_port());
    sync = start(url, 5 * PL_SECOND_US);
    assert_int_equal(ask(sync, &reply, &err, "PING", NULL, NULL), PL_ERR_IO);
    assert_non_null(strstr(err.text, "refused"));
    assert_null(reply);
    pl_link_sync_free(sync);
}

/* A server that accepts and says nothing: the deadline ends it. */
static void silence_ends(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char url[64];
    struct pl_link_sync *sync;
    const struct pl_reply *reply;
    struct pl_err err = {0};

    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    snprintf(url, sizeof(url), "redis://127.0.0.1:%d/0", ntohs(address.sin_port));
    sync = start(url, PL_SECOND_US / 5);
    assert_int_equal(ask(sync, &reply, &err, "PING", NULL, NULL), PL_ERR_IO);
    assert_true(strlen(err.text) > 0);
    pl_link_sync_free(sync);
    close(fd);
}

static void a_wrong_url(void **state)
{
    const struct pl_link_set_config config = {.link = {.url = "http://x", .timeout_us = PL_SECOND_US}};
    struct pl_link_sync *sync;
    struct pl_err err = {0};

    (void)state;
    assert_int_equal(pl_link_sync_new(&config, &sync, &err), PL_ERR_INPUT);
    assert_null(sync);
    pl_link_sync_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_of_every_type),
        cmocka_unit_test(one_after_the_other),
        cmocka_unit_test(a_lost_connection_is_made_again),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(silence_ends),
        cmocka_unit_test(a_wrong_url),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
