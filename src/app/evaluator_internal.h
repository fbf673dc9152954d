/* Shared by evaluator.c (life), evaluator_load.c, evaluator_read.c, evaluator_back.c, evaluator_write.c and
 * evaluator_digest.c; nobody else includes it. */
#ifndef PL_APP_EVALUATOR_INTERNAL_H
#define PL_APP_EVALUATOR_INTERNAL_H

#include "app/evaluator.h"

#include "adapter/link_set.h"
#include "adapter/log.h"
#include "app/command.h"
#include "app/metrics.h"
#include "app/tick_window.h"
#include "core/judge/judge.h"

#include <event2/event.h>

#define SHARDS_MAX 1024
#define BATCH_BYTES_MAX ((size_t)8 << 20)
#define CONTROL_PAGE 2000                   /* control records read at a time */
#define CONTROL_KEEP_US (60 * PL_SECOND_US) /* judged control records are kept so long */

enum evaluator_phase { EVAL_WAITING, EVAL_ACQUIRING, EVAL_LOADING, EVAL_RUNNING, EVAL_HALTED };

struct pl_evaluator;

/* What is known of one shard, and the context of the questions that are put to it. */
struct eval_shard {
    struct pl_evaluator *ev; /* ref */
    unsigned p;
    unsigned key_slot;
    bool known;             /* it was asked, since loading */
    bool moved;             /* it has committed since its sums were read */
    int64_t seen_seq;       /* of its last commit that was read; -1 before */
    int64_t complete_to_us; /* and all ticks up to there are in the window; PL_TIME_NONE until it says so */
    int64_t largest_place_us;
    struct pl_tick_window window; /* owned */
    int64_t deleted_us;           /* the tick that was judged when sums were last deleted there; PL_TIME_NONE never */
};

struct pl_evaluator {
    struct pl_shared *shared;   /* ref */
    const struct pl_conf *conf; /* ref */
    struct event_base *base;    /* ref */
    struct event *timer;        /* owned */
    struct pl_link_set *redis;  /* owned */
    unsigned key_slot;          /* of the instance's own keys */
    struct pl_link_node *home;  /* ref: where they were acquired; NULL when that is down */
    struct pl_hold hold;
    struct pl_judge *judge; /* owned; NULL until loading */
    enum evaluator_phase phase;
    char why[PL_ERR_TEXT_BYTES];
    unsigned partitions;
    struct eval_shard *shards; /* owned, partitions */
    unsigned replies_left;     /* of a load or a read */
    bool committing;
    bool catching_up;  /* the open batch has ticks: look again right after it */
    bool read_again;   /* a commit was made: there may be more */
    int64_t judged_us; /* committed or in the open batch */
    int64_t committed_us;
    int64_t restored_us; /* the tick of the sums that the judge is restored with: above judged_us after a gap */
    int64_t passed_us;   /* before that: to where shards that were put back need not wait for the judge */
    int64_t largest_place_us, committed_place_us;
    char control_seen[40];    /* id of the last control record taken from the stream */
    int64_t control_place_us; /* largest place of the records taken so far */
    char control_mark[40];    /* an id up to which the stream may go once control_mark_us is judged; "" none */
    int64_t control_mark_us;
    int64_t control_ripe_us;    /* monotonic: when the mark may be used; 0 not judged yet */
    int64_t control_trimmed_us; /* place up to which shard 0's control records are deleted; PL_TIME_NONE none */
    size_t rows_stored;         /* ledger rows in Redis */
    struct pl_err load_err;     /* what of it could not be understood while loading, so far */
    int64_t rows_wanted;        /* what the meta says of them; -1: an older version wrote it */
    int64_t digest_us;          /* the Monday that was last told, with the open batch; PL_TIME_NONE none */
    struct pl_buf batch;        /* owned: commands of the open batch */
    size_t n_batch;
    bool published_once;              /* areas were written since loading */
    bool touched[PL_RULES_AREAS_MAX]; /* areas to be written with the open batch */
    struct eval_written {
        struct pl_standing standing;
        struct pl_advice advice;
    } written[PL_RULES_AREAS_MAX]; /* what the store has of them, with the open batch */
    struct eval_shown {
        struct pl_names *names; /* owned; NULL before the first */
        uint64_t *hashes;       /* owned, by id of names */
        uint32_t cap;
    } shown; /* what the store's figures of each experiment were made of, with the open batch */
    uint64_t ticks, edges, commits, gaps;
    unsigned shards_behind;
    struct pl_metrics metrics; /* only records that were refused here */
    struct pl_log_limit control_limit;
    bool reload_wanted;
};

void pl_evaluator_halt(struct pl_evaluator *ev, const char *fmt, ...) PL_PRINTF(2, 3);
void pl_evaluator_add(struct pl_evaluator *ev, size_t argc, const struct pl_span *argv);
void pl_evaluator_start_over(struct pl_evaluator *ev);

/* evaluator_load.c */
void pl_evaluator_load(struct pl_evaluator *ev, const struct pl_acquired *acquired);

/* evaluator_read.c: ask every shard; then judge what is complete. */
void pl_evaluator_read(struct pl_evaluator *ev);

/* An answer to a load or a read has come: is it still wanted, and did it come at all? */
bool pl_evaluator_answered(struct pl_evaluator *ev, const struct pl_reply *reply, enum evaluator_phase phase);

/* evaluator_back.c: does everything fit together, when parts of Redis may have gone back each by itself? False: not
 * yet, or halted. */
bool pl_evaluator_fits(struct pl_evaluator *ev);

/* evaluator_back.c: after a commit, what is judged may go. */
void pl_evaluator_clean_up(struct pl_evaluator *ev);

/* evaluator_write.c: append the outputs of one tick to the batch; commit the batch. */
void pl_evaluator_write_tick(struct pl_evaluator *ev, const struct pl_judgement *judgement);
void pl_evaluator_commit(struct pl_evaluator *ev);

/* evaluator_write.c: an entry of the stream of alerts, published on the channel of all alerts and on that of its area,
 * if it has one (NULL: none). Takes over json; false when there is none, for lack of memory. */
struct eval_alert {
    const char *id, *status, *name, *area, *owner, *severity;
    const char *channel_area;
};
bool pl_evaluator_alert(struct pl_evaluator *ev, const struct eval_alert *alert, struct pl_buf *json);

/* evaluator_digest.c: add the digests of the week that has ended, when they are due. */
void pl_evaluator_tell_week(struct pl_evaluator *ev);

/* Add a finished command to the batch. */
void pl_evaluator_finish(struct pl_evaluator *ev, struct pl_command *command);

/* evaluator_figures.c: experiments and funnels as of the last judged tick. */
void pl_evaluator_write_figures(struct pl_evaluator *ev);

/* evaluator_shown.c: are the figures of an experiment made of the same as those that were written? Notes them. Windows
 * hold mature days only, so this is so in most ticks. O(cells of the experiment). */
bool pl_evaluator_shown(struct pl_evaluator *ev, unsigned index, const struct pl_experiment_view *view);
void pl_evaluator_forget_shown(struct pl_evaluator *ev);

#endif
