/* Protocols that lack one check each, by wrapping functions of the product at link time (-Wl,--wrap) or, for what Redis
 * does, in sim_store.c. With SIM_RIGHT every wrapper is the function itself.
 */
#include "sim_mutants.h"
#include "adapter/store_judge.h"
#include "app/evaluator_internal.h"
#include "app/slot_internal.h"
#include "codec/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES 256

const struct sim_mutant_row sim_mutants[SIM_MUTANTS] = {
    [SIM_RIGHT] = {"right", 0},
    [SIM_NO_FENCE] = {"no_fence", 1000},
    [SIM_NO_WATCH] = {"no_watch", 1000},
    [SIM_KEEP_BLINDLY] = {"keep_blindly", 1000},
    [SIM_KEEP_BY_NONCE] = {"keep_by_nonce", 1000},
    [SIM_KEEP_WRONG_SEQ] = {"keep_wrong_seq", 1000},
    [SIM_KEEP_UNSENT] = {"keep_unsent", 1000},
    [SIM_EPOCH_BEHIND] = {"epoch_behind", 1000},
    [SIM_CLAIM_REPEATS] = {"claim_repeats", 0}, /* one seed in 300,000 */
    [SIM_SETTLE_BY_READING] = {"settle_by_reading", 1000},
    [SIM_LOAD_UNCHECKED] = {"load_unchecked", 25000},
    [SIM_DROP_OPEN_COMMIT] = {"drop_open_commit", 1000},
    [SIM_RESEND_DONE_COMMIT] = {"resend_done_commit", 1000},
    [SIM_SUMS_CHANGE] = {"sums_change", 1000},
    [SIM_DELETE_EARLY] = {"delete_early", 1000},
    [SIM_LOSE_A_UNIT] = {"lose_a_unit", 1000},
};

/* ---- the claim ---- */

static struct pl_span field_of(const struct pl_acquired *acquired, const char *name)
{
    for (size_t at = 0; at + 1 < acquired->n; at += 2)
        if (pl_span_is(acquired->fields[at].text, name))
            return acquired->fields[at + 1].text;
    return pl_span_of("");
}

static bool is_number(struct pl_span text, uint64_t number)
{
    char expected[24];

    snprintf(expected, sizeof(expected), "%" PRIu64, number);
    return pl_span_is(text, expected);
}

enum pl_status __wrap_pl_store_judge_acquired(struct pl_hold *hold, const struct pl_reply *reply,
                                              struct pl_acquired *acquired, struct pl_err *err)
{
    const struct pl_hold was = *hold;
    int64_t number;
    enum pl_status status = __real_pl_store_judge_acquired(hold, reply, acquired, err);
    struct pl_span claim = field_of(acquired, "owner");
    bool named = is_number(pl_span_cut(&claim, '.'), was.owner), mine = named && was.epoch != 0;
    bool ours = mine && is_number(field_of(acquired, "epoch"), was.epoch);

    if (status)
        return status;
    if (sim.mutant == SIM_KEEP_BLINDLY)
        acquired->kept = was.epoch != 0;
    if (sim.mutant == SIM_KEEP_BY_NONCE) {
        acquired->in_flight_done = mine && was.in_flight && hold->seq == was.seq + 1;
        acquired->kept = acquired->in_flight_done || (mine && hold->seq == was.seq);
    }
    if (sim.mutant == SIM_EPOCH_BEHIND || sim.mutant == SIM_CLAIM_REPEATS) {
        acquired->in_flight_done = ours && was.in_flight && hold->seq == was.seq + 1;
        acquired->kept = acquired->in_flight_done || (ours && hold->seq == was.seq);
    }
    if (sim.mutant == SIM_KEEP_WRONG_SEQ)
        acquired->kept = ours;
    if (sim.mutant == SIM_SETTLE_BY_READING && named && pl_num_int(claim, &number))
        hold->claim = hold->claims = (uint32_t)number;
    if (sim.mutant == SIM_KEEP_UNSENT)
        acquired->in_flight_done = ours && was.in_flight;
    if (sim.mutant == SIM_RESEND_DONE_COMMIT)
        acquired->in_flight_done = false;
    sim.kept += acquired->kept;
    sim_check_acquired(hold);
    return PL_OK;
}

static bool is_loading(const struct pl_hold *hold)
{
    for (unsigned at = 0; at < SIM_PROCESSES; at++)
        for (unsigned s = 0; sim.processes[at].alive && s < sim.processes[at].worker->n_slots; s++) {
            const struct pl_slot *slot = sim.processes[at].worker->slots[s];

            if (&slot->hold == hold)
                return slot->phase == PL_SLOT_LOADING;
        }
    return false;
}

enum pl_status __wrap_pl_store_judge_meta(const struct pl_hold *hold, const struct pl_reply *meta, struct pl_err *err)
{
    enum pl_status status = __real_pl_store_judge_meta(hold, meta, err);
    bool loading = is_loading(hold);

    sim.fenced += status == PL_ERR_FENCED;
    if ((sim.mutant == SIM_NO_FENCE && !loading) || (sim.mutant == SIM_LOAD_UNCHECKED && loading))
        return PL_OK;
    return status;
}

/* As on_acquired of app/slot.c calls it: memory is kept, and its open commit was not carried out. */
void __wrap_pl_slot_send(struct pl_slot *slot)
{
    sim.resent++;
    if (sim.mutant == SIM_DROP_OPEN_COMMIT)
        pl_slot_settled(slot);
    else
        __real_pl_slot_send(slot);
}

/* ---- what is written ---- */

enum pl_status __wrap_pl_state_put_sums(const struct pl_sums *sums, const struct pl_rules *rules, struct pl_buf *out,
                                        struct pl_err *err)
{
    enum pl_status status;
    int64_t more = sim.mutant == SIM_SUMS_CHANGE && sim.making->life > 1 && sums->n_cells;

    if (more)
        sums->cells[0].n += more;
    status = __real_pl_state_put_sums(sums, rules, out, err);
    if (more)
        sums->cells[0].n -= more;
    return status;
}

struct loser {
    pl_state_emit_fn emit;
    void *ctx;
};

static enum pl_status lose(void *ctx, enum pl_state_kind kind, uint32_t bucket, struct pl_span field,
                           struct pl_span value, struct pl_err *err)
{
    const struct loser *loser = ctx;

    if (kind == PL_STATE_UNIT && sim.commits % 4 == 3)
        return PL_OK;
    return loser->emit(loser->ctx, kind, bucket, field, value, err);
}

enum pl_status __wrap_pl_state_write(struct pl_shard *shard, pl_state_emit_fn emit, void *ctx, struct pl_err *err)
{
    struct loser loser = {emit, ctx};

    if (sim.mutant == SIM_LOSE_A_UNIT)
        return __real_pl_state_write(shard, lose, &loser, err);
    return __real_pl_state_write(shard, emit, ctx, err);
}

/* No mutant: tables for a million names are cleared for every process of every seed. */
struct pl_names *__wrap_pl_names_new(uint32_t cap)
{
    return __real_pl_names_new(cap < NAMES ? cap : NAMES);
}

/* Sums are deleted before the commit of the tick that replaces them is carried out. */
void __wrap_pl_evaluator_commit(struct pl_evaluator *ev)
{
    int64_t committed_us = ev->committed_us;

    if (sim.mutant == SIM_DELETE_EARLY) {
        ev->committed_us = ev->judged_us;
        pl_evaluator_clean_up(ev);
        ev->committed_us = committed_us;
    }
    __real_pl_evaluator_commit(ev);
}
