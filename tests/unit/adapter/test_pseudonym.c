#include "adapter/pseudonym.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Values of `user-1` below were computed with a Python SipHash-2-4-128 and hashlib.blake2b; the Python function gives
 * the published vectors that the first test checks. */

static void assert_id(struct pl_unit_id id, const char *hex)
{
    char text[33];
    unsigned char bytes[16];

    for (unsigned i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(id.low >> (8 * i));
        bytes[8 + i] = (unsigned char)(id.high >> (8 * i));
    }
    for (unsigned i = 0; i < 16; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    assert_string_equal(text, hex);
}

/* Vectors of the SipHash reference: key 00 01 .. 0f, message 00 01 .. n-1. */
static void test_published_vectors(void **state)
{
    static const struct {
        size_t len;
        const char *tag;
    } vectors[] = {
        {0, "a3817f04ba25a8e66df67214c7550293"},
        {1, "da87c1d86b99af44347659119b22fc45"},
        {15, "5493e99933b0a8117e08ec0f97cfc3d9"},
        {63, "5150d1772f50834a503e069a973fbd7c"},
    };
    struct pl_pseudonym pseudonym;
    char message[64];

    (void)state;
    for (unsigned i = 0; i < 16; i++)
        pseudonym.key[i] = (unsigned char)i;
    for (unsigned i = 0; i < 64; i++)
        message[i] = (char)i;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
        assert_id(pl_pseudonym_of(&pseudonym, (struct pl_span){message, vectors[i].len}), vectors[i].tag);
    assert_id(pl_pseudonym_of(&pseudonym, (struct pl_span){NULL, 0}), vectors[0].tag);
    assert_id(pl_pseudonym_of(&pseudonym, pl_span_of("user-1")), "f12377bc8c7c91d6543cf3d32f336ac4");
}

static char dir[] = "/tmp/plateaud-key-XXXXXX";
static char path[128];

static int make_dir(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof(path), "%s/key", dir);
    return 0;
}

static int drop_dir(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

static enum pl_status load(const char *bytes, size_t len, struct pl_pseudonym *pseudonym, struct pl_err *err)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    return pl_pseudonym_load(pseudonym, path, err);
}

static void assert_loads(const char *bytes, size_t len, const char *tag)
{
    struct pl_pseudonym pseudonym;
    struct pl_err err = {0};

    assert_int_equal(load(bytes, len, &pseudonym, &err), PL_OK);
    assert_id(pl_pseudonym_of(&pseudonym, pl_span_of("user-1")), tag);
}

static void test_raw_file(void **state)
{
    (void)state;
    assert_loads("0123456789abcdef", 16, "8013be12168b45105fd322d61dda42e4");
    assert_loads("0123456789abcdef and more bytes, unused", 39, "8013be12168b45105fd322d61dda42e4");
    assert_loads("\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17", 16, "f12377bc8c7c91d6543cf3d32f336ac4");
}

static void test_hex_file(void **state)
{
    const char *tag = "255e3f334a3434a9acf1b52e424dc970";

    (void)state;
    assert_loads("00112233445566778899aabbccddeeff", 32, tag);
    assert_loads("00112233445566778899AABBCCDDEEFF\n", 33, tag);
    assert_loads(" \t00112233445566778899aabbccddeeff\r\n", 36, tag);
}

/* 32 bytes of which one is no digit are bytes: the key is the first 16 of them. */
static void test_nearly_hex_file_is_raw(void **state)
{
    struct pl_pseudonym pseudonym;

    (void)state;
    assert_int_equal(load("00112233445566778899aabbccddeefg", 32, &pseudonym, NULL), PL_OK);
    assert_memory_equal(pseudonym.key, "0011223344556677", 16);
    assert_int_equal(load("00112233445566778899aabbccddeeff0", 33, &pseudonym, NULL), PL_OK);
    assert_memory_equal(pseudonym.key, "0011223344556677", 16);
}

static void test_short_file_is_refused(void **state)
{
    struct pl_pseudonym pseudonym;
    struct pl_err err = {0};

    (void)state;
    assert_int_equal(load("0123456789abcde", 15, &pseudonym, &err), PL_ERR_INPUT);
    assert_non_null(strstr(err.text, "15 bytes, at least 16"));
    assert_non_null(strstr(err.text, path));
    assert_null(strstr(err.text, "0123"));
    assert_int_equal(load("", 0, &pseudonym, &err), PL_ERR_INPUT);
    assert_int_equal(load("", 0, &pseudonym, NULL), PL_ERR_INPUT);
}

static void test_no_file(void **state)
{
    struct pl_pseudonym pseudonym;
    struct pl_err err = {0};

    (void)state;
    assert_int_equal(pl_pseudonym_load(&pseudonym, "/nonexistent/key", &err), PL_ERR_IO);
    assert_int_equal(pl_pseudonym_load(&pseudonym, dir, &err), PL_ERR_INPUT);
    assert_int_equal(pl_pseudonym_load(&pseudonym, "/dev/urandom", &err), PL_ERR_INPUT);
    assert_non_null(strstr(err.text, "not a regular file"));
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(pl_pseudonym_load(&pseudonym, path, &err), PL_ERR_INPUT);
    unlink(path);
}

static void test_derived_key(void **state)
{
    struct pl_pseudonym pseudonym;

    (void)state;
    pl_pseudonym_derive(&pseudonym, "main");
    assert_memory_equal(pseudonym.key, "\xe2\xbd\xa8\xcb\x39\xbc\x4d\xfd\xcd\x94\x4c\x8a\xf8\x26\x37\xa3", 16);
    assert_id(pl_pseudonym_of(&pseudonym, pl_span_of("user-1")), "80064f1ce394d44199a84a132e453bfd");
    pl_pseudonym_derive(&pseudonym, "");
    assert_id(pl_pseudonym_of(&pseudonym, pl_span_of("user-1")), "f51474f0edbb9f05f9060dd0053a63df");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_vectors),
        cmocka_unit_test(test_raw_file),
        cmocka_unit_test(test_hex_file),
        cmocka_unit_test(test_nearly_hex_file_is_raw),
        cmocka_unit_test(test_short_file_is_refused),
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_derived_key),
    };

    return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
