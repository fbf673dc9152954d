/* Shared by the files that build rules: what every table asks of a new row. Nobody else includes this.
 */
#ifndef PL_CORE_RULES_INSIDE_H
#define PL_CORE_RULES_INSIDE_H

#include "core/rules.h"
#include "util/num.h"

#define PL_RULES_WINDOW_MAX_US (90 * PL_DAY_US)

/* Room for one more row, and an id that is a name and not taken. `what` is for the message. */
enum pl_status pl_rules_check_id(const char *what, const char *id, uint32_t taken, bool full, struct pl_err *err);

enum pl_status pl_rules_check_area(const struct pl_rules *rules, const char *what, const char *id, uint32_t area,
                                   struct pl_err *err);

/* Known events, each once. At least `least` of them. */
enum pl_status pl_rules_check_events(const struct pl_rules *rules, const char *what, const char *id,
                                     const struct pl_events *events, unsigned least, struct pl_err *err);

/* Room for one more row at the end of a table that doubles when its size is a power of two. Returns the new row. */
void *pl_rules_grow(void **rows, unsigned n, size_t size);

enum pl_status pl_rules_no_memory(struct pl_err *err);

/* False for NAN. */
bool pl_rules_in_range(double value, double low, double high);

/* Is the action among the events? */
bool pl_rules_has_event(const struct pl_events *events, uint32_t action);

#endif
