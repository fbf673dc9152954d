/* Pumping: take records from the inputs in the order of their times, decode, count.
 *
 * One head per input is decoded and waits; core/count/align says whose turn it is. The control input is the worker's
 * window. A record that is not used is counted under one reason and costs nothing else.
 */
#include "app/slot_internal.h"

#include "codec/control.h"
#include "codec/keys.h"

#include "core/count/align.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void pl_slot_reject(struct pl_slot *slot, unsigned topic, int64_t offset, enum pl_reject reason)
{
    slot->rejected[reason]++;
    slot->recount[reason] = true;
    PL_METRIC_ADD(slot->world->metrics, rejected[reason], 1);
    slot->dirty = true;
    if (slot->sampled[reason] >= PL_REJECT_SAMPLES || slot->n_samples >= PL_SLOT_SAMPLES_MAX)
        return;
    slot->sampled[reason]++;
    slot->samples[slot->n_samples++] = (struct slot_sample){reason, (uint16_t)topic, offset};
}

static void pass(struct pl_slot *slot, unsigned k)
{
    const struct pl_kafka_taken *taken = &slot->heads[k].taken;

    slot->next[k] = taken->record.offset + 1;
    slot->dirty = true;
    PL_METRIC_ADD(slot->world->metrics, records, 1);
    pl_slot_mark(&slot->marks[k], taken);
}

static int64_t smallest_time(const struct slot_head *head)
{
    int64_t smallest = head->decoded[0].event.time_us;

    for (unsigned at = 1; at < head->n; at++)
        if (head->decoded[at].event.time_us < smallest)
            smallest = head->decoded[at].event.time_us;
    return smallest;
}

/* Make sure that input k has a decoded record, if its log has one. Returns the number of records that were passed over.
 */
static unsigned fill_head(struct pl_slot *slot, unsigned k, unsigned budget)
{
    struct slot_head *head = &slot->heads[k];
    unsigned passed = 0;

    while (!head->ready && passed < budget && slot->phase == PL_SLOT_RUNNING) {
        enum pl_reject reason;

        pl_kafka_take(slot->world->kafka, k, slot->partition, &head->taken);
        if (head->taken.failure) {
            pl_slot_failed(slot, k, &head->taken);
            break;
        }
        head->at_end = head->taken.at_end && pl_slot_check_end(slot, k, head->taken.end);
        if (!head->taken.message)
            break;
        if (slot->marks[k].checking && !pl_slot_check(slot, k, &head->taken))
            continue;
        reason = pl_decode(slot->decoders[k], &head->taken.record, head->decoded, &head->n);
        if (reason == PL_ACCEPTED && head->n > 0) {
            head->time_us = smallest_time(head);
            head->ready = true;
            break;
        }
        if (reason != PL_ACCEPTED)
            pl_slot_reject(slot, k, head->taken.record.offset, reason);
        pass(slot, k);
        passed++;
    }
    return passed;
}

/* What became of events that were held. */
static void take_told(struct pl_slot *slot)
{
    unsigned n;
    const struct pl_shard_told *told = pl_shard_told(slot->shard, &n);

    for (unsigned at = 0; at < n; at++)
        pl_slot_reject(slot, told[at].input, told[at].offset, told[at].reason);
}

static void apply_head(struct pl_slot *slot, unsigned k)
{
    struct slot_head *head = &slot->heads[k];

    for (unsigned at = 0; at < head->n; at++) {
        struct pl_event *event = &head->decoded[at].event;
        enum pl_reject reason;

        event->unit = pl_pseudonym_of(slot->world->pseudonym, head->decoded[at].unit);
        reason = pl_shard_event(slot->shard, k, event);
        if (reason != PL_ACCEPTED)
            pl_slot_reject(slot, k, head->taken.record.offset, reason);
    }
    take_told(slot);
    pass(slot, k);
    head->ready = false;
}

/* Shard 0 hands every control record on to the evaluator, in the commit that passes its offset. */
static void forward(struct pl_slot *slot, const struct pl_control_item *item, int64_t place_us)
{
    struct pl_key key = pl_key_shard(slot->world->conf->instance, 0, "control");
    char id[32], place[32], record[32];

    snprintf(id, sizeof(id), "%" PRId64 "-0", slot->control_base + item->offset + 1);
    snprintf(place, sizeof(place), "%" PRId64, place_us);
    snprintf(record, sizeof(record), "%" PRId64, item->record_us);
    pl_resp_add_text(&slot->forward, "XADD", key.text, id, "place", place, "record", record, "json", item->json, NULL);
    slot->n_forward++;
}

/* An end that came later than exposures after it: these were accepted, and are not any more. */
static void recount(struct pl_slot *slot, uint64_t after_end)
{
    struct pl_shard_stats now;
    uint64_t n;

    pl_shard_stats(slot->shard, &now);
    n = now.rejected[PL_REJECT_AFTER_END] - after_end;
    if (n == 0)
        return;
    slot->rejected[PL_REJECT_AFTER_END] += n;
    slot->recount[PL_REJECT_AFTER_END] = true;
    PL_METRIC_ADD(slot->world->metrics, rejected[PL_REJECT_AFTER_END], n);
}

static enum pl_reject count_control(struct pl_slot *slot, const struct pl_control *control, int64_t *place_us)
{
    struct pl_shard_stats before;
    enum pl_reject reason;

    pl_shard_stats(slot->shard, &before);
    reason = pl_shard_control(slot->shard, control, place_us);
    recount(slot, before.rejected[PL_REJECT_AFTER_END]);
    return reason;
}

static void apply_control(struct pl_slot *slot, const struct pl_control_item *item)
{
    enum pl_reject reason = item->reason;
    int64_t place_us = PL_TIME_NONE;

    if (reason == PL_ACCEPTED)
        reason = count_control(slot, &item->control, &place_us);
    if (slot->partition == 0) { /* every worker reads the topic: records count where they are handed on */
        PL_METRIC_ADD(slot->world->metrics, records, 1);
        if (reason == PL_ACCEPTED)
            forward(slot, item, place_us);
        else
            pl_slot_reject(slot, PL_KAFKA_CONTROL, item->offset, reason);
    }
    slot->control_next = item->offset + 1;
    slot->marks[PL_KAFKA_CONTROL] =
        (struct slot_mark){.known = true, .offset = item->offset, .record_us = item->record_us, .crc = item->crc};
    slot->dirty = true;
}

/* The next event or record of an input: what is released of it comes first. */
static void apply_next(struct pl_slot *slot, unsigned k)
{
    int64_t time_us;

    if (!pl_shard_released(slot->shard, k, &time_us)) {
        apply_head(slot, k);
        return;
    }
    pl_shard_take_released(slot->shard, k);
    take_told(slot);
    slot->dirty = true;
}

/* When a control record wants its turn; one that is not used holds nobody up. */
static int64_t control_time(const struct pl_control_item *item)
{
    if (item->reason != PL_ACCEPTED)
        return INT64_MIN;
    return item->control.time_us == PL_TIME_NONE ? item->record_us : item->control.time_us;
}

/* The heads as align sees them: [0] is the control input, [k + 1] source input k. */
static unsigned look(struct pl_slot *slot, struct pl_align_head *heads, const struct pl_control_item **item,
                     unsigned budget)
{
    struct pl_slot_world *world = slot->world;
    unsigned passed = 0;

    *item = NULL;
    heads[0].at_end = true;
    if (world->has_control)
        *item = pl_slot_control_item(slot, &heads[0].at_end);
    heads[0].has_record = *item != NULL;
    heads[0].time_us = *item ? control_time(*item) : 0;
    for (unsigned k = 0; k < world->n_topics; k++) {
        passed += fill_head(slot, k, budget);
        heads[k + 1].has_record = slot->heads[k].ready;
        heads[k + 1].at_end = slot->heads[k].at_end;
        heads[k + 1].time_us = pl_shard_turn(slot->shard, k, slot->heads[k].time_us);
        if (pl_shard_released(slot->shard, k, &heads[k + 1].time_us))
            heads[k + 1].has_record = true;
    }
    return passed;
}

static void add_up(struct pl_slot *slot)
{
    struct pl_shard_stats now;
    struct pl_metrics *metrics = slot->world->metrics;
    uint64_t slow = 0;

    for (unsigned k = 0; k < slot->world->n_topics; k++)
        slow += pl_decoder_slow(slot->decoders[k]);
    PL_METRIC_ADD(metrics, slow_json, slow - slot->seen_slow);
    slot->seen_slow = slow;
    pl_shard_stats(slot->shard, &now);
    slot->accepted += now.accepted - slot->seen.accepted;
    slot->late += now.late - slot->seen.late;
    slot->unmatched += now.unmatched - slot->seen.unmatched;
    PL_METRIC_ADD(metrics, events, now.accepted - slot->seen.accepted);
    PL_METRIC_ADD(metrics, late, now.late - slot->seen.late);
    PL_METRIC_ADD(metrics, unmatched, now.unmatched - slot->seen.unmatched);
    slot->seen = now;
}

static void take_published(struct pl_slot *slot)
{
    while (slot->n_published < PL_UNJUDGED_MAX &&
           pl_shard_take_sums(slot->shard, &slot->published[slot->n_published])) {
        slot->n_published++;
        slot->dirty = true;
    }
}

/* Ticks that wait for the evaluator: forget those it has judged. */
static bool evaluator_is_behind(struct pl_slot *slot)
{
    unsigned kept = 0;

    for (unsigned at = 0; at < slot->n_unjudged; at++)
        if (slot->world->judged_us == PL_TIME_NONE || slot->unjudged[at] > slot->world->judged_us)
            slot->unjudged[kept++] = slot->unjudged[at];
    slot->n_unjudged = kept;
    return kept + slot->n_published >= PL_UNJUDGED_MAX;
}

/* Redis is behind: what was counted since the open commit was built must not grow without bound. */
static bool store_is_behind(const struct pl_slot *slot)
{
    return slot->commit.built &&
           (pl_state_dirty(slot->shard) >= (size_t)slot->world->conf->commit_records * PL_SLOT_AHEAD ||
            slot->forward.len >= PL_SLOT_FORWARD_BYTES);
}

/* Every input is at its end and has been silent: let the frontier pass what is there (design 6.1, 10). */
static void idle(struct pl_slot *slot, int64_t now_us)
{
    int64_t largest = pl_shard_largest_place(slot->shard);
    struct pl_err err = {0};
    int64_t target;

    if (slot->world->largest_place_us > largest)
        largest = slot->world->largest_place_us;
    if (largest == PL_TIME_NONE || now_us - slot->last_record_us < slot->world->conf->idle_timeout_us)
        return;
    target = pl_stamp_next_tick(largest);
    if (target <= pl_shard_frontier(slot->shard))
        return;
    if (pl_shard_raise(slot->shard, target, &err))
        pl_slot_halt(slot, "%s", err.text);
    slot->dirty = true;
}

unsigned pl_slot_pump(struct pl_slot *slot, unsigned budget, int64_t now_us)
{
    struct pl_align_head heads[PL_CONF_TOPICS_MAX + 1];
    unsigned done = 0;
    int next = PL_ALIGN_BLOCKED;
    struct pl_err err = {0};

    if (slot->phase != PL_SLOT_RUNNING || !slot->held || !pl_link_node_is_up(slot->node))
        return 0;
    if (slot->last_record_us == 0)
        slot->last_record_us = now_us;
    while (done < budget && !evaluator_is_behind(slot) && !store_is_behind(slot)) {
        const struct pl_control_item *item;

        done += look(slot, heads, &item, budget - done);
        if (slot->phase != PL_SLOT_RUNNING)
            return done;
        next = pl_align_next(heads, slot->world->n_topics + 1);
        if (next < 0)
            break;
        if (next == 0)
            apply_control(slot, item);
        else
            apply_next(slot, (unsigned)next - 1);
        done++;
        if (done % 256 == 0 && pl_shard_advance(slot->shard, &err))
            break;
        take_published(slot);
    }
    if (done)
        slot->last_record_us = now_us;
    else if (next == PL_ALIGN_END)
        idle(slot, now_us);
    if (err.code || (slot->phase == PL_SLOT_RUNNING && pl_shard_advance(slot->shard, &err)))
        pl_slot_halt(slot, "%s", err.text);
    take_published(slot);
    add_up(slot);
    return done;
}
