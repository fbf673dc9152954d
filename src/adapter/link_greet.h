/* What a link says first on a new connection, and what it wants to hear: AUTH, SELECT, CLIENT SETNAME, ROLE (must be
 * master), INFO memory (maxmemory-policy must be noeviction: plateaud's keys are no cache), INFO cluster (no node of a
 * cluster where none is expected: it would refuse most keys). To one that is only asked where others are: AUTH.
 *
 * Pure apart from reading the password file. No text that comes back carries the password.
 */
#ifndef PL_ADAPTER_LINK_GREET_H
#define PL_ADAPTER_LINK_GREET_H

#include "adapter/resp.h"

#define PL_LINK_GREET_MAX 6

/* What is at the other end. */
enum pl_link_peer {
    PL_LINK_SERVER, /* a master that is no node of a cluster */
    PL_LINK_NODE,   /* a master of a cluster */
    PL_LINK_ASKED,  /* a node or a Sentinel that is only asked who is where */
};

enum pl_link_greet_step {
    PL_LINK_GREET_AUTH,
    PL_LINK_GREET_SELECT,
    PL_LINK_GREET_SETNAME,
    PL_LINK_GREET_ROLE,
    PL_LINK_GREET_INFO,
    PL_LINK_GREET_CLUSTER,
};

struct pl_link_greet {
    enum pl_link_peer peer;
    const char *user;          /* NULL: the default user */
    const char *password_file; /* NULL: no AUTH */
    const char *name;          /* NULL: no CLIENT SETNAME */
    int db;
    enum pl_link_greet_step steps[PL_LINK_GREET_MAX]; /* what write wrote, in order */
    unsigned n_steps;
};

/* Append the commands; IO when the password file cannot be read, INPUT when it is empty or above 4,096 bytes. */
enum pl_status pl_link_greet_write(struct pl_link_greet *greet, struct pl_buf *out, struct pl_err *err) PL_MUSTCHECK;

/* Is this reply to a step a good one? INPUT and a text for the operator when not. */
enum pl_status pl_link_greet_check(const struct pl_link_greet *greet, enum pl_link_greet_step step,
                                   const struct pl_reply *reply, struct pl_err *err) PL_MUSTCHECK;

#endif
