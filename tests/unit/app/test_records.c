#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/conf.h"
#include "codec/control.h"
#include "ctl/lines.h"
#include "ctl/records.h"
#include "util/stamp.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[] = "/tmp/plateaud-records-XXXXXX";
static char paths[16][64];
static unsigned n_paths;

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    for (unsigned at = 0; at < n_paths; at++)
        unlink(paths[at]);
    return rmdir(directory);
}

/* A file of this name with this text; the same name again replaces it. */
static const char *file(const char *name, const char *text)
{
    unsigned at = 0;
    FILE *to;

    while (at < n_paths && strcmp(strrchr(paths[at], '/') + 1, name) != 0)
        at++;
    assert_true(at < sizeof(paths) / sizeof(*paths));
    if (at == n_paths)
        n_paths++;
    snprintf(paths[at], sizeof(paths[at]), "%s/%s", directory, name);
    to = fopen(paths[at], "w");
    assert_non_null(to);
    fputs(text, to);
    fclose(to);
    return paths[at];
}

static struct pl_records start(void)
{
    struct pl_records records = {.rules = NULL};

    assert_true(pl_stamp_parse(pl_span_of("2026-06-01T00:00:00Z"), false, &records.now_us));
    return records;
}

#define RESULT(ID, TIME)                                                                                               \
    "{\"type\":\"result\",\"experiment\":\"" ID "\",\"area\":\"a\",\"time\":\"" TIME                                   \
    "T00:00:00Z\",\"effect\":1,\"se\":2}\n"

static void merges_by_time_and_keeps_ties(void **state)
{
    const char *want[] = {"early", "csv-early", "tie-1", "tie-2", "csv-tie", "late"};
    struct pl_records records = start();
    struct pl_err err = {0};

    (void)state;
    assert_int_equal(pl_records_add(&records,
                                    file("a.jsonl", RESULT("late", "2026-03-01") "\n" RESULT("tie-1", "2026-02-01")
                                                        RESULT("tie-2", "2026-02-01") RESULT("early", "2026-01-01")),
                                    &err),
                     PL_OK);
    assert_int_equal(pl_records_add(&records,
                                    file("b.csv", "id,area,time,effect,se\r\ncsv-tie,a,2026-02-01,1,2\r\n"
                                                  "csv-early,a,2026-01-01,1,2\r\n"),
                                    &err),
                     PL_OK);
    pl_records_order(&records);
    assert_int_equal(records.n, 6);
    for (size_t at = 0; at < 6; at++) {
        assert_string_equal(records.items[at].control.id, want[at]);
        assert_true(records.items[at].control.history);
    }
    pl_records_fini(&records);
}

static void gzip_is_unpacked(void **state)
{
    struct pl_records records = start();
    struct pl_err err = {0};
    char command[200];
    const char *path = file("c.jsonl", RESULT("x", "2026-01-01"));

    (void)state;
    snprintf(command, sizeof(command), "gzip -f %s", path);
    assert_int_equal(system(command), 0);
    strcat(paths[n_paths - 1], ".gz");
    assert_int_equal(pl_records_add(&records, paths[n_paths - 1], &err), PL_OK);
    assert_int_equal(records.n, 1);
    assert_int_equal(pl_records_add(&records, file("d.jsonl.gz", "this is not gzip"), &err), PL_ERR_INPUT);
    assert_non_null(strstr(err.text, "gzip cannot unpack it"));
    assert_int_equal(pl_records_add(&records, "/nonexistent/x.gz", &err), PL_ERR_IO);
    pl_records_fini(&records);
}

/* Read one file of `text` in the strict mode and give the error. */
static const char *error_of(const char *name, const char *text)
{
    static struct pl_err err;
    struct pl_records records = start();

    err = (struct pl_err){0};
    if (pl_records_add(&records, file(name, text), &err) == PL_OK)
        strcpy(err.text, "none");
    pl_records_fini(&records);
    return strrchr(err.text, '/') ? strrchr(err.text, '/') + 1 : err.text;
}

static void errors_carry_file_and_line(void **state)
{
    (void)state;
    assert_string_equal(error_of("e.jsonl", RESULT("x", "2026-01-01") "\n{\n"), "e.jsonl:3: not a JSON document");
    assert_string_equal(error_of("e.jsonl", RESULT("x", "2026-01-01") RESULT("x", "2026-01-02")),
                        "e.jsonl:2: the result x was there before");
    assert_string_equal(error_of("e.jsonl",
                                 "{\"type\":\"result\",\"experiment\":\"x\",\"time\":\"2026-01-01T00:00:00Z\","
                                 "\"effect\":1,\"se\":2}"),
                        "e.jsonl:1: area: is missing");
    assert_string_equal(error_of("e.jsonl", RESULT("x", "2026-06-02")),
                        "e.jsonl:1: time: is more than 5 minutes ahead of the record's timestamp");
    assert_string_equal(error_of("e.csv", "id,area,time,effect,se\nx,a,2026-01-01,1,0\n"),
                        "e.csv:2: se: must be above 0");
    assert_string_equal(error_of("e.csv", "\n\nwhat,ever\n"),
                        "e.csv:3: the header needs the columns time and id or experiment");
}

static void tell(void *ctx, const char *text)
{
    (void)text;
    ++*(unsigned *)ctx;
}

static void bad_lines_can_be_skipped(void **state)
{
    struct pl_records records = start();
    struct pl_err err = {0};
    unsigned told = 0;

    (void)state;
    records.skip_bad = true;
    records.tell = tell;
    records.ctx = &told;
    assert_int_equal(pl_records_add(&records,
                                    file("f.jsonl", "{\n" RESULT("x", "2026-01-01") "[]\n" RESULT("y", "2026-01-01")),
                                    &err),
                     PL_OK);
    assert_int_equal(records.n, 2);
    assert_int_equal(records.n_bad, 2);
    assert_int_equal(told, 2);
    pl_records_fini(&records);
}

/* --area is for records that name none; what names one keeps it. Ends of history are left out. */
static void a_default_area(void **state)
{
    struct pl_records records = start();
    struct pl_err err = {0};

    (void)state;
    records.area = "fallback";
    assert_int_equal(
        pl_records_add(&records,
                       file("g.jsonl",
                            "{\"type\":\"result\",\"experiment\":\"x\",\"time\":\"2026-01-01T00:00:00Z\",\"effect\":1,"
                            "\"se\":2}\n" RESULT(
                                "y", "2026-01-02") "{\"type\":\"history_end\",\"area\":\"a\"}\n"
                                                   "{\"type\":\"core_launch\",\"time\":\"2026-01-03T00:00:00Z\"}\n"),
                       &err),
        PL_OK);
    assert_int_equal(pl_records_add(&records, file("g.csv", "id,time,effect,se\nz,2026-01-04,1,2\n"), &err), PL_OK);
    assert_int_equal(records.n, 4);
    assert_string_equal(records.items[0].control.area, "fallback");
    assert_string_equal(records.items[1].control.area, "a");
    assert_int_equal(records.items[2].control.type, PL_CONTROL_LAUNCH);
    assert_string_equal(records.items[2].control.area, "fallback");
    assert_string_equal(records.items[3].control.area, "fallback");
    pl_records_fini(&records);
}

static void areas_are_checked_with_rules(void **state)
{
    struct pl_rules *rules = pl_rules_new();
    struct pl_area_rule area = {.id = "a",
                                .unit = "%",
                                .goal = PL_RULES_NONE,
                                .value = PL_RULES_NONE,
                                .funnel = PL_RULES_NONE,
                                .smallest_return = .002,
                                .false_alarm_every_years = 1,
                                .coverage = 1,
                                .landmark_us = 14 * PL_DAY_US};
    struct pl_records records = start();
    struct pl_err err = {0};

    (void)state;
    assert_int_equal(pl_rules_add_area(rules, &area, NULL, &err), PL_OK);
    assert_int_equal(pl_rules_seal(rules, &err), PL_OK);
    records.rules = rules;
    assert_int_equal(pl_records_add(&records, file("h.jsonl", RESULT("x", "2026-01-01")), &err), PL_OK);
    records.area = "b";
    assert_int_equal(pl_records_add(&records, file("h.csv", "id,time,effect,se\nz,2026-01-04,1,2\n"), &err),
                     PL_ERR_INPUT);
    assert_non_null(strstr(err.text, "h.csv:2: area b is not configured (the first one that is: a)"));
    pl_records_fini(&records);
    pl_rules_free(rules);
}

static void lines_are_bounded(void **state)
{
    size_t len = PL_LINES_BYTES_MAX + 10;
    char *text = malloc(len + 1);
    struct pl_lines lines;
    struct pl_span line;
    struct pl_err err = {0};

    (void)state;
    assert_non_null(text);
    memset(text, 'x', len);
    text[0] = '\n';
    text[len] = '\0';
    assert_int_equal(pl_lines_open(&lines, file("i.txt", text), &err), PL_OK);
    assert_int_equal(pl_lines_next(&lines, &line, &err), PL_OK);
    assert_int_equal(line.len, 0);
    assert_non_null(line.ptr);
    assert_int_equal(pl_lines_next(&lines, &line, &err), PL_ERR_INPUT);
    assert_non_null(strstr(err.text, "i.txt:2: longer than"));
    pl_lines_close(&lines);
    free(text);
}

#define BOOK(NAME, ARMS)                                                                                               \
    "{\"result\":{\"experimentId\":\"" NAME "\",\"dateStart\":\"2026-01-01T00:00:00Z\",\"dateEnd\":"                   \
    "\"2026-01-15T00:00:00Z\",\"dimension\":{\"type\":\"none\"},\"settings\":{\"goals\":[{\"metricId\":\"m\"}]},\n"    \
    "\"results\":[{\"checks\":{\"srm\":1},\"metrics\":[{\"metricId\":\"m\",\"variations\":[" ARMS "]}]}]}}\n"
#define BOOK_ARM(MEAN, SD)                                                                                             \
    "{\"users\":1000,\"analyses\":[{\"numerator\":100.5,\"denominator\":1000,\"mean\":" MEAN ",\"stddev\":" SD "}]}"
#define BOOK_ARMS BOOK_ARM("0.1", "0.3") "," BOOK_ARM("0.12", "0.3")

static char told[256];

static void hear(void *ctx, const char *text)
{
    (void)ctx;
    snprintf(told, sizeof(told), "%s", strrchr(text, '/') + 1);
}

static void takes_results_of_growthbook(void **state)
{
    static const char conf_text[] = "[kafka]\nbootstrap.servers = x\n[area a]\nexperiments = a_*\nbaseline = 20%\n"
                                    "coverage = 50%\ngoal = left\n[metric left]\nevent = Left\nbetter = lower\n"
                                    "[area b]\nexperiments = b_*\nunit = Elo\n";
    const char *path =
        file("book.json", BOOK("a_1", BOOK_ARMS) BOOK("b_1", BOOK_ARMS) BOOK("b_2", BOOK_ARMS "," BOOK_ARMS));
    struct pl_records records = start();
    struct pl_conf *conf;
    struct pl_err err = {0};

    (void)state;
    assert_int_equal(pl_conf_parse("x", pl_span_of(conf_text), &conf, &err), PL_OK);
    records.format = PL_RECORDS_GROWTHBOOK;
    records.rules = conf->rules;
    records.tell = hear;
    assert_int_equal(pl_records_add(&records, path, &err), PL_OK);
    assert_int_equal(records.n, 2);
    assert_int_equal(records.left_out[PL_GROWTHBOOK_ARMS], 1);
    assert_int_equal(records.n_bad, 0);
    assert_string_equal(told, "book.json: b_2: not exactly two variants");
    /* a: .02/.2 of half the traffic, and less is better; b: the difference itself, sqrt(2 * .09/1000) = .0134164 */
    assert_string_equal(records.items[0].control.area, "a");
    assert_true(fabs(records.items[0].control.effect + .05) < 1e-9);
    assert_true(fabs(records.items[0].control.se - .0134164 / .2 / 2) < 1e-6);
    assert_string_equal(records.items[1].control.area, "b");
    assert_true(fabs(records.items[1].control.effect - .02) < 1e-9);
    assert_true(fabs(records.items[1].control.se - .0134164) < 1e-6);
    assert_int_equal(pl_records_add(&records, path, &err), PL_ERR_INPUT); /* the same again */
    assert_non_null(strstr(err.text, "the result a_1 was there before"));
    pl_records_fini(&records);
    pl_conf_free(conf);
}

static void growthbook_needs_an_area_and_skips_what_is_bad(void **state)
{
    const char *path = file("bad.json", "{\"x\":\n" BOOK("no", BOOK_ARMS) "\n{}\n" BOOK("yes", BOOK_ARMS));
    struct pl_records records = start();
    struct pl_err err = {0};

    (void)state;
    records.format = PL_RECORDS_GROWTHBOOK;
    records.tell = hear;
    assert_int_equal(pl_records_add(&records, file("book.json", BOOK("x", BOOK_ARMS)), &err), PL_ERR_INPUT);
    assert_non_null(strstr(err.text, "--area"));
    records.area = "a";
    records.skip_bad = true;
    assert_int_equal(pl_records_add(&records, path, &err), PL_OK);
    assert_int_equal(records.n, 1);
    assert_string_equal(records.items[0].control.experiment, "yes");
    assert_true(records.n_bad >= 2);
    pl_records_fini(&records);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_results_of_growthbook),
        cmocka_unit_test(growthbook_needs_an_area_and_skips_what_is_bad),
        cmocka_unit_test(merges_by_time_and_keeps_ties),
        cmocka_unit_test(gzip_is_unpacked),
        cmocka_unit_test(errors_carry_file_and_line),
        cmocka_unit_test(bad_lines_can_be_skipped),
        cmocka_unit_test(a_default_area),
        cmocka_unit_test(areas_are_checked_with_rules),
        cmocka_unit_test(lines_are_bounded),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
