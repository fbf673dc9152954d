#include "adapter/kafka_internal.h"

#include <stdlib.h>
#include <string.h>

/* Only partition numbers travel: the group knows the subscribed topic alone. Of the control topic, when it is the one,
 * partition 0 is the shard; others are nobody's. */
static unsigned copy_partitions(const struct pl_kafka *kafka, const rd_kafka_topic_partition_list_t *list,
                                int32_t *partitions)
{
    unsigned n = 0;

    for (int at = 0; at < list->cnt; at++)
        if (kafka->n_topics > 0 || list->elems[at].partition == 0)
            partitions[n++] = list->elems[at].partition;
    return n;
}

static void answer_empty(struct pl_kafka *kafka)
{
    rd_kafka_topic_partition_list_t *none = rd_kafka_topic_partition_list_new(0);
    rd_kafka_error_t *error = rd_kafka_incremental_assign(kafka->rk, none);

    if (error)
        pl_kafka_problem(kafka, PL_ERR_IO, "answer to an assignment: %s", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    rd_kafka_topic_partition_list_destroy(none);
}

void pl_kafka_group_record(rd_kafka_t *rk, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t *list, void *ctx)
{
    struct pl_kafka *kafka = ctx;
    struct pl_kafka_rebalance *rebalance = &kafka->rebalance;

    kafka->was_assigned = true;
    if (kafka->closing) {
        pl_kafka_group_drop(kafka, what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS);
        return;
    }
    free(rebalance->partitions);
    *rebalance = (struct pl_kafka_rebalance){
        .recorded = true,
        .is_assign = what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS,
        .lost = what != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && rd_kafka_assignment_lost(rk),
        .partitions = calloc((size_t)list->cnt + 1, sizeof(int32_t)),
    };
    if (rebalance->partitions)
        rebalance->n = copy_partitions(kafka, list, rebalance->partitions);
    else
        pl_kafka_problem(kafka, PL_ERR_NOMEM, "no memory for a rebalance of %d partitions", list->cnt);
}

static void settle_or_say(struct pl_kafka *kafka)
{
    struct pl_err err;

    if (pl_kafka_group_settle(kafka, &err))
        pl_kafka_problem(kafka, err.code, "%s", err.text);
}

/* An assignment is answered before anybody has loaded anything: what belongs to the group's answer is nothing, and the
 * partitions are added one by one when their state is there. A slow Redis must not hold up the whole group. */
void pl_kafka_group_announce(struct pl_kafka *kafka)
{
    struct pl_kafka_rebalance now = kafka->rebalance;

    if (!now.recorded)
        return;
    kafka->rebalance = (struct pl_kafka_rebalance){0};
    if (now.is_assign) {
        answer_empty(kafka);
        if (now.n)
            kafka->config.assigned(kafka->config.ctx, now.partitions, now.n);
        free(now.partitions);
        settle_or_say(kafka);
        return;
    }
    free(kafka->revoking);
    kafka->revoking = now.partitions;
    kafka->n_revoking = now.n;
    kafka->revoke_open = true;
    if (now.n) {
        int32_t *told = malloc(now.n * sizeof(*told)); /* `revoking` shrinks while the worker stops them */

        if (told) {
            memcpy(told, now.partitions, now.n * sizeof(*told));
            kafka->config.revoked(kafka->config.ctx, told, now.n, now.lost);
        }
        free(told);
    } else {
        pl_kafka_group_stopped(kafka, -1);
    }
}

/* A list of the inputs for which `pick` says yes. */
static rd_kafka_topic_partition_list_t *gather(struct pl_kafka *kafka, bool (*pick)(const struct pl_kafka_input *))
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);

    for (unsigned topic = 0; topic < PL_KAFKA_LANES; topic++)
        for (int32_t partition = 0; partition < kafka->lanes[topic].n; partition++) {
            const struct pl_kafka_input *input = kafka->lanes[topic].inputs[partition];

            if (input && pick(input))
                rd_kafka_topic_partition_list_add(list, kafka->topics[topic], partition)->offset = input->start;
        }
    return list;
}

static bool to_unassign(const struct pl_kafka_input *input)
{
    return input->assigned && (!input->wanted || input->restart);
}

static bool to_assign(const struct pl_kafka_input *input)
{
    return input->wanted && !input->assigned;
}

/* Leave out what librdkafka no longer has: it drops assignments by itself after a fatal error, and refuses a list with
 * one stranger as a whole. */
static void keep_assigned(struct pl_kafka *kafka, rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_topic_partition_list_t *now = NULL;

    if (!list->cnt || rd_kafka_assignment(kafka->rk, &now))
        return;
    for (int at = list->cnt - 1; at >= 0; at--)
        if (!rd_kafka_topic_partition_list_find(now, list->elems[at].topic, list->elems[at].partition))
            rd_kafka_topic_partition_list_del_by_idx(list, at);
    rd_kafka_topic_partition_list_destroy(now); /* it holds references: kept, it would hang the destroy */
}

static void mark_unassigned(struct pl_kafka *kafka)
{
    for (unsigned topic = 0; topic < PL_KAFKA_LANES; topic++)
        for (int32_t partition = 0; partition < kafka->lanes[topic].n; partition++) {
            struct pl_kafka_input *input = kafka->lanes[topic].inputs[partition];

            if (!input || !to_unassign(input))
                continue;
            input->assigned = input->restart = false;
            pl_kafka_input_shut(input);
            if (input->wanted && !pl_kafka_input_open(kafka, input))
                pl_kafka_input_fail(kafka, input, "no memory for its queue");
        }
}

static void unassign(struct pl_kafka *kafka, bool even_if_empty)
{
    rd_kafka_topic_partition_list_t *list = gather(kafka, to_unassign);
    bool some = list->cnt > 0;

    keep_assigned(kafka, list);
    if (list->cnt || even_if_empty) {
        rd_kafka_error_t *error = rd_kafka_incremental_unassign(kafka->rk, list);

        if (error)
            pl_kafka_problem(kafka, PL_ERR_IO, "unassign: %s", rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (some)
        mark_unassigned(kafka);
}

static void mark_assigned(struct pl_kafka *kafka, const rd_kafka_topic_partition_list_t *list, const char *failure)
{
    for (unsigned topic = 0; topic < PL_KAFKA_LANES; topic++)
        for (int at = 0; at < list->cnt; at++) {
            struct pl_kafka_input *input = pl_kafka_input_find(kafka, topic, list->elems[at].partition);

            if (!input || !to_assign(input) || strcmp(kafka->topics[topic], list->elems[at].topic) != 0)
                continue;
            if (failure)
                pl_kafka_input_fail(kafka, input, failure);
            else
                input->assigned = true;
        }
}

static enum pl_status assign(struct pl_kafka *kafka, struct pl_err *err)
{
    rd_kafka_topic_partition_list_t *list = gather(kafka, to_assign);
    enum pl_status status = PL_OK;

    if (list->cnt) {
        rd_kafka_error_t *error = rd_kafka_incremental_assign(kafka->rk, list);
        const char *failure = error ? rd_kafka_error_string(error) : NULL;

        mark_assigned(kafka, list, failure);
        if (failure)
            status = pl_err_set(err, PL_ERR_IO, "assign: %s", failure);
        rd_kafka_error_destroy(error);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return status;
}

enum pl_status pl_kafka_group_settle(struct pl_kafka *kafka, struct pl_err *err)
{
    if (kafka->revoke_open)
        return PL_OK;
    /* librdkafka takes the next (un)assign as the answer to a rebalance that it has begun, also when we have not heard
     * of it: its partitions would never be given back. So hear first, and settle after the answer. */
    pl_kafka_serve(kafka);
    if (kafka->rebalance.recorded)
        return PL_OK;
    unassign(kafka, false);
    return assign(kafka, err);
}

void pl_kafka_group_stopped(struct pl_kafka *kafka, int32_t partition)
{
    for (unsigned at = 0; at < kafka->n_revoking; at++)
        if (kafka->revoking[at] == partition) {
            kafka->revoking[at] = kafka->revoking[--kafka->n_revoking];
            break;
        }
    if (kafka->revoke_open && kafka->n_revoking == 0) {
        kafka->revoke_open = false;
        unassign(kafka, true);
    }
    settle_or_say(kafka);
}

void pl_kafka_group_drop(struct pl_kafka *kafka, bool answer_assign)
{
    if (answer_assign || (kafka->rebalance.recorded && kafka->rebalance.is_assign))
        answer_empty(kafka);
    kafka->rebalance.recorded = false;
    for (unsigned topic = 0; topic < PL_KAFKA_LANES; topic++)
        for (int32_t partition = 0; partition < kafka->lanes[topic].n; partition++)
            if (kafka->lanes[topic].inputs[partition])
                kafka->lanes[topic].inputs[partition]->wanted = false;
    kafka->revoke_open = false;
    unassign(kafka, true);
}
