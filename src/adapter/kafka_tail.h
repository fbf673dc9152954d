/* Reading topics as an onlooker: from their ends on, in no group, without any write (plateauctl tap).
 *
 * All partitions of the added topics come through one queue, in the order in which they are fetched. One thread.
 */
#ifndef PL_ADAPTER_KAFKA_TAIL_H
#define PL_ADAPTER_KAFKA_TAIL_H

#include "codec/conf.h"
#include "codec/decode.h"

struct pl_kafka_tail;

/* A record; borrows from `message` until it is released. */
struct pl_kafka_tail_taken {
    void *message; /* NULL: nothing came in time */
    struct pl_record record;
};

enum pl_status pl_kafka_tail_new(const struct pl_conf *conf, struct pl_kafka_tail **tail,
                                 struct pl_err *err) PL_MUSTCHECK;
void pl_kafka_tail_free(struct pl_kafka_tail *tail);

/* Begin to read every partition of a topic, `back` records before its end. INPUT: no such topic. */
enum pl_status pl_kafka_tail_add(struct pl_kafka_tail *tail, const char *topic, unsigned back, int64_t timeout_us,
                                 struct pl_err *err) PL_MUSTCHECK;

/* Wait for the next record, at most timeout_us. IO: a topic cannot be read on. */
enum pl_status pl_kafka_tail_next(struct pl_kafka_tail *tail, int64_t timeout_us, struct pl_kafka_tail_taken *taken,
                                  struct pl_err *err) PL_MUSTCHECK;
void pl_kafka_tail_release(void *message);

#endif
