/* The users of simulated products: who comes, what they do there, and what they come to know.
 *
 * Each user lives alone: joins in a week, visits in some weeks, leaves for good one day. In a visit the user goes some
 * steps of a funnel, gets value or not, and for each feature may be offered it, meet it, try it and, if it was found
 * good, use it again. Rates are of real products; how they move over the weeks is what a world is about. Events are
 * Segment's, ordered by time; everything is a function of the table and the seed.
 */
#ifndef PL_CTL_PEOPLE_H
#define PL_CTL_PEOPLE_H

#include "ctl/random.h"
#include "util/buf.h"

#define PL_PEOPLE_STEPS 3
#define PL_PEOPLE_EVENT_BYTES 64

/* A feature, and what users make of it. Events: "NAME Offered", "NAME Seen", "NAME Used". */
struct pl_habit {
    const char *name;
    unsigned copies;   /* so many alike, "NAME 001" and on; 0: one, of this name */
    double offered;    /* of visits: it could be used; 0: always, and no event tells */
    double met;        /* of these, by one who does not know it: sees it */
    double tried;      /* of those who see it: use it at once */
    double kept;       /* of those who try it: it becomes a habit */
    double used;       /* of further visits of these */
    unsigned launched; /* week of the world in which it comes; 0: it was always there */
    bool in_gap;       /* by the truth: its value does not reach users, as the world says */
};

struct pl_people {
    unsigned from_week, weeks; /* of the world: when their events begin, and for how long */
    unsigned users;            /* in the first week */
    double joining;            /* new ones each week, as a share of these */
    double leaving;            /* of users, each week */
    double visiting;           /* of users, each week: they come */
    double again;              /* of these: on another day too */
    double season;             /* traffic goes up and down over a year by this share */
    double weekend;            /* of visits; 0: 2 of 7 */
    double mix;                /* the share of visits with a phone goes up and down over a year by this much */
    unsigned halved; /* in this week of the world half of them leave, and half as many join from then on; 0: never */
    const char *steps[PL_PEOPLE_STEPS]; /* the funnel's; NULL: none */
    double begun, done;                 /* of visits: second step; of these: third step, without a phone */
    double done_drift;                  /* logit per week */
    const char *value;                  /* the event in which users get what they came for */
    double valued, valued_drift;        /* of visits; relative, per week */
    double price, price_drift;          /* mean of properties.revenue of the third step; relative, per week; 0: none */
    const struct pl_habit *habits;      /* ref */
    unsigned n_habits;
};

/* Traffic in a week of the world, 1 on average. */
double pl_people_traffic(const struct pl_people *people, unsigned week);

/* Features with their copies, and the name of one. */
unsigned pl_people_features(const struct pl_people *people);
const struct pl_habit *pl_people_feature(const struct pl_people *people, unsigned feature,
                                         char name[PL_PEOPLE_EVENT_BYTES]);

/* Called with each line of JSON. false: stop. */
typedef bool (*pl_people_line_fn)(void *ctx, struct pl_span line);

/* All events; start_us is the Monday on which the world begins. NOMEM; IO when `line` said stop. */
enum pl_status pl_people_events(const struct pl_people *people, int64_t start_us, uint64_t seed, pl_people_line_fn line,
                                void *ctx, struct pl_err *err) PL_MUSTCHECK;

#endif
