/* A slot that its input has halted: what it tells the operator, and how it hears the answer.
 *
 * The meta of the partition carries `halted` (for people) and `halt_code`; `plateauctl accept` writes `accept`, equal
 * to the code it has seen. A slot that finds its own code there loads again and takes the log as it is, once: the code
 * names the offset, so an old word does not fit another fault.
 */
#include "app/slot_internal.h"

#include "adapter/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ASK_INTERVAL_US PL_SECOND_US

void pl_slot_halt_input(struct pl_slot *slot, const char *code, const char *fmt, ...)
{
    char why[PL_SLOT_WHY_BYTES];
    va_list args;

    va_start(args, fmt);
    vsnprintf(why, sizeof(why), fmt, args);
    va_end(args);
    snprintf(slot->halt.code, sizeof(slot->halt.code), "%s", code);
    slot->halt.told = false;
    pl_slot_halt(slot, "%s", why);
}

void pl_slot_reshaped(struct pl_slot *slot, int32_t before, int32_t now)
{
    char code[PL_SLOT_CODE_BYTES];

    if (slot->phase == PL_SLOT_HALTED)
        return;
    snprintf(code, sizeof(code), "partitions %" PRId32 " %" PRId32, before, now);
    pl_slot_halt_input(slot, code,
                       "the topics had %" PRId32 " partitions and have %" PRId32
                       " now: the events of most users are in another partition since, and these users would be "
                       "counted twice; use a new instance name, and import the results so far",
                       before, now);
}

static void on_told(void *ctx, enum pl_status status, bool halt, const char *why)
{
    struct pl_slot *slot = ctx;

    (void)why;
    slot->halt.telling = false;
    slot->halt.told = status == PL_OK || halt;
    if (status == PL_ERR_FENCED)
        slot->held = false; /* somebody else has it, and will find the same */
}

void pl_slot_tell_halt(struct pl_slot *slot)
{
    const struct pl_span nothing = {"", 0};
    const struct pl_span pairs[] = {pl_span_of("halted"), pl_span_of(slot->why), pl_span_of("halt_code"),
                                    pl_span_of(slot->halt.code)};

    if (slot->halt.code[0] == '\0' || slot->halt.told || slot->halt.telling || slot->committing ||
        slot->hold.in_flight || slot->acquiring)
        return;
    slot->halt.telling = true; /* before: it may end at once */
    if (pl_store_commit(pl_link_node_store(slot->node), &slot->hold, nothing, 0, pairs, 2, on_told, slot))
        slot->halt.telling = false;
}

static void on_word(void *ctx, const struct pl_reply *reply)
{
    struct pl_slot *slot = ctx;

    slot->halt.asking = false;
    if (!reply || reply->type != PL_REPLY_STRING || slot->phase != PL_SLOT_HALTED ||
        !pl_span_is(reply->text, slot->halt.code))
        return;
    slot->phase = PL_SLOT_ACQUIRING;
    slot->held = false;
    pl_slot_up(slot);
}

void pl_slot_heed(struct pl_slot *slot, int64_t now_us)
{
    const struct pl_span argv[] = {pl_span_of("HGET"), pl_span_of(slot->hold.meta_key), pl_span_of("accept")};
    struct pl_link_node *node;

    if (slot->phase != PL_SLOT_HALTED || !slot->halt.told || slot->halt.asking || now_us < slot->halt.ask_us)
        return;
    node = pl_link_set_node(slot->world->redis, slot->key_slot);
    if (!pl_link_node_is_up(node))
        return;
    slot->halt.ask_us = now_us + ASK_INTERVAL_US;
    slot->halt.asking = pl_link_command(pl_link_node_link(node), on_word, slot, 3, argv) == PL_OK;
}

void pl_slot_forget_halt(struct pl_slot *slot)
{
    if (!slot->halt.stored || pl_slot_is_checking(slot))
        return;
    slot->halt.stored = false;
    pl_resp_add_text(&slot->commit.commands, "HDEL", slot->hold.meta_key, "halted", "halt_code", "accept", NULL);
    slot->commit.n_commands++;
}
