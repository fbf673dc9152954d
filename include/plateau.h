/* The engine of plateaud as a library: product events and control records in, verdicts out. No Kafka, no Redis, no
 * clock.
 *
 * The same code counts and judges here as in the daemon, so that the same log gives the same numbers: this is what
 * `plateauctl replay` is made of. Feed records in the order of their log, then finish; results come through the
 * functions of struct pl_plateau_setup, in the order in which they are decided, and can be read when all is done.
 *
 *   struct pl_plateau *plateau;
 *   if (pl_plateau_load("plateaud.conf", &setup, &plateau, why)) ...
 *   pl_plateau_control(plateau, line, len, PL_PLATEAU_NO_TIME);     all control records first, in their order
 *   pl_plateau_event(plateau, line, len, PL_PLATEAU_NO_TIME);       then the events
 *   pl_plateau_finish(plateau);
 *
 * Functions that can fail return 0 or a negative code; after a failure only pl_plateau_failure and pl_plateau_free are
 * of use. Not thread-safe; several engines may live side by side. Times are microseconds since 1970 UTC.
 */
#ifndef PL_PLATEAU_H
#define PL_PLATEAU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PL_PLATEAU_NO_TIME INT64_MIN
#define PL_PLATEAU_WHY_BYTES 256

struct pl_plateau;

/* An area's evidence after one more result, or after another area's result changed its state. NAN: not known. */
struct pl_plateau_point {
    const char *area;
    const char *state;  /* FLAT, FLATTENING, RISING, YIELDING, INCONCLUSIVE */
    bool changed;       /* the state is another one than before */
    unsigned n;         /* results since the last core launch */
    int64_t time_us;    /* of the result */
    int64_t tick_us;    /* when it was judged */
    double flat, level; /* evidence, and how much is needed */
    double down, up;    /* falling, rising: alarm at 1,000 */
    double yield;       /* paying: alarm at 10 */
    double effect, se;  /* of the area's own result */
};

/* One experiment's result as it was taken: counted, or left out for a reason. NAN: not known. */
struct pl_plateau_result {
    const char *id, *area;
    const char *excluded; /* "entered", or why it was left out */
    int64_t time_us;      /* what rates go by */
    int64_t tick_us;      /* when it was taken */
    double effect, se;
    bool early, shipped;
};

/* A change of an area's verdict that is worth an alert: the document that plateaud publishes. */
struct pl_plateau_alert {
    const char *id, *area;
    const char *status; /* firing, updated, resolved */
    const char *verdict;
    int64_t tick_us;
    const char *json;
};

/* One exact sum: events placed before the last judged tick. */
struct pl_plateau_sum {
    const char *kind;    /* a name of core/cell.def: exposed, metric, mixed, segment, funnel, active, known, ... */
    const char *subject; /* experiment, funnel, area, feature or metric */
    const char *arm;     /* variant, or the action of a funnel's step; "" for others */
    const char *metric;  /* metric's id; "" for others */
    const char *other;   /* cross: the other metric */
    unsigned index;      /* number of the arm, step of a funnel from 0, allocation segment */
    unsigned detail;     /* segment, bucket of time, days to adopt; cross: 1, 2: metric, other is the covariate */
    int32_t pane;        /* days (funnel_hour: hours) since 1970 */
    int64_t n;
    int64_t sum;             /* millionths; funnel: units */
    char sum_of_squares[48]; /* millionths of millionths, decimal */
};

/* Functions may be NULL. What they are given is valid during the call. */
struct pl_plateau_setup {
    void (*result)(void *ctx, const struct pl_plateau_result *result);
    void (*point)(void *ctx, const struct pl_plateau_point *point);
    void (*alert)(void *ctx, const struct pl_plateau_alert *alert);
    void *ctx;
    int64_t until_us; /* judge no tick above it; 0: all */
};

/* An engine by the text of a configuration (`name` stands for the file in errors), or by a file and its conf.d as the
 * daemon reads them. why may be NULL. */
int pl_plateau_new(const char *name, const char *conf, size_t len, const struct pl_plateau_setup *setup,
                   struct pl_plateau **plateau, char why[PL_PLATEAU_WHY_BYTES]);
int pl_plateau_load(const char *path, const struct pl_plateau_setup *setup, struct pl_plateau **plateau,
                    char why[PL_PLATEAU_WHY_BYTES]);
void pl_plateau_free(struct pl_plateau *plateau);

/* The next control record. NULL when it is used, else the name of the reason why not. record_us: the timestamp that
 * Kafka would give. */
const char *pl_plateau_control(struct pl_plateau *plateau, const char *json, size_t len, int64_t record_us);

/* The next record of the first source's format: the same. Of several events in one record, the last reason. */
const char *pl_plateau_event(struct pl_plateau *plateau, const char *json, size_t len, int64_t record_us);

/* The log is at its end: judge everything that was fed. */
int pl_plateau_finish(struct pl_plateau *plateau);

/* What went wrong, NULL while all is well. */
const char *pl_plateau_failure(const struct pl_plateau *plateau);

/* Areas in the order of the configuration; visit gives the fields of one by name, as they stand in Redis. */
unsigned pl_plateau_areas(const struct pl_plateau *plateau);
const char *pl_plateau_area_id(const struct pl_plateau *plateau, unsigned area);
void pl_plateau_area(struct pl_plateau *plateau, unsigned area,
                     void (*visit)(void *ctx, const char *name, const char *value), void *ctx);

/* Funnels in the order of the configuration, the same way. Nothing before the first tick. */
unsigned pl_plateau_funnels(const struct pl_plateau *plateau);
const char *pl_plateau_funnel_id(const struct pl_plateau *plateau, unsigned funnel);
void pl_plateau_funnel(const struct pl_plateau *plateau, unsigned funnel,
                       void (*visit)(void *ctx, const char *name, const char *value), void *ctx);

/* Features in the order of the configuration, and the value users get in an area: their fields as they stand in Redis.
 * Nothing before the first tick; of an area without value events, features or metrics of role derive there is none. */
unsigned pl_plateau_features(const struct pl_plateau *plateau);
const char *pl_plateau_feature_id(const struct pl_plateau *plateau, unsigned feature);
void pl_plateau_feature(const struct pl_plateau *plateau, unsigned feature,
                        void (*visit)(void *ctx, const char *name, const char *value), void *ctx);
bool pl_plateau_has_value(const struct pl_plateau *plateau, unsigned area);
void pl_plateau_value(const struct pl_plateau *plateau, unsigned area,
                      void (*visit)(void *ctx, const char *name, const char *value), void *ctx);

/* Objectives in the order of the configuration, and their fields as they stand in Redis. */
unsigned pl_plateau_objectives(const struct pl_plateau *plateau);
const char *pl_plateau_objective_id(const struct pl_plateau *plateau, unsigned objective);
void pl_plateau_objective(const struct pl_plateau *plateau, unsigned objective,
                          void (*visit)(void *ctx, const char *name, const char *value), void *ctx);

/* The balance of an area's work (balance:ID in Redis), field by field. False without memory. */
bool pl_plateau_balance(struct pl_plateau *plateau, unsigned area,
                        void (*visit)(void *ctx, const char *name, const char *value), void *ctx);

/* The sums in their order, and the counters (accepted, unmatched, late, each reason); false: there is none with this
 * index. */
bool pl_plateau_sum(const struct pl_plateau *plateau, size_t index, struct pl_plateau_sum *sum);
bool pl_plateau_count(const struct pl_plateau *plateau, unsigned index, const char **name, uint64_t *count);

#ifdef __cplusplus
}
#endif

#endif
