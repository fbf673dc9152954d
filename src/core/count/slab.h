/* Blocks of memory by size class, under 32-bit handles: what units, tails and identities live in.
 *
 * A handle is 1, 2, ... within the class of its size, so the caller must know the size (or anything of the same class)
 * to use it; 0 means none. Classes: 16-byte steps to 128, then four per doubling, so at most a fifth is lost to
 * rounding. Memory comes in chunks that never move: a pointer stays good until its block is dropped. Take and drop are
 * O(1).
 */
#ifndef PL_CORE_COUNT_SLAB_H
#define PL_CORE_COUNT_SLAB_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define PL_SLAB_CLASSES 80
#define PL_SLAB_BYTES_MAX ((size_t)1 << 25)
#define PL_SLAB_CHUNK_BYTES ((size_t)1 << 18)

struct pl_slab_class {
    char **chunks;     /* owned: pointers into the slab's pieces */
    uint32_t n_chunks; /* made */
    uint32_t room;     /* pointers in chunks[] */
    uint32_t used;     /* blocks ever handed out: handles 1..used exist */
    uint32_t free;     /* handle of the first dropped block; each holds the handle of the next */
};

/* A zeroed struct is valid and empty. */
struct pl_slab {
    struct pl_slab_class classes[PL_SLAB_CLASSES];
    size_t bytes;  /* taken from the system */
    char **pieces; /* owned, and so is each: what chunks lie in */
    uint32_t n_pieces, room;
    char *extent; /* in pieces: the huge page that chunks are being cut from, NULL at first */
    size_t cut;   /* bytes of it that are used */
};

void pl_slab_fini(struct pl_slab *slab);

/* Zeroed memory for a table that is read in random order; free() gives it back. NULL when memory is out. */
void *pl_slab_table(size_t bytes);

/* A block of at least `bytes` (1 to PL_SLAB_BYTES_MAX), not cleared. 0 when memory is out or bytes too many. */
uint32_t pl_slab_take(struct pl_slab *slab, size_t bytes);

/* Class of a size, bytes of a class's blocks, and log2 of how many are in a chunk: a power of two, so that a handle
 * splits by shift and mask. Here, because for constant sizes all of it is known when compiling. */
static inline unsigned pl_slab_class_of(size_t bytes)
{
    unsigned power;

    if (bytes <= 128)
        return (unsigned)((bytes + 15) / 16 - 1);
    power = 63u - (unsigned)__builtin_clzll(bytes - 1); /* 2^power <= bytes - 1 */
    return 8 + (power - 7) * 4 + (unsigned)(((bytes - 1) >> (power - 2)) & 3);
}

static inline size_t pl_slab_class_bytes(unsigned class)
{
    return class < 8 ? (class + 1) * (size_t)16 : (size_t)(5 + class % 4) << ((class - 8) / 4 + 5);
}

static inline unsigned pl_slab_chunk_shift(size_t block)
{
    return block >= PL_SLAB_CHUNK_BYTES ? 0 : 63u - (unsigned)__builtin_clzll(PL_SLAB_CHUNK_BYTES / block);
}

/* The block of a handle that was taken with the same number of bytes. */
static inline void *pl_slab_at(const struct pl_slab *slab, size_t bytes, uint32_t handle)
{
    unsigned class = pl_slab_class_of(bytes);
    size_t block = pl_slab_class_bytes(class);
    unsigned shift = pl_slab_chunk_shift(block);
    uint32_t at = handle - 1;

    assert(at < slab->classes[class].used);
    return slab->classes[class].chunks[at >> shift] + (at & ((1u << shift) - 1)) * block;
}

/* Give a block back; handle 0 is a no-op. */
void pl_slab_drop(struct pl_slab *slab, size_t bytes, uint32_t handle);

/* Do both sizes live in one class? Then a block can change from one to the other where it is. */
static inline int pl_slab_same(size_t bytes, size_t other)
{
    return bytes && other && pl_slab_class_of(bytes) == pl_slab_class_of(other);
}

#endif
