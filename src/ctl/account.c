#include "ctl/account.h"

#include "codec/json_out.h"
#include "codec/words.h"
#include "ctl/drawing.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define GAIN_BYTES (PL_NAME_BYTES + 32)
#define NAME_BYTES 64
#define KINDS 4

static const char *const kinds[KINDS] = {"growth", "monetisation", "core", "holdout"};

/* What the parts of the screen share. */
struct screen {
    const struct pl_published_hash *balance;
    struct pl_area_rule rule; /* only its unit */
    struct pl_look look;
    struct pl_buf *out;
};

static void heading(const struct screen *screen, const char *text)
{
    pl_buf_add_char(screen->out, '\n');
    pl_table_ink(screen->out, screen->look, PL_INK_BOLD, text);
    pl_buf_add_char(screen->out, '\n');
}

static const char *name_of(char out[NAME_BYTES], const char *kind, const char *what)
{
    snprintf(out, NAME_BYTES, "%s.%s", kind, what);
    return out;
}

static double number(const struct screen *screen, const char *name)
{
    return pl_published_double(screen->balance, name, PL_NAN);
}

static bool has_kind(const struct screen *screen, const char *kind)
{
    char name[NAME_BYTES];

    return pl_published_int(screen->balance, name_of(name, kind, "results"), 0) > 0;
}

static double total(const struct screen *screen, const char *what)
{
    char name[NAME_BYTES];
    double sum = 0;

    for (int at = 0; at < KINDS; at++) {
        double of_kind = number(screen, name_of(name, kinds[at], what));

        sum += isfinite(of_kind) ? of_kind : 0;
    }
    return sum;
}

static void heads(struct pl_table *table, const char *const *texts)
{
    for (unsigned at = 0; at < table->n_columns; at++)
        pl_table_cell(table, PL_INK_BOLD, "%s", texts[at]);
}

static void plain_cell(struct pl_table *table, double value)
{
    if (isfinite(value))
        pl_table_cell(table, PL_INK_NONE, "%.10g", value);
    else
        pl_table_cell(table, PL_INK_NONE, "%s", "");
}

/* A figure with its share of all kinds of work: "12 (75 %)". */
static void share_cell(struct pl_table *table, double value, double all)
{
    if (isfinite(value) && all > 0)
        pl_table_cell(table, PL_INK_NONE, "%.10g (%.0f %%)", value, 100 * value / all);
    else
        plain_cell(table, value);
}

static void add_taken(const struct screen *screen)
{
    static const char *const texts[] = {"", "results", "left out", "measured", "shipped", "wins", "users", "cost"};
    static const char *const shared[] = {"units", "cost"}, *const counts[] = {"left_out", "measured", "shipped",
                                                                              "wins"};
    struct pl_table table = {.n_columns = 8, .right = 0xfe, .look = screen->look};
    char name[NAME_BYTES];

    heading(screen, "what each kind of work took");
    heads(&table, texts);
    for (int at = 0; at < KINDS; at++) {
        if (!has_kind(screen, kinds[at]))
            continue;
        pl_table_cell(&table, PL_INK_NONE, "%s", kinds[at]);
        share_cell(&table, number(screen, name_of(name, kinds[at], "results")), total(screen, "results"));
        for (size_t c = 0; c < sizeof(counts) / sizeof(*counts); c++)
            plain_cell(&table, number(screen, name_of(name, kinds[at], counts[c])));
        for (size_t c = 0; c < sizeof(shared) / sizeof(*shared); c++)
            share_cell(&table, number(screen, name_of(name, kinds[at], shared[c])), total(screen, shared[c]));
    }
    pl_table_write(&table, 2, screen->out);
    pl_table_fini(&table);
}

static const char *gain_of(const struct screen *screen, const char *name, char out[GAIN_BYTES])
{
    pl_words_gain(&screen->rule, number(screen, name), out);
    return out;
}

static void add_given(const struct screen *screen)
{
    static const char *const texts[] = {"", "added up", "corrected", "per experiment", "per cost"};
    static const char *const gains[] = {"gain_added_up", "gain_corrected", "gain_per_experiment", "gain_per_cost"};
    struct pl_table table = {.n_columns = 5, .right = 0x1e, .look = screen->look};
    char name[NAME_BYTES], gain[GAIN_BYTES];

    heading(screen, "and what it gave");
    heads(&table, texts);
    for (int at = 0; at < KINDS; at++) {
        if (!isfinite(number(screen, name_of(name, kinds[at], "gain_corrected"))))
            continue;
        pl_table_cell(&table, PL_INK_NONE, "%s", kinds[at]);
        for (size_t c = 0; c < sizeof(gains) / sizeof(*gains); c++) {
            bool known = isfinite(number(screen, name_of(name, kinds[at], gains[c])));

            pl_table_cell(&table, PL_INK_NONE, "%s", known ? gain_of(screen, name, gain) : "");
        }
    }
    if (table.n == table.n_columns)
        pl_buf_add_text(screen->out, "  nothing is measured yet\n");
    else
        pl_table_write(&table, 2, screen->out);
    pl_table_fini(&table);
    pl_table_wrap(screen->out, 2, 100,
                  "Added up: what was shipped, as it was measured, lucky winners and all. Corrected: what it gains "
                  "without them; the last two columns are of this.");
}

/* Does winning become rarer? Growth and monetisation, in three parts of equal number. */
static void add_thirds(const struct screen *screen)
{
    static const char *const titles[] = {"first third", "second third", "last third"};
    struct pl_table table = {.n_columns = 3, .right = 1u << 1, .look = screen->look};
    char name[NAME_BYTES];

    for (unsigned at = 0; at < 3; at++) {
        int64_t n, wins;

        snprintf(name, sizeof(name), "third%u.results", at + 1);
        n = pl_published_int(screen->balance, name, 0);
        snprintf(name, sizeof(name), "third%u.wins", at + 1);
        wins = pl_published_int(screen->balance, name, 0);
        if (n <= 0)
            continue;
        pl_table_cell(&table, PL_INK_NONE, "%s", titles[at]);
        pl_table_cell(&table, PL_INK_NONE, "%.0f %%", 100. * (double)wins / (double)n);
        pl_table_cell(&table, PL_INK_NONE, "%" PRId64 " of %" PRId64 " won", wins, n);
    }
    if (table.n) {
        heading(screen, "share of experiments that won");
        pl_table_write(&table, 2, screen->out);
    }
    pl_table_fini(&table);
}

static void line(struct pl_table *table, const char *what, const char *text, const char *more)
{
    pl_table_cell(table, PL_INK_NONE, "%s", what);
    pl_table_cell(table, PL_INK_NONE, "%s%s", text, more);
}

static void add_forecast(const struct screen *screen, struct pl_table *table)
{
    char gain[GAIN_BYTES], error[GAIN_BYTES], more[GAIN_BYTES + 8] = "";

    if (!isfinite(number(screen, "forecast_quarter")))
        return;
    if (isfinite(number(screen, "forecast_quarter_error")))
        snprintf(more, sizeof(more), " +- %s", gain_of(screen, "forecast_quarter_error", error));
    line(table, "next quarter, as of late", gain_of(screen, "forecast_quarter", gain), more);
}

static void add_ceiling(const struct screen *screen, struct pl_table *table)
{
    char gain[GAIN_BYTES], lower[GAIN_BYTES], upper[GAIN_BYTES], more[2 * GAIN_BYTES + 24] = "";
    struct pl_span text = pl_published_text(screen->balance, "ceiling");

    if (text.len == 0)
        return;
    if (!isfinite(number(screen, "ceiling"))) {
        line(table, "left to gain", "no evidence of a ceiling", "");
        return;
    }
    if (isfinite(number(screen, "ceiling_lower")) && isfinite(number(screen, "ceiling_upper")))
        snprintf(more, sizeof(more), ", between %s and %s", gain_of(screen, "ceiling_lower", lower),
                 gain_of(screen, "ceiling_upper", upper));
    line(table, "left to gain", gain_of(screen, "ceiling", gain), more);
}

static void add_ahead(const struct screen *screen)
{
    struct pl_table table = {.n_columns = 2, .look = screen->look};
    double cost = number(screen, "cost_per_win");
    char text[32];

    add_forecast(screen, &table);
    if (isfinite(cost)) {
        snprintf(text, sizeof(text), "%.4g", cost);
        line(&table, "cost of a win", text, "");
    }
    add_ceiling(screen, &table);
    if (table.n) {
        heading(screen, "ahead");
        pl_table_write(&table, 2, screen->out);
    }
    pl_table_fini(&table);
}

/* A quarter of everybody else against the users who were held out. */
static void add_quarter(const struct screen *screen)
{
    struct pl_table table = {.n_columns = 2, .look = screen->look};
    int64_t start_us = pl_published_time(screen->balance, "quarter_start");
    int64_t end_us = pl_published_time(screen->balance, "quarter_end");
    char gain[GAIN_BYTES], error[GAIN_BYTES + 8] = "", start[PL_STAMP_BYTES], end[PL_STAMP_BYTES], title[128];

    if (start_us == PL_TIME_NONE || end_us == PL_TIME_NONE)
        return;
    snprintf(title, sizeof(title), "last quarter with a holdout, %.10s to %.10s, %" PRId64 " results",
             pl_stamp_format(start_us, start), pl_stamp_format(end_us, end),
             pl_published_int(screen->balance, "quarter_results", 0));
    heading(screen, title);
    if (isfinite(number(screen, "realised_error")))
        snprintf(error, sizeof(error), " +- %s", gain_of(screen, "realised_error", gain));
    line(&table, "credited to experiments", gain_of(screen, "credited", gain), "");
    line(&table, "really gained", gain_of(screen, "realised", gain), error);
    line(&table, "lost on the way", gain_of(screen, "launch_gap", gain), "");
    pl_table_write(&table, 2, screen->out);
    pl_table_fini(&table);
}

/* Control bytes of a file do not reach the terminal. */
static void take_unit(const struct pl_account *account, struct pl_area_rule *rule)
{
    char unit[PL_NAME_BYTES];
    struct pl_buf plain = {0};

    if (!pl_span_copy(account->unit, unit, sizeof(unit)))
        return;
    pl_drawing_plain(&plain, account->look, unit, 0);
    (void)pl_span_copy(pl_buf_span(&plain), rule->unit, sizeof(rule->unit));
    pl_buf_fini(&plain);
}

void pl_account_text(const struct pl_account *account, struct pl_buf *out)
{
    struct screen screen = {.balance = account->balance, .look = account->look, .out = out};
    struct pl_buf area = {0};
    bool any = false;

    take_unit(account, &screen.rule);
    pl_drawing_plain(&area, account->look, account->area, 0);
    pl_table_ink(out, account->look, PL_INK_BOLD, area.ptr ? area.ptr : "");
    pl_buf_fini(&area);
    pl_buf_add_text(out, ": work and its returns, over the whole history\n");
    for (int at = 0; at < KINDS; at++)
        any = any || has_kind(&screen, kinds[at]);
    if (any) {
        add_taken(&screen);
        add_given(&screen);
    } else {
        pl_buf_add_text(out, "\n  no results yet\n");
    }
    add_thirds(&screen);
    if (any)
        add_ahead(&screen);
    add_quarter(&screen);
}

void pl_account_json(const struct pl_account *account, struct pl_buf *out)
{
    struct pl_json json = pl_json_to(out);
    struct pl_span rest = pl_buf_span(&account->balance->pairs);
    char unit[PL_NAME_BYTES];

    pl_json_open(&json, NULL, '{');
    pl_json_text(&json, "area", account->area);
    if (pl_span_copy(account->unit, unit, sizeof(unit)) && *unit)
        pl_json_text(&json, "unit", unit);
    pl_json_open(&json, "fields", '{');
    while (rest.len) {
        struct pl_span name = pl_span_cut(&rest, '\0'), value = pl_span_cut(&rest, '\0');

        if (!pl_span_is(name, "area"))
            pl_json_text(&json, name.ptr, value.ptr); /* both end with a 0 */
    }
    pl_json_close(&json, '}');
    pl_json_close(&json, '}');
    pl_buf_add_char(out, '\n');
}
