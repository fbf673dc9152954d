/* Kafka: logs that are written to, the group that says who has which partition, and pl_kafka, as adapter/kafka.h
 * promises it. A process that is away for too long loses its partitions without being asked, and learns it later.
 */
#include "sim_redis.h"

#include <stdlib.h>
#include <string.h>

enum held { NOTHING, ASSIGNED, REVOKED };

struct pl_kafka {
    bool used, group;
    struct pl_kafka_config config;
    struct sim_process *process;
    enum held held[SIM_PARTITIONS];
    bool lost[SIM_PARTITIONS];
    bool started[SIM_PARTITIONS];
    int64_t next[SIM_TOPICS][SIM_PARTITIONS], control_next;
};

static struct pl_kafka handles[2 * SIM_PROCESSES + 2];

void sim_kafka_reset(void)
{
    memset(handles, 0, sizeof(handles));
}

enum pl_status pl_kafka_new(const struct pl_kafka_config *config, struct pl_kafka **kafka, struct pl_err *err)
{
    for (unsigned at = 0; at < sizeof(handles) / sizeof(*handles); at++) {
        if (handles[at].used)
            continue;
        handles[at] = (struct pl_kafka){.used = true, .group = config->control != NULL, .config = *config};
        handles[at].process = sim.making;
        *kafka = &handles[at];
        return PL_OK;
    }
    return pl_err_set(err, PL_ERR_NOMEM, "no more handles");
}

bool pl_kafka_free(struct pl_kafka *kafka, int64_t timeout_us)
{
    (void)timeout_us;
    kafka->used = false;
    return true;
}

enum pl_status pl_kafka_facts(struct pl_kafka *kafka, const char *topic, int64_t timeout_us,
                              struct pl_kafka_topic_facts *facts, struct pl_err *err)
{
    (void)kafka;
    (void)timeout_us;
    (void)err;
    *facts = (struct pl_kafka_topic_facts){topic[0] == 't' ? (int32_t)sim.n_partitions : 1, true};
    return PL_OK;
}

static bool is_mine(const struct pl_kafka *kafka, unsigned p)
{
    return sim.owner[p] == (int)kafka->process->index;
}

static void give_up(struct pl_kafka *kafka, unsigned p)
{
    int32_t partition = (int32_t)p;

    kafka->lost[p] = !is_mine(kafka, p);
    kafka->held[p] = REVOKED;
    sim_trace("process %u: partition %u is revoked%s", kafka->process->index, p, kafka->lost[p] ? " (lost)" : "");
    kafka->config.revoked(kafka->config.ctx, &partition, 1, kafka->lost[p]);
}

/* News of the group come when they come. */
enum pl_status pl_kafka_partitions(struct pl_kafka *kafka, const char *topic, int64_t timeout_us, int32_t *partitions,
                                   struct pl_err *err)
{
    (void)kafka;
    (void)timeout_us;
    (void)err;
    *partitions = topic[0] == 't' ? (int32_t)sim.n_partitions : 1;
    return PL_OK;
}

void pl_kafka_poll(struct pl_kafka *kafka)
{
    for (unsigned p = 0; kafka->group && p < sim.n_partitions; p++) {
        int32_t partition = (int32_t)p;

        if (!sim.calm && kafka->held[p] == ASSIGNED && !sim_chance(sim.deaf))
            continue;
        if (kafka->held[p] == ASSIGNED && (!is_mine(kafka, p) || sim.target[p] != sim.owner[p])) {
            give_up(kafka, p);
        } else if (kafka->held[p] == NOTHING && is_mine(kafka, p) && sim.target[p] == sim.owner[p]) {
            kafka->held[p] = ASSIGNED;
            sim_trace("process %u: partition %u is assigned", kafka->process->index, p);
            kafka->config.assigned(kafka->config.ctx, &partition, 1);
        }
    }
}

void sim_kafka_rebalance(void)
{
    for (unsigned p = 0; p < sim.n_partitions; p++) {
        bool held = false;

        for (unsigned at = 0; at < sizeof(handles) / sizeof(*handles); at++)
            held = held || (handles[at].used && handles[at].group && is_mine(&handles[at], p) && handles[at].held[p]);
        if (!held || sim.owner[p] < 0)
            sim.owner[p] = sim.target[p];
    }
}

void sim_kafka_gone(struct sim_process *process)
{
    for (unsigned p = 0; p < sim.n_partitions; p++)
        if (sim.owner[p] == (int)process->index)
            sim.owner[p] = -1;
}

enum pl_status pl_kafka_start(struct pl_kafka *kafka, int32_t partition, const int64_t *offsets, struct pl_err *err)
{
    if (kafka->started[partition])
        return pl_err_set(err, PL_ERR_STATE, "started before");
    kafka->started[partition] = true;
    for (unsigned k = 0; k < sim.n_topics; k++) {
        kafka->next[k][partition] = offsets[k] < 0 ? 0 : offsets[k];
        if (offsets[k] > sim.logs[k][partition].end)
            sim_fail("offset %lld of topic %u is beyond the log", (long long)offsets[k], k);
        sim_trace("process %u: reads topic %u partition %d from %lld", kafka->process->index, k, (int)partition,
                  (long long)kafka->next[k][partition]);
    }
    return PL_OK;
}

void pl_kafka_stop(struct pl_kafka *kafka, int32_t partition)
{
    kafka->started[partition] = false;
    if (kafka->held[partition] == REVOKED)
        kafka->held[partition] = NOTHING;
}

enum pl_status pl_kafka_start_control(struct pl_kafka *kafka, int64_t offset, struct pl_err *err)
{
    (void)err;
    kafka->control_next = offset < 0 ? 0 : offset;
    return PL_OK;
}

void pl_kafka_take(struct pl_kafka *kafka, unsigned topic, int32_t partition, struct pl_kafka_taken *taken)
{
    bool control = topic == PL_KAFKA_CONTROL;
    struct sim_log *log = &sim.logs[control ? SIM_TOPICS : topic][partition];
    int64_t *next = control ? &kafka->control_next : &kafka->next[topic][partition];
    const struct sim_record *record;

    *taken = (struct pl_kafka_taken){.at_end = *next >= log->end, .end = log->end};
    if (*next >= log->end)
        return;
    if (!sim.calm && sim_chance(8))
        return; /* it has not been fetched yet */
    record = log->records[(*next)++];
    taken->message = (struct pl_kafka_message *)(uintptr_t)record;
    taken->record = (struct pl_record){
        .topic = pl_span_of(control ? "control" : sim.conf[0]->sources[0].topics[topic]),
        .value = record->value,
        .is_null = record->is_null,
        .partition = partition,
        .offset = record->offset,
        .timestamp_us = record->clock_us,
    };
}

void pl_kafka_release(struct pl_kafka_message *message)
{
    (void)message; /* it is the record of the log */
}

int64_t pl_kafka_lag(struct pl_kafka *kafka, unsigned topic, int32_t partition)
{
    return sim.logs[topic][partition].end - kafka->next[topic][partition];
}
