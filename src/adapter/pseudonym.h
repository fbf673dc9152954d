/* Unit ids to keyed 128-bit hashes (libsodium SipHash-2-4-128): the raw id never leaves the call.
 *
 * The 16 bytes of the hash are one little-endian number: `low` is made of the first eight. Cost: about 40 ns an id.
 */
#ifndef PL_ADAPTER_PSEUDONYM_H
#define PL_ADAPTER_PSEUDONYM_H

#include "core/event.h"
#include "util/err.h"

struct pl_pseudonym {
    unsigned char key[16];
};

/* The key from the first 16 bytes of a file of at least 16 bytes; a file of exactly 32 hexadecimal digits (blanks
 * around them do not count) is read as such. IO: it cannot be read; INPUT: too short, or no regular file. */
enum pl_status pl_pseudonym_load(struct pl_pseudonym *pseudonym, const char *path, struct pl_err *err) PL_MUSTCHECK;

/* A key derived from the instance name: stable, but no secret. For use without hash_key_file. */
void pl_pseudonym_derive(struct pl_pseudonym *pseudonym, const char *instance);

struct pl_unit_id pl_pseudonym_of(const struct pl_pseudonym *pseudonym, struct pl_span unit);

#endif
