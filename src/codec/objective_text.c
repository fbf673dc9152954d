#include "codec/objective_text.h"

#include "util/stamp.h"

#include <math.h>
#include <stdio.h>

void pl_objective_text(const struct pl_objective *objective, const char *area, int64_t judged_us, pl_pairs_fn emit,
                       void *ctx)
{
    const struct pl_pairs to = {emit, ctx};

    pl_pairs_text(&to, "area", area);
    pl_pairs_text(&to, "figure", pl_objective_figure_name(objective->figure));
    pl_pairs_double(&to, "target", objective->target);
    pl_pairs_time(&to, "by", objective->by_us);
    pl_pairs_double(&to, "now", objective->now);
    pl_pairs_double(&to, "start", objective->start);
    pl_pairs_time(&to, "started", objective->start_us);
    pl_pairs_double(&to, "way", objective->way);
    pl_pairs_double(&to, "expected", objective->expected);
    pl_pairs_double(&to, "days_left", objective->days_left);
    pl_pairs_text(&to, "state", pl_objective_state_name(objective->state));
    pl_pairs_time(&to, "judged", judged_us);
}

/* What the figure is, behind its number. */
static const char *figure_words(enum pl_objective_figure figure)
{
    static const char *const texts[] = {
        [PL_OBJECTIVE_FUNNEL] = "% reach the goal",
        [PL_OBJECTIVE_DELIVERED] = "% of the features' value delivered",
        [PL_OBJECTIVE_VALUE] = "value events per active user and week",
        [PL_OBJECTIVE_RETENTION] = "% get value again in week 4",
        [PL_OBJECTIVE_ACTIVATION] = "% of new users activated",
    };

    return texts[figure];
}

static double shown(const struct pl_objective *objective, double value)
{
    return objective->figure == PL_OBJECTIVE_VALUE ? value : 100. * value;
}

static void add_way(const struct pl_objective *objective, struct pl_buf *out)
{
    char stamp[PL_STAMP_BYTES];

    if (objective->start_us == PL_TIME_NONE)
        pl_buf_add_text(out, "; not followed long enough to say more");
    else if (isfinite(objective->way))
        pl_buf_addf(out, "; %.0f %% of the way from %.3g since %.10s", 100. * objective->way,
                    shown(objective, objective->start), pl_stamp_format(objective->start_us, stamp));
    else
        pl_buf_addf(out, "; it was %.3g on %.10s", shown(objective, objective->start),
                    pl_stamp_format(objective->start_us, stamp));
}

void pl_objective_words(const struct pl_objective *objective, struct pl_buf *out)
{
    static const char *const states[] = {"", ": on track", ": behind", ": reached", ": missed"};
    bool share = objective->figure != PL_OBJECTIVE_VALUE;
    char stamp[PL_STAMP_BYTES];

    pl_buf_addf(out, "%s: ", objective->id);
    if (isfinite(objective->now))
        pl_buf_addf(out, "%.3g %s", shown(objective, objective->now), figure_words(objective->figure));
    else
        pl_buf_addf(out, "%s not known yet", share ? "share" : "figure");
    pl_buf_addf(out, ", %.3g%s wanted by %.10s", shown(objective, objective->target), share ? " %" : "",
                pl_stamp_format(objective->by_us, stamp));
    if (isfinite(objective->now))
        add_way(objective, out);
    if (objective->days_left > 0)
        pl_buf_addf(out, ", %.0f days left", ceil(objective->days_left));
    pl_buf_add_text(out, states[objective->state]);
}

bool pl_objective_find_figure(struct pl_span name, enum pl_objective_figure *figure)
{
    for (int at = PL_OBJECTIVE_FUNNEL; at <= PL_OBJECTIVE_ACTIVATION; at++) {
        *figure = (enum pl_objective_figure)at;
        if (pl_span_is(name, pl_objective_figure_name(*figure)))
            return true;
    }
    return false;
}

bool pl_objective_find_state(struct pl_span name, enum pl_objective_state *state)
{
    for (int at = PL_OBJECTIVE_UNKNOWN; at <= PL_OBJECTIVE_MISSED; at++) {
        *state = (enum pl_objective_state)at;
        if (pl_span_is(name, pl_objective_state_name(*state)))
            return true;
    }
    return false;
}
