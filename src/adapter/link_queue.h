/* The commands of a link that wait for their replies, oldest first.
 *
 * An entry stands for one or more commands whose replies become one call: the last reply, or the first error when there
 * was one. Every entry is called back exactly once, with NULL when the connection is lost. Bounded; O(1).
 */
#ifndef PL_ADAPTER_LINK_QUEUE_H
#define PL_ADAPTER_LINK_QUEUE_H

#include "adapter/resp.h"

#define PL_LINK_QUEUE_MAX 65536 /* entries */

typedef void (*pl_link_reply_fn)(void *ctx, const struct pl_reply *reply); /* reply NULL: connection lost */

struct pl_link_waiting {
    pl_link_reply_fn reply; /* or NULL */
    void *ctx;
    size_t n_left; /* replies still to come */
    char *error;   /* owned: text of the first error, or NULL */
    int64_t since_us;
};

struct pl_link_queue {
    struct pl_link_waiting *ring; /* owned */
    size_t cap;                   /* a power of two, or 0 */
    size_t head, n;
    size_t n_replies;    /* replies still to come, over all entries */
    int64_t answered_us; /* when the last reply came */
};

/* A zeroed struct is a valid empty queue; fini wants it empty. */
void pl_link_queue_fini(struct pl_link_queue *queue);

/* Make sure that one more entry fits: FULL or NOMEM when not. */
enum pl_status pl_link_queue_reserve(struct pl_link_queue *queue) PL_MUSTCHECK;

/* Add an entry that was reserved; n_left is at least 1. */
void pl_link_queue_push(struct pl_link_queue *queue, const struct pl_link_waiting *waiting);

/* Give a reply to the oldest entry. false: nobody is waiting. */
bool pl_link_queue_answer(struct pl_link_queue *queue, const struct pl_reply *reply, int64_t now_us) PL_MUSTCHECK;

/* Call every entry with NULL, oldest first. */
void pl_link_queue_lose(struct pl_link_queue *queue);

/* Since when the oldest entry is the one whose turn it is: sent, or the answer before it if that was later. */
int64_t pl_link_queue_since(const struct pl_link_queue *queue);

#endif
