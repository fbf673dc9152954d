/* Scripts that complete plateauctl in a shell, written from the table of commands and from the options that each
 * command reads: what takes a value, and which, is told by the help. There is no list of its own that could be out of
 * date.
 *
 * AREA is completed with the areas that plateaud has judged, FILE with files, DIR with directories, a|b|c with these
 * words. Area names from Redis reach a shell only when they are names.
 */
#ifndef PL_CTL_COMPLETION_H
#define PL_CTL_COMPLETION_H

#include "util/buf.h"

#define PL_COMPLETION_OPTIONS_MAX 24
#define PL_COMPLETION_BYTES 128

struct pl_completion_option {
    char name[32];                   /* "--area", "-c" */
    char takes[PL_COMPLETION_BYTES]; /* "AREA", "jsonl|csv", "" for a flag */
    char help[PL_COMPLETION_BYTES];  /* cut when too long; may be empty */
};

struct pl_completion {
    const char *name, *help;         /* ref */
    char takes[PL_COMPLETION_BYTES]; /* its argument: "AREA", "FILE...", "" for none */
    unsigned n;
    struct pl_completion_option options[PL_COMPLETION_OPTIONS_MAX];
};

/* What command `index` of the table takes; false: there is none. */
bool pl_completion_of(unsigned index, struct pl_completion *completion);

/* The script for a shell: bash, zsh or fish. False: another shell. */
bool pl_completion_write(const char *shell, struct pl_buf *out);

#endif
