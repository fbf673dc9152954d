/* Shared by explain.c (the screen and what fits on it) and explain_why.c (the table of evidence); nobody else includes
 * it. */
#ifndef PL_CTL_EXPLAIN_INSIDE_H
#define PL_CTL_EXPLAIN_INSIDE_H

#include "ctl/explain.h"

#define GAIN_BYTES (PL_NAME_BYTES + 32)

/* How much of what has no end is shown: the first of these that fits on the screen. */
struct cut {
    unsigned features /* rows of them */, objectives, taken, conditions, reasons, changes, commands;
    bool effects, bar, largest, blank; /* the largest win; blank lines between the parts */
};

/* What the parts of the screen share. */
struct screen {
    const struct pl_explain *explain;
    const struct pl_told *told;
    const struct pl_past *past;
    struct pl_look look;
    const struct cut *cut;
    struct pl_buf *out;
};

void pl_explain_heading(const struct screen *screen, const char *text);
void pl_explain_sentence(const struct screen *screen, const char *text);

/* explain_why.c */
void pl_explain_why(const struct screen *screen);

#endif
