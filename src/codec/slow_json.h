/* JSON through cJSON: for documents the scanner abstains from, and for control records, which are rare.
 *
 * The document passes pl_scan first, so cJSON sees only sane, bounded text; a copy of it is parsed
 * in which every number is a string marked with a byte that no valid UTF-8 has, because cJSON would turn numbers into
 * doubles and lose digits of ids and nanoseconds. Cost: about ten times the scanner, with allocations.
 */
#ifndef PL_CODEC_SLOW_JSON_H
#define PL_CODEC_SLOW_JSON_H

#include "codec/scan.h"
#include "util/buf.h"

struct cJSON;

/* A zeroed struct is a valid closed document; its memory is kept for the next one. */
struct pl_slow_json {
    struct cJSON *root; /* owned; NULL while closed */
    struct pl_buf text; /* owned: the copy that cJSON reads */
};

/* Parse a document; closes the one before. PL_ACCEPTED, or exactly the reason pl_scan gives (out of memory: SYNTAX). */
enum pl_reject pl_slow_json_open(struct pl_slow_json *doc, struct pl_span json);

/* Forget the document: its values are gone. */
void pl_slow_json_close(struct pl_slow_json *doc);
void pl_slow_json_fini(struct pl_slow_json *doc);

/* The first member of an object with this key; NULL when there is none or node is NULL or no object. */
const struct cJSON *pl_slow_json_member(const struct cJSON *node, struct pl_span key);

/* Members of an object or elements of an array in their order, NULL at the end; and the key of a member. */
const struct cJSON *pl_slow_json_first(const struct cJSON *node);
const struct cJSON *pl_slow_json_next(const struct cJSON *node);
struct pl_span pl_slow_json_key(const struct cJSON *node);

/* The value of a node as the scanner would give it, strings unescaped (NULL: PL_VALUE_ABSENT). Valid until close. */
struct pl_value pl_slow_json_value(const struct cJSON *node);

/* Fill every slot of a plan from an open document. */
void pl_slow_json_fill(const struct pl_slow_json *doc, const struct pl_scan_plan *plan, struct pl_scan_found *found);

#endif
