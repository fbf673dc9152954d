#include "adapter/link.h"

#include "adapter/clock.h"
#include "adapter/link_greet.h"
#include "adapter/link_wire.h"

#include <assert.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BACKOFF_MIN_US INT64_C(50000)
#define BACKOFF_MAX_US INT64_C(5000000)
#define STEADY_US INT64_C(1000000) /* a connection that was up so long ends a series of failed attempts */
#define SCRATCH_BYTES ((size_t)64 * 1024)

/*  WAITING --timer--> CONNECTING --> GREETING --> UP
 *     ^                   |             |         |
 *     +---- closer ---- CLOSING <-------+---------+     any failure, timeout or reset: fail() */
enum state { WAITING, CONNECTING, GREETING, UP, CLOSING };

struct pl_link {
    struct event_base *base;      /* ref: outlives us */
    struct pl_link_config config; /* texts owned */
    struct pl_link_url url;
    enum state state;
    struct pl_link_wire *wire;  /* owned; NULL while waiting */
    struct event *timer;        /* owned; the next attempt, the attempt's limit, or the oldest command's */
    struct event *closer;       /* owned; runs end_connection outside of every callback */
    struct pl_link_queue queue; /* commands waiting for replies */
    struct pl_link_greet greet;
    unsigned greeted;     /* steps of the greeting that were answered */
    unsigned attempts;    /* since the last steady connection */
    int64_t up_us;        /* when it came up, 0 when it did not */
    bool at_once;         /* reset: the next attempt need not wait */
    unsigned in_callback; /* depth of calls out: free is forbidden inside */
    uint64_t random;      /* never 0 */
    struct pl_buf scratch;
    char why[PL_ERR_TEXT_BYTES];
};

static void set_timer(struct pl_link *link, int64_t after_us)
{
    struct timeval after = {after_us / 1000000, after_us % 1000000};

    if (evtimer_add(link->timer, &after) != 0) /* no memory: early is better than never */
        event_active(link->timer, EV_TIMEOUT, 0);
}

/* Doom the connection: silence it now, take it down from the event loop. */
static void PL_PRINTF(2, 3) fail(struct pl_link *link, const char *fmt, ...)
{
    va_list args;

    if (link->state == CLOSING || link->state == WAITING)
        return;
    link->state = CLOSING;
    va_start(args, fmt);
    vsnprintf(link->why, sizeof(link->why), fmt, args);
    va_end(args);
    if (link->wire)
        pl_link_wire_silence(link->wire);
    event_active(link->closer, EV_TIMEOUT, 0);
}

/* Full jitter: uniform between nothing and a window that doubles. */
static int64_t next_delay_us(struct pl_link *link)
{
    int64_t window_us = BACKOFF_MIN_US << (link->attempts < 7 ? link->attempts : 7);

    link->attempts++;
    link->random ^= link->random << 13;
    link->random ^= link->random >> 7;
    link->random ^= link->random << 17;
    if (window_us > BACKOFF_MAX_US)
        window_us = BACKOFF_MAX_US;
    return (int64_t)(link->random % (uint64_t)window_us);
}

static void drop(struct pl_link *link)
{
    link->state = CLOSING;
    pl_link_wire_close(link->wire);
    link->wire = NULL;
    link->in_callback++;
    pl_link_queue_lose(&link->queue);
    link->in_callback--;
}

static void end_connection(evutil_socket_t fd, short what, void *ctx)
{
    struct pl_link *link = ctx;
    bool steady = link->up_us && pl_clock_monotonic_us() - link->up_us >= STEADY_US;

    (void)fd, (void)what;
    drop(link);
    if (steady)
        link->attempts = 0;
    set_timer(link, steady && link->at_once ? 0 : next_delay_us(link));
    link->state = WAITING;
    link->up_us = 0;
    link->at_once = false;
    link->in_callback++;
    link->config.down(link->config.ctx, link, link->why);
    link->in_callback--;
}

static enum pl_status enqueue(struct pl_link *link, struct pl_span bytes, const struct pl_link_waiting *waiting)
{
    enum pl_status status = pl_link_queue_reserve(&link->queue);

    if (status != PL_OK)
        return status;
    if (bytes.len > PL_LINK_PENDING_BYTES_MAX - pl_link_wire_pending(link->wire))
        return PL_ERR_FULL;
    status = pl_link_wire_write(link->wire, bytes);
    if (status != PL_OK)
        return status;
    pl_link_queue_push(&link->queue, waiting);
    if (!evtimer_pending(link->timer, NULL))
        set_timer(link, link->config.timeout_us);
    return PL_OK;
}

static void be_up(struct pl_link *link)
{
    link->state = UP;
    link->up_us = pl_clock_monotonic_us();
    link->in_callback++;
    link->config.up(link->config.ctx, link);
    link->in_callback--;
}

static void on_greeted(void *ctx, const struct pl_reply *reply)
{
    struct pl_link *link = ctx;
    struct pl_err err;

    if (!reply)
        return;
    if (pl_link_greet_check(&link->greet, link->greet.steps[link->greeted], reply, &err) != PL_OK) {
        fail(link, "%s", err.text);
        return;
    }
    if (++link->greeted < link->greet.n_steps)
        return;
    be_up(link);
}

static void on_connected(void *ctx)
{
    struct pl_link *link = ctx;
    struct pl_link_waiting waiting = {on_greeted, link, 1, NULL, pl_clock_monotonic_us()};
    struct pl_buf hello = {.limit = 65536};
    struct pl_err err = {.text = "no memory for a greeting"};
    enum pl_status status = pl_link_greet_write(&link->greet, &hello, &err);

    link->state = GREETING;
    link->greeted = 0;
    evtimer_del(link->timer);
    if (status == PL_OK && link->greet.n_steps == 0)
        be_up(link);
    else if (status == PL_OK)
        status = enqueue(link, pl_buf_span(&hello), &waiting);
    for (unsigned step = 1; status == PL_OK && step < link->greet.n_steps; step++)
        status = enqueue(link, (struct pl_span){NULL, 0}, &waiting);
    if (hello.ptr)
        explicit_bzero(hello.ptr, hello.cap);
    pl_buf_fini(&hello);
    if (status != PL_OK)
        fail(link, "%s", err.text);
}

bool pl_link_is_astray(const struct pl_reply *reply)
{
    static const char *const codes[] = {"MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN"};
    struct pl_span rest = reply->text, code;

    if (reply->type != PL_REPLY_ERROR)
        return false;
    code = pl_span_cut(&rest, ' ');
    for (size_t at = 0; at < sizeof(codes) / sizeof(*codes); at++)
        if (pl_span_is(code, codes[at]))
            return true;
    return false;
}

static void on_reply(void *ctx, const struct pl_reply *reply)
{
    struct pl_link *link = ctx;

    link->in_callback++;
    if (link->config.astray && pl_link_is_astray(reply))
        link->config.astray(link->config.ctx, link);
    if (!pl_link_queue_answer(&link->queue, reply, pl_clock_monotonic_us()))
        fail(link, "a reply that no command waits for");
    link->in_callback--;
}

static void on_failed(void *ctx, const char *why)
{
    fail(ctx, "%s", why);
}

static void begin_connection(struct pl_link *link)
{
    struct pl_link_wire_config config = {
        .url = &link->url,
        .tls = {link->config.ca_file, link->config.cert_file, link->config.key_file, link->url.host},
        .attempt = link->attempts,
        .connected = on_connected,
        .reply = on_reply,
        .failed = on_failed,
        .ctx = link,
    };
    struct pl_err err;

    link->state = CONNECTING;
    set_timer(link, link->config.timeout_us);
    if (pl_link_wire_open(link->base, &config, &link->wire, &err) != PL_OK)
        fail(link, "%s", err.text);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct pl_link *link = ctx;
    int64_t left_us = 0;

    (void)fd, (void)what;
    if (link->state == WAITING) {
        begin_connection(link);
        return;
    }
    if (link->state != CONNECTING) {
        if (link->queue.n == 0)
            return;
        left_us = pl_link_queue_since(&link->queue) + link->config.timeout_us - pl_clock_monotonic_us();
    }
    if (left_us > 0)
        set_timer(link, left_us);
    else
        fail(link, "no %s within %" PRId64 " ms", link->state == CONNECTING ? "connection" : "reply",
             link->config.timeout_us / 1000);
}

static enum pl_status copy_config(struct pl_link_config *config, struct pl_err *err)
{
    const char **texts[] = {&config->url,       &config->user,     &config->password_file, &config->ca_file,
                            &config->cert_file, &config->key_file, &config->name};
    bool ok = true;

    for (size_t at = 0; at < sizeof(texts) / sizeof(*texts); at++) {
        char *copy = *texts[at] ? strdup(*texts[at]) : NULL;

        ok &= copy || !*texts[at];
        *texts[at] = copy;
    }
    return ok ? PL_OK : pl_err_set(err, PL_ERR_NOMEM, "no memory for a link");
}

static void free_config(struct pl_link_config *config)
{
    const char *texts[] = {config->url,       config->user,     config->password_file, config->ca_file,
                           config->cert_file, config->key_file, config->name};

    for (size_t at = 0; at < sizeof(texts) / sizeof(*texts); at++)
        free((char *)texts[at]);
}

/* What is wrong for certain is told at once, before any attempt. */
static enum pl_status check_config(struct pl_link *link, struct pl_err *err)
{
    const struct pl_link_config *config = &link->config;
    struct pl_link_tls tls = {config->ca_file, config->cert_file, config->key_file, link->url.host};
    struct pl_buf hello = {0};
    enum pl_status status = pl_link_url_parse(config->url, &link->url, err);

    assert(config->timeout_us > 0 && config->up && config->down);
    if (status != PL_OK)
        return status;
    link->greet = (struct pl_link_greet){.peer = config->peer,
                                         .user = config->user,
                                         .password_file = config->password_file,
                                         .name = config->name,
                                         .db = link->url.db};
    if (!config->user && link->url.user[0])
        link->greet.user = link->url.user;
    if (link->greet.user && !config->password_file)
        return pl_err_set(err, PL_ERR_INPUT, "redis user %s has no password_file", link->greet.user);
    if (link->url.kind == PL_LINK_TLS)
        status = pl_link_tls_check(&tls, err);
    if (status == PL_OK && pl_link_greet_write(&link->greet, &hello, err) != PL_OK)
        status = PL_ERR_INPUT;
    if (hello.ptr)
        explicit_bzero(hello.ptr, hello.cap);
    pl_buf_fini(&hello);
    return status;
}

static enum pl_status make_events(struct pl_link *link, struct pl_err *err)
{
    link->timer = evtimer_new(link->base, on_timer, link);
    link->closer = event_new(link->base, -1, 0, end_connection, link);
    if (!link->timer || !link->closer)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for a link");
    if (getrandom(&link->random, sizeof(link->random), 0) != sizeof(link->random))
        return pl_err_set(err, PL_ERR_IO, "no randomness");
    link->random |= 1;
    set_timer(link, 0);
    return PL_OK;
}

enum pl_status pl_link_new(struct event_base *base, const struct pl_link_config *config, struct pl_link **out,
                           struct pl_err *err)
{
    struct pl_link *link = calloc(1, sizeof(*link));
    enum pl_status status;

    *out = NULL;
    if (!link)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for a link");
    link->base = base;
    link->config = *config;
    status = copy_config(&link->config, err);
    if (status == PL_OK)
        status = check_config(link, err);
    if (status == PL_OK)
        status = make_events(link, err);
    if (status != PL_OK) {
        pl_link_free(link);
        return status;
    }
    *out = link;
    return PL_OK;
}

void pl_link_free(struct pl_link *link)
{
    if (!link)
        return;
    assert(link->in_callback == 0);
    drop(link);
    pl_link_queue_fini(&link->queue);
    if (link->timer)
        event_free(link->timer);
    if (link->closer)
        event_free(link->closer);
    pl_buf_fini(&link->scratch);
    free_config(&link->config);
    free(link);
}

bool pl_link_is_up(const struct pl_link *link)
{
    return link->state == UP;
}

enum pl_status pl_link_send(struct pl_link *link, struct pl_span commands, size_t n_commands, pl_link_reply_fn reply,
                            void *ctx)
{
    struct pl_link_waiting waiting = {reply, ctx, n_commands, NULL, 0};

    assert(n_commands > 0);
    if (link->state != UP)
        return PL_ERR_STATE;
    waiting.since_us = pl_clock_monotonic_us();
    return enqueue(link, commands, &waiting);
}

enum pl_status pl_link_command(struct pl_link *link, pl_link_reply_fn reply, void *ctx, size_t argc,
                               const struct pl_span *argv)
{
    enum pl_status status = PL_ERR_NOMEM;

    if (link->state != UP)
        return PL_ERR_STATE;
    pl_buf_clear(&link->scratch);
    pl_resp_add(&link->scratch, argc, argv);
    if (pl_buf_ok(&link->scratch))
        status = pl_link_send(link, pl_buf_span(&link->scratch), 1, reply, ctx);
    if (link->scratch.cap > SCRATCH_BYTES)
        pl_buf_fini(&link->scratch);
    return status;
}

size_t pl_link_pending_bytes(const struct pl_link *link)
{
    return link->wire ? pl_link_wire_pending(link->wire) : 0;
}

size_t pl_link_pending_replies(const struct pl_link *link)
{
    return link->queue.n_replies;
}

void pl_link_reset(struct pl_link *link, const char *why)
{
    link->at_once |= link->state == UP;
    fail(link, "%s", why);
}
