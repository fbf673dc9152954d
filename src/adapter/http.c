#include "adapter/http.h"

#include "adapter/clock.h"
#include "adapter/http_request.h"
#include "adapter/log.h"
#include "util/num.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEADLINE_US INT64_C(10000000)
#define LINGER_US INT64_C(2000000)
#define ACCEPT_PAUSE_US 100000
#define BACKLOG 128

/* A connection lives from accept to close and serves one request:
 *
 *   READING --head complete or wrong--> WRITING --answer sent, our side shut down--> LINGERING --EOF--> closed
 *
 * Lingering reads and drops what the client still sends: closing a socket with unread bytes resets the connection, and
 * the reset may overtake the answer. Every state ends at the deadline. */
enum state { READING, WRITING, LINGERING };

struct connection {
    struct pl_http *http;    /* ref: owns us; NULL when the slot is free */
    struct bufferevent *bev; /* owned */
    struct event *deadline;  /* owned */
    enum state state;
    bool half_closed; /* the client said that it sends no more */
};

struct pl_http {
    struct evconnlistener *listener; /* owned */
    struct event *resume;            /* owned: ends a pause of accepting */
    const struct pl_http_route *routes;
    unsigned n_routes;
    void *ctx;
    struct event_base *base;
    int64_t deadline_us;
    int port;
    bool any_address;
    char host[256]; /* the configured host, without port and brackets */
    unsigned n_connections;
    struct pl_log_limit limit;
    struct connection connections[PL_HTTP_CONNECTIONS_MAX];
};

static struct timeval timeval_of(int64_t us)
{
    return (struct timeval){.tv_sec = us / 1000000, .tv_usec = us % 1000000};
}

static void connection_close(struct connection *conn)
{
    struct pl_http *http = conn->http;

    event_free(conn->deadline);
    bufferevent_free(conn->bev);
    *conn = (struct connection){0};
    if (http->n_connections-- == PL_HTTP_CONNECTIONS_MAX)
        evconnlistener_enable(http->listener);
}

static const struct pl_http_route *find_route(const struct pl_http *http, struct pl_span path)
{
    for (unsigned i = 0; i < http->n_routes; i++)
        if (pl_span_is(path, http->routes[i].path))
            return &http->routes[i];
    return NULL;
}

static void answer(struct connection *conn, int status, const char *type, struct pl_span body, bool head_only)
{
    struct evbuffer *out = bufferevent_get_output(conn->bev);

    conn->state = WRITING;
    evbuffer_add_printf(out,
                        "HTTP/1.1 %d %s\r\n"
                        "Content-Type: %s\r\n"
                        "Content-Length: %zu\r\n"
                        "Connection: close\r\n"
                        "Cache-Control: no-store\r\n"
                        "X-Content-Type-Options: nosniff\r\n"
                        "Referrer-Policy: no-referrer\r\n"
                        "Cross-Origin-Resource-Policy: same-origin\r\n"
                        "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'; base-uri 'none'\r\n"
                        "%s\r\n",
                        status, pl_http_request_reason(status), type, body.len,
                        status == 405 ? "Allow: GET, HEAD\r\n" : "");
    if (!head_only && body.len)
        evbuffer_add(out, body.ptr, body.len);
}

static void answer_error(struct connection *conn, int status, bool head_only)
{
    char text[64];

    snprintf(text, sizeof(text), "%d %s\n", status, pl_http_request_reason(status));
    answer(conn, status, "text/plain; charset=utf-8", pl_span_of(text), head_only);
}

/* Host names the address this connection came in on. An address is no name: nobody can rebind it. */
static bool is_local_address(struct connection *conn, struct pl_span host)
{
    struct sockaddr_storage local;
    socklen_t len = sizeof(local);
    char text[NI_MAXHOST];

    if (getsockname(bufferevent_getfd(conn->bev), (struct sockaddr *)&local, &len) != 0 ||
        getnameinfo((struct sockaddr *)&local, len, text, sizeof(text), NULL, 0, NI_NUMERICHOST) != 0)
        return false;
    return pl_span_is(host, strncmp(text, "::ffff:", 7) == 0 ? text + 7 : text);
}

static bool host_allowed(struct connection *conn, struct pl_span host)
{
    struct pl_http *http = conn->http;

    return pl_http_request_is_loopback(host) || pl_http_request_is_host(host, http->host) ||
           (http->any_address && is_local_address(conn, host));
}

static void serve(struct connection *conn, struct pl_span head)
{
    struct pl_http *http = conn->http;
    struct pl_http_request request;
    const struct pl_http_route *route;
    struct pl_buf body;
    int status = pl_http_request_parse(head, &request);

    if (status == 200 && !host_allowed(conn, request.host))
        status = 421;
    if (status != 200) {
        answer_error(conn, status, request.head_only);
        return;
    }
    route = find_route(http, request.path);
    if (!route) {
        answer_error(conn, 404, request.head_only);
        return;
    }
    pl_buf_init(&body, PL_HTTP_BODY_BYTES);
    status = route->handler(http->ctx, &body);
    if (pl_buf_ok(&body))
        answer(conn, status, route->content_type, pl_buf_span(&body), request.head_only);
    else
        answer_error(conn, 500, request.head_only);
    pl_buf_fini(&body);
}

static void on_read(struct bufferevent *bev, void *ctx)
{
    struct connection *conn = ctx;
    struct evbuffer *in = bufferevent_get_input(bev);
    size_t len = evbuffer_get_length(in);
    struct evbuffer_ptr end;

    if (conn->state != READING) {
        evbuffer_drain(in, len);
        return;
    }
    end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
    if (end.pos >= 0 && (size_t)end.pos + 4 <= PL_HTTP_HEAD_BYTES) {
        size_t head = (size_t)end.pos + 2; /* every header line keeps its line end */
        const char *bytes = (const char *)evbuffer_pullup(in, (ev_ssize_t)head);

        if (bytes)
            serve(conn, (struct pl_span){bytes, head});
        else
            answer_error(conn, 500, false);
    } else if (len >= PL_HTTP_HEAD_BYTES)
        answer_error(conn, 431, false);
    else
        return;
    evbuffer_drain(in, evbuffer_get_length(in));
}

/* The output buffer is empty. */
static void on_written(struct bufferevent *bev, void *ctx)
{
    struct connection *conn = ctx;
    struct timeval linger = timeval_of(LINGER_US);

    if (conn->state != WRITING)
        return;
    if (conn->half_closed) {
        connection_close(conn);
        return;
    }
    conn->state = LINGERING;
    shutdown(bufferevent_getfd(bev), SHUT_WR);
    if (LINGER_US < conn->http->deadline_us)
        event_add(conn->deadline, &linger);
}

static void on_event(struct bufferevent *bev, short what, void *ctx)
{
    struct connection *conn = ctx;

    (void)bev;
    /* A client may half-close after its request: the answer that is being written still goes out. */
    if ((what & BEV_EVENT_EOF) && conn->state == WRITING)
        conn->half_closed = true;
    else
        connection_close(conn);
}

static void on_deadline(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    connection_close(ctx);
}

static bool connection_open(struct pl_http *http, struct connection *conn, evutil_socket_t fd)
{
    struct timeval deadline = timeval_of(http->deadline_us);

    *conn = (struct connection){.http = http, .state = READING};
    conn->bev = bufferevent_socket_new(http->base, fd, BEV_OPT_CLOSE_ON_FREE);
    conn->deadline = evtimer_new(http->base, on_deadline, conn);
    if (!conn->bev || !conn->deadline || event_add(conn->deadline, &deadline) != 0)
        goto fail;
    bufferevent_setcb(conn->bev, on_read, on_written, on_event, conn);
    bufferevent_setwatermark(conn->bev, EV_READ, 0, PL_HTTP_HEAD_BYTES);
    if (bufferevent_enable(conn->bev, EV_READ | EV_WRITE) != 0)
        goto fail;
    return true;

fail:
    if (conn->deadline)
        event_free(conn->deadline);
    if (conn->bev)
        bufferevent_free(conn->bev);
    else
        close(fd);
    *conn = (struct connection){0};
    return false;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer, int peer_len,
                      void *ctx)
{
    struct pl_http *http = ctx;
    unsigned slot = 0;

    (void)peer;
    (void)peer_len;
    while (slot < PL_HTTP_CONNECTIONS_MAX && http->connections[slot].http)
        slot++;
    if (slot == PL_HTTP_CONNECTIONS_MAX) { /* one more was accepted in the round that filled the table */
        close(fd);
        return;
    }
    if (!connection_open(http, &http->connections[slot], fd))
        return;
    if (++http->n_connections == PL_HTTP_CONNECTIONS_MAX)
        evconnlistener_disable(listener);
}

/* accept() failed, most likely for want of descriptors: the connection stays in the queue and would wake us at once. */
static void on_accept_error(struct evconnlistener *listener, void *ctx)
{
    struct pl_http *http = ctx;
    struct timeval pause = timeval_of(ACCEPT_PAUSE_US);
    int error = errno;
    unsigned suppressed;

    evconnlistener_disable(listener);
    event_add(http->resume, &pause);
    if (pl_log_allowed(&http->limit, pl_clock_monotonic_us(), &suppressed))
        pl_log(PL_LOG_WARNING, "event=http_accept_failed error=\"%s\" suppressed=%u", strerror(error), suppressed);
}

static void on_resume(evutil_socket_t fd, short what, void *ctx)
{
    struct pl_http *http = ctx;

    (void)fd;
    (void)what;
    if (http->n_connections < PL_HTTP_CONNECTIONS_MAX)
        evconnlistener_enable(http->listener);
}

static bool is_any(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr == htonl(INADDR_ANY);
    return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

/* "host:port" or "[address]:port" into http->host and *port. */
static bool split_listen(struct pl_http *http, struct pl_span listen, struct pl_span *port)
{
    const char *colon = listen.len ? memrchr(listen.ptr, ':', listen.len) : NULL;
    struct pl_span host;
    int64_t number; /* getaddrinfo takes 99999 and wraps it */

    if (!colon)
        return false;
    host = (struct pl_span){listen.ptr, (size_t)(colon - listen.ptr)};
    *port = (struct pl_span){colon + 1, listen.len - host.len - 1};
    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        host = (struct pl_span){host.ptr + 1, host.len - 2};
    else if (memchr(host.ptr, ':', host.len))
        return false; /* an IPv6 address without brackets: where would its port begin? */
    return host.len > 0 && pl_num_int(*port, &number) && number >= 0 && number <= UINT16_MAX &&
           pl_span_copy(host, http->host, sizeof(http->host));
}

static enum pl_status open_listener(struct pl_http *http, const char *listen, struct pl_err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found;
    unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE;
    struct pl_span port;
    int code;

    if (!split_listen(http, pl_span_of(listen), &port))
        return pl_err_set(err, PL_ERR_INPUT, "http_listen \"%s\": must be host:port or [address]:port", listen);
    code = getaddrinfo(http->host, port.ptr, &hints, &found);
    if (code != 0)
        return pl_err_set(err, PL_ERR_INPUT, "http_listen \"%s\": %s", listen, gai_strerror(code));
    http->any_address = is_any(found->ai_addr);
    http->listener =
        evconnlistener_new_bind(http->base, on_accept, http, flags, BACKLOG, found->ai_addr, (int)found->ai_addrlen);
    code = errno;
    freeaddrinfo(found);
    if (!http->listener)
        return pl_err_set(err, PL_ERR_IO, "http_listen \"%s\": %s", listen, strerror(code));
    evconnlistener_set_error_cb(http->listener, on_accept_error);
    return PL_OK;
}

static int listener_port(struct evconnlistener *listener)
{
    struct sockaddr_storage local;
    socklen_t len = sizeof(local);

    if (getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&local, &len) != 0)
        return 0;
    if (local.ss_family == AF_INET)
        return ntohs(((struct sockaddr_in *)&local)->sin_port);
    return ntohs(((struct sockaddr_in6 *)&local)->sin6_port);
}

enum pl_status pl_http_new(struct event_base *base, const char *listen, const struct pl_http_route *routes,
                           unsigned n_routes, void *ctx, struct pl_http **http, struct pl_err *err)
{
    struct pl_http *made = calloc(1, sizeof(*made));
    enum pl_status status;

    *http = NULL;
    if (!made)
        return pl_err_set(err, PL_ERR_NOMEM, "http: out of memory");
    made->base = base;
    made->routes = routes;
    made->n_routes = n_routes;
    made->ctx = ctx;
    made->deadline_us = DEADLINE_US;
    made->resume = evtimer_new(base, on_resume, made);
    if (!made->resume)
        status = pl_err_set(err, PL_ERR_NOMEM, "http: out of memory");
    else
        status = open_listener(made, listen, err);
    if (status != PL_OK) {
        pl_http_free(made);
        return status;
    }
    made->port = listener_port(made->listener);
    *http = made;
    return PL_OK;
}

void pl_http_free(struct pl_http *http)
{
    if (!http)
        return;
    for (unsigned i = 0; i < PL_HTTP_CONNECTIONS_MAX; i++)
        if (http->connections[i].http)
            connection_close(&http->connections[i]);
    if (http->listener)
        evconnlistener_free(http->listener);
    if (http->resume)
        event_free(http->resume);
    free(http);
}

int pl_http_port(const struct pl_http *http)
{
    return http->port;
}

void pl_http_set_deadline(struct pl_http *http, int64_t deadline_us)
{
    http->deadline_us = deadline_us;
}
