#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "adapter/link_queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char said[256];

static void say(void *ctx, const struct pl_reply *reply)
{
    size_t used = strlen(said);

    snprintf(said + used, sizeof(said) - used, "%s=%.*s ", (const char *)ctx, reply ? (int)reply->text.len : 4,
             reply ? reply->text.ptr : "lost");
}

static void push(struct pl_link_queue *queue, const char *name, size_t n, int64_t since_us)
{
    struct pl_link_waiting waiting = {say, (void *)name, n, NULL, since_us};

    assert_int_equal(pl_link_queue_reserve(queue), PL_OK);
    pl_link_queue_push(queue, &waiting);
}

static bool answer(struct pl_link_queue *queue, enum pl_reply_type type, const char *text, int64_t now_us)
{
    struct pl_reply reply = {.type = type, .text = pl_span_of(text)};

    return pl_link_queue_answer(queue, &reply, now_us);
}

static void test_order(void **state)
{
    struct pl_link_queue queue = {0};

    (void)state;
    said[0] = '\0';
    push(&queue, "a", 1, 1);
    push(&queue, "b", 3, 1);
    push(&queue, "c", 1, 1);
    assert_int_equal(queue.n_replies, 5);
    assert_true(answer(&queue, PL_REPLY_STATUS, "1", 2));
    assert_string_equal(said, "a=1 ");
    assert_true(answer(&queue, PL_REPLY_STATUS, "2", 2));
    assert_true(answer(&queue, PL_REPLY_STATUS, "3", 2));
    assert_string_equal(said, "a=1 ");
    assert_true(answer(&queue, PL_REPLY_STATUS, "4", 2));
    assert_true(answer(&queue, PL_REPLY_ERROR, "5", 2));
    assert_string_equal(said, "a=1 b=4 c=5 ");
    assert_false(answer(&queue, PL_REPLY_STATUS, "6", 2));
    assert_int_equal(queue.n_replies, 0);
    pl_link_queue_fini(&queue);
}

/* The first error stands for the whole entry, and comes only with the last reply. */
static void test_first_error(void **state)
{
    struct pl_link_queue queue = {0};

    (void)state;
    said[0] = '\0';
    push(&queue, "a", 4, 1);
    assert_true(answer(&queue, PL_REPLY_STATUS, "fine", 2));
    assert_true(answer(&queue, PL_REPLY_ERROR, "first", 2));
    assert_true(answer(&queue, PL_REPLY_ERROR, "second", 2));
    assert_string_equal(said, "");
    assert_true(answer(&queue, PL_REPLY_ERROR, "third", 2));
    assert_string_equal(said, "a=first ");
    push(&queue, "b", 2, 1);
    assert_true(answer(&queue, PL_REPLY_ERROR, "x", 2));
    pl_link_queue_lose(&queue);
    assert_string_equal(said, "a=first b=lost ");
    pl_link_queue_fini(&queue);
}

static void test_turn(void **state)
{
    struct pl_link_queue queue = {0};

    (void)state;
    push(&queue, "a", 1, 100);
    push(&queue, "b", 1, 110);
    assert_int_equal(pl_link_queue_since(&queue), 100);
    assert_true(answer(&queue, PL_REPLY_STATUS, "", 150));
    assert_int_equal(pl_link_queue_since(&queue), 150); /* b's turn began when a was answered */
    pl_link_queue_lose(&queue);
    push(&queue, "c", 1, 200);
    assert_int_equal(pl_link_queue_since(&queue), 200);
    pl_link_queue_lose(&queue);
    pl_link_queue_fini(&queue);
}

/* Wraps and grows at every phase, in order; ends at the bound. */
static void test_bound(void **state)
{
    struct pl_link_queue queue = {0};
    static char names[4][2] = {"0", "1", "2", "3"};
    unsigned in = 0, out = 0;

    (void)state;
    for (unsigned round = 0; round < 300; round++) {
        for (unsigned at = 0; at < round % 7; at++)
            push(&queue, names[in++ % 4], 1, 0);
        for (unsigned at = 0; at < round % 5 && queue.n; at++) {
            char expected[8];

            said[0] = '\0';
            assert_true(answer(&queue, PL_REPLY_STATUS, "r", 0));
            snprintf(expected, sizeof(expected), "%s=r ", names[out++ % 4]);
            assert_string_equal(said, expected);
        }
    }
    while (queue.n < PL_LINK_QUEUE_MAX)
        push(&queue, "x", 1, 0);
    assert_int_equal(pl_link_queue_reserve(&queue), PL_ERR_FULL);
    pl_link_queue_lose(&queue);
    assert_int_equal(pl_link_queue_reserve(&queue), PL_OK);
    pl_link_queue_fini(&queue);
}

/* A callback that sends makes the ring move under the entry that is being answered. */
static struct pl_link_queue *growing;

static void send_more(void *ctx, const struct pl_reply *reply)
{
    (void)ctx;
    assert_string_equal(reply->text.ptr, "first");
    for (int at = 0; at < 100; at++)
        push(growing, "n", 1, 0);
}

static void test_send_in_callback(void **state)
{
    struct pl_link_queue queue = {0};
    struct pl_link_waiting waiting = {send_more, NULL, 2, NULL, 0};

    (void)state;
    growing = &queue;
    assert_int_equal(pl_link_queue_reserve(&queue), PL_OK);
    pl_link_queue_push(&queue, &waiting);
    assert_true(answer(&queue, PL_REPLY_ERROR, "first", 0));
    assert_true(answer(&queue, PL_REPLY_STATUS, "second", 0));
    assert_int_equal(queue.n, 100);
    pl_link_queue_lose(&queue);
    pl_link_queue_fini(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order), cmocka_unit_test(test_first_error),      cmocka_unit_test(test_turn),
        cmocka_unit_test(test_bound), cmocka_unit_test(test_send_in_callback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
