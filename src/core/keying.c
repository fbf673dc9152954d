#include "core/keying.h"

#include <stdlib.h>
#include <string.h>

void pl_keying_fini(struct pl_keying *keying)
{
    free(keying->units);
    *keying = (struct pl_keying){.n = 0};
}

static bool reserve(struct pl_keying *keying, uint32_t n)
{
    uint32_t room = keying->room ? keying->room : 64;
    struct pl_keying_unit *grown;

    while (room < n)
        room *= 2;
    if (room == keying->room)
        return true;
    grown = realloc(keying->units, room * sizeof(*grown));
    if (!grown)
        return false;
    keying->units = grown;
    keying->room = room;
    return true;
}

/* Index of the first unit not below hash. */
static uint32_t lower_bound(const struct pl_keying *keying, uint64_t hash)
{
    uint32_t low = 0, high = keying->n;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (keying->units[mid].hash < hash)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

bool pl_keying_see(struct pl_keying *keying, uint64_t hash, int32_t day, bool *changed)
{
    uint32_t at;

    if (keying->n == PL_KEYING_SHARD_MAX && hash > keying->units[keying->n - 1].hash)
        return true; /* nearly always, once there are many units */
    at = lower_bound(keying, hash);
    if (at < keying->n && keying->units[at].hash == hash) {
        if (day > keying->units[at].last_day) {
            keying->units[at].last_day = day;
            *changed = true;
        }
        return true;
    }
    if (keying->n == PL_KEYING_SHARD_MAX)
        keying->n--;
    if (!reserve(keying, keying->n + 1))
        return false;
    memmove(&keying->units[at + 1], &keying->units[at], (keying->n - at) * sizeof(*keying->units));
    keying->units[at] = (struct pl_keying_unit){hash, day, PL_KEYING_NEVER};
    keying->n++;
    *changed = true;
    return true;
}

bool pl_keying_append(struct pl_keying *keying, struct pl_keying_unit unit)
{
    if (keying->n == PL_KEYING_MAX || (keying->n && keying->units[keying->n - 1].hash >= unit.hash) ||
        !reserve(keying, keying->n + 1))
        return false;
    keying->units[keying->n++] = unit;
    return true;
}

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* The same unit of two shards, or of two sets of shards. */
static struct pl_keying_unit join(const struct pl_keying_unit *a, const struct pl_keying_unit *b)
{
    int32_t both = a->last_day < b->last_day ? a->last_day : b->last_day;

    return (struct pl_keying_unit){a->hash, larger(a->last_day, b->last_day),
                                   larger(both, larger(a->shared_day, b->shared_day))};
}

bool pl_keying_merge(struct pl_keying *into, const struct pl_keying *from)
{
    struct pl_keying merged = {.n = 0};
    uint32_t a = 0, b = 0, most = into->n + from->n;

    if (from->n == 0)
        return true;
    if (!reserve(&merged, most < PL_KEYING_MAX ? most : PL_KEYING_MAX))
        return false;
    while ((a < into->n || b < from->n) && merged.n < PL_KEYING_MAX) {
        const struct pl_keying_unit *x = a < into->n ? &into->units[a] : NULL;
        const struct pl_keying_unit *y = b < from->n ? &from->units[b] : NULL;
        bool both = x && y && x->hash == y->hash;
        bool first = x && (!y || x->hash <= y->hash);

        merged.units[merged.n++] = both ? join(x, y) : first ? *x : *y;
        a += first;
        b += both || !first;
    }
    pl_keying_fini(into);
    *into = merged;
    return true;
}

struct pl_keying_view pl_keying_look(const struct pl_keying *keying, int32_t since_day)
{
    struct pl_keying_view view = {.sampled = keying->n, .last_day = PL_KEYING_NEVER};

    for (uint32_t at = 0; at < keying->n; at++) {
        int32_t day = keying->units[at].shared_day;

        if (day == PL_KEYING_NEVER || day < since_day)
            continue;
        view.shared++;
        view.last_day = larger(view.last_day, day);
    }
    return view;
}
