/* The programme over lines on stdin, for differential tests. Times are whole seconds.
 *
 *   programme DELTA...                        a new programme with these smallest returns ("nan": unset)
 *   entry AREA TIME EFFECT SE EARLY SHIPPED   a result
 *   launch AREA TIME                          a new epoch
 *   end                                       print every area's figures
 *
 * Prints "LINE AREA STATE N E_FLAT A DOWN UP E_YIELD" for every change of state (LINE: of the input, from 1), and after
 * `end` "end AREA STATE N ... E_YIELD LARGEST CAP MEDIAN_SE LOWER UPPER JACKPOT_OK ONCE_YIELDING". Numbers in %.17g.
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

static void begin(struct tool *tool, char *rest)
{
    pl_programme_free(tool->programme);
    tool->n_areas = 0;
    for (char *word = strtok(rest, " \n"); word; word = strtok(NULL, " \n")) {
        if (tool->n_areas == AREAS_MAX)
            die(tool, "too many areas");
        tool->rules[tool->n_areas++] =
            (struct pl_area_rule){.smallest_return = strtod(word, NULL), .false_alarm_every_years = 1.};
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

static void entry(struct tool *tool, const char *rest)
{
    struct pl_row row = {.kind = PL_ROW_RESULT, .start_us = PL_TIME_NONE, .cost = 1.};
    long long time;
    int early;
    int shipped;

    if (sscanf(rest, "%u %lld %lf %lf %d %d", &row.area, &time, &row.effect, &row.se, &early, &shipped) != 6)
        die(tool, "bad entry");
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

static void finish(const struct tool *tool)
{
    for (unsigned at = 0; at < tool->n_areas; at++) {
        const struct pl_area_state *area = pl_programme_area(tool->programme, at);

        print_area("end", at, area);
        printf(" %.17g %.17g %.17g %.17g %.17g %d %d\n", area->largest_ever, area->largest_cap, area->median_se,
               area->lower, area->upper, area->jackpot_ok, area->once_yielding);
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
