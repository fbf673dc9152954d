/* A configuration proposed from a sample, each line with the evidence it was inferred from; guesses that could change a
 * verdict are comments. What it writes is a configuration that loads, whatever the names in the sample are. Pure.
 */
#ifndef PL_CTL_PROPOSAL_H
#define PL_CTL_PROPOSAL_H

#include "ctl/fit.h"
#include "util/buf.h"

struct pl_proposal {
    const struct pl_fit *fit;   /* ref */
    const char *from;           /* ref: where the records came from, for people */
    const char *topic;          /* ref; NULL: not known */
    const char *brokers;        /* ref; NULL: not known */
    const struct pl_conf *conf; /* ref: its [kafka] and [redis] are taken over; may be NULL */
};

/* Appends to out. INPUT: no preset reads the records, and err says what was tried. */
enum pl_status pl_proposal_write(const struct pl_proposal *proposal, struct pl_buf *out,
                                 struct pl_err *err) PL_MUSTCHECK;

#endif
