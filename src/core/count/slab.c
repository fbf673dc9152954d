#include "core/count/slab.h"

#include <stdlib.h>
#include <string.h>

void pl_slab_fini(struct pl_slab *slab)
{
    for (unsigned class = 0; class < PL_SLAB_CLASSES; class ++) {
        for (uint32_t chunk = 0; chunk < slab->classes[class].n_chunks; chunk++)
            free(slab->classes[class].chunks[chunk]);
        free(slab->classes[class].chunks);
    }
    *slab = (struct pl_slab){0};
}

static int add_chunk(struct pl_slab *slab, struct pl_slab_class *class, size_t block)
{
    size_t bytes = block << pl_slab_chunk_shift(block);
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
    class = &slab->classes[pl_slab_class_of(bytes)];
    block = pl_slab_class_bytes(pl_slab_class_of(bytes));
    if (class->free) {
        handle = class->free;
        memcpy(&class->free, pl_slab_at(slab, bytes, handle), sizeof(class->free));
        return handle;
    }
    if (class->used == UINT32_MAX - 1)
        return 0;
    if (class->used >> pl_slab_chunk_shift(block) == class->n_chunks && !add_chunk(slab, class, block))
        return 0;
    return ++class->used;
}

void pl_slab_drop(struct pl_slab *slab, size_t bytes, uint32_t handle)
{
    struct pl_slab_class *class;

    if (!handle)
        return;
    class = &slab->classes[pl_slab_class_of(bytes)];
    memcpy(pl_slab_at(slab, bytes, handle), &class->free, sizeof(class->free));
    class->free = handle;
}
