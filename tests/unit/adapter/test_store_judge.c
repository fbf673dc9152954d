#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "adapter/store_judge.h"

#include <stdio.h>
#include <string.h>

static struct pl_reply text_of(const char *text)
{
    return text ? (struct pl_reply){.type = PL_REPLY_STRING, .text = pl_span_of(text)}
                : (struct pl_reply){.type = PL_REPLY_NIL};
}

/* Texts as Redis 7.0 (and 6, for scripts) writes them. */
static void test_errors(void **state)
{
    static const struct {
        const char *text;
        enum pl_store_remedy remedy;
    } table[] = {
        {"OOM command not allowed when used memory > 'maxmemory'.", PL_STORE_RETRY},
        {"LOADING Redis is loading the dataset in memory", PL_STORE_RETRY},
        {"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", PL_STORE_RETRY},
        {"MISCONF Errors writing to the AOF file: No space left on device", PL_STORE_RETRY},
        {"NOREPLICAS Not enough good replicas to write.", PL_STORE_RETRY},
        {"CLUSTERDOWN The cluster is down", PL_STORE_RETRY},
        {"TRYAGAIN Multiple keys request during rehashing of slot", PL_STORE_RETRY},
        {"NOPERM this user has no permissions to run the 'hset' command", PL_STORE_RECONNECT},
        {"EXECABORT Transaction discarded because of previous errors.", PL_STORE_RETRY},
        {"EXECABORT Transaction discarded because of: OOM command not allowed", PL_STORE_RETRY},
        {"EXECABORT Transaction discarded because of: READONLY You can't write", PL_STORE_RECONNECT},
        {"ERR Error running script (call to f_1): @user_script:4: @user_script: 4: -OOM command not allowed",
         PL_STORE_RETRY},
        {"READONLY You can't write against a read only replica.", PL_STORE_RECONNECT},
        {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", PL_STORE_RECONNECT},
        {"MOVED 3999 127.0.0.1:6381", PL_STORE_RETRY},
        {"ASK 3999 127.0.0.1:6381", PL_STORE_RETRY},
        {"NOAUTH Authentication required.", PL_STORE_RECONNECT},
        {"WRONGTYPE Operation against a key holding the wrong kind of value", PL_STORE_HALT},
        {"ERR unknown command 'OOM', with args beginning with: ", PL_STORE_HALT},
        {"CROSSSLOT Keys in request don't hash to the same slot", PL_STORE_HALT},
        {"OOMPH", PL_STORE_HALT},
        {"", PL_STORE_HALT},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(table) / sizeof(*table); at++)
        if (pl_store_judge_error(pl_span_of(table[at].text)) != table[at].remedy)
            fail_msg("%s", table[at].text);
}

static void test_meta(void **state)
{
    static const struct {
        const char *epoch, *owner, *seq;
        enum pl_status status;
    } table[] = {
        {"5", "18446744073709551615.3", "0", PL_OK},
        {"4", "18446744073709551615.3", "0", PL_ERR_FENCED},
        {"6", "18446744073709551615.3", "0", PL_ERR_FENCED},
        {"5", "18446744073709551614.3", "0", PL_ERR_FENCED},
        {"5", "18446744073709551615.2", "0", PL_ERR_FENCED},
        {"5", "18446744073709551615", "0", PL_ERR_FENCED},
        {"5", "18446744073709551615.3", "1", PL_ERR_FENCED},
        {"05", "18446744073709551615.3", "0", PL_ERR_FENCED},
        {"5 ", "18446744073709551615.3", "0", PL_ERR_FENCED},
        {NULL, NULL, NULL, PL_ERR_FENCED},
        {"5", "18446744073709551615.3", NULL, PL_ERR_FENCED},
        {"5", "a much longer text than any number can be", "0", PL_ERR_FENCED},
    };
    struct pl_hold hold = {.epoch = 5, .owner = UINT64_MAX, .claim = 3, .seq = 0};
    struct pl_reply elements[3], reply = {.type = PL_REPLY_ARRAY, .n = 3, .elements = elements};
    struct pl_err err;

    (void)state;
    for (size_t at = 0; at < sizeof(table) / sizeof(*table); at++) {
        elements[0] = text_of(table[at].epoch);
        elements[1] = text_of(table[at].owner);
        elements[2] = text_of(table[at].seq);
        assert_int_equal(pl_store_judge_meta(&hold, &reply, &err), table[at].status);
    }
    reply.n = 2;
    assert_int_equal(pl_store_judge_meta(&hold, &reply, &err), PL_ERR_INPUT);
    reply.type = PL_REPLY_NIL;
    assert_int_equal(pl_store_judge_meta(&hold, &reply, &err), PL_ERR_INPUT);
}

static void test_exec(void **state)
{
    struct pl_reply elements[] = {{.type = PL_REPLY_INTEGER, .integer = 2}, {.type = PL_REPLY_NIL}, text_of("x")};
    struct pl_reply reply = {.type = PL_REPLY_ARRAY, .n = 3, .elements = elements};
    struct pl_err err;

    (void)state;
    assert_int_equal(pl_store_judge_exec(&reply, 3, &err), PL_OK); /* a nil inside is an answer like others */
    assert_int_equal(pl_store_judge_exec(&reply, 2, &err), PL_ERR_INPUT);
    assert_int_equal(pl_store_judge_exec(&reply, 4, &err), PL_ERR_INPUT);
    for (int at = 0; at < 3; at++) {
        struct pl_reply saved = elements[at];
        char expected[64];

        elements[at] = (struct pl_reply){.type = PL_REPLY_ERROR, .text = pl_span_of("WRONGTYPE so")};
        assert_int_equal(pl_store_judge_exec(&reply, 3, &err), PL_ERR_IO);
        snprintf(expected, sizeof(expected), "command %d of a commit: WRONGTYPE so", at);
        assert_string_equal(err.text, expected);
        elements[at] = saved;
    }
    reply = (struct pl_reply){.type = PL_REPLY_NIL};
    assert_int_equal(pl_store_judge_exec(&reply, 3, &err), PL_ERR_FENCED);
    reply = (struct pl_reply){.type = PL_REPLY_STATUS, .text = pl_span_of("QUEUED")};
    assert_int_equal(pl_store_judge_exec(&reply, 3, &err), PL_ERR_INPUT);
}

/* What we remember (epoch, seq, in flight) against what was found (owner, seq, in epoch 3). Our nonce is 7, and we
 * hold its fourth claim; the fifth is asked for now. */
static void test_acquired(void **state)
{
    static const struct {
        uint64_t epoch, seq;
        bool in_flight;
        const char *found_owner, *found_seq;
        bool kept, done;
        uint64_t seq_after;
    } table[] = {
        {0, 0, false, NULL, NULL, false, false, 0},    /* nothing there */
        {0, 0, false, "8.1", "40", false, false, 40},  /* somebody else's */
        {0, 0, false, "7.4", "40", false, false, 40},  /* ours, but we remember nothing */
        {0, 0, false, "7.4", "0", false, false, 0},    /* neither here */
        {3, 40, false, "7.4", "40", true, false, 40},  /* as we left it */
        {2, 40, false, "7.4", "40", false, false, 40}, /* by an acquire of ours that we did not see the reply of: */
        {2, 40, true, "7.4", "41", false, false, 41},  /* it hides who made 41 */
        {4, 40, true, "7.4", "41", false, false, 41},
        {3, 40, false, "7.4", "41", false, false, 41}, /* we never sent 41 */
        {3, 40, false, "7.4", "39", false, false, 39}, /* Redis went back */
        {3, 40, true, "7.4", "40", true, false, 40},   /* it did not arrive */
        {3, 40, true, "7.4", "41", true, true, 41},    /* it did */
        {3, 40, true, "7.4", "42", false, false, 42},  /* somebody with our nonce went on */
        {3, 40, true, "7.4", "39", false, false, 39},
        {3, 40, true, "8.1", "40", false, false, 40}, /* taken, and nothing done with it */
        {3, 40, true, "8.1", "41", false, false, 41},
        {3, 40, false, NULL, NULL, false, false, 0},   /* all gone */
        {3, 40, false, "7.3", "40", false, false, 40}, /* epoch 3 of another past of Redis, for an older claim, */
        {3, 40, false, "7.5", "40", false, false, 40}, /* and for one that we did not see the reply of */
        {3, 40, false, "7", "40", false, false, 40},
        {3, 0, false, "7.4", "0", true, false, 0},
        {3, 0, true, "7.4", "1", true, true, 1},
        {3, 40, false, "7.4", "9223372036854775807", false, false, INT64_MAX},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(table) / sizeof(*table); at++) {
        struct pl_hold hold = {.epoch = table[at].epoch,
                               .owner = 7,
                               .claims = 5,
                               .claim = 4,
                               .seq = table[at].seq,
                               .in_flight = table[at].in_flight};
        struct pl_reply elements[7] = {text_of("9"),
                                       text_of("epoch"),
                                       text_of("3"),
                                       text_of("owner"),
                                       text_of(table[at].found_owner),
                                       text_of("seq"),
                                       text_of(table[at].found_seq)};
        struct pl_reply reply = {.type = PL_REPLY_ARRAY, .n = table[at].found_owner ? 7 : 1, .elements = elements};
        struct pl_acquired acquired;

        assert_int_equal(pl_store_judge_acquired(&hold, &reply, &acquired, NULL), PL_OK);
        assert_int_equal(acquired.existed, table[at].found_owner != NULL);
        assert_int_equal(acquired.n, table[at].found_owner ? 6 : 0);
        assert_int_equal(acquired.kept, table[at].kept);
        assert_int_equal(acquired.in_flight_done, table[at].done);
        assert_int_equal(hold.epoch, 9);
        assert_int_equal(hold.claim, 5);
        assert_int_equal(hold.seq, table[at].seq_after);
        assert_false(hold.in_flight);
    }
}

static void test_acquired_malformed(void **state)
{
    static const char *const epochs[] = {"", "x", "-1", "0", "9223372036854775808", NULL};
    struct pl_reply elements[3] = {text_of("9"), text_of("seq"), text_of("12x")};
    struct pl_reply reply = {.type = PL_REPLY_ARRAY, .n = 3, .elements = elements};
    struct pl_hold hold = {.epoch = 3, .owner = 7, .seq = 4, .in_flight = true};
    struct pl_acquired acquired;

    (void)state;
    assert_int_equal(pl_store_judge_acquired(&hold, &reply, &acquired, NULL), PL_ERR_INPUT);
    reply.n = 2;
    assert_int_equal(pl_store_judge_acquired(&hold, &reply, &acquired, NULL), PL_ERR_INPUT);
    reply.n = 0;
    assert_int_equal(pl_store_judge_acquired(&hold, &reply, &acquired, NULL), PL_ERR_INPUT);
    reply.n = 1;
    for (size_t at = 0; at < sizeof(epochs) / sizeof(*epochs); at++) {
        elements[0] = text_of(epochs[at]);
        assert_int_equal(pl_store_judge_acquired(&hold, &reply, &acquired, NULL), PL_ERR_INPUT);
    }
    reply.type = PL_REPLY_NIL;
    assert_int_equal(pl_store_judge_acquired(&hold, &reply, &acquired, NULL), PL_ERR_INPUT);
    assert_int_equal(hold.epoch, 3);
    assert_int_equal(hold.seq, 4);
    assert_true(hold.in_flight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_meta),
        cmocka_unit_test(test_exec),
        cmocka_unit_test(test_acquired),
        cmocka_unit_test(test_acquired_malformed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
