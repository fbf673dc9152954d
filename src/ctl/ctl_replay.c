/* plateauctl replay: files of events and control records through the engine itself, results on stdout.
 */
#include "codec/json_out.h"
#include "ctl/ctl.h"
#include "ctl/lines.h"
#include "ctl/options.h"
#include "ctl/progress.h"
#include "ctl/table.h"
#include "plateau.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "examples:\n"
    "  plateauctl replay -c plateaud.conf --control results.jsonl events.jsonl.gz\n"
    "  plateauctl replay -c plateaud.conf --control results.jsonl --json | grep '\"type\":\"alert\"'\n"
    "\n"
    "usage: plateauctl replay [OPTIONS] [FILE...]      (- is standard input)\n"
    "\n"
    "Runs the engine of plateaud over files, without Kafka and Redis: what would it have said, and when? The files "
    "hold\n"
    "events of the first source of the configuration, one JSON record per line, in the order in which they would be "
    "in\n"
    "the topic; .gz is unpacked. The same files give the same output.\n"
    "\n"
    "  --control FILE    control records, one per line, such as `plateauctl import --dry-run` prints\n"
    "  --until TIME      judge nothing after this time (2026-08-21T10:00:00Z)\n"
    "  --json            everything, one JSON object per line: results, points of history, alerts, areas,\n"
    "                    funnels, features, value, objectives, balance, sums, counts\n"
    "  -c FILE           configuration (default /etc/plateaud/plateaud.conf)\n"
    "\n"
    "exit codes: 0 replayed; 1 a control record was not used; 2 a file or the configuration failed; 64 usage\n";

struct replay {
    struct pl_options options;
    const char *control, *until;
    struct pl_plateau *plateau;
    struct pl_look look;
    struct pl_buf out;       /* what is printed next */
    struct pl_table changes; /* text report: changes of state */
    uint64_t refused;
};

static void flush(struct replay *replay)
{
    if (replay->out.ptr)
        fwrite(replay->out.ptr, 1, replay->out.len, stdout);
    pl_buf_clear(&replay->out);
}

static struct pl_json line_of(struct replay *replay, const char *type)
{
    struct pl_json json = pl_json_to(&replay->out);

    pl_json_open(&json, NULL, '{');
    pl_json_text(&json, "type", type);
    return json;
}

static void end_line(struct replay *replay, struct pl_json *json)
{
    pl_json_close(json, '}');
    pl_buf_add_char(&replay->out, '\n');
    flush(replay);
}

static void on_result(void *ctx, const struct pl_plateau_result *result)
{
    struct replay *replay = ctx;
    struct pl_table *table = &replay->changes;
    bool counted = strcmp(result->excluded, "entered") == 0;
    char stamp[PL_STAMP_BYTES];

    if (replay->options.json) {
        struct pl_json json = line_of(replay, "result");

        pl_json_text(&json, "id", result->id);
        pl_json_text(&json, "area", result->area);
        pl_json_text(&json, "excluded", result->excluded);
        pl_json_time(&json, "time", result->time_us);
        pl_json_time(&json, "tick", result->tick_us);
        pl_json_number(&json, "effect", result->effect);
        pl_json_number(&json, "se", result->se);
        pl_json_bool(&json, "early", result->early);
        pl_json_bool(&json, "shipped", result->shipped);
        end_line(replay, &json);
    } else if (!counted) {
        pl_table_cell(table, PL_INK_NONE, "%.10s", pl_stamp_format(result->time_us, stamp));
        pl_table_cell(table, PL_INK_BOLD, "%s", result->area);
        pl_table_cell(table, PL_INK_NONE, "%s", "");
        pl_table_cell(table, PL_INK_FAINT, "left out");
        pl_table_cell(table, PL_INK_FAINT, "%s: %s", result->id, result->excluded);
    }
}

static void json_point(struct replay *replay, const struct pl_plateau_point *point)
{
    struct pl_json json = line_of(replay, "point");

    pl_json_text(&json, "area", point->area);
    pl_json_int(&json, "n", point->n);
    pl_json_time(&json, "time", point->time_us);
    pl_json_time(&json, "tick", point->tick_us);
    pl_json_text(&json, "state", point->state);
    pl_json_bool(&json, "changed", point->changed);
    pl_json_number(&json, "flat", point->flat);
    pl_json_number(&json, "level", point->level);
    pl_json_number(&json, "down", point->down);
    pl_json_number(&json, "up", point->up);
    pl_json_number(&json, "yield", point->yield);
    pl_json_number(&json, "effect", point->effect);
    pl_json_number(&json, "se", point->se);
    end_line(replay, &json);
}

static void on_point(void *ctx, const struct pl_plateau_point *point)
{
    struct replay *replay = ctx;
    char stamp[PL_STAMP_BYTES];
    struct pl_table *table = &replay->changes;

    if (replay->options.json) {
        json_point(replay, point);
        return;
    }
    if (!point->changed)
        return;
    pl_table_cell(table, PL_INK_NONE, "%.10s", pl_stamp_format(point->time_us, stamp));
    pl_table_cell(table, PL_INK_BOLD, "%s", point->area);
    pl_table_cell(table, PL_INK_NONE, "%u", point->n);
    pl_table_cell(table, PL_INK_NONE, "%s", point->state);
    pl_table_cell(table, PL_INK_NONE, "%.3g of %.3g", point->flat, point->level);
}

static void on_alert(void *ctx, const struct pl_plateau_alert *alert)
{
    struct replay *replay = ctx;
    char stamp[PL_STAMP_BYTES];
    struct pl_table *table = &replay->changes;

    if (replay->options.json) {
        pl_buf_addf(&replay->out, "{\"type\":\"alert\",\"alert\":%s}\n", alert->json);
        flush(replay);
        return;
    }
    pl_table_cell(table, PL_INK_NONE, "%.10s", pl_stamp_format(alert->tick_us, stamp));
    pl_table_cell(table, PL_INK_BOLD, "%s", alert->area);
    pl_table_cell(table, PL_INK_NONE, "%s", "");
    pl_table_cell(table, PL_INK_WARN, "%s", alert->verdict);
    pl_table_cell(table, PL_INK_WARN, "alert %s", alert->status);
}

/* Feed every line of a file; the progress counts lines. */
static enum pl_status feed(struct replay *replay, const char *path, bool control, struct pl_err *err)
{
    struct pl_progress progress = pl_progress_init(control ? "control records" : "events", 0);
    struct pl_lines lines;
    struct pl_span line;
    enum pl_status status = pl_lines_open(&lines, path, err);

    while (!status && !(status = pl_lines_next(&lines, &line, err)) && line.ptr) {
        const char *reason;

        line = pl_span_trim(line);
        if (line.len == 0)
            continue;
        reason = control ? pl_plateau_control(replay->plateau, line.ptr, line.len, PL_PLATEAU_NO_TIME)
                         : pl_plateau_event(replay->plateau, line.ptr, line.len, PL_PLATEAU_NO_TIME);
        replay->refused += reason && control; /* unused events are a part of every log: they are counted */
        if (reason && control)
            fprintf(stderr, "%s:%" PRIu64 ": not used: %s\n", lines.path, lines.number, reason);
        if (pl_plateau_failure(replay->plateau))
            status = pl_err_set(err, PL_ERR_STATE, "%s", pl_plateau_failure(replay->plateau));
        pl_progress_set(&progress, lines.number);
    }
    pl_progress_end(&progress);
    pl_lines_close(&lines);
    return status;
}

static void json_field(void *ctx, const char *name, const char *value)
{
    struct pl_json *json = ctx;

    pl_json_text(json, name, value);
}

static void json_areas(struct replay *replay)
{
    for (unsigned area = 0; area < pl_plateau_areas(replay->plateau); area++) {
        struct pl_json json = line_of(replay, "area");

        pl_json_text(&json, "area", pl_plateau_area_id(replay->plateau, area));
        pl_plateau_area(replay->plateau, area, json_field, &json);
        end_line(replay, &json);
    }
}

static void json_funnels(struct replay *replay)
{
    for (unsigned funnel = 0; funnel < pl_plateau_funnels(replay->plateau); funnel++) {
        struct pl_json json = line_of(replay, "funnel");

        pl_json_text(&json, "funnel", pl_plateau_funnel_id(replay->plateau, funnel));
        pl_plateau_funnel(replay->plateau, funnel, json_field, &json);
        end_line(replay, &json);
    }
}

static void json_observed(struct replay *replay)
{
    for (unsigned feature = 0; feature < pl_plateau_features(replay->plateau); feature++) {
        struct pl_json json = line_of(replay, "feature");

        pl_json_text(&json, "feature", pl_plateau_feature_id(replay->plateau, feature));
        pl_plateau_feature(replay->plateau, feature, json_field, &json);
        end_line(replay, &json);
    }
    for (unsigned area = 0; area < pl_plateau_areas(replay->plateau); area++) {
        struct pl_json json;

        if (!pl_plateau_has_value(replay->plateau, area))
            continue;
        json = line_of(replay, "value");
        pl_plateau_value(replay->plateau, area, json_field, &json);
        end_line(replay, &json);
    }
}

static void json_objectives(struct replay *replay)
{
    for (unsigned at = 0; at < pl_plateau_objectives(replay->plateau); at++) {
        struct pl_json json = line_of(replay, "objective");

        pl_json_text(&json, "objective", pl_plateau_objective_id(replay->plateau, at));
        pl_plateau_objective(replay->plateau, at, json_field, &json);
        end_line(replay, &json);
    }
}

static void json_balances(struct replay *replay)
{
    for (unsigned area = 0; area < pl_plateau_areas(replay->plateau); area++) {
        struct pl_json json = line_of(replay, "balance");

        pl_json_text(&json, "area", pl_plateau_area_id(replay->plateau, area));
        (void)pl_plateau_balance(replay->plateau, area, json_field, &json);
        end_line(replay, &json);
    }
}

static void json_sums(struct replay *replay)
{
    struct pl_plateau_sum sum;

    for (size_t at = 0; pl_plateau_sum(replay->plateau, at, &sum); at++) {
        struct pl_json json = line_of(replay, "sum");
        bool hours = strcmp(sum.kind, "funnel_hour") == 0;

        pl_json_text(&json, "kind", sum.kind);
        pl_json_text(&json, "subject", sum.subject);
        if (*sum.arm)
            pl_json_text(&json, strncmp(sum.kind, "funnel", 6) == 0 ? "action" : "variant", sum.arm);
        if (*sum.metric)
            pl_json_text(&json, "metric", sum.metric);
        if (*sum.other)
            pl_json_text(&json, "other", sum.other);
        pl_json_int(&json, "index", sum.index);
        pl_json_int(&json, "detail", sum.detail);
        pl_json_time(&json, hours ? "hour" : "day", sum.pane * (hours ? PL_HOUR_US : PL_DAY_US));
        pl_json_int(&json, "n", sum.n);
        pl_json_int(&json, "sum", sum.sum);
        pl_json_text(&json, "sum_of_squares", sum.sum_of_squares);
        end_line(replay, &json);
    }
}

static void json_counts(struct replay *replay)
{
    struct pl_json json = line_of(replay, "counts");
    const char *name;
    uint64_t count;

    for (unsigned at = 0; pl_plateau_count(replay->plateau, at, &name, &count); at++)
        if (count)
            pl_json_int(&json, name, (int64_t)count);
    end_line(replay, &json);
}

/* The fields of an area that the text report shows. */
struct shown {
    const char *const *names;
    char values[4][64];
};

static void text_field(void *ctx, const char *name, const char *value)
{
    struct shown *shown = ctx;

    for (unsigned at = 0; at < 4; at++)
        if (strcmp(name, shown->names[at]) == 0)
            snprintf(shown->values[at], sizeof(shown->values[at]), "%s", value);
}

static void text_areas(struct replay *replay)
{
    static const char *const names[4] = {"verdict", "grade", "programme", "results"};
    struct pl_table table = {.n_columns = 5, .right = 1u << 4, .look = replay->look};

    for (unsigned area = 0; area < pl_plateau_areas(replay->plateau); area++) {
        struct shown shown = {.names = names};

        pl_plateau_area(replay->plateau, area, text_field, &shown);
        pl_table_cell(&table, PL_INK_BOLD, "%s", pl_plateau_area_id(replay->plateau, area));
        for (unsigned at = 0; at < 4; at++)
            pl_table_cell(&table, PL_INK_NONE, "%s%s", shown.values[at], at == 3 ? " results" : "");
    }
    pl_buf_add_text(&replay->out, "\nat the end:\n");
    pl_table_write(&table, 2, &replay->out);
    pl_table_fini(&table);
}

static void text_counts(struct replay *replay)
{
    struct pl_table table = {.n_columns = 2, .right = 1u, .look = replay->look};
    const char *name;
    uint64_t count;

    for (unsigned at = 0; pl_plateau_count(replay->plateau, at, &name, &count); at++) {
        if (count == 0)
            continue;
        pl_table_cell(&table, PL_INK_NONE, "%" PRIu64, count);
        pl_table_cell(&table, PL_INK_NONE, "%s", name);
    }
    pl_buf_add_text(&replay->out, "\ncounts:\n");
    pl_table_write(&table, 2, &replay->out);
    pl_table_fini(&table);
}

static void report(struct replay *replay)
{
    if (replay->options.json) {
        json_areas(replay);
        json_funnels(replay);
        json_observed(replay);
        json_objectives(replay);
        json_balances(replay);
        json_sums(replay);
        json_counts(replay);
        return;
    }
    pl_buf_add_text(&replay->out, "changes (date, area, results so far, state, evidence for flat):\n");
    pl_table_write(&replay->changes, 2, &replay->out);
    text_areas(replay);
    text_counts(replay);
    flush(replay);
}

static int read_options(struct replay *replay, int argc, char **argv, int64_t *until_us)
{
    const struct pl_option own[] = {{"--control", NULL, &replay->control}, {"--until", NULL, &replay->until}};
    int code = pl_options_read(&replay->options, argc, argv, help, own, sizeof(own) / sizeof(*own));

    if (code != PL_OPTIONS_GO_ON)
        return code;
    if (!replay->control && replay->options.n_args == 0)
        return pl_options_wrong(&replay->options, "which files?");
    *until_us = 0;
    if (replay->until && (!pl_stamp_parse(pl_span_of(replay->until), true, until_us) || *until_us <= 0))
        return pl_options_wrong(&replay->options, "--until %s: not a time such as 2026-08-21T10:00:00Z", replay->until);
    return PL_OPTIONS_GO_ON;
}

static int run(struct replay *replay)
{
    struct pl_err err = {0};
    enum pl_status status = PL_OK;

    if (replay->control)
        status = feed(replay, replay->control, true, &err);
    for (unsigned at = 0; at < replay->options.n_args && !status; at++)
        status = feed(replay, replay->options.args[at], false, &err);
    if (!status && pl_plateau_finish(replay->plateau))
        status = pl_err_set(&err, PL_ERR_STATE, "%s", pl_plateau_failure(replay->plateau));
    if (status)
        return pl_options_failed(&replay->options, "%s", err.text);
    report(replay);
    if (fflush(stdout) != 0)
        return pl_options_failed(&replay->options, "the output cannot be written");
    return replay->refused ? PL_CTL_NO : PL_CTL_OK;
}

int pl_ctl_replay(int argc, char **argv)
{
    struct replay replay = {.refused = 0};
    struct pl_plateau_setup setup = {.result = on_result, .point = on_point, .alert = on_alert, .ctx = &replay};
    char why[PL_PLATEAU_WHY_BYTES];
    int code = read_options(&replay, argc, argv, &setup.until_us);

    if (code != PL_OPTIONS_GO_ON)
        return code;
    replay.look = pl_table_look(replay.options.no_color);
    replay.changes = (struct pl_table){.n_columns = 5, .right = 1u << 2, .look = replay.look};
    if (pl_plateau_load(replay.options.conf_path, &setup, &replay.plateau, why))
        return pl_options_failed(&replay.options, "%s", why);
    code = run(&replay);
    pl_plateau_free(replay.plateau);
    pl_table_fini(&replay.changes);
    pl_buf_fini(&replay.out);
    return code;
}
