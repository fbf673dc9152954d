#include "adapter/link_where.h"

#include "util/num.h"

#include <stdio.h>
#include <string.h>

/* Has host text a port of its own: host:port or [v6]:port? */
static bool has_port(struct pl_span host)
{
    const char *end = host.len ? memrchr(host.ptr, ']', host.len) : NULL;
    struct pl_span rest = end ? (struct pl_span){end, host.len - (size_t)(end - host.ptr)} : host;

    return rest.len && memchr(rest.ptr, ':', rest.len);
}

/* One of the servers to ask; what is wrong with it is said by the parser of single servers. */
static enum pl_status add_seed(struct pl_link_where *where, const char *scheme, struct pl_span user,
                               struct pl_span host, struct pl_err *err)
{
    const char *port = where->topology == PL_LINK_SENTINEL && !has_port(host) ? ":26379" : "";
    char text[PL_LINK_URL_BYTES];

    if (where->n_seeds == PL_LINK_SEEDS_MAX)
        return pl_err_set(err, PL_ERR_INPUT, "redis url: more than %d servers", PL_LINK_SEEDS_MAX);
    if (host.len + user.len > 400)
        return pl_err_set(err, PL_ERR_INPUT, "redis url: the host is empty or too long");
    snprintf(text, sizeof(text), "%s%.*s%s%.*s%s", scheme, (int)user.len, user.len ? user.ptr : "", user.ptr ? "@" : "",
             (int)host.len, host.len ? host.ptr : "", port);
    return pl_link_url_parse(text, &where->seeds[where->n_seeds++], err);
}

/* MASTER or MASTER/db */
static enum pl_status parse_master(struct pl_span text, struct pl_link_where *where, struct pl_err *err)
{
    struct pl_span name = pl_span_cut(&text, '/');
    int64_t db = 0;

    if (name.len == 0 || !pl_span_copy(name, where->master, sizeof(where->master)))
        return pl_err_set(err, PL_ERR_INPUT,
                          "redis url: the name of the master must follow: redis+sentinel://HOST:PORT/MASTER");
    if (text.len && (text.ptr[0] < '0' || text.ptr[0] > '9' || !pl_num_int(text, &db) || db > 1000000))
        return pl_err_set(err, PL_ERR_INPUT, "redis url: the database must be a number");
    where->db = (int)db;
    return PL_OK;
}

static enum pl_status parse_many(struct pl_span rest, const char *scheme, struct pl_link_where *where,
                                 struct pl_err *err)
{
    struct pl_span hosts = pl_span_cut(&rest, '/'), user = {NULL, 0};
    enum pl_status status = PL_OK;

    if (hosts.len && memchr(hosts.ptr, '@', hosts.len))
        user = pl_span_cut(&hosts, '@');
    while (status == PL_OK && (hosts.ptr || where->n_seeds == 0))
        status = add_seed(where, scheme, user, pl_span_cut(&hosts, ','), err);
    if (status != PL_OK)
        return status;
    if (where->topology == PL_LINK_SENTINEL)
        return parse_master(rest, where, err);
    if (rest.len && !pl_span_is(rest, "0"))
        return pl_err_set(err, PL_ERR_INPUT, "redis url: a cluster has no database but 0");
    return PL_OK;
}

enum pl_status pl_link_where_parse(const char *text, struct pl_link_where *where, struct pl_err *err)
{
    static const struct {
        const char *scheme, *single;
        enum pl_link_topology topology;
    } schemes[] = {
        {"redis+sentinel://", "redis://", PL_LINK_SENTINEL},
        {"rediss+sentinel://", "rediss://", PL_LINK_SENTINEL},
        {"redis+cluster://", "redis://", PL_LINK_CLUSTER},
        {"rediss+cluster://", "rediss://", PL_LINK_CLUSTER},
    };
    struct pl_span rest = pl_span_of(text);
    enum pl_status status;

    *where = (struct pl_link_where){.topology = PL_LINK_SINGLE};
    for (size_t at = 0; at < sizeof(schemes) / sizeof(*schemes); at++) {
        if (!pl_span_take_prefix(&rest, schemes[at].scheme))
            continue;
        where->topology = schemes[at].topology;
        return parse_many(rest, schemes[at].single, where, err);
    }
    status = pl_link_url_parse(text, &where->seeds[0], err);
    where->n_seeds = 1;
    where->db = where->seeds[0].db;
    return status;
}

void pl_link_where_url(enum pl_link_kind kind, const char *host, const char *port, int db, char out[PL_LINK_URL_BYTES])
{
    bool v6 = strchr(host, ':') != NULL;

    if (kind == PL_LINK_UNIX)
        snprintf(out, PL_LINK_URL_BYTES, "unix://%s?db=%d", host, db);
    else
        snprintf(out, PL_LINK_URL_BYTES, "%s://%s%s%s:%s/%d", kind == PL_LINK_TLS ? "rediss" : "redis", v6 ? "[" : "",
                 host, v6 ? "]" : "", port, db);
}
