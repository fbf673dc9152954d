/* The last results and changes of one area, read backwards from the streams `results` and `history:AREA`.
 */
#ifndef PL_CTL_PAST_H
#define PL_CTL_PAST_H

#include "ctl/ask.h"
#include "util/span.h"

#define PL_PAST_MAX 40 /* what fits on one line */

struct pl_past_result {
    char id[PL_NAME_BYTES];
    int64_t time_us;
    double effect, se;
    bool counted; /* not left out */
};

struct pl_past_change {
    int64_t time_us;
    char state[PL_NAME_BYTES];
    int64_t n; /* results so far */
};

struct pl_past {
    unsigned n_results, n_changes, n_evidence;
    struct pl_past_result results[PL_PAST_MAX]; /* oldest first */
    struct pl_past_change changes[PL_PAST_MAX];
    double evidence[PL_PAST_MAX]; /* for flat, after the last results */
};

/* Reads at most some 20,000 entries of each stream. */
enum pl_status pl_past_read(struct pl_ask *ask, const char *instance, const char *area, struct pl_past *past,
                            struct pl_err *err) PL_MUSTCHECK;

#endif
