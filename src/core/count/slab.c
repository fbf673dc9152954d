#include "core/count/slab.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SMALL_MAX 128
#define SMALL_STEP 16
#define SMALL_CLASSES 8
#define CHUNK_BYTES ((size_t)1 << 16)

static unsigned class_of(size_t bytes)
{
    unsigned power;

    if (bytes <= SMALL_MAX)
        return (unsigned)((bytes + SMALL_STEP - 1) / SMALL_STEP - 1);
    power = 63u - (unsigned)__builtin_clzll(bytes - 1); /* 2^power <= bytes - 1 */
    return SMALL_CLASSES + (power - 7) * 4 + (unsigned)(((bytes - 1) >> (power - 2)) & 3);
}

static size_t class_bytes(unsigned class)
{
    if (class < SMALL_CLASSES)
        return (class + 1) * (size_t)SMALL_STEP;
    class -= SMALL_CLASSES;
    return (size_t)(5 + class % 4) << (class / 4 + 5);
}

/* Blocks per chunk are a power of two, so that a handle splits by shift and mask. */
static unsigned chunk_shift(size_t block)
{
    return block >= CHUNK_BYTES ? 0 : 63u - (unsigned)__builtin_clzll(CHUNK_BYTES / block);
}

void pl_slab_fini(struct pl_slab *slab)
{
    for (unsigned class = 0; class < PL_SLAB_CLASSES; class ++) {
        for (uint32_t chunk = 0; chunk < slab->classes[class].n_chunks; chunk++)
            free(slab->classes[class].chunks[chunk]);
        free(slab->classes[class].chunks);
    }
    *slab = (struct pl_slab){0};
}

static void *block_at(const struct pl_slab_class *class, size_t block, uint32_t handle)
{
    unsigned shift = chunk_shift(block);
    uint32_t at = handle - 1;

    return class->chunks[at >> shift] + (at & ((1u << shift) - 1)) * block;
}

static int add_chunk(struct pl_slab *slab, struct pl_slab_class *class, size_t block)
{
    size_t bytes = block << chunk_shift(block);
    char *chunk;

    if (class->n_chunks == class->room) {
        uint32_t room = class->room ? class->room * 2 : 4;
        char **chunks = realloc(class->chunks, room * sizeof(*chunks));

        if (!chunks)
            return 0;
        class->chunks = chunks;
        class->room = room;
    }
    chunk = malloc(bytes);
    if (!chunk)
        return 0;
    class->chunks[class->n_chunks++] = chunk;
    slab->bytes += bytes;
    return 1;
}

uint32_t pl_slab_take(struct pl_slab *slab, size_t bytes)
{
    struct pl_slab_class *class;
    size_t block;
    uint32_t handle;

    if (bytes == 0 || bytes > PL_SLAB_BYTES_MAX)
        return 0;
    class = &slab->classes[class_of(bytes)];
    block = class_bytes(class_of(bytes));
    if (class->free) {
        handle = class->free;
        memcpy(&class->free, block_at(class, block, handle), sizeof(class->free));
        return handle;
    }
    if (class->used == UINT32_MAX - 1)
        return 0;
    if (class->used >> chunk_shift(block) == class->n_chunks && !add_chunk(slab, class, block))
        return 0;
    return ++class->used;
}

void *pl_slab_at(const struct pl_slab *slab, size_t bytes, uint32_t handle)
{
    unsigned class = class_of(bytes);

    assert(handle > 0 && handle <= slab->classes[class].used);
    return block_at(&slab->classes[class], class_bytes(class), handle);
}

void pl_slab_drop(struct pl_slab *slab, size_t bytes, uint32_t handle)
{
    unsigned at = class_of(bytes ? bytes : 1);
    struct pl_slab_class *class = &slab->classes[at];

    if (!handle)
        return;
    memcpy(block_at(class, class_bytes(at), handle), &class->free, sizeof(class->free));
    class->free = handle;
}

int pl_slab_same(size_t bytes, size_t other)
{
    return bytes && other && class_of(bytes) == class_of(other);
}
