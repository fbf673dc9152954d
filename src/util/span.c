#include "util/span.h"

#include <stdlib.h>
#include <string.h>

struct pl_span pl_span_of(const char *text)
{
    return (struct pl_span){text, text ? strlen(text) : 0};
}

bool pl_span_eq(struct pl_span a, struct pl_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool pl_span_is(struct pl_span a, const char *text)
{
    return pl_span_eq(a, pl_span_of(text));
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct pl_span pl_span_trim(struct pl_span a)
{
    while (a.len && is_blank(a.ptr[0])) {
        a.ptr++;
        a.len--;
    }
    while (a.len && is_blank(a.ptr[a.len - 1]))
        a.len--;
    return a;
}

struct pl_span pl_span_cut(struct pl_span *rest, char sep)
{
    struct pl_span piece = *rest;
    const char *at = rest->len ? memchr(rest->ptr, sep, rest->len) : NULL;

    if (!at) {
        *rest = (struct pl_span){NULL, 0};
        return piece;
    }
    piece.len = (size_t)(at - rest->ptr);
    rest->ptr = at + 1;
    rest->len -= piece.len + 1;
    return piece;
}

bool pl_span_copy(struct pl_span a, char *out, size_t cap)
{
    if (a.len >= cap) {
        if (cap)
            out[0] = '\0';
        return false;
    }
    if (a.len)
        memcpy(out, a.ptr, a.len);
    out[a.len] = '\0';
    return true;
}

bool pl_span_take_prefix(struct pl_span *rest, const char *prefix)
{
    size_t len = strlen(prefix);

    if (rest->len < len || memcmp(rest->ptr, prefix, len) != 0)
        return false;
    rest->ptr += len;
    rest->len -= len;
    return true;
}

char *pl_span_dup(struct pl_span a)
{
    char *copy = malloc(a.len + 1);

    if (!copy)
        return NULL;
    if (a.len)
        memcpy(copy, a.ptr, a.len);
    copy[a.len] = '\0';
    return copy;
}

bool pl_span_glob(struct pl_span text, struct pl_span pattern)
{
    size_t t = 0, p = 0;
    size_t star = pattern.len, mark = 0; /* where the last * was, and what it had eaten up to */

    while (t < text.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern.len && (pattern.ptr[p] == '?' || pattern.ptr[p] == text.ptr[t])) {
            p++;
            t++;
        } else if (star < pattern.len) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*')
        p++;
    return p == pattern.len;
}

static bool is_name_byte(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == ':' || c == '-';
}

bool pl_span_is_name(struct pl_span a)
{
    if (a.len == 0 || a.len >= PL_NAME_BYTES)
        return false;
    for (size_t at = 0; at < a.len; at++) {
        bool inner_space = a.ptr[at] == ' ' && at > 0 && at + 1 < a.len;
        if (!is_name_byte(a.ptr[at]) && !inner_space)
            return false;
    }
    return true;
}
