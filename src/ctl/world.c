#include "ctl/world.h"

#include "util/num.h"
#include "util/stamp.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define INTERVAL_US (36 * PL_HOUR_US)

static const struct pl_world worlds[] = {
    {"plateau", "12 experiments that pay, then 30 that do not: events and steps of experiments", true, 0},
    {"zero", "results of experiments that gain nothing", false, 0},
    {"half", "results that return half of the smallest gain worth an experiment", false, .5},
    {"boundary", "results that return exactly that", false, 1},
    {"paying", "results that return twice that", false, 2},
};

const struct pl_world *pl_world_at(unsigned index)
{
    return index < sizeof(worlds) / sizeof(*worlds) ? &worlds[index] : NULL;
}

const struct pl_world *pl_world_find(const char *name)
{
    for (unsigned at = 0; pl_world_at(at); at++)
        if (strcmp(worlds[at].name, name) == 0)
            return &worlds[at];
    return NULL;
}

static double expected(double tau, double se)
{
    double v = sqrt(tau * tau + 2 * se * se), a = -1.96 * se / v;

    return tau * tau / v * .39894228040143267794 * exp(-.5 * a * a);
}

double pl_world_tau(double wanted, double se)
{
    double low = 0, high = se;

    if (!(wanted > 0))
        return 0;
    while (expected(high, se) < wanted)
        high *= 2;
    for (int step = 0; step < 200; step++) {
        double middle = (low + high) / 2;

        if (expected(middle, se) < wanted)
            low = middle;
        else
            high = middle;
    }
    return high;
}

struct pl_control pl_world_result(const struct pl_world_draw *draw, unsigned index, struct pl_random *random)
{
    double truth = draw->tau * pl_random_normal(random);
    struct pl_control control = {
        .type = PL_CONTROL_RESULT,
        .work = PL_WORK_GROWTH,
        .time_us = draw->start_us + (int64_t)index * INTERVAL_US,
        .start_us = PL_TIME_NONE,
        .area = PL_WORLD_AREA,
        .effect = truth + draw->se * pl_random_normal(random),
        .se = draw->se,
        .cost = 1,
        .healthy = true,
    };

    control.shipped = control.effect > 1.96 * control.se;
    snprintf(control.id, sizeof(control.id), "sim-%04u", index + 1);
    memcpy(control.experiment, control.id, sizeof(control.experiment));
    return control;
}
