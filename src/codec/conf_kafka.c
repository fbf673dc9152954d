#include "codec/conf_internal.h"

#include <string.h>
#include <strings.h>

/* Keys that plateaud sets itself, because its promises rest on them. */
static const struct {
    const char *key;
    const char *allowed; /* the one value that may be given; NULL: none */
    const char *why;
} owned[] = {
    {"enable.auto.commit", "false", "plateaud keeps its position in Redis, together with what it has counted"},
    {"auto.commit.enable", "false", "plateaud keeps its position in Redis, together with what it has counted"},
    {"enable.auto.offset.store", "false", "plateaud keeps its position in Redis, together with what it has counted"},
    {"auto.offset.reset", "error", "a lost position must be seen, not skipped"},
    {"enable.partition.eof", "true", "the order of events across topics needs it"},
    {"group.id", NULL, "it is `group` of [plateaud]"},
    {"partition.assignment.strategy", "cooperative-sticky", "partitions that stay must not be interrupted"},
    {"isolation.level", "read_committed", "records of aborted transactions must not be counted"},
    {"enable.ssl.certificate.verification", "true", "an unverified server may be anyone"},
    {"ssl.endpoint.identification.algorithm", "https", "a server with another's certificate may be anyone"},
};

static bool ends(const char *text, const char *tail)
{
    size_t n = strlen(text), m = strlen(tail);

    return n > m && strcasecmp(text + n - m, tail) == 0;
}

bool pl_conf_kafka_file(const char *key)
{
    return ends(key, ".file");
}

bool pl_conf_kafka_secret(const char *key)
{
    return !pl_conf_kafka_file(key) && (strcasestr(key, "password") || strcasestr(key, "secret") ||
                                        ends(key, ".key.pem") || strcasecmp(key, "sasl.oauthbearer.config") == 0);
}

static enum pl_status check_owned(const struct pl_conf_entry *entry, struct pl_span key, struct pl_err *err)
{
    for (size_t at = 0; at < sizeof(owned) / sizeof(*owned); at++) {
        if (!pl_span_is(key, owned[at].key))
            continue;
        if (owned[at].allowed && strcasecmp(entry->value, owned[at].allowed) == 0)
            return PL_OK;
        return pl_conf_fail(entry->place, err, "`%s` of [kafka] is not yours to set%s%s: %s", entry->key,
                            owned[at].allowed ? ", except to " : "", owned[at].allowed ? owned[at].allowed : "",
                            owned[at].why);
    }
    return PL_OK;
}

enum pl_status pl_conf_check_kafka(const struct pl_conf_section *section, const struct pl_conf_entry *entry,
                                   struct pl_err *err)
{
    struct pl_span base = pl_span_of(entry->key);
    char plain[64];

    if (!entry->value[0])
        return pl_conf_fail(entry->place, err, "`%.64s` is empty", entry->key);
    if (pl_conf_kafka_secret(entry->key))
        return pl_conf_fail(entry->place, err, "`%.64s` is a secret: put it into a file and write `%.64s.file = PATH`",
                            entry->key, entry->key);
    if (!pl_conf_kafka_file(entry->key))
        return check_owned(entry, base, err);
    base.len -= strlen(".file");
    if (!pl_span_copy(base, plain, sizeof(plain)))
        return pl_conf_fail(entry->place, err, "`%.64s` is too long", entry->key);
    if (pl_conf_section_find(section, plain))
        return pl_conf_fail(entry->place, err, "both `%s` and `%s` are given", plain, entry->key);
    return check_owned(entry, base, err);
}
