/* The state of a unit as 64-bit words: what step reads and writes, and what lies in memory between events.
 *
 *   word 0                              place of the unit's last event
 *   experiment: header, t0, words...    words of the metrics of its area, see measure.h; a mixed one has neither
 *   funnel:     header, entry, last     times of the attempt's first and of its last step
 *   area, feature, before:              see usage.h, feature.h and before.h
 *   left:       header, day             see feature.h; there may be several of an area
 *
 * A header says what follows: kind, id (index of the experiment, else in the rules), number of words, and small fields.
 * No words at all is the state of a unit of which nothing is known. Buffers are reused, so the steady state allocates
 * nothing.
 */
#ifndef PL_CORE_COUNT_WORDS_H
#define PL_CORE_COUNT_WORDS_H

#include <stdbool.h>
#include <stdint.h>

struct pl_words {
    uint64_t *at; /* owned */
    uint32_t n, cap;
};

enum pl_words_kind {
    PL_WORDS_EXPERIMENT = 1,
    PL_WORDS_FUNNEL = 2,
    PL_WORDS_AREA = 3,
    PL_WORDS_FEATURE = 4,
    PL_WORDS_BEFORE = 5,
    PL_WORDS_LEFT = 6, /* id: an area */
    PL_WORDS_KINDS     /* kinds are below it */
};

/* The fields of a header, unpacked. */
struct pl_words_head {
    enum pl_words_kind kind;
    uint32_t id;      /* below 65,536 */
    uint32_t n_words; /* of the whole entry, below 65,536 */
    bool mixed;       /* experiment: seen in two variants */
    unsigned variant; /* experiment */
    unsigned segment; /* experiment */
    unsigned step;    /* funnel: steps reached by the open attempt, 0 without one */
    unsigned day_max; /* funnel: most steps reached by attempts entered on the day of `entry` */
    unsigned hour_max;
    unsigned flags; /* area, feature, before, left: 16 bits of their own */
};

#define PL_WORDS_FIRST 1 /* position of the first entry */

uint64_t pl_words_pack(const struct pl_words_head *head);
struct pl_words_head pl_words_unpack(uint64_t word);

/* Single fields of a header, without unpacking the rest: words and kind of the entry; id; of an experiment's. */
static inline uint32_t pl_words_size(uint64_t header)
{
    return (uint32_t)(header >> 48);
}

static inline enum pl_words_kind pl_words_kind_of(uint64_t header)
{
    return (enum pl_words_kind)(header >> 16 & 7);
}

static inline uint32_t pl_words_id(uint64_t header)
{
    return (uint32_t)(header & 0xffff);
}

static inline bool pl_words_mixed(uint64_t header)
{
    return header >> 19 & 1;
}

static inline unsigned pl_words_variant(uint64_t header)
{
    return (unsigned)(header >> 20 & 31);
}

/* Position of the entry's header, or 0. O(entries). */
uint32_t pl_words_find(const struct pl_words *words, enum pl_words_kind kind, uint32_t id);

/* n more words at the end, zeroed; false without memory. */
bool pl_words_push(struct pl_words *words, uint32_t n);

/* n more words at a position, zeroed: what stood there moves up. False without memory. */
bool pl_words_insert(struct pl_words *words, uint32_t at, uint32_t n);

/* Take n words out. */
void pl_words_cut(struct pl_words *words, uint32_t at, uint32_t n);

/* Become a copy; false without memory. */
bool pl_words_copy(struct pl_words *words, const uint64_t *from, uint32_t n);

void pl_words_fini(struct pl_words *words);

#endif
