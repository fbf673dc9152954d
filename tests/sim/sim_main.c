/* The simulator: many seeds of a simulated world (sim.h).
 *
 *   sim_commit --all N [--mutants]      the regression seeds, N seeds from 1, and every mutant
 *   sim_commit --seeds N [--from SEED]  N seeds
 *   sim_commit --seed SEED --trace      one seed, and what happened
 *   sim_commit --soak [--seeds N]       from a random seed until it is told to stop (SIGINT, SIGTERM) or one fails
 *   sim_commit --mutant NAME ...        the same with a protocol that lacks a check; to be found
 *   sim_commit --every                  compare state and logs at each commit, not only in every eighth seed
 *   sim_commit --dump                   seeds as text, for oracle.py
 *
 * A seed that fails is printed with the command that shows it. Exit status 1 then.
 */
#include "sim_mutants.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK_ALL 8 /* one seed in so many compares at each commit */

/* Seeds that showed a defect. What a seed means changes with the order of random choices: whoever changes that looks
 * for others, by taking the fix out. */
static const uint64_t regressions[] = {
    22,     /* core/judge/split.c: an undeclared variant without units ended the daemon */
    3131,   /* app/slot_pump.c: exposures after an end that was heard later were counted nowhere */
    415,    /* app/worker_group.c: two slots of one partition in one worker */
    4597,   /* app/slot_load.c: a state read while another owner wrote was called damaged */
    4489,   /* app/slot.c: the claim of the slot before, in a Redis that went back and forth */
    534466, /* adapter/store.c: a claim by the name of an older one, in a Redis that went back and forth */
    1486,   /* app/evaluator_load.c: results read while another evaluator wrote were called damaged */
};

static volatile sig_atomic_t stopped;
static struct {
    uint64_t seeds, commits, acquires, kept, resent, fenced, publications, deletions, rollbacks, crashes;
} total;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

static void add_up(void)
{
    total.seeds++;
    total.commits += sim.commits;
    total.acquires += sim.acquires;
    total.kept += sim.kept;
    total.resent += sim.resent;
    total.fenced += sim.fenced;
    total.publications += sim.publications;
    total.deletions += sim.deletions;
    total.rollbacks += sim.rollbacks;
    total.crashes += sim.crashes;
}

static struct sim_run_options asked;

static bool run(uint64_t seed, enum sim_mutant mutant)
{
    struct sim_run_options options = asked;
    bool good;

    options.checking = asked.checking || asked.tracing || seed % CHECK_ALL == 0;
    good = sim_run(seed, mutant, &options);

    add_up();
    if (good)
        return true;
    printf("seed %" PRIu64 ": %s\n  replay: sim_commit --seed %" PRIu64 "%s%s --trace\n", seed, sim.failure, seed,
           mutant ? " --mutant " : "", mutant ? sim_mutants[mutant].name : "");
    return false;
}

static void report(clock_t since)
{
    double seconds = (double)(clock() - since) / CLOCKS_PER_SEC;

    printf("%" PRIu64 " seeds in %.1f s of CPU: %" PRIu64 " commits, %" PRIu64 " acquires (%" PRIu64
           " kept memory, %" PRIu64 " sent the open commit again), %" PRIu64 " fenced, %" PRIu64
           " sums published, %" PRIu64 " deleted, %" PRIu64 " times Redis went back, %" PRIu64 " crashes\n",
           total.seeds, seconds, total.commits, total.acquires, total.kept, total.resent, total.fenced,
           total.publications, total.deletions, total.rollbacks, total.crashes);
}

/* A mutant may run into an assertion of the product: that finds it too. */
static bool find(enum sim_mutant mutant)
{
    const struct sim_run_options every = {.checking = true};
    int status = 0;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr))
            _exit(2);
        for (uint64_t seed = 1; seed <= sim_mutants[mutant].within; seed++)
            if (!sim_run(seed, mutant, &every)) {
                printf("mutant %s: seed %" PRIu64 ": %s\n", sim_mutants[mutant].name, seed, sim.failure);
                fflush(stdout);
                _exit(0);
            }
        _exit(1);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return false;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) {
        printf("mutant %s: an assertion fails\n", sim_mutants[mutant].name);
        return true;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    printf("mutant %s: not found in %u seeds\n", sim_mutants[mutant].name, sim_mutants[mutant].within);
    return false;
}

static int soak(enum sim_mutant mutant, uint64_t n)
{
    uint64_t seed = 0;
    bool good = true;

    if (getrandom(&seed, 6, 0) != 6) /* short enough to be copied by hand */
        return 2;
    printf("from seed %" PRIu64 "\n", seed);
    fflush(stdout);
    while (good && !stopped && (n == 0 || total.seeds < n)) {
        good = run(seed++, mutant);
        if (total.seeds % 50000 == 0)
            report(0);
        fflush(stdout);
    }
    report(0);
    return good ? 0 : 1;
}

static int run_all(uint64_t n, bool mutants)
{
    bool good = true;

    for (size_t at = 0; at < sizeof(regressions) / sizeof(*regressions); at++)
        good = run(regressions[at], SIM_RIGHT) && good;
    for (uint64_t seed = 1; seed <= n && good; seed++)
        good = run(seed, SIM_RIGHT);
    report(0);
    for (enum sim_mutant mutant = SIM_RIGHT + 1; mutants && mutant < SIM_MUTANTS; mutant++)
        good = (sim_mutants[mutant].within == 0 || find(mutant)) && good;
    return good ? 0 : 1;
}

static enum sim_mutant mutant_of(const char *name)
{
    for (enum sim_mutant mutant = SIM_RIGHT; mutant < SIM_MUTANTS; mutant++)
        if (!strcmp(sim_mutants[mutant].name, name))
            return mutant;
    fprintf(stderr, "sim_commit: no mutant %s\n", name);
    exit(2);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"seed", 1, NULL, 's'},    {"seeds", 1, NULL, 'n'}, {"from", 1, NULL, 'f'},
                                            {"trace", 0, NULL, 't'},   {"soak", 0, NULL, 'k'},  {"every", 0, NULL, 'e'},
                                            {"mutant", 1, NULL, 'm'},  {"dump", 0, NULL, 'd'},  {"all", 1, NULL, 'a'},
                                            {"mutants", 0, NULL, 'M'}, {NULL, 0, NULL, 0}};
    uint64_t from = 1, n = 0;
    enum sim_mutant mutant = SIM_RIGHT;
    bool soaking = false, all = false, mutants = false, good = true;
    int c;

    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 's')
            from = strtoull(optarg, NULL, 10), n = 1;
        else if (c == 'n' || c == 'a')
            n = strtoull(optarg, NULL, 10);
        else if (c == 'f')
            from = strtoull(optarg, NULL, 10);
        else if (c == 'm')
            mutant = mutant_of(optarg);
        else if (c == '?')
            return 2;
        asked.tracing = asked.tracing || c == 't';
        asked.checking = asked.checking || c == 'e';
        asked.dumping = asked.dumping || c == 'd';
        soaking = soaking || c == 'k';
        all = all || c == 'a';
        mutants = mutants || c == 'M';
    }
    sim_log_init();
    if (soaking)
        return soak(mutant, n);
    if (all || n == 0)
        return run_all(n, mutants);
    for (uint64_t seed = from; seed < from + n && good && !stopped; seed++)
        good = run(seed, mutant);
    if (!asked.dumping)
        report(0);
    sim_log_fini();
    return good ? 0 : 1;
}
