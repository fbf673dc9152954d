#include "adapter/link_wire.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pl_link_wire {
    struct pl_link_wire_config config;
    struct bufferevent *bev; /* owned */
    struct pl_resp *resp;    /* owned */
    bool connected;
    bool silent;
};

static void fail(struct pl_link_wire *wire, const char *stage, const char *why)
{
    char text[PL_ERR_TEXT_BYTES];

    if (wire->silent)
        return;
    pl_link_wire_silence(wire);
    snprintf(text, sizeof(text), "%s%s%s", stage, stage[0] ? ": " : "", why);
    wire->config.failed(wire->config.ctx, text);
}

/* Give out every complete reply, unless one of the calls silences us. */
static void deliver(struct pl_link_wire *wire)
{
    const struct pl_reply *reply;
    struct pl_err err;

    while (!wire->silent) {
        if (pl_resp_next(wire->resp, &reply, &err) != PL_OK) {
            fail(wire, "", err.text);
            return;
        }
        if (!reply)
            return;
        wire->config.reply(wire->config.ctx, reply);
    }
}

static void on_read(struct bufferevent *bev, void *ctx)
{
    struct pl_link_wire *wire = ctx;
    struct evbuffer *input = bufferevent_get_input(bev);
    struct pl_err err;
    size_t len;

    while (!wire->silent && (len = evbuffer_get_contiguous_space(input)) > 0) {
        const char *bytes = (const char *)evbuffer_pullup(input, (ev_ssize_t)len);

        if (pl_resp_feed(wire->resp, (struct pl_span){bytes, len}, &err) != PL_OK) {
            fail(wire, "", err.text);
            return;
        }
        evbuffer_drain(input, len);
        deliver(wire);
    }
}

static void on_connected(struct pl_link_wire *wire)
{
    evutil_socket_t fd = bufferevent_getfd(wire->bev);
    int on = 1;

    wire->connected = true;
    if (wire->config.url->kind != PL_LINK_UNIX) { /* a batch must not wait for the acknowledgement of the one before */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    }
    wire->config.connected(wire->config.ctx);
}

/* It may: a server that misses our certificate says so in an alert, which the end of the connection often overtakes. */
static bool wants_certificate(const struct pl_link_wire *wire)
{
    return wire->config.url->kind == PL_LINK_TLS && !wire->config.tls.cert_file;
}

static void on_event(struct bufferevent *bev, short what, void *ctx)
{
    struct pl_link_wire *wire = ctx;
    int code = EVUTIL_SOCKET_ERROR();
    const char *stage = wire->connected ? "connection lost" : "no connection";
    char tls[160] = "";

    if (what & BEV_EVENT_CONNECTED) {
        on_connected(wire);
        return;
    }
    if (wire->config.url->kind == PL_LINK_TLS)
        pl_link_tls_why(bev, tls, sizeof(tls));
    if (tls[0])
        fail(wire, stage, tls);
    else if (wants_certificate(wire) && (what & BEV_EVENT_EOF || code == 0 || code == ECONNRESET || code == EPIPE))
        fail(wire, stage, "closed by the server (does it want cert_file and key_file?)");
    else if (what & BEV_EVENT_EOF || code == 0)
        fail(wire, stage, "closed by the server");
    else
        fail(wire, stage, evutil_socket_error_to_string(code));
}

static enum pl_status make_parts(struct event_base *base, struct pl_link_wire *wire, struct pl_err *err)
{
    wire->resp = pl_resp_new(NULL);
    if (!wire->resp)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for a connection");
    if (wire->config.url->kind == PL_LINK_TLS)
        return pl_link_tls_new(base, &wire->config.tls, &wire->bev, err);
    wire->bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    return wire->bev ? PL_OK : pl_err_set(err, PL_ERR_NOMEM, "no memory for a connection");
}

static enum pl_status connect_to(struct pl_link_wire *wire, struct pl_err *err)
{
    struct sockaddr_storage address;
    socklen_t len;
    enum pl_status status = pl_link_url_address(wire->config.url, wire->config.attempt, &address, &len, err);

    if (status != PL_OK)
        return status;
    /* Some systems tell of a refusal at once, through the callback or the result: only the result is used here. */
    if (bufferevent_socket_connect(wire->bev, (struct sockaddr *)&address, (int)len) != 0)
        return pl_err_set(err, PL_ERR_IO, "no connection: %s", evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
    bufferevent_setcb(wire->bev, on_read, NULL, on_event, wire);
    bufferevent_enable(wire->bev, EV_READ | EV_WRITE);
    return PL_OK;
}

enum pl_status pl_link_wire_open(struct event_base *base, const struct pl_link_wire_config *config,
                                 struct pl_link_wire **out, struct pl_err *err)
{
    struct pl_link_wire *wire = calloc(1, sizeof(*wire));
    enum pl_status status;

    *out = NULL;
    if (!wire)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for a connection");
    wire->config = *config;
    status = make_parts(base, wire, err);
    if (status == PL_OK)
        status = connect_to(wire, err);
    if (status != PL_OK) {
        pl_link_wire_close(wire);
        return status;
    }
    *out = wire;
    return PL_OK;
}

void pl_link_wire_close(struct pl_link_wire *wire)
{
    if (!wire)
        return;
    if (wire->bev)
        bufferevent_free(wire->bev);
    pl_resp_free(wire->resp);
    free(wire);
}

void pl_link_wire_silence(struct pl_link_wire *wire)
{
    wire->silent = true;
    bufferevent_setcb(wire->bev, NULL, NULL, NULL, NULL);
    bufferevent_disable(wire->bev, EV_READ | EV_WRITE);
}

enum pl_status pl_link_wire_write(struct pl_link_wire *wire, struct pl_span bytes)
{
    return bytes.len == 0 || bufferevent_write(wire->bev, bytes.ptr, bytes.len) == 0 ? PL_OK : PL_ERR_NOMEM;
}

size_t pl_link_wire_pending(const struct pl_link_wire *wire)
{
    return evbuffer_get_length(bufferevent_get_output(wire->bev));
}
