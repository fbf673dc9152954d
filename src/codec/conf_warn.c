#include "codec/conf_internal.h"

#include <math.h>
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
        {"value", "has no value: that users get what they come for is not measured, so a shift to core work stays "
                  "unconfirmed, and neither hollow growth nor DERIVING can be seen"},
        {"smallest_return", "has no smallest_return: returns are never judged flat"},
    };

    for (size_t at = 0; at < sizeof(wanted) / sizeof(*wanted); at++)
        if (!pl_conf_section_find(area, wanted[at].key))
            pl_buf_addf(out, "area %s %s\n", area->name, wanted[at].then);
    if (!pl_conf_section_find(area, "experiments"))
        pl_buf_addf(out, "area %s has no patterns in `experiments`: it gets only those that are declared for it\n",
                    area->name);
}

static bool has_feature(const struct pl_rules *rules, uint32_t area, bool aware)
{
    for (unsigned at = 0; at < rules->n_features; at++)
        if (rules->features[at].area == area && (!aware || rules->features[at].aware.n > 0))
            return true;
    return false;
}

static bool is_uncapped(const struct pl_rules *rules, uint32_t at)
{
    const struct pl_metric_rule *metric = &rules->metrics[at];

    switch (metric->type) {
    case PL_METRIC_COUNT:
    case PL_METRIC_SUM:
    case PL_METRIC_MEAN:
        return metric->cap_micro == 0;
    case PL_METRIC_RATIO:
        return is_uncapped(rules, metric->parts[0]) || is_uncapped(rules, metric->parts[1]);
    case PL_METRIC_CONVERSION:
    case PL_METRIC_RETENTION:
    case PL_METRIC_FUNNEL:
    case PL_METRIC_TIME_TO:
        break;
    }
    return false;
}

static bool is_quotient(const struct pl_metric_rule *metric)
{
    return metric->type == PL_METRIC_MEAN || metric->type == PL_METRIC_RATIO;
}

/* Can experiments be judged by the goal, and compared with the value of the same users? */
static void warn_measured(const struct pl_rules *rules, uint32_t at, struct pl_buf *out)
{
    const struct pl_area_rule *area = &rules->areas[at];

    if (area->goal == PL_RULES_NONE)
        return;
    if (is_uncapped(rules, area->goal))
        pl_buf_addf(out,
                    "area %s: its goal %s has no cap: a few large values decide, and experiments stay too small to be "
                    "judged\n",
                    area->id, rules->metrics[area->goal].id);
    if (area->value == PL_RULES_NONE)
        return;
    if (is_quotient(&rules->metrics[area->goal]) || is_quotient(&rules->metrics[area->value]))
        pl_buf_addf(out,
                    "area %s: its goal or value is a mean or ratio: the two cannot be compared in experiments, and "
                    "hollow growth is not seen\n",
                    area->id);
    else if (is_uncapped(rules, area->value))
        pl_buf_addf(out, "area %s: its value %s has no cap: it is not compared with growth in experiments\n", area->id,
                    rules->metrics[area->value].id);
}

/* What an area says of value and delivery, and what is missing for it to be judged. */
static void warn_value(const struct pl_rules *rules, uint32_t at, struct pl_buf *out)
{
    const struct pl_area_rule *area = &rules->areas[at];
    const struct pl_metric_rule *goal = area->goal == PL_RULES_NONE ? NULL : &rules->metrics[area->goal];

    if (area->value != PL_RULES_NONE && area->value_events.n == 0)
        pl_buf_addf(
            out,
            "area %s: its value %s has no events of its own: it is measured in experiments, but not over all users, "
            "so a shift to core work stays unconfirmed\n",
            area->id, rules->metrics[area->value].id);
    if (goal && area->value != PL_RULES_NONE && isnan(area->value_per_delivery))
        pl_buf_addf(out, "area %s has no value_per_delivery: growth counts as hollow only when value falls\n",
                    area->id);
    warn_measured(rules, at, out);
    if (has_feature(rules, at, false) && isnan(area->value_bar))
        pl_buf_addf(out, "area %s has features and no value_bar: no feature counts as valuable\n", area->id);
}

static void warn_metric(const struct pl_metric_rule *metric, struct pl_buf *out)
{
    bool followed =
        metric->type == PL_METRIC_CONVERSION || metric->type == PL_METRIC_COUNT || metric->type == PL_METRIC_SUM;

    if (metric->role == PL_ROLE_GUARDRAIL && isnan(metric->margin))
        pl_buf_addf(out, "metric %s is a guardrail without margin: no variant can be called harmless\n", metric->id);
    if (metric->role == PL_ROLE_DERIVE && !followed)
        pl_buf_addf(
            out,
            "metric %s has role derive: only a conversion, count or sum is followed over time, so it cannot show "
            "DERIVING\n",
            metric->id);
}

/* What an objective's figure is made of, where the area does not have it; NULL when it does. */
static const char *lacks(const struct pl_rules *rules, const struct pl_objective_rule *objective)
{
    const struct pl_area_rule *area = &rules->areas[objective->area];

    switch (objective->figure) {
    case PL_OBJECTIVE_FUNNEL:
        return area->funnel == PL_RULES_NONE ? "funnel" : NULL;
    case PL_OBJECTIVE_DELIVERED:
        return has_feature(rules, objective->area, true) ? NULL : "feature with `aware` events";
    case PL_OBJECTIVE_VALUE:
    case PL_OBJECTIVE_RETENTION:
    case PL_OBJECTIVE_ACTIVATION:
        return area->value_events.n == 0 ? "value with events" : NULL;
    }
    return NULL;
}

static void warn_rules(const struct pl_rules *rules, struct pl_buf *out)
{
    for (uint32_t at = 0; at < rules->n_areas; at++)
        warn_value(rules, at, out);
    for (unsigned at = 0; at < rules->n_metrics; at++)
        warn_metric(&rules->metrics[at], out);
    for (unsigned at = 0; at < rules->n_features; at++)
        if (rules->features[at].aware.n == 0)
            pl_buf_addf(
                out,
                "feature %s has no `aware` events: users who do not know it cannot be told from users who do not "
                "want it\n",
                rules->features[at].id);
    for (unsigned at = 0; at < rules->n_objectives; at++) {
        const char *missing = lacks(rules, &rules->objectives[at]);

        if (missing)
            pl_buf_addf(out, "objective %s has nothing to show: area %s has no %s\n", rules->objectives[at].id,
                        rules->areas[rules->objectives[at].area].id, missing);
    }
}

void pl_conf_warn(const struct pl_conf *conf, struct pl_buf *out)
{
    const struct pl_conf_text *text = pl_conf_text_of(conf);

    if (conf->rules->n_areas == 0)
        pl_buf_add_text(out, "there is no [area]: nothing will be judged\n");
    for (unsigned at = 0; at < text->n_sections; at++)
        if (strcmp(text->sections[at]->type, "area") == 0)
            warn_area(text->sections[at], out);
    warn_rules(conf->rules, out);
    if (conf->n_sources == 0)
        pl_buf_add_text(out, "there is no [source]: only control records are read\n");
    if (!conf->hash_key_file)
        pl_buf_add_text(out, "there is no hash_key_file: unit ids are hashed under a key that anyone can compute\n");
    warn_kafka(conf, out);
    warn_redis(conf, out);
}
