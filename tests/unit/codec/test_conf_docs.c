/* The sample file and the manual say what the table says: every option, its default, and the same help.
 *
 * The sample is a rendering of the table; run this test with PL_WRITE_SAMPLE=FILE to write it anew after a change of
 * the table. The manual is written by hand and only compared.
 */
#include "codec/conf_table.h"
#include "util/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE PL_SOURCE_DIR "/conf/plateaud.conf"
#define MANUAL PL_SOURCE_DIR "/conf/plateaud.conf.5"

static const char head[] =
    "# plateaud.conf: every option, commented out, with its default.\n"
    "#\n"
    "# `plateaud -t` checks this file, `plateaud -T` shows every effective value and where it comes from. Files "
    "conf.d/*.conf\n"
    "# beside this one are read after it, in the order of their names. plateaud.conf(5) explains each option;\n"
    "# example-checkout.conf is the smallest useful configuration, example-documents.conf one that measures value, "
    "too.\n"
    "#\n"
    "# Units\n"
    "#   durations    250ms 60s 10m 1h 7d 2w        years        1y 0.5y\n"
    "#   sizes        512B 64KB 64MB 2GB (powers of 1024)\n"
    "#   shares       50% 0.2%: always with their sign; 0.2 is not 0.2%\n"
    "#   lists        a, b, c                       ways         A > B > C\n"
    "#   dates        2026-08-21, 2026-08-21T10:00:00Z\n"
    "# A # or ; at the start of a line or after a blank begins a comment. Secrets are never written here: options that "
    "end\n"
    "# in _file, and [kafka] keys that end in .file, name the file that holds one.\n";

static char *slurp(const char *path)
{
    struct pl_buf buf = {0};
    FILE *file = fopen(path, "r");
    char block[4096];
    size_t n;

    if (!file)
        fail_msg("%s is missing", path);
    while ((n = fread(block, 1, sizeof(block), file)) > 0)
        pl_buf_add(&buf, block, n);
    fclose(file);
    assert_true(pl_buf_ok(&buf) && buf.ptr);
    return buf.ptr;
}

/* Help text as comment lines of at most 118 bytes. */
static void add_wrapped(struct pl_buf *out, const char *text)
{
    struct pl_span rest = pl_span_of(text);
    size_t column = 0;

    while (rest.ptr) {
        struct pl_span word = pl_span_cut(&rest, ' ');

        if (column && column + 1 + word.len > 118) {
            pl_buf_add_char(out, '\n');
            column = 0;
        }
        pl_buf_add_text(out, column ? " " : "# ");
        pl_buf_add_span(out, word);
        column += word.len + (column ? 1 : 2);
    }
    pl_buf_add_char(out, '\n');
}

/* A section that takes no name stands there as it is, for an empty one changes nothing. */
static void add_section(struct pl_buf *out, const struct pl_conf_section_kind *kind)
{
    const struct pl_conf_option *option;

    pl_buf_add_char(out, '\n');
    add_wrapped(out, kind->help);
    pl_buf_addf(out, kind->named ? "#[%s NAME]\n" : "[%s]\n", kind->type);
    for (unsigned at = 0; (option = pl_conf_table_option(at)); at++) {
        if (strcmp(option->section, kind->type) != 0)
            continue;
        pl_buf_add_char(out, '\n');
        add_wrapped(out, option->help);
        pl_buf_addf(out, "#%s =%s%s\n", option->key, option->fallback ? " " : "",
                    option->fallback ? option->fallback : "");
    }
    if (strcmp(kind->type, "kafka") == 0)
        pl_buf_add_text(out, "#bootstrap.servers =\n");
}

static void sample_follows_the_table(void **state)
{
    const struct pl_conf_section_kind *kind;
    const char *target = getenv("PL_WRITE_SAMPLE");
    struct pl_buf wanted = {0};
    char *found;

    (void)state;
    pl_buf_add_text(&wanted, head);
    for (unsigned at = 0; (kind = pl_conf_table_section(at)); at++)
        add_section(&wanted, kind);
    assert_true(pl_buf_ok(&wanted));
    if (target) {
        FILE *file = fopen(target, "w");

        assert_non_null(file);
        assert_int_equal(fwrite(wanted.ptr, 1, wanted.len, file), wanted.len);
        fclose(file);
    }
    found = slurp(SAMPLE);
    assert_string_equal(found, wanted.ptr);
    free(found);
    pl_buf_fini(&wanted);
}

/* The part of text after the line `start` up to the next line that begins with `stop`; fails when there is none. */
static char *part(const char *text, const char *start, const char *stop)
{
    const char *from = strstr(text, start), *to;
    char line[32];

    if (!from)
        fail_msg("the manual has no line `%s`", start);
    from += strlen(start);
    snprintf(line, sizeof(line), "\n%s", stop);
    to = strstr(from, line);
    return pl_span_dup((struct pl_span){from, to ? (size_t)(to + 1 - from) : strlen(from)});
}

static void assert_says(const char *where, const char *item, const char *sentence)
{
    if (!strstr(item, sentence))
        fail_msg("the manual does not say `%s` of %s", sentence, where);
}

static void manual_follows_the_table(void **state)
{
    static const char *const change[] = {[PL_CONF_RESTART] = "\nNeeds a restart.\n",
                                         [PL_CONF_RELOAD] = "",
                                         [PL_CONF_RECOUNT] = "\nA change counts anew.\n"};
    const struct pl_conf_option *option;
    char *manual = slurp(MANUAL);

    (void)state;
    for (unsigned at = 0; (option = pl_conf_table_option(at)); at++) {
        char *section, *item;
        char line[128];

        snprintf(line, sizeof(line), "\n.SS %s\n", option->section);
        section = part(manual, line, ".S");
        snprintf(line, sizeof(line), "\n.B %s\n", option->key);
        item = part(section, line, ".TP");
        if (option->fallback)
            snprintf(line, sizeof(line), "\nDefault: %s\n", option->fallback);
        else
            snprintf(line, sizeof(line), "\nNo default.\n");
        assert_says(option->key, item, line);
        assert_says(option->key, item, change[option->change]);
        for (unsigned other = 0; other < sizeof(change) / sizeof(*change); other++)
            if (other != option->change && change[other][0] && strstr(item, change[other]))
                fail_msg("of %s the manual says: %s", option->key, change[other]);
        if (option->low && option->high) {
            snprintf(line, sizeof(line), "From %s to %s.", option->low, option->high);
            assert_says(option->key, item, line);
        }
        free(item);
        free(section);
    }
    free(manual);
}

/* Nothing in the manual that the table does not have. */
static void manual_has_no_more(void **state)
{
    char *manual = slurp(MANUAL);
    struct pl_span rest = pl_span_of(manual);
    const struct pl_conf_option *option;
    unsigned listed = 0, known = 0;
    bool options = false;

    (void)state;
    while (rest.ptr) {
        struct pl_span line = pl_span_cut(&rest, '\n');

        if (line.len > 3 && memcmp(line.ptr, ".SH", 3) == 0)
            options = pl_span_is(line, ".SH OPTIONS");
        listed += options && line.len > 3 && memcmp(line.ptr, ".B ", 3) == 0 && line.ptr[3] != '[';
    }
    for (unsigned at = 0; (option = pl_conf_table_option(at)); at++)
        known++;
    assert_int_equal(listed, known);
    free(manual);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sample_follows_the_table),
        cmocka_unit_test(manual_follows_the_table),
        cmocka_unit_test(manual_has_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
