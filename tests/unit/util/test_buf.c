#include "util/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void appends(void **state)
{
    struct pl_buf buf = {0};

    (void)state;
    assert_true(pl_buf_ok(&buf));
    assert_int_equal(pl_buf_span(&buf).len, 0);
    pl_buf_add_text(&buf, "a");
    pl_buf_add_char(&buf, 'b');
    pl_buf_add_span(&buf, (struct pl_span){"cdef", 2});
    pl_buf_add_span(&buf, (struct pl_span){NULL, 0});
    pl_buf_addf(&buf, "%d-%s", 42, "x");
    assert_string_equal(buf.ptr, "abcd42-x");
    assert_int_equal(buf.len, 8);
    pl_buf_clear(&buf);
    assert_int_equal(buf.len, 0);
    assert_string_equal(buf.ptr, "");
    pl_buf_fini(&buf);
    pl_buf_fini(&buf);
}

static void grows(void **state)
{
    struct pl_buf buf = {0};

    (void)state;
    for (int at = 0; at < 100000; at++) {
        pl_buf_add_char(&buf, (char)('a' + at % 26));
        assert_int_equal(buf.ptr[buf.len], 0);
    }
    for (int at = 0; at < 100000; at++)
        assert_int_equal(buf.ptr[at], 'a' + at % 26);
    pl_buf_fini(&buf);
}

/* Appends around every size at which the memory must grow, so that the final 0 always has its place. */
static void every_size(void **state)
{
    char bytes[300];

    (void)state;
    memset(bytes, 'x', sizeof(bytes));
    for (size_t first = 0; first < 140; first++) {
        for (size_t second = 0; second < 140; second++) {
            struct pl_buf buf = {0};

            pl_buf_add(&buf, bytes, first);
            pl_buf_addf(&buf, "%.*s", (int)second, bytes);
            assert_int_equal(buf.len, first + second);
            assert_int_equal(strlen(buf.ptr), first + second);
            pl_buf_fini(&buf);
        }
    }
}

static void limit_is_hard_and_remembered(void **state)
{
    struct pl_buf buf;

    (void)state;
    pl_buf_init(&buf, 5);
    pl_buf_add_text(&buf, "12345");
    assert_true(pl_buf_ok(&buf));
    pl_buf_add_char(&buf, '6');
    assert_false(pl_buf_ok(&buf));
    pl_buf_add_text(&buf, "");
    assert_string_equal(buf.ptr, "12345");
    pl_buf_clear(&buf);
    assert_true(pl_buf_ok(&buf));
    pl_buf_addf(&buf, "%s", "123456");
    assert_false(pl_buf_ok(&buf));
    pl_buf_add_char(&buf, '1'); /* would fit, but the text already has a hole */
    assert_int_equal(buf.len, 0);
    pl_buf_fini(&buf);
    assert_int_equal(buf.limit, 5);
}

static void absurd_length_fails(void **state)
{
    struct pl_buf buf = {0};

    (void)state;
    pl_buf_add(&buf, "x", SIZE_MAX - 1);
    assert_false(pl_buf_ok(&buf));
    pl_buf_fini(&buf);
}

static void varint_bytes(void **state)
{
    static const struct {
        uint64_t value;
        const char *bytes;
        size_t len;
    } rows[] = {{0, "\0", 1},
                {1, "\1", 1},
                {127, "\x7f", 1},
                {128, "\x80\x01", 2},
                {300, "\xac\x02", 2},
                {16383, "\xff\x7f", 2},
                {16384, "\x80\x80\x01", 3},
                {UINT64_MAX, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10}};

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(*rows); at++) {
        struct pl_buf buf = {0};
        struct pl_span rest;
        uint64_t value;

        pl_buf_add_varint(&buf, rows[at].value);
        assert_int_equal(buf.len, rows[at].len);
        assert_memory_equal(buf.ptr, rows[at].bytes, rows[at].len);
        rest = pl_buf_span(&buf);
        assert_true(pl_span_take_varint(&rest, &value));
        assert_true(value == rows[at].value);
        assert_int_equal(rest.len, 0);
        pl_buf_fini(&buf);
    }
}

static void signed_bytes(void **state)
{
    static const struct {
        int64_t value;
        uint64_t zigzag;
    } rows[] = {{0, 0}, {-1, 1}, {1, 2}, {-2, 3}, {2, 4}, {INT64_MAX, UINT64_MAX - 1}, {INT64_MIN, UINT64_MAX}};

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(*rows); at++) {
        struct pl_buf buf = {0};
        struct pl_span rest;
        uint64_t raw;
        int64_t value;

        pl_buf_add_signed(&buf, rows[at].value);
        rest = pl_buf_span(&buf);
        assert_true(pl_span_take_varint(&rest, &raw));
        assert_true(raw == rows[at].zigzag);
        rest = pl_buf_span(&buf);
        assert_true(pl_span_take_signed(&rest, &value));
        assert_true(value == rows[at].value);
        pl_buf_fini(&buf);
    }
}

static void varint_round_trip(void **state)
{
    struct pl_buf buf = {0};
    struct pl_span rest;
    uint64_t seed = 1;

    (void)state;
    for (int at = 0; at < 10000; at++) {
        seed = seed * UINT64_C(6364136223846793005) + 1;
        pl_buf_add_varint(&buf, seed >> (at % 64));
        pl_buf_add_signed(&buf, (int64_t)seed >> (at % 64));
    }
    rest = pl_buf_span(&buf);
    seed = 1;
    for (int at = 0; at < 10000; at++) {
        uint64_t value;
        int64_t with_sign;

        seed = seed * UINT64_C(6364136223846793005) + 1;
        assert_true(pl_span_take_varint(&rest, &value) && value == seed >> (at % 64));
        assert_true(pl_span_take_signed(&rest, &with_sign) && with_sign == (int64_t)seed >> (at % 64));
    }
    assert_int_equal(rest.len, 0);
    pl_buf_fini(&buf);
}

static void cut_varints_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {{"", 0},
                {"\x80", 1},
                {"\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9},
                {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10}, /* 65 bits */
                {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81", 10}, /* goes on */
                {"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11}};

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(*rows); at++) {
        struct pl_span rest = {rows[at].bytes, rows[at].len}, again = rest;
        uint64_t value = 7;
        int64_t with_sign = 7;

        assert_false(pl_span_take_varint(&rest, &value));
        assert_true(value == 0);
        assert_false(pl_span_take_signed(&again, &with_sign));
        assert_true(with_sign == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends),
        cmocka_unit_test(grows),
        cmocka_unit_test(every_size),
        cmocka_unit_test(limit_is_hard_and_remembered),
        cmocka_unit_test(absurd_length_fails),
        cmocka_unit_test(varint_bytes),
        cmocka_unit_test(signed_bytes),
        cmocka_unit_test(varint_round_trip),
        cmocka_unit_test(cut_varints_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
