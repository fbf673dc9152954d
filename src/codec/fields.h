/* The fields of one format: paths and conditions compiled together, so that one scan of a record finds them all.
 *
 * Documents the scanner abstains from go to cJSON. JSON held in a string, json(path), is looked at only when a field
 * inside it is asked for. Not thread-safe: it holds the values of the record read last. Values are valid until the next
 * read, and borrow from the record.
 */
#ifndef PL_CODEC_FIELDS_H
#define PL_CODEC_FIELDS_H

#include "codec/scan.h"
#include "util/err.h"

#define PL_FIELDS_MAX 40
#define PL_FIELDS_CONDITIONS_MAX 4
#define PL_FIELDS_INNER_MAX 4 /* different json(path) */

struct pl_fields;

/* NULL when out of memory. */
struct pl_fields *pl_fields_new(void);
void pl_fields_free(struct pl_fields *fields);

/* Compile one path; *field is its number. INPUT with "column N: ..." or when there are too many. @timestamp is refused
 * unless is_time, and then reads as absent: a record without a time has that of its record anyway. */
enum pl_status pl_fields_add(struct pl_fields *fields, struct pl_span path, bool is_time, unsigned *field,
                             struct pl_err *err) PL_MUSTCHECK;

/* Compile a condition; *condition is its number. */
enum pl_status pl_fields_add_condition(struct pl_fields *fields, struct pl_span text, unsigned *condition,
                                       struct pl_err *err) PL_MUSTCHECK;

/* What there is to read: a Kafka record without its numbers. */
struct pl_fields_input {
    struct pl_span value;
    struct pl_span key;
    struct pl_span topic;
};

/* Scan a record's value. PL_ACCEPTED or what is wrong with the document. */
enum pl_reject pl_fields_read(struct pl_fields *fields, const struct pl_fields_input *input);

/* The first alternative of a field that is not absent, null or ""; else PL_VALUE_ABSENT. Fails only for what is wrong
 * with JSON held in a string. */
enum pl_reject pl_fields_get(struct pl_fields *fields, unsigned field, struct pl_value *value);

/* Does the condition hold? Strings, numbers and literals are compared as text; others are equal to nothing. */
enum pl_reject pl_fields_holds(struct pl_fields *fields, unsigned condition, bool *holds);

/* Documents that needed cJSON since fields_new. */
uint64_t pl_fields_slow(const struct pl_fields *fields);

#endif
