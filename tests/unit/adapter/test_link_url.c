#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "adapter/link_url.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

static void test_good(void **state)
{
    static const struct {
        const char *text;
        struct pl_link_url url;
    } table[] = {
        {"redis://127.0.0.1:6379/0", {PL_LINK_TCP, "127.0.0.1", "6379", "", 0}},
        {"redis://localhost", {PL_LINK_TCP, "localhost", "6379", "", 0}},
        {"redis://localhost/", {PL_LINK_TCP, "localhost", "6379", "", 0}},
        {"redis://plateaud@redis1.example:6380/15", {PL_LINK_TCP, "redis1.example", "6380", "plateaud", 15}},
        {"rediss://redis1", {PL_LINK_TLS, "redis1", "6379", "", 0}},
        {"rediss://me@[::1]:7/2", {PL_LINK_TLS, "::1", "7", "me", 2}},
        {"redis://[2001:db8::1]", {PL_LINK_TCP, "2001:db8::1", "6379", "", 0}},
        {"unix:///run/redis/redis.sock", {PL_LINK_UNIX, "/run/redis/redis.sock", "", "", 0}},
        {"unix:///a?db=3", {PL_LINK_UNIX, "/a", "", "", 3}},
        {"redis://h:65535", {PL_LINK_TCP, "h", "65535", "", 0}},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(table) / sizeof(*table); at++) {
        struct pl_link_url url;
        struct pl_err err = {.text = ""};

        if (pl_link_url_parse(table[at].text, &url, &err) != PL_OK)
            fail_msg("%s: %s", table[at].text, err.text);
        assert_int_equal(url.kind, table[at].url.kind);
        assert_string_equal(url.host, table[at].url.host);
        assert_string_equal(url.port, table[at].url.port);
        assert_string_equal(url.user, table[at].url.user);
        assert_int_equal(url.db, table[at].url.db);
    }
}

static void test_bad(void **state)
{
    static const struct {
        const char *text, *part;
    } table[] = {
        {"", "must begin"},
        {"localhost:6379", "must begin"},
        {"http://localhost", "must begin"},
        {"REDIS://localhost", "must begin"},
        {"redis://", "host"},
        {"redis://:6379", "host"},
        {"redis://h:0", "port"},
        {"redis://h:65536", "port"},
        {"redis://h:", "port"},
        {"redis://h:+1", "port"},
        {"redis://h:6379x", "port"},
        {"redis://::1", "host"},
        {"redis://fe80::1", "brackets"},
        {"redis://[::1", "[address]"},
        {"redis://[::1]6379", "[address]"},
        {"redis://h/x", "database"},
        {"redis://h/-1", "database"},
        {"redis://h/0/1", "database"},
        {"redis://h/1000001", "database"},
        {"redis://@h", "user"},
        {"redis://user@secret@h", "@"},
        {"redis://user:secret@h", "password_file"},
        {"redis://:secret@h", "password_file"},
        {"redis://h /0", "blanks"},
        {"redis://h\n", "blanks"},
        {"unix://run/redis.sock", "absolute"},
        {"unix://", "absolute"},
        {"unix:///a?x=1", "?db=N"},
        {"unix:///a?db=", "database"},
        {"unix:///123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
         "01234567",
         "longer than"},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(table) / sizeof(*table); at++) {
        struct pl_link_url url;
        struct pl_err err = {.text = ""};

        if (pl_link_url_parse(table[at].text, &url, &err) != PL_ERR_INPUT)
            fail_msg("%s was accepted", table[at].text);
        if (!strstr(err.text, table[at].part))
            fail_msg("%s: \"%s\" does not speak of %s", table[at].text, err.text, table[at].part);
        assert_null(strstr(err.text, "secret"));
    }
}

static void test_address(void **state)
{
    struct sockaddr_storage address;
    struct pl_link_url url;
    struct pl_err err;
    socklen_t len;

    (void)state;
    assert_int_equal(pl_link_url_parse("unix:///run/x.sock", &url, NULL), PL_OK);
    assert_int_equal(pl_link_url_address(&url, 5, &address, &len, NULL), PL_OK);
    assert_int_equal(address.ss_family, AF_UNIX);
    assert_string_equal(((struct sockaddr_un *)&address)->sun_path, "/run/x.sock");
    assert_int_equal(pl_link_url_parse("redis://127.0.0.9:77", &url, NULL), PL_OK);
    for (unsigned attempt = 0; attempt < 3; attempt++) {
        assert_int_equal(pl_link_url_address(&url, attempt, &address, &len, NULL), PL_OK);
        assert_int_equal(address.ss_family, AF_INET);
        assert_int_equal(ntohs(((struct sockaddr_in *)&address)->sin_port), 77);
        assert_int_equal(ntohl(((struct sockaddr_in *)&address)->sin_addr.s_addr), 0x7f000009);
    }
    assert_int_equal(pl_link_url_parse("redis://[::1]:78", &url, NULL), PL_OK);
    assert_int_equal(pl_link_url_address(&url, 0, &address, &len, NULL), PL_OK);
    assert_int_equal(address.ss_family, AF_INET6);
    assert_int_equal(pl_link_url_parse("redis://-no-such-name-.invalid", &url, NULL), PL_OK);
    assert_int_equal(pl_link_url_address(&url, 0, &address, &len, &err), PL_ERR_IO);
    assert_non_null(strstr(err.text, "-no-such-name-.invalid"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
