/* The commands of plateauctl: one table, which runs them, lists them and completes them.
 */
#ifndef PL_CTL_COMMANDS_H
#define PL_CTL_COMMANDS_H

struct pl_command {
    const char *name;
    int (*run)(int argc, char **argv); /* see ctl.h */
    const char *help;                  /* in one line */
};

/* In the order in which they are listed; NULL at the end. */
const struct pl_command *pl_commands_at(unsigned index);

#endif
