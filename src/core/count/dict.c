#include "core/count/dict.h"

#include "util/hash.h"

#include <assert.h>
#include <stdlib.h>

void pl_dict_fini(struct pl_dict *dict)
{
    for (uint32_t id = 0; id < dict->n; id++)
        free(dict->entries[id].text);
    free(dict->entries);
    for (unsigned kind = 0; kind < PL_DICT_KINDS; kind++)
        free(dict->ids[kind]);
    *dict = (struct pl_dict){0};
}

enum pl_status pl_dict_reserve(struct pl_dict *dict, uint32_t n, struct pl_err *err)
{
    struct pl_dict_entry *entries;

    if (n > PL_DICT_IDS_MAX)
        return pl_err_set(err, PL_ERR_FULL, "more than %u definitions were ever stored", PL_DICT_IDS_MAX);
    if (n > dict->room) {
        entries = realloc(dict->entries, (size_t)n * 2 * sizeof(*entries));
        if (!entries)
            return pl_err_set(err, PL_ERR_NOMEM, "out of memory for the dictionary");
        dict->entries = entries;
        dict->room = n * 2;
    }
    for (; dict->n < n; dict->n++)
        dict->entries[dict->n] = (struct pl_dict_entry){.target = PL_RULES_NONE};
    return PL_OK;
}

static enum pl_status fill(struct pl_dict_entry *entry, enum pl_dict_kind kind, struct pl_span text, struct pl_err *err)
{
    *entry = (struct pl_dict_entry){
        .text = pl_span_dup(text), .hash = pl_hash64(PL_HASH_SEED, text), .kind = kind, .target = PL_RULES_NONE};
    if (!entry->text)
        return pl_err_set(err, PL_ERR_NOMEM, "out of memory for the dictionary");
    return PL_OK;
}

enum pl_status pl_dict_put(struct pl_dict *dict, enum pl_dict_kind kind, uint32_t id, struct pl_span text,
                           struct pl_err *err)
{
    enum pl_status status;

    if (id >= PL_DICT_IDS_MAX || (id < dict->n && dict->entries[id].text))
        return pl_err_set(err, PL_ERR_INPUT, "dictionary: id %u is out of range or there twice", id);
    if (id >= dict->n) {
        status = pl_dict_reserve(dict, id + 1, err);
        if (status)
            return status;
    }
    status = fill(&dict->entries[id], kind, text, err);
    if (!status)
        dict->entries[id].stored = true;
    return status;
}

static uint32_t find(const struct pl_dict *dict, enum pl_dict_kind kind, struct pl_span text)
{
    uint64_t hash = pl_hash64(PL_HASH_SEED, text);

    for (uint32_t id = 0; id < dict->n; id++) {
        const struct pl_dict_entry *entry = &dict->entries[id];

        if (entry->text && entry->kind == kind && entry->hash == hash && pl_span_is(text, entry->text))
            return id;
    }
    return PL_DICT_NONE;
}

static enum pl_status remember(struct pl_dict *dict, enum pl_dict_kind kind, uint32_t target, uint32_t id,
                               struct pl_err *err)
{
    if (target >= dict->n_ids[kind]) {
        uint32_t n = target + 64;
        uint32_t *ids = realloc(dict->ids[kind], n * sizeof(*ids));

        if (!ids)
            return pl_err_set(err, PL_ERR_NOMEM, "out of memory for the dictionary");
        for (uint32_t at = dict->n_ids[kind]; at < n; at++)
            ids[at] = PL_DICT_NONE;
        dict->ids[kind] = ids;
        dict->n_ids[kind] = n;
    }
    dict->ids[kind][target] = id;
    dict->entries[id].target = target;
    return PL_OK;
}

enum pl_status pl_dict_bind(struct pl_dict *dict, enum pl_dict_kind kind, uint32_t target, struct pl_span text,
                            struct pl_err *err)
{
    uint32_t id = find(dict, kind, text);
    enum pl_status status;

    if (id == PL_DICT_NONE) {
        id = dict->n;
        status = pl_dict_reserve(dict, id + 1, err);
        if (!status)
            status = fill(&dict->entries[id], kind, text, err);
        if (status)
            return status;
    }
    return remember(dict, kind, target, id, err);
}

uint32_t pl_dict_target(const struct pl_dict *dict, enum pl_dict_kind kind, uint32_t id, bool *known)
{
    *known = id < dict->n;
    if (!*known || !dict->entries[id].text || dict->entries[id].kind != kind)
        return PL_RULES_NONE;
    return dict->entries[id].target;
}

uint32_t pl_dict_id(const struct pl_dict *dict, enum pl_dict_kind kind, uint32_t target)
{
    assert(target < dict->n_ids[kind]);
    return dict->ids[kind][target];
}
