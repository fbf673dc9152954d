/* Status codes and the text that goes with them.
 *
 * Every function that can fail returns `enum pl_status` and is PL_MUSTCHECK. The code is for the program; the text in a
 * caller-supplied `struct pl_err` is for a human and is written where the error is first seen. A NULL `err` is legal.
 */
#ifndef PL_UTIL_ERR_H
#define PL_UTIL_ERR_H

#define PL_MUSTCHECK __attribute__((warn_unused_result))
#define PL_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum pl_status {
    PL_OK = 0,
    PL_ERR_NOMEM = -1,  /* an allocation failed */
    PL_ERR_INPUT = -2,  /* somebody else's data is wrong: a record, a conf file, a reply */
    PL_ERR_FULL = -3,   /* a declared bound was reached */
    PL_ERR_STATE = -4,  /* not possible now: not connected, not acquired, already stopped */
    PL_ERR_IO = -5,     /* the outside world failed: socket, file, broker */
    PL_ERR_FENCED = -6, /* another owner holds what we thought was ours */
};

#define PL_ERR_TEXT_BYTES 256

struct pl_err {
    enum pl_status code;
    char text[PL_ERR_TEXT_BYTES]; /* always terminated; cut when too long */
};

/* Write code and text into err (may be NULL) and return code, so that `return pl_err_set(...)` reads well. */
enum pl_status pl_err_set(struct pl_err *err, enum pl_status code, const char *fmt, ...) PL_PRINTF(3, 4);

/* Put a prefix ("plateaud.conf:12: ") before the text already in err; no-op for NULL. */
void pl_err_prefix(struct pl_err *err, const char *fmt, ...) PL_PRINTF(2, 3);

/* A short constant name for a code: "ok", "input", ... Never NULL. */
const char *pl_status_name(enum pl_status code);

#endif
