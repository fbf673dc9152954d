/* The settings of the consumer: ours, then the user's [kafka] pairs, then those that nobody may change.
 *
 * A key that ends in `.file` names a file that holds the value, so that passwords need not stand in the conf file.
 */
#ifndef PL_ADAPTER_KAFKA_CONF_H
#define PL_ADAPTER_KAFKA_CONF_H

#include "adapter/kafka.h"

struct rd_kafka_conf_s;

/* Settings without callbacks. INPUT with the key's name when librdkafka refuses one. The caller owns *out. */
enum pl_status pl_kafka_conf_make(const struct pl_kafka_config *config, struct rd_kafka_conf_s **out,
                                  struct pl_err *err) PL_MUSTCHECK;

/* The user's [kafka] pairs alone, for clients that are no consumer of ours. INPUT as above. */
enum pl_status pl_kafka_conf_users(struct rd_kafka_conf_s *rk_conf, const struct pl_conf *conf,
                                   struct pl_err *err) PL_MUSTCHECK;

/* Bytes that one input's queue may hold: kafka_queue over all inputs that this process may get, at least
 * PL_KAFKA_QUEUE_MIN_BYTES, at most a worker's share. */
#define PL_KAFKA_QUEUE_MIN_BYTES (INT64_C(256) * 1024)
int64_t pl_kafka_conf_queue_bytes(const struct pl_kafka_config *config);

#endif
