/* Lines of a file, of standard input ("-"), or of what gzip makes of a file whose name ends in .gz.
 *
 * Lines are at most PL_LINES_BYTES_MAX long; a longer one is an error of that line's number, not a cut line. A line is
 * valid until the next call.
 */
#ifndef PL_CTL_LINES_H
#define PL_CTL_LINES_H

#include "util/err.h"
#include "util/span.h"

#include <stdint.h>
#include <stdio.h>

#define PL_LINES_BYTES_MAX (1u << 20)

struct pl_lines {
    const char *path; /* ref, for messages */
    FILE *file;       /* owned, unless it is stdin */
    int child;        /* process id of gzip, 0: none */
    char *text;       /* owned */
    size_t cap;
    uint64_t number; /* of the last line, from 1 */
    uint64_t bytes;  /* read so far, after unpacking */
};

enum pl_status pl_lines_open(struct pl_lines *lines, const char *path, struct pl_err *err) PL_MUSTCHECK;

/* The next line without its end (LF or CRLF). PL_OK with line->ptr NULL: there is no more. */
enum pl_status pl_lines_next(struct pl_lines *lines, struct pl_span *line, struct pl_err *err) PL_MUSTCHECK;

/* A zeroed struct is fine. */
void pl_lines_close(struct pl_lines *lines);

#endif
