/* The public header, as a program outside would use it: small logs counted by hand, a real history against the
 * reference, and the law that order and repetition change nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/crowd.h"
#include "ctl/lines.h"
#include "plateau.h"
#include "util/stamp.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KAFKA "[kafka]\nbootstrap.servers = none:9092\n"
#define SOURCE "[source events]\ntopics = product.events\n"
#define AREA                                                                                                           \
    "[area checkout]\nexperiments = checkout*\ngoal = Order Completed\nfunnel = Product Viewed > Order Completed\n"    \
    "smallest_return = 7%\n"

/* Everything that an engine told, as text. */
struct told {
    struct pl_buf points, alerts;
    unsigned n_points, n_alerts, n_results, n_left_out;
    int64_t last_tick_us;
};

static void on_point(void *ctx, const struct pl_plateau_point *point)
{
    struct told *told = ctx;

    pl_buf_addf(&told->points, "%s %u %lld %lld %s %d %a %a %a %a %a %a %a\n", point->area, point->n,
                (long long)point->time_us, (long long)point->tick_us, point->state, point->changed, point->flat,
                point->level, point->down, point->up, point->yield, point->effect, point->se);
    told->n_points++;
    told->last_tick_us = point->tick_us;
}

static void on_result(void *ctx, const struct pl_plateau_result *result)
{
    struct told *told = ctx;

    told->n_results++;
    told->n_left_out += strcmp(result->excluded, "entered") != 0;
    assert_true(result->tick_us > result->time_us || result->tick_us % PL_HOUR_US == 0);
}

static void on_alert(void *ctx, const struct pl_plateau_alert *alert)
{
    struct told *told = ctx;

    pl_buf_addf(&told->alerts, "%s %s %s %s\n", alert->id, alert->status, alert->area, alert->verdict);
    told->n_alerts++;
}

static void told_fini(struct told *told)
{
    pl_buf_fini(&told->points);
    pl_buf_fini(&told->alerts);
}

static struct pl_plateau *start(const char *conf, struct told *told, int64_t until_us)
{
    const struct pl_plateau_setup setup = {
        .result = on_result, .point = on_point, .alert = on_alert, .ctx = told, .until_us = until_us};
    struct pl_plateau *plateau;
    char why[PL_PLATEAU_WHY_BYTES] = "";

    if (pl_plateau_new("test", conf, strlen(conf), &setup, &plateau, why))
        fail_msg("%s", why);
    return plateau;
}

static const char *control(struct pl_plateau *plateau, const char *json)
{
    return pl_plateau_control(plateau, json, strlen(json), PL_PLATEAU_NO_TIME);
}

/* A Segment record of January 2026; properties may be "". */
static const char *event(struct pl_plateau *plateau, const char *unit, const char *name, const char *day_time,
                         const char *properties)
{
    char json[512];

    snprintf(json, sizeof(json),
             "{\"type\":\"track\",\"event\":\"%s\",\"userId\":\"%s\",\"messageId\":\"%s-%s-%s\",\"timestamp\":"
             "\"2026-01-%s:00Z\",\"properties\":{%s}}",
             name, unit, unit, name, day_time, day_time, properties);
    return pl_plateau_event(plateau, json, strlen(json), PL_PLATEAU_NO_TIME);
}

static const char *exposure(struct pl_plateau *plateau, const char *unit, const char *day_time, const char *variant)
{
    char properties[128];

    snprintf(properties, sizeof(properties), "\"experiment_id\":\"checkout_1\",\"variation_id\":\"%s\"", variant);
    return event(plateau, unit, "Experiment Viewed", day_time, properties);
}

/* The sum of a kind, arm and index over all panes. */
struct total {
    int64_t n, sum;
    double squares;
};

static struct total total(const struct pl_plateau *plateau, const char *kind, const char *arm, int32_t pane)
{
    struct pl_plateau_sum sum;
    struct total total = {0, 0, 0};

    for (size_t at = 0; pl_plateau_sum(plateau, at, &sum); at++) {
        if (strcmp(sum.kind, kind) != 0 || strcmp(sum.arm, arm) != 0 || (pane >= 0 && sum.pane != pane))
            continue;
        total.n += sum.n;
        total.sum += sum.sum;
        total.squares += strtod(sum.sum_of_squares, NULL);
    }
    return total;
}

static uint64_t count(const struct pl_plateau *plateau, const char *wanted)
{
    const char *name;
    uint64_t n;

    for (unsigned at = 0; pl_plateau_count(plateau, at, &name, &n); at++)
        if (strcmp(name, wanted) == 0)
            return n;
    fail_msg("no counter %s", wanted);
    return 0;
}

#define JAN_5 20458 /* days from 1970-01-01 to 2026-01-05 */

/* Five users, counted by hand. */
static void a_log_counted_by_hand(void **state)
{
    struct told told = {.n_points = 0};
    struct pl_plateau *plateau = start(KAFKA SOURCE AREA, &told, 0);

    (void)state;
    assert_null(event(plateau, "u5", "Order Completed", "05T09:00", "")); /* before its exposure: no conversion */
    assert_null(exposure(plateau, "u1", "05T10:00", "control"));
    assert_null(exposure(plateau, "u2", "05T10:00", "B"));
    assert_null(exposure(plateau, "u3", "05T10:00", "B"));
    assert_null(exposure(plateau, "u4", "05T10:00", "control"));
    assert_null(exposure(plateau, "u5", "05T10:00", "B"));
    assert_null(event(plateau, "u1", "Product Viewed", "05T10:01", ""));
    assert_null(event(plateau, "u3", "Product Viewed", "05T10:01", ""));
    assert_null(event(plateau, "u1", "Order Completed", "05T10:02", ""));
    assert_string_equal(event(plateau, "u1", "Order Completed", "05T10:02", ""), "duplicate"); /* the same message */
    assert_null(exposure(plateau, "u4", "05T10:03", "B")); /* both variants: counts in neither */
    assert_null(event(plateau, "u2", "Order Completed", "05T10:05", ""));
    assert_null(event(plateau, "u2", "Page Liked", "05T10:06", "")); /* no rule reads it */
    assert_string_equal(event(plateau, "null", "Order Completed", "05T10:06", ""), "placeholder_unit");
    assert_null(event(plateau, "u3", "Order Completed", "13T10:00", "")); /* 8 days later: outside of the 7 d window */
    assert_int_equal(pl_plateau_finish(plateau), 0);

    assert_int_equal(total(plateau, "exposed", "control", JAN_5).n, 1); /* u1 */
    assert_int_equal(total(plateau, "exposed", "B", JAN_5).n, 3);       /* u2 u3 u5 */
    assert_int_equal(total(plateau, "exposed", "B", -1).n, 3);
    assert_int_equal(total(plateau, "mixed", "", JAN_5).n, 1); /* u4 */
    assert_int_equal(total(plateau, "segment", "control", -1).n, 1);
    assert_int_equal(total(plateau, "segment", "B", -1).n, 3);
    assert_int_equal(total(plateau, "metric", "control", JAN_5).sum, 1000000); /* u1 */
    assert_true(fabs(total(plateau, "metric", "control", JAN_5).squares - 1e12) < 1);
    assert_int_equal(total(plateau, "metric", "B", JAN_5).sum, 1000000); /* u2 */
    assert_int_equal(total(plateau, "funnel", "Product Viewed", JAN_5).n, 2);
    assert_int_equal(total(plateau, "funnel", "Order Completed", JAN_5).n,
                     2); /* u1, and u3: this funnel has no window */
    assert_int_equal(total(plateau, "funnel", "Order Completed", JAN_5).sum, 2);

    assert_int_equal(count(plateau, "records"), 15);
    assert_int_equal(count(plateau, "events"), 13);
    assert_int_equal(count(plateau, "duplicate"), 1);
    assert_int_equal(count(plateau, "placeholder_unit"), 1);
    assert_int_equal(count(plateau, "unmatched"), 1); /* Page Liked */
    assert_int_equal(count(plateau, "mixed"), 1);
    assert_int_equal(told.n_points, 0);
    assert_int_equal(told.n_results, 0); /* it is not due before day 26 */
    pl_plateau_free(plateau);
    told_fini(&told);
}

/* The end of an experiment, in the order of time: the control record is fed first, and acts when its time has come. */
static void control_records_take_their_turn(void **state)
{
    struct told told = {.n_points = 0};
    struct pl_plateau *plateau = start(KAFKA SOURCE AREA, &told, 0);

    (void)state;
    assert_null(control(plateau, "{\"type\":\"lifecycle\",\"experiment\":\"checkout_1\",\"state\":\"started\","
                                 "\"time\":\"2026-01-05T00:00:00Z\"}"));
    assert_null(control(plateau, "{\"type\":\"lifecycle\",\"experiment\":\"checkout_1\",\"state\":\"shipped\","
                                 "\"time\":\"2026-01-06T00:00:00Z\"}"));
    assert_null(exposure(plateau, "u1", "05T10:00", "control"));
    assert_null(exposure(plateau, "u2", "05T23:59", "B"));
    assert_string_equal(exposure(plateau, "u3", "06T00:00", "B"), "after_end");
    assert_string_equal(exposure(plateau, "u1", "07T00:00", "B"), "after_end"); /* shipping does not mix */
    assert_int_equal(pl_plateau_finish(plateau), 0);
    assert_int_equal(total(plateau, "exposed", "control", -1).n, 1);
    assert_int_equal(total(plateau, "exposed", "B", -1).n, 1);
    assert_int_equal(total(plateau, "mixed", "", -1).n, 0);
    assert_int_equal(count(plateau, "control"), 2);
    assert_int_equal(count(plateau, "after_end"), 2);
    pl_plateau_free(plateau);
    told_fini(&told);
}

static void why_it_is_not_used(void **state)
{
    struct told told = {.n_points = 0};
    struct pl_plateau *plateau = start(KAFKA AREA, &told, 0);
    char why[PL_PLATEAU_WHY_BYTES] = "";
    const struct pl_plateau_setup setup = {.until_us = 0};
    const char *result = "{\"type\":\"result\",\"experiment\":\"checkout_1\",\"area\":\"checkout\",\"effect\":0.1,"
                         "\"se\":0.1,\"time\":\"2026-01-05T00:00:00Z\"}";

    (void)state;
    assert_string_equal(exposure(plateau, "u1", "05T10:00", "B"), "no_source");
    assert_string_equal(control(plateau, "{}"), "control_type");
    assert_string_equal(control(plateau, "nothing"), "syntax");
    assert_null(control(plateau, result));
    assert_null(control(plateau, result)); /* used or not is known when its turn has come */
    assert_null(control(plateau, "{\"type\":\"core_launch\",\"area\":\"x\",\"time\":\"2026-01-05T00:00:00Z\"}"));
    assert_int_equal(pl_plateau_finish(plateau), 0);
    assert_int_equal(count(plateau, "control"), 1);
    assert_int_equal(count(plateau, "control_repeated"), 1);
    assert_int_equal(count(plateau, "control_area"), 1);
    assert_int_equal(told.n_points, 1);
    assert_int_equal(told.n_results, 1);
    assert_int_equal(told.n_left_out, 0);
    assert_null(pl_plateau_failure(plateau));
    pl_plateau_free(plateau);
    told_fini(&told);
    assert_int_not_equal(pl_plateau_new("bad.conf", "[area x]\ngaol = y\n", 18, &setup, &plateau, why), 0);
    assert_null(plateau);
    assert_non_null(strstr(why, "bad.conf:2"));
    assert_non_null(strstr(why, "goal"));
    assert_int_not_equal(pl_plateau_load("/nonexistent", &setup, &plateau, NULL), 0);
}

/* One line of expected.txt: the changes of state that the reference model computed for this history. */
static void assert_change(const char *line, char *points)
{
    char area[65], date[16], state[32], found_state[32], found_area[65];
    double want[5], got[5];
    unsigned n, found_n;
    int changed;

    assert_int_equal(sscanf(line, "%64s %u %15s %31s flat %lf of %lf  down %lf up %lf  yield %lf", area, &n, date,
                            state, &want[0], &want[1], &want[2], &want[3], &want[4]),
                     9);
    for (char *at = strtok(points, "\n"); at; at = strtok(NULL, "\n")) {
        assert_int_equal(sscanf(at, "%64s %u %*d %*d %31s %d %la %la %la %la %la", found_area, &found_n, found_state,
                                &changed, &got[0], &got[1], &got[2], &got[3], &got[4]),
                         9);
        if (!changed || found_n != n)
            continue;
        assert_string_equal(found_state, state);
        for (int value = 0; value < 5; value++)
            assert_true(fabs(got[value] - want[value]) <= 1e-9 * fmax(1, fabs(want[value])));
        return;
    }
    fail_msg("no change after %u results", n);
}

static void feed_file(struct pl_plateau *plateau, const char *path)
{
    struct pl_lines lines;
    struct pl_span line;
    struct pl_err err = {0};

    assert_int_equal(pl_lines_open(&lines, path, &err), PL_OK);
    while (pl_lines_next(&lines, &line, &err) == PL_OK && line.ptr)
        assert_null(pl_plateau_control(plateau, line.ptr, line.len, PL_PLATEAU_NO_TIME));
    pl_lines_close(&lines);
}

static void a_real_history_as_the_reference(void **state)
{
    struct told told = {.n_points = 0};
    struct pl_plateau *plateau = start(KAFKA "[area koivisto]\nunit = Elo\nsmallest_return = 5.23\n", &told, 0);
    struct pl_lines lines;
    struct pl_span line;
    struct pl_err err = {0};
    unsigned n_changes = 0, n_found = 0;

    (void)state;
    feed_file(plateau, PL_TEST_DATA "/results/koivisto.jsonl.gz");
    assert_int_equal(pl_plateau_finish(plateau), 0);
    assert_true(told.n_points >= 345);
    assert_int_equal(pl_lines_open(&lines, PL_TEST_DATA "/results/expected.txt", &err), PL_OK);
    while (pl_lines_next(&lines, &line, &err) == PL_OK && line.ptr) {
        char *copy;

        if (line.len < 9 || memcmp(line.ptr, "koivisto ", 9) != 0)
            continue;
        copy = strdup(told.points.ptr);
        assert_non_null(copy);
        assert_change(line.ptr, copy);
        free(copy);
        n_changes++;
    }
    pl_lines_close(&lines);
    for (const char *at = told.points.ptr; (at = strstr(at, " 1 0x")); at++)
        n_found++;
    assert_true(n_changes >= 3);
    assert_int_equal(n_found, n_changes); /* and no other change */
    pl_plateau_free(plateau);
    told_fini(&told);
}

/* Lines of a small world, kept. */
struct line {
    int64_t time_us;
    size_t place;
    char *text;
};

struct lines {
    struct line *items;
    size_t n;
};

static bool keep_line(void *ctx, struct pl_span line)
{
    struct lines *lines = ctx;
    const char *time = strstr(line.ptr, "\"timestamp\":\"") + 13;
    struct line *grown = realloc(lines->items, (lines->n + 1) * sizeof(*grown));

    assert_non_null(grown);
    lines->items = grown;
    grown[lines->n] = (struct line){.place = lines->n, .text = pl_span_dup(line)};
    assert_true(
        pl_stamp_parse((struct pl_span){time, (size_t)(strchr(time, '"') - time)}, false, &grown[lines->n].time_us));
    lines->n++;
    return true;
}

static int by_time(const void *a, const void *b)
{
    const struct line *x = a, *y = b;

    if (x->time_us != y->time_us)
        return x->time_us < y->time_us ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static void run_world(const struct pl_crowd_plan *plan, const struct lines *lines, int64_t until_us, struct told *told,
                      struct pl_buf *sums)
{
    struct pl_plateau *plateau = start(KAFKA SOURCE AREA, told, until_us);
    struct pl_plateau_sum sum;

    for (unsigned at = 0; at < plan->paying + plan->flat; at++) {
        struct pl_crowd_truth truth = pl_crowd_truth(plan, at);

        for (int end = 0; end < 2; end++) {
            struct pl_control step = pl_crowd_step(&truth, !end);
            char json[300], stamp[PL_STAMP_BYTES];

            snprintf(json, sizeof(json),
                     "{\"type\":\"lifecycle\",\"experiment\":\"%s\",\"state\":\"%s\",\"time\":\"%s\"}", truth.name,
                     end ? "stopped" : "started", pl_stamp_format(step.time_us, stamp));
            assert_null(control(plateau, json));
        }
    }
    for (size_t at = 0; at < lines->n; at++)
        (void)pl_plateau_event(plateau, lines->items[at].text, strlen(lines->items[at].text), PL_PLATEAU_NO_TIME);
    assert_int_equal(pl_plateau_finish(plateau), 0);
    for (size_t at = 0; pl_plateau_sum(plateau, at, &sum); at++)
        pl_buf_addf(sums, "%s %s %s %s %u %d %lld %lld %s\n", sum.kind, sum.subject, sum.arm, sum.metric, sum.index,
                    sum.pane, (long long)sum.n, (long long)sum.sum, sum.sum_of_squares);
    pl_plateau_free(plateau);
}

/* Late arrivals and repetitions within what is allowed give exactly what an orderly log gives (design 3, law). */
static void disorder_changes_nothing(void **state)
{
    struct pl_crowd_plan plan = {.paying = 2, .flat = 1, .users = 300, .seed = 5};
    struct told as_it_came = {.n_points = 0}, in_order = {.n_points = 0}, half = {.n_points = 0};
    struct pl_buf sums_as_it_came = {0}, sums_in_order = {0}, sums_half = {0};
    struct lines lines = {NULL, 0};
    bool disordered = false;
    size_t kept = 0;
    int64_t until_us;

    (void)state;
    assert_true(pl_stamp_parse(pl_span_of("2024-01-01T00:00:00Z"), false, &plan.start_us));
    for (unsigned at = 0; at <= 3; at++)
        assert_int_equal(pl_crowd_events(&plan, at, keep_line, &lines, NULL), PL_OK);
    assert_true(lines.n > 3000);
    for (size_t at = 1; at < lines.n; at++)
        disordered = disordered || lines.items[at].time_us < lines.items[at - 1].time_us;
    assert_true(disordered);
    run_world(&plan, &lines, 0, &as_it_came, &sums_as_it_came);
    until_us = plan.start_us + 30 * PL_DAY_US;
    run_world(&plan, &lines, until_us, &half, &sums_half);

    qsort(lines.items, lines.n, sizeof(*lines.items), by_time);
    for (size_t at = 0; at < lines.n; at++) { /* the same line twice in a row: a repetition */
        if (kept && strcmp(lines.items[at].text, lines.items[kept - 1].text) == 0)
            free(lines.items[at].text);
        else
            lines.items[kept++] = lines.items[at];
    }
    assert_true(kept < lines.n);
    lines.n = kept;
    run_world(&plan, &lines, 0, &in_order, &sums_in_order);

    assert_int_equal(as_it_came.n_points, 3);
    assert_int_equal(as_it_came.n_results, 3);
    assert_int_equal(as_it_came.n_left_out, 0);
    assert_string_equal(as_it_came.points.ptr, in_order.points.ptr);
    assert_string_equal(sums_as_it_came.ptr, sums_in_order.ptr);
    /* And what is judged until a time is the beginning of what is judged altogether. */
    assert_int_equal(half.n_points, 1);
    assert_true(half.last_tick_us <= until_us);
    assert_memory_equal(half.points.ptr, as_it_came.points.ptr, half.points.len);
    for (size_t at = 0; at < lines.n; at++)
        free(lines.items[at].text);
    free(lines.items);
    told_fini(&as_it_came);
    told_fini(&in_order);
    told_fini(&half);
    pl_buf_fini(&sums_as_it_came);
    pl_buf_fini(&sums_in_order);
    pl_buf_fini(&sums_half);
}

static void note_field(void *ctx, const char *name, const char *value)
{
    if (strcmp(name, "verdict") == 0)
        snprintf(ctx, 64, "%s", value);
}

static void areas_can_be_read(void **state)
{
    struct told told = {.n_points = 0};
    struct pl_plateau *plateau = start(KAFKA AREA, &told, 0);
    char verdict[64] = "";

    (void)state;
    assert_int_equal(pl_plateau_finish(plateau), 0); /* nothing was fed: nothing to judge */
    assert_int_equal(pl_plateau_areas(plateau), 1);
    assert_string_equal(pl_plateau_area_id(plateau, 0), "checkout");
    pl_plateau_area(plateau, 0, note_field, verdict);
    assert_string_equal(verdict, "NO_VERDICT");
    pl_plateau_free(plateau);
    pl_plateau_free(NULL);
    told_fini(&told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_counted_by_hand),    cmocka_unit_test(control_records_take_their_turn),
        cmocka_unit_test(why_it_is_not_used),       cmocka_unit_test(a_real_history_as_the_reference),
        cmocka_unit_test(disorder_changes_nothing), cmocka_unit_test(areas_can_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
