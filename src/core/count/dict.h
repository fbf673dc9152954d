/* What the numbers in stored records stand for: definitions of metrics, funnels, areas and features, names of actions
 * and values. And which pairs of variables are counted: the ids of both metrics, so a pair is new when one of them is.
 *
 * An id stands for one definition for ever and is never used again, so a changed definition is a new id, starts empty,
 * and what was collected under the old one is dropped when it is read. Ids are given by the shard, below `n`.
 */
#ifndef PL_CORE_COUNT_DICT_H
#define PL_CORE_COUNT_DICT_H

#include "core/rules.h"

#define PL_DICT_NONE UINT32_MAX
#define PL_DICT_IDS_MAX 1000000u

enum pl_dict_kind {
    PL_DICT_METRIC,
    PL_DICT_FUNNEL,
    PL_DICT_ACTION,
    PL_DICT_VALUE,
    PL_DICT_AREA, /* as far as units are observed in it: its value events and activation */
    PL_DICT_FEATURE,
    PL_DICT_PAIR, /* an index in the plan's pairs; no record but cells names it */
    PL_DICT_KINDS
};

struct pl_dict_entry {
    char *text;    /* owned: the definition; NULL: the id is retired */
    uint64_t hash; /* of text */
    enum pl_dict_kind kind;
    uint32_t target; /* index in the rules, PL_RULES_NONE while none of them is this */
    bool stored;     /* the store has it as it is */
};

struct pl_dict {
    struct pl_dict_entry *entries; /* owned, by id */
    uint32_t n, room;
    uint32_t *ids[PL_DICT_KINDS]; /* owned: index in the rules to id */
    uint32_t n_ids[PL_DICT_KINDS];
    bool bound; /* every rule has its id */
};

/* A zeroed struct is valid and empty. */
void pl_dict_fini(struct pl_dict *dict);

/* An entry from the store. NOMEM, or INPUT when the id is out of range or taken. */
enum pl_status pl_dict_put(struct pl_dict *dict, enum pl_dict_kind kind, uint32_t id, struct pl_span text,
                           struct pl_err *err) PL_MUSTCHECK;

/* All ids below n were given: none of them is given again. */
enum pl_status pl_dict_reserve(struct pl_dict *dict, uint32_t n, struct pl_err *err) PL_MUSTCHECK;

/* Let target, an index in the rules, stand under the id of its definition, a new one when it is new. */
enum pl_status pl_dict_bind(struct pl_dict *dict, enum pl_dict_kind kind, uint32_t target, struct pl_span text,
                            struct pl_err *err) PL_MUSTCHECK;

/* Index in the rules, or PL_RULES_NONE for what is not there any more; *known false when the id was never given. */
uint32_t pl_dict_target(const struct pl_dict *dict, enum pl_dict_kind kind, uint32_t id, bool *known);

/* The id of a bound rule. */
uint32_t pl_dict_id(const struct pl_dict *dict, enum pl_dict_kind kind, uint32_t target);

#endif
