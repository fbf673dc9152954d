/* Redis, the network to it, and Kafka, as the schedule sees them. */
#ifndef PL_TESTS_SIM_REDIS_H
#define PL_TESTS_SIM_REDIS_H

#include "sim.h"

/* sim_store.c: Redis */
struct sim_request {
    struct sim_request *next;
    struct pl_span bytes;
    size_t at;
    unsigned n_left;
    pl_link_reply_fn fn;
    void *ctx;
    const struct pl_reply *answer, *error;
    uint64_t epochs[SIM_SLOTS];
};

struct sim_conn {
    bool used;
    unsigned id;
    struct pl_link *link; /* NULL: the client is gone, what it sent may still arrive */
    uint64_t nonce;
    bool dead; /* Redis has closed it, the client does not know yet */
    bool multi, aborted, touched;
    struct sim_key *watched[4];
    unsigned n_watched;
    struct pl_span *queued[64]; /* argv of commands between MULTI and EXEC, grown in the arena */
    unsigned n_argv[64];
    struct pl_span **more;
    unsigned *more_argv;
    unsigned n_queued;
    struct sim_request *first, *last;       /* not carried out */
    struct sim_request *answered, *answers; /* first and last of those that were */
};

void sim_store_reset(void);
/* Carry out the next command of a connection; false when there is none. */
bool sim_store_serve(struct sim_conn *conn);
void sim_store_roll_back(int slot); /* to an earlier moment; slot < 0: everything */
void sim_store_refuse(unsigned n);  /* the next n commands: out of memory, or loading */
size_t sim_store_fields(const char *key, struct pl_span (*pairs)[2], size_t max);
bool sim_store_number(unsigned slot, const char *field, int64_t *value); /* of a meta hash; false when absent */
void sim_store_forget(const char *key, const char *field);
struct pl_span sim_store_field(const char *key, const char *field);

/* sim_net.c */
void sim_net_reset(void);
struct sim_conn *sim_net_conn(unsigned at);                             /* at < SIM_CONNS; NULL when not used */
bool sim_net_is_frozen(const struct sim_conn *conn);                    /* its client */
unsigned sim_net_id(const struct sim_process *process, bool evaluator); /* of its connection */
bool sim_net_is_of(const struct sim_conn *conn, const struct sim_process *process);
void sim_net_drop_doomed(void);
bool sim_net_connect(struct sim_process *process, bool all); /* links that are down; all, or perhaps one */
void sim_net_deliver(struct sim_conn *conn, unsigned n);     /* replies */
void sim_net_cut(struct sim_conn *conn, bool arrives);       /* arrives: what was sent may arrive later */
void sim_net_cut_all(void);
void sim_net_forget(struct sim_conn *conn); /* what an old connection still had */

/* sim_kafka.c */
void sim_kafka_reset(void);
void sim_kafka_gone(struct sim_process *process); /* its session is over */
void sim_kafka_rebalance(void);                   /* give what nobody holds to its target */

#endif
