#include "codec/conf_internal.h"

#include <string.h>
#include <strings.h>

static bool starts(struct pl_span text, const char *prefix)
{
    size_t len = strlen(prefix);

    return text.len >= len && strncasecmp(text.ptr, prefix, len) == 0;
}

/* The host of HOST:PORT or [HOST]:PORT. */
static struct pl_span host_of(struct pl_span text)
{
    size_t end = 0;

    if (text.len && text.ptr[0] == '[') {
        text.ptr++;
        text.len--;
        return pl_span_cut(&text, ']');
    }
    while (end < text.len && text.ptr[end] != ':' && text.ptr[end] != '/')
        end++;
    return (struct pl_span){text.ptr, end};
}

static bool is_loopback(struct pl_span host)
{
    return starts(host, "127.") || pl_span_is(host, "::1") || (host.len == 9 && starts(host, "localhost"));
}

static void warn_kafka(const struct pl_conf *conf, struct pl_buf *out)
{
    const struct pl_conf_section *kafka = pl_conf_text_find(pl_conf_text_of(conf), "kafka", pl_span_of(""));
    const char *servers = pl_conf_section_get(kafka, "bootstrap.servers");
    const char *protocol = pl_conf_section_get(kafka, "security.protocol");
    struct pl_span rest;

    if (!servers)
        servers = pl_conf_section_get(kafka, "metadata.broker.list");
    if (!servers)
        pl_buf_add_text(out, "[kafka] has no bootstrap.servers: there is nothing to connect to\n");
    if (protocol && (strcasecmp(protocol, "ssl") == 0 || strcasecmp(protocol, "sasl_ssl") == 0))
        return;
    rest = pl_span_of(servers);
    while (rest.ptr) {
        struct pl_span server = pl_span_trim(pl_span_cut(&rest, ','));
        struct pl_span host = host_of(server);

        if (server.len && !is_loopback(host)) {
            pl_buf_addf(out, "[kafka] events travel in plain text to %.*s: set security.protocol to ssl or sasl_ssl\n",
                        (int)host.len, host.ptr);
            return;
        }
    }
}

static void warn_redis(const struct pl_conf *conf, struct pl_buf *out)
{
    struct pl_span url = pl_span_of(conf->redis_url), servers = {NULL, 0};
    const char *after = strstr(conf->redis_url, "://"), *at;
    int scheme = after ? (int)(after - conf->redis_url) : 0;

    if (starts(url, "redis://") || starts(url, "redis+"))
        servers = pl_span_of(after + strlen("://"));
    servers = pl_span_cut(&servers, '/');
    at = servers.len ? memchr(servers.ptr, '@', servers.len) : NULL;
    if (at)
        servers = (struct pl_span){at + 1, servers.len - (size_t)(at + 1 - servers.ptr)};
    while (servers.ptr) {
        struct pl_span host = host_of(pl_span_cut(&servers, ','));

        if (is_loopback(host))
            continue;
        pl_buf_addf(out, "[redis] results travel in plain text to %.*s: use rediss%.*s://\n", (int)host.len, host.ptr,
                    scheme - (int)strlen("redis"), conf->redis_url + strlen("redis"));
        return;
    }
}

static void warn_area(const struct pl_conf_section *area, struct pl_buf *out)
{
    static const struct {
        const char *key, *then;
    } wanted[] = {
        {"goal", "has no goal: only results that come from elsewhere can be judged"},
        {"value", "has no value metric: a shift to core work can never be confirmed"},
        {"smallest_return", "has no smallest_return: returns are never judged flat"},
    };

    for (size_t at = 0; at < sizeof(wanted) / sizeof(*wanted); at++)
        if (!pl_conf_section_find(area, wanted[at].key))
            pl_buf_addf(out, "area %s %s\n", area->name, wanted[at].then);
    if (!pl_conf_section_find(area, "experiments"))
        pl_buf_addf(out, "area %s has no patterns in `experiments`: it gets only those that are declared for it\n",
                    area->name);
}

void pl_conf_warn(const struct pl_conf *conf, struct pl_buf *out)
{
    const struct pl_conf_text *text = pl_conf_text_of(conf);

    if (conf->rules->n_areas == 0)
        pl_buf_add_text(out, "there is no [area]: nothing will be judged\n");
    for (unsigned at = 0; at < text->n_sections; at++)
        if (strcmp(text->sections[at]->type, "area") == 0)
            warn_area(text->sections[at], out);
    if (conf->n_sources == 0)
        pl_buf_add_text(out, "there is no [source]: only control records are read\n");
    if (!conf->hash_key_file)
        pl_buf_add_text(out, "there is no hash_key_file: unit ids are hashed under a key that anyone can compute\n");
    warn_kafka(conf, out);
    warn_redis(conf, out);
}
