/* plateauctl forward: run a command for every alert, at least once each.
 *
 * A consumer group on the stream remembers what was handed out and not acknowledged. An entry is acknowledged when the
 * command has ended with 0; until then it belongs to somebody: to us when we start again under the same consumer name,
 * else to whoever asks a minute after it was last tried. So an alert can be run twice and is never lost while the
 * stream holds it; commands drop what repeats PLATEAUD_ID.
 */
#include "adapter/clock.h"
#include "codec/keys.h"
#include "ctl/ask.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "util/num.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRIES 3 /* at once; later ones come with the entry's next turn */
#define BACKOFF_US PL_SECOND_US
#define BACKOFF_MAX_US (30 * PL_SECOND_US)
#define IDLE_MS "60000" /* an entry that nobody has tried for so long may be taken over */
#define CLAIM_EVERY_US (15 * PL_SECOND_US)
#define POLL_US PL_SECOND_US
#define PAGE "10"
#define ENV_MAX 4096

static const char help[] =
    "examples:\n"
    "  plateauctl forward --group slack --exec /etc/plateaud/notify.d/slack\n"
    "  plateauctl forward --group mail --exec 'jq -r .data.annotations.summary | mail -s plateaud team@example.org'\n"
    "\n"
    "usage: plateauctl forward --group NAME --exec COMMAND [OPTIONS]\n"
    "\n"
    "Runs COMMAND (by sh) for every alert, with the JSON document on its standard input and PLATEAUD_ID,\n"
    "PLATEAUD_STATUS, PLATEAUD_AREA in its environment, until it is told to stop (TERM). An alert is done when "
    "COMMAND\n"
    "ends with 0; else it is tried again, for ever: at least once, so drop what repeats PLATEAUD_ID. A new group "
    "begins\n"
    "with the alerts that come from now on. Processes with the same group and different consumers share the alerts.\n"
    "\n"
    "  --group NAME      the consumer group, one for each purpose\n"
    "  --exec COMMAND    what to run\n"
    "  --consumer NAME   this process among those of the group (default: the host's name)\n"
    "  --from-start      a new group begins with all alerts that the stream holds\n"
    "  -c FILE           configuration (default /etc/plateaud/plateaud.conf)\n"
    "\n"
    "exit codes: 0 stopped by TERM or INT; 2 Redis refuses, or the command line cannot be run; 64 usage\n";

struct forward {
    struct pl_options options;
    const char *group, *exec, *consumer;
    bool from_start;
    char host[PL_NAME_BYTES];
    struct pl_conf *conf;
    struct pl_ask *ask;
    struct pl_key key;
    char claim_from[64]; /* cursor of XAUTOCLAIM */
    int64_t claim_at_us;
    bool own_done;     /* what was ours before this start has been tried */
    char own_from[64]; /* the entry of it that was tried last */
};

/* An entry copied out of a reply, which the next question overwrites. */
struct entry {
    char id[64];
    char alert_id[64], status[32], area[PL_NAME_BYTES];
    char *json; /* owned; NULL: the stream does not hold it any more */
    size_t len;
};

extern char **environ;

static volatile sig_atomic_t stopping;

static void on_stop(int number)
{
    (void)number;
    stopping = 1;
}

static void wait_us(int64_t us)
{
    const struct timespec wait = {us / PL_SECOND_US, (us % PL_SECOND_US) * 1000};

    if (!stopping)
        nanosleep(&wait, NULL); /* a signal ends it */
}

/* The environment with our three variables in front; pointers only. */
static void make_env(char *texts[3], char *env[ENV_MAX])
{
    size_t n = 0;

    while (n < 3) {
        env[n] = texts[n];
        n++;
    }
    for (char **at = environ; *at && n < ENV_MAX - 1; at++)
        if (strncmp(*at, "PLATEAUD_ID=", 12) != 0 && strncmp(*at, "PLATEAUD_STATUS=", 16) != 0 &&
            strncmp(*at, "PLATEAUD_AREA=", 14) != 0)
            env[n++] = *at;
    env[n] = NULL;
}

static bool feed(int fd, const char *text, size_t len)
{
    while (len) {
        ssize_t n = write(fd, text, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EPIPE; /* a command need not read it all */
        text += n;
        len -= (size_t)n;
    }
    return true;
}

static int spawn_shell(const char *command, int in, char **env, pid_t *child)
{
    char shell[] = "/bin/sh", option[] = "-c";
    char *const argv[] = {shell, option, (char *)(uintptr_t)command, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    int code;

    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    code = posix_spawn(child, shell, &actions, &attributes, argv, env);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

/* Run the command once; true when it ended with 0. */
static bool run_once(const struct forward *forward, const struct entry *entry)
{
    char id[96], status[64], area[PL_NAME_BYTES + 16], *texts[3] = {id, status, area}, *env[ENV_MAX];
    int ends[2], how = 0;
    pid_t child;

    snprintf(id, sizeof(id), "PLATEAUD_ID=%s", entry->alert_id);
    snprintf(status, sizeof(status), "PLATEAUD_STATUS=%s", entry->status);
    snprintf(area, sizeof(area), "PLATEAUD_AREA=%s", entry->area);
    make_env(texts, env);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    if (spawn_shell(forward->exec, ends[0], env, &child) != 0) {
        close(ends[0]);
        close(ends[1]);
        return false;
    }
    close(ends[0]);
    if (!feed(ends[1], entry->json, entry->len))
        fputs("forward: the command's input cannot be written\n", stderr);
    close(ends[1]);
    while (waitpid(child, &how, 0) < 0)
        if (errno != EINTR)
            return false;
    if (WIFEXITED(how) && WEXITSTATUS(how) == 0)
        return true;
    fprintf(stderr, "plateauctl forward: alert %s: the command %s %d\n", entry->alert_id,
            WIFEXITED(how) ? "ended with" : "was killed by signal", WIFEXITED(how) ? WEXITSTATUS(how) : WTERMSIG(how));
    return false;
}

static enum pl_status acknowledge(struct forward *forward, const struct entry *entry, struct pl_err *err)
{
    const struct pl_reply *reply;

    return pl_ask(forward->ask, &reply, err, "XACK", forward->key.text, forward->group, entry->id, NULL);
}

/* Try an entry a few times; acknowledge it when it is done. What fails stays with us and comes again. */
static enum pl_status handle(struct forward *forward, const struct entry *entry, struct pl_err *err)
{
    int64_t backoff_us = BACKOFF_US;

    for (int try = 0; try < TRIES && !stopping; try++) {
        if (!entry->json || run_once(forward, entry))
            return acknowledge(forward, entry, err);
        if (try + 1 < TRIES)
            wait_us(backoff_us);
        backoff_us = backoff_us * 2 < BACKOFF_MAX_US ? backoff_us * 2 : BACKOFF_MAX_US;
    }
    return PL_OK;
}

static bool copy_entry(const struct pl_reply *from, struct entry *entry)
{
    struct pl_span json;

    *entry = (struct entry){.json = NULL};
    if (from->type != PL_REPLY_ARRAY || from->n != 2 ||
        !pl_span_copy(from->elements[0].text, entry->id, sizeof(entry->id)))
        return false;
    if (from->elements[1].type != PL_REPLY_ARRAY)
        return true; /* deleted from the stream */
    json = pl_ask_field(&from->elements[1], "json");
    (void)pl_span_copy(pl_ask_field(&from->elements[1], "id"), entry->alert_id, sizeof(entry->alert_id));
    (void)pl_span_copy(pl_ask_field(&from->elements[1], "status"), entry->status, sizeof(entry->status));
    (void)pl_span_copy(pl_ask_field(&from->elements[1], "area"), entry->area, sizeof(entry->area));
    entry->json = pl_span_dup(json);
    entry->len = json.len;
    return entry->json != NULL;
}

/* All entries of a reply, in order; the reply is copied first. */
static enum pl_status handle_all(struct forward *forward, const struct pl_reply *list, size_t *n, struct pl_err *err)
{
    struct entry entries[16];
    enum pl_status status = PL_OK;

    *n = 0;
    for (size_t at = 0; list->type == PL_REPLY_ARRAY && at < list->n && *n < sizeof(entries) / sizeof(*entries); at++)
        *n += copy_entry(&list->elements[at], &entries[*n]);
    for (size_t at = 0; at < *n; at++) {
        if (!status && !stopping)
            status = handle(forward, &entries[at], err);
        memcpy(forward->own_from, entries[at].id, sizeof(forward->own_from));
        free(entries[at].json);
    }
    return status;
}

/* XREADGROUP: id ">" gives what is new, an id what is ours after it and not acknowledged. [[key, [entry...]]] or nil.
 */
static enum pl_status read_group(struct forward *forward, const char *id, size_t *n, struct pl_err *err)
{
    const struct pl_reply *reply;
    enum pl_status status = pl_ask(forward->ask, &reply, err, "XREADGROUP", "GROUP", forward->group, forward->consumer,
                                   "COUNT", PAGE, "STREAMS", forward->key.text, id, NULL);

    *n = 0;
    if (status || reply->type != PL_REPLY_ARRAY || reply->n != 1 || reply->elements[0].n != 2)
        return status;
    return handle_all(forward, &reply->elements[0].elements[1], n, err);
}

/* XAUTOCLAIM: [cursor, [entry...], ...]: what somebody took and has not tried for a minute, ours included. */
static enum pl_status claim(struct forward *forward, size_t *n, struct pl_err *err)
{
    const struct pl_reply *reply;
    enum pl_status status;

    *n = 0;
    if (pl_clock_monotonic_us() < forward->claim_at_us)
        return PL_OK;
    forward->claim_at_us = pl_clock_monotonic_us() + CLAIM_EVERY_US;
    status = pl_ask(forward->ask, &reply, err, "XAUTOCLAIM", forward->key.text, forward->group, forward->consumer,
                    IDLE_MS, forward->claim_from, "COUNT", PAGE, NULL);
    if (status || reply->type != PL_REPLY_ARRAY || reply->n < 2)
        return status;
    if (!pl_span_copy(reply->elements[0].text, forward->claim_from, sizeof(forward->claim_from)))
        return pl_err_set(err, PL_ERR_INPUT, "Redis: XAUTOCLAIM gave no cursor");
    return handle_all(forward, &reply->elements[1], n, err);
}

static enum pl_status make_group(struct forward *forward, struct pl_err *err)
{
    const struct pl_reply *reply;
    enum pl_status status = pl_ask(forward->ask, &reply, err, "XGROUP", "CREATE", forward->key.text, forward->group,
                                   forward->from_start ? "0" : "$", "MKSTREAM", NULL);

    if (status == PL_ERR_INPUT && strstr(err->text, "BUSYGROUP")) {
        *err = (struct pl_err){PL_OK, ""};
        return PL_OK; /* it was there before */
    }
    return status;
}

/* One turn: what was ours before, what others left, what is new. */
static enum pl_status turn(struct forward *forward, struct pl_err *err)
{
    size_t n_own = 0, n_claimed = 0, n_new = 0;
    enum pl_status status = PL_OK;
    char from[64];

    while (!forward->own_done && !status && !stopping) {
        memcpy(from, forward->own_from, sizeof(from));
        status = read_group(forward, from, &n_own, err);
        forward->own_done = !status && n_own == 0;
    }
    if (!status && !stopping)
        status = claim(forward, &n_claimed, err);
    if (!status && !stopping)
        status = read_group(forward, ">", &n_new, err);
    if (!status && n_claimed == 0 && n_new == 0)
        wait_us(POLL_US);
    return status;
}

static int run(struct forward *forward)
{
    int64_t backoff_us = BACKOFF_US;
    struct pl_err err = {0};
    enum pl_status status = pl_ask_open(forward->conf, &forward->ask, &err);
    bool made = false;

    while (!stopping && status != PL_ERR_INPUT && status != PL_ERR_NOMEM) {
        status = made ? turn(forward, &err) : make_group(forward, &err);
        made = made || !status;
        if (status == PL_ERR_IO) {
            (void)pl_options_failed(&forward->options, "%s; trying again", err.text);
            wait_us(backoff_us);
            backoff_us = backoff_us * 2 < BACKOFF_MAX_US ? backoff_us * 2 : BACKOFF_MAX_US;
        } else {
            backoff_us = BACKOFF_US;
        }
        if (status == PL_ERR_INPUT && strstr(err.text, "NOGROUP")) {
            made = false; /* Redis lost it: begin anew */
            status = PL_OK;
        }
    }
    return stopping ? PL_CTL_OK : pl_options_failed(&forward->options, "%s", err.text);
}

static int read_options(struct forward *forward, int argc, char **argv)
{
    const struct pl_option own[] = {
        {"--group", NULL, &forward->group},
        {"--exec", NULL, &forward->exec},
        {"--consumer", NULL, &forward->consumer},
        {"--from-start", &forward->from_start, NULL},
    };
    int code = pl_options_read(&forward->options, argc, argv, help, own, sizeof(own) / sizeof(*own));

    if (code != PL_OPTIONS_GO_ON)
        return code;
    if (!forward->group || !*forward->group || !forward->exec || !*forward->exec || forward->options.n_args)
        return pl_options_wrong(&forward->options, "--group and --exec are needed, and nothing else");
    if (!forward->consumer && gethostname(forward->host, sizeof(forward->host) - 1) == 0)
        forward->consumer = forward->host;
    if (!forward->consumer || !*forward->consumer)
        forward->consumer = "plateauctl";
    return PL_OPTIONS_GO_ON;
}

int pl_ctl_forward(int argc, char **argv)
{
    const struct sigaction action = {.sa_handler = on_stop};
    struct forward *forward = calloc(1, sizeof(*forward));
    int code;

    if (!forward)
        return PL_CTL_FAILED;
    code = read_options(forward, argc, argv);
    if (code == PL_OPTIONS_GO_ON) {
        sigaction(SIGTERM, &action, NULL);
        sigaction(SIGINT, &action, NULL);
        snprintf(forward->claim_from, sizeof(forward->claim_from), "0-0");
        snprintf(forward->own_from, sizeof(forward->own_from), "0");
        forward->conf = pl_options_conf(&forward->options);
        code = PL_CTL_FAILED;
        if (forward->conf) {
            forward->key = pl_key_main(forward->conf->instance, "alerts");
            code = run(forward);
        }
    }
    pl_ask_close(forward->ask);
    pl_conf_free(forward->conf);
    free(forward);
    return code;
}
