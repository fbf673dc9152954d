#include "app/command.h"

#include "util/num.h"
#include "util/stamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void assert_bytes(struct pl_command *command, const char *want)
{
    struct pl_buf batch = {0};

    assert_true(pl_command_finish(command, &batch));
    assert_int_equal(batch.len, strlen(want));
    assert_string_equal(batch.ptr, want);
    assert_null(command->words.ptr);
    pl_buf_fini(&batch);
}

static void words_become_one_command(void **state)
{
    struct pl_command c;

    (void)state;
    pl_command_init(&c, "XADD", "k");
    pl_command_word(&c, "*");
    pl_command_pair(&c, "name", "two words");
    pl_command_whole(&c, "n", INT64_MIN);
    pl_command_double(&c, "x", .1);
    assert_bytes(&c, "*9\r\n$4\r\nXADD\r\n$1\r\nk\r\n$1\r\n*\r\n$4\r\nname\r\n$9\r\ntwo words\r\n"
                     "$1\r\nn\r\n$20\r\n-9223372036854775808\r\n$1\r\nx\r\n$3\r\n0.1\r\n");
}

static void what_is_absent_writes_no_field(void **state)
{
    struct pl_command c;

    (void)state;
    pl_command_init(&c, "HSET", "k");
    pl_command_double(&c, "a", PL_NAN);
    pl_command_double(&c, "b", PL_INFINITY);
    pl_command_time(&c, "c", PL_TIME_NONE);
    assert_bytes(&c, "*2\r\n$4\r\nHSET\r\n$1\r\nk\r\n");
}

static void a_time_is_text_and_milliseconds(void **state)
{
    struct pl_command c;

    (void)state;
    pl_command_init(&c, "HSET", "k");
    pl_command_time(&c, "t", INT64_C(86400000000));
    assert_bytes(&c, "*6\r\n$4\r\nHSET\r\n$1\r\nk\r\n$1\r\nt\r\n$20\r\n1970-01-02T00:00:00Z\r\n"
                     "$4\r\nt_ms\r\n$8\r\n86400000\r\n");
}

static void empty_values_stay(void **state)
{
    struct pl_command c;

    (void)state;
    pl_command_init(&c, "HSET", "k");
    pl_command_pair(&c, "a", "");
    pl_command_pair(&c, "b", "");
    assert_bytes(&c, "*6\r\n$4\r\nHSET\r\n$1\r\nk\r\n$1\r\na\r\n$0\r\n\r\n$1\r\nb\r\n$0\r\n\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_become_one_command),
        cmocka_unit_test(what_is_absent_writes_no_field),
        cmocka_unit_test(a_time_is_text_and_milliseconds),
        cmocka_unit_test(empty_values_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
