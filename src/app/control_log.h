/* The control topic as one worker sees it: a window of parsed records that its shards walk at their own pace.
 *
 * Kafka gives a consumer each partition once, but every shard takes control records as an input of its own merge. So
 * the worker reads the control partition once into this window, and each shard keeps an offset into it. Records that
 * every shard has taken are dropped. Bounded: when full the worker stops reading the control partition.
 */
#ifndef PL_APP_CONTROL_LOG_H
#define PL_APP_CONTROL_LOG_H

#include "core/control.h"
#include "core/reject.h"
#include "util/err.h"

#define PL_CONTROL_WINDOW_MAX 16384 /* about 1.6 kB each */

struct pl_control_item {
    int64_t offset;
    enum pl_reject reason; /* why it is not used; control and json are empty then. Shards pass it, shard 0 counts it */
    int64_t record_us;     /* timestamp of the Kafka record */
    uint32_t crc;          /* of its value (see pl_slot_crc) */
    struct pl_control control;
    char *json; /* owned: the record as it came, for the evaluator; terminated */
};

struct pl_control_log {
    struct pl_control_item *items; /* owned, in offset order */
    size_t first, n, cap;          /* items[first .. first + n) are held */
    int64_t next_offset;           /* the offset after the last record read, accepted or not */
    bool at_end;
    int64_t end; /* with at_end: the offset of the next record to come */
};

/* A zeroed struct is valid and empty. */
void pl_control_log_fini(struct pl_control_log *log);

/* Empty it and start again at an offset. */
void pl_control_log_restart(struct pl_control_log *log, int64_t offset);

bool pl_control_log_full(const struct pl_control_log *log);

/* Append a record that was parsed (reason PL_ACCEPTED; json is copied), or the place of one that is not used. */
enum pl_status pl_control_log_add(struct pl_control_log *log, const struct pl_control_item *item, struct pl_span json,
                                  struct pl_err *err) PL_MUSTCHECK;

/* The first held record at or after an offset, or NULL. O(log n). */
const struct pl_control_item *pl_control_log_at(const struct pl_control_log *log, int64_t offset);

/* Drop the records below an offset. */
void pl_control_log_drop(struct pl_control_log *log, int64_t offset);

#endif
