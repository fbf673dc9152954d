#include "ctl/explain_inside.h"

#include "codec/objective_text.h"
#include "codec/words.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define WIDTH 100
#define LINES 50
#define STALE_US (60 * PL_DAY_US)

/* From the whole to the least: the last one fits, whatever there is to tell. */
static const struct cut cuts[] = {
    {9, 8, 4, 5, 6, 5, 6, true, true, true, true},     {9, 8, 4, 5, 6, 2, 6, false, true, true, true},
    {9, 8, 4, 5, 6, 2, 6, false, true, true, false},   {6, 4, 2, 5, 6, 0, 5, false, true, true, false},
    {4, 2, 1, 5, 4, 0, 4, false, true, true, false},   {2, 1, 1, 3, 2, 0, 3, false, false, true, false},
    {1, 1, 1, 2, 2, 0, 2, false, false, false, false},
};

void pl_explain_heading(const struct screen *screen, const char *text)
{
    if (screen->cut->blank)
        pl_buf_add_char(screen->out, '\n');
    pl_table_ink(screen->out, screen->look, PL_INK_BOLD, text);
    pl_buf_add_char(screen->out, '\n');
}

void pl_explain_sentence(const struct screen *screen, const char *text)
{
    pl_table_wrap(screen->out, 2, WIDTH, text);
}

/* "and 3 more features": what was cut. */
static void and_more(const struct screen *screen, unsigned n, const char *what)
{
    if (n > 0)
        pl_buf_addf(screen->out, "  and %u more %s%s\n", n, what, n == 1 ? "" : "s");
}

static int by_size(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

int64_t pl_explain_stale_since(const struct pl_told *told, const struct pl_past *past)
{
    int64_t gaps[PL_PAST_MAX], last_us = PL_TIME_NONE, limit_us = STALE_US;
    size_t n = 0;

    for (unsigned at = 0; at < past->n_results; at++) {
        if (!past->results[at].counted || past->results[at].time_us == PL_TIME_NONE)
            continue;
        if (last_us != PL_TIME_NONE)
            gaps[n++] = past->results[at].time_us - last_us;
        last_us = past->results[at].time_us;
    }
    qsort(gaps, n, sizeof(*gaps), by_size);
    if (n && 2 * gaps[n / 2] > limit_us)
        limit_us = 2 * gaps[n / 2];
    if (told->judged_us == PL_TIME_NONE || told->state.last_us == PL_TIME_NONE ||
        told->judged_us - told->state.last_us <= limit_us)
        return PL_TIME_NONE;
    return told->state.last_us + limit_us;
}

static void add_flags(const struct screen *screen)
{
    const struct pl_told *told = screen->told;
    int64_t stale_us = pl_explain_stale_since(told, screen->past);
    char text[96], stamp[PL_STAMP_BYTES];

    if (told->advice.urgent)
        pl_explain_sentence(screen, "Urgent: the value users get is falling.");
    if (told->advice.repair_first)
        pl_explain_sentence(screen, "The funnel is falling: repair it first.");
    if (told->state.peeking)
        pl_explain_sentence(screen, pl_words_inconclusive(PL_WHY_PEEKING));
    if (told->state.unhealthy)
        pl_explain_sentence(screen, pl_words_inconclusive(PL_WHY_UNHEALTHY));
    if (stale_us != PL_TIME_NONE) {
        snprintf(text, sizeof(text), "Stale since %.10s: no new results came.", pl_stamp_format(stale_us, stamp));
        pl_explain_sentence(screen, text);
    }
}

/* Where it seems to go, and by how much, when the experiments say so. */
static void add_lean(const struct screen *screen)
{
    const struct pl_told *told = screen->told;
    char text[256], gain[GAIN_BYTES];

    if (told->advice.lean == 0 || !isfinite(told->state.posterior_mean)) {
        pl_explain_sentence(screen, pl_words_lean(told->advice.lean));
        return;
    }
    pl_words_gain(&told->rule, fabs(told->state.posterior_mean), gain);
    snprintf(text, sizeof(text), "%s: experiments seem to pay %s %s than the smallest gain worth one",
             pl_words_lean(told->advice.lean), gain, told->state.posterior_mean > 0 ? "more" : "less");
    pl_explain_sentence(screen, text);
}

static void add_verdict(const struct screen *screen, const char *area)
{
    const struct pl_told *told = screen->told;
    const char *grade = pl_grade_name(told->advice.grade);
    char stamp[PL_STAMP_BYTES];
    struct pl_buf when = {0};

    pl_table_ink(screen->out, screen->look, PL_INK_BOLD, area);
    pl_buf_add_text(screen->out, ": ");
    pl_table_ink(screen->out, screen->look, told->firing ? PL_INK_WARN : PL_INK_BOLD,
                 pl_words_verdict(told->advice.verdict));
    pl_buf_addf(screen->out, "%s%s%s\n", *grade ? " (" : "", grade, *grade ? ")" : "");
    if (told->firing && told->since_us != PL_TIME_NONE)
        pl_buf_addf(&when, "alert since %.10s", pl_stamp_format(told->since_us, stamp));
    if (told->judged_us != PL_TIME_NONE)
        pl_buf_addf(&when, "%sjudged to %s", when.len ? ", " : "", pl_stamp_format(told->judged_us, stamp));
    if (*told->rule.owner)
        pl_buf_addf(&when, "%sfor %s", when.len ? ", " : "", told->rule.owner);
    if (pl_buf_ok(&when) && when.ptr)
        pl_explain_sentence(screen, when.ptr);
    pl_buf_fini(&when);
    pl_explain_sentence(screen, pl_words_explain(told->advice.verdict));
    pl_explain_sentence(screen, pl_words_action(told->advice.verdict));
    if (told->advice.verdict == PL_NO_VERDICT) {
        pl_explain_sentence(screen, pl_words_no_verdict(told->advice.reason));
        pl_explain_sentence(screen, pl_words_inconclusive(told->state.why));
        add_lean(screen);
    }
    add_flags(screen);
}

/* Share of users that a gap is about: who know it, who tried it, who left. */
static double share_of(const struct pl_adoption_counts *seen, enum pl_gap gap)
{
    const int64_t parts[PL_GAPS] = {seen->aware, seen->adopted, seen->left};
    const int64_t wholes[PL_GAPS] = {seen->eligible, seen->aware, seen->older};

    return wholes[gap] > 0 ? 100. * (double)parts[gap] / (double)wholes[gap] : 0.;
}

static void add_features(const struct screen *screen)
{
    static const char *const does[PL_GAPS] = {"know it", "tried it", "left"};
    const struct pl_told *told = screen->told;
    struct pl_table table = {.n_columns = 2, .look = screen->look};
    unsigned rows = 0, at = 0;

    if (told->n_features == 0)
        return;
    pl_explain_heading(screen, "features: most users who could use them");
    for (; at < told->n_features && rows < screen->cut->features; at++)
        for (int gap = 0; gap < PL_GAPS && rows < screen->cut->features; gap++) {
            if (!(told->features[at].kinds & 1u << gap))
                continue;
            pl_table_cell(&table, PL_INK_NONE, "%s", pl_words_gap((enum pl_gap)gap));
            pl_table_cell(&table, PL_INK_NONE, "%s (%.0f %% %s)", told->features[at].id,
                          share_of(&told->features[at].seen, (enum pl_gap)gap), does[gap]);
            rows++;
        }
    pl_table_write(&table, 2, screen->out);
    pl_table_fini(&table);
    and_more(screen, told->n_gaps > at ? told->n_gaps - at : 0, "feature");
}

static void add_objectives(const struct screen *screen)
{
    const struct pl_told *told = screen->told;
    unsigned n = told->n_objectives < screen->cut->objectives ? told->n_objectives : screen->cut->objectives;

    if (told->n_objectives == 0)
        return;
    pl_explain_heading(screen, "objectives");
    for (unsigned at = 0; at < n; at++) {
        struct pl_buf text = {0};

        pl_objective_words(&told->objectives[at], &text);
        if (pl_buf_ok(&text) && text.ptr)
            pl_explain_sentence(screen, text.ptr);
        pl_buf_fini(&text);
    }
    and_more(screen, told->n_objectives - n, "objective");
}

static void add_levers(const struct screen *screen)
{
    if (!*screen->told->rule.core_levers)
        return;
    pl_explain_heading(screen, "where value may be");
    pl_explain_sentence(screen, screen->told->rule.core_levers);
}

static void add_effects(const struct screen *screen)
{
    double effects[PL_PAST_MAX], low = (double)INFINITY, high = -(double)INFINITY;
    char least[GAIN_BYTES], most[GAIN_BYTES], last[GAIN_BYTES];
    unsigned n = 0;

    for (unsigned at = 0; at < screen->past->n_results && screen->cut->effects; at++) {
        if (!screen->past->results[at].counted || !isfinite(screen->past->results[at].effect))
            continue;
        effects[n++] = screen->past->results[at].effect;
        low = fmin(low, effects[n - 1]);
        high = fmax(high, effects[n - 1]);
    }
    if (n == 0)
        return;
    pl_words_gain(&screen->told->rule, low, least);
    pl_words_gain(&screen->told->rule, high, most);
    pl_words_gain(&screen->told->rule, effects[n - 1], last);
    pl_explain_heading(screen, "measured effects of the last results");
    pl_buf_add_text(screen->out, "  ");
    pl_table_spark(screen->out, screen->look, effects, n);
    pl_buf_addf(screen->out, "  %u results, from %s to %s, the last one %s\n", n, least, most, last);
}

static void add_left_out(const struct screen *screen)
{
    struct pl_table table = {.n_columns = 2, .right = 1u, .look = screen->look};
    unsigned shown = 0, more = 0;

    for (int reason = PL_ENTERED + 1; reason < PL_TOLD_REASONS; reason++) {
        int64_t n = screen->told->left_out[reason];

        if (n == 0)
            continue;
        if (shown++ >= screen->cut->reasons) {
            more++;
            continue;
        }
        pl_table_cell(&table, PL_INK_NONE, "%" PRId64, n);
        pl_table_cell(&table, PL_INK_NONE, "%s", pl_words_exclusion((enum pl_exclusion)reason));
    }
    pl_explain_heading(screen, "left out");
    if (table.n == 0)
        pl_explain_sentence(screen, "nothing");
    pl_table_write(&table, 2, screen->out);
    pl_table_fini(&table);
    and_more(screen, more, "reason");
}

/* What ends a verdict that is not about the returns of experiments. NULL: it is one of those. */
static const char *end_of(enum pl_verdict verdict)
{
    switch (verdict) {
    case PL_DELIVER_EXISTING:
        return "More users who know these features: it is looked at every Monday.";
    case PL_DERIVING:
        return "Value that no longer falls, or takings that no longer rise: it is looked at every four weeks.";
    case PL_HOLLOW_GROWTH:
        return "Results in which value rises with what ships, or a core_launch record, which starts a new count.";
    default:
        return NULL;
    }
}

static void add_needed(const struct screen *screen)
{
    const struct pl_told *told = screen->told;
    struct pl_words_condition conditions[PL_WORDS_CONDITIONS_MAX];
    unsigned n = pl_words_conditions(&told->advice, conditions);
    char text[256];

    pl_explain_heading(screen, "what would change it");
    for (unsigned at = 0, shown = 0; at < n; at++)
        if (!conditions[at].met && shown++ < screen->cut->conditions)
            pl_explain_sentence(screen, conditions[at].text);
    if (end_of(told->advice.verdict)) {
        pl_explain_sentence(screen, end_of(told->advice.verdict));
    } else if (told->state.state == PL_FLAT) {
        pl_explain_sentence(screen,
                            "Results that provably pay again, or a core_launch record, which starts a new count.");
    } else if (!isfinite(told->rule.smallest_return)) {
        pl_explain_sentence(
            screen, "Set smallest_return of this area (plateauctl worth); until then nothing can be proved flat.");
    } else if (isfinite(told->state.needed) && told->state.needed > 0) {
        snprintf(text, sizeof(text),
                 "If experiments pay nothing from now on, about %.0f more of them prove it at the present noise.",
                 ceil(told->state.needed));
        pl_explain_sentence(screen, text);
    } else {
        pl_explain_sentence(screen, "More results: how many cannot be told yet.");
    }
}

static void add_changes(const struct screen *screen)
{
    const struct pl_past *past = screen->past;
    struct pl_table table = {.n_columns = 3, .right = 1u << 2, .look = screen->look};
    unsigned first = past->n_changes > screen->cut->changes ? past->n_changes - screen->cut->changes : 0;
    char stamp[PL_STAMP_BYTES];

    if (first == past->n_changes)
        return;
    pl_explain_heading(screen, "last changes of state");
    for (unsigned at = first; at < past->n_changes; at++) {
        pl_table_cell(&table, PL_INK_NONE, "%.10s", pl_stamp_format(past->changes[at].time_us, stamp));
        pl_table_cell(&table, PL_INK_NONE, "%s", past->changes[at].state);
        pl_table_cell(&table, PL_INK_NONE, "%" PRId64 " results", past->changes[at].n);
    }
    pl_table_write(&table, 2, screen->out);
    pl_table_fini(&table);
}

/* The command with the area's name in its place. */
static void add_named(struct pl_buf *out, const char *command, const char *area)
{
    struct pl_span rest = pl_span_of(command), before = pl_span_cut(&rest, '%');

    pl_buf_add_span(out, before);
    if (!rest.ptr)
        return;
    pl_buf_add_text(out, area);
    pl_buf_add(out, rest.ptr + 1, rest.len - 1);
}

/* What repeats the numbers: each with what it shows. */
static void add_commands(const struct screen *screen)
{
    const struct pl_told *told = screen->told;
    const char *area = screen->explain->area, *instance = screen->explain->instance;
    const struct {
        bool wanted;
        const char *command, *shows;
    } rows[] = {
        {true, "plateauctl explain %s --numbers", "every number on this screen"},
        {told->n_features > 0 || told->measured || isfinite(told->rate), "plateauctl map %s",
         "where users go, and where they are lost"},
        {told->state.n > 0, "plateauctl balance %s", "what each kind of work took and gave"},
        {told->state.n_value > 0, "plateauctl tradeoff %s", "what went up at the cost of something else"},
        {told->n_objectives > 0, "plateauctl digest", "the week, and what to do next"},
    };
    struct pl_table table = {.n_columns = 2, .look = screen->look};
    unsigned shown = 1;

    pl_explain_heading(screen, "the same numbers");
    pl_table_cell(&table, PL_INK_NONE, "redis-cli HGETALL 'plateaud:{%s}:area:%s'", instance ? instance : "main", area);
    pl_table_cell(&table, PL_INK_FAINT, "as they stand in Redis");
    for (size_t at = 0; at < sizeof(rows) / sizeof(*rows) && shown < screen->cut->commands; at++) {
        struct pl_buf text = {0};

        if (!rows[at].wanted)
            continue;
        add_named(&text, rows[at].command, area);
        pl_table_cell(&table, PL_INK_NONE, "%s", text.ptr ? text.ptr : "");
        pl_table_cell(&table, PL_INK_FAINT, "%s", rows[at].shows);
        pl_buf_fini(&text);
        shown++;
    }
    if (shown < screen->cut->commands) {
        pl_table_cell(&table, PL_INK_NONE, "plateauctl replay --control RESULTS EVENTS");
        pl_table_cell(&table, PL_INK_FAINT, "the same verdict, from the records alone");
    }
    pl_table_write(&table, 2, screen->out);
    pl_table_fini(&table);
}

/* Columns of a line, without colour. */
static size_t columns_of(struct pl_span line)
{
    size_t columns = 0;
    bool escape = false;

    for (size_t at = 0; at < line.len; at++) {
        escape = escape || line.ptr[at] == '\033';
        columns += !escape && (line.ptr[at] & 0xc0) != 0x80;
        escape = escape && line.ptr[at] != 'm';
    }
    return columns;
}

/* A line of at most WIDTH columns; colour goes on to its end. */
static void add_cut(struct pl_buf *out, struct pl_span line)
{
    bool cut = columns_of(line) > WIDTH, escape = false;
    size_t columns = 0;

    for (size_t at = 0; at < line.len; at++) {
        escape = escape || line.ptr[at] == '\033';
        columns += !escape && (line.ptr[at] & 0xc0) != 0x80;
        if (escape || !cut || columns <= WIDTH - 3)
            pl_buf_add_char(out, line.ptr[at]);
        escape = escape && line.ptr[at] != 'm';
    }
    pl_buf_add_text(out, cut ? "...\n" : "\n");
}

static unsigned lines_of(const struct pl_buf *text)
{
    unsigned lines = 0;

    for (size_t at = 0; at < text->len; at++)
        lines += text->ptr[at] == '\n';
    return lines;
}

static void add_all(const struct screen *screen)
{
    add_verdict(screen, screen->explain->area);
    pl_explain_why(screen);
    add_objectives(screen);
    add_features(screen);
    add_levers(screen);
    add_effects(screen);
    add_left_out(screen);
    add_needed(screen);
    add_changes(screen);
    add_commands(screen);
}

void pl_explain_write(const struct pl_explain *explain, struct pl_buf *out)
{
    struct pl_buf text = {0};
    struct pl_span rest;

    for (size_t at = 0; at < sizeof(cuts) / sizeof(*cuts) && (at == 0 || lines_of(&text) > LINES); at++) {
        const struct screen screen = {explain, explain->told, explain->past, explain->look, &cuts[at], &text};

        pl_buf_clear(&text);
        add_all(&screen);
    }
    if (!pl_buf_ok(&text))
        out->failed = true;
    rest = pl_buf_span(&text);
    while (rest.ptr && rest.len > 0)
        add_cut(out, pl_span_cut(&rest, '\n'));
    pl_buf_fini(&text);
}
