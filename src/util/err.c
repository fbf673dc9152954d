#include "util/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum pl_status pl_err_set(struct pl_err *err, enum pl_status code, const char *fmt, ...)
{
    va_list args;

    if (!err)
        return code;
    err->code = code;
    va_start(args, fmt);
    vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);
    return code;
}

void pl_err_prefix(struct pl_err *err, const char *fmt, ...)
{
    char old[PL_ERR_TEXT_BYTES];
    va_list args;
    size_t used;

    if (!err)
        return;
    memcpy(old, err->text, sizeof(old));
    va_start(args, fmt);
    vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);
    used = strlen(err->text);
    snprintf(err->text + used, sizeof(err->text) - used, "%s", old);
}

const char *pl_status_name(enum pl_status code)
{
    switch (code) {
    case PL_OK:
        return "ok";
    case PL_ERR_NOMEM:
        return "no memory";
    case PL_ERR_INPUT:
        return "input";
    case PL_ERR_FULL:
        return "full";
    case PL_ERR_STATE:
        return "state";
    case PL_ERR_IO:
        return "io";
    case PL_ERR_FENCED:
        return "fenced";
    }
    return "unknown";
}
