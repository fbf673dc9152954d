#include "core/count/slab.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define EXTENT_BYTES ((size_t)2 << 20) /* a huge page */
#define SMALL_BYTES (2 * EXTENT_BYTES) /* below that a slab takes chunk by chunk */

void pl_slab_fini(struct pl_slab *slab)
{
    for (unsigned class = 0; class < PL_SLAB_CLASSES; class ++)
        free(slab->classes[class].chunks);
    for (uint32_t piece = 0; piece < slab->n_pieces; piece++)
        free(slab->pieces[piece]);
    free(slab->pieces);
    *slab = (struct pl_slab){0};
}

/* Aligned, so that huge pages fit. That there are none is no error. */
static char *take_huge(size_t bytes)
{
    char *memory = aligned_alloc(EXTENT_BYTES, bytes);

    if (memory)
        (void)madvise(memory, bytes, MADV_HUGEPAGE);
    return memory;
}

void *pl_slab_table(size_t bytes)
{
    char *memory;

    if (bytes < EXTENT_BYTES)
        return calloc(1, bytes);
    memory = take_huge((bytes + EXTENT_BYTES - 1) & ~(EXTENT_BYTES - 1));
    if (memory)
        memset(memory, 0, bytes);
    return memory;
}

/* Make room for one more pointer. */
static bool make_room(char ***pointers, uint32_t n, uint32_t *room)
{
    uint32_t more = *room ? *room * 2 : 4;
    char **moved;

    if (n < *room)
        return true;
    moved = realloc(*pointers, more * sizeof(*moved));
    if (!moved)
        return false;
    *pointers = moved;
    *room = more;
    return true;
}

static char *add_piece(struct pl_slab *slab, size_t bytes, bool huge)
{
    char *piece;

    if (!make_room(&slab->pieces, slab->n_pieces, &slab->room))
        return NULL;
    piece = huge ? take_huge(bytes) : malloc(bytes);
    if (!piece)
        return NULL;
    slab->pieces[slab->n_pieces++] = piece;
    slab->bytes += bytes;
    return piece;
}

/* Small slabs take chunk by chunk, large ones cut chunks from huge pages; what does not divide one is taken alone. */
static char *take_chunk(struct pl_slab *slab, size_t bytes)
{
    if (slab->bytes < SMALL_BYTES || bytes > PL_SLAB_CHUNK_BYTES)
        return add_piece(slab, bytes, false);
    if (!slab->extent || slab->cut + bytes > EXTENT_BYTES) {
        slab->extent = add_piece(slab, EXTENT_BYTES, true);
        slab->cut = 0;
    }
    if (!slab->extent)
        return NULL;
    slab->cut += bytes;
    return slab->extent + slab->cut - bytes;
}

static bool add_chunk(struct pl_slab *slab, struct pl_slab_class *class, size_t block)
{
    char *chunk;

    if (!make_room(&class->chunks, class->n_chunks, &class->room))
        return false;
    chunk = take_chunk(slab, block << pl_slab_chunk_shift(block));
    if (!chunk)
        return false;
    class->chunks[class->n_chunks++] = chunk;
    return true;
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
