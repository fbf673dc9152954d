#include "adapter/http_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HOST "Host: localhost:9188\r\n"

static int parse(const char *head, struct pl_http_request *request)
{
    return pl_http_request_parse(pl_span_of(head), request);
}

static int status_of(const char *head)
{
    struct pl_http_request request;

    return parse(head, &request);
}

static void assert_span(struct pl_span span, const char *text)
{
    assert_int_equal(span.len, strlen(text));
    assert_memory_equal(span.ptr, text, span.len);
}

static void test_get(void **state)
{
    struct pl_http_request request;

    (void)state;
    assert_int_equal(parse("GET /metrics HTTP/1.1\r\n" HOST "Accept: */*\r\nX-Empty:\r\n", &request), 200);
    assert_span(request.path, "/metrics");
    assert_span(request.host, "localhost");
    assert_false(request.head_only);
    assert_int_equal(parse("HEAD /a?b=c&d=?e HTTP/1.0\r\nhOST:example.org\r\n", &request), 200);
    assert_span(request.path, "/a");
    assert_span(request.host, "example.org");
    assert_true(request.head_only);
    assert_int_equal(parse("GET / HTTP/1.1\r\nHost:\t [::1]:80 \r\nContent-Length: 0\r\n", &request), 200);
    assert_span(request.host, "::1");
}

static void test_methods(void **state)
{
    (void)state;
    assert_int_equal(status_of("POST / HTTP/1.1\r\n" HOST), 405);
    assert_int_equal(status_of("PUT / HTTP/1.1\r\n" HOST), 405);
    assert_int_equal(status_of("DELETE / HTTP/1.1\r\n" HOST), 405);
    assert_int_equal(status_of("OPTIONS / HTTP/1.1\r\n" HOST), 405);
    assert_int_equal(status_of("PROPFIND / HTTP/1.1\r\n" HOST), 501);
    assert_int_equal(status_of("get / HTTP/1.1\r\n" HOST), 501);
}

static void test_versions(void **state)
{
    (void)state;
    assert_int_equal(status_of("GET / HTTP/2.0\r\n" HOST), 505);
    assert_int_equal(status_of("GET / HTTP/9.9\r\n" HOST), 505);
    assert_int_equal(status_of("GET / HTTP/11\r\n" HOST), 400);
    assert_int_equal(status_of("GET / http/1.1\r\n" HOST), 400);
    assert_int_equal(status_of("GET /\r\n" HOST), 400);
    assert_int_equal(status_of("PRI * HTTP/2.0\r\n"), 400);
}

static void test_malformed_request_lines(void **state)
{
    (void)state;
    assert_int_equal(status_of(""), 400);
    assert_int_equal(status_of("\r\n"), 400);
    assert_int_equal(status_of("GET  / HTTP/1.1\r\n" HOST), 400);
    assert_int_equal(status_of("GET / HTTP/1.1 \r\n" HOST), 400);
    assert_int_equal(status_of(" GET / HTTP/1.1\r\n" HOST), 400);
    assert_int_equal(status_of("GET\t/ HTTP/1.1\r\n" HOST), 400);
    assert_int_equal(status_of("GET http://localhost/ HTTP/1.1\r\n" HOST), 400);
    assert_int_equal(status_of("GET metrics HTTP/1.1\r\n" HOST), 400);
    assert_int_equal(status_of("GET /\x01 HTTP/1.1\r\n" HOST), 400);
    assert_int_equal(status_of("GET /\xc3\xa4 HTTP/1.1\r\n" HOST), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\n" HOST), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\r\n" HOST), 400);
}

static void test_malformed_headers(void **state)
{
    struct pl_http_request request;
    static const char nul[] = "GET / HTTP/1.1\r\n" HOST "A: b\0c\r\n";

    (void)state;
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST "no colon\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST ": empty name\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST "A : b\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST " folded: b\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST "A: b\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST "A: b\nC: d\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST "A: b"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST "A: \x7f\r\n"), 400);
    assert_int_equal(pl_http_request_parse((struct pl_span){nul, sizeof(nul) - 1}, &request), 400);
}

static void test_bodies_are_refused(void **state)
{
    (void)state;
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n"), 413);
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n"), 413);
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST "Content-Length:\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST "Content-Length: 0, 5\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"), 413);
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nbroken\r\n"), 400);
    assert_int_equal(status_of("POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n"), 405);
}

static void test_host_header(void **state)
{
    (void)state;
    assert_int_equal(status_of("GET / HTTP/1.1\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.0\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\nHost:\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: :80\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\n" HOST "Host: evil.example\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: user@localhost\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: localhost:8x\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: localhost:123456\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: [::1\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: [::1]x\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: a, b\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: localhost:\r\n"), 200);
}

static void test_loopback_names(void **state)
{
    (void)state;
    assert_true(pl_http_request_is_loopback(pl_span_of("localhost")));
    assert_true(pl_http_request_is_loopback(pl_span_of("LocalHost")));
    assert_true(pl_http_request_is_loopback(pl_span_of("127.0.0.1")));
    assert_true(pl_http_request_is_loopback(pl_span_of("127.1.2.3")));
    assert_true(pl_http_request_is_loopback(pl_span_of("::1")));
    assert_true(pl_http_request_is_loopback(pl_span_of("0:0:0:0:0:0:0:1")));
    assert_false(pl_http_request_is_loopback(pl_span_of("")));
    assert_false(pl_http_request_is_loopback(pl_span_of("localhost.evil.example")));
    assert_false(pl_http_request_is_loopback(pl_span_of("127.0.0.1.evil.example")));
    assert_false(pl_http_request_is_loopback(pl_span_of("127.0.0.1x")));
    assert_false(pl_http_request_is_loopback(pl_span_of("128.0.0.1")));
    assert_false(pl_http_request_is_loopback(pl_span_of("0.0.0.0")));
    assert_false(pl_http_request_is_loopback(pl_span_of("::2")));
    assert_false(
        pl_http_request_is_loopback(pl_span_of("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")));
    assert_true(pl_http_request_is_host(pl_span_of("Stats.Example"), "stats.example"));
    assert_false(pl_http_request_is_host(pl_span_of("stats.example"), "stats.example.org"));
    assert_false(pl_http_request_is_host(pl_span_of(""), "stats"));
}

static void test_reasons(void **state)
{
    (void)state;
    assert_string_equal(pl_http_request_reason(200), "OK");
    assert_string_equal(pl_http_request_reason(405), "Method Not Allowed");
    assert_string_equal(pl_http_request_reason(299), "Unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_malformed_request_lines),
        cmocka_unit_test(test_malformed_headers),
        cmocka_unit_test(test_bodies_are_refused),
        cmocka_unit_test(test_host_header),
        cmocka_unit_test(test_loopback_names),
        cmocka_unit_test(test_reasons),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
