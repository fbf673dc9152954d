/* The store when connections are lost: cut at every byte, late, in between, with a queue. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/cut_proxy.h"
#include "support/store_party.h"

/* Cut after k bytes of what a commit sends (or receives), for every k until it gets through; then acquire. Redis has
 * either n or n + 1 commits, whole, and the hold knows which. Then go on. */
static unsigned cut_everywhere(bool replies, unsigned *done_before)
{
    struct event_base *base = event_base_new();
    struct proxy proxy;
    unsigned number = 1, cuts = 0;
    uint64_t owner = 1;

    *done_before = 0;
    proxy_start(&proxy, base, server.dir, server.socket);
    for (long k = 0;; k++) {
        struct party a = {.probe = {.base = base}};
        bool sent_exec;

        party_start(&a, proxy.url, owner++);
        acquire(&a);
        assert_int_equal(a.hold.seq, number - 1);
        proxy.cuts = 0;
        *(replies ? &proxy.cut_reply : &proxy.cut_request) = k;
        commit(&a, number);
        proxy.cut_request = proxy.cut_reply = PROXY_NEVER;
        if (a.status == PL_OK && proxy.cuts == 0) {
            check_whole(number);
            party_stop(&a);
            break;
        }
        cuts++;
        if (a.status == PL_OK) { /* the last byte went through before the cut */
            number++;
            party_stop(&a);
            continue;
        }
        expect(&a, PL_ERR_IO, false, "connection lost");
        sent_exec = a.hold.in_flight;
        if (sent_exec)
            assert_int_equal(send_number(&a, number), PL_ERR_STATE); /* unsettled */
        probe_until(&a.probe, a.probe.ups == 2);
        if (sent_exec)
            assert_int_equal(send_number(&a, number), PL_ERR_STATE);
        acquire(&a);
        assert_true(a.kept);
        assert_false(a.hold.in_flight);
        if (a.in_flight_done) {
            assert_true(sent_exec);
            *done_before += 1;
            number++;
        }
        check_whole(number - 1);
        assert_int_equal(a.hold.seq, number - 1);
        commit(&a, number);
        expect(&a, PL_OK, false, "");
        check_whole(number++);
        party_stop(&a);
    }
    proxy_stop(&proxy);
    event_base_free(base);
    return cuts;
}

/* For each shape: the least cuts in what is sent and in what is answered. */
static const struct {
    enum shape shape;
    unsigned requests, replies, done;
} shapes[] = {{SHAPE_USUAL, 300, 60, 20}, {SHAPE_META, 200, 50, 5}, {SHAPE_WIDE, 900, 150, 60}};

static void cut_shapes(bool replies)
{
    for (size_t at = 0; at < sizeof(shapes) / sizeof(*shapes); at++) {
        unsigned done, cuts;

        flush_server(NULL);
        shape = shapes[at].shape;
        cuts = cut_everywhere(replies, &done);
        print_message("shape %zu: %u cuts in the bytes of %s, %u of them after it was carried out\n", at, cuts,
                      replies ? "its replies" : "a commit", done);
        assert_true(cuts > (replies ? shapes[at].replies : shapes[at].requests));
        assert_true(!replies || done > shapes[at].done);
    }
    shape = SHAPE_USUAL;
}

static void test_cut_requests(void **state)
{
    (void)state;
    cut_shapes(false);
}

static void test_cut_replies(void **state)
{
    (void)state;
    cut_shapes(true);
}

/* The transaction is on its way (kept back by the proxy) when the connection is given up; it arrives after the new
 * connection has acquired, and is refused. */
static void test_late_arrival(void **state)
{
    struct event_base *base = event_base_new();
    struct party a = {.probe = {.base = base}};
    struct proxy proxy;

    (void)state;
    proxy_start(&proxy, base, server.dir, server.socket);
    party_start(&a, proxy.url, 7);
    acquire(&a);
    commit(&a, 1);
    assert_int_equal(send_number(&a, 2), PL_OK);
    probe_until(&a.probe, pl_link_pending_replies(a.probe.link) == 2); /* WATCH, HMGET: let them pass */
    while (!a.hold.in_flight) {
        probe_spin(&a.probe);
        proxy.keep = pl_link_pending_replies(a.probe.link) > 2;
    }
    proxy.keep = true;
    probe_until(&a.probe, proxy_kept(&proxy) > 0);
    pl_link_reset(a.probe.link, "given up");
    probe_until(&a.probe, a.commits == 2);
    expect(&a, PL_ERR_IO, false, "connection lost");
    assert_true(a.hold.in_flight);
    proxy.keep = false;
    probe_until(&a.probe, a.probe.ups == 2);
    acquire(&a);
    assert_true(a.kept);
    assert_false(a.in_flight_done);
    assert_int_equal(a.hold.seq, 1);
    proxy_release(&proxy);
    probe_expect(&a.probe, "PING", "status PONG");
    for (int spins = 0; spins < 20; spins++)
        probe_spin(&a.probe);
    check_whole(1);
    commit(&a, 2);
    expect(&a, PL_OK, false, "");
    check_whole(2);
    party_stop(&a);
    proxy_stop(&proxy);
    event_base_free(base);
}

/* Another owner acquires between our WATCH and our EXEC. */
static void test_fenced_in_between(void **state)
{
    struct event_base *base = event_base_new();
    struct party a = {.probe = {.base = base}}, b = {.probe = {.base = base}};
    struct proxy proxy;

    (void)state;
    proxy_start(&proxy, base, server.dir, server.socket);
    party_start(&a, proxy.url, 7);
    party_start(&b, server.url, 8);
    acquire(&a);
    commit(&a, 1);
    assert_int_equal(send_number(&a, 2), PL_OK);
    while (!a.hold.in_flight)
        event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    proxy.keep = true;
    probe_until(&a.probe, proxy_kept(&proxy) > 0);
    acquire(&b);
    assert_false(b.kept);
    proxy_release(&proxy);
    probe_until(&a.probe, a.commits == 2);
    expect(&a, PL_ERR_FENCED, false, "the meta changed during the commit");
    assert_false(a.hold.in_flight);
    check_whole(1);
    commit(&b, 2);
    check_whole(2);
    party_stop(&a);
    party_stop(&b);
    proxy_stop(&proxy);
    event_base_free(base);
}

/* The reply of an acquire is lost, even twice: what was before it is hidden, so the memory is not believed. */
static void test_lost_acquire(void **state)
{
    struct event_base *base = event_base_new();
    struct party a = {.probe = {.base = base}};
    struct proxy proxy;

    (void)state;
    proxy_start(&proxy, base, server.dir, server.socket);
    party_start(&a, proxy.url, 7);
    acquire(&a);
    commit(&a, 1);
    for (unsigned lost = 1; lost <= 2; lost++) {
        proxy.cut_reply = 10;
        acquire(&a);
        expect(&a, PL_ERR_IO, false, "connection lost");
        assert_int_equal(a.hold.epoch, 1);
        probe_until(&a.probe, a.probe.ups == 1 + lost);
    }
    acquire(&a);
    assert_false(a.kept);
    assert_int_equal(a.hold.epoch, 4);
    assert_int_equal(a.hold.seq, 1);
    commit(&a, 2);
    check_whole(2);
    party_stop(&a);
    proxy_stop(&proxy);
    event_base_free(base);
}

/* The link goes down with operations queued: each is told, in order, and none is sent later. */
static void test_down_with_queue(void **state)
{
    struct party a = {0};
    struct pl_hold holds[5];

    (void)state;
    party_start(&a, server.url, 7);
    kill(server.pid, SIGSTOP);
    for (size_t at = 0; at < 5; at++) {
        holds[at] = (struct pl_hold){.owner = 7};
        snprintf(holds[at].meta_key, sizeof(holds[at].meta_key), "plateaud:{test/%zu}:meta", at);
        assert_int_equal(pl_store_acquire(a.store, &holds[at], on_acquired, &a), PL_OK);
    }
    pl_link_reset(a.probe.link, "given up");
    assert_int_equal(pl_store_acquire(a.store, &a.hold, on_acquired, &a), PL_ERR_STATE);
    probe_until(&a.probe, a.acquires == 5);
    expect(&a, PL_ERR_IO, false, "connection lost");
    kill(server.pid, SIGCONT);
    probe_until(&a.probe, a.probe.ups == 2);
    assert_int_equal(a.acquires, 5);
    party_stop(&a);
    event_base_free(a.probe.base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FLUSH(test_cut_requests),      WITH_FLUSH(test_cut_replies),  WITH_FLUSH(test_late_arrival),
        WITH_FLUSH(test_fenced_in_between), WITH_FLUSH(test_lost_acquire), WITH_FLUSH(test_down_with_queue),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
