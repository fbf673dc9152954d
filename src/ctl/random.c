#include "ctl/random.h"

#include <math.h>

/* splitmix64 (Steele, Lea and Flood 2014): a counter through a mixing function; passes the usual batteries. */
uint64_t pl_random_bits(struct pl_random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

double pl_random_unit(struct pl_random *random)
{
    return (double)(pl_random_bits(random) >> 11) * 0x1p-53;
}

double pl_random_normal(struct pl_random *random)
{
    double u, v, r;

    do {
        u = 2 * pl_random_unit(random) - 1;
        v = 2 * pl_random_unit(random) - 1;
        r = u * u + v * v;
    } while (r >= 1 || r <= 0);
    return u * sqrt(-2 * log(r) / r);
}
