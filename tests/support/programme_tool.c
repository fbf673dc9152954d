/* The programme over lines on stdin, for differential tests. Times are whole seconds.
 *
 *   programme DELTA... [eta ETA...]           a new programme with these smallest returns ("nan": unset) and values per
 *                                             delivery
 *   entry AREA TIME EFFECT SE EARLY SHIPPED   a result; behind it, in any order: cost C, value EFFECT SE COV, shared V,
 *                                             arms EFFECT SE EFFECT SE ...
 *   quarter AREA START END LIFT SE            a quarter of a holdout
 *   launch AREA TIME                          a new epoch
 *   show AREA                                 print what stands beside the area's detectors
 *   end                                       print every area's figures
 *
 * Prints "LINE AREA STATE N E_FLAT A DOWN UP E_YIELD" for every change of state (LINE: of the input, from 1), after
 * `show` "show AREA STATE N ... E_YIELD" and HOLLOW E_HOLLOW N_VALUE VALUE_MEAN HOLDOUT E_HOLDOUT and of the last
 * quarter N CREDITED REALISED, LEAN; and after `end` "end AREA STATE N ... E_YIELD LARGEST CAP MEDIAN_SE LOWER UPPER
 * JACKPOT_OK ONCE_YIELDING" and the same as `show`. Numbers in %.17g.
 */
#include "core/judge/programme.h"
#include "util/stamp.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AREAS_MAX 16

struct tool {
    struct pl_programme *programme; /* owned */
    struct pl_area_rule rules[AREAS_MAX];
    unsigned n_areas;
    unsigned line;
};

static void die(const struct tool *tool, const char *what)
{
    fprintf(stderr, "line %u: %s\n", tool->line, what);
    exit(1);
}

static void print_area(const char *prefix, unsigned index, const struct pl_area_state *area)
{
    printf("%s %u %s %u %.17g %.17g %.17g %.17g %.17g", prefix, index, pl_programme_state_name(area->state), area->n,
           area->e_flat, area->level, area->down, area->up, area->e_yield);
}

static void begin_etas(struct tool *tool)
{
    for (unsigned at = 0; at < tool->n_areas; at++) {
        char *word = strtok(NULL, " \n");

        if (!word)
            die(tool, "too few etas");
        tool->rules[at].value_per_delivery = strtod(word, NULL);
    }
}

static void begin(struct tool *tool, char *rest)
{
    pl_programme_free(tool->programme);
    tool->n_areas = 0;
    for (char *word = strtok(rest, " \n"); word; word = strtok(NULL, " \n")) {
        if (strcmp(word, "eta") == 0) {
            begin_etas(tool);
            break;
        }
        if (tool->n_areas == AREAS_MAX)
            die(tool, "too many areas");
        tool->rules[tool->n_areas++] = (struct pl_area_rule){.smallest_return = strtod(word, NULL),
                                                             .value_per_delivery = strtod("nan", NULL),
                                                             .false_alarm_every_years = 1.};
    }
    struct pl_rules rules = {.n_areas = tool->n_areas, .areas = tool->rules};
    tool->programme = pl_programme_new(&rules);
    if (!tool->programme)
        die(tool, "no memory");
}

static void feed(struct tool *tool, const struct pl_row *row)
{
    struct pl_programme_change changes[AREAS_MAX];
    char prefix[16];
    unsigned n = 0;

    if (row->area >= tool->n_areas || pl_programme_feed(tool->programme, row, changes, AREAS_MAX, &n, NULL) != PL_OK)
        die(tool, "not accepted");
    snprintf(prefix, sizeof(prefix), "%u", tool->line);
    for (unsigned at = 0; at < n; at++) {
        print_area(prefix, changes[at].area, pl_programme_area(tool->programme, changes[at].area));
        putchar('\n');
    }
}

static double number(const struct tool *tool)
{
    const char *word = strtok(NULL, " \n");

    if (!word)
        die(tool, "a number is missing");
    return word ? strtod(word, NULL) : 0.;
}

static void take_arms(const struct tool *tool, struct pl_row_arms *arms)
{
    for (const char *word = strtok(NULL, " \n"); word; word = strtok(NULL, " \n")) {
        if (strcmp(word, "shared") == 0) {
            arms->shared = number(tool);
            return;
        }
        if (arms->n == PL_VARIANTS_MAX - 1)
            die(tool, "too many arms");
        arms->effect[arms->n] = strtod(word, NULL);
        arms->se[arms->n++] = number(tool);
    }
}

/* What may follow an entry; arms come last. */
static void dress(const struct tool *tool, char *rest, struct pl_row *row)
{
    for (const char *word = strtok(rest, " \n"); word; word = strtok(NULL, " \n")) {
        if (strcmp(word, "cost") == 0) {
            row->cost = number(tool);
        } else if (strcmp(word, "value") == 0) {
            row->value.effect = number(tool);
            row->value.se = number(tool);
            row->value.cov = number(tool);
        } else if (strcmp(word, "arms") == 0) {
            take_arms(tool, &row->arms);
        } else {
            die(tool, "unknown word");
        }
    }
}

static void quarter(struct tool *tool, const char *rest)
{
    struct pl_row row = pl_ledger_row(PL_ROW_RESULT);
    long long start, end;

    if (sscanf(rest, "%u %lld %lld %lf %lf", &row.area, &start, &end, &row.effect, &row.se) != 5)
        die(tool, "bad quarter");
    row.start_us = start * PL_SECOND_US;
    row.time_us = row.tick_us = end * PL_SECOND_US;
    row.work = PL_WORK_HOLDOUT;
    row.excluded = PL_EXCLUDED_KIND;
    feed(tool, &row);
}

static void entry(struct tool *tool, char *rest)
{
    struct pl_row row = pl_ledger_row(PL_ROW_RESULT);
    long long time;
    int early, shipped, end;

    if (sscanf(rest, "%u %lld %lf %lf %d %d%n", &row.area, &time, &row.effect, &row.se, &early, &shipped, &end) != 6)
        die(tool, "bad entry");
    dress(tool, rest + end, &row);
    row.time_us = row.tick_us = time * PL_SECOND_US;
    row.early = early != 0;
    row.shipped = shipped != 0;
    feed(tool, &row);
}

static void launch(struct tool *tool, const char *rest)
{
    struct pl_row row = {.kind = PL_ROW_EPOCH, .start_us = PL_TIME_NONE};
    long long time;

    if (sscanf(rest, "%u %lld", &row.area, &time) != 2)
        die(tool, "bad launch");
    row.time_us = row.tick_us = time * PL_SECOND_US;
    feed(tool, &row);
}

static void print_beside(const struct pl_area_state *area)
{
    printf(" %d %.17g %u %.17g %d %.17g %u %.17g %.17g %.17g\n", area->hollow, area->e_hollow, area->n_value,
           area->value_mean, area->holdout, area->e_holdout, area->quarter.n, area->quarter.credited,
           area->quarter.realised, area->posterior_mean);
}

static void show(const struct tool *tool, const char *rest)
{
    unsigned long index = strtoul(rest, NULL, 10);

    if (index >= tool->n_areas)
        die(tool, "no such area");
    print_area("show", (unsigned)index, pl_programme_area(tool->programme, (uint32_t)index));
    print_beside(pl_programme_area(tool->programme, (uint32_t)index));
}

static void finish(const struct tool *tool)
{
    for (unsigned at = 0; at < tool->n_areas; at++) {
        const struct pl_area_state *area = pl_programme_area(tool->programme, at);

        print_area("end", at, area);
        printf(" %.17g %.17g %.17g %.17g %.17g %d %d", area->largest_ever, area->largest_cap, area->median_se,
               area->lower, area->upper, area->jackpot_ok, area->once_yielding);
        print_beside(area);
    }
}

int main(void)
{
    struct tool tool = {0};
    char line[512];

    while (fgets(line, sizeof(line), stdin)) {
        tool.line++;
        if (strncmp(line, "programme ", 10) == 0)
            begin(&tool, line + 10);
        else if (!tool.programme)
            die(&tool, "no programme yet");
        else if (strncmp(line, "entry ", 6) == 0)
            entry(&tool, line + 6);
        else if (strncmp(line, "quarter ", 8) == 0)
            quarter(&tool, line + 8);
        else if (strncmp(line, "show ", 5) == 0)
            show(&tool, line + 5);
        else if (strncmp(line, "launch ", 7) == 0)
            launch(&tool, line + 7);
        else if (strcmp(line, "end\n") == 0)
            finish(&tool);
        else
            die(&tool, "unknown line");
    }
    pl_programme_free(tool.programme);
    return 0;
}
