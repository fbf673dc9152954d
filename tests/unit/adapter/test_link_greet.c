#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "adapter/link_greet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/plateaud-test-XXXXXX";

static int make_file(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void password(const char *text, size_t len)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    fclose(file);
}

static void test_write(void **state)
{
    struct pl_link_greet all = {.user = "me", .password_file = path, .name = "plateaud", .db = 7};
    struct pl_link_greet least = {.peer = PL_LINK_NODE}, old = {.password_file = path};
    struct pl_link_greet asked = {.peer = PL_LINK_ASKED, .name = "plateaud", .db = 7};
    struct pl_buf out = {0};

    (void)state;
    password("open sesame\n", 12);
    assert_int_equal(pl_link_greet_write(&all, &out, NULL), PL_OK);
    assert_string_equal(out.ptr, "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$11\r\nopen sesame\r\n"
                                 "*2\r\n$6\r\nSELECT\r\n$1\r\n7\r\n"
                                 "*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$8\r\nplateaud\r\n"
                                 "*1\r\n$4\r\nROLE\r\n*2\r\n$4\r\nINFO\r\n$6\r\nmemory\r\n"
                                 "*2\r\n$4\r\nINFO\r\n$7\r\ncluster\r\n");
    assert_int_equal(all.n_steps, 6);
    for (unsigned at = 0; at < 6; at++)
        assert_int_equal(all.steps[at], at);
    pl_buf_clear(&out);
    assert_int_equal(pl_link_greet_write(&least, &out, NULL), PL_OK);
    assert_string_equal(out.ptr, "*1\r\n$4\r\nROLE\r\n*2\r\n$4\r\nINFO\r\n$6\r\nmemory\r\n");
    assert_int_equal(least.n_steps, 2);
    assert_int_equal(least.steps[0], PL_LINK_GREET_ROLE);
    pl_buf_clear(&out);
    assert_int_equal(pl_link_greet_write(&asked, &out, NULL), PL_OK);
    assert_int_equal(asked.n_steps, 0);
    assert_int_equal(out.len, 0);
    assert_int_equal(pl_link_greet_write(&old, &out, NULL), PL_OK);
    assert_memory_equal(out.ptr, "*2\r\n$4\r\nAUTH\r\n$11\r\nopen sesame\r\n", 32);
    pl_buf_fini(&out);
}

static void test_password_file(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        const char *sent; /* NULL: refused */
    } table[] = {
        {"p", 1, "$1\r\np\r\n"},
        {"p\n", 2, "$1\r\np\r\n"},
        {"p\r\n", 3, "$1\r\np\r\n"},
        {" p \n\n", 5, "$3\r\n p \r\n"}, /* blanks belong to it */
        {"a\nb\n", 4, "$3\r\na\nb\r\n"},
        {"", 0, NULL},
        {"\n", 1, NULL},
    };
    struct pl_link_greet greet = {.password_file = path};
    struct pl_buf out = {0}, large = {0};
    struct pl_err err;

    (void)state;
    for (size_t at = 0; at < sizeof(table) / sizeof(*table); at++) {
        password(table[at].text, table[at].len);
        pl_buf_clear(&out);
        assert_int_equal(pl_link_greet_write(&greet, &out, &err), table[at].sent ? PL_OK : PL_ERR_INPUT);
        if (table[at].sent)
            assert_non_null(strstr(out.ptr, table[at].sent));
    }
    for (int at = 0; at < 4096; at++)
        pl_buf_add_char(&large, 'x');
    password(large.ptr, 4096);
    assert_int_equal(pl_link_greet_write(&greet, &out, &err), PL_OK);
    pl_buf_add_char(&large, 'x');
    password(large.ptr, 4097);
    assert_int_equal(pl_link_greet_write(&greet, &out, &err), PL_ERR_INPUT);
    assert_non_null(strstr(err.text, "too long"));
    greet.password_file = "/nonexistent/p";
    assert_int_equal(pl_link_greet_write(&greet, &out, &err), PL_ERR_IO);
    assert_string_equal(err.text, "password_file /nonexistent/p: No such file or directory");
    greet.password_file = "/tmp";
    assert_int_equal(pl_link_greet_write(&greet, &out, &err), PL_ERR_IO);
    pl_buf_fini(&out);
    pl_buf_fini(&large);
}

static enum pl_status check(enum pl_link_greet_step step, enum pl_reply_type type, const char *text, struct pl_err *err)
{
    static const struct pl_link_greet greet = {.user = "me", .password_file = "/p"};
    struct pl_reply reply = {.type = type, .text = pl_span_of(text)};

    return pl_link_greet_check(&greet, step, &reply, err);
}

static void test_errors(void **state)
{
    static const struct {
        enum pl_link_greet_step step;
        const char *text, *part;
    } table[] = {
        {PL_LINK_GREET_AUTH, "WRONGPASS invalid username-password pair or user is disabled.", "WRONGPASS"},
        {PL_LINK_GREET_AUTH, "ERR AUTH <password> called without any password configured", "knows no password"},
        {PL_LINK_GREET_AUTH, "ERR Client sent AUTH, but no password is set", "knows no password"},
        {PL_LINK_GREET_AUTH, "ERR unknown command `AUTH`, with args beginning with: `me`, `secret`, ", "refused"},
        {PL_LINK_GREET_AUTH, "NOPERM this user has no permissions", "+auth"},
        {PL_LINK_GREET_SELECT, "ERR DB index is out of range", "SELECT: ERR DB index is out of range"},
        {PL_LINK_GREET_SELECT, "NOPERM this user has no permissions to run the 'select' command", "+select"},
        {PL_LINK_GREET_ROLE, "NOPERM this user has no permissions to run the 'role' command", "+role"},
        {PL_LINK_GREET_INFO, "NOPERM this user has no permissions to run the 'info' command", "+info"},
        {PL_LINK_GREET_INFO, "LOADING Redis is loading the dataset in memory", "INFO: LOADING"},
        {PL_LINK_GREET_ROLE, "NOAUTH Authentication required.", "ROLE: NOAUTH"},
    };
    struct pl_err err;

    (void)state;
    for (size_t at = 0; at < sizeof(table) / sizeof(*table); at++) {
        assert_int_equal(check(table[at].step, PL_REPLY_ERROR, table[at].text, &err), PL_ERR_INPUT);
        if (!strstr(err.text, table[at].part))
            fail_msg("\"%s\" does not speak of %s", err.text, table[at].part);
        assert_null(strstr(err.text, "secret"));
    }
    assert_int_equal(check(PL_LINK_GREET_AUTH, PL_REPLY_STATUS, "OK", &err), PL_OK);
    assert_int_equal(check(PL_LINK_GREET_AUTH, PL_REPLY_STATUS, "KO", &err), PL_ERR_INPUT);
    assert_int_equal(check(PL_LINK_GREET_SELECT, PL_REPLY_INTEGER, "", &err), PL_ERR_INPUT);
}

static void test_role(void **state)
{
    static const char *const others[] = {"slave", "sentinel", "", "masters", "a role longer than thirty-two bytes"};
    struct pl_link_greet greet = {0};
    struct pl_reply role = {.type = PL_REPLY_STRING, .text = pl_span_of("master")};
    struct pl_reply reply = {.type = PL_REPLY_ARRAY, .n = 1, .elements = &role};

    (void)state;
    assert_int_equal(pl_link_greet_check(&greet, PL_LINK_GREET_ROLE, &reply, NULL), PL_OK);
    for (size_t at = 0; at < sizeof(others) / sizeof(*others); at++) {
        role.text = pl_span_of(others[at]);
        assert_int_equal(pl_link_greet_check(&greet, PL_LINK_GREET_ROLE, &reply, NULL), PL_ERR_INPUT);
    }
    reply.n = 0;
    assert_int_equal(pl_link_greet_check(&greet, PL_LINK_GREET_ROLE, &reply, NULL), PL_ERR_INPUT);
    assert_int_equal(check(PL_LINK_GREET_ROLE, PL_REPLY_STRING, "master", NULL), PL_ERR_INPUT);
}

static void test_policy(void **state)
{
    static const struct {
        const char *info;
        enum pl_status status;
    } table[] = {
        {"# Memory\r\nused_memory:1\r\nmaxmemory_policy:noeviction\r\nx:1\r\n", PL_OK},
        {"maxmemory_policy:noeviction", PL_OK},
        {"# Memory\r\nmaxmemory_policy:allkeys-lru\r\n", PL_ERR_INPUT},
        {"# Memory\r\nmaxmemory_policy:volatile-ttl\r\n", PL_ERR_INPUT},
        {"# Memory\r\nmaxmemory_policy:noevictions\r\n", PL_ERR_INPUT},
        {"# Memory\r\nold_maxmemory_policy:noeviction\r\n", PL_ERR_INPUT},
        {"# Memory\r\nmaxmemory_policy:\r\n", PL_ERR_INPUT},
        {"# Memory\r\n", PL_ERR_INPUT},
        {"", PL_ERR_INPUT},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(table) / sizeof(*table); at++)
        assert_int_equal(check(PL_LINK_GREET_INFO, PL_REPLY_STRING, table[at].info, NULL), table[at].status);
    assert_int_equal(check(PL_LINK_GREET_INFO, PL_REPLY_NIL, "", NULL), PL_ERR_INPUT);
}

static void test_cluster(void **state)
{
    struct pl_err err = {.text = ""};

    (void)state;
    assert_int_equal(check(PL_LINK_GREET_CLUSTER, PL_REPLY_STRING, "# Cluster\r\ncluster_enabled:0\r\n", NULL), PL_OK);
    assert_int_equal(check(PL_LINK_GREET_CLUSTER, PL_REPLY_STRING, "", NULL), PL_OK);
    assert_int_equal(check(PL_LINK_GREET_CLUSTER, PL_REPLY_STRING, "# Cluster\r\ncluster_enabled:1\r\n", &err),
                     PL_ERR_INPUT);
    assert_non_null(strstr(err.text, "redis+cluster://"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write), cmocka_unit_test(test_password_file), cmocka_unit_test(test_errors),
        cmocka_unit_test(test_role),  cmocka_unit_test(test_policy),        cmocka_unit_test(test_cluster),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
