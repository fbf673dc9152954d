/* The table of sections and options (conf_options.def), and how the value of each type of option is read and checked.
 */
#ifndef PL_CODEC_CONF_TABLE_H
#define PL_CODEC_CONF_TABLE_H

#include "util/err.h"
#include "util/span.h"

#include <stdint.h>

enum pl_conf_type {
    PL_CONF_TEXT,     /* anything but nothing */
    PL_CONF_LABEL,    /* at most 64 bytes */
    PL_CONF_SENTENCE, /* at most 255 bytes */
    PL_CONF_NAME,     /* pl_span_is_name */
    PL_CONF_WORD,     /* one of some words */
    PL_CONF_PATH,     /* of a file */
    PL_CONF_TOPIC,    /* a Kafka topic */
    PL_CONF_TOPICS,   /* separated by commas */
    PL_CONF_EVENTS,   /* event names, separated by commas */
    PL_CONF_STEPS,    /* event names, separated by > */
    PL_CONF_GLOBS,    /* patterns, separated by commas */
    PL_CONF_VARIANTS, /* name or name:share, separated by commas */
    PL_CONF_LISTEN,   /* host:port or off */
    PL_CONF_REDIS_URL,
    PL_CONF_COUNT,     /* 2000 */
    PL_CONF_SIZE,      /* 64MB */
    PL_CONF_DURATION,  /* 10m */
    PL_CONF_DURATIONS, /* separated by commas */
    PL_CONF_DATE,      /* 2026-08-21, or RFC 3339 with a time of day; UTC */
    PL_CONF_YEARS,     /* 1y, 0.5y */
    PL_CONF_SHARE,     /* 0.2% */
    PL_CONF_AMOUNT,    /* 0.2% or 1.5, as the area's unit asks */
    PL_CONF_DECIMAL,   /* 1.5, kept in micro-units */
    PL_CONF_NUMBER,    /* 1.5 */
};

/* What a change of an option asks for while plateaud runs. */
enum pl_conf_change {
    PL_CONF_RESTART, /* it is refused */
    PL_CONF_RELOAD,  /* it holds from then on */
    PL_CONF_RECOUNT, /* the same, and what it defines is counted from nothing */
};

struct pl_conf_option {
    const char *section;
    const char *key;
    enum pl_conf_type type;
    const char *fallback; /* default; NULL for none */
    const char *low;      /* range in the option's own syntax, NULL for none; the words of a WORD: "a|b" */
    const char *high;
    enum pl_conf_change change;
    const char *help;
};

struct pl_conf_section_kind {
    const char *type;
    bool named;
    const char *help;
};

/* What a value says, where it is a number: integer for WORD (its place among the words), COUNT, SIZE (bytes), DURATION
 * and DATE (us) and DECIMAL (micro-units); number for YEARS, SHARE, AMOUNT and NUMBER. */
struct pl_conf_value {
    int64_t integer;
    double number;
    bool percent; /* AMOUNT: was given as a share */
};

/* In the order of the .def; NULL after the last. */
const struct pl_conf_option *pl_conf_table_option(unsigned index);
const struct pl_conf_section_kind *pl_conf_table_section(unsigned index);

const struct pl_conf_option *pl_conf_table_find(const char *section, const char *key);
const struct pl_conf_section_kind *pl_conf_table_find_section(const char *type);

/* The known key of a section, or the known section, with the smallest edit distance to what was written; NULL when
 * nothing is near. */
const char *pl_conf_table_nearest_key(const char *section, const char *written);
const char *pl_conf_table_nearest_section(const char *written);

/* The nearest of some known words, tried one after another. A zeroed struct is a search that found nothing yet. */
struct pl_conf_near {
    const char *best; /* ref: one of the words, or NULL */
    unsigned distance;
};
void pl_conf_near_try(struct pl_conf_near *near, const char *written, const char *known);

/* Read one value of an option and check its syntax and range. INPUT says what is expected. *value may be NULL. */
enum pl_status pl_conf_table_read(const struct pl_conf_option *option, struct pl_span text, struct pl_conf_value *value,
                                  struct pl_err *err) PL_MUSTCHECK;

/* A share must carry its sign: "0.2%" gives .002. Shared with the readers of lists. */
bool pl_conf_share(struct pl_span text, double *value);

/* May this text be the name of an event: 1 to 256 bytes? */
bool pl_conf_is_event(struct pl_span text);

#endif
