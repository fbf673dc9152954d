/* JSON objects for --json, member by member, into a buffer: names and commas are kept right here.
 *
 * Absent rather than null: numbers that are not finite, times that are not known and empty texts leave no member.
 */
#ifndef PL_CTL_JSON_H
#define PL_CTL_JSON_H

#include "util/buf.h"

struct pl_json {
    struct pl_buf *out; /* ref */
    bool comma;         /* the next member needs one before it */
};

/* name NULL: an element of an array, or the outermost value. */
void pl_json_open(struct pl_json *json, const char *name, char bracket);
void pl_json_close(struct pl_json *json, char bracket);

void pl_json_text(struct pl_json *json, const char *name, struct pl_span text);
void pl_json_string(struct pl_json *json, const char *name, const char *text);
void pl_json_double(struct pl_json *json, const char *name, double value);
void pl_json_int(struct pl_json *json, const char *name, int64_t value);
void pl_json_bool(struct pl_json *json, const char *name, bool value);
void pl_json_time(struct pl_json *json, const char *name, int64_t time_us);

/* A value that is JSON already. */
void pl_json_raw(struct pl_json *json, const char *name, struct pl_span value);

#endif
