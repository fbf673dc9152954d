/* The week of an owner's areas, for people who do not look every day: verdicts, what changed, the figures that matter,
 * objectives, and what to do next. As lines of text and as a document (CloudEvents, type plateaud.digest.v1, promised
 * by conf/alert.schema.json; additive changes only).
 *
 * The daemon fills it from the judge, plateauctl from what Redis tells: the same values give the same text. Pure.
 */
#ifndef PL_CODEC_DIGEST_H
#define PL_CODEC_DIGEST_H

#include "core/judge/judge.h"
#include "util/buf.h"

#define PL_DIGEST_EDGES_MAX 4
#define PL_DIGEST_FEATURES_MAX 8
#define PL_DIGEST_STEPS_MAX 3
#define PL_DIGEST_REASONS (PL_EXCLUDED_OLD_EPOCH + 1)

struct pl_digest_feature {
    const char *id;
    unsigned kinds; /* bits of enum pl_gap */
    struct pl_adoption_counts seen;
};

/* One area. Borrowed, as all below. */
struct pl_digest_area {
    const struct pl_area_rule *rule; /* id, unit, smallest_return, value_bar, core_levers */
    const struct pl_advice *advice;
    const struct pl_area_state *state;
    bool firing;
    int64_t since_us; /* of the alert that fires */
    unsigned n_edges; /* of the period, oldest first */
    struct pl_alert_edge edges[PL_DIGEST_EDGES_MAX];
    unsigned counted, won, left_out[PL_DIGEST_REASONS]; /* results of the period */
    bool measured;                                      /* the area has value events */
    enum pl_trend_verdict value;
    struct pl_looks events; /* value events per active user */
    bool has_features;      /* they were looked at */
    double delivered_share; /* NAN unknown */
    unsigned n_features;    /* with gaps */
    struct pl_digest_feature features[PL_DIGEST_FEATURES_MAX];
    unsigned n_objectives;
    struct pl_objective objectives[PL_OBJECTIVE_STARTS_MAX];
};

struct pl_digest {
    const char *instance;
    const char *owner;      /* "" for areas without one */
    int64_t from_us, to_us; /* the period: what was judged above from, and up to to */
    unsigned n_areas;
    const struct pl_digest_area *areas;
};

/* Does a result of the ledger count as a win: entered, and above zero beyond doubt (balance.h)? */
bool pl_digest_is_win(enum pl_exclusion excluded, double effect, double se);

/* Count one result of the period. */
void pl_digest_take(struct pl_digest_area *area, enum pl_exclusion excluded, double effect, double se);

/* The area's part, line by line, without newlines: the verdict first, the next steps last. */
typedef void (*pl_digest_line_fn)(void *ctx, const char *line);
void pl_digest_lines(const struct pl_digest_area *area, pl_digest_line_fn emit, void *ctx);

/* The most useful next steps, one sentence or two each; returns their number. The buffers are the caller's. */
unsigned pl_digest_steps(const struct pl_digest_area *area, struct pl_buf steps[PL_DIGEST_STEPS_MAX]);

/* "growth: 2 areas, 1 alert fires; checkout: shift to core value work": one line. */
void pl_digest_summary(const struct pl_digest *digest, struct pl_buf *out);

/* Made of owner and end of the period: the same week has the same id. */
void pl_digest_id(const struct pl_digest *digest, char out[33]);

/* Append the document, one line without a newline. */
void pl_digest_write(const struct pl_digest *digest, struct pl_buf *out);

#endif
