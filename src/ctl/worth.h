/* What must an experiment gain to be worth its cost? (statistics.md 2.3) Pure.
 */
#ifndef PL_CTL_WORTH_H
#define PL_CTL_WORTH_H

#include "util/span.h"

/* delta = cost / (yearly value of 1 % of the goal metric x years a gain lasts), as a share: 30,000, 200,000 and .7 give
 * .21 % = .00214. */
double pl_worth_share(double cost, double value_of_one_percent, double years);

/* A finite number above 0; thousands and millions may be written 30k, 1.5M. Blanks around it do not matter. */
bool pl_worth_number(struct pl_span text, double *value);

#endif
