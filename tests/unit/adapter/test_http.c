#include "adapter/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* A server on a free loopback port; its base is pumped by the test itself between the client's steps. */
struct fixture {
    struct event_base *base;
    struct pl_http *http;
    unsigned calls;
    char *text; /* the last answer, owned */
    size_t len;
};

static int serve_metrics(void *ctx, struct pl_buf *body)
{
    ((struct fixture *)ctx)->calls++;
    pl_buf_add_text(body, "# HELP a b\na 1\n");
    return 200;
}

static int serve_unready(void *ctx, struct pl_buf *body)
{
    (void)ctx;
    pl_buf_add_text(body, "redis: down\n");
    return 503;
}

static int serve_big(void *ctx, struct pl_buf *body)
{
    (void)ctx;
    for (int i = 0; i < 40000; i++)
        pl_buf_add_text(body, "0123456789abcdef0123456789abcde\n");
    return 200;
}

static int serve_too_big(void *ctx, struct pl_buf *body)
{
    (void)ctx;
    for (size_t i = 0; i <= PL_HTTP_BODY_BYTES / 8; i++)
        pl_buf_add_text(body, "01234567");
    return 200;
}

static const struct pl_http_route routes[] = {
    {"/metrics", "text/plain; version=0.0.4", serve_metrics},
    {"/-/ready", "text/plain", serve_unready},
    {"/big", "text/plain", serve_big},
    {"/too-big", "text/plain", serve_too_big},
};

static int begin_at(void **state, const char *listen)
{
    struct fixture *fix = calloc(1, sizeof(*fix));
    struct pl_err err = {0};

    assert_non_null(fix);
    fix->base = event_base_new();
    assert_non_null(fix->base);
    assert_int_equal(pl_http_new(fix->base, listen, routes, 4, fix, &fix->http, &err), PL_OK);
    assert_true(pl_http_port(fix->http) > 0);
    *state = fix;
    return 0;
}

static int begin(void **state)
{
    return begin_at(state, "127.0.0.1:0");
}

static int begin_any(void **state)
{
    return begin_at(state, "0.0.0.0:0");
}

static int end(void **state)
{
    struct fixture *fix = *state;

    pl_http_free(fix->http);
    event_base_free(fix->base);
    free(fix->text);
    free(fix);
    return 0;
}

static int client(struct fixture *fix)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)pl_http_port(fix->http))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void pump(struct fixture *fix, int rounds)
{
    for (int i = 0; i < rounds; i++)
        event_base_loop(fix->base, EVLOOP_NONBLOCK);
}

/* Send bytes as the server takes them. */
static void send_all(struct fixture *fix, int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t sent = send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);

        assert_true(sent > 0 || errno == EAGAIN);
        bytes += sent > 0 ? sent : 0;
        len -= sent > 0 ? (size_t)sent : 0;
        pump(fix, 1);
    }
}

/* Read until the server closes; the answer is fix->text. Returns false when the connection was reset. */
static bool read_all(struct fixture *fix, int fd)
{
    free(fix->text);
    fix->len = 0;
    fix->text = malloc(PL_HTTP_BODY_BYTES);
    assert_non_null(fix->text);
    for (;;) {
        ssize_t got = recv(fd, fix->text + fix->len, PL_HTTP_BODY_BYTES - fix->len - 1, MSG_DONTWAIT);

        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            fix->text[fix->len] = '\0';
            return got == 0;
        }
        if (got > 0)
            fix->len += (size_t)got;
        else
            poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 1);
        pump(fix, 1);
    }
}

static int status_of_text(const char *text)
{
    int status = 0;

    assert_int_equal(sscanf(text, "HTTP/1.1 %d ", &status), 1);
    return status;
}

static const char *body_of(struct fixture *fix)
{
    const char *end_of_head = strstr(fix->text, "\r\n\r\n");

    assert_non_null(end_of_head);
    return end_of_head + 4;
}

static int exchange(struct fixture *fix, const char *request)
{
    int fd = client(fix);

    send_all(fix, fd, request, strlen(request));
    assert_true(read_all(fix, fd));
    close(fd);
    pump(fix, 2);
    return status_of_text(fix->text);
}

static void test_get(void **state)
{
    struct fixture *fix = *state;

    assert_int_equal(exchange(fix, "GET /metrics HTTP/1.1\r\nHost: localhost:9188\r\n\r\n"), 200);
    assert_string_equal(body_of(fix), "# HELP a b\na 1\n");
    assert_non_null(strstr(fix->text, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(fix->text, "\r\nContent-Type: text/plain; version=0.0.4\r\n"));
    assert_non_null(strstr(fix->text, "\r\nContent-Length: 15\r\n"));
    assert_non_null(strstr(fix->text, "\r\nConnection: close\r\n"));
    assert_non_null(strstr(fix->text, "\r\nCache-Control: no-store\r\n"));
    assert_non_null(strstr(fix->text, "\r\nX-Content-Type-Options: nosniff\r\n"));
    assert_non_null(strstr(fix->text, "\r\nContent-Security-Policy: default-src 'none';"));
    assert_null(strstr(fix->text, "Access-Control"));
    assert_int_equal(exchange(fix, "GET /metrics?format=text HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"), 200);
    assert_int_equal(fix->calls, 2);
}

static void test_status_of_the_handler(void **state)
{
    struct fixture *fix = *state;

    assert_int_equal(exchange(fix, "GET /-/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"), 503);
    assert_string_equal(body_of(fix), "redis: down\n");
}

static void test_head_has_length_but_no_body(void **state)
{
    struct fixture *fix = *state;

    assert_int_equal(exchange(fix, "HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"), 200);
    assert_string_equal(body_of(fix), "");
    assert_non_null(strstr(fix->text, "\r\nContent-Length: 15\r\n"));
    assert_int_equal(exchange(fix, "HEAD /none HTTP/1.1\r\nHost: localhost\r\n\r\n"), 404);
    assert_string_equal(body_of(fix), "");
}

static void test_unknown_path(void **state)
{
    struct fixture *fix = *state;

    assert_int_equal(exchange(fix, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), 404);
    assert_string_equal(body_of(fix), "404 Not Found\n");
    assert_int_equal(exchange(fix, "GET /metrics/ HTTP/1.1\r\nHost: localhost\r\n\r\n"), 404);
    assert_int_equal(exchange(fix, "GET /%6detrics HTTP/1.1\r\nHost: localhost\r\n\r\n"), 404);
    assert_int_equal(exchange(fix, "GET /../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n"), 404);
    assert_int_equal(fix->calls, 0);
}

static void test_wrong_method(void **state)
{
    struct fixture *fix = *state;

    assert_int_equal(exchange(fix, "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"), 405);
    assert_non_null(strstr(fix->text, "\r\nAllow: GET, HEAD\r\n"));
    assert_int_equal(exchange(fix, "BREW /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"), 501);
    assert_null(strstr(fix->text, "\r\nAllow:"));
    assert_int_equal(fix->calls, 0);
}

static void test_rebinding(void **state)
{
    struct fixture *fix = *state;

    assert_int_equal(exchange(fix, "GET /metrics HTTP/1.1\r\nHost: evil.example:9188\r\n\r\n"), 421);
    assert_int_equal(exchange(fix, "GET /metrics HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n"), 421);
    assert_int_equal(exchange(fix, "GET /metrics HTTP/1.1\r\nHost: 10.1.2.3\r\n\r\n"), 421);
    assert_int_equal(exchange(fix, "GET /metrics HTTP/1.1\r\n\r\n"), 400);
    assert_int_equal(fix->calls, 0);
    assert_int_equal(exchange(fix, "GET /metrics HTTP/1.1\r\nHost: [::1]:9188\r\n\r\n"), 200);
    assert_int_equal(exchange(fix, "GET /metrics HTTP/1.1\r\nHost: LOCALHOST\r\n\r\n"), 200);
    assert_int_equal(fix->calls, 2);
}

/* Listening everywhere does not make every name ours. */
static void test_rebinding_on_any_address(void **state)
{
    struct fixture *fix = *state;

    assert_int_equal(exchange(fix, "GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 421);
    assert_int_equal(exchange(fix, "GET /metrics HTTP/1.1\r\nHost: 10.1.2.3\r\n\r\n"), 421);
    assert_int_equal(exchange(fix, "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"), 200);
}

static void test_malformed(void **state)
{
    struct fixture *fix = *state;
    int fd;

    assert_int_equal(exchange(fix, "nonsense\r\n\r\n"), 400);
    assert_int_equal(exchange(fix, "GET /metrics HTTP/2.0\r\nHost: localhost\r\n\r\n"), 505);
    assert_int_equal(exchange(fix, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"), 413);
    assert_int_equal(fix->calls, 0);
    fd = client(fix); /* closed without a word */
    close(fd);
    pump(fix, 3);
    assert_int_equal(exchange(fix, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"), 200);
}

/* Fill the head up to total bytes, its empty line included, with one long header. */
static char *head_of(size_t total)
{
    static const char start[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: ";
    char *head = malloc(total + 1);

    assert_non_null(head);
    memset(head, 'x', total);
    memcpy(head, start, sizeof(start) - 1);
    memcpy(head + total - 4, "\r\n\r\n", 5);
    return head;
}

static void test_head_limit(void **state)
{
    struct fixture *fix = *state;
    char *head = head_of(PL_HTTP_HEAD_BYTES);

    assert_int_equal(exchange(fix, head), 200);
    free(head);
    head = head_of(PL_HTTP_HEAD_BYTES + 1);
    assert_int_equal(exchange(fix, head), 431);
    free(head);
    head = head_of(20000);
    assert_int_equal(exchange(fix, head), 431);
    free(head);
    assert_int_equal(fix->calls, 1);
}

static void test_byte_by_byte(void **state)
{
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    struct fixture *fix = *state;
    int fd = client(fix);

    for (size_t i = 0; i < sizeof(request) - 1; i++) {
        assert_int_equal(fix->calls, 0);
        send_all(fix, fd, request + i, 1);
    }
    assert_true(read_all(fix, fd));
    assert_int_equal(status_of_text(fix->text), 200);
    close(fd);
}

static void test_one_request_per_connection(void **state)
{
    struct fixture *fix = *state;

    assert_int_equal(exchange(fix, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
                                   "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"),
                     200);
    assert_string_equal(body_of(fix), "# HELP a b\na 1\n");
    assert_int_equal(fix->calls, 1);
}

static void test_big_answer_arrives_whole(void **state)
{
    struct fixture *fix = *state;

    assert_int_equal(exchange(fix, "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n"), 200);
    assert_int_equal(strlen(body_of(fix)), 40000 * 32);
    assert_int_equal(exchange(fix, "GET /too-big HTTP/1.1\r\nHost: localhost\r\n\r\n"), 500);
    assert_string_equal(body_of(fix), "500 Internal Server Error\n");
}

static void test_half_closed_client_is_answered(void **state)
{
    static const char request[] = "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n";
    struct fixture *fix = *state;
    int fd = client(fix);

    assert_int_equal(send(fd, request, sizeof(request) - 1, 0), sizeof(request) - 1);
    shutdown(fd, SHUT_WR);
    assert_true(read_all(fix, fd));
    assert_int_equal(strlen(body_of(fix)), 40000 * 32);
    close(fd);
}

/* Unread bytes at close would reset the connection and could take the answer with them. */
static void test_answer_survives_what_follows_the_request(void **state)
{
    static const char request[] = "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000\r\n\r\n";
    struct fixture *fix = *state;
    char *junk = calloc(1, 300000);
    int fd = client(fix);

    assert_non_null(junk);
    send_all(fix, fd, request, sizeof(request) - 1);
    send_all(fix, fd, junk, 300000);
    assert_true(read_all(fix, fd));
    assert_int_equal(status_of_text(fix->text), 405);
    close(fd);
    free(junk);
}

static void test_sixty_fifth_waits(void **state)
{
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    struct fixture *fix = *state;
    int idle[PL_HTTP_CONNECTIONS_MAX], last;
    char byte;

    for (unsigned i = 0; i < PL_HTTP_CONNECTIONS_MAX; i++) {
        idle[i] = client(fix);
        pump(fix, 1);
    }
    last = client(fix);
    send_all(fix, last, request, sizeof(request) - 1);
    pump(fix, 50);
    assert_int_equal(recv(last, &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(fix->calls, 0);
    close(idle[7]);
    assert_true(read_all(fix, last));
    assert_int_equal(status_of_text(fix->text), 200);
    close(last);
    for (unsigned i = 0; i < PL_HTTP_CONNECTIONS_MAX; i++)
        if (i != 7)
            close(idle[i]);
    pump(fix, 80);
    assert_int_equal(exchange(fix, request), 200);
}

/* More than the table at once, in one round of accepting: nobody is lost, everybody is answered in the end. */
static void test_crowd(void **state)
{
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    struct fixture *fix = *state;
    int fds[100];

    for (int i = 0; i < 100; i++) {
        fds[i] = client(fix);
        assert_int_equal(send(fds[i], request, sizeof(request) - 1, 0), sizeof(request) - 1);
    }
    for (int i = 0; i < 100; i++) {
        assert_true(read_all(fix, fds[i]));
        assert_int_equal(status_of_text(fix->text), 200);
        close(fds[i]);
    }
    assert_int_equal(fix->calls, 100);
}

static void test_silent_client_is_closed(void **state)
{
    struct fixture *fix = *state;
    int fd;

    pl_http_set_deadline(fix->http, 20000);
    fd = client(fix);
    read_all(fix, fd);
    assert_int_equal(fix->len, 0);
    close(fd);
    fd = client(fix);
    send_all(fix, fd, "GET /metrics HT", 15);
    read_all(fix, fd);
    assert_int_equal(fix->len, 0);
    close(fd);
}

/* The deadline is of the whole request: sending on and on does not move it. */
static void test_dripping_client_is_closed(void **state)
{
    struct fixture *fix = *state;
    int fd, drops = 0;
    char byte;

    pl_http_set_deadline(fix->http, 50000);
    fd = client(fix);
    send_all(fix, fd, "GET /metrics HTTP/1.1\r\nX: ", 26);
    while (send(fd, "x", 1, MSG_NOSIGNAL) == 1 && drops++ < 8000) {
        poll(NULL, 0, 2);
        pump(fix, 1);
    }
    assert_in_range(drops, 1, 7999);
    assert_true(recv(fd, &byte, 1, 0) <= 0);
    close(fd);
    assert_int_equal(fix->calls, 0);
}

/* A client that asks and then never reads: its answer is longer than the socket buffers. */
static void test_reader_that_stalls_is_closed(void **state)
{
    static const char request[] = "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n";
    struct fixture *fix = *state;
    int fd, more = 1;

    pl_http_set_deadline(fix->http, 50000);
    fd = client(fix);
    send_all(fix, fd, request, sizeof(request) - 1);
    pump(fix, 1);
    while (more) { /* the deadline is the only event that is left with a time */
        struct timeval second = {.tv_sec = 1};

        event_base_loopexit(fix->base, &second);
        event_base_dispatch(fix->base);
        more = event_base_get_num_events(fix->base, EVENT_BASE_COUNT_ADDED) > 1;
    }
    close(fd);
}

/* No descriptor left for a waiting client: no spinning, which the complaints on stderr (a pipe here) would show. */
static void test_out_of_descriptors_pauses(void **state)
{
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    struct fixture *fix = *state;
    struct rlimit old, few;
    char log[8192];
    ssize_t len;
    int fd = client(fix), lines = 0, saved = dup(STDERR_FILENO), pipes[2], highest;

    assert_int_equal(pipe2(pipes, O_NONBLOCK | O_CLOEXEC), 0);
    dup2(pipes[1], STDERR_FILENO);
    assert_int_equal(send(fd, request, sizeof(request) - 1, 0), sizeof(request) - 1);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    highest = dup(fd); /* the lowest free number: with it as the limit the next descriptor is one too many */
    close(highest);
    few = (struct rlimit){.rlim_cur = (rlim_t)highest, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    pump(fix, 200);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    dup2(saved, STDERR_FILENO);
    assert_int_equal(fix->calls, 0);
    len = read(pipes[0], log, sizeof(log) - 1);
    assert_true(len > 0);
    log[len] = '\0';
    assert_int_equal(strncmp(log, "<4>event=http_accept_failed error=\"", 35), 0);
    for (ssize_t i = 0; i < len; i++)
        lines += log[i] == '\n';
    assert_in_range(lines, 1, 5);
    assert_true(read_all(fix, fd)); /* and it goes on by itself */
    assert_int_equal(status_of_text(fix->text), 200);
    close(fd);
    close(saved);
    close(pipes[0]);
    close(pipes[1]);
}

static void test_free_with_open_connections(void **state)
{
    struct fixture *fix = *state;
    int fd = client(fix), other = client(fix);

    send_all(fix, fd, "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n", 38);
    pump(fix, 3);
    pl_http_free(fix->http);
    fix->http = NULL;
    pump(fix, 1); /* bufferevents are finalised by their base */
    assert_int_equal(event_base_get_num_events(fix->base, EVENT_BASE_COUNT_ADDED), 0);
    close(fd);
    close(other);
}

static void test_listen_addresses(void **state)
{
    static const char *const bad[] = {
        "", "localhost", ":80", "127.0.0.1:", "::1:80", "[::1]", "127.0.0.1:http", "127.0.0.1:99999", "256.1.1.1:80x"};
    struct event_base *base = event_base_new();
    struct pl_http *http, *second;
    struct pl_err err;
    char taken[64];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(pl_http_new(base, bad[i], routes, 1, NULL, &http, &err), PL_ERR_INPUT);
        assert_null(http);
        assert_non_null(strstr(err.text, "http_listen"));
    }
    assert_int_equal(pl_http_new(base, "localhost:0", routes, 1, NULL, &http, &err), PL_OK);
    pl_http_free(http);
    assert_int_equal(pl_http_new(base, "127.0.0.1:0", routes, 1, NULL, &http, &err), PL_OK);
    snprintf(taken, sizeof(taken), "127.0.0.1:%d", pl_http_port(http));
    assert_int_equal(pl_http_new(base, taken, routes, 1, NULL, &second, &err), PL_ERR_IO);
    assert_non_null(strstr(err.text, "in use"));
    pl_http_free(http);
    pl_http_free(NULL);
    event_base_free(base);
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(test_get),
        SERVED(test_status_of_the_handler),
        SERVED(test_head_has_length_but_no_body),
        SERVED(test_unknown_path),
        SERVED(test_wrong_method),
        SERVED(test_rebinding),
        cmocka_unit_test_setup_teardown(test_rebinding_on_any_address, begin_any, end),
        SERVED(test_malformed),
        SERVED(test_head_limit),
        SERVED(test_byte_by_byte),
        SERVED(test_one_request_per_connection),
        SERVED(test_big_answer_arrives_whole),
        SERVED(test_half_closed_client_is_answered),
        SERVED(test_answer_survives_what_follows_the_request),
        SERVED(test_sixty_fifth_waits),
        SERVED(test_crowd),
        SERVED(test_silent_client_is_closed),
        SERVED(test_dripping_client_is_closed),
        SERVED(test_reader_that_stalls_is_closed),
        SERVED(test_out_of_descriptors_pauses),
        SERVED(test_free_with_open_connections),
        cmocka_unit_test(test_listen_addresses),
    };

    signal(SIGPIPE, SIG_IGN);
    alarm(150); /* a server that never answers must fail the test, not hang it */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
