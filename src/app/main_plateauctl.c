/* plateauctl: which command, then one call. */
#include "ctl/commands.h"
#include "ctl/ctl.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static int usage(FILE *to, int code)
{
    const struct pl_command *command;

    fputs("examples:\n  plateauctl status\n  plateauctl explain checkout\n\nusage: plateauctl COMMAND [OPTIONS]\n\n",
          to);
    for (unsigned at = 0; (command = pl_commands_at(at)); at++)
        fprintf(to, "  %-11s %s\n", command->name, command->help);
    fputs("\nevery command: -c FILE, --json, --no-color, --help; see plateauctl(1)\n", to);
    return code;
}

int main(int argc, char **argv)
{
    const struct pl_command *command;

    signal(SIGPIPE, SIG_IGN);
    if (argc < 2)
        return usage(stderr, PL_CTL_USAGE);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
        return usage(stdout, PL_CTL_OK);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
        puts("plateauctl " PL_VERSION);
        return PL_CTL_OK;
    }
    for (unsigned at = 0; (command = pl_commands_at(at)); at++)
        if (strcmp(argv[1], command->name) == 0)
            return command->run(argc - 1, argv + 1);
    fprintf(stderr, "plateauctl: there is no command %s\n", argv[1]);
    return usage(stderr, PL_CTL_USAGE);
}
