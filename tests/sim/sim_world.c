/* One seed: a schedule of what workers, evaluators, network, Redis, group and accidents do next, then calm, then the
 * comparison.
 */
#include "sim_redis.h"

#include "util/stamp.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)64 << 20)
#define IDLE_US (11 * PL_MINUTE_US)
#define CALM_ROUNDS 4000

struct sim sim;

static char *arena;
static size_t arena_used;

/* How this seed is: how often accidents come, and of which kinds. */
static struct weather {
    unsigned one_in; /* step */
    unsigned batch;  /* commands that Redis carries out at a time, about */
    bool rolls, rolls_one, reloads;
    bool duels; /* little but two owners of one shard, and cut connections */
} weather;

void *sim_alloc(size_t bytes)
{
    void *memory;

    if (!arena)
        arena = malloc(ARENA_BYTES);
    bytes = (bytes + 15) & ~(size_t)15;
    if (!arena || arena_used + bytes > ARENA_BYTES) {
        fprintf(stderr, "sim: seed %" PRIu64 " needs more than %zu bytes\n", sim.seed, ARENA_BYTES);
        abort();
    }
    memory = arena + arena_used;
    arena_used += bytes;
    return memory;
}

struct pl_span sim_copy(struct pl_span text)
{
    char *copy = sim_alloc(text.len + 1);

    if (text.len)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return (struct pl_span){copy, text.len};
}

unsigned sim_below(unsigned n)
{
    return n ? (unsigned)(random_bits(&sim.random) >> 32) % n : 0;
}

bool sim_chance(unsigned one_in)
{
    return sim_below(one_in) == 0;
}

void sim_trace(const char *fmt, ...)
{
    va_list args;

    if (!sim.tracing)
        return;
    printf("%4u %8.3f s  ", sim.step, (double)sim.now_us / 1e6);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    putchar('\n');
}

/* The first one counts; the run ends at the next step. */
void sim_fail(const char *fmt, ...)
{
    char text[sizeof(sim.failure) - 16];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    sim_trace("WRONG: %s", text);
    if (!sim.failure[0])
        snprintf(sim.failure, sizeof(sim.failure), "step %u: %s", sim.step, text);
}

/* ---- processes ---- */

static void start(struct sim_process *process)
{
    struct pl_err err = {0};

    process->alive = true;
    process->frozen = process->stopping = process->left = false;
    process->life++;
    memset(process->epochs, 0, sizeof(process->epochs));
    memset(process->conns, 0, sizeof(process->conns));
    memset(&process->shared, 0, sizeof(process->shared));
    atomic_store(&process->shared.conf, sim.conf[sim.revision]);
    atomic_store(&process->shared.judged_us, PL_TIME_NONE);
    atomic_store(&process->shared.largest_place_us, PL_TIME_NONE);
    process->shared.nonce = (random_bits(&sim.random) >> 8) | 1;
    sim.making = process;
    sim_trace("process %u: starts, nonce %" PRIu64, process->index, process->shared.nonce);
    if (pl_worker_new(&process->shared, 0, 1, &process->worker, &err) ||
        pl_evaluator_new(&process->shared, process->worker->base, &process->evaluator, &err)) {
        fprintf(stderr, "sim: %s\n", err.text);
        abort();
    }
}

/* Its memory is gone. What it sent may still arrive. */
static void end(struct sim_process *process)
{
    struct pl_worker *worker = process->worker;

    sim.making = process;
    pl_evaluator_free(process->evaluator);
    pl_link_set_free(worker->world.redis);
    worker->world.redis = NULL;
    while (worker->n_slots > 0)
        pl_slot_free(worker->slots[--worker->n_slots]);
    pl_worker_free(worker);
    process->alive = false;
    sim_kafka_gone(process);
}

static struct sim_process *pick(bool frozen)
{
    struct sim_process *found[SIM_PROCESSES];
    unsigned n = 0;

    for (unsigned at = 0; at < SIM_PROCESSES; at++)
        if (sim.processes[at].alive && sim.processes[at].frozen == frozen)
            found[n++] = &sim.processes[at];
    return n ? found[sim_below(n)] : NULL;
}

static void turn(struct sim_process *process)
{
    if (!process)
        return;
    sim.making = process;
    pl_worker_turn(process->worker);
    if (process->left) {
        sim_trace("process %u: has stopped", process->index);
        end(process);
    }
}

static void tick(struct sim_process *process)
{
    if (process && process->alive)
        process->tick(-1, 0, process->tick_ctx);
}

static bool can_own(int at)
{
    return at >= 0 && sim.processes[at].alive && !sim.processes[at].frozen && !sim.processes[at].stopping;
}

static int other_than(unsigned index)
{
    for (unsigned at = 1; at < SIM_PROCESSES; at++)
        if (can_own((int)((index + at) % SIM_PROCESSES)))
            return (int)((index + at) % SIM_PROCESSES);
    return -1;
}

/* Partitions whose target is gone get another one. */
static void retarget(void)
{
    for (unsigned p = 0; p < sim.n_partitions; p++) {
        if (can_own(sim.target[p]) || (sim.target[p] >= 0 && sim.processes[sim.target[p]].alive &&
                                       sim.processes[sim.target[p]].frozen && sim.owner[p] == sim.target[p]))
            continue; /* a frozen one keeps what it has until its session is over */
        for (unsigned at = 0, first = sim_below(SIM_PROCESSES); at < SIM_PROCESSES; at++)
            if (can_own((int)((first + at) % SIM_PROCESSES)))
                sim.target[p] = (int)((first + at) % SIM_PROCESSES);
    }
    sim_kafka_rebalance();
}

/* ---- the logs ---- */

static void write_records(unsigned n)
{
    while (sim.n_written < sim.n_records && (n > 0 || sim.records[sim.n_written].after_gap)) {
        const struct sim_record *record = &sim.records[sim.n_written++];

        sim.logs[record->topic][record->partition].end++;
        n -= n > 0;
        sim_trace("log: topic %u partition %u offset %" PRId64 " at %" PRId64 ": %.*s%s", record->topic,
                  record->partition, record->offset, record->n ? record->event.time_us : record->clock_us,
                  (int)record->value.len, record->value.ptr, record->reason ? " (bad)" : "");
        if (sim.n_written < sim.n_records && sim.records[sim.n_written].after_gap && !record->after_gap && n > 0 &&
            sim_chance(2))
            return; /* so that the silence is one, sometimes */
    }
}

/* A silence that the idle rule sees. Only where the log has one, and never between its first records after it. */
static void be_silent(void)
{
    if (sim.n_written == sim.n_records ||
        (sim.records[sim.n_written].after_gap && sim.n_written > 0 && !sim.records[sim.n_written - 1].after_gap)) {
        sim.now_us += IDLE_US;
        sim_trace("silence");
    }
}

/* ---- network ---- */

static struct sim_conn *pick_conn(bool waiting)
{
    unsigned first = sim_below(SIM_CONNS);

    for (unsigned at = 0; at < SIM_CONNS; at++) {
        struct sim_conn *conn = sim_net_conn((first + at) % SIM_CONNS);

        if (!conn || (waiting ? !conn->first || conn->dead : !conn->answered || !conn->link))
            continue;
        if (waiting || !sim_net_is_frozen(conn))
            return conn;
    }
    return NULL;
}

static void serve(void)
{
    struct sim_conn *conn = pick_conn(true);
    unsigned n = sim_chance(4) ? 100000 : 1 + sim_below(weather.batch);

    while (conn && n-- > 0 && sim_store_serve(conn)) {
    }
    if (conn && !conn->link && !conn->first)
        sim_net_forget(conn);
}

static void deliver(void)
{
    struct sim_conn *conn = pick_conn(false);

    if (conn)
        sim_net_deliver(conn, sim_chance(2) ? 100000 : 1 + sim_below(4));
}

/* Any connection, or one on which something is under way: a request that may arrive later, or a reply that never does.
 */
static void cut(void)
{
    unsigned first = sim_below(SIM_CONNS), what = sim_below(3);

    for (unsigned at = 0; at < SIM_CONNS; at++) {
        struct sim_conn *conn = sim_net_conn((first + at) % SIM_CONNS);

        if (!conn || sim_net_is_frozen(conn) || (what == 1 && !conn->first) || (what == 2 && !conn->answered))
            continue;
        sim_net_cut(conn, !sim_chance(3));
        return;
    }
}

/* ---- accidents ---- */

static void freeze(void)
{
    struct sim_process *process = pick(false);

    if (!process || process->stopping)
        return;
    process->frozen = true;
    sim_trace("process %u: is frozen", process->index);
}

static void thaw(struct sim_process *process)
{
    if (!process)
        return;
    process->frozen = false;
    sim_trace("process %u: wakes up", process->index);
}

static void start_one(void)
{
    for (unsigned at = 0; at < SIM_PROCESSES; at++)
        if (!sim.processes[at].alive) {
            start(&sim.processes[at]);
            return;
        }
}

static void crash(struct sim_process *process)
{
    if (!process)
        return;
    sim_trace("process %u: crashes", process->index);
    sim.crashes++;
    end(process);
}

/* The group takes a process for dead, frozen or not, and gives its partitions to another one. */
static void expire(void)
{
    struct sim_process *process = pick(sim_chance(2));

    if (!process)
        return;
    sim_trace("process %u: its session is over", process->index);
    sim_kafka_gone(process);
    for (unsigned p = 0; p < sim.n_partitions; p++)
        if (sim.target[p] == (int)process->index)
            sim.target[p] = other_than(process->index);
}

static void roll_back(void)
{
    static const int slots[] = {0, SIM_PARTITIONS - 1, SIM_MAIN};
    int slot = weather.rolls_one ? slots[sim_below(3)] : -1;

    if (!weather.rolls)
        return;
    sim_net_cut_all();
    sim_store_roll_back(slot);
}

static void reload(void)
{
    struct sim_process *process = pick(false);

    if (!weather.reloads || !process)
        return;
    sim.revision = 1;
    atomic_store(&process->shared.conf, sim.conf[1]);
    atomic_fetch_add(&process->shared.generation, 1);
    pl_evaluator_reload(process->evaluator);
    sim_trace("process %u: reloads", process->index);
}

static void stop(void)
{
    struct sim_process *process = pick(false);

    if (!process || process->stopping)
        return;
    process->stopping = true;
    atomic_store(&process->shared.stop, true);
    sim_trace("process %u: is asked to stop", process->index);
}

static void serve_process(const struct sim_process *process, bool deliver_too)
{
    for (unsigned at = 0; at < SIM_CONNS; at++) {
        struct sim_conn *conn = sim_net_conn(at);

        while (conn && sim_net_is_of(conn, process) && sim_store_serve(conn)) {
        }
        if (deliver_too && conn && sim_net_is_of(conn, process))
            sim_net_deliver(conn, 100000);
    }
}

static void cut_process(const struct sim_process *process, bool arrives)
{
    for (unsigned at = 0; at < SIM_CONNS; at++) {
        struct sim_conn *conn = sim_net_conn(at);

        if (conn && sim_net_is_of(conn, process))
            sim_net_cut(conn, arrives);
    }
}

/* One process gets far while the others stand still; then it may lose a request, or a reply, of its last turn. */
static void go_alone(void)
{
    struct sim_process *process = pick(false);
    unsigned end = sim_below(4);

    sim_trace("process %u: goes on alone", process ? process->index : 0);
    for (unsigned rounds = sim_below(12); process && process->alive && rounds > 0; rounds--) {
        sim_net_connect(process, true);
        write_records(sim_below(2));
        turn(process);
        tick(process);
        if (process->alive && (rounds > 1 || end != 1))
            serve_process(process, rounds > 1 || end == 0);
        sim.now_us += (int64_t)sim_below(220) * 1000;
    }
    if (process && process->alive && end == 1)
        cut_process(process, sim_chance(2));
    if (process && process->alive && end == 2)
        cut_process(process, true);
}

static void accident(void)
{
    unsigned p = sim_below(sim.n_partitions);

    static const unsigned duel[] = {0, 1, 2, 10, 11, 14, 17, 17, 8, 20, 20, 20, 20, 20};

    switch (weather.duels ? duel[sim_below(sizeof(duel) / sizeof(*duel))] : sim_below(21)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
        cut();
        break;
    case 5:
        crash(pick(sim_chance(3)));
        break;
    case 6:
    case 7:
        freeze();
        break;
    case 8:
    case 9:
        thaw(pick(true));
        break;
    case 10:
    case 11:
        expire();
        break;
    case 12:
    case 13:
        start_one();
        break;
    case 14:
    case 15:
        sim.target[p] = (int)sim_below(SIM_PROCESSES);
        break;
    case 16:
        sim_store_refuse(1 + sim_below(6));
        break;
    case 17:
        roll_back();
        break;
    case 18:
        reload();
        break;
    case 20:
        go_alone();
        break;
    default:
        if (sim_chance(4))
            stop();
        else
            be_silent();
        break;
    }
}

static void connect_some(bool all)
{
    for (unsigned at = 0; at < SIM_PROCESSES; at++)
        if (sim.processes[at].alive && !sim.processes[at].frozen)
            sim_net_connect(&sim.processes[at], all);
}

static void move(void)
{
    unsigned what = sim_below(100);

    sim_net_drop_doomed();
    retarget();
    if (sim_chance(weather.one_in))
        accident();
    else if (what < 9)
        write_records(1 + sim_below(weather.duels ? 3 : 5));
    else if (what < 36)
        turn(pick(false));
    else if (what < 40)
        tick(pick(false));
    else if (what < 65)
        serve();
    else if (what < 86)
        deliver();
    else if (what < 91)
        sim.now_us += (int64_t)sim_below(300) * 1000;
    else
        connect_some(false);
}

/* ---- calm ---- */

/* The operator's answer to a slot that says that its state is gone: start again. To an evaluator that misses control
 * records that were deleted: what it says (but they are not imported again here; results are not compared). */
static void answer_halts(struct sim_process *process)
{
    for (unsigned s = 0; process->alive && s < process->worker->n_slots; s++) {
        const struct pl_slot *slot = process->worker->slots[s];

        if (pl_slot_phase(slot) != PL_SLOT_HALTED)
            continue;
        if (!sim.went_back[pl_slot_partition(slot)])
            sim_fail("process %u: slot %d is halted", process->index, (int)pl_slot_partition(slot));
        crash(process);
        return;
    }
    if (!process->alive || !pl_evaluator_halted(process->evaluator))
        return;
    if (!sim.went_back[SIM_MAIN] || !strstr(pl_evaluator_halted(process->evaluator), "control records"))
        sim_fail("the evaluator is halted: %s", pl_evaluator_halted(process->evaluator));
    sim_store_forget("plateaud:{" SIM_INSTANCE "/0}:judged", "control");
    pl_evaluator_reload(process->evaluator);
}

static void serve_all(void)
{
    for (unsigned at = 0; at < SIM_CONNS; at++) {
        struct sim_conn *conn = sim_net_conn(at);

        while (conn && conn->used && sim_store_serve(conn)) {
        }
        if (conn && conn->link)
            sim_net_deliver(conn, 100000);
        else if (conn)
            sim_net_forget(conn);
    }
}

static void calm_round(void)
{
    sim_net_drop_doomed();
    if (!pick(false))
        start_one();
    retarget();
    connect_some(true);
    for (unsigned at = 0; at < SIM_PROCESSES; at++) {
        if (sim.processes[at].alive)
            turn(&sim.processes[at]);
        if (sim.processes[at].alive)
            tick(&sim.processes[at]);
        if (sim.processes[at].alive)
            answer_halts(&sim.processes[at]);
    }
    serve_all();
    sim.now_us += 50000;
}

static void settle(void)
{
    sim.calm = true;
    sim_trace("calm");
    sim_store_refuse(0);
    for (unsigned at = 0; at < SIM_PROCESSES; at++)
        if (sim.processes[at].alive && sim.processes[at].frozen)
            thaw(&sim.processes[at]);
    write_records(SIM_RECORDS);
    while (sim.n_written < sim.n_records)
        write_records(SIM_RECORDS);
    for (unsigned round = 0; round < CALM_ROUNDS && !sim.failure[0]; round++, sim.step++) {
        if (sim_is_settled())
            return;
        if (round % 64 == 63)
            sim.now_us += IDLE_US;
        calm_round();
    }
    if (!sim.failure[0])
        sim_fail("the world does not settle");
}

/* ---- a seed ---- */

static void begin(uint64_t seed, enum sim_mutant mutant, const struct sim_run_options *options)
{
    memset(&sim, 0, sizeof(sim));
    arena_used = 0;
    sim.seed = seed;
    sim.random.state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    sim.mutant = mutant;
    sim.tracing = options->tracing;
    sim.checking = options->checking;
    sim.dumping = options->dumping;
    sim.now_us = 1000 * PL_SECOND_US;
    sim_store_reset();
    sim_net_reset();
    sim_kafka_reset();
    sim_check_reset();
    weather.one_in = (unsigned[]){6, 12, 25, 60}[sim_below(4)];
    weather.batch = (unsigned[]){3, 8, 24}[sim_below(3)];
    weather.duels = sim_chance(3);
    sim.deaf = weather.duels ? (sim_chance(2) ? 100000 : 4 + sim_below(40)) : sim_chance(2) ? 1 : 1 + sim_below(20);
    weather.rolls = sim_chance(3);
    weather.rolls_one = sim_chance(3);
    sim.reloads = weather.reloads = sim_chance(5);
    sim_log_make();
    if (sim.dumping)
        sim_dump_log();
    for (unsigned p = 0; p < SIM_PARTITIONS; p++)
        sim.owner[p] = sim.target[p] = -1;
    for (unsigned at = 0; at < SIM_PROCESSES; at++)
        sim.processes[at].index = at;
    start(&sim.processes[0]);
    if (weather.duels || sim_chance(2))
        start(&sim.processes[1]);
}

bool sim_run(uint64_t seed, enum sim_mutant mutant, const struct sim_run_options *options)
{
    unsigned steps;

    begin(seed, mutant, options);
    steps = 60 + sim_below(260);
    while (sim.step < steps && !sim.failure[0]) {
        move();
        sim.step++;
    }
    if (!sim.failure[0])
        settle();
    if (!sim.failure[0])
        sim_check_end();
    for (unsigned at = 0; at < SIM_PROCESSES; at++)
        if (sim.processes[at].alive)
            end(&sim.processes[at]);
    return !sim.failure[0];
}
