/* The law of the scanner, checked on one document with plain cJSON as the oracle. Aborts with a message when it is
 * broken.
 *
 *  1. What pl_scan accepts, cJSON accepts, as an object.
 *  2. Then every slot is what cJSON gives, or the scanner abstained.
 *  3. pl_slow_json accepts the same documents, refuses others for the same reason, and fills every slot as cJSON does.
 * Used by the differential test and by fuzz_scan.
 */
#ifndef PL_TESTS_SUPPORT_SCAN_LAW_H
#define PL_TESTS_SUPPORT_SCAN_LAW_H

#include "codec/escape.h"
#include "codec/scan.h"
#include "codec/slow_json.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Wanted members as paths; the one that begins with ! is wanted raw. */
static const char *const scan_law_paths[] = {"event", "userId",  "t", "p.x", "p.y", "p.q.z",
                                             "p.q",   "a.b.c.d", "",  "!js", "n",   "p.x.w"};
#define SCAN_LAW_PATHS (sizeof(scan_law_paths) / sizeof(*scan_law_paths))

struct scan_law {
    struct pl_scan_plan plan;
    struct pl_scan_found fast, slow;
    struct pl_slow_json doc;
    unsigned slots[SCAN_LAW_PATHS];
    char text[PL_SCAN_BYTES_MAX];
    uint64_t n_accepted, n_abstained;
};

static inline void scan_law_broken(struct pl_span json, const char *what, const char *path)
{
    fprintf(stderr, "law broken: %s at `%s` in %zu bytes: %.*s\n", what, path, json.len, (int)json.len, json.ptr);
    abort();
}

static inline bool scan_law_raw(size_t at)
{
    return scan_law_paths[at][0] == '!';
}

static inline struct scan_law *scan_law_new(void)
{
    struct scan_law *law = calloc(1, sizeof(*law));

    if (!law)
        abort();
    pl_scan_plan_init(&law->plan);
    for (size_t at = 0; at < SCAN_LAW_PATHS; at++) {
        struct pl_span keys[8], rest = pl_span_of(scan_law_paths[at] + scan_law_raw(at));
        unsigned n = 0;

        while (rest.ptr)
            keys[n++] = pl_span_cut(&rest, '.');
        if (!pl_scan_plan_add(&law->plan, keys, n, scan_law_raw(at), &law->slots[at]))
            abort();
    }
    return law;
}

static inline void scan_law_free(struct scan_law *law)
{
    pl_slow_json_fini(&law->doc);
    free(law);
}

static inline const cJSON *scan_law_find(const cJSON *root, const char *path)
{
    struct pl_span rest = pl_span_of(path);

    while (root && rest.ptr) {
        char key[32];

        if (!pl_span_copy(pl_span_cut(&rest, '.'), key, sizeof(key)))
            abort();
        root = cJSON_IsObject(root) ? cJSON_GetObjectItemCaseSensitive(root, key) : NULL;
    }
    return root;
}

static inline bool scan_law_same(const struct pl_value *value, const cJSON *item)
{
    char number[64];

    switch (value->type) {
    case PL_VALUE_ABSENT:
        return !item;
    case PL_VALUE_NULL:
        return cJSON_IsNull(item);
    case PL_VALUE_FALSE:
        return cJSON_IsFalse(item);
    case PL_VALUE_TRUE:
        return cJSON_IsTrue(item);
    case PL_VALUE_NUMBER: {
        double read;

        if (!cJSON_IsNumber(item) || !pl_span_copy(value->text, number, sizeof(number)))
            return false;
        read = strtod(number, NULL);
        return memcmp(&read, &item->valuedouble, sizeof(read)) == 0;
    }
    case PL_VALUE_STRING:
        return cJSON_IsString(item) && pl_span_is(value->text, item->valuestring);
    case PL_VALUE_OBJECT:
        return cJSON_IsObject(item);
    case PL_VALUE_ARRAY:
        return cJSON_IsArray(item);
    }
    return false;
}

static inline void scan_law_compare(struct scan_law *law, struct pl_span json, const cJSON *root)
{
    for (size_t at = 0; at < SCAN_LAW_PATHS; at++) {
        const char *path = scan_law_paths[at] + scan_law_raw(at);
        const cJSON *item = scan_law_find(root, path);
        struct pl_value fast = pl_scan_get(&law->fast, law->slots[at]);
        struct pl_value slow = pl_scan_get(&law->slow, law->slots[at]);

        if (!scan_law_same(&slow, item))
            scan_law_broken(json, "slow_json differs from cJSON", path);
        if (law->fast.slow)
            continue;
        if (scan_law_raw(at) && fast.type == PL_VALUE_STRING)
            fast.text = (struct pl_span){law->text, pl_escape_undo(fast.text, law->text)};
        if (!scan_law_same(&fast, item))
            scan_law_broken(json, "scan differs from cJSON", path);
        if (fast.type != slow.type || !pl_span_eq(fast.text, slow.text))
            scan_law_broken(json, "scan differs from slow_json", path);
    }
}

/* Returns what pl_scan said. json need not be terminated. */
static inline enum pl_reject scan_law_check(struct scan_law *law, struct pl_span json)
{
    enum pl_reject reason = pl_scan(&law->plan, json, &law->fast);
    const char *end;
    char *copy;
    cJSON *root;

    if (pl_slow_json_open(&law->doc, json) != reason)
        scan_law_broken(json, "slow_json gives another reason", "");
    if (reason)
        return reason;
    copy = pl_span_dup(json);
    if (!copy)
        abort();
    root = cJSON_ParseWithLengthOpts(copy, json.len + 1, &end, 1);
    if (!cJSON_IsObject(root))
        scan_law_broken(json, "cJSON refuses it", "");
    pl_slow_json_fill(&law->doc, &law->plan, &law->slow);
    scan_law_compare(law, json, root);
    law->n_accepted++;
    law->n_abstained += law->fast.slow;
    cJSON_Delete(root);
    free(copy);
    return reason;
}

#endif
