/* Blocks of memory by size class, under 32-bit handles: what units, tails and identities live in.
 *
 * A handle is 1, 2, ... within the class of its size, so the caller must know the size (or anything of the same class)
 * to use it; 0 means none. Classes: 16-byte steps to 128, then four per doubling, so at most a fifth is lost to
 * rounding. Memory comes in chunks that never move: a pointer stays good until its block is dropped. Take and drop are
 * O(1).
 */
#ifndef PL_CORE_COUNT_SLAB_H
#define PL_CORE_COUNT_SLAB_H

#include <stddef.h>
#include <stdint.h>

#define PL_SLAB_CLASSES 80
#define PL_SLAB_BYTES_MAX ((size_t)1 << 25)

struct pl_slab_class {
    char **chunks;     /* owned, and so is each chunk */
    uint32_t n_chunks; /* made */
    uint32_t room;     /* pointers in chunks[] */
    uint32_t used;     /* blocks ever handed out: handles 1..used exist */
    uint32_t free;     /* handle of the first dropped block; each holds the handle of the next */
};

/* A zeroed struct is valid and empty. */
struct pl_slab {
    struct pl_slab_class classes[PL_SLAB_CLASSES];
    size_t bytes; /* taken from the system */
};

void pl_slab_fini(struct pl_slab *slab);

/* A block of at least `bytes` (1 to PL_SLAB_BYTES_MAX), not cleared. 0 when memory is out or bytes too many. */
uint32_t pl_slab_take(struct pl_slab *slab, size_t bytes);

/* The block of a handle that was taken with the same number of bytes. */
void *pl_slab_at(const struct pl_slab *slab, size_t bytes, uint32_t handle);

/* Give a block back; handle 0 is a no-op. */
void pl_slab_drop(struct pl_slab *slab, size_t bytes, uint32_t handle);

/* Do both sizes live in one class? Then a block can change from one to the other where it is. */
int pl_slab_same(size_t bytes, size_t other);

#endif
