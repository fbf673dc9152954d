/* What is observed of features, of the value users get and of what is taken from them, in words.
 */
#include "codec/words.h"

#include "util/stamp.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define WEEKS_OF_DRIFT 12.
#define WEEKS_OF_YEAR 52.

const char *pl_words_gap(enum pl_gap gap)
{
    static const char *const texts[PL_GAPS] = {"do not know it", "know it but do not try it", "tried it and left"};

    return texts[gap];
}

static double percent(int64_t n, int64_t of)
{
    return of > 0 ? 100. * (double)n / (double)of : 0.;
}

static void add_discovery(const struct pl_adoption_counts *seen, double bar, struct pl_buf *out)
{
    pl_buf_addf(out, "%.0f %% of %" PRId64 " users who could use it know it; of %" PRId64 " who met it%s, %.0f %%",
                percent(seen->aware, seen->eligible), seen->eligible, seen->newly,
                seen->launched ? " since it is new" : " a month or more ago", percent(seen->repeated, seen->newly));
    pl_buf_add_text(out, " used it in more than one week");
    if (isfinite(bar))
        pl_buf_addf(out, " (valuable from %.0f %%)", 100. * bar);
}

void pl_words_feature(const char *feature, enum pl_gap gap, const struct pl_adoption_counts *seen, double bar,
                      struct pl_buf *out)
{
    pl_buf_addf(out, "%s: ", feature);
    switch (gap) {
    case PL_GAP_DISCOVERY:
        add_discovery(seen, bar, out);
        break;
    case PL_GAP_TRIAL:
        pl_buf_addf(out, "of %" PRId64 " users who know it, %.0f %% have tried it", seen->aware,
                    percent(seen->adopted, seen->aware));
        break;
    case PL_GAP_FIT:
    case PL_GAPS:
        pl_buf_addf(out, "of %" PRId64 " users who tried it a month or more ago, %.0f %% have left it", seen->older,
                    percent(seen->left, seen->older));
        break;
    }
    pl_buf_add_char(out, '.');
}

#define GAIN_BYTES (PL_NAME_BYTES + 32)

void pl_words_hollow(const struct pl_area_rule *area, const struct pl_area_state *state, struct pl_buf *out)
{
    char goal[GAIN_BYTES], value[GAIN_BYTES];

    if (state->n_value == 0)
        return;
    pl_words_gain(area, state->credit_mean, goal);
    pl_words_gain(area, state->value_mean, value);
    pl_buf_addf(out,
                "Gain per experiment, corrected for lucky winners: %s of the goal and %s of value, over %u experiments "
                "with both measured.",
                goal, value, state->n_value);
}

void pl_words_quarter(const struct pl_area_rule *area, const struct pl_area_state *state, struct pl_buf *out)
{
    const struct pl_quarter *quarter = &state->quarter;
    char credited[GAIN_BYTES], realised[GAIN_BYTES], stamp[PL_STAMP_BYTES];

    if (quarter->end_us <= 0)
        return;
    pl_words_gain(area, quarter->credited, credited);
    pl_words_gain(area, quarter->realised, realised);
    pl_buf_addf(out,
                "In the quarter to %.10s, %u experiments were credited with %s together, and against the users held "
                "out %s was realised; that they do not pay: evidence, %.3g of %.0f needed.",
                pl_stamp_format(quarter->end_us, stamp), quarter->n, credited, realised, state->e_holdout,
                state->level);
}

double pl_words_yearly(double drift)
{
    return expm1(drift * WEEKS_OF_YEAR / WEEKS_OF_DRIFT);
}

void pl_words_trend(const struct pl_looks *looks, struct pl_buf *out)
{
    double yearly = 100. * pl_words_yearly(looks->drift);

    switch (looks->verdict) {
    case PL_TREND_UNKNOWN:
        pl_buf_add_text(out, "is not known yet");
        break;
    case PL_TREND_STABLE:
        pl_buf_add_text(out, "is unchanged within 10 %");
        break;
    case PL_TREND_RISING:
        pl_buf_addf(out, "rises by %.3g %% a year", yearly);
        break;
    case PL_TREND_FALLING:
        pl_buf_addf(out, "falls by %.3g %% a year", -yearly);
        break;
    case PL_TREND_INCONCLUSIVE:
        pl_buf_add_text(out, "cannot be told from noise");
        break;
    }
}
