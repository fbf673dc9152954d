/* Worlds whose truth is known (statistics.md 2.7): what experiments are worth there, and what is measured of them.
 *
 * Result worlds draw finished results of one area: true effects N(0, tau^2), each measured with the same standard
 * error; tau is chosen so that the expected return of the reference policy is 0, .5, 1 or 2 times the smallest return:
 *   E = tau^2/v phi(K/v), v^2 = tau^2 + 2 se^2, K = 1.96 se.
 * The world `plateau` is a product: its users' events are made by ctl/crowd.
 */
#ifndef PL_CTL_WORLD_H
#define PL_CTL_WORLD_H

#include "core/control.h"
#include "ctl/random.h"

#define PL_WORLD_AREA "checkout"

struct pl_world {
    const char *name;
    const char *help;
    bool has_events;
    double times_delta; /* expected return in units of the smallest return; result worlds */
};

/* By name, or by place for listing; NULL: there is none. */
const struct pl_world *pl_world_find(const char *name);
const struct pl_world *pl_world_at(unsigned index);

/* tau for this expected return, all in one unit. */
double pl_world_tau(double expected, double se);

/* Result number `index` of a world: one a day and a half, from start_us on. */
struct pl_world_draw {
    double tau, se;
    int64_t start_us;
};
struct pl_control pl_world_result(const struct pl_world_draw *draw, unsigned index, struct pl_random *random);

#endif
