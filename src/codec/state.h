/* The state of a shard as Redis keeps it (design 7): unit records, cells, dictionary and position, as small fields.
 *
 * Writing visits only what changed since the last visit and marks it clean at once: if the commit that carries it
 * fails, the worker drops the shard or sends the same bytes again. Reading refuses what it does not understand with a
 * reason; it never guesses. Records are versioned, little, and name rules by ids of the shard's dictionary.
 */
#ifndef PL_CODEC_STATE_H
#define PL_CODEC_STATE_H

#include "core/count/shard.h"
#include "util/buf.h"

#ifndef PL_STATE_BUCKETS /* tests may do with fewer */
#define PL_STATE_BUCKETS 1024
#endif

enum pl_state_kind {
    PL_STATE_UNIT,  /* field: 16 bytes of unit id; bucket < PL_STATE_BUCKETS */
    PL_STATE_CELL,  /* field: the packed key */
    PL_STATE_DICT,  /* field: "e" index, "m" index, ...: names that ids stand for */
    PL_STATE_FRONT, /* one field "front": F, S_k, largest place, first record, what advance needs */
    PL_STATE_INPUT, /* "held": events whose clocks run ahead of their input; "units": a sample of the units */
};

/* value.ptr NULL means: delete the field. Spans are valid during the call. */
typedef enum pl_status (*pl_state_emit_fn)(void *ctx, enum pl_state_kind kind, uint32_t bucket, struct pl_span field,
                                           struct pl_span value, struct pl_err *err);

/* Emit everything that changed since the last call. Stops at the first error of emit. */
enum pl_status pl_state_write(struct pl_shard *shard, pl_state_emit_fn emit, void *ctx,
                              struct pl_err *err) PL_MUSTCHECK;

/* How many unit records a write would emit now: the worker commits early above commit_records. */
size_t pl_state_dirty(const struct pl_shard *shard);

/* How many fields of cells, and of the dictionary, the store has: those read, and what was written since. The second is
 * O(definitions). */
size_t pl_state_cells(const struct pl_shard *shard);
size_t pl_state_names(const struct pl_shard *shard);

/* Take one field back into a new shard, in the order DICT, FRONT, INPUT, CELL, UNIT; then call pl_state_ready once. */
enum pl_status pl_state_read(struct pl_shard *shard, enum pl_state_kind kind, struct pl_span field,
                             struct pl_span value, struct pl_err *err) PL_MUSTCHECK;
enum pl_status pl_state_ready(struct pl_shard *shard, struct pl_err *err) PL_MUSTCHECK;

/* Published sums of one tick as bytes, and back. The bytes carry the ids of metrics and funnels: whoever reads them by
 * other rules gets the cells under its own indexes, without those of metrics and funnels that it does not have. */
enum pl_status pl_state_put_sums(const struct pl_sums *sums, const struct pl_rules *rules, struct pl_buf *out,
                                 struct pl_err *err) PL_MUSTCHECK;
enum pl_status pl_state_get_sums(struct pl_span bytes, const struct pl_rules *rules, struct pl_sums *sums,
                                 struct pl_err *err) PL_MUSTCHECK;

#endif
