#include "ctl/ask.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 40
#define PAGE "1000"
#define PAGES_MAX 20

struct pl_ask {
    struct pl_link_sync *sync; /* owned */
};

enum pl_status pl_ask_open(const struct pl_conf *conf, struct pl_ask **out, struct pl_err *err)
{
    struct pl_link_set_config config = {.ctx = NULL};
    struct pl_ask *ask = calloc(1, sizeof(*ask));
    enum pl_status status;

    *out = NULL;
    if (!ask)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory");
    pl_link_set_configure(&config, conf, "plateauctl");
    status = pl_link_sync_new(&config, &ask->sync, err);
    if (status)
        free(ask);
    else
        *out = ask;
    return status;
}

void pl_ask_close(struct pl_ask *ask)
{
    if (!ask)
        return;
    pl_link_sync_free(ask->sync);
    free(ask);
}

enum pl_status pl_ask_send(struct pl_ask *ask, struct pl_span key, const struct pl_buf *commands, size_t n,
                           const struct pl_reply **reply, struct pl_err *err)
{
    enum pl_status status;

    if (!pl_buf_ok(commands))
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for a command");
    status = pl_link_sync_send(ask->sync, key, pl_buf_span(commands), n, reply, err);
    if (!status && (*reply)->type == PL_REPLY_ERROR)
        status = pl_err_set(err, PL_ERR_INPUT, "Redis: %.*s", (int)(*reply)->text.len, (*reply)->text.ptr);
    return status;
}

/* The key among the words of a command: every key of plateaud has its hash tag at the same place (codec/keys.h). */
static struct pl_span key_of(const struct pl_span *words, size_t n)
{
    static const char begins[] = "plateaud:{";

    for (size_t at = 1; at < n; at++)
        if (words[at].len > sizeof(begins) && memcmp(words[at].ptr, begins, sizeof(begins) - 1) == 0)
            return words[at];
    return (struct pl_span){NULL, 0};
}

enum pl_status pl_ask(struct pl_ask *ask, const struct pl_reply **reply, struct pl_err *err, const char *first, ...)
{
    struct pl_span words[WORDS_MAX];
    struct pl_buf command = {0};
    enum pl_status status;
    size_t n = 0;
    va_list args;

    va_start(args, first);
    for (const char *word = first; word && n < WORDS_MAX; word = va_arg(args, const char *))
        words[n++] = pl_span_of(word);
    va_end(args);
    pl_resp_add(&command, n, words);
    status = pl_ask_send(ask, key_of(words, n), &command, 1, reply, err);
    pl_buf_fini(&command);
    return status;
}

enum pl_status pl_ask_backwards(struct pl_ask *ask, const char *key, pl_ask_entry_fn take, void *ctx,
                                struct pl_err *err)
{
    char from[64] = "+";

    for (int page = 0; page < PAGES_MAX; page++) {
        const struct pl_reply *reply;
        enum pl_status status = pl_ask(ask, &reply, err, "XREVRANGE", key, from, "-", "COUNT", PAGE, NULL);

        if (status)
            return status;
        for (size_t at = 0; at < reply->n; at++) {
            const struct pl_reply *entry = &reply->elements[at];

            if (entry->type != PL_REPLY_ARRAY || entry->n != 2)
                return pl_err_set(err, PL_ERR_INPUT, "Redis: %s is no stream of entries", key);
            snprintf(from, sizeof(from), "(%.*s", (int)entry->elements[0].text.len, entry->elements[0].text.ptr);
            if (!take(ctx, &entry->elements[1]))
                return PL_OK;
        }
        if (reply->n == 0)
            break;
    }
    return PL_OK;
}

struct pl_span pl_ask_field(const struct pl_reply *pairs, const char *name)
{
    for (size_t at = 0; pairs->type == PL_REPLY_ARRAY && at + 1 < pairs->n; at += 2)
        if (pl_span_is(pairs->elements[at].text, name))
            return pairs->elements[at + 1].text;
    return (struct pl_span){NULL, 0};
}

double pl_ask_double(const struct pl_reply *pairs, const char *name, double otherwise)
{
    double value;

    return pl_num_double(pl_ask_field(pairs, name), &value) ? value : otherwise;
}

int64_t pl_ask_int(const struct pl_reply *pairs, const char *name, int64_t otherwise)
{
    int64_t value;

    return pl_num_int(pl_ask_field(pairs, name), &value) ? value : otherwise;
}
