#include "ctl/commands.h"

#include "ctl/ctl.h"

#include <stddef.h>

static const struct pl_command table[] = {
    {"status", pl_ctl_status, "verdicts of all areas, on one screen"},
    {"explain", pl_ctl_explain, "why an area has its verdict, and what would change it"},
    {"map", pl_ctl_map, "where users of an area go, and where they are lost"},
    {"tradeoff", pl_ctl_tradeoff, "which metrics go up together, and which at the cost of another"},
    {"balance", pl_ctl_balance, "what each kind of work took, and what it gave"},
    {"digest", pl_ctl_digest, "the week of a team's areas, and what to do next"},
    {"alerts", pl_ctl_alerts, "alerts so far, and live"},
    {"accept", pl_ctl_accept, "go on without records that are gone, or with a topic that was made anew"},
    {"check", pl_ctl_check, "configuration, Kafka and Redis: is everything as it must be?"},
    {"tap", pl_ctl_tap, "what plateaud makes of the events that arrive now"},
    {"discover", pl_ctl_discover, "a configuration proposed from a sample of events"},
    {"worth", pl_ctl_worth, "the smallest gain worth an experiment, from three numbers"},
    {"import", pl_ctl_import, "history of experiments into the control topic"},
    {"replay", pl_ctl_replay, "the same engine over files, without Kafka and Redis"},
    {"simulate", pl_ctl_simulate, "events and results of a product whose truth is known"},
    {"test-alert", pl_ctl_test_alert, "send a [TEST] alert the way real ones go"},
    {"forward", pl_ctl_forward, "run a command for every alert"},
    {"completion", pl_ctl_completion, "a script that completes these commands in bash, zsh or fish"},
};

const struct pl_command *pl_commands_at(unsigned index)
{
    return index < sizeof(table) / sizeof(*table) ? &table[index] : NULL;
}
