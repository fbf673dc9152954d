/* The path language: where in a record a field is found (ecosystem.md 1.4), and small conditions over such fields.
 *
 *   event                                dotted members; `properties["Experiment name"]` for any other key
 *   userId || anonymousId                the first that is not absent, null or ""
 *   json(properties).$feature_flag       `properties` is an object, or a string that holds one
 *   'constant'   @key   @topic   @timestamp      of the Kafka record
 *   type == track and event in (Experiment Viewed, "experiment_viewed")
 *
 * Parsed once, then only read. Pure syntax: codec/fields gives it meaning. Owns a copy of its text; spans point there.
 */
#ifndef PL_CODEC_PATH_H
#define PL_CODEC_PATH_H

#include "util/err.h"
#include "util/span.h"

#define PL_PATH_BYTES_MAX 4096
#define PL_PATH_KEYS_MAX 15 /* members below the top object of a document 16 deep */
#define PL_PATH_KEY_BYTES_MAX 128
#define PL_PATH_TERMS_MAX 8
#define PL_PATH_VALUES_MAX 32
#define PL_PATH_CLAUSES_MAX 8

enum pl_path_kind {
    PL_PATH_FIELD,     /* keys */
    PL_PATH_JSON,      /* keys; the first n_outer lead to a string (or object), the others go on inside it */
    PL_PATH_CONSTANT,  /* constant */
    PL_PATH_KEY,       /* @key */
    PL_PATH_TOPIC,     /* @topic */
    PL_PATH_TIMESTAMP, /* @timestamp */
};

/* One way to find a value. */
struct pl_path_term {
    enum pl_path_kind kind;
    unsigned n_keys;
    unsigned n_outer;
    struct pl_span keys[PL_PATH_KEYS_MAX];
    struct pl_span constant;
};

/* One or more terms joined by ||. */
struct pl_path {
    char *text; /* owned; NULL inside a condition, which owns the text */
    unsigned n_terms;
    struct pl_path_term terms[PL_PATH_TERMS_MAX];
};

/* `left == value` or `left in (value, ...)`. */
struct pl_path_clause {
    struct pl_path left;
    unsigned n_values;
    struct pl_span values[PL_PATH_VALUES_MAX];
};

/* Clauses joined by `and`; all must hold. */
struct pl_path_condition {
    char *text; /* owned */
    unsigned n_clauses;
    struct pl_path_clause *clauses; /* owned */
};

/* INPUT with "column N: what is wrong", or NOMEM. On failure *path is empty; else the caller calls pl_path_fini. */
enum pl_status pl_path_parse(struct pl_span text, struct pl_path *path, struct pl_err *err) PL_MUSTCHECK;
void pl_path_fini(struct pl_path *path);

/* The same for a condition. */
enum pl_status pl_path_condition_parse(struct pl_span text, struct pl_path_condition *condition,
                                       struct pl_err *err) PL_MUSTCHECK;
void pl_path_condition_fini(struct pl_path_condition *condition);

#endif
