/* Results of experiments as GrowthBook's API gives them: GET /api/v1/experiments/ID/results, lists of these, or several
 * behind each other.
 *
 * Taken are, for one metric, the mean, the standard deviation and the number of users of each variant, the phase's
 * dates, the p-value of the split, and which variation was released; never GrowthBook's own estimate. With control a
 * and variant b (statistics.md 1.2 and 2.3): effect = (m_b - m_a) / B,      se^2 = (s_b^2/n_b + s_a^2/n_a) / B^2 with a
 * fixed baseline B effect = (m_b - m_a) / |m_a|,  se^2 = s_b^2/(n_b m_a^2) + s_a^2 m_b^2/(n_a m_a^4)      without one
 * What is not one finished comparison of two variants is left out, with the reason. Cost: cJSON's, a document at a
 * time.
 */
#ifndef PL_CODEC_GROWTHBOOK_H
#define PL_CODEC_GROWTHBOOK_H

#include "core/control.h"
#include "util/err.h"

#define PL_GROWTHBOOK_BYTES_MAX (64u * 1024 * 1024) /* of a file */

/* Why a well-formed result gives no record. */
enum pl_growthbook_why {
    PL_GROWTHBOOK_TAKEN,
    PL_GROWTHBOOK_ARMS,      /* not two variants: each against the same control is not one comparison */
    PL_GROWTHBOOK_RUNNING,   /* not stopped yet */
    PL_GROWTHBOOK_DIMENSION, /* broken down by a dimension */
    PL_GROWTHBOOK_EMPTY,     /* no users, or no spread */
    PL_GROWTHBOOK_ADJUSTED,  /* the spread was reduced with earlier data, the means were not */
    PL_GROWTHBOOK_REASONS
};

struct pl_growthbook_result {
    struct pl_control control; /* without area, effect and se */
    enum pl_growthbook_why why;
    double mean[2], sd[2], n[2]; /* control, variant; only when taken */
};

/* The results of a text; a zeroed struct with text and metric set is ready. */
struct pl_growthbook {
    struct pl_span text;     /* ref: what was not read yet */
    const char *metric;      /* ref: its id; NULL: the only goal */
    int64_t now_us;          /* no result may end later, but for 5 minutes */
    unsigned line, document; /* read so far */
    struct cJSON *root;      /* owned: the document being read */
    const struct cJSON *item;
    unsigned index; /* of item in its list */
};

/* The next result; *more is false at the end. INPUT with the place in the text or in the document for one that is
 * malformed; the next call goes on behind it. */
enum pl_status pl_growthbook_next(struct pl_growthbook *book, struct pl_growthbook_result *result, bool *more,
                                  struct pl_err *err) PL_MUSTCHECK;
void pl_growthbook_fini(struct pl_growthbook *book);

/* Fill in effect and se; baseline NAN: there is none. INPUT when the control's mean is 0 then. */
enum pl_status pl_growthbook_effect(struct pl_growthbook_result *result, double baseline,
                                    struct pl_err *err) PL_MUSTCHECK;

/* In words for users. */
const char *pl_growthbook_reason(enum pl_growthbook_why why);

#endif
