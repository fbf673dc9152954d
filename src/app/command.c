#include "app/command.h"

#include "adapter/link.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void pl_command_word(struct pl_command *command, const char *text)
{
    pl_buf_add(&command->words, text, strlen(text) + 1);
    command->n++;
}

void pl_command_init(struct pl_command *command, const char *verb, const char *key)
{
    *command = (struct pl_command){.n = 0};
    pl_command_word(command, verb);
    pl_command_word(command, key);
}

void pl_command_pair(struct pl_command *command, const char *name, const char *value)
{
    pl_command_word(command, name);
    pl_command_word(command, value);
}

void pl_command_whole(struct pl_command *command, const char *name, int64_t value)
{
    char number[32];

    snprintf(number, sizeof(number), "%" PRId64, value);
    pl_command_pair(command, name, number);
}

void pl_command_double(struct pl_command *command, const char *name, double value)
{
    char number[32];

    if (!isfinite(value))
        return;
    pl_num_format(value, number);
    pl_command_pair(command, name, number);
}

void pl_command_time(struct pl_command *command, const char *name, int64_t time_us)
{
    char stamp[PL_STAMP_BYTES], with_ms[64];

    if (time_us == PL_TIME_NONE)
        return;
    pl_command_pair(command, name, pl_stamp_format(time_us, stamp));
    snprintf(with_ms, sizeof(with_ms), "%s_ms", name);
    pl_command_whole(command, with_ms, time_us / 1000);
}

bool pl_command_finish(struct pl_command *command, struct pl_buf *batch)
{
    struct pl_span *argv = calloc(command->n, sizeof(*argv));
    struct pl_span rest = pl_buf_span(&command->words);
    bool ok = argv && pl_buf_ok(&command->words);

    for (size_t at = 0; ok && at < command->n; at++)
        argv[at] = pl_span_cut(&rest, '\0');
    if (ok)
        pl_resp_add(batch, command->n, argv);
    free(argv);
    pl_buf_fini(&command->words);
    return ok;
}
