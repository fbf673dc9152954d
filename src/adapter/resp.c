#include "adapter/resp.h"

#include "util/num.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <hiredis/read.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct pl_resp_limits default_limits = {
    .bulk_bytes = (size_t)512 << 20,
    .elements = (size_t)16 << 20,
    .bytes = (size_t)1 << 30,
};

/* The memory of one reply is a list of chunks, freed together; the last one is kept for the next reply. */
struct chunk {
    struct chunk *next; /* owned */
    size_t used, cap;
    _Alignas(16) char bytes[];
};

#define CHUNK_BYTES ((size_t)32 * 1024)

/* Arrays up to this length are allocated as announced, longer ones grow as their elements come. */
#define TRUSTED_ELEMENTS ((size_t)1024)

#define DEPTH_MAX 8

struct pl_resp {
    struct pl_resp_limits limits;
    redisReader *reader;  /* owned */
    struct chunk *chunks; /* owned */
    size_t bytes;         /* in chunks, kept one not counted */
    size_t elements;
    bool delivered; /* root was given out: its memory may be reused */
    bool broken;
    const char *limit; /* which limit was reached, or NULL */
    struct pl_reply root;
};

void pl_resp_begin(struct pl_buf *out, size_t argc)
{
    pl_buf_addf(out, "*%zu\r\n", argc);
}

void pl_resp_add_arg(struct pl_buf *out, struct pl_span arg)
{
    char head[32];
    int len = snprintf(head, sizeof(head), "$%zu\r\n", arg.len);

    pl_buf_add(out, head, (size_t)len);
    pl_buf_add_span(out, arg);
    pl_buf_add(out, "\r\n", 2);
}

void pl_resp_add(struct pl_buf *out, size_t argc, const struct pl_span *argv)
{
    pl_resp_begin(out, argc);
    for (size_t at = 0; at < argc; at++)
        pl_resp_add_arg(out, argv[at]);
}

void pl_resp_add_text(struct pl_buf *out, const char *first, ...)
{
    struct pl_span argv[32];
    size_t argc = 0;
    va_list args;

    va_start(args, first);
    for (const char *text = first; text; text = va_arg(args, const char *)) {
        assert(argc < sizeof(argv) / sizeof(*argv));
        argv[argc++] = pl_span_of(text);
    }
    va_end(args);
    pl_resp_add(out, argc, argv);
}

static void *over(struct pl_resp *resp, const char *limit)
{
    resp->limit = limit;
    return NULL;
}

static void *take(struct pl_resp *resp, size_t bytes)
{
    struct chunk *chunk = resp->chunks;
    void *taken;

    bytes = (bytes + 15) & ~(size_t)15;
    if (!chunk || bytes > chunk->cap - chunk->used) {
        size_t cap = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;

        if (cap > resp->limits.bytes - resp->bytes)
            return over(resp, "too many bytes");
        chunk = malloc(sizeof(*chunk) + cap);
        if (!chunk)
            return over(resp, "no memory");
        *chunk = (struct chunk){.next = resp->chunks, .cap = cap};
        resp->chunks = chunk;
        resp->bytes += cap;
    }
    taken = chunk->bytes + chunk->used;
    chunk->used += bytes;
    return taken;
}

static void forget_reply(struct pl_resp *resp)
{
    struct chunk *kept = NULL;

    for (struct chunk *next, *chunk = resp->chunks; chunk; chunk = next) {
        next = chunk->next;
        if (!next && chunk->cap == CHUNK_BYTES)
            kept = chunk;
        else
            free(chunk);
    }
    if (kept)
        kept->used = 0;
    resp->chunks = kept;
    resp->bytes = resp->elements = 0;
    resp->delivered = false;
}

/* Make room in a growing array. Only the last element can itself be under construction, and it is finished by the time
 * its next sibling asks for room, so moving elements is safe. */
static bool grow(struct pl_resp *resp, struct pl_reply *array, size_t announced)
{
    bool full = array->n >= TRUSTED_ELEMENTS && (array->n & (array->n - 1)) == 0;
    size_t cap = announced < 2 * array->n ? announced : 2 * array->n;
    struct pl_reply *moved;

    if (!full)
        return true;
    moved = take(resp, cap * sizeof(*moved));
    if (!moved)
        return false;
    memcpy(moved, array->elements, array->n * sizeof(*moved));
    array->elements = moved;
    return true;
}

static struct pl_reply *slot(struct pl_resp *resp, const redisReadTask *task, enum pl_reply_type type)
{
    struct pl_reply *reply = &resp->root;

    if (task->parent) {
        struct pl_reply *array = task->parent->obj;

        if (++resp->elements > resp->limits.elements)
            return over(resp, "too many elements");
        if (!grow(resp, array, (size_t)task->parent->elements))
            return NULL;
        reply = (struct pl_reply *)array->elements + array->n;
        array->n++;
    }
    *reply = (struct pl_reply){.type = type};
    return reply;
}

static void *create_string(const redisReadTask *task, char *text, size_t len)
{
    struct pl_resp *resp = task->privdata;
    enum pl_reply_type type = PL_REPLY_STRING;
    struct pl_reply *reply;
    char *copy;

    if (task->type == REDIS_REPLY_STATUS)
        type = PL_REPLY_STATUS;
    else if (task->type == REDIS_REPLY_ERROR)
        type = PL_REPLY_ERROR;
    else if (task->type != REDIS_REPLY_STRING)
        return over(resp, "not RESP2");
    if (len > resp->limits.bulk_bytes)
        return over(resp, "string too long");
    copy = take(resp, len);
    reply = copy ? slot(resp, task, type) : NULL;
    if (!reply)
        return NULL;
    memcpy(copy, text, len);
    reply->text = (struct pl_span){copy, len};
    return reply;
}

/* hiredis 0.14 has a limit of its own (this one), hiredis 1 has none; readers of replies recurse. */
static bool is_too_deep(const redisReadTask *task)
{
    unsigned depth = 1;

    for (; task->parent && depth <= DEPTH_MAX; task = task->parent)
        depth++;
    return depth > DEPTH_MAX;
}

static void *new_array(const redisReadTask *task, size_t announced)
{
    struct pl_resp *resp = task->privdata;
    size_t cap = announced < TRUSTED_ELEMENTS ? announced : TRUSTED_ELEMENTS;
    struct pl_reply *reply, *elements;

    if (task->type != REDIS_REPLY_ARRAY)
        return over(resp, "not RESP2");
    if (is_too_deep(task))
        return over(resp, "too deep");
    if (announced > resp->limits.elements)
        return over(resp, "too many elements");
    elements = take(resp, cap * sizeof(*elements));
    reply = elements ? slot(resp, task, PL_REPLY_ARRAY) : NULL;
    if (reply)
        reply->elements = elements;
    return reply;
}

static void *create_integer(const redisReadTask *task, long long value)
{
    struct pl_reply *reply = slot(task->privdata, task, PL_REPLY_INTEGER);

    if (reply)
        reply->integer = value;
    return reply;
}

static void *create_nil(const redisReadTask *task)
{
    return slot(task->privdata, task, PL_REPLY_NIL);
}

static void free_nothing(void *object)
{
    (void)object; /* the arena owns it */
}

/* hiredis 1 widened the length of arrays, and has types of RESP3, which no command of ours asks for. */
#if HIREDIS_MAJOR >= 1
static void *create_array(const redisReadTask *task, size_t announced)
{
    return new_array(task, announced);
}

static void *create_double(const redisReadTask *task, double value, char *text, size_t len)
{
    (void)value, (void)text, (void)len;
    return over(task->privdata, "not RESP2");
}

static void *create_bool(const redisReadTask *task, int value)
{
    (void)value;
    return over(task->privdata, "not RESP2");
}
#else
static void *create_array(const redisReadTask *task, int announced)
{
    return new_array(task, (size_t)announced);
}
#endif

static redisReplyObjectFunctions functions = {
    .createString = create_string,
    .createArray = create_array,
    .createInteger = create_integer,
    .createNil = create_nil,
    .freeObject = free_nothing,
#if HIREDIS_MAJOR >= 1
    .createDouble = create_double,
    .createBool = create_bool,
#endif
};

struct pl_resp *pl_resp_new(const struct pl_resp_limits *limits)
{
    struct pl_resp *resp = calloc(1, sizeof(*resp));

    if (!resp)
        return NULL;
    resp->limits = limits ? *limits : default_limits;
    resp->reader = redisReaderCreateWithFunctions(&functions);
    if (!resp->reader) {
        free(resp);
        return NULL;
    }
    resp->reader->maxbuf = 0;
    resp->reader->privdata = resp;
    return resp;
}

void pl_resp_free(struct pl_resp *resp)
{
    if (!resp)
        return;
    redisReaderFree(resp->reader);
    for (struct chunk *next, *chunk = resp->chunks; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(resp);
}

static enum pl_status broken(struct pl_resp *resp, struct pl_err *err, const char *why)
{
    resp->broken = true;
    return pl_err_set(err, PL_ERR_INPUT, "malformed reply: %s", why);
}

enum pl_status pl_resp_feed(struct pl_resp *resp, struct pl_span bytes, struct pl_err *err)
{
    if (resp->broken)
        return broken(resp, err, "after an earlier one");
    if (redisReaderFeed(resp->reader, bytes.ptr, bytes.len) != REDIS_OK)
        return broken(resp, err, resp->reader->errstr);
    return PL_OK;
}

/* What the reader holds back is either a line that has not ended or a bulk string (its length line and a part of its
 * bytes): every other kind is taken as soon as its line is complete. */
static enum pl_status check_rest(struct pl_resp *resp, struct pl_err *err)
{
    const redisReader *reader = resp->reader;
    struct pl_span rest = {reader->buf + reader->pos, reader->len - reader->pos};
    size_t look = rest.len < PL_RESP_LINE_BYTES ? rest.len : PL_RESP_LINE_BYTES;
    const char *end = look ? memmem(rest.ptr, look, "\r\n", 2) : NULL;
    int64_t announced;

    if (!end)
        return rest.len < PL_RESP_LINE_BYTES ? PL_OK : broken(resp, err, "line too long");
    if (!pl_num_int((struct pl_span){rest.ptr, (size_t)(end - rest.ptr)}, &announced))
        return broken(resp, err, "bad length");
    if (announced > 0 && (uint64_t)announced > resp->limits.bulk_bytes)
        return broken(resp, err, "string too long");
    return PL_OK;
}

enum pl_status pl_resp_next(struct pl_resp *resp, const struct pl_reply **reply, struct pl_err *err)
{
    void *found = NULL;

    *reply = NULL;
    if (resp->broken)
        return broken(resp, err, "after an earlier one");
    if (resp->delivered)
        forget_reply(resp);
    if (redisReaderGetReply(resp->reader, &found) != REDIS_OK)
        return broken(resp, err, resp->limit ? resp->limit : resp->reader->errstr);
    if (!found)
        return check_rest(resp, err);
    resp->delivered = true;
    *reply = found;
    return PL_OK;
}
