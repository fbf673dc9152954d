#include "adapter/link_url.h"

#include "util/num.h"

#include <netdb.h>
#include <string.h>
#include <sys/un.h>

/* What is before `sep` and what is after it; false when it does not occur. */
static bool split(struct pl_span all, char sep, struct pl_span *before, struct pl_span *after)
{
    const char *at = all.len ? memchr(all.ptr, sep, all.len) : NULL;

    if (!at)
        return false;
    *before = (struct pl_span){all.ptr, (size_t)(at - all.ptr)};
    *after = (struct pl_span){at + 1, all.len - before->len - 1};
    return true;
}

static bool number(struct pl_span text, int64_t min, int64_t max, int64_t *value)
{
    return text.len && text.ptr[0] >= '0' && text.ptr[0] <= '9' && pl_num_int(text, value) && *value >= min &&
           *value <= max;
}

static enum pl_status parse_db(struct pl_span text, struct pl_link_url *url, struct pl_err *err)
{
    int64_t db;

    if (!number(text, 0, 1000000, &db))
        return pl_err_set(err, PL_ERR_INPUT, "redis url: the database must be a number");
    url->db = (int)db;
    return PL_OK;
}

static enum pl_status parse_unix(struct pl_span rest, struct pl_link_url *url, struct pl_err *err)
{
    struct pl_span path = rest, query = {NULL, 0};
    bool has_query = split(rest, '?', &path, &query);
    struct sockaddr_un address;

    url->kind = PL_LINK_UNIX;
    if (path.len == 0 || path.ptr[0] != '/')
        return pl_err_set(err, PL_ERR_INPUT, "redis url: unix:// wants an absolute path");
    if (path.len >= sizeof(address.sun_path) || !pl_span_copy(path, url->host, sizeof(url->host)))
        return pl_err_set(err, PL_ERR_INPUT, "redis url: the path of the socket is longer than %zu bytes",
                          sizeof(address.sun_path) - 1);
    if (!has_query)
        return PL_OK;
    if (!pl_span_take_prefix(&query, "db="))
        return pl_err_set(err, PL_ERR_INPUT, "redis url: only ?db=N may follow the path");
    return parse_db(query, url, err);
}

static enum pl_status parse_user(struct pl_span user, struct pl_link_url *url, struct pl_err *err)
{
    if (memchr(user.ptr, ':', user.len))
        return pl_err_set(err, PL_ERR_INPUT, "redis url: no password here, please: use password_file");
    if (user.len == 0 || !pl_span_copy(user, url->user, sizeof(url->user)))
        return pl_err_set(err, PL_ERR_INPUT, "redis url: the user is empty or too long");
    return PL_OK;
}

/* What would be another part of a url: most likely a password that someone put there after all. */
static bool has_marks(struct pl_span host)
{
    for (size_t at = 0; at < host.len; at++)
        if (strchr("@[]/?#", host.ptr[at]))
            return true;
    return false;
}

/* host, host:port, [v6], [v6]:port */
static enum pl_status parse_host(struct pl_span text, struct pl_link_url *url, struct pl_err *err)
{
    struct pl_span host = text, port = {"6379", 4}, rest;
    int64_t value;

    if (text.len && text.ptr[0] == '[') {
        text.ptr++;
        text.len--;
        if (!split(text, ']', &host, &rest) || (rest.len && rest.ptr[0] != ':'))
            return pl_err_set(err, PL_ERR_INPUT, "redis url: no end of [address]");
        if (rest.len)
            port = (struct pl_span){rest.ptr + 1, rest.len - 1};
    } else {
        split(text, ':', &host, &port);
    }
    if (host.len == 0 || !pl_span_copy(host, url->host, sizeof(url->host)))
        return pl_err_set(err, PL_ERR_INPUT, "redis url: the host is empty or too long");
    if (has_marks(host))
        return pl_err_set(err, PL_ERR_INPUT, "redis url: the host has one of @ [ ] / ? #");
    if (!number(port, 1, 65535, &value) || !pl_span_copy(port, url->port, sizeof(url->port)))
        return pl_err_set(err, PL_ERR_INPUT,
                          "redis url: the port must be 1 to 65535 (an IPv6 address goes in brackets)");
    return PL_OK;
}

static enum pl_status parse_net(struct pl_span rest, struct pl_link_url *url, struct pl_err *err)
{
    struct pl_span user, host = rest, db;
    enum pl_status status;

    if (split(rest, '@', &user, &host)) {
        status = parse_user(user, url, err);
        if (status != PL_OK)
            return status;
    }
    if (split(host, '/', &host, &db) && db.len) {
        status = parse_db(db, url, err);
        if (status != PL_OK)
            return status;
    }
    return parse_host(host, url, err);
}

enum pl_status pl_link_url_parse(const char *text, struct pl_link_url *url, struct pl_err *err)
{
    struct pl_span rest = pl_span_of(text);

    *url = (struct pl_link_url){.kind = PL_LINK_TCP};
    for (size_t at = 0; at < rest.len; at++)
        if ((unsigned char)rest.ptr[at] <= ' ' || rest.ptr[at] == 0x7f)
            return pl_err_set(err, PL_ERR_INPUT, "redis url: no blanks, please");
    if (pl_span_take_prefix(&rest, "unix://"))
        return parse_unix(rest, url, err);
    if (pl_span_take_prefix(&rest, "rediss://"))
        url->kind = PL_LINK_TLS;
    else if (!pl_span_take_prefix(&rest, "redis://"))
        return pl_err_set(err, PL_ERR_INPUT, "redis url: must begin with redis://, rediss:// or unix://");
    return parse_net(rest, url, err);
}

static void unix_address(const struct pl_link_url *url, struct sockaddr_storage *address, socklen_t *len)
{
    struct sockaddr_un *path = (struct sockaddr_un *)address;

    path->sun_family = AF_UNIX;
    memcpy(path->sun_path, url->host, strlen(url->host) + 1);
    *len = sizeof(*path);
}

enum pl_status pl_link_url_address(const struct pl_link_url *url, unsigned attempt, struct sockaddr_storage *address,
                                   socklen_t *len, struct pl_err *err)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found, *taken;
    unsigned n = 0;
    int code;

    memset(address, 0, sizeof(*address));
    if (url->kind == PL_LINK_UNIX) {
        unix_address(url, address, len);
        return PL_OK;
    }
    code = getaddrinfo(url->host, url->port, &hints, &found);
    if (code != 0)
        return pl_err_set(err, PL_ERR_IO, "no address of %s: %s", url->host, gai_strerror(code));
    for (taken = found; taken; taken = taken->ai_next)
        n++;
    taken = found;
    for (unsigned skip = attempt % n; skip > 0; skip--)
        taken = taken->ai_next;
    memcpy(address, taken->ai_addr, taken->ai_addrlen);
    *len = taken->ai_addrlen;
    freeaddrinfo(found);
    return PL_OK;
}
