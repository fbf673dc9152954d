#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/ctl.h"
#include "ctl/options.h"

#include <string.h>

static struct pl_options options;
static const char *value;
static bool flag;

/* Read a command line of words; NULL ends it. */
static int read_words(const char *first, ...)
{
    const struct pl_option own[] = {{"--value", NULL, &value}, {"--flag", &flag, NULL}};
    char *argv[16];
    int argc = 0;
    va_list args;

    va_start(args, first);
    for (const char *word = first; word; word = va_arg(args, const char *))
        argv[argc++] = (char *)(uintptr_t)word;
    va_end(args);
    value = NULL;
    flag = false;
    return pl_options_read(&options, argc, argv, "", own, 2);
}

static void options_and_arguments_mix(void **state)
{
    (void)state;
    assert_int_equal(read_words("cmd", "one", "--value", "v", "--flag", "two", "--json", "-c", "file", NULL),
                     PL_OPTIONS_GO_ON);
    assert_int_equal(options.n_args, 2);
    assert_string_equal(options.args[0], "one");
    assert_string_equal(options.args[1], "two");
    assert_string_equal(value, "v");
    assert_true(flag && options.json && options.conf_given && !options.no_color);
    assert_string_equal(options.conf_path, "file");
    assert_int_equal(read_words("cmd", "--value=a=b", "-", "--", "--flag", NULL), PL_OPTIONS_GO_ON);
    assert_string_equal(value, "a=b");
    assert_false(flag);
    assert_int_equal(options.n_args, 2);
    assert_string_equal(options.args[0], "-");
    assert_string_equal(options.args[1], "--flag");
    assert_string_equal(options.conf_path, "/etc/plateaud/plateaud.conf");
    assert_false(options.conf_given);
}

static void wrong_usage(void **state)
{
    (void)state;
    assert_int_equal(read_words("cmd", "--nosuch", NULL), PL_CTL_USAGE);
    assert_int_equal(read_words("cmd", "--val", "x", NULL), PL_CTL_USAGE); /* nothing is abbreviated */
    assert_int_equal(read_words("cmd", "--value", NULL), PL_CTL_USAGE);
    assert_int_equal(read_words("cmd", "--flag=yes", NULL), PL_CTL_USAGE);
    assert_int_equal(read_words("cmd", "-x", NULL), PL_CTL_USAGE);
    assert_int_equal(read_words("cmd", "--help", "--nosuch", NULL), PL_CTL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(options_and_arguments_mix), cmocka_unit_test(wrong_usage)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
