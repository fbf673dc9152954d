#include "util/names.h"

#include "util/hash.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct pl_names {
    uint32_t cap;
    uint32_t count;
    uint32_t mask;   /* slots - 1; slots are a power of two, at least twice cap */
    uint32_t *slots; /* owned: id + 1, or 0 for empty */
    char **texts;    /* owned, and so is each text */
};

struct pl_names *pl_names_new(uint32_t cap)
{
    struct pl_names *names;
    uint32_t slots = 16;

    assert(cap >= 1 && cap <= 1000000);
    names = calloc(1, sizeof(*names));
    if (!names)
        return NULL;
    while (slots < cap * 2)
        slots *= 2;
    names->cap = cap;
    names->mask = slots - 1;
    names->slots = calloc(slots, sizeof(*names->slots));
    names->texts = calloc(cap, sizeof(*names->texts));
    if (!names->slots || !names->texts) {
        pl_names_free(names);
        return NULL;
    }
    return names;
}

void pl_names_free(struct pl_names *names)
{
    if (!names)
        return;
    for (uint32_t id = 0; names->texts && id < names->count; id++)
        free(names->texts[id]);
    free(names->texts);
    free(names->slots);
    free(names);
}

/* The slot that holds text, or the empty slot where it would go. */
static uint32_t probe(const struct pl_names *names, struct pl_span text)
{
    uint32_t at = (uint32_t)pl_hash64(PL_HASH_SEED, text) & names->mask;

    while (names->slots[at] && !pl_span_is(text, names->texts[names->slots[at] - 1]))
        at = (at + 1) & names->mask;
    return at;
}

uint32_t pl_names_find(const struct pl_names *names, struct pl_span text)
{
    return names->slots[probe(names, text)] - 1u; /* 0 - 1 is PL_NAMES_NONE */
}

uint32_t pl_names_add(struct pl_names *names, struct pl_span text)
{
    uint32_t at = probe(names, text);

    if (names->slots[at])
        return names->slots[at] - 1;
    if (names->count == names->cap || (text.len && memchr(text.ptr, '\0', text.len)))
        return PL_NAMES_NONE;
    names->texts[names->count] = pl_span_dup(text);
    if (!names->texts[names->count])
        return PL_NAMES_NONE;
    names->slots[at] = ++names->count;
    return names->count - 1;
}

uint32_t pl_names_count(const struct pl_names *names)
{
    return names->count;
}

const char *pl_names_text(const struct pl_names *names, uint32_t id)
{
    assert(id < names->count);
    return names->texts[id];
}
