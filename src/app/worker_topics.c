/* The topics of a worker: are they what they should be, and what does the control topic say?
 */
#include "app/worker_internal.h"

#include "adapter/clock.h"
#include "codec/control.h"

#define FACTS_PATIENCE_US 2000000 /* for one question about a topic */
#define FACTS_RETRY_US 1000000
#define SHAPE_INTERVAL_US (10 * PL_SECOND_US)
#define SHAPE_PATIENCE_US 500000

static void warn_of_clocks(const char *topic, const struct pl_kafka_topic_facts *facts, const struct pl_err *err)
{
    char escaped[2 * PL_ERR_TEXT_BYTES];

    if (!facts->trusted_time)
        pl_log(PL_LOG_WARNING,
               "event=record_times topic=%s hint=\"set message.timestamp.type=LogAppendTime, or "
               "message.timestamp.after.max.ms of at most 1 h: a producer's clock could move time for all, so events "
               "more than a day ahead are held until 32 records in a row are\"",
               topic);
    else if (err->text[0])
        pl_log(PL_LOG_INFO, "event=record_times_unknown topic=%s why=\"%s\"", topic,
               pl_log_escape(pl_span_of(err->text), escaped, sizeof(escaped)));
}

/* Are the topics what they should be? Partition counts must be equal; record times should be trustworthy. Asked until
 * the broker answers and the answer is good: a broker that is away, or a topic that is made later, needs no restart. */
static enum pl_status check_sources(struct pl_slot_world *world, int32_t *partitions, struct pl_err *err)
{
    struct pl_kafka_topic_facts facts;

    for (unsigned k = 0; k < world->n_topics; k++) {
        enum pl_status status = pl_kafka_facts(world->kafka, world->topics[k], FACTS_PATIENCE_US, &facts, err);

        if (status)
            return status;
        if (facts.partitions == 0)
            return pl_err_set(err, PL_ERR_INPUT, "topic %s does not exist", world->topics[k]);
        if (*partitions && facts.partitions != *partitions)
            return pl_err_set(err, PL_ERR_INPUT,
                              "topic %s has %d partitions and %s has %d: all source topics need the same number",
                              world->topics[0], (int)*partitions, world->topics[k], (int)facts.partitions);
        *partitions = facts.partitions;
        world->unbounded[k] = !facts.trusted_time;
        warn_of_clocks(world->topics[k], &facts, err);
    }
    return PL_OK;
}

static enum pl_status check_topics(struct pl_worker *worker, struct pl_err *err)
{
    struct pl_slot_world *world = &worker->world;
    struct pl_kafka_topic_facts facts;
    int32_t partitions = 0;
    enum pl_status status = check_sources(world, &partitions, err);

    if (!status)
        status = pl_kafka_facts(world->kafka, world->conf->control, FACTS_PATIENCE_US, &facts, err);
    if (status)
        return status;
    if (facts.partitions > 1)
        return pl_err_set(err, PL_ERR_INPUT, "the control topic %s must have one partition", world->conf->control);
    if (facts.partitions == 0 && world->n_topics == 0)
        return pl_err_set(err, PL_ERR_INPUT, "no source topics, and the control topic %s does not exist",
                          world->conf->control);
    world->has_control = facts.partitions > 0;
    world->partitions = partitions ? partitions : 1; /* without sources: of control records only */
    if (!world->has_control)
        pl_log(PL_LOG_WARNING,
               "event=no_control_topic topic=%s hint=\"results, launches and ends of experiments cannot be told\"",
               world->conf->control);
    status = pl_worker_join_group(worker, (unsigned)world->partitions, err);
    if (!status)
        atomic_store(&worker->shared->partitions, world->partitions);
    return status;
}

/* Before the first partition is taken. Until then Kafka is not polled, so no assignment is seen either. */
bool pl_worker_is_checked(struct pl_worker *worker, int64_t now_us)
{
    struct pl_err err = {0};

    if (worker->checked || now_us < worker->next_check_us)
        return worker->checked;
    if (check_topics(worker, &err)) {
        pl_worker_problem(worker, err.code, err.text);
        worker->next_check_us = pl_clock_monotonic_us() + FACTS_RETRY_US;
    } else {
        worker->checked = true;
    }
    return worker->checked;
}

/* Another number than at the start, if any topic has one. What is not there or not told now changes nothing. */
static int32_t ask_shape(const struct pl_slot_world *world)
{
    struct pl_err err = {0};
    int32_t now;

    for (unsigned k = 0; k < world->n_topics; k++) {
        if (pl_kafka_partitions(world->kafka, world->topics[k], SHAPE_PATIENCE_US, &now, &err))
            return 0; /* nobody answers: the others would not either */
        if (now > 0 && now != world->partitions)
            return now;
    }
    return 0;
}

void pl_worker_watch_shape(struct pl_worker *worker, int64_t now_us)
{
    struct pl_slot_world *world = &worker->world;
    int32_t now = atomic_load(&worker->shared->reshaped);

    if (!worker->checked || worker->closing)
        return;
    if (now == 0 && worker->index == 0 && now_us >= worker->next_shape_us) {
        now = ask_shape(world);
        worker->next_shape_us = pl_clock_monotonic_us() + SHAPE_INTERVAL_US;
        atomic_store(&worker->shared->reshaped, now);
    }
    for (unsigned s = 0; now && s < worker->n_slots; s++)
        pl_slot_reshaped(worker->slots[s], world->partitions, now);
}

/* A control record must not run ahead of its own timestamp either: it would wait on the docket for years. */
static enum pl_reject parse_control(const struct pl_record *record, struct pl_control *control, struct pl_err *err)
{
    enum pl_reject reason;

    if (record->is_null)
        return PL_REJECT_TOMBSTONE;
    reason = pl_control_parse(record->value, record->timestamp_us, control, err);
    if (reason == PL_ACCEPTED && control->time_us != PL_TIME_NONE && record->timestamp_us != PL_TIME_NONE &&
        control->time_us > record->timestamp_us + PL_FUTURE_US)
        reason = PL_REJECT_FUTURE;
    return reason;
}

/* It cannot be read from where the slots want it: they know what to do, or the broker is asked again a little later. */
static void restart_control(struct pl_worker *worker, const struct pl_kafka_taken *taken)
{
    if (taken->log_start >= 0 && taken->log_end >= 0)
        for (unsigned s = 0; s < worker->n_slots; s++)
            pl_slot_control_range(worker->slots[s], taken->log_start, taken->log_end);
    worker->control_started = false;
    worker->control_retry_us = pl_clock_monotonic_us() + FACTS_RETRY_US;
}

/* A batch of it cannot be read: without its records nothing may be counted. */
static void halt_all(struct pl_worker *worker, const struct pl_kafka_taken *taken)
{
    for (unsigned s = 0; s < worker->n_slots; s++)
        pl_slot_control_damaged(worker->slots[s], taken);
    worker->control_started = false;
}

/* Read the control partition into the window, from the smallest offset that a slot still wants. */
void pl_worker_pump_control(struct pl_worker *worker)
{
    struct pl_slot_world *world = &worker->world;
    int64_t wanted = INT64_MAX;
    struct pl_err err = {0};

    for (unsigned s = 0; s < worker->n_slots; s++)
        if (pl_slot_phase(worker->slots[s]) == PL_SLOT_RUNNING && pl_slot_control_next(worker->slots[s]) < wanted)
            wanted = pl_slot_control_next(worker->slots[s]);
    if (!world->has_control || wanted == INT64_MAX || pl_clock_monotonic_us() < worker->control_retry_us)
        return;
    if (!worker->control_started || wanted < worker->control_wanted) {
        pl_control_log_restart(&worker->control, wanted);
        if (pl_kafka_start_control(world->kafka, wanted, &err)) {
            pl_worker_problem(worker, err.code, err.text);
            return;
        }
        worker->control_started = true;
    }
    worker->control_wanted = wanted;
    pl_control_log_drop(&worker->control, wanted);
    while (!pl_control_log_full(&worker->control)) {
        struct pl_kafka_taken taken;
        struct pl_control_item item;

        pl_kafka_take(world->kafka, PL_KAFKA_CONTROL, 0, &taken);
        if (taken.failure)
            pl_worker_problem(worker, PL_ERR_IO, taken.failure);
        worker->control.at_end = taken.at_end && !taken.failure;
        worker->control.end = taken.end;
        if (taken.out_of_range) {
            restart_control(worker, &taken);
            break;
        }
        if (taken.damaged) {
            halt_all(worker, &taken);
            break;
        }
        if (!taken.message)
            break;
        item = (struct pl_control_item){.offset = taken.record.offset,
                                        .record_us = taken.record.timestamp_us,
                                        .crc = pl_slot_crc(taken.record.value)};
        item.reason = parse_control(&taken.record, &item.control, &err);
        if (item.reason != PL_ACCEPTED)
            taken.record.value.len = 0;
        if (pl_control_log_add(&worker->control, &item, taken.record.value, &err))
            pl_worker_problem(worker, err.code, err.text);
        worker->control.next_offset = taken.record.offset + 1;
        pl_kafka_release(taken.message);
    }
}
