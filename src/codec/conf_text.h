/* The text of conf files as sections of keys and values, each with the place it came from. Knows no option.
 *
 *   [section]   [section NAME]   key = value   # comment, ; comment (at the start of a line or after a blank)
 *
 * No continuation lines, no quotes, no includes. CRLF is accepted; NUL and other control bytes, a byte order mark, text
 * that is not UTF-8 and lines above PL_CONF_LINE_BYTES are errors. Files are added one after another: a section without
 * a name may go on in a later file, where a key given again replaces the earlier value; everything else given twice is
 * an error that names both places. Later stages add sections and keys of their own (defaults, inferred values), so that
 * in the end the document holds the whole effective configuration. Owns everything in it.
 */
#ifndef PL_CODEC_CONF_TEXT_H
#define PL_CODEC_CONF_TEXT_H

#include "util/err.h"
#include "util/span.h"

#define PL_CONF_LINE_BYTES 4096
#define PL_CONF_FILE_BYTES (1024u * 1024)
#define PL_CONF_FILES_MAX 257 /* the main file and conf.d */
#define PL_CONF_SECTIONS_MAX 2048
#define PL_CONF_KEYS_MAX 512 /* in one section */

enum pl_conf_origin { PL_CONF_GIVEN, PL_CONF_DEFAULT, PL_CONF_INFERRED };

struct pl_conf_place {
    enum pl_conf_origin origin;
    const char *file; /* ref: in the document's files; NULL for a default */
    unsigned line;    /* of an inferred value: of what it was inferred from */
};

struct pl_conf_entry {
    char *key;   /* owned */
    char *value; /* owned; trimmed, may be "" */
    struct pl_conf_place place;
};

struct pl_conf_section {
    char *type; /* owned: "area" */
    char *name; /* owned: "checkout", or "" */
    struct pl_conf_place place;
    struct pl_conf_entry *entries; /* owned */
    unsigned n_entries;
};

struct pl_conf_text {
    struct pl_conf_section **sections; /* owned, in order of appearance; a section never moves */
    unsigned n_sections;
    char *files[PL_CONF_FILES_MAX]; /* owned */
    unsigned n_files;
};

/* A zeroed struct is a valid empty document. */
void pl_conf_text_fini(struct pl_conf_text *text);

/* Add one file's text; `file` is its name in messages. After an error the document may only be freed. */
enum pl_status pl_conf_text_add(struct pl_conf_text *text, const char *file, struct pl_span bytes,
                                struct pl_err *err) PL_MUSTCHECK;

/* NULL when there is none; name "" for a section without a name. */
struct pl_conf_section *pl_conf_text_find(const struct pl_conf_text *text, const char *type, struct pl_span name);
struct pl_conf_entry *pl_conf_section_find(const struct pl_conf_section *section, const char *key);

/* The value of a key, or NULL. */
const char *pl_conf_section_get(const struct pl_conf_section *section, const char *key);

/* Append a section that does not exist yet (NULL: no memory, or too many); add or replace a key. */
struct pl_conf_section *pl_conf_text_new_section(struct pl_conf_text *text, struct pl_span type, struct pl_span name,
                                                 struct pl_conf_place place);
enum pl_status pl_conf_section_set(struct pl_conf_section *section, struct pl_span key, struct pl_span value,
                                   struct pl_conf_place place, struct pl_err *err) PL_MUSTCHECK;

/* INPUT, with "file:line: " before the message. */
enum pl_status pl_conf_fail(struct pl_conf_place place, struct pl_err *err, const char *fmt, ...) PL_PRINTF(3, 4);

#endif
