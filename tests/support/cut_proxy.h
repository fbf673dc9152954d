/* A proxy between a link and a server, in the test's own event base: cuts a connection after an exact number of bytes
 * in one direction, or keeps back what a client sends until the test lets it through. Unix sockets; blocking writes. */
#ifndef PL_TESTS_SUPPORT_CUT_PROXY_H
#define PL_TESTS_SUPPORT_CUT_PROXY_H

#include <event2/event.h>
#include <event2/listener.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PROXY_NEVER (-1)
#define PROXY_PAIRS 8

struct proxy_pair {
    struct proxy *proxy;
    int client, server; /* -1: closed */
    struct event *from_client, *from_server;
    char kept[65536];
    size_t n_kept;
};

struct proxy {
    struct event_base *base;
    struct evconnlistener *listener;
    struct sockaddr_un target;
    char url[128];
    long cut_request; /* cut after so many more bytes from clients; PROXY_NEVER */
    long cut_reply;   /* the same for bytes to clients */
    bool keep;        /* keep back what clients send */
    unsigned cuts;
    struct proxy_pair pairs[PROXY_PAIRS]; /* used in turn */
    unsigned n_pairs;
};

static inline void proxy_die(const char *what)
{
    perror(what);
    abort();
}

static inline void proxy_write(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        bytes += n;
        len -= (size_t)n;
    }
}

static inline void proxy_close(struct proxy_pair *pair)
{
    if (pair->from_client)
        event_free(pair->from_client);
    if (pair->from_server)
        event_free(pair->from_server);
    if (pair->client >= 0)
        close(pair->client);
    if (pair->server >= 0)
        close(pair->server);
    *pair = (struct proxy_pair){.proxy = pair->proxy, .client = -1, .server = -1};
}

/* Forward up to the cut; false when the connection was cut. */
static inline bool proxy_forward(struct proxy_pair *pair, int to, const char *bytes, size_t len, long *cut)
{
    if (*cut == PROXY_NEVER || (size_t)*cut > len) {
        if (*cut != PROXY_NEVER)
            *cut -= (long)len;
        proxy_write(to, bytes, len);
        return true;
    }
    proxy_write(to, bytes, (size_t)*cut);
    *cut = PROXY_NEVER;
    pair->proxy->cuts++;
    proxy_close(pair);
    return false;
}

static inline void proxy_on_client(evutil_socket_t fd, short what, void *ctx)
{
    struct proxy_pair *pair = ctx;
    char bytes[16384];
    ssize_t n = read(fd, bytes, sizeof(bytes));

    (void)what;
    if (n <= 0 && pair->n_kept == 0) {
        proxy_close(pair);
    } else if (n <= 0) { /* the client is gone; what it sent may still arrive */
        event_del(pair->from_client);
    } else if (pair->proxy->keep) {
        if ((size_t)n > sizeof(pair->kept) - pair->n_kept)
            proxy_die("too much to keep");
        memcpy(pair->kept + pair->n_kept, bytes, (size_t)n);
        pair->n_kept += (size_t)n;
    } else {
        proxy_forward(pair, pair->server, bytes, (size_t)n, &pair->proxy->cut_request);
    }
}

static inline void proxy_on_server(evutil_socket_t fd, short what, void *ctx)
{
    struct proxy_pair *pair = ctx;
    char bytes[16384];
    ssize_t n = read(fd, bytes, sizeof(bytes));

    (void)what;
    if (n <= 0)
        proxy_close(pair);
    else
        proxy_forward(pair, pair->client, bytes, (size_t)n, &pair->proxy->cut_reply);
}

static inline void proxy_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int len,
                                void *ctx)
{
    struct proxy *proxy = ctx;
    struct proxy_pair *pair = &proxy->pairs[proxy->n_pairs++ % PROXY_PAIRS];

    (void)listener, (void)address, (void)len;
    if (pair->proxy)
        proxy_close(pair);
    *pair = (struct proxy_pair){.proxy = proxy, .client = fd};
    evutil_make_socket_nonblocking(fd);
    pair->server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (pair->server < 0 || connect(pair->server, (struct sockaddr *)&proxy->target, sizeof(proxy->target)) != 0) {
        pair->proxy = proxy;
        proxy_close(pair);
        return;
    }
    pair->from_client = event_new(proxy->base, fd, EV_READ | EV_PERSIST, proxy_on_client, pair);
    pair->from_server = event_new(proxy->base, pair->server, EV_READ | EV_PERSIST, proxy_on_server, pair);
    event_add(pair->from_client, NULL);
    event_add(pair->from_server, NULL);
}

static inline void proxy_start(struct proxy *proxy, struct event_base *base, const char *dir, const char *target)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memset(proxy, 0, sizeof(*proxy));
    proxy->base = base;
    proxy->cut_request = proxy->cut_reply = PROXY_NEVER;
    proxy->target.sun_family = AF_UNIX;
    snprintf(proxy->target.sun_path, sizeof(proxy->target.sun_path), "%s", target);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/proxy.sock", dir);
    snprintf(proxy->url, sizeof(proxy->url), "unix://%s", address.sun_path);
    unlink(address.sun_path);
    proxy->listener = evconnlistener_new_bind(base, proxy_accept, proxy, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
                                              16, (struct sockaddr *)&address, sizeof(address));
    if (!proxy->listener)
        proxy_die("proxy");
}

/* Let through what the oldest connection with kept bytes sent, and close its client side. */
static inline void proxy_release(struct proxy *proxy)
{
    proxy->keep = false;
    for (size_t at = 0; at < PROXY_PAIRS; at++) {
        struct proxy_pair *pair = &proxy->pairs[at];

        if (pair->proxy && pair->n_kept) {
            proxy_write(pair->server, pair->kept, pair->n_kept);
            pair->n_kept = 0;
            return;
        }
    }
    proxy_die("nothing kept");
}

static inline size_t proxy_kept(const struct proxy *proxy)
{
    size_t sum = 0;

    for (size_t at = 0; at < PROXY_PAIRS; at++)
        sum += proxy->pairs[at].n_kept;
    return sum;
}

static inline void proxy_stop(struct proxy *proxy)
{
    for (size_t at = 0; at < PROXY_PAIRS; at++)
        if (proxy->pairs[at].proxy)
            proxy_close(&proxy->pairs[at]);
    evconnlistener_free(proxy->listener);
}

#endif
