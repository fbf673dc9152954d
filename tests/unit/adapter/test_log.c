#include "adapter/log.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* stderr as one end of a datagram pair: each write(2) is one message, so a line in two pieces would be seen. */
struct capture {
    int fd;
    int saved;
    char text[4096];
};

static void capture_begin(struct capture *capture)
{
    int pair[2];

    fflush(stderr);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
    capture->saved = dup(STDERR_FILENO);
    assert_true(capture->saved >= 0);
    assert_int_equal(dup2(pair[1], STDERR_FILENO), STDERR_FILENO);
    close(pair[1]);
    capture->fd = pair[0];
}

static void capture_end(struct capture *capture)
{
    assert_int_equal(dup2(capture->saved, STDERR_FILENO), STDERR_FILENO);
    close(capture->saved);
    close(capture->fd);
}

/* The next message, or NULL when there is none. */
static const char *capture_next(struct capture *capture)
{
    ssize_t len = recv(capture->fd, capture->text, sizeof(capture->text) - 1, MSG_DONTWAIT);

    if (len < 0)
        return NULL;
    capture->text[len] = '\0';
    return capture->text;
}

static void test_one_write_with_priority_and_newline(void **state)
{
    struct capture capture;

    (void)state;
    pl_log_set_level(PL_LOG_INFO);
    capture_begin(&capture);
    pl_log(PL_LOG_ERROR, "event=%s n=%d", "start", 3);
    pl_log(PL_LOG_WARNING, "event=warned");
    pl_log(PL_LOG_INFO, "event=told");
    assert_string_equal(capture_next(&capture), "<3>event=start n=3\n");
    assert_string_equal(capture_next(&capture), "<4>event=warned\n");
    assert_string_equal(capture_next(&capture), "<6>event=told\n");
    assert_null(capture_next(&capture));
    capture_end(&capture);
}

static void test_level_decides(void **state)
{
    struct capture capture;

    (void)state;
    capture_begin(&capture);
    pl_log_set_level(PL_LOG_WARNING);
    pl_log(PL_LOG_INFO, "event=hidden");
    pl_log(PL_LOG_DEBUG, "event=hidden");
    assert_null(capture_next(&capture));
    pl_log_set_level(PL_LOG_DEBUG);
    pl_log(PL_LOG_DEBUG, "event=shown");
    assert_string_equal(capture_next(&capture), "<7>event=shown\n");
    pl_log_set_level(PL_LOG_INFO);
    capture_end(&capture);
}

static void test_level_names(void **state)
{
    enum pl_log_level level;

    (void)state;
    assert_true(pl_log_level_of("error", &level));
    assert_int_equal(level, 3);
    assert_true(pl_log_level_of("warning", &level));
    assert_int_equal(level, 4);
    assert_true(pl_log_level_of("info", &level));
    assert_int_equal(level, 6);
    assert_true(pl_log_level_of("debug", &level));
    assert_int_equal(level, 7);
    assert_false(pl_log_level_of("notice", &level));
    assert_false(pl_log_level_of("", &level));
    assert_false(pl_log_level_of(NULL, &level));
    assert_int_equal(level, 7);
}

static void test_long_line_is_cut_and_stays_a_line(void **state)
{
    struct capture capture;
    char text[3000];
    const char *line;

    (void)state;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    capture_begin(&capture);
    pl_log(PL_LOG_ERROR, "event=%s", text);
    line = capture_next(&capture);
    assert_non_null(line);
    assert_int_equal(strlen(line), 1024);
    assert_int_equal(strncmp(line, "<3>event=xxx", 12), 0);
    assert_int_equal(line[1023], '\n');
    assert_null(capture_next(&capture));
    capture_end(&capture);
}

static void test_control_bytes_make_no_second_line(void **state)
{
    struct capture capture;

    (void)state;
    capture_begin(&capture);
    pl_log(PL_LOG_ERROR, "event=x text=%s", "a\n<3>event=forged\r\t\x1b[0m\x7f");
    assert_string_equal(capture_next(&capture), "<3>event=x text=a?<3>event=forged???[0m?\n");
    assert_null(capture_next(&capture));
    capture_end(&capture);
}

static void test_errno_survives(void **state)
{
    struct capture capture;

    (void)state;
    capture_begin(&capture);
    close(STDERR_FILENO);
    errno = ENOENT;
    pl_log(PL_LOG_ERROR, "event=nowhere");
    assert_int_equal(errno, ENOENT);
    capture_end(&capture);
}

/* A pipe that nobody reads: logging returns, and later says what is missing. */
static void test_full_pipe_loses_lines_and_says_so(void **state)
{
    enum { LINES = 2000 };
    static char text[1 << 20];
    char expected[64];
    int pipes[2], saved = dup(STDERR_FILENO), lines = 0;
    ssize_t len;

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    dup2(pipes[1], STDERR_FILENO);
    for (int i = 0; i < LINES; i++)
        pl_log(PL_LOG_INFO, "event=filling text=%0100d", i);
    len = read(pipes[0], text, sizeof(text));
    for (ssize_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    pl_log(PL_LOG_INFO, "event=again");
    pl_log(PL_LOG_INFO, "event=again");
    dup2(saved, STDERR_FILENO);
    assert_in_range(lines, 100, LINES - 1);
    assert_int_equal(text[len - 1], '\n');
    len = read(pipes[0], text, sizeof(text) - 1);
    assert_true(len > 0);
    text[len] = '\0';
    snprintf(expected, sizeof(expected), "<4>event=log_lines_lost n=%d\n", LINES - lines);
    assert_int_equal(strncmp(text, expected, strlen(expected)), 0);
    assert_string_equal(text + strlen(expected), "<6>event=again\n<6>event=again\n");
    close(saved);
    close(pipes[0]);
    close(pipes[1]);
}

static void *log_much(void *ctx)
{
    for (int i = 0; i < 200; i++)
        pl_log(PL_LOG_INFO, "event=from_thread thread=%d n=%03d", *(int *)ctx, i);
    return NULL;
}

static void test_lines_of_threads_do_not_mix(void **state)
{
    static char text[1 << 16];
    int pipes[2], saved = dup(STDERR_FILENO), ids[4] = {0, 1, 2, 3}, next[4] = {0};
    pthread_t threads[4];
    ssize_t len;
    char *rest = text;

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    dup2(pipes[1], STDERR_FILENO);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_much, &ids[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    dup2(saved, STDERR_FILENO);
    len = read(pipes[0], text, sizeof(text) - 1);
    assert_true(len > 0);
    text[len] = '\0';
    while (*rest) { /* every line is whole, and each thread's lines are in order */
        int thread, n, used = 0;

        assert_int_equal(sscanf(rest, "<6>event=from_thread thread=%1d n=%3d%n", &thread, &n, &used), 2);
        assert_int_equal(rest[used], '\n');
        assert_in_range(thread, 0, 3);
        assert_int_equal(n, next[thread]++);
        rest += used + 1;
    }
    for (int i = 0; i < 4; i++)
        assert_int_equal(next[i], 200);
    close(saved);
    close(pipes[0]);
    close(pipes[1]);
}

static const char *escaped(const char *text, size_t len, char *out, size_t cap)
{
    return pl_log_escape((struct pl_span){text, len}, out, cap);
}

static void test_escape(void **state)
{
    char out[300];

    (void)state;
    assert_string_equal(escaped("Order Completed", 15, out, sizeof(out)), "Order Completed");
    assert_string_equal(escaped("a\nb\0c\x1b", 6, out, sizeof(out)), "a\\x0ab\\x00c\\x1b");
    assert_string_equal(escaped("\"'\\", 3, out, sizeof(out)), "\\x22\\x27\\x5c");
    assert_string_equal(escaped("\xe2\x80\xa8\x7f\xff", 5, out, sizeof(out)), "\\xe2\\x80\\xa8\\x7f\\xff");
    assert_string_equal(escaped(NULL, 0, out, sizeof(out)), "");
    assert_ptr_equal(escaped("x", 1, out, sizeof(out)), out);
}

static void test_escape_is_cut(void **state)
{
    char text[400], out[1000];

    (void)state;
    memset(text, 'x', sizeof(text));
    assert_int_equal(strlen(escaped(text, sizeof(text), out, sizeof(out))), 256);
    memset(text, 1, sizeof(text));
    assert_int_equal(strlen(escaped(text, sizeof(text), out, sizeof(out))), 256);
    text[0] = 'x'; /* 1 + 63 * 4 = 253; a 64th escape would end at 257 and is left out whole */
    assert_int_equal(strlen(escaped(text, sizeof(text), out, sizeof(out))), 253);
    assert_string_equal(escaped("abcd", 4, out, 4), "abc");
    assert_string_equal(escaped("ab\n", 3, out, 6), "ab");
    assert_string_equal(escaped("ab\n", 3, out, 7), "ab\\x0a");
    assert_string_equal(escaped("abcd", 4, out, 1), "");
    out[0] = 'z';
    assert_string_equal(escaped("abcd", 4, out, 0), "");
    assert_int_equal(out[0], 'z');
}

static void test_rate_limit(void **state)
{
    struct pl_log_limit limit = {0};
    int64_t start = 3600 * INT64_C(1000000), end = start + PL_LOG_INTERVAL_US;
    unsigned suppressed = 99;

    (void)state;
    for (int i = 0; i < PL_LOG_BURST; i++) {
        assert_true(pl_log_allowed(&limit, start + i, &suppressed));
        assert_int_equal(suppressed, 0);
    }
    for (int i = 0; i < 7; i++)
        assert_false(pl_log_allowed(&limit, end - 7 + i, &suppressed));
    assert_true(pl_log_allowed(&limit, end, &suppressed));
    assert_int_equal(suppressed, 7);
    assert_true(pl_log_allowed(&limit, end + 1, &suppressed));
    assert_int_equal(suppressed, 0);
}

static void test_rate_limit_right_after_boot(void **state)
{
    struct pl_log_limit limit = {0};
    unsigned suppressed;

    (void)state;
    for (int i = 0; i < PL_LOG_BURST; i++)
        assert_true(pl_log_allowed(&limit, 5, &suppressed));
    assert_false(pl_log_allowed(&limit, 5, &suppressed));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_write_with_priority_and_newline),
        cmocka_unit_test(test_level_decides),
        cmocka_unit_test(test_level_names),
        cmocka_unit_test(test_long_line_is_cut_and_stays_a_line),
        cmocka_unit_test(test_control_bytes_make_no_second_line),
        cmocka_unit_test(test_errno_survives),
        cmocka_unit_test(test_full_pipe_loses_lines_and_says_so),
        cmocka_unit_test(test_lines_of_threads_do_not_mix),
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_escape_is_cut),
        cmocka_unit_test(test_rate_limit),
        cmocka_unit_test(test_rate_limit_right_after_boot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
