/* Running `dot`: programs of this name in a directory of our own stand for it; the real one is in integration.ctl. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/graphviz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/plateaud-graphviz-XXXXXX";

/* A program `dot` that does this; NULL: there is none. PATH is that directory alone. */
static void install(const char *script)
{
    char path[sizeof(directory) + 8];
    FILE *file;

    snprintf(path, sizeof(path), "%s/dot", directory);
    unlink(path);
    if (!script)
        return;
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fprintf(file, "#!/bin/sh\nPATH=/usr/bin:/bin\n%s\n", script) > 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0700), 0);
}

static enum pl_status run(const char *script, struct pl_span source, struct pl_buf *svg, struct pl_err *err)
{
    install(script);
    return pl_graphviz_svg(source, svg, err);
}

static void gives_what_dot_writes(void **state)
{
    struct pl_buf svg = {0}, source = {0};
    struct pl_err err;

    (void)state;
    assert_int_equal(run("[ \"$*\" = -Tsvg ] && cat", pl_span_of("digraph { \"$(touch x)\" }"), &svg, &err), PL_OK);
    assert_string_equal(svg.ptr, "digraph { \"$(touch x)\" }");
    pl_buf_clear(&svg);
    for (unsigned at = 0; at < 100000; at++) /* more than a pipe holds, in and out */
        pl_buf_add_text(&source, "0123456789");
    assert_int_equal(run("cat", pl_buf_span(&source), &svg, &err), PL_OK);
    assert_int_equal(svg.len, 1000000);
    pl_buf_clear(&svg);
    assert_int_equal(run("echo svg", pl_buf_span(&source), &svg, &err), PL_OK); /* does not read all of it */
    pl_buf_fini(&svg);
    pl_buf_fini(&source);
}

static void says_why_not(void **state)
{
    struct pl_buf svg = {0};
    struct pl_err err;

    (void)state;
    assert_int_equal(run(NULL, pl_span_of("digraph {}"), &svg, &err), PL_ERR_STATE);
    assert_string_equal(err.text, "Graphviz is not installed (no program dot): install graphviz, or take --dot");
    assert_int_equal(run("echo half; exit 3", pl_span_of("digraph {}"), &svg, &err), PL_ERR_IO);
    assert_string_equal(err.text, "dot ended with an error");
    assert_int_equal(run("kill -9 $$", pl_span_of("digraph {}"), &svg, &err), PL_ERR_IO);
    pl_buf_clear(&svg);
    assert_int_equal(run("true", pl_span_of("digraph {}"), &svg, &err), PL_ERR_IO);
    assert_non_null(strstr(err.text, "no picture"));
    pl_buf_fini(&svg);
}

static int begin(void **state)
{
    (void)state;
    return mkdtemp(directory) && setenv("PATH", directory, 1) == 0 ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    install(NULL);
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_what_dot_writes),
        cmocka_unit_test(says_why_not),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
