#include "codec/formats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(pl_format_name(0), "cloudevents");
    assert_string_equal(pl_format_name(1), "posthog");
    assert_string_equal(pl_format_name(2), "segment");
    assert_null(pl_format_name(3));
}

static void test_a_format_is_its_file(void **state)
{
    struct pl_format format, parsed;
    char text[4096], path[512];
    FILE *file;
    size_t len;

    (void)state;
    for (unsigned at = 0; pl_format_name(at); at++) {
        snprintf(path, sizeof(path), PL_SOURCE_DIR "/conf/formats.d/%s.conf", pl_format_name(at));
        file = fopen(path, "r");
        assert_non_null(file);
        len = fread(text, 1, sizeof(text), file);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(pl_format_parse("x", (struct pl_span){text, len}, &parsed, NULL), PL_OK);
        assert_int_equal(pl_format_load(pl_format_name(at), &format, NULL), PL_OK);
        assert_string_equal(format.event, parsed.event);
        assert_string_equal(format.unit, parsed.unit);
        assert_string_equal(format.exposure_when, parsed.exposure_when);
        assert_string_equal(format.properties, parsed.properties);
        assert_false(format.unit_number);
        pl_format_fini(&format);
        pl_format_fini(&parsed);
    }
}

static void test_aliases(void **state)
{
    static const char *const names[] = {"segment", "rudderstack", "jitsu"};
    struct pl_format format;
    struct pl_err err;

    (void)state;
    for (size_t at = 0; at < 3; at++) {
        assert_int_equal(pl_format_load(names[at], &format, NULL), PL_OK);
        assert_string_equal(format.when, "type == track");
        assert_string_equal(format.id, "messageId");
        pl_format_fini(&format);
    }
    assert_int_equal(pl_format_load("", &format, &err), PL_ERR_INPUT);
    assert_int_equal(pl_format_load("Segment", &format, &err), PL_ERR_INPUT);
    assert_string_equal(err.text, "unknown format Segment; known: cloudevents posthog segment");
}

static void check_error(const char *text, const char *expected)
{
    struct pl_format format;
    struct pl_err err;

    assert_int_equal(pl_format_parse("f.conf", pl_span_of(text), &format, &err), PL_ERR_INPUT);
    assert_string_equal(err.text, expected);
    assert_null(format.event);
}

static void test_text(void **state)
{
    struct pl_format format;

    (void)state;
    assert_int_equal(pl_format_parse("f.conf",
                                     pl_span_of("# a comment\r\n\n event =  a == b \r\nunit=u\nunit_number = yes\n"),
                                     &format, NULL),
                     PL_OK);
    assert_string_equal(format.event, "a == b");
    assert_string_equal(format.unit, "u");
    assert_true(format.unit_number);
    assert_null(format.time);
    pl_format_fini(&format);
    check_error("event = a\nevnt = b\n", "f.conf:2: unknown key evnt");
    check_error("event = a\n\nevent = b\n", "f.conf:3: event is given twice");
    check_error("event\n", "f.conf:1: `key = value` is expected");
    check_error("event =\n", "f.conf:1: `key = value` is expected");
    check_error("unit_number = 1\n", "f.conf:1: unit_number must be yes or no");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_a_format_is_its_file),
        cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
