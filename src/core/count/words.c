#include "core/count/words.h"

#include <stdlib.h>
#include <string.h>

/* Header, from the low end: id 16, kind 3, mixed 1, variant 5, segment 3, then step 6, day 6, hour 6 or flags 16,
 * (2 free), words 16. */
uint64_t pl_words_pack(const struct pl_words_head *head)
{
    return (uint64_t)head->id | (uint64_t)head->kind << 16 | (uint64_t)head->mixed << 19 |
           (uint64_t)head->variant << 20 | (uint64_t)head->segment << 25 | (uint64_t)head->step << 28 |
           (uint64_t)head->day_max << 34 | (uint64_t)head->hour_max << 40 | (uint64_t)head->flags << 28 |
           (uint64_t)head->n_words << 48;
}

struct pl_words_head pl_words_unpack(uint64_t word)
{
    enum pl_words_kind kind = pl_words_kind_of(word);
    bool flags = kind > PL_WORDS_FUNNEL;

    return (struct pl_words_head){
        .kind = kind,
        .id = (uint32_t)(word & 0xffff),
        .n_words = pl_words_size(word),
        .mixed = word >> 19 & 1,
        .variant = (unsigned)(word >> 20 & 31),
        .segment = (unsigned)(word >> 25 & 7),
        .step = flags ? 0 : (unsigned)(word >> 28 & 63),
        .day_max = flags ? 0 : (unsigned)(word >> 34 & 63),
        .hour_max = flags ? 0 : (unsigned)(word >> 40 & 63),
        .flags = flags ? (unsigned)(word >> 28 & 0xffff) : 0,
    };
}

uint32_t pl_words_find(const struct pl_words *words, enum pl_words_kind kind, uint32_t id)
{
    uint64_t wanted = (uint64_t)id | (uint64_t)kind << 16;

    for (uint32_t at = PL_WORDS_FIRST; at < words->n; at += pl_words_size(words->at[at]))
        if ((words->at[at] & 0x7ffff) == wanted)
            return at;
    return 0;
}

static bool reserve(struct pl_words *words, uint32_t n)
{
    uint32_t cap = words->cap ? words->cap : 16;
    uint64_t *at;

    while (cap < n)
        cap *= 2;
    if (cap == words->cap)
        return true;
    at = realloc(words->at, cap * sizeof(*at));
    if (!at)
        return false;
    words->at = at;
    words->cap = cap;
    return true;
}

bool pl_words_push(struct pl_words *words, uint32_t n)
{
    if (!reserve(words, words->n + n))
        return false;
    memset(words->at + words->n, 0, n * sizeof(*words->at));
    words->n += n;
    return true;
}

bool pl_words_insert(struct pl_words *words, uint32_t at, uint32_t n)
{
    if (!reserve(words, words->n + n))
        return false;
    memmove(words->at + at + n, words->at + at, (words->n - at) * sizeof(*words->at));
    memset(words->at + at, 0, n * sizeof(*words->at));
    words->n += n;
    return true;
}

void pl_words_cut(struct pl_words *words, uint32_t at, uint32_t n)
{
    memmove(words->at + at, words->at + at + n, (words->n - at - n) * sizeof(*words->at));
    words->n -= n;
}

bool pl_words_copy(struct pl_words *words, const uint64_t *from, uint32_t n)
{
    words->n = 0;
    if (!reserve(words, n))
        return false;
    if (n)
        memcpy(words->at, from, n * sizeof(*from));
    words->n = n;
    return true;
}

void pl_words_fini(struct pl_words *words)
{
    free(words->at);
    *words = (struct pl_words){0};
}
