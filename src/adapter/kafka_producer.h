/* Writing to Kafka, for plateauctl import and simulate: records in order, each once, known to be stored.
 *
 * Idempotent producer, acks=all; the [kafka] settings of the configuration apply. The daemon itself writes nothing to
 * Kafka. One thread. Nothing is retried above librdkafka: the first record that fails ends it, because what comes
 * behind it would be out of order.
 */
#ifndef PL_ADAPTER_KAFKA_PRODUCER_H
#define PL_ADAPTER_KAFKA_PRODUCER_H

#include "codec/conf.h"

struct pl_kafka_producer;

enum pl_status pl_kafka_producer_new(const struct pl_conf *conf, struct pl_kafka_producer **producer,
                                     struct pl_err *err) PL_MUSTCHECK;
void pl_kafka_producer_free(struct pl_kafka_producer *producer);

/* Queue one record (copied) for a partition; waits while the queue is full. IO: an earlier record could not be stored.
 */
enum pl_status pl_kafka_producer_send(struct pl_kafka_producer *producer, const char *topic, int32_t partition,
                                      struct pl_span key, struct pl_span value, struct pl_err *err) PL_MUSTCHECK;

/* Wait until everything is stored. IO when something was not, or not within timeout_us. */
enum pl_status pl_kafka_producer_flush(struct pl_kafka_producer *producer, int64_t timeout_us,
                                       struct pl_err *err) PL_MUSTCHECK;

/* Records that are known to be stored. */
uint64_t pl_kafka_producer_stored(const struct pl_kafka_producer *producer);

#endif
