#include "adapter/pseudonym.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_BYTES 16
#define HEX_DIGITS (2 * KEY_BYTES)
#define FILE_BYTES 4096 /* more than this of a key file is not looked at */

_Static_assert(sizeof(((struct pl_pseudonym *)0)->key) == crypto_shorthash_siphashx24_KEYBYTES, "the key of SipHash");
_Static_assert(sizeof(struct pl_unit_id) == crypto_shorthash_siphashx24_BYTES, "the tag of SipHash-2-4-128");

static enum pl_status read_some(const char *path, char *bytes, size_t cap, size_t *len, struct pl_err *err)
{
    enum pl_status status = PL_OK;
    struct stat info;
    ssize_t got = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a fifo must not hang the start */

    if (fd < 0)
        return pl_err_set(err, PL_ERR_IO, "key file %s: %s", path, strerror(errno));
    *len = 0;
    if (fstat(fd, &info) != 0)
        status = pl_err_set(err, PL_ERR_IO, "key file %s: %s", path, strerror(errno));
    else if (!S_ISREG(info.st_mode)) /* /dev/urandom would give every start a key of its own */
        status = pl_err_set(err, PL_ERR_INPUT, "key file %s: not a regular file", path);
    while (status == PL_OK && *len < cap) {
        got = read(fd, bytes + *len, cap - *len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            status = pl_err_set(err, PL_ERR_IO, "key file %s: %s", path, strerror(errno));
        if (got <= 0)
            break;
        *len += (size_t)got;
    }
    close(fd);
    return status;
}

/* 32 hexadecimal digits, alone but for blanks around them: text written by `openssl rand -hex 16`. */
static bool key_of_hex(struct pl_span text, unsigned char key[KEY_BYTES])
{
    size_t len;

    text = pl_span_trim(text);
    return text.len == HEX_DIGITS && sodium_hex2bin(key, KEY_BYTES, text.ptr, text.len, NULL, &len, NULL) == 0 &&
           len == KEY_BYTES;
}

enum pl_status pl_pseudonym_load(struct pl_pseudonym *pseudonym, const char *path, struct pl_err *err)
{
    char bytes[FILE_BYTES];
    size_t len = 0;
    enum pl_status status = read_some(path, bytes, sizeof(bytes), &len, err);

    if (status == PL_OK && len < KEY_BYTES)
        status = pl_err_set(err, PL_ERR_INPUT, "key file %s: %zu bytes, at least %d needed", path, len, KEY_BYTES);
    if (status == PL_OK && !key_of_hex((struct pl_span){bytes, len}, pseudonym->key))
        memcpy(pseudonym->key, bytes, KEY_BYTES);
    sodium_memzero(bytes, sizeof(bytes));
    return status;
}

void pl_pseudonym_derive(struct pl_pseudonym *pseudonym, const char *instance)
{
    static const unsigned char domain[] = "plateaud unit key 1"; /* apart from every other use of the name */

    crypto_generichash(pseudonym->key, KEY_BYTES, (const unsigned char *)instance, strlen(instance), domain,
                       sizeof(domain) - 1);
}

static uint64_t read_le(const unsigned char *bytes)
{
    uint64_t value = 0;

    for (int i = 7; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

struct pl_unit_id pl_pseudonym_of(const struct pl_pseudonym *pseudonym, struct pl_span unit)
{
    unsigned char tag[crypto_shorthash_siphashx24_BYTES];

    crypto_shorthash_siphashx24(tag, (const unsigned char *)unit.ptr, unit.len, pseudonym->key);
    return (struct pl_unit_id){.high = read_le(tag + 8), .low = read_le(tag)};
}
