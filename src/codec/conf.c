#include "codec/conf_internal.h"

#include <assert.h>
#include <stdlib.h>

enum pl_status pl_conf_at(struct pl_conf_place place, enum pl_status status, struct pl_err *err)
{
    if (status && place.file)
        pl_err_prefix(err, "%s:%u: ", place.file, place.line);
    return status;
}

struct pl_conf_value pl_conf_read(const struct pl_conf_section *section, const char *key)
{
    const struct pl_conf_option *option = pl_conf_table_find(section->type, key);
    const char *text = pl_conf_section_get(section, key);
    struct pl_conf_value value = {0};
    enum pl_status status;

    assert(option);
    if (!text)
        return value;
    status = pl_conf_table_read(option, pl_span_of(text), &value, NULL);
    assert(status == PL_OK); /* checked before, or made by us */
    (void)status;
    return value;
}

enum pl_status pl_conf_finish(struct pl_conf_full *full, struct pl_err *err)
{
    enum pl_status status = pl_conf_check(&full->text, err);

    if (!status)
        status = pl_conf_complete(&full->text, err);
    if (!status)
        status = pl_conf_infer(&full->text, err);
    if (!status)
        status = pl_conf_check_whole(&full->text, err);
    if (!status)
        status = pl_conf_fill(full, err);
    if (!status)
        status = pl_conf_fill_rules(full, err);
    return status;
}

enum pl_status pl_conf_parse(const char *name, struct pl_span text, struct pl_conf **conf, struct pl_err *err)
{
    struct pl_conf_full *full = calloc(1, sizeof(*full));
    enum pl_status status;

    *conf = NULL;
    if (!full)
        return pl_err_set(err, PL_ERR_NOMEM, "out of memory for the configuration");
    status = pl_conf_text_add(&full->text, name, text, err);
    if (!status)
        status = pl_conf_finish(full, err);
    if (status)
        pl_conf_free(&full->conf);
    else
        *conf = &full->conf;
    return status;
}

static void free_sources(struct pl_conf *conf)
{
    for (unsigned at = 0; at < conf->n_sources; at++) {
        struct pl_conf_source *source = &conf->sources[at];

        for (unsigned topic = 0; topic < source->n_topics; topic++)
            free(source->topics[topic]);
        free(source->format);
        free(source->when);
        free(source->event);
        free(source->time);
        free(source->unit);
        free(source->id);
        free(source->experiment);
        free(source->variant);
        free(source->exposure_when);
    }
    free(conf->sources);
}

void pl_conf_free(struct pl_conf *conf)
{
    struct pl_conf_full *full = (struct pl_conf_full *)conf;

    if (!conf)
        return;
    free(conf->instance);
    free(conf->control);
    free(conf->group);
    free(conf->hash_key_file);
    free(conf->http_listen);
    free(conf->log_level);
    for (unsigned at = 0; at < conf->n_kafka; at++) {
        free(conf->kafka[at].key);
        free(conf->kafka[at].value);
    }
    free(conf->kafka);
    free_sources(conf);
    free(conf->redis_url);
    free(conf->redis_user);
    free(conf->redis_password_file);
    free(conf->redis_sentinel_user);
    free(conf->redis_sentinel_password_file);
    free(conf->redis_ca_file);
    free(conf->redis_cert_file);
    free(conf->redis_key_file);
    pl_rules_free(conf->rules);
    pl_conf_text_fini(&full->text);
    free(full);
}
