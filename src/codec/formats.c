#include "codec/formats.h"

#include "codec/formats_table.inc"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    const unsigned char *text;
    size_t len;
} table[] = {
#define FORMAT(name_) {#name_, text_##name_, sizeof(text_##name_)},
    FORMATS
#undef FORMAT
};

#define N_FORMATS (sizeof(table) / sizeof(*table))

static const struct {
    const char *key;
    size_t offset;
} keys[] = {
    {"when", offsetof(struct pl_format, when)},
    {"event", offsetof(struct pl_format, event)},
    {"time", offsetof(struct pl_format, time)},
    {"unit", offsetof(struct pl_format, unit)},
    {"id", offsetof(struct pl_format, id)},
    {"experiment", offsetof(struct pl_format, experiment)},
    {"variant", offsetof(struct pl_format, variant)},
    {"exposure_when", offsetof(struct pl_format, exposure_when)},
    {"properties", offsetof(struct pl_format, properties)},
};

static char **place_of(struct pl_format *format, struct pl_span key)
{
    for (size_t at = 0; at < sizeof(keys) / sizeof(*keys); at++)
        if (pl_span_is(key, keys[at].key))
            return (char **)((char *)format + keys[at].offset);
    return NULL;
}

static enum pl_status set_unit_number(struct pl_format *format, struct pl_span value, struct pl_err *err)
{
    if (!pl_span_is(value, "yes") && !pl_span_is(value, "no"))
        return pl_err_set(err, PL_ERR_INPUT, "unit_number must be yes or no");
    format->unit_number = pl_span_is(value, "yes");
    return PL_OK;
}

static enum pl_status set_key(struct pl_format *format, struct pl_span key, struct pl_span value, struct pl_err *err)
{
    char **place = place_of(format, key);

    if (pl_span_is(key, "alias"))
        return PL_OK; /* read by has_alias */
    if (pl_span_is(key, "unit_number"))
        return set_unit_number(format, value, err);
    if (!place)
        return pl_err_set(err, PL_ERR_INPUT, "unknown key %.*s", (int)(key.len > 64 ? 64 : key.len), key.ptr);
    if (*place)
        return pl_err_set(err, PL_ERR_INPUT, "%.*s is given twice", (int)key.len, key.ptr);
    *place = pl_span_dup(value);
    return *place ? PL_OK : pl_err_set(err, PL_ERR_NOMEM, "out of memory");
}

/* Cut the next line that says something; false at the end. */
static bool next_line(struct pl_span *rest, struct pl_span *key, struct pl_span *value, unsigned *line)
{
    while (rest->ptr) {
        struct pl_span text = pl_span_trim(pl_span_cut(rest, '\n'));

        ++*line;
        if (text.len == 0 || text.ptr[0] == '#')
            continue;
        *key = pl_span_trim(pl_span_cut(&text, '='));
        *value = pl_span_trim(text);
        return true;
    }
    return false;
}

enum pl_status pl_format_parse(const char *name, struct pl_span text, struct pl_format *format, struct pl_err *err)
{
    struct pl_span key, value;
    unsigned line = 0;

    *format = (struct pl_format){0};
    while (next_line(&text, &key, &value, &line)) {
        enum pl_status status =
            value.len ? set_key(format, key, value, err) : pl_err_set(err, PL_ERR_INPUT, "`key = value` is expected");

        if (status) {
            pl_err_prefix(err, "%s:%u: ", name, line);
            pl_format_fini(format);
            return status;
        }
    }
    return PL_OK;
}

void pl_format_fini(struct pl_format *format)
{
    for (size_t at = 0; at < sizeof(keys) / sizeof(*keys); at++)
        free(*place_of(format, pl_span_of(keys[at].key)));
    *format = (struct pl_format){0};
}

static struct pl_span text_of(size_t at)
{
    return (struct pl_span){(const char *)table[at].text, table[at].len};
}

static bool has_alias(size_t at, const char *name)
{
    struct pl_span text = text_of(at), key, value;
    unsigned line = 0;

    while (next_line(&text, &key, &value, &line)) {
        if (!pl_span_is(key, "alias"))
            continue;
        while (value.ptr)
            if (pl_span_is(pl_span_trim(pl_span_cut(&value, ',')), name))
                return true;
    }
    return false;
}

static enum pl_status fail_unknown(const char *name, struct pl_err *err)
{
    enum pl_status status = pl_err_set(err, PL_ERR_INPUT, "unknown format %s; known:", name);

    for (size_t at = 0; err && at < N_FORMATS; at++) {
        size_t used = strlen(err->text), bytes = strlen(table[at].name) + 1;

        if (used + 1 + bytes < sizeof(err->text)) {
            err->text[used] = ' ';
            memcpy(err->text + used + 1, table[at].name, bytes);
        }
    }
    return status;
}

enum pl_status pl_format_load(const char *name, struct pl_format *format, struct pl_err *err)
{
    *format = (struct pl_format){0};
    for (size_t at = 0; at < N_FORMATS; at++)
        if (strcmp(name, table[at].name) == 0 || has_alias(at, name))
            return pl_format_parse(table[at].name, text_of(at), format, err);
    return fail_unknown(name, err);
}

const char *pl_format_name(unsigned index)
{
    return index < N_FORMATS ? table[index].name : NULL;
}
