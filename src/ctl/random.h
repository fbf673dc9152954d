/* Pseudo-random numbers for simulations: a seed gives the same sequence on every machine.
 */
#ifndef PL_CTL_RANDOM_H
#define PL_CTL_RANDOM_H

#include <stdint.h>

struct pl_random {
    uint64_t state; /* any value */
};

uint64_t pl_random_bits(struct pl_random *random);

/* In [0, 1), 53 bits. */
double pl_random_unit(struct pl_random *random);

/* Standard normal (polar method). */
double pl_random_normal(struct pl_random *random);

#endif
