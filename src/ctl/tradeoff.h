/* Trade-offs of an area: what its experiments did to one metric against what they did to another. Pure.
 *
 * A row is one treated variant of one experiment with its lift per metric over the whole life of the experiment. A lift
 * above 0 rose, below 0 fell; `proved` when its interval (95 %, valid at every look) excludes 0. Whether that is good
 * is the metric's matter: better turns the sign of metrics of which less is better. Correlation: Pearson's, of the
 * lifts of rows that have both, each row alike; noise in the lifts draws it to 0, and users that both metrics are of
 * push it the way the metrics go together anyway. Descriptive, no test.
 */
#ifndef PL_CTL_TRADEOFF_H
#define PL_CTL_TRADEOFF_H

#include "core/rule.h"
#include "ctl/table.h"

#define PL_TRADEOFF_METRICS_MAX 24
#define PL_TRADEOFF_ROWS_MAX 20000

struct pl_tradeoff_metric {
    char id[PL_NAME_BYTES];
    enum pl_metric_role role;
    bool lower_is_better;
};

/* NAN: not known. */
struct pl_tradeoff_lift {
    double lift, lower, upper;
};

struct pl_tradeoff_row {
    char experiment[PL_NAME_BYTES], variant[PL_NAME_BYTES];
    struct pl_tradeoff_lift lifts[PL_TRADEOFF_METRICS_MAX];
};

struct pl_tradeoff {
    char area[PL_NAME_BYTES];
    unsigned n_metrics, metrics_left_out;
    struct pl_tradeoff_metric metrics[PL_TRADEOFF_METRICS_MAX];
    struct pl_tradeoff_row *rows; /* owned */
    size_t n_rows, cap;
    unsigned experiments, uneven, holdouts; /* looked at; left out for their split; not experiments of one change */
    bool full;                              /* there was no room for all rows */
};

/* A zeroed struct is empty. The next row, all of its lifts unknown; NULL without memory or beyond the bound (full). */
struct pl_tradeoff_row *pl_tradeoff_add(struct pl_tradeoff *tradeoff);
void pl_tradeoff_fini(struct pl_tradeoff *tradeoff);

/* How two metrics went together. */
enum pl_tradeoff_way { PL_TRADEOFF_BOTH_ROSE, PL_TRADEOFF_BOTH_FELL, PL_TRADEOFF_FIRST_ROSE, PL_TRADEOFF_SECOND_ROSE };

struct pl_tradeoff_pair {
    unsigned n;                  /* rows with both lifts; a lift of exactly 0 goes no way */
    unsigned ways[4], proved[4]; /* by enum pl_tradeoff_way; proved: of them with both proved */
    double correlation;          /* NAN below 3 rows, or when one of the lifts is always the same */
};

struct pl_tradeoff_pair pl_tradeoff_pair(const struct pl_tradeoff *tradeoff, unsigned first, unsigned second);

/* Did this row better a delivery metric and worsen this guardrail or value metric? */
enum pl_tradeoff_harm { PL_TRADEOFF_NO_HARM, PL_TRADEOFF_BY_SIGN, PL_TRADEOFF_PROVED };
enum pl_tradeoff_harm pl_tradeoff_harm(const struct pl_tradeoff *tradeoff, const struct pl_tradeoff_row *row,
                                       unsigned delivery, unsigned other);

void pl_tradeoff_text(const struct pl_tradeoff *tradeoff, struct pl_look look, struct pl_buf *out);
void pl_tradeoff_json(const struct pl_tradeoff *tradeoff, struct pl_buf *out);

#endif
