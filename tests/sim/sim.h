/* A simulated world for the real worker, evaluator, slots and store: one process, a virtual clock, and in place of
 * Redis, Kafka and the network what is in sim_store.c, sim_net.c and sim_kafka.c. Everything that happens is a function
 * of the seed. See sim_main.c for how it is used.
 *
 * What is real: app/worker*.c, app/slot*.c, app/control_log.c, app/evaluator*.c, adapter/store*.c, core, codec.
 * What is not: adapter/link*.c, adapter/kafka*.c, adapter/clock.c, adapter/log.c, libevent.
 *
 * All memory of a seed that belongs to the simulator comes from one arena that is emptied between seeds.
 */
#ifndef PL_TESTS_SIM_H
#define PL_TESTS_SIM_H

#include "adapter/link.h"
#include "app/evaluator.h"
#include "app/worker_internal.h"
#include "support/random.h"

#define SIM_INSTANCE "sim"
#define SIM_PROCESSES 3
#define SIM_PARTITIONS 2
#define SIM_TOPICS 3
#define SIM_RECORDS 128
#define SIM_CONNS 64
#define SIM_SLOTS (SIM_PARTITIONS + 1) /* key spaces with a fence of their own: the shards, and the results */
#define SIM_MAIN SIM_PARTITIONS

/* Protocols that lack one check each, and must be found. The order is that of sim_mutants in sim_mutants.c. */
enum sim_mutant {
    SIM_RIGHT,
    SIM_NO_FENCE,
    SIM_NO_WATCH,
    SIM_KEEP_BLINDLY,
    SIM_KEEP_BY_NONCE,
    SIM_KEEP_WRONG_SEQ,
    SIM_KEEP_UNSENT,
    SIM_EPOCH_BEHIND, /* with claims that have no number, as the next one: two guards of one thing */
    SIM_CLAIM_REPEATS,
    SIM_SETTLE_BY_READING,
    SIM_LOAD_UNCHECKED,
    SIM_DROP_OPEN_COMMIT,
    SIM_RESEND_DONE_COMMIT,
    SIM_SUMS_CHANGE,
    SIM_DELETE_EARLY,
    SIM_LOSE_A_UNIT,
    SIM_MUTANTS
};

/* ---- the log (sim_log.c) ---- */

struct sim_record {
    unsigned topic; /* SIM_TOPICS: the control topic */
    unsigned partition;
    int64_t offset;
    int64_t clock_us; /* when it was written; the record's timestamp */
    bool is_null;
    bool after_gap; /* every log has been silent for long before it, and every shard gets such a record */
    struct pl_span value;
    enum pl_reject reason; /* of decoding or parsing */
    unsigned n;            /* events in it: 0 or 1 */
    struct pl_event event;
    struct pl_control control;
};

struct sim_log {
    struct sim_record *records[SIM_RECORDS];
    int64_t n;   /* written until the end of the seed */
    int64_t end; /* written so far */
};

/* What one shard that never fails makes of a prefix of its logs. */
struct sim_figures {
    uint64_t live; /* hash of the live sums */
    uint64_t accepted, late, unmatched, rejected;
};

struct sim_tick {
    int64_t tick_us;
    uint64_t hash;
    bool seen; /* has been stored */
};

/* ---- the world ---- */

struct sim_process {
    bool alive, frozen, stopping, left;
    unsigned index, life;
    struct pl_shared shared;
    struct pl_worker *worker;
    struct pl_evaluator *evaluator;
    void (*tick)(int fd, short what, void *ctx); /* the evaluator's timer */
    void *tick_ctx;
    uint64_t epochs[SIM_SLOTS]; /* last acknowledged acquire, */
    unsigned conns[SIM_SLOTS];  /* and the connection on which it was made */
};

struct sim {
    uint64_t seed;
    struct pl_random random;
    enum sim_mutant mutant;
    bool tracing, dumping;
    bool checking; /* compare the stored state with the logs at every commit, not only at the end */
    bool calm;     /* faults are over */
    unsigned deaf; /* news of the group are heard at one poll in so many */
    bool reloads;  /* rules change in this seed: only what all of them have is compared */
    unsigned step;
    int64_t now_us;
    char failure[512]; /* "" none */

    unsigned n_topics, n_partitions;
    const struct pl_conf *conf[2]; /* before and after the reload */
    unsigned revision;             /* the newest */
    struct sim_record *records;    /* in the order of writing */
    unsigned n_records, n_written;
    struct sim_log logs[SIM_TOPICS + 1][SIM_PARTITIONS]; /* [SIM_TOPICS][0]: control */
    int64_t last_tick_us;                                /* all shards are complete to it in the end */
    struct sim_tick ticks[SIM_PARTITIONS][512];
    unsigned n_ticks[SIM_PARTITIONS];

    struct sim_process processes[SIM_PROCESSES];
    struct sim_process *making; /* whose parts are being made */
    int owner[SIM_PARTITIONS];  /* what the group has decided: process, or -1 */
    int target[SIM_PARTITIONS];
    bool went_back[SIM_SLOTS]; /* the store has, there */
    uint64_t commits, acquires, fenced, publications, deletions, rollbacks, resent, kept, crashes;
};

extern struct sim sim;

struct sim_run_options {
    bool tracing;  /* tell what happens */
    bool checking; /* at every commit */
    bool dumping;  /* for oracle.py */
};

/* sim_world.c */
void *sim_alloc(size_t bytes);
struct pl_span sim_copy(struct pl_span text);
void sim_fail(const char *fmt, ...) PL_PRINTF(1, 2);
void sim_trace(const char *fmt, ...) PL_PRINTF(1, 2);
unsigned sim_below(unsigned n); /* uniform in 0 .. n-1 */
bool sim_chance(unsigned one_in);
/* Run one seed; false when an invariant failed (sim.failure says which). */
bool sim_run(uint64_t seed, enum sim_mutant mutant, const struct sim_run_options *options);

/* sim_log.c */
void sim_log_init(void); /* once: configurations */
void sim_log_fini(void);
void sim_log_make(void);
uint64_t sim_hash_sums(const struct pl_sums *sums); /* cells */
uint64_t sim_hash_all(const struct pl_sums *sums);  /* and experiments */
struct pl_shard *sim_feed(unsigned p, const int64_t *ends, int64_t control_end, struct sim_figures *figures);
void sim_expect(unsigned p, const int64_t *ends, int64_t control_end, struct sim_figures *figures);
void sim_print_sums(const char *what, int64_t tick_us, const struct pl_sums *sums);

/* sim_dump.c */
void sim_dump_log(void);
void sim_dump_sums(const char *what, unsigned p, int64_t tick_us, const struct pl_sums *sums);

/* sim_check.c: called by the store */
struct sim_conn; /* sim_redis.h */
void sim_check_acquired(const struct pl_hold *hold);
void sim_check_commit(const struct sim_conn *conn, unsigned slot, struct pl_span seq);
void sim_check_committed(unsigned slot);
void sim_check_sums(unsigned p, struct pl_span tick, struct pl_span bytes);
void sim_check_deletion(unsigned p, struct pl_span tick);
void sim_check_end(void);
bool sim_is_settled(void);
void sim_check_reset(void);

#endif
