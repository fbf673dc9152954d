#include "adapter/link_queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void pl_link_queue_fini(struct pl_link_queue *queue)
{
    assert(queue->n == 0);
    free(queue->ring);
    *queue = (struct pl_link_queue){0};
}

enum pl_status pl_link_queue_reserve(struct pl_link_queue *queue)
{
    size_t cap = queue->cap ? 2 * queue->cap : 16;
    struct pl_link_waiting *ring;

    if (queue->n < queue->cap)
        return PL_OK;
    if (queue->n >= PL_LINK_QUEUE_MAX)
        return PL_ERR_FULL;
    ring = malloc(cap * sizeof(*ring));
    if (!ring)
        return PL_ERR_NOMEM;
    for (size_t at = 0; at < queue->n; at++)
        ring[at] = queue->ring[(queue->head + at) & (queue->cap - 1)];
    free(queue->ring);
    queue->ring = ring;
    queue->cap = cap;
    queue->head = 0;
    return PL_OK;
}

void pl_link_queue_push(struct pl_link_queue *queue, const struct pl_link_waiting *waiting)
{
    assert(queue->n < queue->cap && waiting->n_left > 0);
    queue->ring[(queue->head + queue->n) & (queue->cap - 1)] = *waiting;
    queue->n++;
    queue->n_replies += waiting->n_left;
}

static struct pl_link_waiting pop(struct pl_link_queue *queue)
{
    struct pl_link_waiting waiting = queue->ring[queue->head];

    queue->head = (queue->head + 1) & (queue->cap - 1);
    queue->n--;
    queue->n_replies -= waiting.n_left;
    return waiting;
}

/* The entry leaves the queue before its callback runs: the callback may send, and so move the ring. */
static void call_with_error(const struct pl_link_waiting *waiting)
{
    struct pl_reply reply = {.type = PL_REPLY_ERROR, .text = pl_span_of(waiting->error)};

    if (waiting->reply)
        waiting->reply(waiting->ctx, &reply);
    free(waiting->error);
}

bool pl_link_queue_answer(struct pl_link_queue *queue, const struct pl_reply *reply, int64_t now_us)
{
    struct pl_link_waiting *oldest, waiting;

    if (queue->n == 0)
        return false;
    queue->answered_us = now_us;
    oldest = &queue->ring[queue->head];
    oldest->n_left--;
    queue->n_replies--;
    if (reply->type == PL_REPLY_ERROR && !oldest->error && oldest->n_left > 0) {
        oldest->error = pl_span_dup(reply->text);
        if (!oldest->error) /* an error that cannot be kept must not be missed: end the connection */
            return false;
    }
    if (oldest->n_left > 0)
        return true;
    waiting = pop(queue);
    if (waiting.error)
        call_with_error(&waiting);
    else if (waiting.reply)
        waiting.reply(waiting.ctx, reply);
    return true;
}

void pl_link_queue_lose(struct pl_link_queue *queue)
{
    while (queue->n > 0) {
        struct pl_link_waiting waiting = pop(queue);

        free(waiting.error);
        if (waiting.reply)
            waiting.reply(waiting.ctx, NULL);
    }
}

int64_t pl_link_queue_since(const struct pl_link_queue *queue)
{
    int64_t sent_us;

    assert(queue->n > 0);
    sent_us = queue->ring[queue->head].since_us;
    return sent_us > queue->answered_us ? sent_us : queue->answered_us;
}
