/* The parts of codec/state: each kind of record is written and read by a file of its own. Nobody else includes this.
 *
 * Every value begins with a version byte. Numbers are LEB128, signed ones zigzag; identities are 8 raw bytes, lowest
 * first.
 */
#ifndef PL_CODEC_STATE_INSIDE_H
#define PL_CODEC_STATE_INSIDE_H

#include "codec/state.h"
#include "core/count/inside.h"

#define PL_STATE_VERSION 1

/* Where a write goes: one buffer for fields, one for values. */
struct pl_state_out {
    pl_state_emit_fn emit;
    void *ctx;
    struct pl_buf field;
    struct pl_buf value;
};

/* Empty both buffers; the value gets its version byte. */
void pl_state_begin(struct pl_state_out *out);

/* Emit what the buffers hold, or a deletion of the field. */
enum pl_status pl_state_put(struct pl_state_out *out, enum pl_state_kind kind, uint32_t bucket, struct pl_err *err);
enum pl_status pl_state_delete(struct pl_state_out *out, enum pl_state_kind kind, uint32_t bucket, struct pl_err *err);

/* Take pieces from the front of *rest; false when it ends early or a value is out of range. A time is within 0 to
 * PL_TIME_MAX, or or_us (PL_TIME_NONE, PL_NEVER_US; 0 for no other): so differences of times cannot overflow. */
bool pl_state_take_version(struct pl_span *rest);
bool pl_state_take_count(struct pl_span *rest, uint32_t below, uint32_t *value);
bool pl_state_take_raw64(struct pl_span *rest, uint64_t *value);
bool pl_state_take_double(struct pl_span *rest, double *value);
bool pl_state_take_time(struct pl_span *rest, int64_t or_us, int64_t *time_us);
bool pl_state_take_name(struct pl_span *rest, struct pl_span *name);

void pl_state_add_raw64(struct pl_buf *buf, uint64_t value);
void pl_state_add_double(struct pl_buf *buf, double value);
void pl_state_add_name(struct pl_buf *buf, const char *name);

/* Properties of an event under the rules' indexes (bit v of has: micro[v] is there), and back; what no rule reads any
 * more is passed over. micro: PL_EVENT_VALUES of them. */
void pl_state_put_values(const struct pl_shard *shard, uint32_t has, const int64_t *micro, struct pl_buf *out);
bool pl_state_take_values(const struct pl_shard *shard, struct pl_span *rest, uint32_t *has, int64_t *micro);

/* A sample of units, and back: hashes by their differences, days by theirs to the largest. */
void pl_state_put_keying(const struct pl_keying *keying, struct pl_buf *out);
bool pl_state_take_keying(struct pl_span *rest, struct pl_keying *keying);

/* Give every metric, funnel, action, value and pair of the rules its id. Once per shard. */
enum pl_status pl_state_bind(struct pl_shard *shard, struct pl_err *err);

/* One entry of a unit's words that has to do with an observed area (area, feature, left), and back: into shard->state.
 * What is not there any more is passed over. Areas come first, then features. */
void pl_state_put_usage(const struct pl_shard *shard, const uint64_t *words, struct pl_buf *out);
bool pl_state_take_usage(struct pl_shard *shard, enum pl_words_kind kind, struct pl_span *rest);

enum pl_status pl_state_write_dict(struct pl_shard *shard, struct pl_state_out *out, struct pl_err *err);
enum pl_status pl_state_write_front(struct pl_shard *shard, struct pl_state_out *out, struct pl_err *err);
enum pl_status pl_state_write_input(struct pl_shard *shard, struct pl_state_out *out, struct pl_err *err);
enum pl_status pl_state_write_cells(struct pl_shard *shard, struct pl_state_out *out, struct pl_err *err);
enum pl_status pl_state_write_units(struct pl_shard *shard, struct pl_state_out *out, struct pl_err *err);

enum pl_status pl_state_read_dict(struct pl_shard *shard, struct pl_span field, struct pl_span value,
                                  struct pl_err *err);
enum pl_status pl_state_read_front(struct pl_shard *shard, struct pl_span value, struct pl_err *err);
enum pl_status pl_state_read_input(struct pl_shard *shard, struct pl_span field, struct pl_span value,
                                   struct pl_err *err);
enum pl_status pl_state_read_cell(struct pl_shard *shard, struct pl_span field, struct pl_span value,
                                  struct pl_err *err);
enum pl_status pl_state_read_unit(struct pl_shard *shard, struct pl_span field, struct pl_span value,
                                  struct pl_err *err);

/* What a unit did before experiments: its entries of kind BEFORE in a unit record, into and from shard->state. */
void pl_state_put_before(const struct pl_shard *shard, const uint64_t *words, struct pl_buf *out);
bool pl_state_take_before(struct pl_shard *shard, struct pl_span *rest) PL_MUSTCHECK;

#endif
