#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/store_party.h"

static void test_acquire_and_commit(void **state)
{
    struct party a = {0};

    (void)state;
    party_start(&a, server.url, UINT64_C(18446744073709551615));
    assert_int_equal(send_number(&a, 1), PL_ERR_STATE); /* not acquired */
    acquire(&a);
    expect(&a, PL_OK, false, "");
    assert_false(a.existed);
    assert_false(a.kept);
    assert_string_equal(a.fields.ptr, "");
    assert_int_equal(a.hold.epoch, 1);
    assert_int_equal(a.hold.seq, 0);
    for (unsigned number = 1; number <= 20; number++) {
        commit(&a, number);
        expect(&a, PL_OK, false, "");
        assert_int_equal(a.hold.seq, number);
        assert_false(a.hold.in_flight);
    }
    check_whole(20);
    acquire(&a); /* again, on the same connection: the memory is still true */
    assert_true(a.existed);
    assert_true(a.kept);
    assert_false(a.in_flight_done);
    assert_int_equal(a.hold.epoch, 2);
    assert_int_equal(a.hold.seq, 20);
    assert_non_null(strstr(a.fields.ptr, "epoch 1 "));
    assert_non_null(strstr(a.fields.ptr, "owner 18446744073709551615.1 "));
    assert_non_null(strstr(a.fields.ptr, "seq 20 "));
    assert_non_null(strstr(a.fields.ptr, "offset 20 "));
    commit(&a, 21);
    check_whole(21);
    party_stop(&a);
    event_base_free(a.probe.base);
}

static void test_two_owners(void **state)
{
    struct party a = {0}, b = {0};

    (void)state;
    party_start(&a, server.url, 7);
    b.probe.base = a.probe.base;
    party_start(&b, server.url, 8);
    acquire(&a);
    commit(&a, 1);
    acquire(&b);
    assert_true(b.existed);
    assert_false(b.kept);
    assert_int_equal(b.hold.epoch, 2);
    assert_int_equal(b.hold.seq, 1);
    commit(&a, 2); /* a zombie */
    expect(&a, PL_ERR_FENCED, false, "epoch 2 owner 8.1 seq 1 in Redis, ours are 1, 7.1, 1");
    check_whole(1);
    commit(&b, 2);
    expect(&b, PL_OK, false, "");
    check_whole(2);
    acquire(&a);
    assert_false(a.kept);
    assert_int_equal(a.hold.seq, 2);
    commit(&a, 3);
    expect(&a, PL_OK, false, "");
    commit(&b, 3);
    expect(&b, PL_ERR_FENCED, false, "epoch 3 owner 7.2 seq 3");
    check_whole(3);
    party_stop(&a);
    party_stop(&b);
    event_base_free(a.probe.base);
}

/* Our commit was lost, somebody else made that very number, and then an acquire of ours was carried out and its reply
 * lost too: the meta has our nonce and the awaited seq, but not our work. */
static void test_lost_acquire(void **state)
{
    struct party a = {0}, b = {0};

    (void)state;
    party_start(&a, server.url, 7);
    b.probe.base = a.probe.base;
    party_start(&b, server.url, 8);
    acquire(&a);
    commit(&a, 1);
    a.hold.in_flight = true;
    acquire(&b);
    commit(&b, 2);
    a.hold.claims++;
    freeReplyObject(test_redis_ask(&server, "HSET " META " epoch 3 owner 7.2"));
    acquire(&a);
    assert_false(a.kept);
    assert_false(a.in_flight_done);
    assert_int_equal(a.hold.epoch, 4);
    assert_int_equal(a.hold.seq, 2);
    party_stop(&a);
    party_stop(&b);
    event_base_free(a.probe.base);
}

/* An epoch that we have seen must not come again, or the meta of others' work could look like ours. */
static void test_epoch_goes_forward(void **state)
{
    struct party a = {0};

    (void)state;
    party_start(&a, server.url, 7);
    acquire(&a);
    acquire(&a);
    acquire(&a);
    freeReplyObject(test_redis_ask(&server, "HSET " META " epoch 1 owner 8"));
    acquire(&a);
    assert_false(a.kept);
    assert_int_equal(a.hold.epoch, 4);
    commit(&a, 1);
    expect(&a, PL_OK, false, "");
    acquire(&a);
    assert_true(a.kept);
    assert_int_equal(a.hold.epoch, 5);
    party_stop(&a);
    event_base_free(a.probe.base);
}

/* A process that loses a shard and gets it back remembers nothing, even if nobody had it in between. */
static void test_fresh_hold(void **state)
{
    struct party a = {0};

    (void)state;
    party_start(&a, server.url, 7);
    acquire(&a);
    a.hold = (struct pl_hold){.meta_key = META, .owner = 7};
    acquire(&a);
    assert_false(a.kept);
    commit(&a, 1);
    check_whole(1);
    party_stop(&a);
    event_base_free(a.probe.base);
}

/* Redis went back in time, or lost everything, under a live owner. */
static void test_rollback(void **state)
{
    struct party a = {0};

    (void)state;
    party_start(&a, server.url, 7);
    acquire(&a);
    commit(&a, 1);
    commit(&a, 2);
    freeReplyObject(test_redis_ask(&server, "HSET " META " seq 1 offset 1"));
    freeReplyObject(test_redis_ask(&server, "RPOP " LOG));
    test_redis_do(&server, "SET " DATA " 1");
    commit(&a, 3);
    expect(&a, PL_ERR_FENCED, false, "seq 1 in Redis, ours are 1, 7.1, 2");
    check_whole(1);
    acquire(&a);
    assert_false(a.kept);
    assert_int_equal(a.hold.seq, 1);
    commit(&a, 2);
    check_whole(2);
    test_redis_do(&server, "FLUSHALL");
    commit(&a, 3);
    expect(&a, PL_ERR_FENCED, false, "epoch ? owner ? seq ? in Redis");
    acquire(&a);
    assert_false(a.existed);
    assert_false(a.kept);
    assert_int_equal(a.hold.epoch, 3); /* not 1 again */
    commit(&a, 1);
    check_whole(1);
    party_stop(&a);
    event_base_free(a.probe.base);
}

/* Two holds on one link: operations queue, in order, one hold's loss is not the other's. */
static void test_queue(void **state)
{
    struct party a = {0}, b = {0};

    (void)state;
    party_start(&a, server.url, 7);
    b = a;
    b.fields = (struct pl_buf){0};
    snprintf(b.hold.meta_key, sizeof(b.hold.meta_key), "plateaud:{test/1}:meta");
    assert_int_equal(pl_store_acquire(a.store, &a.hold, on_acquired, &a), PL_OK);
    assert_int_equal(pl_store_acquire(a.store, &b.hold, on_acquired, &b), PL_OK);
    assert_int_equal(pl_store_acquire(a.store, &b.hold, on_acquired, &b), PL_ERR_STATE); /* one at a time */
    assert_int_equal(pl_store_pending(a.store), 2);
    probe_until(&a.probe, b.acquires == 1);
    assert_int_equal(a.acquires, 1);
    freeReplyObject(test_redis_ask(&server, "HSET plateaud:{test/1}:meta owner 99"));
    assert_int_equal(pl_store_commit(a.store, &b.hold, (struct pl_span){NULL, 0}, 0, NULL, 0, on_done, &b), PL_OK);
    assert_int_equal(send_number(&a, 1), PL_OK);
    assert_int_equal(send_number(&a, 1), PL_ERR_STATE);
    assert_int_equal(pl_store_pending(a.store), 2);
    probe_until(&a.probe, a.commits == 1);
    expect(&a, PL_OK, false, "");
    assert_int_equal(b.commits, 1);
    expect(&b, PL_ERR_FENCED, false, "owner 99");
    assert_int_equal(pl_store_pending(a.store), 0);
    check_whole(1);
    pl_buf_fini(&b.fields);
    party_stop(&a);
    event_base_free(a.probe.base);
}

/* Commits that follow each other from the callback, and other commands in between. */
static void commit_next(void *ctx, enum pl_status status, bool halt, const char *why)
{
    struct party *party = ctx;

    on_done(ctx, status, halt, why);
    if (party->commits < 100)
        assert_int_equal(
            pl_store_commit(party->store, &party->hold, (struct pl_span){NULL, 0}, 0, NULL, 0, commit_next, party),
            PL_OK);
}

static void test_commits_from_callbacks(void **state)
{
    struct party a = {0};
    struct answer answer = {0};

    (void)state;
    party_start(&a, server.url, 7);
    acquire(&a);
    a.commits = 1;
    commit_next(&a, PL_OK, false, NULL);
    while (a.commits < 100) {
        assert_int_equal(probe_send(&a.probe, &answer, "GET nothing"), PL_OK);
        probe_spin(&a.probe);
    }
    assert_int_equal(a.hold.seq, 98);
    assert_int_equal(ask_number("HGET " META " seq"), 98);
    assert_string_equal(answer.text.ptr, "nil"); /* never QUEUED */
    party_stop(&a);
    pl_buf_fini(&answer.text); /* after the link: it answers what still waits */
    event_base_free(a.probe.base);
}

/* ---- refusals of Redis ---- */

static void test_error_element(void **state)
{
    struct party a = {0};

    (void)state;
    party_start(&a, server.url, 7);
    acquire(&a);
    commit(&a, 1);
    commit_words(&a, "HSET " DATA " field value");
    expect(&a, PL_ERR_IO, true, "command 1 of a commit: WRONGTYPE");
    assert_false(a.hold.in_flight);
    party_stop(&a);
    event_base_free(a.probe.base);
}

static void test_bad_command(void **state)
{
    struct party a = {0};

    (void)state;
    party_start(&a, server.url, 7);
    acquire(&a);
    commit(&a, 1);
    commit_words(&a, "NOSUCHCOMMAND x");
    expect(&a, PL_ERR_IO, true, "ERR unknown command");
    check_whole(1);
    commit(&a, 2); /* nothing was carried out, so the next one finds all as expected */
    expect(&a, PL_OK, false, "");
    check_whole(2);
    party_stop(&a);
    event_base_free(a.probe.base);
}

/* Full for a while: the same commit succeeds later, exactly once. */
static void test_full_then_retry(void **state)
{
    static const char *const table[][3] = {
        {"CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", "OOM"},
        {"CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0", "NOREPLICAS"},
    };
    struct party a = {0};

    (void)state;
    party_start(&a, server.url, 7);
    acquire(&a);
    for (unsigned at = 0; at < sizeof(table) / sizeof(*table); at++) {
        test_redis_do(&server, table[at][0]);
        for (int tries = 0; tries < 3; tries++) {
            commit(&a, at + 1);
            expect(&a, PL_ERR_IO, false, table[at][2]);
            assert_false(a.hold.in_flight);
            assert_int_equal(a.hold.seq, at);
        }
        acquire(&a);
        expect(&a, PL_ERR_IO, false, table[at][2]);
        test_redis_do(&server, table[at][1]);
        commit(&a, at + 1);
        expect(&a, PL_OK, false, "");
        check_whole(at + 1);
    }
    assert_int_equal(a.probe.downs, 0);
    party_stop(&a);
    event_base_free(a.probe.base);
}

/* Demoted: the commit is refused whole, and the link leaves the server until it is a master again. */
static void test_demoted(void **state)
{
    struct party a = {0};

    (void)state;
    party_start(&a, server.url, 7);
    acquire(&a);
    commit(&a, 1);
    test_redis_do(&server, "REPLICAOF 127.0.0.1 1");
    commit(&a, 2);
    expect(&a, PL_ERR_IO, false, "READONLY");
    assert_false(a.hold.in_flight);
    probe_until(&a.probe, a.probe.downs == 2);
    assert_string_equal(a.probe.why, "the server is no master: its role is slave");
    assert_int_equal(send_number(&a, 2), PL_ERR_STATE);
    test_redis_do(&server, "REPLICAOF NO ONE");
    probe_until(&a.probe, a.probe.ups == 2);
    acquire(&a);
    assert_true(a.kept);
    commit(&a, 2);
    check_whole(2);
    party_stop(&a);
    event_base_free(a.probe.base);
}

/* Rights are taken away from a live connection: of MULTI, so that a commit is carried out command by command; of EXEC,
 * so that a transaction is left open. Neither is taken for a commit, and the connection is not used again. */
static void test_rights_taken(void **state)
{
    struct party a = {0};

    (void)state;
    party_start(&a, server.url, 7);
    acquire(&a);
    commit(&a, 1);
    test_redis_do(&server, "ACL SETUSER default -exec");
    commit(&a, 2);
    expect(&a, PL_ERR_IO, false, "NOPERM");
    probe_until(&a.probe, a.probe.ups == 2);
    test_redis_do(&server, "ACL SETUSER default +exec");
    check_whole(1);
    acquire(&a);
    assert_true(a.kept);
    test_redis_do(&server, "ACL SETUSER default -multi");
    acquire(&a);
    expect(&a, PL_ERR_IO, false, "NOPERM");
    probe_until(&a.probe, a.probe.ups == 3);
    test_redis_do(&server, "ACL SETUSER default +multi");
    acquire(&a);
    assert_false(a.kept); /* the script of the one before was carried out */
    test_redis_do(&server, "ACL SETUSER default -multi");
    commit(&a, 2);
    test_redis_do(&server, "ACL SETUSER default +multi");
    expect(&a, PL_ERR_IO, true, "MULTI was refused");
    probe_until(&a.probe, a.probe.downs == 3);
    party_stop(&a);
    event_base_free(a.probe.base);
}

/* A meta that is none of ours is left as it is. */
static void test_foreign_meta(void **state)
{
    static const char *const table[][3] = {
        {"SET " META " text", "WRONGTYPE", "GET " META},
        {"HSET " META " epoch many", "not an integer", "HGET " META " epoch"},
        {"HSET " META " epoch 9223372036854775807", "overflow", "HGET " META " epoch"},
        {"HSET " META " seq -5", "seq in " META " is no number", "HGET " META " seq"},
        {"HSET " META " seq many", "seq in " META " is no number", "HGET " META " seq"},
    };
    struct party a = {0};

    (void)state;
    party_start(&a, server.url, 7);
    for (size_t at = 0; at < sizeof(table) / sizeof(*table); at++) {
        redisReply *reply;

        test_redis_do(&server, "FLUSHALL");
        freeReplyObject(test_redis_ask(&server, table[at][0]));
        acquire(&a);
        expect(&a, PL_ERR_INPUT, false, table[at][1]);
        assert_int_equal(a.hold.epoch, 0);
        reply = test_redis_ask(&server, table[at][2]);
        assert_string_equal(reply->str, strrchr(table[at][0], ' ') + 1);
        freeReplyObject(reply);
    }
    party_stop(&a);
    event_base_free(a.probe.base);
}

/* Freed at every stage of its work: no call back, nothing leaks, nothing is touched afterwards. */
static void test_free_at_work(void **state)
{
    (void)state;
    for (int stage = 0; stage < 4; stage++) {
        struct party a = {0};

        party_start(&a, server.url, 7);
        acquire(&a);
        if (stage > 0)
            assert_int_equal(stage == 1 ? pl_store_acquire(a.store, &a.hold, on_acquired, &a) : send_number(&a, 1),
                             PL_OK);
        while (stage == 3 && !a.hold.in_flight)
            event_base_loop(a.probe.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
        pl_store_free(a.store);
        a.store = NULL;
        a.probe.on_down = NULL;
        if (stage != 2) /* stage 2: the link goes first */
            probe_expect(&a.probe, "PING", "status PONG");
        assert_int_equal(a.acquires, 1);
        assert_int_equal(a.commits, 0);
        party_stop(&a);
        event_base_free(a.probe.base);
    }
    pl_store_free(NULL);
}

/* More than may be queued, and more than may be sent. */
static void test_bounds(void **state)
{
    static struct pl_hold holds[PL_STORE_OPS_MAX + 1];
    struct party a = {0};
    struct pl_buf large = {0};

    (void)state;
    party_start(&a, server.url, 7);
    acquire(&a);
    for (size_t at = 0; at <= PL_STORE_OPS_MAX; at++) {
        holds[at] = (struct pl_hold){.owner = 7};
        snprintf(holds[at].meta_key, sizeof(holds[at].meta_key), "plateaud:{test/%zu}:meta", at);
        assert_int_equal(pl_store_acquire(a.store, &holds[at], on_acquired, &a),
                         at < PL_STORE_OPS_MAX ? PL_OK : PL_ERR_FULL);
    }
    probe_until(&a.probe, a.acquires == PL_STORE_OPS_MAX + 1);
    expect(&a, PL_OK, false, "");
    for (size_t at = 0; at <= PL_LINK_PENDING_BYTES_MAX; at += 64)
        pl_buf_add(&large, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", 64);
    assert_int_equal(pl_store_commit(a.store, &holds[9], pl_buf_span(&large), 1, NULL, 0, on_done, &a), PL_ERR_FULL);
    pl_buf_fini(&large);
    assert_int_equal(pl_store_pending(a.store), 0);
    party_stop(&a);
    event_base_free(a.probe.base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FLUSH(test_acquire_and_commit),
        WITH_FLUSH(test_two_owners),
        WITH_FLUSH(test_lost_acquire),
        WITH_FLUSH(test_epoch_goes_forward),
        WITH_FLUSH(test_fresh_hold),
        WITH_FLUSH(test_rollback),
        WITH_FLUSH(test_queue),
        WITH_FLUSH(test_commits_from_callbacks),
        WITH_FLUSH(test_error_element),
        WITH_FLUSH(test_bad_command),
        WITH_FLUSH(test_full_then_retry),
        WITH_FLUSH(test_demoted),
        WITH_FLUSH(test_rights_taken),
        WITH_FLUSH(test_foreign_meta),
        WITH_FLUSH(test_free_at_work),
        WITH_FLUSH(test_bounds),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
