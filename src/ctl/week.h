/* The week (or another period) of an instance's areas, read from Redis into what codec/digest makes text of: the fields
 * of area:ID and objective:ID, results of the stream `results`, edges of the stream `alerts`.
 */
#ifndef PL_CTL_WEEK_H
#define PL_CTL_WEEK_H

#include "codec/digest.h"
#include "ctl/told.h"

struct pl_week {
    int64_t from_us, to_us;
    unsigned n;                   /* areas, by owner, then by id */
    struct pl_told *told;         /* owned */
    struct pl_digest_area *parts; /* owned; what they borrow is in told */
};

/* To which event time the instance is judged. STATE: nothing was judged yet. */
enum pl_status pl_week_judged(struct pl_ask *ask, const char *instance, int64_t *judged_us,
                              struct pl_err *err) PL_MUSTCHECK;

/* from_us and to_us are set; owner NULL: of all. Reads at most some 20,000 entries of each stream, newest first. */
enum pl_status pl_week_read(struct pl_week *week, struct pl_ask *ask, const char *instance, const char *owner,
                            struct pl_err *err) PL_MUSTCHECK;

/* A zeroed struct is fine. */
void pl_week_fini(struct pl_week *week);

#endif
