#include "ctl/nearest.h"

#include <ctype.h>
#include <string.h>

#define BYTES_MAX 64

static bool is_space(char c)
{
    return c == ' ' || c == '_' || c == '-';
}

/* In halves: 0 the same, 1 nearly, 2 another byte. */
static unsigned differs(char a, char b)
{
    if (a == b)
        return 0;
    if (tolower((unsigned char)a) == tolower((unsigned char)b) || (is_space(a) && is_space(b)))
        return 1;
    return 2;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned smaller = a < b ? a : b;

    return smaller < c ? smaller : c;
}

unsigned pl_nearest_distance(struct pl_span a, struct pl_span b)
{
    unsigned row[BYTES_MAX + 1]; /* distances of a's beginning to every beginning of b */

    a.len = a.len < BYTES_MAX ? a.len : BYTES_MAX;
    b.len = b.len < BYTES_MAX ? b.len : BYTES_MAX;
    row[0] = 0;
    for (size_t j = 0; j < b.len; j++)
        row[j + 1] = row[j] + (is_space(b.ptr[j]) ? 1 : 2);
    for (size_t i = 0; i < a.len; i++) {
        unsigned skip = is_space(a.ptr[i]) ? 1 : 2, diagonal = row[0];

        row[0] += skip;
        for (size_t j = 0; j < b.len; j++) {
            unsigned above = row[j + 1];

            row[j + 1] =
                least(diagonal + differs(a.ptr[i], b.ptr[j]), above + skip, row[j] + (is_space(b.ptr[j]) ? 1 : 2));
            diagonal = above;
        }
    }
    return row[b.len];
}

const char *pl_nearest_name(const struct pl_names *known, struct pl_span name)
{
    const char *best = NULL;
    unsigned best_distance = 0;

    for (uint32_t at = 0; at < pl_names_count(known); at++) {
        const char *text = pl_names_text(known, at);
        unsigned distance = pl_nearest_distance(name, pl_span_of(text));

        if (!best || distance < best_distance) {
            best = text;
            best_distance = distance;
        }
    }
    return best && best_distance * 3 <= 2 * strlen(best) ? best : NULL;
}
