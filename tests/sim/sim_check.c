/* What must hold at every step, and in the end. Called by the store at the moment in which something is carried out.
 */
#include "adapter/store_judge.h"
#include "codec/keys.h"
#include "codec/state.h"
#include "sim_redis.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLAIMS_MAX 1024
#define FIELDS_MAX 2048

static struct claim {
    unsigned slot;
    uint64_t epoch, owner;
    uint32_t claim;
} claims[CLAIMS_MAX];
static unsigned n_claims;
static int64_t stored_end[SIM_PARTITIONS][SIM_TOPICS + 1];

void sim_check_reset(void)
{
    n_claims = 0;
    memset(stored_end, 0, sizeof(stored_end));
}

static unsigned slot_of(const char *meta_key)
{
    const char *slash = strchr(meta_key, '/');

    return slash ? (unsigned)(slash[1] - '0') : SIM_MAIN;
}

/* Does a process of this nonce own it so? Each of its slots adds a number of its own. */
static bool is_nonce_of(uint64_t nonce, uint64_t owner)
{
    return owner - nonce < 1000;
}

/* No epoch is given out twice, unless the store went back: then to another claim. */
void sim_check_acquired(const struct pl_hold *hold)
{
    unsigned slot = slot_of(hold->meta_key);

    sim.acquires++;
    for (unsigned at = 0; at < n_claims && sim.mutant != SIM_SETTLE_BY_READING; at++) {
        if (claims[at].slot != slot || claims[at].epoch != hold->epoch)
            continue;
        if (!sim.went_back[slot] || (claims[at].owner == hold->owner && claims[at].claim == hold->claim))
            sim_fail("epoch %" PRIu64 " of slot %u was given out twice", hold->epoch, slot);
    }
    if (n_claims < CLAIMS_MAX)
        claims[n_claims++] = (struct claim){slot, hold->epoch, hold->owner, hold->claim};
    for (unsigned at = 0; at < SIM_PROCESSES; at++) {
        struct sim_process *process = &sim.processes[at];
        uint64_t nonce = process->shared.nonce ^ (slot == SIM_MAIN ? UINT64_C(0xeeeeeeeeeeeeeeee) : 0);

        if (!process->alive || !is_nonce_of(nonce, hold->owner))
            continue;
        process->epochs[slot] = hold->epoch;
        process->conns[slot] = sim_net_id(process, slot == SIM_MAIN);
    }
}

/* Was it sent before its owner, who still lives, has acquired on a newer connection? */
static bool is_outlived(const struct sim_conn *conn, unsigned slot)
{
    for (unsigned at = 0; at < SIM_PROCESSES; at++) {
        const struct sim_process *process = &sim.processes[at];
        uint64_t nonce = process->shared.nonce ^ (slot == SIM_MAIN ? UINT64_C(0xeeeeeeeeeeeeeeee) : 0);

        if (process->alive && nonce == conn->nonce)
            return conn->id < process->conns[slot];
    }
    return false;
}

/* A transaction of a commit is about to be carried out: its owner must be the one that the store names now, of the
 * epoch that he had when he sent it, and the next in line. */
void sim_check_commit(const struct sim_conn *conn, unsigned slot, struct pl_span seq_text)
{
    int64_t epoch = -1, seq = -1, next = -1;
    struct pl_span owner;

    owner = sim_store_field(slot == SIM_MAIN ? "plateaud:{" SIM_INSTANCE "}:meta"
                                             : pl_key_shard(SIM_INSTANCE, (int32_t)slot, "meta").text,
                            "owner");
    (void)sim_store_number(slot, "epoch", &epoch);
    (void)sim_store_number(slot, "seq", &seq);
    (void)pl_num_int(seq_text, &next);
    if (!owner.ptr || !is_nonce_of(conn->nonce, strtoull(owner.ptr, NULL, 10)))
        sim_fail("slot %u: a commit of somebody else than the owner is carried out", slot);
    else if ((uint64_t)epoch != conn->first->epochs[slot])
        sim_fail("slot %u: a commit of epoch %" PRIu64 " is carried out in epoch %" PRId64, slot,
                 conn->first->epochs[slot], epoch);
    else if (is_outlived(conn, slot))
        sim_fail("slot %u: a commit is carried out after its owner has settled it by acquiring", slot);
    else if (next != seq + 1)
        sim_fail("slot %u: commit %" PRId64 " follows %" PRId64, slot, next, seq);
}

/* ---- the stored state of a shard ---- */

static bool read_kind(struct pl_shard *shard, enum pl_state_kind kind, const char *key, struct pl_err *err)
{
    static struct pl_span pairs[FIELDS_MAX][2];
    size_t n = sim_store_fields(key, pairs, FIELDS_MAX);

    for (size_t at = 0; at < n; at++)
        if (pl_state_read(shard, kind, pairs[at][0], pairs[at][1], err))
            return false;
    return true;
}

static struct pl_shard *read_state(unsigned p)
{
    struct pl_shard *shard = pl_shard_new(sim.conf[0]->rules, sim.n_topics);
    int32_t partition = (int32_t)p;
    struct pl_err err = {0};
    bool good = shard && read_kind(shard, PL_STATE_DICT, pl_key_shard(SIM_INSTANCE, partition, "dict").text, &err) &&
                read_kind(shard, PL_STATE_FRONT, pl_key_shard(SIM_INSTANCE, partition, "front").text, &err) &&
                read_kind(shard, PL_STATE_CELL, pl_key_shard(SIM_INSTANCE, partition, "cells").text, &err);

    for (uint32_t bucket = 0; good && bucket < PL_STATE_BUCKETS; bucket++)
        good = read_kind(shard, PL_STATE_UNIT, pl_key_bucket(SIM_INSTANCE, partition, bucket).text, &err);
    good = good && !pl_state_ready(shard, &err);
    if (good)
        return shard;
    sim_fail("the stored state of shard %u cannot be read: %s", p, err.text);
    pl_shard_free(shard);
    return NULL;
}

static void read_offsets(unsigned p, int64_t *ends, int64_t *control_end)
{
    char name[64];

    *control_end = 0;
    (void)sim_store_number(p, "control", control_end);
    for (unsigned k = 0; k < sim.n_topics; k++) {
        ends[k] = 0;
        snprintf(name, sizeof(name), "offset:%s", sim.conf[0]->sources[0].topics[k]);
        (void)sim_store_number(p, name, &ends[k]);
    }
}

static void check_count(unsigned p, const char *name, uint64_t expected)
{
    int64_t stored = 0;

    (void)sim_store_number(p, name, &stored);
    if ((uint64_t)stored != expected)
        sim_fail("shard %u: %s is %" PRId64 ", and should be %" PRIu64, p, name, stored, expected);
}

static uint64_t stored_units(unsigned p)
{
    static struct pl_span pairs[FIELDS_MAX][2];
    size_t n = 0;

    for (uint32_t bucket = 0; bucket < PL_STATE_BUCKETS; bucket++)
        n += sim_store_fields(pl_key_bucket(SIM_INSTANCE, (int32_t)p, bucket).text, pairs, FIELDS_MAX);
    return n;
}

static uint64_t stored_rejects(unsigned p)
{
    static struct pl_span pairs[FIELDS_MAX][2];
    size_t n = sim_store_fields(pl_key_shard(SIM_INSTANCE, (int32_t)p, "meta").text, pairs, FIELDS_MAX);
    uint64_t total = 0;

    for (size_t at = 0; at < n; at++) {
        int64_t value = 0;

        if (pairs[at][0].len > 9 && !memcmp(pairs[at][0].ptr, "rejected:", 9) && pl_num_int(pairs[at][1], &value))
            total += (uint64_t)value;
    }
    return total;
}

/* The state holds each record below the stored offsets exactly once: it is what one shard makes of them. */
static void check_state(unsigned p, bool last)
{
    int64_t ends[SIM_TOPICS], control_end;
    struct sim_figures expected;
    struct pl_shard *shard = read_state(p);
    struct pl_sums sums = {0};
    struct pl_err err = {0};

    if (!shard)
        return;
    read_offsets(p, ends, &control_end);
    sim_expect(p, ends, control_end, &expected);
    if (pl_shard_live(shard, &sums, &err)) {
        sim_fail("the stored state of shard %u has no sums: %s", p, err.text);
    } else if (sim_hash_sums(&sums) != expected.live) {
        sim_fail("the stored state of shard %u is not what its logs below the stored offsets make", p);
        if (sim.tracing)
            sim_print_sums("stored", 0, &sums);
    }
    if (sim.dumping && last)
        sim_dump_sums("L", p, pl_shard_complete_to(shard), &sums);
    pl_sums_fini(&sums);
    pl_shard_free(shard);
    check_count(p, "units", stored_units(p));
    if (sim.reloads)
        return;
    check_count(p, "accepted", expected.accepted);
    check_count(p, "late", expected.late);
    check_count(p, "unmatched", expected.unmatched);
    if (stored_rejects(p) != expected.rejected)
        sim_fail("shard %u: %" PRIu64 " records are rejected, and should be %" PRIu64, p, stored_rejects(p),
                 expected.rejected);
}

void sim_check_committed(unsigned slot)
{
    int64_t ends[SIM_TOPICS + 1];

    sim.commits++;
    if (slot == SIM_MAIN)
        return;
    read_offsets(slot, ends, &ends[sim.n_topics]);
    for (unsigned k = 0; k <= sim.n_topics; k++) {
        if (ends[k] < stored_end[slot][k] && !sim.went_back[slot])
            sim_fail("shard %u: the offset of input %u fell from %" PRId64 " to %" PRId64, slot, k, stored_end[slot][k],
                     ends[k]);
        stored_end[slot][k] = ends[k];
    }
    if (sim.checking && !sim.failure[0])
        check_state(slot, false);
}

/* ---- published sums ---- */

void sim_check_sums(unsigned p, struct pl_span tick_text, struct pl_span bytes)
{
    struct sim_tick *expected = NULL;
    const struct pl_sums nothing = {0}; /* what there is when other rules alone read the first units */
    struct pl_sums sums = {0};
    struct pl_err err = {0};
    int64_t tick_us = 0;

    sim.publications++;
    (void)pl_num_int(tick_text, &tick_us);
    for (unsigned at = 0; at < sim.n_ticks[p] && sim.ticks[p][at].tick_us <= tick_us; at++)
        expected = &sim.ticks[p][at];
    if (pl_state_get_sums(bytes, sim.conf[0]->rules, &sums, &err)) {
        sim_fail("shard %u: published sums cannot be read: %s", p, err.text);
    } else if ((!expected || expected->tick_us != tick_us) && !sim.reloads) {
        sim_fail("shard %u: tick %" PRId64 " is published, and should not be", p, tick_us);
    } else if (sim_hash_all(&sums) != (expected ? expected->hash : sim_hash_all(&nothing))) {
        sim_fail("shard %u: the sums of tick %" PRId64 " are not what the log makes", p, tick_us);
        if (sim.tracing)
            sim_print_sums("stored", tick_us, &sums);
    } else if (expected && expected->tick_us == tick_us) {
        expected->seen = true;
    }
    if (sim.dumping)
        sim_dump_sums("T", p, tick_us, &sums);
    pl_sums_fini(&sums);
}

/* The largest tick that the results say is judged, or, if they went back, by which sums were deleted before. */
static int64_t judged_or_restored(void)
{
    int64_t largest_us = PL_TIME_NONE, deleted_us;

    (void)sim_store_number(SIM_MAIN, "judged_to_us", &largest_us);
    for (unsigned p = 0; p < sim.n_partitions; p++) {
        struct pl_span text = sim_store_field(pl_key_shard(SIM_INSTANCE, (int32_t)p, "judged").text, "sums");

        if (text.ptr && pl_num_int(text, &deleted_us) && deleted_us > largest_us)
            largest_us = deleted_us;
    }
    return largest_us;
}

/* Sums may go when a later tick of the same shard, which is still there, is judged and the results say so. */
void sim_check_deletion(unsigned p, struct pl_span tick_text)
{
    static struct pl_span pairs[FIELDS_MAX][2];
    size_t n = sim_store_fields(pl_key_shard(SIM_INSTANCE, (int32_t)p, "sums").text, pairs, FIELDS_MAX);
    int64_t judged_us = judged_or_restored(), tick_us = 0, other_us;

    sim.deletions++;
    (void)pl_num_int(tick_text, &tick_us);
    for (size_t at = 0; at < n; at++)
        if (pl_num_int(pairs[at][0], &other_us) && other_us > tick_us && other_us <= judged_us)
            return;
    sim_fail("shard %u: the sums of tick %" PRId64 " are deleted, but the results know nothing later (judged %" PRId64
             ")",
             p, tick_us, judged_us);
}

/* ---- the end ---- */

static bool is_complete(unsigned p)
{
    int64_t ends[SIM_TOPICS], control_end, complete_us = PL_TIME_NONE;

    read_offsets(p, ends, &control_end);
    (void)sim_store_number(p, "complete_to", &complete_us);
    for (unsigned k = 0; k < sim.n_topics; k++)
        if (ends[k] < sim.logs[k][p].n)
            return false;
    return control_end >= sim.logs[SIM_TOPICS][0].n && complete_us >= sim.last_tick_us;
}

bool sim_is_settled(void)
{
    int64_t judged_us = PL_TIME_NONE;

    for (unsigned p = 0; p < sim.n_partitions; p++)
        if (!is_complete(p))
            return false;
    (void)sim_store_number(SIM_MAIN, "judged_to_us", &judged_us);
    return judged_us >= sim.last_tick_us;
}

void sim_check_end(void)
{
    for (unsigned p = 0; p < sim.n_partitions; p++) {
        int64_t complete_us = PL_TIME_NONE;

        check_state(p, true);
        (void)sim_store_number(p, "complete_to", &complete_us);
        if (complete_us != sim.last_tick_us)
            sim_fail("shard %u: complete to %" PRId64 ", and should be to %" PRId64, p, complete_us, sim.last_tick_us);
        for (unsigned at = 0; at < sim.n_ticks[p]; at++)
            if (!sim.ticks[p][at].seen && !sim.reloads)
                sim_fail("shard %u: tick %" PRId64 " was never published", p, sim.ticks[p][at].tick_us);
    }
}
