/* What a tick costs the evaluator: 1,000 experiments x 10 metrics x 3 variants, 28 days of units in each.
 *
 *   bench_tick [EXPERIMENTS [DAYS]]
 *
 * Prints ms of CPU: taking the sums and judging; writing figures when all are new (a day became mature), and when the
 * hour brought units to every experiment but no day became mature; and the bytes they add to the batch. Best of 5.
 */
#include "app/evaluator_internal.h"
#include "codec/conf.h"
#include "util/stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define METRICS 10
#define VARIANTS 3
#define ROUNDS 5
#define DAY0 INT32_C(19700)

static void die(const char *what)
{
    fprintf(stderr, "bench_tick: %s\n", what);
    exit(1);
}

static double cpu_ms(void)
{
    struct timespec at;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

/* Conversions and counts, some with a covariate, a goal in the area, a guardrail. */
static struct pl_rules *make_rules(void)
{
    struct pl_rules *rules = pl_rules_new();
    struct pl_area_rule area = {
        .id = "shop", .goal = PL_RULES_NONE, .value = PL_RULES_NONE, .funnel = PL_RULES_NONE, .n_globs = 1};
    struct pl_err err;

    if (!rules)
        die("no memory");
    area.globs[0] = pl_span_dup(pl_span_of("*"));
    area.smallest_return = area.baseline = .01;
    if (pl_rules_add_area(rules, &area, NULL, &err))
        die(err.text);
    for (unsigned at = 0; at < METRICS; at++) {
        struct pl_metric_rule metric = {.type = at % 2 ? PL_METRIC_COUNT : PL_METRIC_CONVERSION,
                                        .role = at == 9  ? PL_ROLE_GUARDRAIL
                                                : at > 4 ? PL_ROLE_VALUE
                                                         : PL_ROLE_DELIVERY,
                                        .value = PL_RULES_NONE,
                                        .events.n = 1,
                                        .window_us = 7 * PL_DAY_US,
                                        .before_us = at < 2 ? 14 * PL_DAY_US : 0};

        snprintf(metric.id, sizeof(metric.id), "metric%u", at);
        metric.events.ids[0] = pl_rules_action(rules, pl_span_of(metric.id));
        if (pl_rules_add_metric(rules, &metric, NULL, &err))
            die(err.text);
    }
    rules->areas[0].goal = 0;
    if (pl_rules_seal(rules, &err))
        die(err.text);
    return rules;
}

static struct pl_cell *put(struct pl_sums *sums, uint16_t kind, uint32_t experiment, int32_t day, unsigned arm,
                           uint32_t detail)
{
    struct pl_cell *cell = &sums->cells[sums->n_cells++];

    *cell = (struct pl_cell){.key = {kind, (uint16_t)arm, experiment, detail, day}};
    return cell;
}

static void put_x(struct pl_sums *sums, uint16_t kind, uint32_t experiment, int32_t day, unsigned arm, uint32_t metric)
{
    struct pl_cell *cell = put(sums, kind, experiment, day, arm, metric);
    int64_t hits = 100 + (experiment + metric * 7 + (unsigned)day + arm) % 50;

    cell->sum = hits * PL_MICRO;
    cell->sum2 = (pl_int128)hits * (metric % 2 ? 3 : 1) * PL_MICRO * PL_MICRO;
}

/* In the order of keys: by kind, then experiment, day, arm, metric. */
static struct pl_sums make_sums(unsigned n, int32_t days)
{
    struct pl_sums sums = {.n_experiments = n, .experiments = calloc(n, sizeof(*sums.experiments))};
    static const uint16_t kinds[] = {PL_CELL_EXPOSED, PL_CELL_METRIC, PL_CELL_SEGMENT, PL_CELL_BEFORE, PL_CELL_CROSS};

    sums.cells = calloc((size_t)n * VARIANTS * (1 + (size_t)days * (1 + METRICS + 4)), sizeof(*sums.cells));
    if (!sums.experiments || !sums.cells)
        die("no memory");
    for (unsigned e = 0; e < n; e++) {
        struct pl_sums_experiment *experiment = &sums.experiments[e];

        *experiment = (struct pl_sums_experiment){
            .n_variants = VARIANTS, .n_segments = 1, .first_exposure_us = DAY0 * PL_DAY_US + PL_HOUR_US};
        snprintf(experiment->name, PL_NAME_BYTES, "experiment%u", e);
        for (unsigned v = 0; v < VARIANTS; v++)
            snprintf(experiment->variants[v], PL_NAME_BYTES, v ? "v%u" : "control", v);
    }
    for (size_t kind = 0; kind < sizeof(kinds) / sizeof(*kinds); kind++)
        for (unsigned e = 0; e < n; e++)
            for (int32_t day = 0; day < (kinds[kind] == PL_CELL_SEGMENT ? 1 : days); day++)
                for (unsigned arm = 0; arm < VARIANTS; arm++) {
                    if (kinds[kind] == PL_CELL_EXPOSED)
                        put(&sums, kinds[kind], e, DAY0 + day, arm, 0)->n = 1000;
                    else if (kinds[kind] == PL_CELL_SEGMENT)
                        put(&sums, kinds[kind], e, 0, arm, 0)->n = 1000 * days;
                    else if (kinds[kind] == PL_CELL_CROSS)
                        for (uint32_t m = 0; m < 2; m++)
                            put(&sums, kinds[kind], e, DAY0 + day, arm,
                                PL_CELL_PAIR(PL_CELL_VARIABLE(m, 0), PL_CELL_VARIABLE(m, 1)))
                                ->sum2 = (pl_int128)60 * PL_MICRO * PL_MICRO;
                    else
                        for (uint32_t m = 0; m < (kinds[kind] == PL_CELL_METRIC ? METRICS : 2); m++)
                            put_x(&sums, kinds[kind], e, DAY0 + day, arm, m);
                }
    return sums;
}

struct bench {
    struct pl_evaluator *ev;
    struct pl_sums sums;
    double judge_ms, figures_ms;
    size_t bytes;
};

static void tick(struct bench *bench, int64_t tick_us)
{
    struct pl_judgement judgement;
    struct pl_err err;
    double began_ms = cpu_ms();

    if (pl_judge_tick(bench->ev->judge, tick_us, &bench->sums, &judgement, &err))
        die(err.text);
    bench->judge_ms = cpu_ms() - began_ms;
    bench->ev->judged_us = tick_us;
    pl_buf_clear(&bench->ev->batch);
    began_ms = cpu_ms();
    pl_evaluator_write_figures(bench->ev);
    bench->figures_ms = cpu_ms() - began_ms;
    bench->bytes = bench->ev->batch.len;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* An hour of units in the youngest day of every experiment: nothing of that is mature. */
static void an_hour_passes(struct pl_sums *sums, int32_t days)
{
    for (size_t at = 0; at < sums->n_cells; at++)
        if (sums->cells[at].key.kind == PL_CELL_EXPOSED && sums->cells[at].key.pane == DAY0 + days - 1)
            sums->cells[at].n += 40;
}

int main(int argc, char **argv)
{
    unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000;
    int32_t days = argc > 2 ? (int32_t)strtol(argv[2], NULL, 10) : 28;
    char instance[] = "main";
    struct pl_conf conf = {.instance = instance, .rules = make_rules()};
    struct pl_evaluator *ev = calloc(1, sizeof(*ev));
    struct bench bench = {.ev = ev, .sums = make_sums(n, days)};
    double first = 1e9, judge = 1e9, all = 1e9, few = 1e9;
    size_t all_bytes = 0, few_bytes = 0;

    if (!ev)
        die("no memory");
    ev->conf = &conf;
    ev->judge = pl_judge_new(conf.rules, 14 * PL_DAY_US);
    if (!ev->judge)
        die("no memory");
    for (int32_t round = 0; round < ROUNDS; round++) {
        int64_t day_us = (DAY0 + days - ROUNDS + round) * PL_DAY_US;

        tick(&bench, day_us);
        first = round ? first : bench.judge_ms;
        all = smaller(all, bench.figures_ms);
        all_bytes = bench.bytes;
        an_hour_passes(&bench.sums, days);
        tick(&bench, day_us + PL_HOUR_US);
        judge = smaller(judge, bench.judge_ms);
        few = smaller(few, bench.figures_ms);
        few_bytes = bench.bytes;
    }
    printf(
        "%u experiments, %d metrics, %d variants, %d days, %zu cells: judging %.1f ms (%.1f when all enter); figures "
        "%.1f ms and %.1f MB when a day became mature, %.1f ms and %.1f MB in the hours between\n",
        n, METRICS, VARIANTS, (int)days, bench.sums.n_cells, judge, first, all, (double)all_bytes / 1e6, few,
        (double)few_bytes / 1e6);
    pl_judge_free(ev->judge);
    pl_evaluator_forget_shown(ev);
    pl_buf_fini(&ev->batch);
    pl_sums_fini(&bench.sums);
    pl_rules_free(conf.rules);
    free(ev);
    return 0;
}
