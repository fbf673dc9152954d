/* Functions of the product that the simulator stands in front of, and the table of what can be left out. */
#ifndef PL_TESTS_SIM_MUTANTS_H
#define PL_TESTS_SIM_MUTANTS_H

#include "codec/state.h"
#include "sim.h"

struct sim_mutant_row {
    const char *name;
    unsigned within; /* seeds in which it must be found; 0: too rare to be looked for in every run */
};

extern const struct sim_mutant_row sim_mutants[SIM_MUTANTS];

#define SIM_WRAP(type, name, ...)                                                                                      \
    type __real_##name(__VA_ARGS__);                                                                                   \
    type __wrap_##name(__VA_ARGS__);

SIM_WRAP(enum pl_status, pl_store_judge_acquired, struct pl_hold *hold, const struct pl_reply *reply,
         struct pl_acquired *acquired, struct pl_err *err)
SIM_WRAP(enum pl_status, pl_store_judge_meta, const struct pl_hold *hold, const struct pl_reply *meta,
         struct pl_err *err)
SIM_WRAP(void, pl_slot_send, struct pl_slot *slot)
SIM_WRAP(enum pl_status, pl_state_put_sums, const struct pl_sums *sums, const struct pl_rules *rules,
         struct pl_buf *out, struct pl_err *err)
SIM_WRAP(enum pl_status, pl_state_write, struct pl_shard *shard, pl_state_emit_fn emit, void *ctx, struct pl_err *err)
SIM_WRAP(struct pl_names *, pl_names_new, uint32_t cap)
SIM_WRAP(void, pl_evaluator_commit, struct pl_evaluator *ev)

#endif
