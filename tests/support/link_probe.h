/* An event base, a link in it, and what the link said. Waiting has a guard of 30 s that fails the test; no test depends
 * on how long anything takes. */
#ifndef PL_TESTS_SUPPORT_LINK_PROBE_H
#define PL_TESTS_SUPPORT_LINK_PROBE_H

#include "adapter/clock.h"
#include "adapter/link.h"

#include <event2/event.h>
#include <string.h>

struct probe {
    struct event_base *base;
    struct pl_link *link;
    unsigned ups, downs;
    char why[PL_ERR_TEXT_BYTES];          /* of the last down */
    void (*on_up)(struct probe *probe);   /* or NULL */
    void (*on_down)(struct probe *probe); /* or NULL */
    void *more;
};

static inline void probe_up(void *ctx, struct pl_link *link)
{
    struct probe *probe = ctx;

    (void)link;
    probe->ups++;
    if (probe->on_up)
        probe->on_up(probe);
}

static inline void probe_down(void *ctx, struct pl_link *link, const char *why)
{
    struct probe *probe = ctx;

    (void)link;
    probe->downs++;
    snprintf(probe->why, sizeof(probe->why), "%s", why);
    if (probe->on_down)
        probe->on_down(probe);
}

/* config's callbacks are set here; timeout 30 s when 0. */
static inline void probe_start(struct probe *probe, struct pl_link_config config)
{
    struct pl_err err = {.text = ""};

    if (!probe->base)
        probe->base = event_base_new();
    config.up = probe_up;
    config.down = probe_down;
    config.ctx = probe;
    if (!config.timeout_us)
        config.timeout_us = 30000000;
    if (pl_link_new(probe->base, &config, &probe->link, &err) != PL_OK)
        fail_msg("pl_link_new: %s", err.text);
}

static inline void probe_stop(struct probe *probe)
{
    pl_link_free(probe->link);
    probe->link = NULL;
    event_base_free(probe->base);
    probe->base = NULL;
}

static inline void probe_spin(struct probe *probe)
{
    struct timeval guard = {0, 100000};

    event_base_loopexit(probe->base, &guard);
    event_base_loop(probe->base, EVLOOP_ONCE);
}

#define probe_until(probe, condition)                                                                                  \
    do {                                                                                                               \
        int64_t until_ = pl_clock_monotonic_us() + 30000000;                                                           \
                                                                                                                       \
        while (!(condition)) {                                                                                         \
            if (pl_clock_monotonic_us() > until_)                                                                      \
                fail_msg("30 s passed without %s (last why: %s)", #condition, (probe)->why);                           \
            probe_spin(probe);                                                                                         \
        }                                                                                                              \
    } while (0)

/* What a command answered, as text: "status OK", "error ...", "nil", "integer 5", "string ...", "[a, b]", "lost". */
struct answer {
    unsigned n; /* calls */
    struct pl_buf text;
};

static inline void answer_add(struct pl_buf *out, const struct pl_reply *reply)
{
    static const char *const names[] = {"string ", "[", "integer ", "nil", "status ", "error "};

    pl_buf_add_text(out, names[reply->type]);
    pl_buf_add_span(out, reply->text);
    if (reply->type == PL_REPLY_INTEGER)
        pl_buf_addf(out, "%lld", (long long)reply->integer);
    if (reply->type != PL_REPLY_ARRAY)
        return;
    for (size_t at = 0; at < reply->n; at++) {
        pl_buf_add_text(out, at ? ", " : "");
        answer_add(out, &reply->elements[at]);
    }
    pl_buf_add_text(out, "]");
}

static inline void answer_take(void *ctx, const struct pl_reply *reply)
{
    struct answer *answer = ctx;

    answer->n++;
    pl_buf_clear(&answer->text);
    if (reply)
        answer_add(&answer->text, reply);
    else
        pl_buf_add_text(&answer->text, "lost");
}

static inline enum pl_status probe_send(struct probe *probe, struct answer *answer, const char *words)
{
    struct pl_span rest = pl_span_of(words), argv[16];
    size_t argc = 0;

    while (rest.ptr)
        argv[argc++] = pl_span_cut(&rest, ' ');
    return pl_link_command(probe->link, answer ? answer_take : NULL, answer, argc, argv);
}

/* Send words, wait, compare. */
#define probe_expect(probe, words, expected)                                                                           \
    do {                                                                                                               \
        struct answer answer_ = {0};                                                                                   \
                                                                                                                       \
        assert_int_equal(probe_send(probe, &answer_, words), PL_OK);                                                   \
        probe_until(probe, answer_.n > 0);                                                                             \
        assert_string_equal(answer_.text.ptr, expected);                                                               \
        pl_buf_fini(&answer_.text);                                                                                    \
    } while (0)

#endif
