/* The configuration (design 5) as one value: read from conf files, checked, printed with origins, turned into rules.
 *
 * One table (conf_table) describes every option: section, key, type, default, range, reloadable, help. Parser, `-T`,
 * sample file, man page and defaults all come from it or are compared with it by a test. Owns everything in it.
 */
#ifndef PL_CODEC_CONF_H
#define PL_CODEC_CONF_H

#include "core/rules.h"
#include "util/buf.h"

#define PL_CONF_TOPICS_MAX 16

/* One key of [kafka], passed to librdkafka verbatim. */
struct pl_conf_pair {
    char *key;   /* owned */
    char *value; /* owned */
};

/* [source NAME]: topics in one format. Path fields are in the path language of codec/path (NULL: the preset's). */
struct pl_conf_source {
    char name[PL_NAME_BYTES];
    char *topics[PL_CONF_TOPICS_MAX]; /* owned */
    unsigned n_topics;
    char *format; /* owned: preset name, default "segment" */
    /* overrides of the preset, owned, NULL when not given */
    char *when, *event, *time, *unit, *id, *experiment, *variant, *exposure_when;
};

struct pl_conf {
    /* [plateaud] */
    char *instance;      /* owned, default "main": part of every Redis key */
    char *control;       /* owned, default "plateaud.control" */
    char *group;         /* owned, default "plateaud-INSTANCE": Kafka consumer group */
    char *hash_key_file; /* owned, NULL: key made from the instance name, with a warning */
    char *http_listen;   /* owned, default "127.0.0.1:9188"; "off" */
    char *log_level;     /* owned: error, warning, info, debug */
    unsigned workers;    /* 0: min(cpus, 4) */
    int64_t idle_timeout_us;
    int64_t commit_interval_us;
    unsigned commit_records;
    int64_t commit_bytes; /* bytes per second, budget */
    int64_t kafka_queue_bytes;
    /* [kafka] */
    struct pl_conf_pair *kafka; /* owned */
    unsigned n_kafka;
    /* [source ...] */
    struct pl_conf_source *sources; /* owned */
    unsigned n_sources;
    /* [redis] */
    char *redis_url; /* owned: where, in one of the forms of adapter/link_where.h */
    char *redis_sentinel_user, *redis_sentinel_password_file;                                  /* owned or NULL */
    char *redis_user, *redis_password_file, *redis_ca_file, *redis_cert_file, *redis_key_file; /* owned or NULL */
    int64_t redis_timeout_us;
    /* [alert] */
    int64_t alert_min_interval_us; /* 14 d */
    unsigned alert_stream_max;     /* entries kept in the alerts stream, about */
    bool alert_digest;             /* a digest for each owner and week; default off */
    /* [area], [metric], [funnel], [feature], [objective], [experiment], and lateness, hold, ... of [plateaud] */
    struct pl_rules *rules; /* owned, sealed */
};

/* Read path (a file), then conf.d/NAME.conf beside it in name order when that directory exists. Errors carry
 * "file:line: what is wrong; nearest known key: X". A pair KEY.file = PATH of [kafka] becomes KEY = content of PATH.
 * credential:NAME, as a file of [plateaud], [redis] or [kafka], becomes $CREDENTIALS_DIRECTORY/NAME (systemd.exec(5)).
 * Nothing half-built is returned. The caller frees *conf. */
enum pl_status pl_conf_load(const char *path, struct pl_conf **conf, struct pl_err *err) PL_MUSTCHECK;

/* The same from text; `name` stands for the file in errors. For tests, replay and fuzzing. Touches no file: pairs
 * KEY.file of [kafka] and credential:NAME stay as they are. */
enum pl_status pl_conf_parse(const char *name, struct pl_span text, struct pl_conf **conf,
                             struct pl_err *err) PL_MUSTCHECK;

void pl_conf_free(struct pl_conf *conf);

/* `-T`: every effective value with its origin (file:line, default, inferred), readable as a conf file. Secrets are only
 * ever file names, and values of [kafka] keys that carry secrets are shown as ***. */
void pl_conf_print(const struct pl_conf *conf, struct pl_buf *out);

/* Warnings about legal but doubtful settings, one line each ("area checkout has no goal: ..."). */
void pl_conf_warn(const struct pl_conf *conf, struct pl_buf *out);

/* May `next` replace `now` while running? INPUT and the name of the option when it may not (unit, format, hash key,
 * lateness, instance, topics, ...). One changed key per line goes to *diff (may be NULL). */
enum pl_status pl_conf_reloadable(const struct pl_conf *now, const struct pl_conf *next, struct pl_buf *diff,
                                  struct pl_err *err) PL_MUSTCHECK;

#endif
