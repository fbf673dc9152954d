/* What the parts of codec/conf share: the stages from text to value, in the order in which they run.
 *
 *   text      files as sections of keys and values                          conf_text
 *   check     sections, keys, values and ranges against the table           conf_check
 *   complete  defaults as entries of their own                              conf_infer
 *   infer     what is left out and follows from the rest, as entries too    conf_infer, conf_metric
 *   fill      the public struct                                             conf_fill
 *   rules     areas, metrics, funnels, features, objectives, experiments    conf_rules, conf_declared
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

/* Metrics: which keys their type takes and needs; that a later window ends after it begins; the role that an area gives
 * them, what they name, and a ratio's window and days before, which are those of its parts. */
enum pl_status pl_conf_check_metric(const struct pl_conf_section *metric, struct pl_err *err) PL_MUSTCHECK;
enum pl_status pl_conf_check_from(const struct pl_conf_section *metric, struct pl_err *err) PL_MUSTCHECK;
enum pl_status pl_conf_infer_metric(const struct pl_conf_text *text, struct pl_conf_section *metric,
                                    struct pl_err *err) PL_MUSTCHECK;

/* The section of a type that an entry of `from` names, in the same area; INPUT with the nearest name if there is none.
 */
enum pl_status pl_conf_named(const struct pl_conf_text *text, const struct pl_conf_section *from,
                             const struct pl_conf_entry *entry, const char *type,
                             const struct pl_conf_section **section, struct pl_err *err) PL_MUSTCHECK;
/* "; nearest: NAME" among the sections of a type, or "". Returns out. */
#define PL_CONF_NEAR_BYTES (PL_NAME_BYTES + 16)
const char *pl_conf_near_section(const struct pl_conf_text *text, const char *type, const char *written,
                                 char out[PL_CONF_NEAR_BYTES]);

enum pl_status pl_conf_fill(struct pl_conf_full *full, struct pl_err *err) PL_MUSTCHECK;
enum pl_status pl_conf_fill_rules(struct pl_conf_full *full, struct pl_err *err) PL_MUSTCHECK;

/* One section on its way into the rules. */
struct pl_conf_step {
    struct pl_rules *rules;
    const struct pl_conf_section *section;
    struct pl_err *err;
};

/* INPUT at the place of a key of the section: "[TYPE NAME] `key`: what". */
enum pl_status pl_conf_step_fail(const struct pl_conf_step *step, const char *key, const char *what);

/* A list of events by their ids; `separator` is , or >. */
struct pl_conf_list {
    const char *key;
    char separator;
    unsigned max;
    uint32_t *ids;
    const char *too_many;
};
enum pl_status pl_conf_step_list(const struct pl_conf_step *step, const struct pl_conf_list *list,
                                 unsigned *n) PL_MUSTCHECK;
enum pl_status pl_conf_step_events(const struct pl_conf_step *step, const char *key,
                                   struct pl_events *events) PL_MUSTCHECK;

enum pl_status pl_conf_add_feature(const struct pl_conf_step *step) PL_MUSTCHECK;
enum pl_status pl_conf_add_objective(const struct pl_conf_step *step) PL_MUSTCHECK;
enum pl_status pl_conf_add_experiment(const struct pl_conf_step *step) PL_MUSTCHECK;

/* A new value of the document in full->text, all stages above; for parse and load. */
enum pl_status pl_conf_finish(struct pl_conf_full *full, struct pl_err *err) PL_MUSTCHECK;

/* The value of a key that the table has checked; zeros when it is not given and has no default. */
struct pl_conf_value pl_conf_read(const struct pl_conf_section *section, const char *key);

/* Is this a [kafka] key whose value is a secret, and so may only be given as KEY.file? Is it KEY.file? */
bool pl_conf_kafka_secret(const char *key);
bool pl_conf_kafka_file(const char *key);

#endif
