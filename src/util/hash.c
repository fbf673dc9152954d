#include "util/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint64_t avalanche(uint64_t h)
{
    h ^= h >> 33;
    h *= UINT64_C(0xff51afd7ed558ccd);
    h ^= h >> 33;
    h *= UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ (h >> 33);
}

uint64_t pl_hash64(uint64_t seed, struct pl_span bytes)
{
    uint64_t h = seed;

    for (size_t at = 0; at < bytes.len; at++) {
        h ^= (unsigned char)bytes.ptr[at];
        h *= UINT64_C(0x100000001b3);
    }
    return avalanche(h);
}

static uint64_t little_endian(const char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

uint64_t pl_hash_long(uint64_t seed, struct pl_span bytes)
{
    uint64_t h = seed ^ bytes.len * UINT64_C(0x9e3779b97f4a7c15);
    size_t at = 0;

    for (; at + 8 <= bytes.len; at += 8) {
        h = (h ^ little_endian(bytes.ptr + at)) * UINT64_C(0xff51afd7ed558ccd);
        h ^= h >> 32;
    }
    return pl_hash64(h, (struct pl_span){bytes.ptr + at, bytes.len - at});
}

void pl_hash_hex128(struct pl_span bytes, char out[33])
{
    uint64_t low = pl_hash64(PL_HASH_SEED, bytes);
    uint64_t high = pl_hash64(low ^ UINT64_C(0x9e3779b97f4a7c15), bytes);

    snprintf(out, 33, "%016" PRIx64 "%016" PRIx64, high, low);
}

uint32_t pl_hash_crc32c(struct pl_span bytes)
{
    uint32_t crc = 0xffffffffu;

    for (size_t at = 0; at < bytes.len; at++) {
        crc ^= (unsigned char)bytes.ptr[at];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (0x82f63b78u & (0u - (crc & 1u)));
    }
    return ~crc;
}
