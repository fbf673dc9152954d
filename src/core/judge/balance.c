#include "core/judge/balance.h"

#include "core/judge/arms.h"
#include "core/judge/pool.h"
#include "core/judge/returns.h"
#include "util/num.h"

#include <math.h>
#include <stdlib.h>

#define QUARTER_US (91 * PL_DAY_US)
#define LATEST 20

/* The measured results of one kind, or of optimisation as a whole. */
struct series {
    double *d, *s, *x, *drawn; /* one block, [room] each */
    const struct pl_row **rows;
    size_t n;
};

static bool series_init(struct series *series, size_t room)
{
    *series =
        (struct series){.d = malloc(4 * (room + 1) * sizeof(double)), .rows = malloc((room + 1) * sizeof(void *))};
    if (!series->d || !series->rows)
        return false;
    series->s = series->d + room + 1;
    series->x = series->s + room + 1;
    series->drawn = series->x + room + 1;
    return true;
}

static void series_fini(struct series *series)
{
    free(series->d);
    free(series->rows);
}

static bool is_measured(const struct pl_row *row)
{
    bool judged =
        row->excluded == PL_ENTERED || row->excluded == PL_EXCLUDED_KIND || row->excluded == PL_EXCLUDED_OLD_EPOCH;

    return judged && isfinite(row->effect) && row->se > 0;
}

static double credited(const struct pl_row *row)
{
    struct pl_arms arms = pl_arms_of(row);

    if (row->early)
        return 0;
    return arms.n ? pl_arms_credited(&arms) : pl_returns_credited(row->effect, row->se);
}

static bool is_win(const struct pl_row *row)
{
    for (unsigned at = 0; at < row->arms.n; at++)
        if (row->arms.effect[at] > PL_RETURNS_BAR * row->arms.se[at])
            return true;
    return !row->arms.n && row->effect > PL_RETURNS_BAR * row->se;
}

static void collect(const struct pl_ledger *ledger, uint32_t area, unsigned kinds, struct series *series)
{
    series->n = 0;
    for (size_t at = 0; at < ledger->n; at++) {
        const struct pl_row *row = &ledger->rows[at];

        if (row->kind != PL_ROW_RESULT || row->area != area || !(kinds >> row->work & 1) || !is_measured(row))
            continue;
        series->d[series->n] = row->effect;
        series->s[series->n] = row->se;
        series->x[series->n] = credited(row);
        series->rows[series->n++] = row;
    }
}

static void add_kind(const struct series *series, struct pl_balance_kind *kind)
{
    (void)pl_pool_fit(series->d, series->s, series->n, .05, series->drawn);
    kind->measured = (unsigned)series->n;
    for (size_t at = 0; at < series->n; at++) {
        kind->unbiased += series->x[at];
        kind->wins += is_win(series->rows[at]);
        if (!series->rows[at]->shipped)
            continue;
        kind->shipped++;
        kind->naive += series->d[at];
        kind->shrunken += isnan(series->drawn[at]) ? series->d[at] : series->drawn[at];
    }
}

static void count_rows(const struct pl_ledger *ledger, uint32_t area, struct pl_balance *balance)
{
    for (size_t at = 0; at < ledger->n; at++) {
        const struct pl_row *row = &ledger->rows[at];
        struct pl_balance_kind *kind = &balance->kinds[row->work];

        if (row->kind != PL_ROW_RESULT || row->area != area)
            continue;
        kind->n++;
        kind->left_out += row->excluded != PL_ENTERED && row->excluded != PL_EXCLUDED_KIND;
        kind->units += row->units;
        kind->cost += row->cost;
    }
}

static void cut_in_thirds(const struct series *series, struct pl_balance *balance)
{
    for (size_t at = 0; at < series->n; at++) {
        size_t third = at * 3 / series->n;

        balance->third_n[third]++;
        balance->third_wins[third] += is_win(series->rows[at]);
    }
}

static void forecast(const struct series *series, int64_t now_us, struct pl_balance *balance)
{
    size_t first = series->n > LATEST ? series->n - LATEST : 0, n = series->n - first, quarter = 0;
    double sum = 0, squares = 0, mean;

    for (size_t at = 0; at < series->n; at++)
        quarter += series->rows[at]->time_us > now_us - QUARTER_US;
    for (size_t at = first; at < series->n; at++)
        sum += series->x[at];
    mean = n > 0 ? sum / (double)n : 0;
    for (size_t at = first; at < series->n; at++)
        squares += (series->x[at] - mean) * (series->x[at] - mean);
    balance->forecast = n < 2 ? PL_NAN : mean * (double)quarter;
    balance->forecast_se = n < 2 ? PL_NAN : sqrt(squares / (double)(n - 1) / (double)n) * (double)quarter;
}

enum pl_status pl_balance_of(const struct pl_ledger *ledger, uint32_t area, int64_t now_us, struct pl_balance *balance,
                             struct pl_err *err)
{
    const unsigned optimising = 1u << PL_WORK_GROWTH | 1u << PL_WORK_MONETISATION;
    const struct pl_balance_kind *growth = &balance->kinds[PL_WORK_GROWTH];
    const struct pl_balance_kind *money = &balance->kinds[PL_WORK_MONETISATION];
    struct series series;

    *balance = (struct pl_balance){.cost_per_win = PL_NAN};
    if (!series_init(&series, ledger->n)) {
        series_fini(&series);
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for a balance of %zu rows", ledger->n);
    }
    count_rows(ledger, area, balance);
    for (unsigned work = 0; work < PL_BALANCE_KINDS; work++) {
        collect(ledger, area, 1u << work, &series);
        add_kind(&series, &balance->kinds[work]);
    }
    collect(ledger, area, optimising, &series);
    cut_in_thirds(&series, balance);
    forecast(&series, now_us, balance);
    balance->headroom = pl_headroom_fit(series.x, series.n);
    if (growth->wins + money->wins > 0)
        balance->cost_per_win = (growth->cost + money->cost) / (growth->wins + money->wins);
    series_fini(&series);
    return PL_OK;
}
