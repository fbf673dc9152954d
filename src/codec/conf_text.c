#include "codec/conf_text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void free_section(struct pl_conf_section *section)
{
    if (!section)
        return;
    for (unsigned at = 0; at < section->n_entries; at++) {
        free(section->entries[at].key);
        free(section->entries[at].value);
    }
    free(section->entries);
    free(section->type);
    free(section->name);
    free(section);
}

void pl_conf_text_fini(struct pl_conf_text *text)
{
    for (unsigned at = 0; at < text->n_sections; at++)
        free_section(text->sections[at]);
    for (unsigned at = 0; at < text->n_files; at++)
        free(text->files[at]);
    free(text->sections);
    *text = (struct pl_conf_text){0};
}

struct pl_conf_section *pl_conf_text_find(const struct pl_conf_text *text, const char *type, struct pl_span name)
{
    for (unsigned at = 0; at < text->n_sections; at++)
        if (strcmp(text->sections[at]->type, type) == 0 && pl_span_is(name, text->sections[at]->name))
            return text->sections[at];
    return NULL;
}

static struct pl_conf_entry *find_key(const struct pl_conf_section *section, struct pl_span key)
{
    for (unsigned at = 0; at < section->n_entries; at++)
        if (pl_span_is(key, section->entries[at].key))
            return &section->entries[at];
    return NULL;
}

struct pl_conf_entry *pl_conf_section_find(const struct pl_conf_section *section, const char *key)
{
    return find_key(section, pl_span_of(key));
}

const char *pl_conf_section_get(const struct pl_conf_section *section, const char *key)
{
    const struct pl_conf_entry *entry = pl_conf_section_find(section, key);

    return entry ? entry->value : NULL;
}

enum pl_status pl_conf_fail(struct pl_conf_place place, struct pl_err *err, const char *fmt, ...)
{
    char message[PL_ERR_TEXT_BYTES];
    va_list args;

    va_start(args, fmt);
    vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);
    if (place.file)
        return pl_err_set(err, PL_ERR_INPUT, "%s:%u: %s", place.file, place.line, message);
    return pl_err_set(err, PL_ERR_INPUT, "%s", message);
}

static enum pl_status no_memory(struct pl_err *err)
{
    return pl_err_set(err, PL_ERR_NOMEM, "out of memory while reading the configuration");
}

/* Room for one more row in an array that doubles when its size is a power of two. */
static void *room(void *rows, unsigned n, size_t size)
{
    return (n & (n - 1)) ? rows : realloc(rows, (n ? 2 * (size_t)n : 1) * size);
}

struct pl_conf_section *pl_conf_text_new_section(struct pl_conf_text *text, struct pl_span type, struct pl_span name,
                                                 struct pl_conf_place place)
{
    struct pl_conf_section **grown, *section;

    if (text->n_sections == PL_CONF_SECTIONS_MAX)
        return NULL;
    grown = room(text->sections, text->n_sections, sizeof(struct pl_conf_section *));
    if (!grown)
        return NULL;
    text->sections = grown;
    section = calloc(1, sizeof(*section));
    if (!section)
        return NULL;
    section->type = pl_span_dup(type);
    section->name = pl_span_dup(name);
    section->place = place;
    if (!section->type || !section->name) {
        free_section(section);
        return NULL;
    }
    text->sections[text->n_sections++] = section;
    return section;
}

enum pl_status pl_conf_section_set(struct pl_conf_section *section, struct pl_span key, struct pl_span value,
                                   struct pl_conf_place place, struct pl_err *err)
{
    struct pl_conf_entry *entry = find_key(section, key), *grown;
    char *copy = pl_span_dup(value);

    if (!copy)
        return no_memory(err);
    if (!entry) {
        grown = room(section->entries, section->n_entries, sizeof(*grown));
        if (grown)
            section->entries = grown;
        entry = grown ? &grown[section->n_entries] : NULL;
        if (entry)
            *entry = (struct pl_conf_entry){.key = pl_span_dup(key)};
        if (!entry || !entry->key) {
            free(copy);
            return no_memory(err);
        }
        section->n_entries++;
    }
    free(entry->value);
    entry->value = copy;
    entry->place = place;
    return PL_OK;
}

/* Where the parser is. */
struct cursor {
    struct pl_conf_text *text;
    struct pl_conf_section *section; /* NULL before the first one */
    struct pl_conf_place place;
    struct pl_err *err;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Length of one well-formed UTF-8 sequence at the front of s, 0 when there is none. Overlong forms and surrogates are
 * not well-formed. */
static size_t utf8_length(struct pl_span s)
{
    static const struct {
        unsigned char first_low, first_high, second_low, second_high, length;
    } forms[] = {{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
                 {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
                 {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
    const unsigned char *bytes = (const unsigned char *)s.ptr;

    if (bytes[0] < 0x80)
        return 1;
    for (size_t at = 0; at < sizeof(forms) / sizeof(*forms); at++) {
        if (bytes[0] < forms[at].first_low || bytes[0] > forms[at].first_high || s.len < forms[at].length)
            continue;
        if (bytes[1] < forms[at].second_low || bytes[1] > forms[at].second_high)
            return 0;
        for (size_t next = 2; next < forms[at].length; next++)
            if ((bytes[next] & 0xc0) != 0x80)
                return 0;
        return forms[at].length;
    }
    return 0;
}

static enum pl_status check_bytes(const struct cursor *cursor, struct pl_span line)
{
    if (line.len > PL_CONF_LINE_BYTES)
        return pl_conf_fail(cursor->place, cursor->err, "the line is longer than %d bytes", PL_CONF_LINE_BYTES);
    if (line.len >= 3 && memcmp(line.ptr, "\xef\xbb\xbf", 3) == 0)
        return pl_conf_fail(cursor->place, cursor->err, "a byte order mark; save the file as UTF-8 without it");
    while (line.len) {
        unsigned char byte = (unsigned char)line.ptr[0];
        size_t length = utf8_length(line);

        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return pl_conf_fail(cursor->place, cursor->err, "control byte 0x%02x", byte);
        if (length == 0)
            return pl_conf_fail(cursor->place, cursor->err, "byte 0x%02x is not UTF-8", byte);
        line.ptr += length;
        line.len -= length;
    }
    return PL_OK;
}

static struct pl_span without_comment(struct pl_span line)
{
    for (size_t at = 0; at < line.len; at++)
        if ((line.ptr[at] == '#' || line.ptr[at] == ';') && (at == 0 || is_blank(line.ptr[at - 1])))
            line.len = at;
    return pl_span_trim(line);
}

static bool is_key(struct pl_span key)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";

    for (size_t at = 0; at < key.len; at++)
        if (!memchr(letters, key.ptr[at], sizeof(letters) - 1))
            return false;
    return key.len > 0;
}

static enum pl_status open_section(struct cursor *cursor, struct pl_span line)
{
    struct pl_span type, name;
    size_t at = 0;

    if (line.len < 2 || line.ptr[line.len - 1] != ']')
        return pl_conf_fail(cursor->place, cursor->err, "expected [section] or [section NAME]");
    line = pl_span_trim((struct pl_span){line.ptr + 1, line.len - 2});
    while (at < line.len && !is_blank(line.ptr[at]))
        at++;
    type = (struct pl_span){line.ptr, at};
    name = pl_span_trim((struct pl_span){line.ptr + at, line.len - at});
    if (!is_key(type))
        return pl_conf_fail(cursor->place, cursor->err, "expected [section] or [section NAME]");
    for (unsigned i = 0; i < cursor->text->n_sections; i++) {
        struct pl_conf_section *old = cursor->text->sections[i];

        if (!pl_span_is(type, old->type) || !pl_span_is(name, old->name))
            continue;
        if (name.len || old->place.file == cursor->place.file)
            return pl_conf_fail(cursor->place, cursor->err, "[%s%s%s] was given before, at %s:%u", old->type,
                                name.len ? " " : "", old->name, old->place.file, old->place.line);
        old->place = cursor->place;
        cursor->section = old;
        return PL_OK;
    }
    cursor->section = pl_conf_text_new_section(cursor->text, type, name, cursor->place);
    if (cursor->section)
        return PL_OK;
    if (cursor->text->n_sections == PL_CONF_SECTIONS_MAX)
        return pl_conf_fail(cursor->place, cursor->err, "more than %d sections", PL_CONF_SECTIONS_MAX);
    return no_memory(cursor->err);
}

static enum pl_status take_entry(struct cursor *cursor, struct pl_span line)
{
    struct pl_span value = line;
    struct pl_span key = pl_span_trim(pl_span_cut(&value, '='));
    const struct pl_conf_entry *old;

    if (!value.ptr || !is_key(key))
        return pl_conf_fail(cursor->place, cursor->err, "expected `key = value`; a key is made of A-Z a-z 0-9 _ . -");
    if (!cursor->section)
        return pl_conf_fail(cursor->place, cursor->err, "`%.*s` stands before the first [section]",
                            (int)(key.len < 64 ? key.len : 64), key.ptr);
    old = find_key(cursor->section, key);
    if (old && old->place.file == cursor->place.file)
        return pl_conf_fail(cursor->place, cursor->err, "`%s` was given before, at %s:%u", old->key, old->place.file,
                            old->place.line);
    if (!old && cursor->section->n_entries == PL_CONF_KEYS_MAX)
        return pl_conf_fail(cursor->place, cursor->err, "more than %d keys in one section", PL_CONF_KEYS_MAX);
    value = pl_span_trim(value);
    if (value.len && (value.ptr[0] == '#' || value.ptr[0] == ';')) /* a comment, with or without a blank before it */
        value.len = 0;
    return pl_conf_section_set(cursor->section, key, value, cursor->place, cursor->err);
}

static enum pl_status take_line(struct cursor *cursor, struct pl_span line)
{
    enum pl_status status;

    if (line.len && line.ptr[line.len - 1] == '\r')
        line.len--;
    status = check_bytes(cursor, line);
    if (status)
        return status;
    line = without_comment(line);
    if (line.len == 0)
        return PL_OK;
    return line.ptr[0] == '[' ? open_section(cursor, line) : take_entry(cursor, line);
}

enum pl_status pl_conf_text_add(struct pl_conf_text *text, const char *file, struct pl_span bytes, struct pl_err *err)
{
    struct cursor cursor = {.text = text, .place = {.origin = PL_CONF_GIVEN}, .err = err};
    enum pl_status status = PL_OK;
    char *name;

    if (bytes.len > PL_CONF_FILE_BYTES)
        return pl_err_set(err, PL_ERR_INPUT, "%s: larger than %u bytes", file, PL_CONF_FILE_BYTES);
    if (text->n_files == PL_CONF_FILES_MAX)
        return pl_err_set(err, PL_ERR_INPUT, "%s: more than %d files", file, PL_CONF_FILES_MAX);
    name = pl_span_dup(pl_span_of(file));
    if (!name)
        return no_memory(err);
    text->files[text->n_files++] = name;
    cursor.place.file = name;
    while (bytes.ptr && !status) {
        cursor.place.line++;
        status = take_line(&cursor, pl_span_cut(&bytes, '\n'));
    }
    return status;
}
