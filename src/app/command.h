/* One Redis command of name and value pairs under construction: HSET or XADD with a few to a few hundred fields.
 *
 * Values that are absent (NAN, PL_TIME_NONE) write no field: readers see absence, never "null". The command grows as
 * needed; a failure is remembered and shows when it is added to a batch.
 */
#ifndef PL_APP_COMMAND_H
#define PL_APP_COMMAND_H

#include "util/buf.h"

#include <stdint.h>

struct pl_command {
    struct pl_buf words; /* owned: every word and its terminator */
    size_t n;            /* words */
};

/* Begin with a verb and a key; further words (an entry id) may follow before the pairs. */
void pl_command_init(struct pl_command *command, const char *verb, const char *key);
void pl_command_word(struct pl_command *command, const char *text);

void pl_command_pair(struct pl_command *command, const char *name, const char *value);
void pl_command_whole(struct pl_command *command, const char *name, int64_t value);
void pl_command_double(struct pl_command *command, const char *name, double value);

/* name as RFC 3339 and name_ms. */
void pl_command_time(struct pl_command *command, const char *name, int64_t time_us);

/* Append it to a batch in RESP and free it; false when memory was short. */
bool pl_command_finish(struct pl_command *command, struct pl_buf *batch) PL_MUSTCHECK;

#endif
