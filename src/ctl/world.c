#include "ctl/world.h"

#include "util/num.h"
#include "util/stamp.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TOGETHER .3 /* correlation of the estimates of delivery and value, which are of the same users */

const struct pl_world *pl_world_find(const char *name)
{
    for (unsigned at = 0; pl_world_at(at); at++)
        if (strcmp(pl_world_at(at)->name, name) == 0)
            return pl_world_at(at);
    return NULL;
}

bool pl_world_has_events(const struct pl_world *world)
{
    return world->crowd || world->people;
}

unsigned pl_world_results(const struct pl_world *world)
{
    unsigned n = 0;

    for (unsigned at = 0; at < PL_WORLD_PHASES; at++)
        n += world->phases[at].n;
    return n;
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

static const struct pl_phase *phase_of(const struct pl_world *world, unsigned index)
{
    const struct pl_phase *phase = world->phases;

    for (unsigned at = 0; at + 1 < PL_WORLD_PHASES && index >= phase->n && phase[1].n; at++, phase++)
        index -= phase->n;
    return phase;
}

/* What the same users got beside it: a share of the effect, measured on the same users. */
static void draw_value(const struct pl_world *world, double truth, double delta, struct pl_control *control,
                       struct pl_random *random)
{
    double shared = (control->effect - truth) / control->se, own = pl_random_normal(random);

    control->value_se = world->value_noise * delta;
    control->value_cov = TOGETHER * control->se * control->value_se;
    control->value =
        world->keeps_up * truth + control->value_se * (TOGETHER * shared + sqrt(1 - TOGETHER * TOGETHER) * own);
}

struct pl_control pl_world_result(const struct pl_world *world, const struct pl_world_draw *draw, unsigned index,
                                  struct pl_random *random)
{
    int64_t after_us = (int64_t)index * world->every_hours * PL_HOUR_US;
    double traffic = world->people ? pl_people_traffic(world->people, (unsigned)(after_us / PL_WEEK_US)) : 1;
    const struct pl_phase *phase = phase_of(world, index);
    double tau = pl_world_tau(phase->times_delta * draw->delta, draw->se);
    double truth = phase->mean * draw->delta + tau * pl_random_normal(random);
    double se = draw->se / sqrt(traffic);
    struct pl_control control = {
        .type = PL_CONTROL_RESULT,
        .work = PL_WORK_GROWTH,
        .time_us = draw->start_us + after_us,
        .start_us = PL_TIME_NONE,
        .area = PL_WORLD_AREA,
        .effect = truth + se * pl_random_normal(random),
        .se = se,
        .value = PL_NAN,
        .value_se = PL_NAN,
        .cost = 1,
        .healthy = true,
    };

    if (world->value_noise > 0)
        draw_value(world, truth, draw->delta, &control, random);
    control.shipped = control.effect > 1.96 * control.se;
    snprintf(control.id, sizeof(control.id), "sim-%04u", index + 1);
    memcpy(control.experiment, control.id, sizeof(control.experiment));
    return control;
}
