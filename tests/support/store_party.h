/* One owner of a key space for tests of the store: a link, a store, a hold, and what it was told; and the server that
 * all of them share. Include after cmocka.h. */
#ifndef PL_TESTS_SUPPORT_STORE_PARTY_H
#define PL_TESTS_SUPPORT_STORE_PARTY_H

#include "adapter/store.h"
#include "support/link_probe.h"
#include "support/redis_server.h"
#include "support/store_shapes.h"

#include <inttypes.h>

static struct test_redis server;

static inline int start_server(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    test_redis_start(&server, NULL);
    return 0;
}

static inline int stop_server(void **state)
{
    (void)state;
    test_redis_stop(&server);
    return 0;
}

static inline int flush_server(void **state)
{
    (void)state;
    test_redis_do(&server, "FLUSHALL");
    return 0;
}

struct party {
    struct probe probe;
    struct pl_store *store;
    struct pl_hold hold;
    unsigned acquires, commits; /* callbacks */
    enum pl_status status;      /* of the last callback */
    bool halt;
    char why[PL_ERR_TEXT_BYTES];
    bool existed, kept, in_flight_done;
    struct pl_buf fields; /* what acquire found, as text */
};

static inline void party_down(struct probe *probe)
{
    struct party *party = probe->more;

    pl_store_down(party->store);
    assert_int_equal(pl_store_pending(party->store), 0);
}

static inline void party_start(struct party *party, const char *url, uint64_t owner)
{
    party->probe.on_down = party_down;
    party->probe.more = party;
    probe_start(&party->probe, (struct pl_link_config){.url = url});
    party->store = pl_store_new(party->probe.link);
    party->hold = (struct pl_hold){.meta_key = META, .owner = owner};
    probe_until(&party->probe, party->probe.ups == 1);
}

static inline void party_stop(struct party *party)
{
    pl_buf_fini(&party->fields);
    pl_store_free(party->store);
    pl_link_free(party->probe.link);
    party->probe.link = NULL;
}

static inline void told(struct party *party, enum pl_status status, bool halt, const char *why)
{
    party->status = status;
    party->halt = halt;
    assert_true(!why == (status == PL_OK));
    snprintf(party->why, sizeof(party->why), "%s", why ? why : "");
}

static inline void on_acquired(void *ctx, enum pl_status status, const struct pl_acquired *acquired, const char *why)
{
    struct party *party = ctx;

    party->acquires++;
    told(party, status, false, why);
    assert_true(!acquired == (status != PL_OK));
    if (!acquired)
        return;
    party->existed = acquired->existed;
    party->kept = acquired->kept;
    party->in_flight_done = acquired->in_flight_done;
    pl_buf_clear(&party->fields);
    pl_buf_add_text(&party->fields, "");
    for (size_t at = 0; at < acquired->n; at++)
        pl_buf_addf(&party->fields, "%.*s ", (int)acquired->fields[at].text.len, acquired->fields[at].text.ptr);
}

static inline void on_done(void *ctx, enum pl_status status, bool halt, const char *why)
{
    struct party *party = ctx;

    party->commits++;
    told(party, status, halt, why);
}

static inline void acquire(struct party *party)
{
    unsigned before = party->acquires;

    assert_int_equal(pl_store_acquire(party->store, &party->hold, on_acquired, party), PL_OK);
    probe_until(&party->probe, party->acquires > before);
}

static inline enum pl_status send_number(struct party *party, unsigned number)
{
    struct shaped made;
    enum pl_status status;

    shaped_make(&made, number);
    status = pl_store_commit(party->store, &party->hold, pl_buf_span(&made.commands), made.n, made.pairs, made.n_pairs,
                             on_done, party);
    pl_buf_fini(&made.commands);
    return status;
}

static inline void commit(struct party *party, unsigned number)
{
    unsigned before = party->commits;

    assert_int_equal(send_number(party, number), PL_OK);
    probe_until(&party->probe, party->commits > before);
}

/* One command of any kind as a commit. */
static inline void commit_words(struct party *party, const char *words)
{
    struct pl_span rest = pl_span_of(words), argv[16];
    struct pl_buf commands = {0};
    unsigned before = party->commits;
    size_t argc = 0;

    while (rest.ptr)
        argv[argc++] = pl_span_cut(&rest, ' ');
    pl_resp_add(&commands, argc, argv);
    assert_int_equal(pl_store_commit(party->store, &party->hold, pl_buf_span(&commands), 1, NULL, 0, on_done, party),
                     PL_OK);
    pl_buf_fini(&commands);
    probe_until(&party->probe, party->commits > before);
}

static inline unsigned ask_number(const char *command)
{
    redisReply *reply = test_redis_ask(&server, command);
    unsigned number = reply->type == REDIS_REPLY_INTEGER ? (unsigned)reply->integer
                      : reply->str                       ? (unsigned)atoi(reply->str)
                                                         : 0;

    freeReplyObject(reply);
    return number;
}

/* Redis holds exactly the commits 1..n, whole. */
static inline void check_whole(unsigned n)
{
    redisReply *log = test_redis_ask(&server, "LRANGE " LOG " 0 -1");

    assert_int_equal(ask_number("HGET " META " seq"), n);
    assert_int_equal(ask_number("HGET " META " offset"), n);
    if (shape == SHAPE_META)
        assert_int_equal(log->elements, 0);
    if (shape == SHAPE_WIDE) {
        assert_int_equal(ask_number("HGET " DATA ":counts n"), 6 * n);
        assert_int_equal(ask_number("HGET " META " more"), n);
        assert_int_equal(ask_number("STRLEN " DATA ":bytes"), n ? 100 : 0);
    }
    if (shape != SHAPE_META) {
        assert_int_equal(ask_number("GET " DATA), n);
        assert_int_equal(log->elements, n);
    }
    for (unsigned at = 0; at < log->elements; at++)
        assert_int_equal(atoi(log->element[at]->str), at + 1);
    freeReplyObject(log);
}

static inline void expect(const struct party *party, enum pl_status status, bool halt, const char *part)
{
    if (party->status != status || party->halt != halt || !strstr(party->why, part))
        fail_msg("status %s halt %d why \"%s\", expected %s %d \"%s\"", pl_status_name(party->status), party->halt,
                 party->why, pl_status_name(status), halt, part);
}

#define WITH_FLUSH(test) cmocka_unit_test_setup(test, flush_server)

#endif
