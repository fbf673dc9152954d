#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/commands.h"
#include "ctl/completion.h"
#include "ctl/ctl.h"
#include "ctl/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct pl_completion find(const char *name)
{
    struct pl_completion completion = {.n = 0};

    for (unsigned at = 0; pl_completion_of(at, &completion); at++)
        if (strcmp(completion.name, name) == 0)
            return completion;
    fail();
    return completion;
}

static const struct pl_completion_option *option(const struct pl_completion *of, const char *name)
{
    for (unsigned at = 0; at < of->n; at++)
        if (strcmp(of->options[at].name, name) == 0)
            return &of->options[at];
    return NULL;
}

static void knows_what_commands_take(void **state)
{
    struct pl_completion import = find("import"), explain = find("explain"), worth = find("worth");

    (void)state;
    assert_string_equal(import.takes, "FILE...");
    assert_string_equal(option(&import, "--area")->takes, "AREA");
    assert_string_equal(option(&import, "--format")->takes, "jsonl|csv|growthbook");
    assert_string_equal(option(&import, "--dry-run")->takes, "");
    assert_string_equal(option(&import, "-c")->takes, "FILE");
    assert_null(option(&import, "--json")); /* its help does not tell it */
    assert_string_equal(explain.takes, "AREA");
    assert_string_equal(option(&explain, "--numbers")->help, "the exact fields behind it as well");
    assert_string_equal(worth.takes, "");
    assert_string_equal(find("tap").takes, "[SOURCE]");
    assert_string_equal(find("completion").takes, "bash|zsh|fish");
    assert_string_equal(option(&(struct pl_completion[]){find("simulate")}[0], "--flat")->takes, "N");
}

/* Every option that a command reads is explained in its help: else nobody could complete, or find, it. */
static void every_option_is_explained(void **state)
{
    struct pl_completion completion;
    unsigned at = 0, options = 0;

    (void)state;
    for (; pl_completion_of(at, &completion); at++) {
        for (unsigned o = 0; o < completion.n; o++) {
            const struct pl_completion_option *own = &completion.options[o];

            if (!own->help[0] || strcmp(own->takes, "VALUE") == 0)
                fail_msg("plateauctl %s: %s is not explained", completion.name, own->name);
            options++;
        }
    }
    assert_non_null(pl_commands_at(at - 1));
    assert_null(pl_commands_at(at));
    assert_true(at >= 13 && options > 50);
}

static void commands_do_not_run(void **state)
{
    char name[] = "completion", shell[] = "csh", *argv[] = {name, shell, NULL};

    (void)state;
    (void)find("forward");
    assert_int_equal(pl_ctl_completion(2, argv), PL_CTL_USAGE); /* nobody listens any more */
}

static void scripts_have_every_command_and_option(void **state)
{
    static const char *const shells[] = {"bash", "zsh", "fish"};

    (void)state;
    for (size_t s = 0; s < 3; s++) {
        struct pl_completion completion;
        struct pl_buf out = {0};

        assert_true(pl_completion_write(shells[s], &out));
        assert_true(pl_buf_ok(&out));
        for (unsigned at = 0; pl_completion_of(at, &completion); at++) {
            char text[64];

            snprintf(text, sizeof(text), s == 0 ? "    %s:*)" : s == 1 ? "'%s:" : " -a %s -d", completion.name);
            assert_non_null(strstr(out.ptr, text));
            for (unsigned o = 0; o < completion.n; o++)
                assert_non_null(strstr(out.ptr, completion.options[o].name + (s == 2 ? 2 : 0)));
        }
        pl_buf_fini(&out);
    }
    assert_false(pl_completion_write("tcsh", &(struct pl_buf){.len = 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_what_commands_take), cmocka_unit_test(every_option_is_explained),
        cmocka_unit_test(commands_do_not_run), cmocka_unit_test(scripts_have_every_command_and_option)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
