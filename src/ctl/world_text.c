/* A world as text: the configuration that fits it, and its truth.
 */
#include "ctl/world.h"
#include "util/stamp.h"

#include <stdio.h>
#include <string.h>

static void add_funnel(const struct pl_world *world, struct pl_buf *out)
{
    if (!world->people || !world->people->steps[0])
        return;
    pl_buf_add_text(out, "\n[funnel " PL_WORLD_AREA "]\nsteps  = ");
    for (unsigned step = 0; step < PL_PEOPLE_STEPS; step++)
        pl_buf_addf(out, "%s%s", step ? " > " : "", world->people->steps[step]);
    pl_buf_add_text(out, "\nwindow = 1d\n");
}

static void add_features(const struct pl_people *people, int64_t start_us, struct pl_buf *out)
{
    for (unsigned at = 0; at < pl_people_features(people); at++) {
        char name[PL_PEOPLE_EVENT_BYTES], stamp[PL_STAMP_BYTES];
        const struct pl_habit *habit = pl_people_feature(people, at, name);

        pl_buf_addf(out, "\n[feature %s]\n", name);
        if (habit->offered > 0)
            pl_buf_addf(out, "eligible = %s Offered\n", name);
        pl_buf_addf(out, "aware    = %s Seen\nuse      = %s Used\n", name, name);
        if (habit->launched)
            pl_buf_addf(out, "launched = %.10s\n", pl_stamp_format(start_us + habit->launched * PL_WEEK_US, stamp));
    }
}

static void add_area(const struct pl_world *world, double delta, struct pl_buf *out)
{
    const struct pl_people *people = world->people;

    pl_buf_add_text(out, "[area " PL_WORLD_AREA "]\nowner           = growth\n");
    if (world->crowd)
        pl_buf_add_text(out, "experiments     = checkout_*\n"
                             "goal            = Order Completed\n"
                             "funnel          = Product Viewed > Checkout Started > Order Completed\n");
    if (people && people->steps[0])
        pl_buf_add_text(out, "funnel          = " PL_WORLD_AREA "\n");
    else if (people)
        pl_buf_addf(out, "value           = %s\n", people->value);
    if (world->options)
        pl_buf_add_text(out, world->options);
    if (world->crowd || pl_world_results(world))
        pl_buf_addf(out, "smallest_return = %.6g%%\n", delta * 100);
}

void pl_world_conf(const struct pl_world *world, double delta, int64_t start_us, struct pl_buf *out)
{
    pl_buf_add_text(out, "# Made by plateauctl simulate.\n"
                         "[plateaud]\n"
                         "idle_timeout = 2s\n\n"
                         "[kafka]\n"
                         "bootstrap.servers = 127.0.0.1:9092\n\n");
    if (pl_world_has_events(world))
        pl_buf_add_text(out, "[source events]\n"
                             "topics = product.events\n\n");
    pl_buf_add_text(out, "[redis]\n"
                         "url = redis://127.0.0.1:6379/0\n\n");
    add_area(world, delta, out);
    add_funnel(world, out);
    if (world->people && world->people->price > 0)
        pl_buf_addf(out,
                    "\n[metric revenue]\nrole     = derive\ntype     = sum\nevent    = %s\n"
                    "property = revenue\ncap      = 1000\n",
                    world->people->steps[PL_PEOPLE_STEPS - 1]);
    if (world->people)
        add_features(world->people, start_us, out);
}

static void put_features(const struct pl_world *world, struct pl_json *json)
{
    pl_json_open(json, "features", '[');
    for (unsigned at = 0; at < pl_people_features(world->people); at++) {
        char name[PL_PEOPLE_EVENT_BYTES];

        if (pl_people_feature(world->people, at, name)->in_gap)
            pl_json_text(json, NULL, name);
    }
    pl_json_close(json, ']');
}

static void put_alerts(const char *alerts, struct pl_json *json)
{
    pl_json_open(json, "alerts", '[');
    while (*alerts) {
        size_t len = strcspn(alerts, ",");
        char edge[64];

        snprintf(edge, sizeof(edge), "%.*s", (int)len, alerts);
        pl_json_text(json, NULL, edge);
        alerts += len + strspn(alerts + len, ", ");
    }
    pl_json_close(json, ']');
}

void pl_world_truth(const struct pl_world *world, struct pl_json *json)
{
    const struct pl_world_end *end = &world->end;

    if (!world->has_end)
        return;
    pl_json_text(json, "why", world->why);
    pl_json_text(json, "verdict", pl_verdict_name(end->verdict));
    if (*pl_grade_name(end->grade))
        pl_json_text(json, "grade", pl_grade_name(end->grade));
    if (end->lean)
        pl_json_int(json, "lean", end->lean);
    if (end->gap) {
        pl_json_text(json, "gap", end->gap);
        put_features(world, json);
    }
    put_alerts(end->alerts, json);
}
