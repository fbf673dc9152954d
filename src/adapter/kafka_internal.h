/* What the files of adapter/kafka share: the consumer, its inputs, and the group's open questions. Not for others.
 *
 * An *input* is one topic-partition with a queue of its own. Two bits say where it stands: `wanted` is what the worker
 * asked for, `assigned` is what librdkafka was told. pl_kafka_group_settle makes the second follow the first, but not
 * while a revocation is open: the group takes any unassign for the answer to it, and would give the revoked partitions
 * away before the worker has committed them.
 */
#ifndef PL_ADAPTER_KAFKA_INTERNAL_H
#define PL_ADAPTER_KAFKA_INTERNAL_H

#include "adapter/kafka.h"

#include <librdkafka/rdkafka.h>

#define PL_KAFKA_LANES (PL_CONF_TOPICS_MAX + 1)
#define PL_KAFKA_PARTITIONS_MAX 100000 /* a partition number beyond it is a broker's mistake */

struct pl_kafka_input {
    unsigned topic; /* index, or PL_KAFKA_CONTROL */
    int32_t partition;
    rd_kafka_queue_t *queue; /* owned; set while wanted or assigned */
    bool wanted;
    bool assigned;
    bool restart; /* assigned, but from an offset that is no longer the wanted one */
    bool at_end;
    bool flowing;      /* something came since the last nudge */
    int64_t start;     /* where to begin when it is assigned */
    int64_t expected;  /* lowest offset that may be handed out */
    int64_t end;       /* offset at which the last PARTITION_EOF was seen */
    bool out_of_range; /* the failure is that `start` is not in the log */
    bool damaged;      /* the failure is a batch that cannot be read */
    int64_t log_start, log_end;
    char *failure; /* owned; NULL: none */
};

/* The inputs of one topic by partition number; owned, sparse. */
struct pl_kafka_lane {
    struct pl_kafka_input **inputs;
    int32_t n;
};

/* A rebalance as the callback saw it. librdkafka waits for the answer, so there is one at a time. */
struct pl_kafka_rebalance {
    bool recorded;
    bool is_assign;
    bool lost;
    int32_t *partitions; /* owned */
    unsigned n;
};

struct pl_kafka {
    rd_kafka_t *rk;           /* owned */
    rd_kafka_queue_t *events; /* owned: rebalances, errors, logs */
    struct pl_kafka_config config;
    char *topics[PL_KAFKA_LANES]; /* owned; [PL_KAFKA_CONTROL] is the control topic or NULL */
    unsigned n_topics;
    struct pl_kafka_lane lanes[PL_KAFKA_LANES];
    struct pl_kafka_input *taking; /* ref, during a call that may call on_error from an input's own queue */
    struct pl_kafka_rebalance rebalance;
    int32_t *revoking; /* owned: revoked partitions that were not stopped yet */
    unsigned n_revoking;
    bool revoke_open;
    bool subscribed;
    bool was_assigned; /* the group has answered once */
    bool closing;
    bool certificate_refused;        /* `trouble` says why */
    char trouble[PL_ERR_TEXT_BYTES]; /* what librdkafka last complained about, "" while it did not */
    int64_t nudged_us;               /* when the last nudge was */
    bool needs_nudges;               /* this version of librdkafka sleeps when its queues are full */
};

void pl_kafka_problem(struct pl_kafka *kafka, enum pl_status status, const char *fmt, ...) PL_PRINTF(3, 4);

/* kafka_inputs.c */

/* NULL when there is none. O(1). */
struct pl_kafka_input *pl_kafka_input_find(struct pl_kafka *kafka, unsigned topic, int32_t partition);
/* Find or make; NULL when out of memory or out of bounds. */
struct pl_kafka_input *pl_kafka_input_get(struct pl_kafka *kafka, unsigned topic, int32_t partition);
/* Want it from this offset, with an open queue. */
bool pl_kafka_input_want(struct pl_kafka *kafka, struct pl_kafka_input *input, int64_t offset);
/* Make sure that it has a queue of its own; false when out of memory. */
bool pl_kafka_input_open(struct pl_kafka *kafka, struct pl_kafka_input *input);
/* Throw away what is queued, and the queue. */
void pl_kafka_input_shut(struct pl_kafka_input *input);
void pl_kafka_input_fail(struct pl_kafka *kafka, struct pl_kafka_input *input, const char *text);
/* An error that concerns this input; false when it is none after which the input cannot go on. */
bool pl_kafka_input_error(struct pl_kafka *kafka, struct pl_kafka_input *input, rd_kafka_resp_err_t error,
                          const char *text);
void pl_kafka_inputs_free(struct pl_kafka *kafka);

/* kafka_group.c */

/* The rebalance_cb of librdkafka: records, or answers at once while closing. */
void pl_kafka_group_record(rd_kafka_t *rk, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t *list, void *ctx);
/* Tell the worker what was recorded. */
void pl_kafka_group_announce(struct pl_kafka *kafka);
/* One revoked partition was stopped. */
void pl_kafka_group_stopped(struct pl_kafka *kafka, int32_t partition);
/* Make `assigned` follow `wanted`. IO when librdkafka refuses an assignment; the inputs then carry the failure. */
enum pl_status pl_kafka_group_settle(struct pl_kafka *kafka, struct pl_err *err);

/* Run librdkafka's callbacks that are due; a rebalance among them is recorded only. */
void pl_kafka_serve(struct pl_kafka *kafka);
/* Unassign everything and answer what is open, and an assignment that was not recorded. */
void pl_kafka_group_drop(struct pl_kafka *kafka, bool answer_assign);

#endif
