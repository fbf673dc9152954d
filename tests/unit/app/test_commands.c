#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/commands.h"
#include "ctl/ctl.h"

#include <string.h>

static void each_has_a_name_of_its_own(void **state)
{
    const struct pl_command *command, *other;

    (void)state;
    for (unsigned at = 0; (command = pl_commands_at(at)); at++) {
        assert_true(strlen(command->name) <= 11 && command->help[0] && command->run); /* 11: the column of --help */
        for (unsigned before = 0; before < at; before++) {
            other = pl_commands_at(before);
            assert_string_not_equal(other->name, command->name);
            assert_true(other->run != command->run);
        }
    }
    assert_true(pl_commands_at(0)->run == pl_ctl_status);
    assert_null(pl_commands_at(1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_has_a_name_of_its_own)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
