#include "codec/escape.h"

#include <string.h>

static unsigned hex_value(const char *digits)
{
    unsigned value = 0;

    for (int at = 0; at < 4; at++) {
        char c = digits[at];
        unsigned digit = c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);

        value = value * 16 + digit;
    }
    return value;
}

static size_t put_utf8(unsigned code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* What one escape stands for; *rest is behind the backslash and is moved on. */
static size_t undo_one(struct pl_span *rest, char *out)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *short_form = strchr(from, rest->ptr[0]);
    unsigned code;
    size_t used = 5;

    if (rest->ptr[0] != 'u') {
        out[0] = short_form ? to[short_form - from] : rest->ptr[0];
        rest->ptr++;
        rest->len--;
        return 1;
    }
    code = hex_value(rest->ptr + 1);
    if (code >= 0xd800 && code <= 0xdbff) { /* the other half follows: the scanner saw it */
        code = 0x10000 + ((code & 0x3ff) << 10) + (hex_value(rest->ptr + 7) & 0x3ff);
        used = 11;
    }
    rest->ptr += used;
    rest->len -= used;
    return put_utf8(code, out);
}

size_t pl_escape_undo(struct pl_span raw, char *out)
{
    size_t len = 0;

    while (raw.len) {
        const char *slash = memchr(raw.ptr, '\\', raw.len);
        size_t plain = slash ? (size_t)(slash - raw.ptr) : raw.len;

        memcpy(out + len, raw.ptr, plain);
        len += plain;
        raw.ptr += plain;
        raw.len -= plain;
        if (!slash)
            break;
        raw.ptr++;
        raw.len--;
        len += undo_one(&raw, out + len);
    }
    return len;
}

/* Unicode 15, table 3-7. */
size_t pl_escape_utf8_len(struct pl_span text)
{
    const unsigned char *b = (const unsigned char *)text.ptr;
    size_t len = b[0] < 0x80 ? 1 : b[0] < 0xc2 ? 0 : b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : b[0] < 0xf5 ? 4 : 0;
    unsigned low = b[0] == 0xe0 ? 0xa0 : b[0] == 0xf0 ? 0x90 : 0x80;
    unsigned high = b[0] == 0xed ? 0x9f : b[0] == 0xf4 ? 0x8f : 0xbf;

    if (len <= 1)
        return len;
    if (text.len < len || b[1] < low || b[1] > high)
        return 0;
    for (size_t at = 2; at < len; at++)
        if ((b[at] & 0xc0) != 0x80)
            return 0;
    return len;
}

static void add_control(struct pl_buf *out, unsigned char c)
{
    static const char from[] = "\b\f\n\r\t", to[] = "bfnrt";
    const char *short_form = c ? strchr(from, c) : NULL;

    if (short_form) {
        pl_buf_add_char(out, '\\');
        pl_buf_add_char(out, to[short_form - from]);
    } else {
        pl_buf_addf(out, "\\u%04x", (unsigned)c);
    }
}

void pl_escape_add(struct pl_buf *out, struct pl_span text)
{
    pl_buf_add_char(out, '"');
    while (text.len) {
        unsigned char c = (unsigned char)text.ptr[0];
        size_t len = pl_escape_utf8_len(text);

        if (c == '"' || c == '\\')
            pl_buf_add_char(out, '\\');
        if (c < 0x20)
            add_control(out, c);
        else if (len)
            pl_buf_add(out, text.ptr, len);
        else
            pl_buf_add_text(out, "\xef\xbf\xbd");
        len = len ? len : 1;
        text.ptr += len;
        text.len -= len;
    }
    pl_buf_add_char(out, '"');
}
