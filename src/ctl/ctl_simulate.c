/* plateauctl simulate: events and results of a product whose truth is known.
 */
#include "codec/control.h"
#include "codec/json_out.h"
#include "ctl/crowd.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "ctl/progress.h"
#include "ctl/world.h"
#include "util/stamp.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_BYTES 4096
#define COUNT_MAX 100000
#define USERS_MAX 1000000
#define START "2022-01-03T00:00:00Z"

static const char help[] =
    "examples:\n"
    "  plateauctl simulate --world plateau --out sim\n"
    "  plateauctl replay -c sim/plateaud.conf --control sim/control.jsonl sim/events.jsonl\n"
    "  plateauctl simulate --world paying --seed 7 --count 100 > results.jsonl\n"
    "\n"
    "usage: plateauctl simulate --world NAME [OPTIONS]\n"
    "\n"
    "Makes the records of a product whose truth is known, to try plateaud out: the same options give the same bytes.\n"
    "Prints control records (results, or steps of experiments), one JSON object per line.\n"
    "\n"
    "  --world NAME      plateau: 12 experiments that pay, then 30 that do not, with all events of their users;\n"
    "                    zero, half, boundary, paying, healthy, noisy: results only;\n"
    "                    office, athletes, hospital, park, tried-and-left: users and features, no experiments;\n"
    "                    marketplace, dark-pattern, season, traffic-halved, marketing, eight-a-year: results and\n"
    "                    events; price-rise: events. A wrong name lists what each is about\n"
    "  --seed N          another draw of the same world (default 1)\n"
    "  --events          print the events instead (Segment's format)\n"
    "  --out DIR         write DIR/control.jsonl, DIR/events.jsonl and DIR/plateaud.conf instead of printing\n"
    "  --users N         plateau: users per experiment (default 2000); others: users of the first week\n"
    "  --paying N, --flat N   plateau: how many experiments of each kind\n"
    "  --count N         worlds with results: how many\n"
    "  --noise X         worlds with results: standard error in units of the smallest gain\n"
    "  --delta SHARE     worlds with results: the smallest gain worth an experiment (default 0.2%)\n"
    "  --json            print the truth of the world instead, as one JSON object: what it is, and the verdict,\n"
    "                    features and alerts that plateaud must end with\n"
    "\n"
    "exit codes: 0 made; 2 it cannot be written; 64 usage\n";

struct simulate {
    struct pl_options options;
    const char *world_text, *seed_text, *out, *users_text, *paying_text, *flat_text, *count_text, *noise_text,
        *delta_text;
    bool events;
    const struct pl_world *world;
    struct pl_people people; /* of the world, with --users */
    struct pl_crowd_plan plan;
    int64_t count;
    double noise, delta;
    FILE *to; /* ref: stdout or an open file */
};

static bool whole(const char *text, int64_t low, int64_t high, int64_t *value)
{
    return !text || (pl_num_int(pl_span_of(text), value) && *value >= low && *value <= high);
}

static int read_numbers(struct simulate *sim)
{
    const struct pl_world *world = sim->world;
    int64_t seed = 1, users = world->people ? world->people->users : 2000, paying = 12, flat = 30;

    sim->count = pl_world_results(world);
    sim->noise = world->noise > 0 ? world->noise : 1;
    sim->delta = world->crowd ? PL_CROWD_DELTA : .002;
    if (!whole(sim->seed_text, 0, INT64_MAX, &seed) || !whole(sim->users_text, 1, USERS_MAX, &users) ||
        !whole(sim->paying_text, 0, 500, &paying) || !whole(sim->flat_text, 0, 500, &flat) ||
        !whole(sim->count_text, 1, COUNT_MAX, &sim->count))
        return pl_options_wrong(&sim->options, "--seed, --users, --paying, --flat and --count are whole numbers");
    if (sim->noise_text && (!pl_num_double(pl_span_of(sim->noise_text), &sim->noise) || !(sim->noise > 0)))
        return pl_options_wrong(&sim->options, "--noise is a number above 0");
    if (sim->delta_text && (!pl_num_ratio(pl_span_of(sim->delta_text), &sim->delta) || !(sim->delta > 0)))
        return pl_options_wrong(&sim->options, "--delta is a share such as 0.2%%");
    sim->plan = (struct pl_crowd_plan){
        .paying = (unsigned)paying, .flat = (unsigned)flat, .users = (unsigned)users, .seed = (uint64_t)seed};
    if (!pl_world_results(world))
        sim->count = 0;
    if (world->people) {
        sim->people = *world->people;
        sim->people.users = (unsigned)users;
    }
    (void)pl_stamp_parse(pl_span_of(START), false, &sim->plan.start_us);
    return PL_OPTIONS_GO_ON;
}

static int read_options(struct simulate *sim, int argc, char **argv)
{
    const struct pl_option own[] = {
        {"--world", NULL, &sim->world_text}, {"--seed", NULL, &sim->seed_text},   {"--events", &sim->events, NULL},
        {"--out", NULL, &sim->out},          {"--users", NULL, &sim->users_text}, {"--paying", NULL, &sim->paying_text},
        {"--flat", NULL, &sim->flat_text},   {"--count", NULL, &sim->count_text}, {"--noise", NULL, &sim->noise_text},
        {"--delta", NULL, &sim->delta_text},
    };
    int code = pl_options_read(&sim->options, argc, argv, help, own, sizeof(own) / sizeof(*own));

    if (code != PL_OPTIONS_GO_ON)
        return code;
    if (sim->options.n_args)
        return pl_options_wrong(&sim->options, "%s: takes no arguments", sim->options.args[0]);
    if (!sim->world_text || !(sim->world = pl_world_find(sim->world_text))) {
        for (unsigned at = 0; pl_world_at(at); at++)
            fprintf(stderr, "  %-14s %s\n", pl_world_at(at)->name, pl_world_at(at)->help);
        return pl_options_wrong(&sim->options, "--world is one of these");
    }
    if (sim->events && !pl_world_has_events(sim->world))
        return pl_options_wrong(&sim->options, "the world %s has no events", sim->world->name);
    return read_numbers(sim);
}

static bool put_line(void *ctx, struct pl_span line)
{
    struct simulate *sim = ctx;

    return fwrite(line.ptr, 1, line.len, sim->to) == line.len && fputc('\n', sim->to) != EOF;
}

static bool put_control(struct simulate *sim, const struct pl_control *control)
{
    struct pl_buf json = {0};
    bool ok;

    pl_control_format(control, &json);
    ok = pl_buf_ok(&json) && put_line(sim, pl_buf_span(&json));
    pl_buf_fini(&json);
    return ok;
}

static unsigned experiments(const struct simulate *sim)
{
    return sim->plan.paying + sim->plan.flat;
}

static struct pl_world_draw draw_of(const struct simulate *sim)
{
    return (struct pl_world_draw){.delta = sim->delta, .se = sim->noise * sim->delta, .start_us = sim->plan.start_us};
}

static bool write_launch(struct simulate *sim)
{
    struct pl_control launch = {
        .type = PL_CONTROL_LAUNCH,
        .time_us = sim->plan.start_us + (int64_t)sim->world->launch_week * PL_WEEK_US,
        .start_us = PL_TIME_NONE,
        .area = PL_WORLD_AREA,
    };

    return !sim->world->launch_week || put_control(sim, &launch);
}

static bool write_control(struct simulate *sim)
{
    struct pl_random random = {sim->plan.seed};
    struct pl_world_draw draw = draw_of(sim);
    bool ok = true;

    for (unsigned at = 0; sim->world->crowd && at < experiments(sim) && ok; at++) {
        struct pl_crowd_truth truth = pl_crowd_truth(&sim->plan, at);
        struct pl_control begins = pl_crowd_step(&truth, true), ends = pl_crowd_step(&truth, false);

        ok = put_control(sim, &begins) && put_control(sim, &ends);
    }
    for (unsigned at = 0; at < sim->count && ok; at++) {
        struct pl_control result = pl_world_result(sim->world, &draw, at, &random);

        ok = put_control(sim, &result);
    }
    return ok && write_launch(sim);
}

static bool write_events(struct simulate *sim)
{
    struct pl_progress progress = pl_progress_init("simulating", experiments(sim) + 1);
    struct pl_err err = {0};

    if (!sim->world->crowd)
        return !pl_people_events(&sim->people, sim->plan.start_us, sim->plan.seed, put_line, sim, &err);
    for (unsigned at = 0; at <= experiments(sim); at++) {
        if (pl_crowd_events(&sim->plan, at, put_line, sim, &err))
            return false;
        pl_progress_set(&progress, at + 1);
    }
    pl_progress_end(&progress);
    return true;
}

static bool write_conf(struct simulate *sim)
{
    struct pl_buf conf = {0};
    bool ok;

    pl_world_conf(sim->world, sim->delta, sim->plan.start_us, &conf);
    ok = pl_buf_ok(&conf) && fwrite(conf.ptr, 1, conf.len, sim->to) == conf.len;
    pl_buf_fini(&conf);
    return ok;
}

static int write_file(struct simulate *sim, const char *name, bool (*write)(struct simulate *sim))
{
    char path[PATH_BYTES];
    int len = snprintf(path, sizeof(path), "%s/%s", sim->out, name);
    bool ok;

    if (len < 0 || (size_t)len >= sizeof(path))
        return pl_options_failed(&sim->options, "%s: the name is too long", sim->out);
    sim->to = fopen(path, "we");
    if (!sim->to)
        return pl_options_failed(&sim->options, "%s: %s", path, strerror(errno));
    ok = write(sim);
    ok = fclose(sim->to) == 0 && ok;
    return ok ? PL_CTL_OK : pl_options_failed(&sim->options, "%s cannot be written", path);
}

static int write_files(struct simulate *sim)
{
    bool events = pl_world_has_events(sim->world);
    int code;

    if (mkdir(sim->out, 0777) != 0 && errno != EEXIST)
        return pl_options_failed(&sim->options, "%s: %s", sim->out, strerror(errno));
    code = write_file(sim, "control.jsonl", write_control);
    if (!code && events)
        code = write_file(sim, "events.jsonl", write_events);
    if (!code)
        code = write_file(sim, "plateaud.conf", write_conf);
    if (!code)
        fprintf(stderr, "next: plateauctl replay -c %s/plateaud.conf --control %s/control.jsonl%s%s%s\n", sim->out,
                sim->out, events ? " " : "", events ? sim->out : "", events ? "/events.jsonl" : "");
    return code;
}

static void truth_of_plateau(const struct simulate *sim, struct pl_json *json)
{
    pl_json_open(json, "experiments", '[');
    for (unsigned at = 0; at < experiments(sim); at++) {
        struct pl_crowd_truth truth = pl_crowd_truth(&sim->plan, at);

        pl_json_open(json, NULL, '{');
        pl_json_text(json, "experiment", truth.name);
        pl_json_time(json, "start", truth.start_us);
        pl_json_time(json, "end", truth.end_us);
        pl_json_number(json, "gain", truth.gain);
        pl_json_number(json, "rate", truth.rate);
        pl_json_close(json, '}');
    }
    pl_json_close(json, ']');
}

static int print_truth(const struct simulate *sim)
{
    struct pl_world_draw draw = draw_of(sim);
    struct pl_buf out = {0};
    struct pl_json json = pl_json_to(&out);

    pl_json_open(&json, NULL, '{');
    pl_json_text(&json, "world", sim->world->name);
    pl_json_int(&json, "seed", (int64_t)sim->plan.seed);
    pl_world_truth(sim->world, &json);
    if (sim->world->crowd || sim->count)
        pl_json_number(&json, "smallest_return", sim->delta);
    if (sim->world->crowd || sim->world->people)
        pl_json_int(&json, "users", sim->plan.users);
    if (sim->world->crowd)
        truth_of_plateau(sim, &json);
    if (sim->count) {
        pl_json_number(&json, "return", sim->world->phases[0].times_delta * sim->delta);
        pl_json_number(&json, "spread", pl_world_tau(sim->world->phases[0].times_delta * sim->delta, draw.se));
        pl_json_number(&json, "se", draw.se);
        pl_json_int(&json, "count", sim->count);
    }
    pl_json_close(&json, '}');
    if (pl_buf_ok(&out) && out.ptr)
        puts(out.ptr);
    pl_buf_fini(&out);
    return PL_CTL_OK;
}

int pl_ctl_simulate(int argc, char **argv)
{
    struct simulate sim = {.to = stdout};
    int code = read_options(&sim, argc, argv);
    bool ok;

    if (code != PL_OPTIONS_GO_ON)
        return code;
    if (sim.options.json)
        return print_truth(&sim);
    if (sim.out)
        return write_files(&sim);
    ok = sim.events ? write_events(&sim) : write_control(&sim);
    return ok && fflush(stdout) == 0 ? PL_CTL_OK : pl_options_failed(&sim.options, "the output cannot be written");
}
