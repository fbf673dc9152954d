#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "adapter/link_where.h"

#include <stdio.h>
#include <string.h>

static void test_good(void **state)
{
    static const struct {
        const char *text;
        enum pl_link_topology topology;
        enum pl_link_kind kind;
        const char *seeds, *user, *master;
        int db;
    } table[] = {
        {"redis://h:1/2", PL_LINK_SINGLE, PL_LINK_TCP, "h:1", "", "", 2},
        {"unix:///s?db=3", PL_LINK_SINGLE, PL_LINK_UNIX, "/s:", "", "", 3},
        {"redis+sentinel://a:1,b:2/main/4", PL_LINK_SENTINEL, PL_LINK_TCP, "a:1 b:2", "", "main", 4},
        {"redis+sentinel://a,b:2,[::1],[::2]:7/m", PL_LINK_SENTINEL, PL_LINK_TCP, "a:26379 b:2 ::1:26379 ::2:7", "",
         "m", 0},
        {"rediss+sentinel://me@a/m/", PL_LINK_SENTINEL, PL_LINK_TLS, "a:26379", "me", "m", 0},
        {"redis+cluster://a:1,b", PL_LINK_CLUSTER, PL_LINK_TCP, "a:1 b:6379", "", "", 0},
        {"rediss+cluster://me@a:1/0", PL_LINK_CLUSTER, PL_LINK_TLS, "a:1", "me", "", 0},
        {"redis+cluster://[2001:db8::1]:7000/", PL_LINK_CLUSTER, PL_LINK_TCP, "2001:db8::1:7000", "", "", 0},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(table) / sizeof(*table); at++) {
        struct pl_link_where where;
        struct pl_err err = {.text = ""};
        char seeds[512] = "";

        if (pl_link_where_parse(table[at].text, &where, &err) != PL_OK)
            fail_msg("%s: %s", table[at].text, err.text);
        for (unsigned seed = 0; seed < where.n_seeds; seed++) {
            size_t len = strlen(seeds);

            snprintf(seeds + len, sizeof(seeds) - len, "%s%s:%s", seed ? " " : "", where.seeds[seed].host,
                     where.seeds[seed].port);
            assert_int_equal(where.seeds[seed].kind, table[at].kind);
            assert_string_equal(where.seeds[seed].user, table[at].user);
        }
        assert_string_equal(seeds, table[at].seeds);
        assert_int_equal(where.topology, table[at].topology);
        assert_string_equal(where.master, table[at].master);
        assert_int_equal(where.db, table[at].db);
    }
}

static void test_bad(void **state)
{
    static const struct {
        const char *text, *part;
    } table[] = {
        {"", "must begin"},
        {"redis+other://a/m", "must begin"},
        {"redis+sentinel://", "host"},
        {"redis+sentinel:///m", "host"},
        {"redis+sentinel://a:1", "name of the master"},
        {"redis+sentinel://a:1/", "name of the master"},
        {"redis+sentinel://a:1//0", "name of the master"},
        {"redis+sentinel://a:1,/m", "host"},
        {"redis+sentinel://a:0/m", "port"},
        {"redis+sentinel://a:1/m/x", "database"},
        {"redis+sentinel://a:1/m/-1", "database"},
        {"redis+sentinel://me:secret@a:1/m", "password"},
        {"redis+cluster://", "host"},
        {"redis+cluster://a,,b", "host"},
        {"redis+cluster://a/1", "database"},
        {"redis+cluster://a b", "blanks"},
        {"redis+cluster://a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", "more than 16"},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(table) / sizeof(*table); at++) {
        struct pl_link_where where;
        struct pl_err err = {.text = ""};

        assert_int_equal(pl_link_where_parse(table[at].text, &where, &err), PL_ERR_INPUT);
        if (!strstr(err.text, table[at].part))
            fail_msg("%s: %s", table[at].text, err.text);
        assert_null(strstr(err.text, "secret"));
    }
}

/* What is made of an address is read as that address. */
static void test_url(void **state)
{
    static const struct pl_link_url table[] = {
        {PL_LINK_TCP, "127.0.0.1", "7000", "", 0},
        {PL_LINK_TLS, "redis1.example", "1", "", 12},
        {PL_LINK_TCP, "2001:db8::1", "65535", "", 3},
        {PL_LINK_UNIX, "/run/redis.sock", "", "", 5},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(table) / sizeof(*table); at++) {
        struct pl_link_url url;
        char text[PL_LINK_URL_BYTES];

        pl_link_where_url(table[at].kind, table[at].host, table[at].port, table[at].db, text);
        assert_int_equal(pl_link_url_parse(text, &url, NULL), PL_OK);
        assert_int_equal(url.kind, table[at].kind);
        assert_string_equal(url.host, table[at].host);
        assert_string_equal(url.port, table[at].port);
        assert_int_equal(url.db, table[at].db);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_url),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
