#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "adapter/clock.h"
#include "adapter/link_set.h"
#include "support/redis_server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

/* A set and what it said. */
static struct watch {
    struct event_base *base;
    struct pl_link_set *set;
    unsigned ups, downs, lost; /* lost: downs without a node */
    struct pl_link_node *up, *down;
    char why[PL_ERR_TEXT_BYTES];
    unsigned answers, nulls;
    char answer[64];
} watch;

static struct test_redis servers[2];

static void on_up(void *ctx, struct pl_link_node *node)
{
    (void)ctx;
    watch.ups++;
    watch.up = node;
}

static void on_down(void *ctx, struct pl_link_node *node, const char *why)
{
    (void)ctx;
    watch.downs += node != NULL;
    watch.lost += node == NULL;
    watch.down = node;
    snprintf(watch.why, sizeof(watch.why), "%s", why);
}

static void on_answer(void *ctx, const struct pl_reply *reply)
{
    (void)ctx;
    watch.answers++;
    watch.nulls += reply == NULL;
    if (reply)
        snprintf(watch.answer, sizeof(watch.answer), "%.*s", (int)reply->text.len,
                 reply->text.len ? reply->text.ptr : "");
}

static void spin(void)
{
    struct timeval guard = {0, 20000};

    event_base_loopexit(watch.base, &guard);
    event_base_dispatch(watch.base);
}

#define until(condition)                                                                                               \
    do {                                                                                                               \
        int64_t until_ = pl_clock_monotonic_us() + 30000000;                                                           \
                                                                                                                       \
        while (!(condition)) {                                                                                         \
            if (pl_clock_monotonic_us() > until_)                                                                      \
                fail_msg("30 s passed without " #condition " (last why: %s)", watch.why);                              \
            spin();                                                                                                    \
        }                                                                                                              \
    } while (0)

static void begin(const char *url)
{
    const struct pl_link_set_config config = {
        .link = {.url = url, .name = "test", .timeout_us = 30000000}, .up = on_up, .down = on_down};
    struct pl_err err = {.text = ""};

    memset(&watch, 0, sizeof(watch));
    watch.base = event_base_new();
    if (pl_link_set_new(watch.base, &config, &watch.set, &err) != PL_OK)
        fail_msg("pl_link_set_new: %s", err.text);
}

static void end(void)
{
    pl_link_set_free(watch.set);
    event_base_free(watch.base);
}

static void ask(struct pl_link_node *node, const char *a, const char *b, const char *c)
{
    const struct pl_span words[] = {pl_span_of(a), pl_span_of(b), pl_span_of(c)};

    assert_int_equal(pl_link_command(pl_link_node_link(node), on_answer, NULL, c ? 3 : 2, words), PL_OK);
}

static void test_single(void **state)
{
    struct pl_link_node *node;
    struct pl_link_set_stats stats;

    (void)state;
    begin(servers[0].url);
    node = pl_link_set_node(watch.set, 0);
    assert_non_null(node);
    assert_ptr_equal(pl_link_set_node(watch.set, 16383), node);
    assert_false(pl_link_set_seeks(watch.set));
    until(pl_link_node_is_up(node));
    assert_ptr_equal(watch.up, node);
    assert_true(pl_link_set_is_up(watch.set));
    pl_link_reset(pl_link_node_link(node), "for a test");
    until(watch.ups == 2);
    assert_int_equal(watch.downs, 1);
    assert_string_equal(watch.why, "for a test");
    pl_link_set_stats(watch.set, &stats);
    assert_int_equal(stats.links, 1);
    assert_int_equal(stats.links_up, 1);
    assert_int_equal(stats.changes, 0);
    assert_false(pl_link_node_is_up(NULL));
    end();
}

static void test_bad_url(void **state)
{
    const struct pl_link_set_config config = {
        .link = {.url = "redis+sentinel://a:1", .timeout_us = 1000000}, .up = on_up, .down = on_down};
    struct event_base *base = event_base_new();
    struct pl_link_set *set;
    struct pl_err err;

    (void)state;
    assert_int_equal(pl_link_set_new(base, &config, &set, &err), PL_ERR_INPUT);
    assert_null(set);
    event_base_free(base);
}

static uint64_t changes(void)
{
    struct pl_link_set_stats stats;

    pl_link_set_stats(watch.set, &stats);
    return stats.changes;
}

/* ---- a Sentinel that says what it is told to ---- */

static struct teller {
    struct evconnlistener *listener;
    char url[128];
    int port; /* of the master that it names; 0: it knows none */
    unsigned asked;
} teller;

static void teller_read(struct bufferevent *bev, void *ctx)
{
    char port[8];

    (void)ctx;
    evbuffer_drain(bufferevent_get_input(bev), evbuffer_get_length(bufferevent_get_input(bev)));
    teller.asked++;
    snprintf(port, sizeof(port), "%d", teller.port);
    if (teller.port)
        evbuffer_add_printf(bufferevent_get_output(bev), "*2\r\n$9\r\n127.0.0.1\r\n$%zu\r\n%s\r\n", strlen(port), port);
    else
        evbuffer_add_printf(bufferevent_get_output(bev), "*-1\r\n");
}

static void teller_gone(struct bufferevent *bev, short what, void *ctx)
{
    (void)what;
    (void)ctx;
    bufferevent_free(bev);
}

static void teller_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int len,
                          void *ctx)
{
    struct bufferevent *bev = bufferevent_socket_new(evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);

    (void)address;
    (void)len;
    bufferevent_setcb(bev, teller_read, NULL, teller_gone, ctx);
    bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static void teller_start(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);

    memset(&teller, 0, sizeof(teller));
    teller.port = port;
    teller.listener = evconnlistener_new_bind(watch.base, teller_accept, NULL, LEV_OPT_CLOSE_ON_FREE, 16,
                                              (struct sockaddr *)&address, sizeof(address));
    assert_non_null(teller.listener);
    assert_int_equal(getsockname(evconnlistener_get_fd(teller.listener), (struct sockaddr *)&address, &len), 0);
    /* The first one of the url is dead. */
    snprintf(teller.url, sizeof(teller.url), "redis+sentinel://127.0.0.1:%d,127.0.0.1:%d/main", test_free_port(),
             ntohs(address.sin_port));
}

static void begin_with_teller(int port)
{
    const struct pl_link_set_config config = {
        .link = {.url = teller.url, .name = "test", .timeout_us = 30000000}, .up = on_up, .down = on_down};

    memset(&watch, 0, sizeof(watch));
    watch.base = event_base_new();
    teller_start(port);
    assert_int_equal(pl_link_set_new(watch.base, &config, &watch.set, NULL), PL_OK);
}

/* Connections of the teller end with the set: let it see that. */
static void end_with_teller(void)
{
    pl_link_set_free(watch.set);
    for (unsigned turn = 0; turn < 3; turn++)
        spin();
    evconnlistener_free(teller.listener);
    event_base_free(watch.base);
}

static void test_sentinel(void **state)
{
    struct pl_link_node *first;
    struct pl_link_set_stats stats;

    (void)state;
    begin_with_teller(servers[0].port);
    assert_null(pl_link_set_node(watch.set, 7)); /* nobody was asked yet */
    until(pl_link_node_is_up(first = pl_link_set_node(watch.set, 7)));
    assert_int_equal(watch.lost, 1); /* the dead one */
    assert_true(pl_link_set_seeks(watch.set));
    ask(first, "CLIENT", "SETNAME", "x");
    until(watch.answers == 1);
    assert_string_equal(watch.answer, "OK");

    /* Another master is named when the connection to the old one is lost. */
    teller.port = servers[1].port;
    pl_link_reset(pl_link_node_link(first), "for a test");
    until(changes() == 1 && pl_link_node_is_up(pl_link_set_node(watch.set, 7)));
    ask(pl_link_set_node(watch.set, 7), "GET", "whoami", NULL);
    until(watch.answers == 2);
    assert_string_equal(watch.answer, "1");
    pl_link_set_stats(watch.set, &stats);
    assert_int_equal(stats.links, 1);
    end_with_teller();
}

/* What waits on a connection that is lost gets NULL, whoever is master then. */
static void test_lost(void **state)
{
    struct pl_link_node *node;

    (void)state;
    begin_with_teller(servers[0].port);
    until(pl_link_node_is_up(node = pl_link_set_node(watch.set, 0)));
    test_redis_do(&servers[0], "CLIENT PAUSE 60000 ALL");
    ask(node, "GET", "x", NULL);
    teller.port = servers[1].port;
    spin();
    assert_int_equal(watch.answers, 0);
    pl_link_reset(pl_link_node_link(node), "for a test");
    until(watch.nulls == 1);
    until(changes() == 1 && pl_link_node_is_up(pl_link_set_node(watch.set, 0)));
    teller.port = 0;
    pl_link_reset(pl_link_node_link(pl_link_set_node(watch.set, 0)), "again");
    until(strstr(watch.why, "knows no master main") != NULL);
    end_with_teller();
    test_redis_stop(&servers[0]);
    test_redis_start(&servers[0], NULL);
}

/* ---- a cluster of one node ---- */

static void test_cluster(void **state)
{
    static char bus[8];
    const char *const args[] = {"--cluster-enabled", "yes", "--cluster-port", bus, NULL};
    unsigned slot = pl_link_map_slot(pl_span_of("k"));
    struct test_redis server;
    struct pl_link_set_stats stats;
    struct pl_link_node *node;
    char url[128];

    (void)state;
    snprintf(bus, sizeof(bus), "%d", test_free_port());
    test_redis_start(&server, args);
    snprintf(url, sizeof(url), "redis+cluster://127.0.0.1:%d,127.0.0.1:%d", test_free_port(), server.port);
    begin(url);
    assert_null(pl_link_set_node(watch.set, slot));
    assert_false(pl_link_set_is_up(watch.set));
    until(pl_link_set_is_up(watch.set)); /* it is known that nobody serves anything */
    assert_null(pl_link_set_node(watch.set, slot));
    test_redis_do(&server, "CLUSTER ADDSLOTSRANGE 0 16383");
    until(pl_link_node_is_up(node = pl_link_set_node(watch.set, slot)));
    assert_ptr_equal(pl_link_set_node(watch.set, 16383), node);

    /* The slot goes away: an answer says so, and the set finds out. */
    test_redis_do(&server, "CLUSTER DELSLOTS %u", slot);
    ask(node, "GET", "k", NULL);
    until(watch.answers == 1);
    assert_true(strncmp(watch.answer, "CLUSTERDOWN", 11) == 0 || strncmp(watch.answer, "MOVED", 5) == 0);
    until(pl_link_set_node(watch.set, slot) == NULL);
    pl_link_set_stats(watch.set, &stats);
    assert_int_equal(stats.astray, 1);
    assert_int_equal(stats.links, 1); /* it serves the others */
    assert_ptr_equal(pl_link_set_node(watch.set, slot ? 0 : 1), node);
    test_redis_do(&server, "CLUSTER ADDSLOTS %u", slot);
    until(pl_link_set_node(watch.set, slot) == node);
    end();
    test_redis_stop(&server);
}

/* Written for a single server: it is said what to write. And the other way round. */
static void test_wrong_kind(void **state)
{
    static char bus[8];
    const char *const args[] = {"--cluster-enabled", "yes", "--cluster-port", bus, NULL};
    struct test_redis server;
    char url[128];

    (void)state;
    snprintf(bus, sizeof(bus), "%d", test_free_port());
    test_redis_start(&server, args);
    begin(server.url);
    until(strstr(watch.why, "write url = redis+cluster://") != NULL);
    end();
    test_redis_stop(&server);
    snprintf(url, sizeof(url), "redis+cluster://127.0.0.1:%d", servers[0].port);
    begin(url);
    until(strstr(watch.why, "cluster support disabled") != NULL);
    end();
}

static int start_servers(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 2; at++)
        test_redis_start(&servers[at], NULL);
    test_redis_do(&servers[1], "SET whoami 1");
    return 0;
}

static int stop_servers(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 2; at++)
        test_redis_stop(&servers[at]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single), cmocka_unit_test(test_bad_url), cmocka_unit_test(test_sentinel),
        cmocka_unit_test(test_lost),   cmocka_unit_test(test_cluster), cmocka_unit_test(test_wrong_kind),
    };

    return cmocka_run_group_tests(tests, start_servers, stop_servers);
}
