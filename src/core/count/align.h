/* Alignment (design 3): which input a shard takes its next record from. Pure decision, no state.
 *
 * Among its inputs the shard takes the record with the smallest time; an input with nothing buffered blocks the shard
 * until it is known to be at its end. No timeout, no wall clock. Ties: the control input first, then the lower index.
 */
#ifndef PL_CORE_COUNT_ALIGN_H
#define PL_CORE_COUNT_ALIGN_H

#include <stdbool.h>
#include <stdint.h>

struct pl_align_head {
    bool has_record;
    bool at_end;     /* nothing buffered and the log's end was reached */
    int64_t time_us; /* of the buffered record, when has_record */
};

#define PL_ALIGN_BLOCKED (-1) /* an input that is not at its end has nothing buffered */
#define PL_ALIGN_END (-2)     /* every input is at its end */

/* Index of the head to take, or one of the two above. heads[0] is the control input. O(n). */
int pl_align_next(const struct pl_align_head *heads, unsigned n);

#endif
