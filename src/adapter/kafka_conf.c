#include "adapter/kafka_conf.h"

#include "adapter/link_tls.h"

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SECRET_BYTES_MAX (64 * 1024)
#define FETCH_BYTES_MAX (INT64_C(1024) * 1024)
#define SCRAM_FIXED_VERSION 0x020601ff       /* before it, a nonce is sent twice and Kafka 4 refuses it */
#define NEW_PROTOCOL_VERSION 0x020c00ff      /* before it, group.protocol=consumer was a preview */
#define OLD_QUEUE_BACKOFF_VERSION 0x020200ff /* fetch.queue.backoff.ms came with it */

struct setting {
    const char *key;
    const char *value;
};

/* What the user may change. Latency: a quiet topic is answered within 100 ms, and Nagle is off (on by default before
 * 2.10). A batch whose checksum is wrong is an error and not a count. */
static const struct setting defaults[] = {
    {"client.id", "plateaud"},           {"fetch.wait.max.ms", "100"},    {"socket.nagle.disable", "true"},
    {"socket.keepalive.enable", "true"}, {"statistics.interval.ms", "0"}, {"check.crcs", "true"},
};

/* What nobody may change: offsets live in Redis, a missing offset is an error and never a jump, uncommitted records do
 * not exist, and the end of a log must be seen. */
static const struct setting owned[] = {
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"auto.offset.reset", "error"},
    {"enable.partition.eof", "true"},
    {"isolation.level", "read_committed"},
    {"allow.auto.create.topics", "false"},
    {"log.queue", "true"},
};

static enum pl_status set(rd_kafka_conf_t *rk_conf, const char *key, const char *value, struct pl_err *err)
{
    char why[PL_ERR_TEXT_BYTES];

    if (rd_kafka_conf_set(rk_conf, key, value, why, sizeof(why)) == RD_KAFKA_CONF_OK)
        return PL_OK;
    return pl_err_set(err, PL_ERR_INPUT, "[kafka] %s: %s", key, why);
}

static enum pl_status set_all(rd_kafka_conf_t *rk_conf, const struct setting *settings, size_t n, struct pl_err *err)
{
    for (size_t at = 0; at < n; at++) {
        enum pl_status status = set(rk_conf, settings[at].key, settings[at].value, err);

        if (status)
            return status;
    }
    return PL_OK;
}

/* The content of a file without the line ends that editors leave behind. */
static enum pl_status read_value(const char *key, const char *path, char value[SECRET_BYTES_MAX + 1],
                                 struct pl_err *err)
{
    FILE *file = fopen(path, "re");
    size_t len;
    bool failed;

    if (!file)
        return pl_err_set(err, PL_ERR_INPUT, "[kafka] %s: %s: %s", key, path, strerror(errno));
    len = fread(value, 1, SECRET_BYTES_MAX + 1, file);
    failed = ferror(file) != 0;
    fclose(file);
    if (failed || len > SECRET_BYTES_MAX)
        return pl_err_set(err, PL_ERR_INPUT, "[kafka] %s: %s: %s", key, path,
                          failed ? "cannot be read" : "longer than 64 KB");
    if (memchr(value, 0, len))
        return pl_err_set(err, PL_ERR_INPUT, "[kafka] %s: %s: holds a zero byte", key, path);
    while (len && (value[len - 1] == '\n' || value[len - 1] == '\r'))
        len--;
    value[len] = 0;
    return PL_OK;
}

/* `sasl.password.file = PATH` sets sasl.password; what librdkafka says about a value is not repeated. */
static enum pl_status set_from_file(rd_kafka_conf_t *rk_conf, const struct pl_conf_pair *pair, size_t key_len,
                                    struct pl_err *err)
{
    char key[128];
    char *value = NULL;
    enum pl_status status;

    if (!pl_span_copy((struct pl_span){pair->key, key_len}, key, sizeof(key)))
        return pl_err_set(err, PL_ERR_INPUT, "[kafka] %.64s...: too long a key", pair->key);
    value = malloc(SECRET_BYTES_MAX + 1);
    if (!value)
        return pl_err_set(err, PL_ERR_NOMEM, "[kafka] %s: no memory", pair->key);
    status = read_value(pair->key, pair->value, value, err);
    if (!status && rd_kafka_conf_set(rk_conf, key, value, NULL, 0) != RD_KAFKA_CONF_OK)
        status = pl_err_set(err, PL_ERR_INPUT, "[kafka] %s: the value in %s is refused", pair->key, pair->value);
    explicit_bzero(value, SECRET_BYTES_MAX + 1);
    free(value);
    return status;
}

enum pl_status pl_kafka_conf_users(rd_kafka_conf_t *rk_conf, const struct pl_conf *conf, struct pl_err *err)
{
    static const char suffix[] = ".file";

    for (unsigned at = 0; at < conf->n_kafka; at++) {
        const struct pl_conf_pair *pair = &conf->kafka[at];
        size_t len = strlen(pair->key);
        enum pl_status status;

        if (len >= sizeof(suffix) && strcmp(pair->key + len - (sizeof(suffix) - 1), suffix) == 0)
            status = set_from_file(rk_conf, pair, len - (sizeof(suffix) - 1), err);
        else
            status = set(rk_conf, pair->key, pair->value, err);
        if (status)
            return status;
    }
    return PL_OK;
}

static const char *users(const struct pl_conf *conf, const char *key)
{
    const char *value = NULL;

    for (unsigned at = 0; at < conf->n_kafka; at++)
        if (strcmp(conf->kafka[at].key, key) == 0)
            value = conf->kafka[at].value;
    return value;
}

static bool new_protocol(const struct pl_conf *conf)
{
    const char *protocol = users(conf, "group.protocol");

    return protocol && strcmp(protocol, "consumer") == 0;
}

int64_t pl_kafka_conf_queue_bytes(const struct pl_kafka_config *config)
{
    int64_t n_workers = config->n_workers ? config->n_workers : 1;
    int64_t n_topics = config->n_topics ? config->n_topics : 1;
    int64_t n_inputs = n_topics * (config->n_partitions ? config->n_partitions : 1);
    int64_t bytes = config->conf->kafka_queue_bytes / (n_inputs > n_workers ? n_inputs : n_workers);

    return bytes < PL_KAFKA_QUEUE_MIN_BYTES ? PL_KAFKA_QUEUE_MIN_BYTES : bytes;
}

/* Each input has its own queue, and librdkafka's limit is per queue; a fetch may overshoot it by what it brings. */
static enum pl_status set_sizes(rd_kafka_conf_t *rk_conf, const struct pl_kafka_config *config, struct pl_err *err)
{
    int64_t bytes = pl_kafka_conf_queue_bytes(config);
    char kbytes[32], fetch[32];
    const struct setting sizes[] = {{"queued.max.messages.kbytes", kbytes}, {"fetch.message.max.bytes", fetch}};

    snprintf(kbytes, sizeof(kbytes), "%lld", (long long)(bytes / 1024));
    snprintf(fetch, sizeof(fetch), "%lld", (long long)(bytes < FETCH_BYTES_MAX ? bytes : FETCH_BYTES_MAX));
    if (rd_kafka_version() >= OLD_QUEUE_BACKOFF_VERSION)
        rd_kafka_conf_set(rk_conf, "fetch.queue.backoff.ms", "50", NULL, 0);
    return set_all(rk_conf, sizes, sizeof(sizes) / sizeof(sizes[0]), err);
}

enum pl_status pl_kafka_conf_make(const struct pl_kafka_config *config, rd_kafka_conf_t **out, struct pl_err *err)
{
    const struct pl_conf *conf = config->conf;
    rd_kafka_conf_t *rk_conf = rd_kafka_conf_new();
    enum pl_status status = set_all(rk_conf, defaults, sizeof(defaults) / sizeof(defaults[0]), err);

    if (!status)
        status = set_sizes(rk_conf, config, err);
    if (!status)
        status = pl_kafka_conf_users(rk_conf, conf, err);
    if (!status)
        status = set_all(rk_conf, owned, sizeof(owned) / sizeof(owned[0]), err);
    if (!status)
        status = set(rk_conf, "group.id", conf->group, err);
    if (!status && config->instance_id)
        status = set(rk_conf, "group.instance.id", config->instance_id, err);
    if (!status && !new_protocol(conf))
        status = set(rk_conf, "partition.assignment.strategy", "cooperative-sticky", err);
    if (status) {
        rd_kafka_conf_destroy(rk_conf);
        return status;
    }
    *out = rk_conf;
    return PL_OK;
}

const char *pl_kafka_version(void)
{
    return rd_kafka_version_str();
}

void pl_kafka_warn(const struct pl_conf *conf, struct pl_buf *out)
{
    const char *mechanism = users(conf, "sasl.mechanism");
    const char *verify = users(conf, "enable.ssl.certificate.verification");
    const char *hostname = users(conf, "ssl.endpoint.identification.algorithm");
    const char *certificate = users(conf, "ssl.certificate.location");

    if (!mechanism)
        mechanism = users(conf, "sasl.mechanisms");
    if (mechanism && strncasecmp(mechanism, "SCRAM", 5) == 0 && rd_kafka_version() < SCRAM_FIXED_VERSION)
        pl_buf_addf(out,
                    "[kafka] sasl.mechanism = %s: librdkafka %s sends its nonce twice; Kafka 4 refuses it "
                    "(fixed in 2.6.1)\n",
                    mechanism, rd_kafka_version_str());
    if (new_protocol(conf) && rd_kafka_version() < NEW_PROTOCOL_VERSION)
        pl_buf_addf(out, "[kafka] group.protocol = consumer: not ready for use before librdkafka 2.12, this is %s\n",
                    rd_kafka_version_str());
    if (certificate && pl_link_tls_expired(certificate))
        pl_buf_addf(out, "[kafka] ssl.certificate.location = %s: has expired; brokers refuse it\n", certificate);
    if (verify && strcasecmp(verify, "false") == 0)
        pl_buf_add_text(out, "[kafka] enable.ssl.certificate.verification = false: anybody can pose as the broker\n");
    if (hostname && strcasecmp(hostname, "none") == 0)
        pl_buf_add_text(out, "[kafka] ssl.endpoint.identification.algorithm = none: any host with a certificate of "
                             "the same CA can pose as the broker\n");
}
