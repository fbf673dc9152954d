/* The matrix of trade-offs as text and as JSON. */
#include "codec/json_out.h"
#include "ctl/tradeoff.h"

#include <inttypes.h>
#include <math.h>

#define WIDTH 100
#define HARMS_SHOWN 20

static const char *const roles[] = {"delivery", "value", "derive", "guardrail"};
static const char *const ways[] = {"both_rose", "both_fell", "first_rose", "second_rose"};

/* Metrics are called by their numbers: two ids beside six columns would not fit. */
static void add_metrics(const struct pl_tradeoff *tradeoff, struct pl_look look, struct pl_buf *out)
{
    struct pl_table table = {.n_columns = 4, .right = 1u, .look = look};

    for (unsigned at = 0; at < tradeoff->n_metrics; at++) {
        const struct pl_tradeoff_metric *metric = &tradeoff->metrics[at];

        pl_table_cell(&table, PL_INK_NONE, "%u", at + 1);
        pl_table_cell(&table, PL_INK_BOLD, "%s", metric->id);
        pl_table_cell(&table, PL_INK_NONE, "%s", roles[metric->role]);
        pl_table_cell(&table, PL_INK_FAINT, "%s", metric->lower_is_better ? "less is better" : "");
    }
    pl_table_write(&table, 2, out);
    pl_table_fini(&table);
}

static void pair_row(struct pl_table *table, const struct pl_tradeoff *tradeoff, unsigned first, unsigned second)
{
    struct pl_tradeoff_pair pair = pl_tradeoff_pair(tradeoff, first, second);

    pl_table_cell(table, PL_INK_BOLD, "%u and %u", first + 1, second + 1);
    for (unsigned way = 0; way < 4; way++)
        pl_table_cell(table, PL_INK_NONE, "%u (%u)", pair.ways[way], pair.proved[way]);
    if (isfinite(pair.correlation))
        pl_table_cell(table, PL_INK_NONE, "%+.2f", pair.correlation);
    else
        pl_table_cell(table, PL_INK_FAINT, "unknown");
    pl_table_cell(table, PL_INK_NONE, "%u", pair.n);
}

static void add_pairs(const struct pl_tradeoff *tradeoff, struct pl_look look, struct pl_buf *out)
{
    static const char *const heads[] = {"metrics",     "both rose",   "both fell", "first rose only",
                                        "second only", "correlation", "variants"};
    struct pl_table table = {.n_columns = 7, .right = 0x7e, .look = look};

    if (tradeoff->n_metrics < 2)
        return;
    for (unsigned at = 0; at < 7; at++)
        pl_table_cell(&table, PL_INK_BOLD, "%s", heads[at]);
    for (unsigned first = 0; first < tradeoff->n_metrics; first++)
        for (unsigned second = first + 1; second < tradeoff->n_metrics; second++)
            pair_row(&table, tradeoff, first, second);
    pl_buf_add_char(out, '\n');
    pl_table_write(&table, 2, out);
    pl_table_fini(&table);
    pl_buf_add_text(out, "\n");
    pl_table_wrap(out, 2, WIDTH,
                  "In brackets: both changes are proved. Correlation: how far the changes of two metrics go together, "
                  "from -1 to +1; noise draws it to 0.");
}

typedef void (*harm_fn)(void *ctx, const struct pl_tradeoff *tradeoff, const struct pl_tradeoff_row *row,
                        const unsigned metrics[2], enum pl_tradeoff_harm harm);

static void each_harm(const struct pl_tradeoff *tradeoff, harm_fn visit, void *ctx)
{
    for (size_t at = 0; at < tradeoff->n_rows; at++)
        for (unsigned pair = 0; pair < tradeoff->n_metrics * tradeoff->n_metrics; pair++) {
            const unsigned metrics[2] = {pair / tradeoff->n_metrics, pair % tradeoff->n_metrics};
            enum pl_tradeoff_harm harm = pl_tradeoff_harm(tradeoff, &tradeoff->rows[at], metrics[0], metrics[1]);

            if (harm != PL_TRADEOFF_NO_HARM)
                visit(ctx, tradeoff, &tradeoff->rows[at], metrics, harm);
        }
}

struct harms {
    struct pl_table table;
    unsigned n, by_sign, more;
};

static void count_harm(void *ctx, const struct pl_tradeoff *tradeoff, const struct pl_tradeoff_row *row,
                       const unsigned metrics[2], enum pl_tradeoff_harm harm)
{
    struct harms *harms = ctx;

    harms->by_sign += harm == PL_TRADEOFF_BY_SIGN;
    if (harm == PL_TRADEOFF_BY_SIGN)
        return;
    if (harms->n++ >= HARMS_SHOWN) {
        harms->more++;
        return;
    }
    pl_table_cell(&harms->table, PL_INK_BOLD, "%s", row->experiment);
    pl_table_cell(&harms->table, PL_INK_NONE, "%s", row->variant);
    pl_table_cell(&harms->table, PL_INK_GOOD, "%u %+.3g %%", metrics[0] + 1, row->lifts[metrics[0]].lift * 100);
    pl_table_cell(&harms->table, PL_INK_BAD, "%u %+.3g %%", metrics[1] + 1, row->lifts[metrics[1]].lift * 100);
    pl_table_cell(&harms->table, PL_INK_NONE, "%s", roles[tradeoff->metrics[metrics[1]].role]);
}

static void add_harms(const struct pl_tradeoff *tradeoff, struct pl_look look, struct pl_buf *out)
{
    struct harms harms = {.table = {.n_columns = 5, .look = look}};

    each_harm(tradeoff, count_harm, &harms);
    pl_buf_add_char(out, '\n');
    pl_table_ink(out, look, PL_INK_BOLD, "better delivery, worse guardrail or value");
    pl_buf_add_char(out, '\n');
    if (harms.n == 0)
        pl_buf_add_text(out, "  none that is proved\n");
    pl_table_write(&harms.table, 2, out);
    pl_table_fini(&harms.table);
    if (harms.more)
        pl_buf_addf(out, "  and %u more\n", harms.more);
    if (harms.by_sign)
        pl_buf_addf(out, "  by sign alone, not proved: %u (--json names them)\n", harms.by_sign);
}

void pl_tradeoff_text(const struct pl_tradeoff *tradeoff, struct pl_look look, struct pl_buf *out)
{
    pl_table_ink(out, look, PL_INK_BOLD, tradeoff->area);
    pl_buf_addf(out, ": what %u experiments did to its metrics, each over its whole life\n\n", tradeoff->experiments);
    if (tradeoff->n_metrics == 0)
        pl_buf_add_text(out, "  no metric has this area\n");
    add_metrics(tradeoff, look, out);
    add_pairs(tradeoff, look, out);
    add_harms(tradeoff, look, out);
    if (tradeoff->uneven || tradeoff->holdouts)
        pl_buf_addf(out, "\nleft out: %u with an uneven split, %u holdouts\n", tradeoff->uneven, tradeoff->holdouts);
    if (tradeoff->metrics_left_out)
        pl_buf_addf(out, "\n%u metrics more are not shown\n", tradeoff->metrics_left_out);
    if (tradeoff->full)
        pl_buf_addf(out, "\nonly the first %d variants are counted\n", PL_TRADEOFF_ROWS_MAX);
}

static void put_pair(struct pl_json *json, const struct pl_tradeoff *tradeoff, unsigned first, unsigned second)
{
    struct pl_tradeoff_pair pair = pl_tradeoff_pair(tradeoff, first, second);

    pl_json_open(json, NULL, '{');
    pl_json_text(json, "first", tradeoff->metrics[first].id);
    pl_json_text(json, "second", tradeoff->metrics[second].id);
    pl_json_int(json, "n", pair.n);
    for (unsigned way = 0; way < 4; way++)
        pl_json_int(json, ways[way], pair.ways[way]);
    pl_json_open(json, "proved", '{');
    for (unsigned way = 0; way < 4; way++)
        pl_json_int(json, ways[way], pair.proved[way]);
    pl_json_close(json, '}');
    pl_json_number(json, "correlation", pair.correlation);
    pl_json_close(json, '}');
}

static void put_harm(void *ctx, const struct pl_tradeoff *tradeoff, const struct pl_tradeoff_row *row,
                     const unsigned metrics[2], enum pl_tradeoff_harm harm)
{
    struct pl_json *json = ctx;

    pl_json_open(json, NULL, '{');
    pl_json_text(json, "experiment", row->experiment);
    pl_json_text(json, "variant", row->variant);
    pl_json_text(json, "better", tradeoff->metrics[metrics[0]].id);
    pl_json_number(json, "better_lift", row->lifts[metrics[0]].lift);
    pl_json_text(json, "worse", tradeoff->metrics[metrics[1]].id);
    pl_json_text(json, "worse_role", roles[tradeoff->metrics[metrics[1]].role]);
    pl_json_number(json, "worse_lift", row->lifts[metrics[1]].lift);
    pl_json_bool(json, "proved", harm == PL_TRADEOFF_PROVED);
    pl_json_close(json, '}');
}

void pl_tradeoff_json(const struct pl_tradeoff *tradeoff, struct pl_buf *out)
{
    struct pl_json json = pl_json_to(out);

    pl_json_open(&json, NULL, '{');
    pl_json_text(&json, "area", tradeoff->area);
    pl_json_int(&json, "experiments", tradeoff->experiments);
    pl_json_int(&json, "uneven_split", tradeoff->uneven);
    pl_json_int(&json, "holdouts", tradeoff->holdouts);
    pl_json_bool(&json, "complete", !tradeoff->full && tradeoff->metrics_left_out == 0);
    pl_json_open(&json, "metrics", '[');
    for (unsigned at = 0; at < tradeoff->n_metrics; at++) {
        pl_json_open(&json, NULL, '{');
        pl_json_text(&json, "id", tradeoff->metrics[at].id);
        pl_json_text(&json, "role", roles[tradeoff->metrics[at].role]);
        pl_json_bool(&json, "lower_is_better", tradeoff->metrics[at].lower_is_better);
        pl_json_close(&json, '}');
    }
    pl_json_close(&json, ']');
    pl_json_open(&json, "pairs", '[');
    for (unsigned first = 0; first < tradeoff->n_metrics; first++)
        for (unsigned second = first + 1; second < tradeoff->n_metrics; second++)
            put_pair(&json, tradeoff, first, second);
    pl_json_close(&json, ']');
    pl_json_open(&json, "harmed", '[');
    each_harm(tradeoff, put_harm, &json);
    pl_json_close(&json, ']');
    pl_json_close(&json, '}');
    pl_buf_add_char(out, '\n');
}
