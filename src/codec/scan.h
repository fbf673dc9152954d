/* The scanner: one pass over a JSON document that checks it whole and picks out the fields of a plan. No allocation.
 *
 * It reads to the end even when every field was found: the reason for a bad record must not depend on the order of its
 * members, and the rest of a 300-byte event costs about as much as deciding to stop (bench/README.md). Checked: the
 * grammar of RFC 8259, UTF-8 in strings, no raw control bytes, no \u0000, pairs of surrogates, and the limits below.
 *
 * Law: what it accepts, cJSON accepts too; and then every slot is what cJSON would give (the first of duplicate members
 * wins at every level), or `slow` is set: a wanted string, or a key beside wanted ones, is written with escapes.
 *
 *   pl_scan_plan_init(&plan); pl_scan_plan_add(&plan, keys, 2, false, &slot); ... pl_scan(&plan, json, &found);
 *   value = pl_scan_get(&found, slot);
 */
#ifndef PL_CODEC_SCAN_H
#define PL_CODEC_SCAN_H

#include "core/reject.h"
#include "util/span.h"

#include <stdint.h>

#define PL_SCAN_BYTES_MAX (64u * 1024)
#define PL_SCAN_DEPTH_MAX 16
#define PL_SCAN_VALUES_MAX 512 /* scalars, arrays and objects, the document itself included */
#define PL_SCAN_NUMBER_MAX 32  /* bytes of a number */
#define PL_SCAN_NODES_MAX 64

enum pl_value_type {
    PL_VALUE_ABSENT = 0,
    PL_VALUE_NULL,
    PL_VALUE_FALSE,
    PL_VALUE_TRUE,
    PL_VALUE_NUMBER,
    PL_VALUE_STRING,
    PL_VALUE_OBJECT,
    PL_VALUE_ARRAY,
};

struct pl_value {
    enum pl_value_type type;
    struct pl_span text; /* of a string without its quotes; of a number and a literal as written; else empty */
};

/* A member that is wanted, or on the way to one. Node 0 is the document. */
struct pl_scan_node {
    struct pl_span key; /* ref */
    uint8_t parent;
    uint8_t next;   /* of the same table entry, 0: none */
    bool inner;     /* has wanted members */
    bool unescaped; /* escapes in its string are unusual */
};

/* Which members are wanted, as a tree; a slot is the number of a node. */
struct pl_scan_plan {
    unsigned n_nodes;
    struct pl_scan_node nodes[PL_SCAN_NODES_MAX];
    uint8_t table[256]; /* first node by hash of parent and key, 0: none */
};

struct pl_scan_found {
    uint64_t seen; /* bit n: node n was met; only then is values[n] valid */
    bool slow;     /* the document is good, the values are not: ask codec/slow_json */
    struct pl_value values[PL_SCAN_NODES_MAX];
};

void pl_scan_plan_init(struct pl_scan_plan *plan);

/* Want the member at keys[0].keys[1]...; *slot is where it will be found. The same path gives the same slot; one path
 * may lead on through another. raw: a string is wanted as written, escapes and all (unless somebody else wants it
 * otherwise, then `slow` may be set). The text of the keys must outlive the plan. False when the plan is full. */
bool pl_scan_plan_add(struct pl_scan_plan *plan, const struct pl_span *keys, unsigned n_keys, bool raw, unsigned *slot);

/* Scan a whole document. PL_ACCEPTED, or the first thing that is wrong with it. */
enum pl_reject pl_scan(const struct pl_scan_plan *plan, struct pl_span json, struct pl_scan_found *found);

/* The value of a slot; type PL_VALUE_ABSENT when the document has no such member. */
struct pl_value pl_scan_get(const struct pl_scan_found *found, unsigned slot);

#endif
