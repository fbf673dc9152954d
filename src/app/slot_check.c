/* Is the log that is read on the log that was read? The last consumed record of every input is kept as a mark and read
 * back before the next one is taken.
 *
 * A healthy log never halts: a record that is not there any more (compacted, expired, its transaction's end) proves
 * nothing and is passed over; a log that seems to end too early may be one whose new leader is not up to date yet, and
 * is given time; bounds that the broker does not tell are asked for again.
 */
#include "app/slot_internal.h"

#include "adapter/clock.h"
#include "adapter/log.h"
#include "util/hash.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CRC_BYTES_MAX ((size_t)64 << 10)
#define SHORT_PATIENCE_US (10 * PL_SECOND_US)

uint32_t pl_slot_crc(struct pl_span value)
{
    return pl_hash_crc32c((struct pl_span){value.ptr, value.len < CRC_BYTES_MAX ? value.len : CRC_BYTES_MAX});
}

static void settle_mark(struct slot_mark *mark)
{
    if (!mark->message)
        return;
    mark->crc = pl_slot_crc(mark->value);
    pl_kafka_release(mark->message);
    mark->message = NULL;
}

void pl_slot_mark(struct slot_mark *mark, const struct pl_kafka_taken *taken)
{
    pl_kafka_release(mark->message);
    *mark = (struct slot_mark){.known = true,
                               .offset = taken->record.offset,
                               .record_us = taken->record.timestamp_us,
                               .value = taken->record.value,
                               .message = taken->message};
}

void pl_slot_drop_marks(struct pl_slot *slot)
{
    for (unsigned k = 0; k <= PL_KAFKA_CONTROL; k++) {
        pl_kafka_release(slot->marks[k].message);
        slot->marks[k] = (struct slot_mark){.known = false};
    }
}

void pl_slot_mark_text(struct slot_mark *mark, char *out, size_t cap)
{
    settle_mark(mark);
    snprintf(out, cap, "%" PRId64 " %" PRId64 " %" PRIu32, mark->offset, mark->record_us, mark->crc);
}

bool pl_slot_mark_read(struct slot_mark *mark, struct pl_span text)
{
    struct pl_span offset = pl_span_cut(&text, ' '), record = pl_span_cut(&text, ' ');
    int64_t crc;

    *mark = (struct slot_mark){.known = true, .checking = true};
    if (!pl_num_int(offset, &mark->offset) || !pl_num_int(record, &mark->record_us) || !pl_num_int(text, &crc) ||
        mark->offset < 0 || crc < 0 || crc > UINT32_MAX)
        return false;
    mark->crc = (uint32_t)crc;
    return true;
}

bool pl_slot_is_checking(const struct pl_slot *slot)
{
    for (unsigned k = 0; k <= PL_KAFKA_CONTROL; k++)
        if (slot->marks[k].checking)
            return true;
    return false;
}

int64_t pl_slot_start_of(const struct pl_slot *slot, unsigned k)
{
    int64_t next = k == PL_KAFKA_CONTROL ? slot->control_next : slot->next[k];

    return slot->marks[k].checking ? slot->marks[k].offset : next;
}

static const char *topic_of(const struct pl_slot *slot, unsigned k)
{
    return k == PL_KAFKA_CONTROL ? slot->world->conf->control : slot->world->topics[k];
}

static int64_t *next_of(struct pl_slot *slot, unsigned k)
{
    return k == PL_KAFKA_CONTROL ? &slot->control_next : &slot->next[k];
}

static void end_check(struct pl_slot *slot, unsigned k)
{
    slot->marks[k].checking = false;
    slot->dirty = slot->dirty || slot->halt.stored; /* a commit is to say that the halt is over */
}

/* Read the sources from where each of them is now. */
static void restart_sources(struct pl_slot *slot)
{
    int64_t starts[PL_CONF_TOPICS_MAX];
    struct pl_err err = {0};

    pl_slot_drop_heads(slot);
    pl_kafka_stop(slot->world->kafka, slot->partition);
    for (unsigned k = 0; k < slot->world->n_topics; k++)
        starts[k] = pl_slot_start_of(slot, k);
    if (pl_kafka_start(slot->world->kafka, slot->partition, starts, &err))
        pl_slot_halt(slot, "cannot read partition: %s", err.text);
}

/* ---- what an operator must know ---- */

/* The operator knows of it: go on at `next`, once. */
static bool is_accepted(struct pl_slot *slot, unsigned k, const char *code, int64_t next)
{
    char escaped[2 * PL_SLOT_CODE_BYTES];

    if (strcmp(slot->halt.accepted, code) != 0)
        return false;
    pl_log(PL_LOG_WARNING, "event=accepted partition=%" PRId32 " what=\"%s\"", slot->partition,
           pl_log_escape(pl_span_of(code), escaped, sizeof(escaped)));
    slot->halt.accepted[0] = '\0';
    if (next >= 0)
        PL_METRIC_ADD(slot->world->metrics, records_gone, next - *next_of(slot, k));
    else if (k == PL_KAFKA_CONTROL)
        slot->control_base += slot->control_next;
    *next_of(slot, k) = next;
    pl_kafka_release(slot->marks[k].message);
    slot->marks[k] = (struct slot_mark){.known = false};
    slot->dirty = true;
    if (k != PL_KAFKA_CONTROL)
        restart_sources(slot);
    return true;
}

static void halt_gap(struct pl_slot *slot, unsigned k, int64_t log_start)
{
    int64_t next = *next_of(slot, k);
    char code[PL_SLOT_CODE_BYTES];

    snprintf(code, sizeof(code), "gap %s %" PRId64, topic_of(slot, k), next);
    if (!is_accepted(slot, k, code, log_start))
        pl_slot_halt_input(slot, code,
                           "%s: %" PRId64 " records are gone, from offset %" PRId64 " to before %" PRId64
                           ", where the log begins: it is kept for too short a time; to go on without them: plateauctl "
                           "accept %" PRId32,
                           topic_of(slot, k), log_start - next, next, log_start, slot->partition);
}

static void halt_recreated(struct pl_slot *slot, unsigned k, const char *fmt, ...) PL_PRINTF(3, 4);

static void halt_recreated(struct pl_slot *slot, unsigned k, const char *fmt, ...)
{
    char code[PL_SLOT_CODE_BYTES], what[PL_ERR_TEXT_BYTES];
    va_list args;

    va_start(args, fmt);
    vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    snprintf(code, sizeof(code), "recreated %s %" PRId64, topic_of(slot, k), *next_of(slot, k));
    if (!is_accepted(slot, k, code, PL_KAFKA_BEGINNING))
        pl_slot_halt_input(
            slot, code,
            "%s: recreated: %s: the topic was made anew or put back to an older copy; to go on with what "
            "it holds now, from its beginning: plateauctl accept %" PRId32
            "; what was counted stays, so if it holds the same events again use a new instance name",
            topic_of(slot, k), what, slot->partition);
}

/* ---- the marks ---- */

static void compare(struct pl_slot *slot, unsigned k, int64_t record_us, uint32_t crc)
{
    struct slot_mark *mark = &slot->marks[k];

    if (mark->record_us == record_us && mark->crc == crc)
        end_check(slot, k);
    else
        halt_recreated(slot, k, "the record at offset %" PRId64 " is another one than the one that was read there",
                       mark->offset);
}

/* Does a log that ends at `end` end before the mark? */
static bool is_short(struct pl_slot *slot, unsigned k, int64_t end)
{
    struct slot_mark *mark = &slot->marks[k];
    int64_t now_us = pl_clock_monotonic_us();

    if (end > mark->offset) {
        end_check(slot, k); /* the record is gone, the place is not */
        return false;
    }
    if (mark->short_us == 0)
        mark->short_us = now_us;
    else if (now_us - mark->short_us > SHORT_PATIENCE_US)
        halt_recreated(slot, k, "the log ends at offset %" PRId64 ", and %" PRId64 " was read", end, mark->offset);
    return true;
}

bool pl_slot_check(struct pl_slot *slot, unsigned k, const struct pl_kafka_taken *taken)
{
    bool is_it = taken->record.offset == slot->marks[k].offset;
    uint32_t crc = is_it ? pl_slot_crc(taken->record.value) : 0;

    if (!is_it) {
        end_check(slot, k);
        return true;
    }
    pl_kafka_release(taken->message);
    compare(slot, k, taken->record.timestamp_us, crc);
    return false;
}

bool pl_slot_check_end(struct pl_slot *slot, unsigned k, int64_t end)
{
    return !slot->marks[k].checking || !is_short(slot, k, end);
}

const struct pl_control_item *pl_slot_control_item(struct pl_slot *slot, bool *at_end)
{
    const struct pl_control_log *log = slot->world->control;
    const struct slot_mark *mark = &slot->marks[PL_KAFKA_CONTROL];
    const struct pl_control_item *item = pl_control_log_at(log, pl_slot_start_of(slot, PL_KAFKA_CONTROL));

    if (mark->checking && item && item->offset == mark->offset)
        compare(slot, PL_KAFKA_CONTROL, item->record_us, item->crc);
    else if (mark->checking && item)
        end_check(slot, PL_KAFKA_CONTROL);
    else if (mark->checking && log->at_end)
        (void)is_short(slot, PL_KAFKA_CONTROL, log->end);
    *at_end = false;
    if (mark->checking || slot->phase != PL_SLOT_RUNNING)
        return NULL;
    item = pl_control_log_at(log, slot->control_next);
    *at_end = !item && log->at_end;
    return item;
}

/* ---- logs that cannot be read from where we are ---- */

/* The mark may be what is missing while the next record is there. */
static bool is_within(struct pl_slot *slot, unsigned k, int64_t log_start, int64_t log_end)
{
    int64_t next = *next_of(slot, k);

    return next < 0 || (next >= log_start && next <= log_end);
}

static void halt_outside(struct pl_slot *slot, unsigned k, int64_t log_start, int64_t log_end)
{
    if (*next_of(slot, k) < log_start)
        halt_gap(slot, k, log_start);
    else
        halt_recreated(slot, k,
                       "offset %" PRId64 " is beyond the end of the log, which begins at %" PRId64
                       " and ends at %" PRId64,
                       *next_of(slot, k), log_start, log_end);
}

void pl_slot_failed(struct pl_slot *slot, unsigned k, const struct pl_kafka_taken *taken)
{
    char code[PL_SLOT_CODE_BYTES];

    if (!taken->out_of_range) {
        snprintf(code, sizeof(code), "kafka %s", topic_of(slot, k));
        pl_slot_halt_input(slot, code, "%s: %s", topic_of(slot, k), taken->failure);
    } else if (taken->log_start < 0 || taken->log_end < 0) {
        pl_slot_drop_heads(slot); /* nobody says what is there: load again, a little later */
        slot->phase = PL_SLOT_ACQUIRING;
        pl_slot_retry(slot);
    } else if (is_within(slot, k, taken->log_start, taken->log_end)) {
        end_check(slot, k);
        restart_sources(slot);
    } else {
        halt_outside(slot, k, taken->log_start, taken->log_end);
    }
}

void pl_slot_control_range(struct pl_slot *slot, int64_t log_start, int64_t log_end)
{
    if (slot->phase != PL_SLOT_RUNNING)
        return;
    if (is_within(slot, PL_KAFKA_CONTROL, log_start, log_end))
        end_check(slot, PL_KAFKA_CONTROL);
    else
        halt_outside(slot, PL_KAFKA_CONTROL, log_start, log_end);
}

void pl_slot_control_damaged(struct pl_slot *slot, const struct pl_kafka_taken *taken)
{
    if (slot->phase == PL_SLOT_RUNNING)
        pl_slot_failed(slot, PL_KAFKA_CONTROL, taken);
}
