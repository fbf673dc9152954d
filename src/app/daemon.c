#include "app/daemon.h"

#include "adapter/clock.h"
#include "adapter/http.h"
#include "adapter/kafka.h"
#include "adapter/log.h"
#include "adapter/sd.h"
#include "app/evaluator.h"
#include "app/reload.h"
#include "app/worker.h"
#include "util/stamp.h"

#include <event2/event.h>

#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#define BEAT_US 100000
#define UNASSIGNED_US (15 * PL_SECOND_US)
#define STUCK_US (20 * PL_SECOND_US) /* a worker without a turn for so long is stuck */

struct daemon {
    const char *conf_path;
    struct pl_shared shared;
    struct pl_reload reload;
    struct event_base *base;
    struct event *signals[3]; /* TERM, INT, HUP */
    struct event *beat;
    struct pl_worker *workers[PL_WORKERS_MAX];
    unsigned n_workers, n_started;
    struct pl_evaluator *evaluator;
    struct pl_http *http;
    bool ready, stopping;
    int64_t last_watchdog_us, last_status_us, started_us;
};

static unsigned count_workers(const struct pl_conf *conf)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    if (conf->workers)
        return conf->workers < PL_WORKERS_MAX ? conf->workers : PL_WORKERS_MAX;
    return cpus < 1 ? 1 : cpus > 4 ? 4 : (unsigned)cpus;
}

static bool all_turning(const struct daemon *daemon, int64_t now_us)
{
    for (unsigned at = 0; at < daemon->n_started; at++) {
        int64_t last_us = pl_worker_last_turn_us(daemon->workers[at]);

        if (now_us - (last_us ? last_us : daemon->started_us) > STUCK_US)
            return false;
    }
    return true;
}

/* Every worker has restored what it was assigned, and something was: the group may also have no partition left for this
 * process, which only time can tell. */
static bool all_ready(const struct daemon *daemon)
{
    bool settled = pl_clock_monotonic_us() - daemon->started_us > UNASSIGNED_US;

    for (unsigned at = 0; at < daemon->n_started; at++) {
        if (!pl_worker_is_ready(daemon->workers[at]))
            return false;
        settled = settled || atomic_load(&pl_worker_metrics(daemon->workers[at])->shards) > 0;
    }
    return settled;
}

static int serve_healthy(void *ctx, struct pl_buf *body)
{
    const struct daemon *daemon = ctx;
    bool ok = all_turning(daemon, pl_clock_monotonic_us());

    pl_buf_addf(body, "%s\n", ok ? "ok" : "a worker is stuck");
    return ok ? 200 : 503;
}

/* The start is over when a shard has halted; what was assigned is not being read, though. */
static unsigned long long count_halted(const struct daemon *daemon)
{
    unsigned long long halted = 0;

    for (unsigned at = 0; at < daemon->n_started; at++)
        halted += atomic_load(&pl_worker_metrics(daemon->workers[at])->shards_halted);
    return halted;
}

static int serve_ready(void *ctx, struct pl_buf *body)
{
    const struct daemon *daemon = ctx;
    const char *halted = pl_evaluator_halted(daemon->evaluator);
    unsigned long long shards_halted = count_halted(daemon);
    bool workers = all_ready(daemon);

    pl_buf_addf(body, "workers: %s\nshards halted: %llu\nevaluator: ", workers ? "ready" : "not ready", shards_halted);
    pl_evaluator_status(daemon->evaluator, body);
    pl_buf_add_char(body, '\n');
    return workers && !shards_halted && !halted ? 200 : 503;
}

static int serve_metrics(void *ctx, struct pl_buf *body)
{
    const struct daemon *daemon = ctx;
    const struct pl_metrics *blocks[PL_WORKERS_MAX + 1];

    for (unsigned at = 0; at < daemon->n_started; at++)
        blocks[at] = pl_worker_metrics(daemon->workers[at]);
    blocks[daemon->n_started] = pl_evaluator_rejects(daemon->evaluator);
    pl_metrics_head(body, "plateaud_build_info", "gauge", "version of this daemon");
    pl_buf_addf(body, "plateaud_build_info{version=\"%s\",kafka=\"%s\"} 1\n", PL_VERSION, pl_kafka_version());
    pl_metrics_render(blocks, daemon->n_started + 1, body);
    pl_evaluator_metrics(daemon->evaluator, body);
    pl_metrics_head(body, "plateaud_config_last_reload_successful", "gauge", "0 after a reload that was refused");
    pl_metrics_value(body, "plateaud_config_last_reload_successful", NULL, daemon->reload.last_ok);
    pl_metrics_head(body, "plateaud_config_generation", "gauge", "reloads that were carried out");
    pl_metrics_value(body, "plateaud_config_generation", NULL, atomic_load(&daemon->shared.generation));
    pl_metrics_head(body, "process_cpu_seconds_total", "counter", "CPU time of the process");
    pl_metrics_value(body, "process_cpu_seconds_total", NULL, (double)pl_clock_cpu_us() / 1e6);
    return 200;
}

static const struct pl_http_route routes[] = {
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", serve_metrics},
    {"/-/healthy", "text/plain; charset=utf-8", serve_healthy},
    {"/healthz", "text/plain; charset=utf-8", serve_healthy},
    {"/-/ready", "text/plain; charset=utf-8", serve_ready},
    {"/readyz", "text/plain; charset=utf-8", serve_ready},
};

static void wake_all(const struct daemon *daemon)
{
    for (unsigned at = 0; at < daemon->n_started; at++)
        pl_worker_wake(daemon->workers[at]);
}

static void on_stop(evutil_socket_t signal_number, short what, void *ctx)
{
    struct daemon *daemon = ctx;

    (void)what;
    if (daemon->stopping) {
        pl_log(PL_LOG_WARNING, "event=stop_at_once signal=%d", (int)signal_number);
        _exit(PL_EXIT_FAILED);
    }
    pl_log(PL_LOG_INFO, "event=stopping signal=%d", (int)signal_number);
    daemon->stopping = true;
    pl_sd_stopping();
    atomic_store(&daemon->shared.stop, true);
    wake_all(daemon);
}

static void on_hup(evutil_socket_t signal_number, short what, void *ctx)
{
    struct daemon *daemon = ctx;

    (void)signal_number;
    (void)what;
    if (daemon->stopping)
        return;
    pl_sd_reloading();
    if (pl_reload_run(&daemon->reload, &daemon->shared, daemon->conf_path)) {
        wake_all(daemon);
        pl_evaluator_reload(daemon->evaluator);
        pl_sd_ready("reloaded");
    } else {
        pl_sd_ready("reload refused, the old configuration stays");
    }
}

static void keep_house(struct daemon *daemon, int64_t now_us)
{
    int64_t interval_us = pl_sd_watchdog_interval_us();
    unsigned oldest = atomic_load(&daemon->shared.generation);
    struct pl_buf status = {0};

    for (unsigned at = 0; at < daemon->n_started; at++)
        if (pl_worker_generation(daemon->workers[at]) < oldest)
            oldest = pl_worker_generation(daemon->workers[at]);
    if (pl_evaluator_is_current(daemon->evaluator))
        pl_reload_forget(&daemon->reload, oldest);
    if (interval_us && now_us - daemon->last_watchdog_us >= interval_us && all_turning(daemon, now_us)) {
        pl_sd_watchdog();
        daemon->last_watchdog_us = now_us;
    }
    if (!daemon->ready && all_ready(daemon)) {
        daemon->ready = true;
        pl_log(PL_LOG_INFO, "event=ready workers=%u", daemon->n_started);
        pl_sd_ready("running");
    }
    if (now_us - daemon->last_status_us >= 5 * PL_SECOND_US) {
        daemon->last_status_us = now_us;
        pl_evaluator_status(daemon->evaluator, &status);
        if (pl_buf_ok(&status) && status.ptr)
            pl_sd_status(status.ptr);
    }
    pl_buf_fini(&status);
}

static void on_beat(evutil_socket_t fd, short what, void *ctx)
{
    struct daemon *daemon = ctx;
    bool done = daemon->stopping;

    (void)fd;
    (void)what;
    keep_house(daemon, pl_clock_monotonic_us());
    for (unsigned at = 0; done && at < daemon->n_started; at++)
        done = pl_worker_is_done(daemon->workers[at]);
    if (done && pl_evaluator_is_quiet(daemon->evaluator))
        event_base_loopbreak(daemon->base);
}

static enum pl_status make_loop(struct daemon *daemon, struct pl_err *err)
{
    const struct timeval interval = {0, BEAT_US};

    daemon->base = event_base_new();
    if (!daemon->base)
        return pl_err_set(err, PL_ERR_IO, "cannot make an event loop");
    daemon->signals[0] = evsignal_new(daemon->base, SIGTERM, on_stop, daemon);
    daemon->signals[1] = evsignal_new(daemon->base, SIGINT, on_stop, daemon);
    daemon->signals[2] = evsignal_new(daemon->base, SIGHUP, on_hup, daemon);
    daemon->beat = event_new(daemon->base, -1, EV_PERSIST, on_beat, daemon);
    for (unsigned at = 0; at < 3; at++)
        if (!daemon->signals[at] || event_add(daemon->signals[at], NULL))
            return pl_err_set(err, PL_ERR_IO, "cannot watch signals");
    if (!daemon->beat || event_add(daemon->beat, &interval))
        return pl_err_set(err, PL_ERR_IO, "cannot make a timer");
    return PL_OK;
}

static enum pl_status make_parts(struct daemon *daemon, const struct pl_conf *conf, struct pl_err *err)
{
    enum pl_status status = make_loop(daemon, err);

    if (status)
        return status;
    daemon->n_workers = count_workers(conf);
    for (unsigned at = 0; at < daemon->n_workers; at++) {
        status = pl_worker_new(&daemon->shared, at, daemon->n_workers, &daemon->workers[at], err);
        if (status)
            return status;
    }
    status = pl_evaluator_new(&daemon->shared, daemon->base, &daemon->evaluator, err);
    if (status)
        return status;
    if (strcmp(conf->http_listen, "off") != 0)
        status = pl_http_new(daemon->base, conf->http_listen, routes, sizeof(routes) / sizeof(*routes), daemon,
                             &daemon->http, err);
    if (status)
        return status;
    for (unsigned at = 0; at < daemon->n_workers; at++) {
        status = pl_worker_start(daemon->workers[at], err);
        if (status)
            return status;
        daemon->n_started++;
    }
    return PL_OK;
}

static void warn(const struct pl_conf *conf)
{
    struct pl_buf text = {0};
    struct pl_span rest;
    char escaped[512];

    pl_conf_warn(conf, &text);
    pl_kafka_warn(conf, &text);
    rest = pl_buf_span(&text);
    while (rest.ptr && rest.len) {
        struct pl_span line = pl_span_cut(&rest, '\n');

        if (line.len)
            pl_log(PL_LOG_WARNING, "event=config_warning what=\"%s\"", pl_log_escape(line, escaped, sizeof(escaped)));
    }
    pl_buf_fini(&text);
}

static void free_parts(struct daemon *daemon)
{
    atomic_store(&daemon->shared.stop, true);
    wake_all(daemon);
    for (unsigned at = 0; at < daemon->n_started; at++)
        pl_worker_join(daemon->workers[at]);
    pl_http_free(daemon->http);
    pl_evaluator_free(daemon->evaluator);
    for (unsigned at = 0; at < daemon->n_workers; at++)
        pl_worker_free(daemon->workers[at]);
    for (unsigned at = 0; at < 3; at++)
        if (daemon->signals[at])
            event_free(daemon->signals[at]);
    if (daemon->beat)
        event_free(daemon->beat);
    if (daemon->base)
        event_base_free(daemon->base);
    pl_reload_fini(&daemon->reload);
}

static bool make_nonce(uint64_t *nonce)
{
    do {
        if (getrandom(nonce, sizeof(*nonce), 0) != (ssize_t)sizeof(*nonce))
            return false;
        *nonce >>= 8; /* the top byte tells workers apart */
    } while (*nonce == 0);
    return true;
}

/* What a commit of a backlog or a backlog of Kafka needs goes back to the system when it is freed. Left to itself
 * malloc learns from the first large block that it frees to take such blocks from the threads' arenas, which keep them.
 */
static void keep_heap_small(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, 256 * 1024);
    (void)mallopt(M_TRIM_THRESHOLD, 512 * 1024);
}

enum pl_exit pl_daemon_run(const char *conf_path)
{
    static struct daemon daemon; /* one per process; large */
    enum pl_log_level level;
    struct pl_conf *conf = NULL;
    struct pl_err err = {0};
    enum pl_status status;

    if (pl_conf_load(conf_path, &conf, &err) || pl_decoder_check(conf, &err)) {
        pl_conf_free(conf);
        pl_log(PL_LOG_ERROR, "event=bad_config what=\"%s\"", err.text);
        return PL_EXIT_BAD_CONFIG;
    }
    if (pl_log_level_of(conf->log_level, &level))
        pl_log_set_level(level);
    signal(SIGPIPE, SIG_IGN);
    (void)prctl(PR_SET_DUMPABLE, 0); /* secrets stay out of core files */
    keep_heap_small();
    warn(conf);
    daemon.conf_path = conf_path;
    daemon.started_us = pl_clock_monotonic_us();
    pl_reload_init(&daemon.reload, &daemon.shared, conf);
    atomic_store(&daemon.shared.judged_us, PL_TIME_NONE);
    atomic_store(&daemon.shared.largest_place_us, PL_TIME_NONE);
    status = make_nonce(&daemon.shared.nonce) ? make_parts(&daemon, conf, &err)
                                              : pl_err_set(&err, PL_ERR_IO, "no randomness from the system");
    if (status) {
        pl_log(PL_LOG_ERROR, "event=start_failed what=\"%s\"", err.text);
        free_parts(&daemon);
        return PL_EXIT_FAILED;
    }
    pl_log(PL_LOG_INFO, "event=started version=%s instance=%s workers=%u kafka=%s http_port=%d", PL_VERSION,
           conf->instance, daemon.n_workers, pl_kafka_version(), daemon.http ? pl_http_port(daemon.http) : 0);
    event_base_dispatch(daemon.base);
    free_parts(&daemon);
    pl_log(PL_LOG_INFO, "event=stopped");
    return PL_EXIT_OK;
}
