/* The users of the simulated product `plateau`: their events as Segment writes them, and the steps of its experiments.
 *
 * Experiments run one after the other on users of their own, 21 days each: exposures on the first 14, purchases within
 * 7 days. While they pay, the rate of the control rises too. A share of the events arrives up to 45 s late or twice,
 * which must change nothing. After the last experiment 40 days without one follow. Everything is a function of the
 * plan.
 */
#ifndef PL_CTL_CROWD_H
#define PL_CTL_CROWD_H

#include "core/control.h"
#include "ctl/random.h"
#include "util/buf.h"

#define PL_CROWD_DELTA .07 /* smallest return of its area */

struct pl_crowd_plan {
    unsigned paying, flat; /* experiments of each kind */
    unsigned users;        /* per experiment */
    int64_t start_us;      /* a UTC midnight */
    uint64_t seed;
};

/* Experiment `index` of the plan: its name, true gain (share of the control's rate), and the control's rate. */
struct pl_crowd_truth {
    char name[PL_NAME_BYTES];
    int64_t start_us, end_us;
    double gain, rate;
};
struct pl_crowd_truth pl_crowd_truth(const struct pl_crowd_plan *plan, unsigned index);

/* Its step at its beginning (PL_STARTED) or end (PL_SHIPPED, PL_STOPPED). */
struct pl_control pl_crowd_step(const struct pl_crowd_truth *truth, bool begins);

/* Called with each line of JSON, in the order in which records arrive. false: stop. */
typedef bool (*pl_crowd_line_fn)(void *ctx, struct pl_span line);

/* The events of experiment `index`; of the days after the last one with index == paying + flat. NOMEM; IO when `line`
 * said stop. */
enum pl_status pl_crowd_events(const struct pl_crowd_plan *plan, unsigned index, pl_crowd_line_fn line, void *ctx,
                               struct pl_err *err) PL_MUSTCHECK;

#endif
