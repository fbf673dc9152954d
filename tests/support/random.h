/* A small deterministic generator for property tests (splitmix64). The seed is the state. */
#ifndef PL_TEST_RANDOM_H
#define PL_TEST_RANDOM_H

#include <math.h>
#include <stdint.h>

struct pl_random {
    uint64_t state;
};

static inline uint64_t random_bits(struct pl_random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* In (0, 1). */
static inline double random_share(struct pl_random *random)
{
    return ((double)(random_bits(random) >> 11) + .5) * 0x1p-53;
}

static inline double random_normal(struct pl_random *random)
{
    double radius = sqrt(-2. * log(random_share(random)));

    return radius * cos(6.283185307179586 * random_share(random));
}

#endif
