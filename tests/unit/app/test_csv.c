#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/csv.h"

#include <stdio.h>
#include <string.h>

/* The record that a header and a row give, or the error's text. */
static const char *row(const char *header, const char *line)
{
    static char text[1024];
    struct pl_buf json = {0};
    struct pl_err err = {0};
    struct pl_csv csv;

    if (pl_csv_header(&csv, pl_span_of(header), &err) || pl_csv_row(&csv, pl_span_of(line), &json, &err))
        snprintf(text, sizeof(text), "error: %s", err.text);
    else
        snprintf(text, sizeof(text), "%s", json.ptr);
    pl_buf_fini(&json);
    pl_csv_fini(&csv);
    return text;
}

static void all_columns(void **state)
{
    (void)state;
    assert_string_equal(
        row("id,experiment,area,work,start,time,effect,se,early,shipped,health,cost",
            "r1,e1,checkout,growth,2026-01-01T00:00:00Z,2026-01-15T00:00:00Z,.0021,.001,false,true,yes,2"),
        "error: effect: .0021 cannot be read"); /* JSON's numbers begin with a digit */
    assert_string_equal(
        row("id,experiment,area,work,start,time,effect,se,early,shipped,health,cost",
            "r1,e1,checkout,growth,2026-01-01T00:00:00Z,2026-01-15T00:00:00Z,0.0021,0.001,false,true,yes,2"),
        "{\"type\":\"result\",\"id\":\"r1\",\"experiment\":\"e1\",\"area\":\"checkout\",\"work\":\"growth\","
        "\"start\":\"2026-01-01T00:00:00Z\",\"time\":\"2026-01-15T00:00:00Z\",\"effect\":0.0021,\"se\":0.001,"
        "\"early\":false,\"shipped\":true,\"health\":true,\"cost\":2}");
}

static void means_and_counts(void **state)
{
    (void)state;
    assert_string_equal(row("experiment,time,mean_control,mean_variant,n_control,n_variant,baseline",
                            "e,2026-01-15,0.1,0.11,1000,1010,10%"),
                        "{\"type\":\"result\",\"experiment\":\"e\",\"time\":\"2026-01-15T00:00:00Z\",\"baseline\":0.1,"
                        "\"means\":[0.1,0.11],\"n\":[1000,1010]}");
}

static void lenient_cells(void **state)
{
    (void)state;
    /* Order, case, separators, quotes, blanks, unknown and empty columns, times without zone, shares, BOM. */
    assert_string_equal(row("\xef\xbb\xbf"
                            "Time;NOTE;SE; effect ;Id",
                            "2026-01-15 10:30;\"a \"\"b\"\"; c\";0.1%; +0.25% ;x"),
                        "{\"type\":\"result\",\"experiment\":\"x\",\"id\":\"x\",\"time\":\"2026-01-15T10:30:00Z\","
                        "\"effect\":0.0025,\"se\":0.001}");
    assert_string_equal(row("id\ttime\tearly", "x\t2026-01-15T00:00:00+02:00\t"),
                        "{\"type\":\"result\",\"experiment\":\"x\",\"id\":\"x\",\"time\":\"2026-01-14T22:00:00Z\"}");
    assert_string_equal(row("id,time,shipped,early", "x,2026-01-15,0,Y"),
                        "{\"type\":\"result\",\"experiment\":\"x\",\"id\":\"x\",\"time\":\"2026-01-15T00:00:00Z\","
                        "\"early\":true,\"shipped\":false}");
}

static void what_is_wrong(void **state)
{
    (void)state;
    assert_string_equal(row("", ""), "error: no header line");
    assert_string_equal(row("a,b,c", "1,2,3"), "error: the header needs the columns time and id or experiment");
    assert_string_equal(row("id,time,ID", "x,2026-01-15,y"), "error: column id is there twice");
    assert_string_equal(row("id,time", "x"), "error: 1 columns, but the header has 2");
    assert_string_equal(row("id,time", "x,2026-01-15,"), "error: 3 columns, but the header has 2");
    assert_string_equal(row("id,time", "\"x,2026-01-15"), "error: a quote does not end, or is followed by text");
    assert_string_equal(row("id,time", "\"x\"y,2026-01-15"), "error: a quote does not end, or is followed by text");
    assert_string_equal(row("id,time", "x,yesterday"), "error: time: yesterday cannot be read");
    assert_string_equal(row("id,time", "x,2026-02-30"), "error: time: 2026-02-30 cannot be read");
    assert_string_equal(row("id,time,effect", "x,2026-01-15,1e"), "error: effect: 1e cannot be read");
    assert_string_equal(row("id,time,effect", "x,2026-01-15,\"0,5\""), "error: effect: 0,5 cannot be read");
    assert_string_equal(row("id,time,early", "x,2026-01-15,maybe"), "error: early: maybe cannot be read");
    assert_string_equal(row("id,time,n_control,n_variant", "x,2026-01-15,5,"),
                        "error: mean_control, mean_variant, n_control and n_variant must be numbers");
}

/* Text goes into JSON as text, whatever it holds. */
static void quotes_in_text(void **state)
{
    (void)state;
    assert_string_equal(row("id,time", "\"a\"\"},{\",2026-01-15"),
                        "{\"type\":\"result\",\"experiment\":\"a\\\"},{\",\"id\":\"a\\\"},{\","
                        "\"time\":\"2026-01-15T00:00:00Z\"}");
}

static void many_columns(void **state)
{
    char header[512] = "id,time", line[512] = "x,2026-01-15";
    struct pl_csv csv;

    (void)state;
    for (int at = 2; at < PL_CSV_COLUMNS_MAX; at++) {
        strcat(header, ",c");
        strcat(line, ",1");
    }
    assert_int_equal(strncmp(row(header, line), "{\"type\"", 7), 0);
    assert_int_equal(strncmp(row(header, strcat(line, ",1,1,1")), "error: 65 columns", 17), 0);
    assert_int_equal(pl_csv_header(&csv, pl_span_of(strcat(header, ",c")), NULL), PL_ERR_INPUT);
    pl_csv_fini(&csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_columns),   cmocka_unit_test(means_and_counts), cmocka_unit_test(lenient_cells),
        cmocka_unit_test(what_is_wrong), cmocka_unit_test(quotes_in_text),   cmocka_unit_test(many_columns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
