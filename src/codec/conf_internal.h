/* What the parts of codec/conf share: the stages from text to value, in the order in which they run.
 *
 *   text      files as sections of keys and values                          conf_text
 *   check     sections, keys, values and ranges against the table           conf_check
 *   complete  defaults as entries of their own                              conf_infer
 *   infer     what is left out and follows from the rest, as entries too    conf_infer
 *   fill      the public struct                                             conf_fill
 *   rules     areas, metrics, funnels, experiments                          conf_rules
 */
#ifndef PL_CODEC_CONF_INTERNAL_H
#define PL_CODEC_CONF_INTERNAL_H

#include "codec/conf.h"
#include "codec/conf_table.h"
#include "codec/conf_text.h"

/* The value and the document it was made of: what print, warn and reloadable read. */
struct pl_conf_full {
    struct pl_conf conf; /* first: a pl_conf * is a pl_conf_full * */
    struct pl_conf_text text;
};

static inline const struct pl_conf_text *pl_conf_text_of(const struct pl_conf *conf)
{
    return &((const struct pl_conf_full *)conf)->text;
}

/* Put "file:line: " before a message that was made without knowing the place. */
enum pl_status pl_conf_at(struct pl_conf_place place, enum pl_status status, struct pl_err *err);

enum pl_status pl_conf_check(const struct pl_conf_text *text, struct pl_err *err) PL_MUSTCHECK;
enum pl_status pl_conf_check_kafka(const struct pl_conf_section *section, const struct pl_conf_entry *entry,
                                   struct pl_err *err) PL_MUSTCHECK;
/* What can only be said once everything is there: units of amounts, topics, windows. */
enum pl_status pl_conf_check_whole(const struct pl_conf_text *text, struct pl_err *err) PL_MUSTCHECK;

enum pl_status pl_conf_complete(struct pl_conf_text *text, struct pl_err *err) PL_MUSTCHECK;
enum pl_status pl_conf_complete_section(struct pl_conf_section *section, struct pl_err *err) PL_MUSTCHECK;
enum pl_status pl_conf_infer(struct pl_conf_text *text, struct pl_err *err) PL_MUSTCHECK;
enum pl_status pl_conf_fill(struct pl_conf_full *full, struct pl_err *err) PL_MUSTCHECK;
enum pl_status pl_conf_fill_rules(struct pl_conf_full *full, struct pl_err *err) PL_MUSTCHECK;

/* A new value of the document in full->text, all stages above; for parse and load. */
enum pl_status pl_conf_finish(struct pl_conf_full *full, struct pl_err *err) PL_MUSTCHECK;

/* The value of a key that the table has checked; zeros when it is not given and has no default. */
struct pl_conf_value pl_conf_read(const struct pl_conf_section *section, const char *key);

/* Is this a [kafka] key whose value is a secret, and so may only be given as KEY.file? Is it KEY.file? */
bool pl_conf_kafka_secret(const char *key);
bool pl_conf_kafka_file(const char *key);

#endif
