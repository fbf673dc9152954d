#include "ctl/published.h"

#include "codec/keys.h"
#include "codec/slow_json.h"
#include "ctl/lines.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The type of a line of replay, and the name in Redis. */
static const char *const names[PL_PUBLISHED_KINDS] = {"area", "funnel", "feature", "value", "balance"};

void pl_published_fini(struct pl_published *all)
{
    for (size_t at = 0; at < all->n; at++)
        pl_buf_fini(&all->hashes[at].pairs);
    free(all->hashes);
    *all = (struct pl_published){.n = 0};
}

static bool grow(struct pl_published *all)
{
    size_t cap = all->cap ? all->cap * 2 : 16;
    struct pl_published_hash *grown;

    if (all->n < all->cap)
        return true;
    if (cap > PL_PUBLISHED_HASHES_MAX)
        return false;
    grown = realloc(all->hashes, cap * sizeof(*grown));
    if (!grown)
        return false;
    all->hashes = grown;
    all->cap = cap;
    return true;
}

struct pl_published_hash *pl_published_add(struct pl_published *all, enum pl_published_kind kind, struct pl_span id)
{
    struct pl_published_hash made = {.kind = kind};

    for (size_t at = 0; at < all->n; at++) {
        if (all->hashes[at].kind != kind || !pl_span_is(id, all->hashes[at].id))
            continue;
        pl_buf_clear(&all->hashes[at].pairs);
        return &all->hashes[at];
    }
    if (!grow(all) || !pl_span_copy(id, made.id, sizeof(made.id)))
        return NULL;
    all->hashes[all->n] = made;
    return &all->hashes[all->n++];
}

static bool has_zero(struct pl_span text)
{
    return text.len && memchr(text.ptr, '\0', text.len);
}

void pl_published_put(struct pl_published_hash *hash, struct pl_span name, struct pl_span value)
{
    if (has_zero(name) || has_zero(value))
        return;
    pl_buf_add_span(&hash->pairs, name);
    pl_buf_add_char(&hash->pairs, '\0');
    pl_buf_add_span(&hash->pairs, value);
    pl_buf_add_char(&hash->pairs, '\0');
}

const struct pl_published_hash *pl_published_find(const struct pl_published *all, enum pl_published_kind kind,
                                                  const char *id)
{
    for (size_t at = 0; at < all->n; at++)
        if (all->hashes[at].kind == kind && strcmp(all->hashes[at].id, id) == 0)
            return &all->hashes[at];
    return NULL;
}

struct pl_span pl_published_text(const struct pl_published_hash *hash, const char *name)
{
    struct pl_span rest = hash ? pl_buf_span(&hash->pairs) : (struct pl_span){NULL, 0};

    while (rest.len) {
        struct pl_span found = pl_span_cut(&rest, '\0'), value = pl_span_cut(&rest, '\0');

        if (pl_span_is(found, name))
            return value;
    }
    return (struct pl_span){NULL, 0};
}

int64_t pl_published_int(const struct pl_published_hash *hash, const char *name, int64_t otherwise)
{
    int64_t value;

    return pl_num_int(pl_published_text(hash, name), &value) ? value : otherwise;
}

double pl_published_double(const struct pl_published_hash *hash, const char *name, double otherwise)
{
    double value;

    return pl_num_double(pl_published_text(hash, name), &value) ? value : otherwise;
}

int64_t pl_published_time(const struct pl_published_hash *hash, const char *name)
{
    int64_t time_us;

    return pl_stamp_parse(pl_published_text(hash, name), false, &time_us) ? time_us : PL_TIME_NONE;
}

static enum pl_status full(struct pl_err *err)
{
    return pl_err_set(err, PL_ERR_FULL, "more than %d funnels and features, or no memory", PL_PUBLISHED_HASHES_MAX);
}

enum pl_status pl_published_ask(struct pl_published *all, struct pl_ask *ask, const char *instance,
                                enum pl_published_kind kind, const char *id, struct pl_err *err)
{
    struct pl_key key = pl_key_main_id(instance, names[kind], id);
    const struct pl_reply *reply;
    struct pl_published_hash *hash;
    enum pl_status status = pl_ask(ask, &reply, err, "HGETALL", key.text, NULL);

    if (status || reply->n == 0)
        return status;
    hash = pl_published_add(all, kind, pl_span_of(id));
    if (!hash)
        return full(err);
    for (size_t at = 0; reply->type == PL_REPLY_ARRAY && at + 1 < reply->n; at += 2)
        pl_published_put(hash, reply->elements[at].text, reply->elements[at + 1].text);
    return pl_buf_ok(&hash->pairs) ? PL_OK : full(err);
}

/* Which kind of hash a line is; PL_PUBLISHED_KINDS: another line of replay. False: no line of replay. Sums, points and
 * the like are passed over by their first bytes: there are many of them. */
static bool kind_of(struct pl_span line, enum pl_published_kind *kind)
{
    static const char begins[] = "{\"type\":\"";
    const size_t len = sizeof(begins) - 1;
    struct pl_span rest, type;

    if (line.len < len || memcmp(line.ptr, begins, len) != 0)
        return false;
    rest = (struct pl_span){line.ptr + len, line.len - len};
    type = pl_span_cut(&rest, '"');
    for (int at = 0; at < PL_PUBLISHED_KINDS; at++) {
        *kind = (enum pl_published_kind)at;
        if (pl_span_is(type, names[at]))
            return true;
    }
    *kind = PL_PUBLISHED_KINDS;
    return true;
}

static struct pl_span member(const struct cJSON *root, const char *name)
{
    return pl_slow_json_value(pl_slow_json_member(root, pl_span_of(name))).text;
}

static enum pl_status take(struct pl_published *all, enum pl_published_kind kind, const struct cJSON *root,
                           const char *area, struct pl_err *err)
{
    bool by_area = kind != PL_PUBLISHED_FUNNEL && kind != PL_PUBLISHED_FEATURE;
    struct pl_published_hash *hash;

    if (!pl_span_is(member(root, "area"), area))
        return PL_OK;
    hash = pl_published_add(all, kind, by_area ? pl_span_of(area) : member(root, names[kind]));
    if (!hash)
        return full(err);
    for (const struct cJSON *at = pl_slow_json_first(root); at; at = pl_slow_json_next(at))
        if (!pl_span_is(pl_slow_json_key(at), "type"))
            pl_published_put(hash, pl_slow_json_key(at), pl_slow_json_value(at).text);
    return pl_buf_ok(&hash->pairs) ? PL_OK : full(err);
}

static enum pl_status take_line(struct pl_published *all, struct pl_slow_json *doc, struct pl_span line,
                                const char *area, struct pl_err *err)
{
    enum pl_published_kind kind;
    enum pl_status status;

    if (!kind_of(line, &kind))
        return pl_err_set(err, PL_ERR_INPUT, "no line of plateauctl replay --json");
    if (kind == PL_PUBLISHED_KINDS)
        return PL_OK;
    if (pl_slow_json_open(doc, line) != PL_ACCEPTED)
        return pl_err_set(err, PL_ERR_INPUT, "no JSON object of replay");
    status = take(all, kind, doc->root, area, err);
    pl_slow_json_close(doc);
    return status;
}

enum pl_status pl_published_lines(struct pl_published *all, const char *path, const char *area, struct pl_err *err)
{
    struct pl_slow_json doc = {.root = NULL};
    struct pl_lines lines;
    struct pl_span line;
    enum pl_status status = pl_lines_open(&lines, path, err);

    while (!status && !(status = pl_lines_next(&lines, &line, err)) && line.ptr) {
        line = pl_span_trim(line);
        if (line.len == 0)
            continue;
        status = take_line(all, &doc, line, area, err);
        if (status)
            pl_err_prefix(err, "%s:%" PRIu64 ": ", lines.path, lines.number);
    }
    pl_slow_json_fini(&doc);
    pl_lines_close(&lines);
    return status;
}
