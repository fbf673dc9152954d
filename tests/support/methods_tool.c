/* The judge's statistics over lines on stdin, for differential tests. Each line is a method and its numbers, separated
 * by spaces; each answers with one line of numbers (%.17g, "nan", "inf").
 *
 *   holm P...                         bh P...
 *   arms SHARED D S D S ...
 *   mean|ratio ARM ARM                ARM: N, 4 sums, 10 products (0,0) (0,1) .. (3,3), micro-units
 *   hollow ETA (D S V V_SE COV CAP EARLY SHIPPED)...     E and alarm after each entry
 *   holdout CLAMP (LIFT SE ENTRIES DELTA)...             M after each quarter
 *   pool ALPHA Y S Y S ...
 *   headroom X...
 *   bucket US                         bucket, lower, upper, middle
 *   quantile N NU ALPHA (BUCKET COUNT)...
 *   shares N X N X ...                for every two arms, control first: p of one look (absolute, Welch), p and
 * interval valid at every look as figures show them, from sums of a conversion split N N ...                     p
 * valid at every look for equal shares, after each two
 */
#include "core/judge/adjust.h"
#include "core/judge/arms.h"
#include "core/judge/cuped.h"
#include "core/judge/figures.h"
#include "core/judge/headroom.h"
#include "core/judge/holdout.h"
#include "core/judge/hollow.h"
#include "core/judge/pool.h"
#include "core/judge/quantile.h"
#include "core/judge/split.h"
#include "core/sketch.h"
#include "support/cells_fixture.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS_MAX 4096

/* What is left of a line. */
struct words {
    char *rest;
};

static bool more(struct words *words)
{
    words->rest += strspn(words->rest, " \n");
    return *words->rest != '\0';
}

static void die(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static double number(struct words *words)
{
    char *end;
    double value = strtod(words->rest, &end);

    if (end == words->rest)
        die("a number is missing");
    words->rest = end;
    return value;
}

static int64_t integer(struct words *words)
{
    char *end;
    long long value = strtoll(words->rest, &end, 10);

    if (end == words->rest)
        die("an integer is missing");
    words->rest = end;
    return value;
}

static pl_int128 wide(struct words *words)
{
    bool negative;
    pl_int128 value = 0;

    if (!more(words))
        die("a wide integer is missing");
    negative = *words->rest == '-';
    words->rest += negative;
    for (; isdigit((unsigned char)*words->rest); words->rest++)
        value = value * 10 + (*words->rest - '0');
    return negative ? -value : value;
}

static unsigned numbers(struct words *words, double *values)
{
    unsigned n = 0;

    while (more(words)) {
        if (n == NUMBERS_MAX)
            die("too many numbers");
        values[n++] = number(words);
    }
    return n;
}

static void adjust(struct words *words, void (*method)(const double *, unsigned, unsigned *, double *))
{
    static double p[NUMBERS_MAX];
    static unsigned order[NUMBERS_MAX];
    unsigned n = numbers(words, p);

    method(p, n, order, p);
    for (unsigned at = 0; at < n; at++)
        printf("%.17g ", p[at]);
}

static void arms(struct words *words)
{
    struct pl_arms arms = {.shared = number(words)};

    while (more(words)) {
        if (arms.n == PL_ARMS_MAX)
            die("too many arms");
        arms.d[arms.n] = number(words);
        arms.s[arms.n++] = number(words);
    }
    printf("%.17g", pl_arms_credited(&arms));
}

static struct pl_moment_set moment_set(struct words *words)
{
    struct pl_moment_set set = {.n = integer(words)};

    for (unsigned i = 0; i < PL_CUPED_VARIABLES; i++)
        set.sum[i] = integer(words);
    for (unsigned i = 0; i < PL_CUPED_VARIABLES; i++)
        for (unsigned j = i; j < PL_CUPED_VARIABLES; j++)
            set.cross[i][j] = wide(words);
    return set;
}

/* theta, kept, absolute and relative estimate and se, df; of a ratio also the unadjusted absolute estimate and se. */
static void cuped(struct words *words, bool ratio)
{
    struct pl_moment_set control = moment_set(words);
    struct pl_moment_set treated = moment_set(words);
    struct pl_cuped got = ratio ? pl_cuped_ratio(&control, &treated) : pl_cuped_mean(&control, &treated);

    printf("%.17g %.17g %.17g %.17g %.17g %.17g %.17g", got.theta, got.kept, got.absolute.estimate, got.absolute.se,
           got.relative.estimate, got.relative.se, got.absolute.df);
    if (ratio) {
        struct pl_moments a = pl_cuped_ratio_moments(&control);
        struct pl_moments b = pl_cuped_ratio_moments(&treated);
        struct pl_effect plain = pl_effect_absolute(&a, &b);

        printf(" %.17g %.17g", plain.estimate, plain.se);
    }
}

static void hollow(struct words *words)
{
    struct pl_hollow state = {0};
    double eta = number(words);

    while (more(words)) {
        struct pl_hollow_entry entry = {.d = number(words)};

        entry.s = number(words);
        entry.value = number(words);
        entry.value_se = number(words);
        entry.cov = number(words);
        entry.cap = number(words);
        entry.early = integer(words) != 0;
        entry.shipped = integer(words) != 0;
        printf("%.17g ", pl_hollow_take(&state, &entry, eta));
        printf("%d ", state.alarm);
    }
}

static void holdout(struct words *words)
{
    struct pl_holdout state = {0};
    double clamp = number(words);

    while (more(words)) {
        struct pl_holdout_quarter quarter = {.lift = number(words)};

        quarter.se = number(words);
        quarter.entries = number(words);
        quarter.delta = number(words);
        printf("%.17g ", pl_holdout_take(&state, &quarter, clamp));
    }
}

static void pool(struct words *words)
{
    static double y[NUMBERS_MAX], s[NUMBERS_MAX], blups[NUMBERS_MAX];
    double alpha = number(words);
    unsigned n = 0;

    for (; more(words); n++) {
        if (n == NUMBERS_MAX)
            die("too many effects");
        y[n] = number(words);
        s[n] = number(words);
    }
    struct pl_pool got = pl_pool_fit(y, s, n, alpha, blups);

    printf("%zu %.17g %.17g %.17g %.17g %.17g %.17g %.17g ", got.n, got.mu, got.se, got.tau2, got.q, got.i2,
           got.fixed_mu, got.fixed_se);
    printf("%.17g %.17g %.17g %.17g %.17g ", got.kh_se, got.lower, got.upper, got.predict_lower, got.predict_upper);
    for (unsigned at = 0; at < n; at++)
        printf("%.17g ", blups[at]);
}

static void headroom(struct words *words)
{
    static double x[NUMBERS_MAX];
    struct pl_headroom got = pl_headroom_fit(x, numbers(words, x));

    printf("%d %.17g %.17g %.17g %.17g %.17g %.17g %.17g", got.no_ceiling, got.k, got.a, got.k_lower, got.k_upper,
           got.remaining, got.remaining_lower, got.remaining_upper);
}

static void bucket(struct words *words)
{
    unsigned at = pl_sketch_bucket(integer(words));

    printf("%u %lld %lld %lld", at, (long long)pl_sketch_lower(at), (long long)pl_sketch_upper(at),
           (long long)pl_sketch_middle(at));
}

static void quantile(struct words *words)
{
    static struct pl_quantile_bin bins[NUMBERS_MAX];
    struct pl_quantile_sample sample = {.bins = bins, .n = integer(words)};
    double nu = number(words);
    double alpha = number(words);

    while (more(words)) {
        if (sample.n_bins == NUMBERS_MAX)
            die("too many bins");
        bins[sample.n_bins].bucket = (uint32_t)integer(words);
        bins[sample.n_bins++].n = integer(words);
    }
    struct pl_quantile got = pl_quantile_of(&sample, nu, alpha);
    struct pl_moments moments = pl_quantile_moments(&got, alpha);

    printf("%.17g %.17g %.17g %.17g", got.value_us, got.lower_us, got.upper_us, moments.var);
}

static struct pl_sums sums_of(struct words *words)
{
    struct pl_sums sums = {0};

    cells_experiment(&sums, "e", 2, 0);
    for (uint16_t arm = 0; arm < 2; arm++) {
        int64_t n = integer(words), x = integer(words);

        cells_add(&sums, (struct pl_cell_key){PL_CELL_EXPOSED, arm, 0, 0, 0}, n, 0, 0);
        cells_add(&sums, (struct pl_cell_key){PL_CELL_METRIC, arm, 0, 0, 0}, 0, x * PL_MICRO,
                  (pl_int128)x * PL_MICRO * PL_MICRO);
    }
    cells_close(&sums);
    return sums;
}

static void shares(struct words *words)
{
    struct pl_metric_rule metric = {.type = PL_METRIC_CONVERSION, .n_star = 5000};
    const struct pl_rules rules = {.n_metrics = 1, .metrics = &metric};

    while (more(words)) {
        struct pl_sums sums = sums_of(words);
        const struct pl_measure_where where = {&rules, &sums, 0, 0, 0};
        struct pl_measure_arm a = pl_measure_arm(&where, 0, 0), b = pl_measure_arm(&where, 1, 0);
        struct pl_cuped effect = pl_measure_effect(&rules, 0, &a, &b, true);
        struct pl_figures_lift lift = pl_figures_compare(&rules, 0, &a, &b);

        printf("%.17g %.17g %.17g %.17g ", pl_effect_fixed(&effect.absolute, .05, PL_TWO_SIDED).p, lift.p, lift.lower,
               lift.upper);
        pl_sums_fini(&sums);
    }
}

static void split(struct words *words)
{
    const double equal[2] = {.5, .5};

    while (more(words)) {
        int64_t counts[2] = {integer(words), 0};

        counts[1] = integer(words);
        printf("%.17g ", pl_split_p(pl_split_log_e(&(struct pl_split){2, counts, equal}, 1)));
    }
}

static void answer(const char *method, struct words *words)
{
    if (strcmp(method, "holm") == 0)
        adjust(words, pl_adjust_holm);
    else if (strcmp(method, "bh") == 0)
        adjust(words, pl_adjust_bh);
    else if (strcmp(method, "arms") == 0)
        arms(words);
    else if (strcmp(method, "mean") == 0 || strcmp(method, "ratio") == 0)
        cuped(words, *method == 'r');
    else if (strcmp(method, "hollow") == 0)
        hollow(words);
    else if (strcmp(method, "holdout") == 0)
        holdout(words);
    else if (strcmp(method, "pool") == 0)
        pool(words);
    else if (strcmp(method, "headroom") == 0)
        headroom(words);
    else if (strcmp(method, "bucket") == 0)
        bucket(words);
    else if (strcmp(method, "quantile") == 0)
        quantile(words);
    else if (strcmp(method, "shares") == 0)
        shares(words);
    else if (strcmp(method, "split") == 0)
        split(words);
    else
        die("unknown method");
    putchar('\n');
}

int main(void)
{
    static char line[1 << 20];

    while (fgets(line, sizeof(line), stdin)) {
        size_t length = strcspn(line, " \n");
        struct words words = {line + length + (line[length] != '\0')};

        line[length] = '\0';
        answer(line, &words);
    }
    return 0;
}
