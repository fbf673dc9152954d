/* Writing JSON onto a pl_buf: one document at a time, commas and quotes in their places. No allocation of its own.
 *
 * Not cJSON, because cJSON prints a number with 15 digits when that is within one unit of the last place: 0.1 + 0.2
 * becomes 0.3, and a control record would not come back as it was. Numbers that are not finite are never written: the
 * member is left out (absent rather than null, design 5). A NULL key is for elements of arrays and the document itself.
 *
 *   pl_json_open(&json, NULL, '{'); pl_json_text(&json, "area", "checkout"); pl_json_close(&json, '}');
 */
#ifndef PL_CODEC_JSON_OUT_H
#define PL_CODEC_JSON_OUT_H

#include "util/buf.h"

struct pl_json {
    struct pl_buf *out; /* ref */
    bool behind_value;  /* a comma goes before what comes next */
};

struct pl_json pl_json_to(struct pl_buf *out);

/* bracket: '{' or '[', '}' or ']'. */
void pl_json_open(struct pl_json *json, const char *key, char bracket);
void pl_json_close(struct pl_json *json, char bracket);

void pl_json_text(struct pl_json *json, const char *key, const char *text);
void pl_json_bool(struct pl_json *json, const char *key, bool value);
void pl_json_int(struct pl_json *json, const char *key, int64_t value);
void pl_json_number(struct pl_json *json, const char *key, double value);

/* RFC 3339; left out for PL_TIME_NONE. */
void pl_json_time(struct pl_json *json, const char *key, int64_t time_us);

#endif
