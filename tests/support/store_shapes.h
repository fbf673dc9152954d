/* What commits of the store's tests are made of: three shapes, of which every byte is cut once. */
#ifndef PL_TESTS_SUPPORT_STORE_SHAPES_H
#define PL_TESTS_SUPPORT_STORE_SHAPES_H

#include "adapter/resp.h"

#include <stdio.h>

#define META "plateaud:{test/0}:meta"
#define DATA "plateaud:{test/0}:data"
#define LOG "plateaud:{test/0}:log"

enum shape {
    SHAPE_USUAL, /* two commands and a meta field */
    SHAPE_META,  /* no command at all */
    SHAPE_WIDE,  /* many commands, a value of any bytes, several meta fields */
};

static enum shape shape = SHAPE_USUAL;

struct shaped {
    struct pl_buf commands;
    size_t n; /* commands */
    struct pl_span pairs[6];
    size_t n_pairs;
    char text[16], bytes[100];
};

/* Commit `number` says so in the places of its shape; the log would show a second or a missing one. */
static inline void shaped_make(struct shaped *made, unsigned number)
{
    const struct pl_span set[] = {pl_span_of("SET"), pl_span_of(DATA ":bytes"), {made->bytes, sizeof(made->bytes)}};
    struct pl_span text = {made->text, (size_t)snprintf(made->text, sizeof(made->text), "%u", number)};
    const struct pl_span pairs[6] = {pl_span_of("offset"), text, pl_span_of("more"), text, pl_span_of("bytes"), set[2]};

    made->commands = (struct pl_buf){0};
    made->n = 0;
    made->n_pairs = shape == SHAPE_WIDE ? 3 : 1;
    for (size_t at = 0; at < 6; at++)
        made->pairs[at] = pairs[at];
    for (size_t at = 0; at < sizeof(made->bytes); at++)
        made->bytes[at] = (char)(at * 37 + number);
    if (shape == SHAPE_META)
        return;
    pl_resp_add_text(&made->commands, "SET", DATA, made->text, NULL);
    pl_resp_add_text(&made->commands, "RPUSH", LOG, made->text, NULL);
    made->n = 2;
    if (shape != SHAPE_WIDE)
        return;
    for (size_t more = 0; more < 6; more++, made->n++)
        pl_resp_add_text(&made->commands, "HINCRBY", DATA ":counts", "n", "1", NULL);
    pl_resp_add(&made->commands, 3, set);
    made->n++;
}

#endif
