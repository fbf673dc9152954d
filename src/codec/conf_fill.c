#include "codec/conf_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static enum pl_status no_memory(struct pl_err *err)
{
    return pl_err_set(err, PL_ERR_NOMEM, "out of memory for the configuration");
}

/* Where the value of a text option goes. */
struct text_slot {
    const char *key;
    char **place;
};

static enum pl_status fill_texts(const struct pl_conf_section *section, const struct text_slot *slots, size_t n,
                                 struct pl_err *err)
{
    for (size_t at = 0; at < n; at++) {
        const char *value = pl_conf_section_get(section, slots[at].key);

        assert(pl_conf_table_find(section->type, slots[at].key));
        if (!value)
            continue;
        *slots[at].place = pl_span_dup(pl_span_of(value));
        if (!*slots[at].place)
            return no_memory(err);
    }
    return PL_OK;
}

#define FILL_TEXTS(section, slots, err) fill_texts(section, slots, sizeof(slots) / sizeof(*(slots)), err)

static const struct pl_conf_section *single(const struct pl_conf_full *full, const char *type)
{
    const struct pl_conf_section *section = pl_conf_text_find(&full->text, type, pl_span_of(""));

    assert(section); /* made by complete */
    return section;
}

static enum pl_status fill_main(struct pl_conf_full *full, struct pl_err *err)
{
    struct pl_conf *conf = &full->conf;
    const struct pl_conf_section *main = single(full, "plateaud");
    const struct text_slot slots[] = {{"instance", &conf->instance}, {"control", &conf->control},
                                      {"group", &conf->group},       {"hash_key_file", &conf->hash_key_file},
                                      {"http", &conf->http_listen},  {"log_level", &conf->log_level}};

    conf->workers = (unsigned)pl_conf_read(main, "workers").integer;
    conf->idle_timeout_us = pl_conf_read(main, "idle_timeout").integer;
    conf->commit_interval_us = pl_conf_read(main, "commit_interval").integer;
    conf->commit_records = (unsigned)pl_conf_read(main, "commit_records").integer;
    conf->commit_bytes = pl_conf_read(main, "commit_bytes").integer;
    conf->kafka_queue_bytes = pl_conf_read(main, "kafka_queue").integer;
    return FILL_TEXTS(main, slots, err);
}

static enum pl_status fill_redis(struct pl_conf_full *full, struct pl_err *err)
{
    struct pl_conf *conf = &full->conf;
    const struct pl_conf_section *redis = single(full, "redis");
    const struct text_slot slots[] = {{"url", &conf->redis_url},
                                      {"user", &conf->redis_user},
                                      {"password_file", &conf->redis_password_file},
                                      {"sentinel_user", &conf->redis_sentinel_user},
                                      {"sentinel_password_file", &conf->redis_sentinel_password_file},
                                      {"ca_file", &conf->redis_ca_file},
                                      {"cert_file", &conf->redis_cert_file},
                                      {"key_file", &conf->redis_key_file}};

    conf->redis_timeout_us = pl_conf_read(redis, "timeout").integer;
    return FILL_TEXTS(redis, slots, err);
}

static void fill_alert(struct pl_conf_full *full)
{
    const struct pl_conf_section *alert = single(full, "alert");

    full->conf.alert_min_interval_us = pl_conf_read(alert, "min_interval").integer;
    full->conf.alert_stream_max = (unsigned)pl_conf_read(alert, "stream_max").integer;
    full->conf.alert_digest = pl_conf_read(alert, "digest").integer != 0;
}

static enum pl_status fill_kafka(struct pl_conf_full *full, struct pl_err *err)
{
    const struct pl_conf_section *kafka = single(full, "kafka");

    full->conf.kafka = calloc(kafka->n_entries + 1u, sizeof(*full->conf.kafka));
    if (!full->conf.kafka)
        return no_memory(err);
    for (unsigned at = 0; at < kafka->n_entries; at++) {
        struct pl_conf_pair *pair = &full->conf.kafka[full->conf.n_kafka++];

        pair->key = pl_span_dup(pl_span_of(kafka->entries[at].key));
        pair->value = pl_span_dup(pl_span_of(kafka->entries[at].value));
        if (!pair->key || !pair->value)
            return no_memory(err);
    }
    return PL_OK;
}

static enum pl_status fill_topics(const struct pl_conf_section *section, struct pl_conf_source *source,
                                  struct pl_err *err)
{
    struct pl_span rest = pl_span_of(pl_conf_section_get(section, "topics"));

    while (rest.ptr) {
        char *topic = pl_span_dup(pl_span_trim(pl_span_cut(&rest, ',')));

        if (!topic)
            return no_memory(err);
        assert(source->n_topics < PL_CONF_TOPICS_MAX); /* counted by check_whole */
        source->topics[source->n_topics++] = topic;
    }
    return PL_OK;
}

static enum pl_status fill_source(const struct pl_conf_section *section, struct pl_conf_source *source,
                                  struct pl_err *err)
{
    const struct text_slot slots[] = {{"format", &source->format},
                                      {"when", &source->when},
                                      {"event", &source->event},
                                      {"time", &source->time},
                                      {"unit", &source->unit},
                                      {"id", &source->id},
                                      {"experiment", &source->experiment},
                                      {"variant", &source->variant},
                                      {"exposure_when", &source->exposure_when}};
    enum pl_status status = fill_topics(section, source, err);

    (void)pl_span_copy(pl_span_of(section->name), source->name, sizeof(source->name));
    return status ? status : FILL_TEXTS(section, slots, err);
}

static enum pl_status fill_sources(struct pl_conf_full *full, struct pl_err *err)
{
    struct pl_conf *conf = &full->conf;
    enum pl_status status = PL_OK;

    conf->sources = calloc(PL_CONF_TOPICS_MAX, sizeof(*conf->sources)); /* each has a topic of its own */
    if (!conf->sources)
        return no_memory(err);
    for (unsigned at = 0; !status && at < full->text.n_sections; at++)
        if (strcmp(full->text.sections[at]->type, "source") == 0)
            status = fill_source(full->text.sections[at], &conf->sources[conf->n_sources++], err);
    return status;
}

enum pl_status pl_conf_fill(struct pl_conf_full *full, struct pl_err *err)
{
    enum pl_status status = fill_main(full, err);

    if (!status)
        status = fill_kafka(full, err);
    if (!status)
        status = fill_sources(full, err);
    if (!status)
        status = fill_redis(full, err);
    fill_alert(full);
    return status;
}
