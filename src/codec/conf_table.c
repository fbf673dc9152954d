#include "codec/conf_table.h"
#include "util/num.h"

#include <string.h>

#define ONE false
#define NAMED true

static const struct pl_conf_option options[] = {
#define SECTION(type, named, help)
#define OPTION(section, key, type, fallback, low, high, change, help)                                                  \
    {#section, #key, PL_CONF_##type, fallback, low, high, PL_CONF_##change, help},
#include "codec/conf_options.def"
#undef SECTION
#undef OPTION
};

static const struct pl_conf_section_kind kinds[] = {
#define SECTION(type, named, help) {#type, named, help},
#define OPTION(section, key, type, fallback, low, high, change, help)
#include "codec/conf_options.def"
#undef SECTION
#undef OPTION
};

#define N_OPTIONS (sizeof(options) / sizeof(*options))
#define N_KINDS (sizeof(kinds) / sizeof(*kinds))

const struct pl_conf_option *pl_conf_table_option(unsigned index)
{
    return index < N_OPTIONS ? &options[index] : NULL;
}

const struct pl_conf_section_kind *pl_conf_table_section(unsigned index)
{
    return index < N_KINDS ? &kinds[index] : NULL;
}

const struct pl_conf_option *pl_conf_table_find(const char *section, const char *key)
{
    for (unsigned at = 0; at < N_OPTIONS; at++)
        if (strcmp(options[at].section, section) == 0 && strcmp(options[at].key, key) == 0)
            return &options[at];
    return NULL;
}

const struct pl_conf_section_kind *pl_conf_table_find_section(const char *type)
{
    for (unsigned at = 0; at < N_KINDS; at++)
        if (strcmp(kinds[at].type, type) == 0)
            return &kinds[at];
    return NULL;
}

#define WORD_BYTES PL_NAME_BYTES

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Levenshtein distance by rows; what is longer than any key is far from all of them. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[WORD_BYTES + 1];
    unsigned n = (unsigned)strlen(b);

    if (strlen(a) > WORD_BYTES || n > WORD_BYTES)
        return WORD_BYTES;
    for (unsigned at = 0; at <= n; at++)
        row[at] = at;
    for (unsigned line = 1; *a; a++, line++) {
        unsigned corner = row[0];

        row[0] = line;
        for (unsigned at = 1; at <= n; at++) {
            unsigned above = row[at];

            row[at] = least(least(above, row[at - 1]) + 1, corner + (*a != b[at - 1]));
            corner = above;
        }
    }
    return row[n];
}

/* Half of the letters must be right. */
void pl_conf_near_try(struct pl_conf_near *near, const char *written, const char *known)
{
    unsigned d = distance(written, known);

    if ((!near->best || d < near->distance) && 2 * d <= strlen(known)) {
        near->best = known;
        near->distance = d;
    }
}

const char *pl_conf_table_nearest_key(const char *section, const char *written)
{
    struct pl_conf_near near = {0};

    for (unsigned at = 0; at < N_OPTIONS; at++)
        if (strcmp(options[at].section, section) == 0)
            pl_conf_near_try(&near, written, options[at].key);
    return near.best;
}

const char *pl_conf_table_nearest_section(const char *written)
{
    struct pl_conf_near near = {0};

    for (unsigned at = 0; at < N_KINDS; at++)
        pl_conf_near_try(&near, written, kinds[at].type);
    return near.best;
}
