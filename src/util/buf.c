#include "util/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void pl_buf_init(struct pl_buf *buf, size_t limit)
{
    *buf = (struct pl_buf){.limit = limit};
}

void pl_buf_fini(struct pl_buf *buf)
{
    free(buf->ptr);
    *buf = (struct pl_buf){.limit = buf->limit};
}

void pl_buf_clear(struct pl_buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->ptr)
        buf->ptr[0] = '\0';
}

bool pl_buf_ok(const struct pl_buf *buf)
{
    return !buf->failed;
}

struct pl_span pl_buf_span(const struct pl_buf *buf)
{
    return (struct pl_span){buf->ptr, buf->len};
}

static bool reserve(struct pl_buf *buf, size_t more)
{
    size_t need, cap;
    char *grown;

    if (buf->failed)
        return false;
    if (more > SIZE_MAX / 4 - buf->len)
        goto fail;
    need = buf->len + more;
    if (buf->limit && need > buf->limit)
        goto fail;
    if (need < buf->cap)
        return true;
    for (cap = buf->cap ? buf->cap : 64; cap <= need;)
        cap *= 2;
    grown = realloc(buf->ptr, cap);
    if (!grown)
        goto fail;
    buf->ptr = grown;
    buf->cap = cap;
    return true;

fail:
    buf->failed = true;
    return false;
}

void pl_buf_add(struct pl_buf *buf, const void *bytes, size_t len)
{
    if (!reserve(buf, len))
        return;
    if (len)
        memcpy(buf->ptr + buf->len, bytes, len);
    buf->len += len;
    buf->ptr[buf->len] = '\0';
}

void pl_buf_add_span(struct pl_buf *buf, struct pl_span text)
{
    pl_buf_add(buf, text.ptr, text.len);
}

void pl_buf_add_text(struct pl_buf *buf, const char *text)
{
    pl_buf_add(buf, text, strlen(text));
}

void pl_buf_add_char(struct pl_buf *buf, char c)
{
    pl_buf_add(buf, &c, 1);
}

void pl_buf_addf(struct pl_buf *buf, const char *fmt, ...)
{
    va_list args, again;
    int len;

    va_start(args, fmt);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0)
        buf->failed = true;
    else if (reserve(buf, (size_t)len)) {
        vsnprintf(buf->ptr + buf->len, (size_t)len + 1, fmt, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

void pl_buf_add_varint(struct pl_buf *buf, uint64_t value)
{
    char bytes[10];
    size_t len = 0;

    for (; value >= 0x80; value >>= 7)
        bytes[len++] = (char)(unsigned char)((value & 0x7f) | 0x80);
    bytes[len++] = (char)(unsigned char)value;
    pl_buf_add(buf, bytes, len);
}

void pl_buf_add_signed(struct pl_buf *buf, int64_t value)
{
    pl_buf_add_varint(buf, ((uint64_t)value << 1) ^ (uint64_t)(value >> 63));
}

bool pl_span_take_varint(struct pl_span *rest, uint64_t *value)
{
    uint64_t sum = 0;

    *value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        unsigned char byte;

        if (rest->len == 0)
            return false;
        byte = (unsigned char)rest->ptr[0];
        rest->ptr++;
        rest->len--;
        if (shift == 63 && byte > 1)
            return false;
        sum |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *value = sum;
            return true;
        }
    }
    return false;
}

bool pl_span_take_signed(struct pl_span *rest, int64_t *value)
{
    uint64_t raw;
    bool ok = pl_span_take_varint(rest, &raw);

    *value = (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
    return ok;
}
