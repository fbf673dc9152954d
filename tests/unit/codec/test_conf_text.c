#include "codec/conf_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum pl_status add(struct pl_conf_text *text, const char *file, const char *bytes, struct pl_err *err)
{
    return pl_conf_text_add(text, file, pl_span_of(bytes), err);
}

static const char *get(const struct pl_conf_text *text, const char *type, const char *name, const char *key)
{
    const struct pl_conf_section *section = pl_conf_text_find(text, type, pl_span_of(name));

    return section ? pl_conf_section_get(section, key) : NULL;
}

/* The text is refused with exactly this message. */
static void refused(const char *bytes, size_t len, const char *message)
{
    struct pl_conf_text text = {0};
    struct pl_err err = {0};

    assert_int_equal(pl_conf_text_add(&text, "f", (struct pl_span){bytes, len}, &err), PL_ERR_INPUT);
    assert_string_equal(err.text, message);
    pl_conf_text_fini(&text);
}

#define REFUSED(bytes, message) refused(bytes, sizeof(bytes) - 1, message)

static void reads_sections_and_keys(void **state)
{
    struct pl_conf_text text = {0};

    (void)state;
    assert_int_equal(
        add(&text, "f",
            "# comment\n; another\n\n[one]\na = 1\n  b.c-d_E=two words \n\t[ two  Order Completed ] # why\n"
            "a = x#y ; no\nempty =\nnone =;x\nsign = a = b\n[one named]\na=é",
            NULL),
        PL_OK);
    assert_int_equal(text.n_sections, 3);
    assert_string_equal(get(&text, "one", "", "a"), "1");
    assert_string_equal(get(&text, "one", "", "b.c-d_E"), "two words");
    assert_string_equal(get(&text, "two", "Order Completed", "a"), "x#y");
    assert_string_equal(get(&text, "two", "Order Completed", "empty"), "");
    assert_string_equal(get(&text, "two", "Order Completed", "none"), "");
    assert_string_equal(get(&text, "two", "Order Completed", "sign"), "a = b");
    assert_string_equal(get(&text, "one", "named", "a"), "é");
    assert_null(get(&text, "one", "", "A"));
    assert_null(pl_conf_text_find(&text, "two", pl_span_of("")));
    assert_int_equal(text.sections[1]->place.line, 7);
    assert_int_equal(pl_conf_section_find(text.sections[1], "sign")->place.line, 11);
    assert_string_equal(text.sections[1]->place.file, "f");
    pl_conf_text_fini(&text);
    pl_conf_text_fini(&text);
}

static void accepts_crlf_and_no_last_newline(void **state)
{
    struct pl_conf_text text = {0};

    (void)state;
    assert_int_equal(add(&text, "f", "[a]\r\nk = v\r\nl = w # c\r\n\r\nm = x", NULL), PL_OK);
    assert_string_equal(get(&text, "a", "", "k"), "v");
    assert_string_equal(get(&text, "a", "", "l"), "w");
    assert_string_equal(get(&text, "a", "", "m"), "x");
    pl_conf_text_fini(&text);
}

static void refuses_what_is_no_line(void **state)
{
    (void)state;
    REFUSED("k = v\n", "f:1: `k` stands before the first [section]");
    REFUSED("[a]\nword\n", "f:2: expected `key = value`; a key is made of A-Z a-z 0-9 _ . -");
    REFUSED("[a]\n= v\n", "f:2: expected `key = value`; a key is made of A-Z a-z 0-9 _ . -");
    REFUSED("[a]\na b = v\n", "f:2: expected `key = value`; a key is made of A-Z a-z 0-9 _ . -");
    REFUSED("[a]\nsch\xc3\xb6n = v\n", "f:2: expected `key = value`; a key is made of A-Z a-z 0-9 _ . -");
    REFUSED("[a\n", "f:1: expected [section] or [section NAME]");
    REFUSED("[]\n", "f:1: expected [section] or [section NAME]");
    REFUSED("[a] b\n", "f:1: expected [section] or [section NAME]");
}

static void refuses_bad_bytes(void **state)
{
    (void)state;
    REFUSED("[a]\nk = a\0b\n", "f:2: control byte 0x00");
    REFUSED("[a]\nk = a\033[1m\n", "f:2: control byte 0x1b");
    REFUSED("[a]\nk = a\x7f\n", "f:2: control byte 0x7f");
    REFUSED("[a]\rk = v\n", "f:1: control byte 0x0d");
    REFUSED("\xef\xbb\xbf[a]\n", "f:1: a byte order mark; save the file as UTF-8 without it");
    REFUSED("[a]\nk = \xff\n", "f:2: byte 0xff is not UTF-8");
    REFUSED("[a]\nk = \xc0\x80\n", "f:2: byte 0xc0 is not UTF-8");         /* overlong */
    REFUSED("[a]\nk = \xe0\x80\x80\n", "f:2: byte 0xe0 is not UTF-8");     /* overlong */
    REFUSED("[a]\nk = \xed\xa0\x80\n", "f:2: byte 0xed is not UTF-8");     /* surrogate */
    REFUSED("[a]\nk = \xf4\x90\x80\x80\n", "f:2: byte 0xf4 is not UTF-8"); /* above U+10FFFF */
    REFUSED("[a]\nk = \xc3", "f:2: byte 0xc3 is not UTF-8");               /* cut */
    REFUSED("# \x80\n", "f:1: byte 0x80 is not UTF-8");                    /* in a comment, too */
}

static void refuses_long_lines(void **state)
{
    char *line = malloc(PL_CONF_LINE_BYTES + 16);
    struct pl_conf_text text = {0};

    (void)state;
    assert_non_null(line);
    memset(line, 'x', PL_CONF_LINE_BYTES + 16);
    memcpy(line, "[a]\nk=", 6);
    assert_int_equal(pl_conf_text_add(&text, "f", (struct pl_span){line, 4 + PL_CONF_LINE_BYTES}, NULL), PL_OK);
    pl_conf_text_fini(&text);
    refused(line, 4 + PL_CONF_LINE_BYTES + 1, "f:2: the line is longer than 4096 bytes");
    free(line);
}

static void refuses_large_files(void **state)
{
    char *bytes = malloc(PL_CONF_FILE_BYTES + 1);
    struct pl_conf_text text = {0};

    (void)state;
    assert_non_null(bytes);
    memset(bytes, '\n', PL_CONF_FILE_BYTES + 1);
    assert_int_equal(pl_conf_text_add(&text, "f", (struct pl_span){bytes, PL_CONF_FILE_BYTES}, NULL), PL_OK);
    pl_conf_text_fini(&text);
    refused(bytes, PL_CONF_FILE_BYTES + 1, "f: larger than 1048576 bytes");
    free(bytes);
}

static void names_both_places_of_what_is_given_twice(void **state)
{
    (void)state;
    REFUSED("[a]\nk = 1\nl = 2\nk = 3\n", "f:4: `k` was given before, at f:2");
    REFUSED("[a x]\nk = 1\n[b]\n[a x]\n", "f:4: [a x] was given before, at f:1");
    REFUSED("[a]\n\n[a]\n", "f:3: [a] was given before, at f:1");
}

static void later_files_go_on(void **state)
{
    struct pl_conf_text text = {0};
    struct pl_err err;

    (void)state;
    assert_int_equal(add(&text, "one", "[a]\nk = 1\nl = 2\n[b x]\nk = 1\n", NULL), PL_OK);
    assert_int_equal(add(&text, "two", "[a]\nk = 3\n[b y]\nk = 2\n", NULL), PL_OK);
    assert_int_equal(text.n_sections, 3);
    assert_string_equal(get(&text, "a", "", "k"), "3");
    assert_string_equal(pl_conf_section_find(text.sections[0], "k")->place.file, "two");
    assert_int_equal(pl_conf_section_find(text.sections[0], "k")->place.line, 2);
    assert_string_equal(get(&text, "a", "", "l"), "2");
    assert_int_equal(add(&text, "three", "\n[b x]\n", &err), PL_ERR_INPUT);
    assert_string_equal(err.text, "three:2: [b x] was given before, at one:4");
    pl_conf_text_fini(&text);
    text = (struct pl_conf_text){0};
    assert_int_equal(add(&text, "one", "[a]\n", NULL), PL_OK);
    assert_int_equal(add(&text, "two", "[a]\n[a]\n", &err), PL_ERR_INPUT);
    assert_string_equal(err.text, "two:2: [a] was given before, at two:1");
    pl_conf_text_fini(&text);
}

static void is_bounded(void **state)
{
    struct pl_conf_text text = {0};
    struct pl_err err;

    (void)state;
    for (int at = 0; at < PL_CONF_SECTIONS_MAX; at++)
        assert_non_null(pl_conf_text_new_section(&text, pl_span_of("s"), pl_span_of(""), (struct pl_conf_place){0}));
    assert_null(pl_conf_text_new_section(&text, pl_span_of("s"), pl_span_of(""), (struct pl_conf_place){0}));
    assert_int_equal(add(&text, "f", "[other]\n", &err), PL_ERR_INPUT);
    assert_string_equal(err.text, "f:1: more than 2048 sections");
    pl_conf_text_fini(&text);
    for (int at = 0; at < PL_CONF_FILES_MAX; at++)
        assert_int_equal(add(&text, "g", "[s]", NULL), PL_OK);
    assert_int_equal(add(&text, "h", "[s]", &err), PL_ERR_INPUT);
    assert_string_equal(err.text, "h: more than 257 files");
    pl_conf_text_fini(&text);
}

static void keys_are_bounded(void **state)
{
    char bytes[16 * (PL_CONF_KEYS_MAX + 2)];
    size_t len = (size_t)snprintf(bytes, sizeof(bytes), "[s]\n");
    struct pl_conf_text text = {0};

    (void)state;
    for (int at = 0; at < PL_CONF_KEYS_MAX; at++)
        len += (size_t)snprintf(bytes + len, sizeof(bytes) - len, "k%d = 1\n", at);
    assert_int_equal(add(&text, "f", bytes, NULL), PL_OK);
    assert_int_equal(text.sections[0]->n_entries, PL_CONF_KEYS_MAX);
    pl_conf_text_fini(&text);
    len += (size_t)snprintf(bytes + len, sizeof(bytes) - len, "one_more = 1\n");
    refused(bytes, len, "f:514: more than 512 keys in one section");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_sections_and_keys),
        cmocka_unit_test(accepts_crlf_and_no_last_newline),
        cmocka_unit_test(refuses_what_is_no_line),
        cmocka_unit_test(refuses_bad_bytes),
        cmocka_unit_test(refuses_long_lines),
        cmocka_unit_test(refuses_large_files),
        cmocka_unit_test(names_both_places_of_what_is_given_twice),
        cmocka_unit_test(later_files_go_on),
        cmocka_unit_test(is_bounded),
        cmocka_unit_test(keys_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
