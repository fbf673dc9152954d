/* The command line of one command: the options that all have (-c, --json, --no-color, --help) and its own.
 *
 * Options and arguments may be mixed; `--` ends options; `--name value` and `--name=value` are the same. Nothing is
 * abbreviated. Texts are borrowed from argv.
 */
#ifndef PL_CTL_OPTIONS_H
#define PL_CTL_OPTIONS_H

#include "codec/conf.h"

#define PL_OPTIONS_ARGS_MAX 1024

/* An option of one command: a flag, or one with a value. */
struct pl_option {
    const char *name;   /* "--dry-run" */
    bool *flag;         /* set when given; NULL for one with a value */
    const char **value; /* set to its value */
};

struct pl_options {
    const char *command; /* its name, for messages */
    const char *conf_path;
    bool conf_given; /* by -c */
    bool json, no_color;
    unsigned n_args;
    const char *args[PL_OPTIONS_ARGS_MAX];
};

#define PL_OPTIONS_GO_ON (-1)
#define PL_OPTIONS_COMMON 6 /* ways to write the options that all commands have */

/* Read argv. PL_OPTIONS_GO_ON, or the exit code when the command is over: help was printed, or the usage is wrong (said
 * on stderr). */
int pl_options_read(struct pl_options *options, int argc, char **argv, const char *help, const struct pl_option *own,
                    unsigned n_own);

/* Who wants to know the options of commands instead of running them: completion. While there is a listener,
 * pl_options_read tells it all options and the help, and says that the command is over. NULL: nobody. */
typedef void (*pl_options_fn)(void *ctx, const struct pl_option *all, unsigned n, const char *help);
void pl_options_listen(pl_options_fn listener, void *ctx);

/* Wrong usage: says so and returns the exit code. */
int pl_options_wrong(const struct pl_options *options, const char *fmt, ...) PL_PRINTF(2, 3);

/* A failure: "plateauctl COMMAND: ..." on stderr; returns PL_CTL_FAILED. */
int pl_options_failed(const struct pl_options *options, const char *fmt, ...) PL_PRINTF(2, 3);

/* Load the configuration, or say why not and return NULL. The caller frees it. */
struct pl_conf *pl_options_conf(const struct pl_options *options);

#endif
