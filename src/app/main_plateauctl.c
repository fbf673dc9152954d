/* plateauctl: which command, then one call. */
#include "ctl/ctl.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"status", pl_ctl_status, "verdicts of all areas, on one screen"},
    {"explain", pl_ctl_explain, "why an area has its verdict, and what would change it"},
    {"alerts", pl_ctl_alerts, "alerts so far, and live"},
    {"check", pl_ctl_check, "configuration, Kafka and Redis: is everything as it must be?"},
    {"tap", pl_ctl_tap, "what plateaud makes of the events that arrive now"},
    {"worth", pl_ctl_worth, "the smallest gain worth an experiment, from three numbers"},
    {"import", pl_ctl_import, "history of experiments into the control topic"},
    {"replay", pl_ctl_replay, "the same engine over files, without Kafka and Redis"},
    {"simulate", pl_ctl_simulate, "events and results of a product whose truth is known"},
    {"test-alert", pl_ctl_test_alert, "send a [TEST] alert the way real ones go"},
    {"forward", pl_ctl_forward, "run a command for every alert"},
};

static int usage(FILE *to, int code)
{
    fputs("examples:\n  plateauctl status\n  plateauctl explain checkout\n\nusage: plateauctl COMMAND [OPTIONS]\n\n",
          to);
    for (size_t at = 0; at < sizeof(commands) / sizeof(*commands); at++)
        fprintf(to, "  %-11s %s\n", commands[at].name, commands[at].help);
    fputs("\nevery command: -c FILE, --json, --no-color, --help; see plateauctl(1)\n", to);
    return code;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2)
        return usage(stderr, PL_CTL_USAGE);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
        return usage(stdout, PL_CTL_OK);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
        puts("plateauctl " PL_VERSION);
        return PL_CTL_OK;
    }
    for (size_t at = 0; at < sizeof(commands) / sizeof(*commands); at++)
        if (strcmp(argv[1], commands[at].name) == 0)
            return commands[at].run(argc - 1, argv + 1);
    fprintf(stderr, "plateauctl: there is no command %s\n", argv[1]);
    return usage(stderr, PL_CTL_USAGE);
}
