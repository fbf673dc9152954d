/* Worlds whose truth is known (statistics.md 2.7, 2.8): what experiments are worth there, what users do, and the
 * verdict in which plateaud must end.
 *
 * Results are drawn in phases: true effects N(0, tau^2), each measured with a standard error; tau is chosen so that the
 * expected return of the reference policy is so many times the smallest return:
 *   E = tau^2/v phi(K/v), v^2 = tau^2 + 2 se^2, K = 1.96 se.
 * Users' events are made by ctl/people; those of the world `plateau`, with experiments in them, by ctl/crowd.
 */
#ifndef PL_CTL_WORLD_H
#define PL_CTL_WORLD_H

#include "codec/json_out.h"
#include "core/control.h"
#include "core/judge/advice.h"
#include "ctl/people.h"
#include "ctl/random.h"

#define PL_WORLD_AREA "checkout"
#define PL_WORLD_PHASES 2

/* Results one after the other that return the same. */
struct pl_phase {
    unsigned n;
    double times_delta; /* expected return in units of the smallest return */
    double mean;        /* of true effects, in the same; above 0 the return is about so much more */
};

/* What plateaud must say in the end: the truth of the world in its words. */
struct pl_world_end {
    enum pl_verdict verdict;
    enum pl_grade grade;
    const char *gap;    /* discovery, trial, fit: of the habits that are in_gap; NULL: no feature has one */
    int lean;           /* of NO_VERDICT */
    const char *alerts; /* every edge, in order: "firing PREPARE_CORE, resolved PREPARE_CORE"; "" for none */
};

struct pl_world {
    const char *name;
    const char *help;
    bool crowd;                     /* events and experiments by ctl/crowd */
    const struct pl_people *people; /* ref; NULL: no events */
    struct pl_phase phases[PL_WORLD_PHASES];
    double noise;         /* standard error in units of the smallest return, at average traffic; 0: 1 */
    unsigned every_hours; /* from a result to the next */
    double keeps_up;      /* effect on value per unit of effect; 0 with value_noise 0: value is not measured */
    double value_noise;   /* its standard error in units of the smallest return */
    unsigned launch_week; /* a core launch at its start; 0: none */
    const char *options;  /* more lines of the area, NULL for none */
    const char *why;      /* the truth, in a sentence */
    bool has_end;         /* `end` holds for every seed */
    struct pl_world_end end;
};

/* By name, or by place for listing; NULL: there is none. */
const struct pl_world *pl_world_find(const char *name);
const struct pl_world *pl_world_at(unsigned index);

bool pl_world_has_events(const struct pl_world *world);

/* Results of the world as it is. */
unsigned pl_world_results(const struct pl_world *world);

/* tau for this expected return, all in one unit. */
double pl_world_tau(double expected, double se);

/* What results are drawn from. */
struct pl_world_draw {
    double delta; /* smallest return */
    double se;    /* at average traffic */
    int64_t start_us;
};

/* Result number `index` of a world. Beyond the last phase results go on as in it. */
struct pl_control pl_world_result(const struct pl_world *world, const struct pl_world_draw *draw, unsigned index,
                                  struct pl_random *random);

/* The configuration that fits: all of plateaud.conf. */
void pl_world_conf(const struct pl_world *world, double delta, int64_t start_us, struct pl_buf *out);

/* Members of a JSON object: why, verdict, grade, lean, gap, features (which have it), alerts. Nothing of a world whose
 * end is not known. */
void pl_world_truth(const struct pl_world *world, struct pl_json *json);

#endif
