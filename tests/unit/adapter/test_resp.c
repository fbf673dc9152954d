#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/link_probe.h"

#define SPAN(text) ((struct pl_span){text, sizeof(text) - 1})

static void test_commands(void **state)
{
    struct pl_buf out = {0};
    struct pl_span argv[] = {SPAN("SET"), SPAN("k\r\n\0"), SPAN("")};

    (void)state;
    pl_resp_add(&out, 3, argv);
    assert_int_equal(out.len, 29);
    assert_memory_equal(out.ptr, "*3\r\n$3\r\nSET\r\n$4\r\nk\r\n\0\r\n$0\r\n\r\n", 29);
    pl_buf_clear(&out);
    pl_resp_add_text(&out, "HGET", "key", "field", NULL);
    assert_string_equal(out.ptr, "*3\r\n$4\r\nHGET\r\n$3\r\nkey\r\n$5\r\nfield\r\n");
    pl_buf_fini(&out);
}

/* Feed in pieces and collect every reply, or the error, as text. */
static void read_all(struct pl_span bytes, size_t piece, const struct pl_resp_limits *limits, struct pl_buf *out)
{
    struct pl_resp *resp = pl_resp_new(limits);
    struct pl_err err = {.text = ""};

    assert_non_null(resp);
    pl_buf_clear(out);
    pl_buf_add_text(out, "");
    for (size_t at = 0; at < bytes.len; at += piece) {
        size_t len = bytes.len - at < piece ? bytes.len - at : piece;
        const struct pl_reply *reply = NULL;

        if (pl_resp_feed(resp, (struct pl_span){bytes.ptr + at, len}, &err) != PL_OK)
            break;
        while (pl_resp_next(resp, &reply, &err) == PL_OK && reply) {
            answer_add(out, reply);
            pl_buf_add_char(out, ';');
        }
        if (err.text[0])
            break;
    }
    if (err.text[0]) {
        const struct pl_reply *reply;

        pl_buf_addf(out, "!%s", err.text);
        assert_int_equal(err.code, PL_ERR_INPUT);
        assert_int_equal(pl_resp_next(resp, &reply, NULL), PL_ERR_INPUT); /* and stays broken */
        assert_null(reply);
        assert_int_equal(pl_resp_feed(resp, SPAN("+OK\r\n"), NULL), PL_ERR_INPUT);
    }
    pl_resp_free(resp);
}

static void test_replies(void **state)
{
    static const struct {
        struct pl_span bytes;
        const char *expected;
    } table[] = {
        {SPAN("+OK\r\n"), "status OK;"},
        {SPAN("-ERR no\r\n"), "error ERR no;"},
        {SPAN(":-9223372036854775808\r\n"), "integer -9223372036854775808;"},
        {SPAN(":9223372036854775807\r\n"), "integer 9223372036854775807;"},
        {SPAN("$-1\r\n*-1\r\n"), "nil;nil;"},
        {SPAN("$0\r\n\r\n"), "string ;"},
        {SPAN("+\r\n"), "status ;"},
        {SPAN("$4\r\n\r\n\r\n\r\n"), "string \r\n\r\n;"},
        {SPAN("*0\r\n"), "[];"},
        {SPAN("*3\r\n:1\r\n$-1\r\n*2\r\n+a\r\n-b\r\n"), "[integer 1, nil, [status a, error b]];"},
        {SPAN("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:8\r\n"), "[[[[[[[[integer 8]]]]]]]];"},
        {SPAN("+a\r\n$1\r\nb\r\n:3\r\n"), "status a;string b;integer 3;"},
        {SPAN("*2\r\n*0\r\n*1\r\n*0\r\n"), "[[], [[]]];"},
    };
    struct pl_buf out = {0};

    (void)state;
    for (size_t at = 0; at < sizeof(table) / sizeof(*table); at++) {
        for (size_t piece = 1; piece <= table[at].bytes.len; piece++) {
            read_all(table[at].bytes, piece, NULL, &out);
            assert_string_equal(out.ptr, table[at].expected);
        }
    }
    pl_buf_fini(&out);
}

static void test_binary(void **state)
{
    struct pl_resp *resp = pl_resp_new(NULL);
    const struct pl_reply *reply;
    char bytes[262] = "$256\r\n";

    (void)state;
    for (int at = 0; at < 256; at++)
        bytes[6 + at] = (char)at;
    assert_int_equal(pl_resp_feed(resp, (struct pl_span){bytes, sizeof(bytes)}, NULL), PL_OK);
    assert_int_equal(pl_resp_next(resp, &reply, NULL), PL_OK);
    assert_null(reply);
    assert_int_equal(pl_resp_feed(resp, SPAN("\r\n"), NULL), PL_OK);
    assert_int_equal(pl_resp_next(resp, &reply, NULL), PL_OK);
    assert_int_equal(reply->text.len, 256);
    assert_memory_equal(reply->text.ptr, bytes + 6, 256);
    pl_resp_free(resp);
}

/* Arrays that are longer than what is allocated at once, with arrays in them. */
static void test_long_arrays(void **state)
{
    static const unsigned lengths[] = {1023, 1024, 1025, 2048, 2049, 100000};
    struct pl_buf bytes = {0};

    (void)state;
    for (size_t at = 0; at < sizeof(lengths) / sizeof(*lengths); at++) {
        struct pl_resp *resp = pl_resp_new(NULL);
        const struct pl_reply *reply;

        pl_buf_clear(&bytes);
        pl_buf_addf(&bytes, "*%u\r\n", lengths[at]);
        for (unsigned element = 0; element < lengths[at]; element++)
            pl_buf_addf(&bytes, element % 3 ? ":%u\r\n" : "*1\r\n:%u\r\n", element);
        for (int again = 0; again < 2; again++) {
            assert_int_equal(pl_resp_feed(resp, pl_buf_span(&bytes), NULL), PL_OK);
            assert_int_equal(pl_resp_next(resp, &reply, NULL), PL_OK);
            assert_int_equal(reply->n, lengths[at]);
            for (unsigned element = 0; element < lengths[at]; element++) {
                const struct pl_reply *one = &reply->elements[element];

                assert_int_equal(one->type, element % 3 ? PL_REPLY_INTEGER : PL_REPLY_ARRAY);
                if (one->type == PL_REPLY_ARRAY)
                    one = &one->elements[0];
                assert_int_equal(one->integer, element);
            }
        }
        pl_resp_free(resp);
    }
    pl_buf_fini(&bytes);
}

static void test_malformed(void **state)
{
    static const struct {
        struct pl_span bytes;
        const char *expected;
    } table[] = {
        {SPAN("x\r\n"), "!malformed reply: Protocol error, got \"x\" as reply type byte"},
        {SPAN("\r\n"), "!malformed reply: Protocol error, got \"\\r\" as reply type byte"},
        {SPAN("HTTP/1.1 400 Bad Request\r\n"), "!malformed reply: Protocol error, got \"H\" as reply type byte"},
        {SPAN("+fine\r\nX"), "status fine;!malformed reply: Protocol error, got \"X\" as reply type byte"},
        {SPAN("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"), NULL},
        {SPAN(":12a\r\n"), NULL},
        {SPAN(":9223372036854775808\r\n"), NULL},
        {SPAN(":\r\n"), NULL},
        {SPAN("$-2\r\n"), NULL},
        {SPAN("$abc\r\nxyz\r\n"), NULL},
        {SPAN("$536870913\r\n"), "!malformed reply: string too long"},
        {SPAN("$9223372036854775807\r\n"), NULL},
        {SPAN("$99999999999999999999\r\n"), NULL},
        {SPAN("*-2\r\n"), NULL},
        {SPAN("*2147483648\r\n"), NULL},
        {SPAN("*2147483647\r\n"), "!malformed reply: too many elements"},
        {SPAN("*4294967297\r\n"), NULL},
        {SPAN("*1152921504606846977\r\n"), NULL},
        {SPAN("*1\r\n~1\r\n:1\r\n"), NULL},
        {SPAN("%1\r\n+a\r\n+b\r\n"), NULL},
        {SPAN(">1\r\n+a\r\n"), NULL},
        {SPAN(",1.5\r\n"), NULL},
        {SPAN("#t\r\n"), NULL},
    };
    struct pl_buf out = {0};

    (void)state;
    for (size_t at = 0; at < sizeof(table) / sizeof(*table); at++) {
        for (size_t piece = 1; piece <= table[at].bytes.len; piece++) {
            read_all(table[at].bytes, piece, NULL, &out);
            if (table[at].expected)
                assert_string_equal(out.ptr, table[at].expected);
            assert_non_null(strstr(out.ptr, "!malformed reply: "));
        }
    }
    pl_buf_fini(&out);
}

static void test_limits(void **state)
{
    static const struct pl_resp_limits small = {.bulk_bytes = 10, .elements = 5, .bytes = 40000};
    struct pl_buf bytes = {0}, out = {0};

    (void)state;
    read_all(SPAN("$10\r\n0123456789\r\n*5\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n"), 7, &small, &out);
    assert_string_equal(out.ptr, "string 0123456789;[integer 1, integer 2, integer 3, integer 4, integer 5];");
    read_all(SPAN("$11\r\n"), 1, &small, &out);
    assert_string_equal(out.ptr, "!malformed reply: string too long");
    read_all(SPAN("$11\r\n0123456789a\r\n"), 100, &small, &out);
    assert_string_equal(out.ptr, "!malformed reply: string too long");
    read_all(SPAN("*6\r\n"), 1, &small, &out);
    assert_string_equal(out.ptr, "!malformed reply: too many elements");
    read_all(SPAN("*2\r\n*2\r\n:1\r\n:2\r\n*3\r\n:3\r\n:4\r\n"), 1, &small, &out);
    assert_string_equal(out.ptr, "!malformed reply: too many elements");
    for (size_t len = PL_RESP_LINE_BYTES - 2; len < PL_RESP_LINE_BYTES + 2; len++) { /* a line that never ends */
        pl_buf_clear(&bytes);
        pl_buf_add_char(&bytes, '+');
        for (size_t at = 0; at < len; at++)
            pl_buf_add_char(&bytes, 'a');
        read_all(pl_buf_span(&bytes), 1000, NULL, &out);
        assert_string_equal(out.ptr, len < PL_RESP_LINE_BYTES ? "" : "!malformed reply: line too long");
    }
    pl_buf_fini(&bytes);
    pl_buf_fini(&out);
}

/* Memory follows the bytes that came, and a reply above the limit ends it. */
static void test_memory_limit(void **state)
{
    static const struct pl_resp_limits small = {.bulk_bytes = 1000, .elements = 1000000, .bytes = 1000000};
    struct pl_buf bytes = {0}, out = {0};

    (void)state;
    pl_buf_add_text(&bytes, "*100000\r\n");
    for (int at = 0; at < 100000; at++)
        pl_buf_add_text(&bytes, "$1\r\nx\r\n");
    read_all(pl_buf_span(&bytes), 4096, &small, &out);
    assert_string_equal(out.ptr, "!malformed reply: too many bytes");
    pl_buf_fini(&bytes);
    pl_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands),     cmocka_unit_test(test_replies),   cmocka_unit_test(test_binary),
        cmocka_unit_test(test_long_arrays),  cmocka_unit_test(test_malformed), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_memory_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
