/* The fence (design 7): two workers that both believe to own one shard, one Redis, a log of RECORDS records.
 *
 * A step of the model                        stands for
 *   send_acquire                             pl_slot_up, pl_slot_tend: pl_store_acquire on a new or the same connection
 *   serve_acquire                            acquire_script in adapter/store.c, run by Redis
 *   hear_acquire                             pl_store_judge_acquired, then on_acquired in app/slot.c
 *   load                                     pl_slot_load, on_fields: a read per key, others may commit in between; at
 *                                            last on_meta: nobody did
 *   count                                    pl_slot_pump: goes on while a commit is open
 *   build                                    build in app/slot_commit.c: the bytes, kept until they are settled
 *   check                                    start_commit, on_watched: WATCH, HMGET, pl_store_judge_meta, MULTI ... EXEC
 *   serve_exec                               EXEC, run by Redis: nil, refused as a whole, or carried out as a whole
 *   hear_exec                                on_exec, on_committed
 *   fenced                                   the PL_ERR_FENCED branch of on_committed: drop the memory, acquire
 *   lose                                     pl_link's `down`: pl_slot_down, pl_store_down. What Redis has not read yet
 *                                            may still arrive (late_exec, late_acquire) or not; replies never do
 *   crash                                    the process dies and is started again: a new nonce, no memory
 *   save, roll_back                          Redis returns with an earlier state of its own; all connections are gone
 *   restart                                  the operator's answer to the halt of on_acquired ("is gone (flushed?)")
 *
 * A stored sum is as in Redis an absolute value of a unit's field (HSET), so a commit writes the units it changed and
 * nothing else: unit 0 has the even records, unit 1 the odd ones. A sum here is the number of times each record was
 * counted, two bits per record, so that what is missing or double cannot cancel out.
 *
 * Left out: Redis versions that carry out half of a transaction (that halts), several topics, the evaluator.
 *
 * Bounds, so that faults end: LOSSES CRASHES ROLLS REFUSALS, and DUELS, after which the group has told worker 1 that
 * the shard is not its own. Everything is bounded: there is no cycle, and `<>[] done` needs no fairness.
 *
 * Each of these makes a protocol that must fail:
 *   NO_FENCE      commits check nothing
 *   NO_WATCH      commits look at the meta, but do not watch it
 *   KEEP_BLINDLY  a new connection always believes its memory
 *   KEEP_BY_NONCE the memory is kept when the meta's owner is our process, no matter which of its acquires
 *   KEEP_UNSENT   a new connection takes the open commit as carried out
 *   EPOCH_BEHIND  an acquire makes the next epoch of what it finds, which a Redis that went back has given out before
 *   LOAD_UNCHECKED  what was loaded is believed though another wrote in between; the fence stops it, unless Redis goes
 *                 back to before that
 */
#ifndef RECORDS
#define RECORDS 3
#endif
#ifndef LOSSES
#define LOSSES 2
#endif
#ifndef CRASHES
#define CRASHES 0
#endif
#ifndef ROLLS
#define ROLLS 0
#endif
#ifndef REFUSALS
#define REFUSALS 0
#endif
#ifndef DUELS
#define DUELS 1
#endif
#define LATE 2 /* messages of old connections that may still arrive, per worker */

#define NONE 0
#define ACQUIRE 1
#define EXEC 2

#define ACQUIRING 0
#define LOADING_0 1
#define LOADING_1 2
#define RUNNING 3
#define HALTED 4
#define GONE 5

#define NIL 0
#define OK 1
#define REFUSED 2

/* Two bits per record: which belong to a set of units (bit 0: unit 0, records 0 and 2; bit 1: unit 1, 1 and 3). */
#define MASK(units) ((((units) & 1) * 51) | (((units) >> 1) * 204))
#define TIMES(sum, record) (((sum) >> (2 * (record))) & 3)
#define RIGHT(sum, offset, record) (TIMES(sum, record) == ((record) < (offset) -> 1 : 0))

typedef store_state {
    byte epoch, owner, seq, offset, sum
};

typedef bytes_state {
    byte offset, sum, units
};

typedef message {
    byte kind, token, known, seq;
    bytes_state bytes
};

typedef worker_state {
    byte phase;
    bit held;
    byte epoch, owner, seq; /* the hold */
    bit in_flight;
    byte next, sum, dirty; /* memory: next offset, sums, units not built yet */
    bit built;
    bytes_state commit;
    byte sent;    /* what waits for an answer on this connection */
    byte token, known; /* of a sent acquire: nonce, and the epoch that we remember */
    bit answered; /* Redis has done it, the reply is under way */
    bit touched;  /* the watched meta changed */
    byte result;  /* of EXEC */
    byte new_epoch;
    store_state old; /* the reply to acquire */
    message late[LATE]
};

store_state redis, saved;
hidden store_state nothing; /* never written: an empty Redis */
worker_state worker[2];
byte lives[2] = 1; /* a nonce is never used twice */
byte losses = LOSSES, crashes = CRASHES, rolls = ROLLS, saves = ROLLS, refusals = REFUSALS, duels = DUELS;

#define me worker[w]
#define it worker[1 - w]
#define done (redis.offset == RECORDS)

/* Redis: the meta was written; everyone else's transaction fails. A late one can never be carried out any more. */
inline touch_meta()
{
#if !defined(NO_WATCH) && !defined(NO_FENCE)
    worker[0].touched = (worker[0].sent == EXEC && !worker[0].answered);
    worker[1].touched = (worker[1].sent == EXEC && !worker[1].answered);
    i = 0;
    do
    :: i < 2 * LATE ->
        if
        :: worker[i % 2].late[i / 2].kind == EXEC -> clear_message(worker[i % 2].late[i / 2])
        :: else
        fi;
        i++
    :: else -> break
    od;
    i = 0
#else
    skip
#endif
}

inline clear_message(m)
{
    m.kind = NONE;
    m.token = 0;
    m.known = 0;
    m.seq = 0;
    m.bytes.offset = 0;
    m.bytes.sum = 0;
    m.bytes.units = 0
}

inline clear_commit()
{
    me.built = 0;
    me.commit.offset = 0;
    me.commit.sum = 0;
    me.commit.units = 0
}

inline clear_memory()
{
    clear_commit();
    me.next = 0;
    me.sum = 0;
    me.dirty = 0
}

inline clear_request()
{
    me.sent = NONE;
    me.token = 0;
    me.known = 0;
    me.answered = 0;
    me.touched = 0;
    me.result = NIL;
    me.new_epoch = 0;
    me.old.epoch = 0;
    me.old.owner = 0;
    me.old.seq = 0;
    me.old.offset = 0;
    me.old.sum = 0
}

inline clear_hold()
{
    me.held = 0;
    me.epoch = 0;
    me.owner = 0;
    me.seq = 0;
    me.in_flight = 0
}

/* The script of acquire, wherever it came from. */
inline serve_script(claimed, at_least)
{
#ifdef EPOCH_BEHIND
    redis.epoch++;
#else
    redis.epoch = (redis.epoch > at_least -> redis.epoch : at_least) + 1;
#endif
    redis.owner = claimed;
    touch_meta()
}

inline carry_out(new_seq, what)
{
    redis.seq = new_seq;
    redis.offset = what.offset;
    redis.sum = (redis.sum & (255 - MASK(what.units))) | (what.sum & MASK(what.units));
    touch_meta();
    assert(RIGHT(redis.sum, redis.offset, 0) && RIGHT(redis.sum, redis.offset, 1) &&
           RIGHT(redis.sum, redis.offset, 2) && RIGHT(redis.sum, redis.offset, 3))
}

inline send_acquire()
{
    me.held = 0;
    me.sent = ACQUIRE;
    me.token = w + 2 * lives[w];
    me.known = me.epoch
}

inline serve_acquire()
{
    me.answered = 1;
    me.old.epoch = redis.epoch;
    me.old.owner = redis.owner;
    me.old.seq = redis.seq;
    me.old.offset = redis.offset;
    serve_script(me.token, me.known);
    me.new_epoch = redis.epoch
}

#ifdef KEEP_BY_NONCE
#define OURS (me.epoch != 0 && me.old.owner == me.owner)
#else
#define OURS (me.epoch != 0 && me.old.owner == me.owner && me.old.epoch == me.epoch)
#endif
#ifdef KEEP_UNSENT
#define IN_FLIGHT_DONE (OURS && me.in_flight)
#else
#define IN_FLIGHT_DONE (OURS && me.in_flight && me.old.seq == me.seq + 1)
#endif
#ifdef KEEP_BLINDLY
#define KEPT (me.epoch != 0)
#else
#define KEPT (IN_FLIGHT_DONE || (OURS && me.old.seq == me.seq))
#endif

#ifdef NO_FENCE
#define OUR_META true
#else
#define OUR_META (redis.epoch == me.epoch && redis.owner == me.owner && redis.seq == me.seq)
#endif

inline hear_acquire()
{
    if
    :: me.phase == RUNNING && KEPT ->
        if
        :: me.built && IN_FLIGHT_DONE -> clear_commit()
        :: else
        fi
    :: else ->
        if
        :: me.phase == RUNNING && me.old.epoch == 0 ->
            clear_memory();
            me.phase = HALTED
        :: else ->
            clear_memory();
            me.next = me.old.offset;
            me.phase = (me.old.epoch == 0 -> RUNNING : LOADING_0)
        fi
    fi;
    me.epoch = me.new_epoch;
    me.owner = me.token;
    me.seq = me.old.seq;
    me.in_flight = 0;
    me.held = 1;
    clear_request()
}

inline load(unit, then)
{
    me.sum = me.sum | (redis.sum & MASK(unit));
    me.phase = then;
    if
#ifndef LOAD_UNCHECKED
    :: then == RUNNING && !OUR_META -> fenced()
#endif
    :: else
    fi
}

inline count()
{
    if
    :: TIMES(me.sum, me.next) < 3 -> me.sum = me.sum + (1 << (2 * me.next))
    :: else
    fi;
    me.dirty = me.dirty | (1 << (me.next % 2));
    me.next++
}

inline build()
{
    me.built = 1;
    me.commit.offset = me.next;
    me.commit.units = me.dirty;
    me.commit.sum = me.sum & MASK(me.dirty);
    me.dirty = 0
}

inline fenced()
{
    clear_memory();
    me.held = 0;
    if
    :: w == 1 && duels == 0 ->
        clear_hold();
        me.phase = GONE
    :: else ->
        me.phase = ACQUIRING;
        if
        :: w == 1 -> duels--
        :: else
        fi
    fi
}

inline check()
{
    if
    :: OUR_META ->
        me.sent = EXEC;
        me.in_flight = 1
    :: else -> fenced()
    fi
}

inline serve_exec()
{
    me.answered = 1;
    if
    :: me.touched -> me.touched = 0
    :: else ->
        me.result = OK;
        carry_out(me.seq + 1, me.commit)
    fi
}

inline hear_exec()
{
    me.in_flight = 0;
    if
    :: me.result == OK ->
        me.seq++;
        clear_commit()
    :: me.result == NIL -> fenced()
    :: else
    fi;
    clear_request()
}

/* What Redis has not read yet may arrive later. */
inline disconnect()
{
    i = 0;
    do
    :: i < LATE && me.late[i].kind != NONE -> i++
    :: else -> break
    od;
    if
    :: i < LATE && !me.answered && me.sent != NONE && !me.touched ->
        me.late[i].kind = me.sent;
        me.late[i].token = me.token;
        me.late[i].known = me.known;
        if
        :: me.sent == EXEC ->
            me.late[i].seq = me.seq + 1;
            me.late[i].bytes.offset = me.commit.offset;
            me.late[i].bytes.sum = me.commit.sum;
            me.late[i].bytes.units = me.commit.units
        :: else
        fi
    :: else
    fi;
    i = 0;
    me.held = 0;
    if
    :: me.phase == LOADING_0 || me.phase == LOADING_1 ->
        clear_memory();
        me.phase = ACQUIRING
    :: else
    fi;
    clear_request()
}

inline start_again()
{
    clear_memory();
    clear_hold();
    lives[w]++;
    clear_request();
    me.phase = ACQUIRING
}

inline hang_up(x)
{
    w_saved = w;
    w = x;
    disconnect();
    clear_message(me.late[0]);
    clear_message(me.late[1]);
    w = w_saved;
    w_saved = 0
}

inline copy(to, from)
{
    to.epoch = from.epoch;
    to.owner = from.owner;
    to.seq = from.seq;
    to.offset = from.offset;
    to.sum = from.sum
}

inline arrive(m)
{
    if
    :: m.kind == EXEC -> carry_out(m.seq, m.bytes)
    :: else -> serve_script(m.token, m.known)
    fi;
    clear_message(m)
}

#define IDLE (me.sent == NONE)
#define WORKING (me.phase == RUNNING && me.held)
#define CAN_BUILD (WORKING && IDLE && !me.built)

proctype serve(byte w)
{
    byte i, w_saved;

end:
    do
    :: d_step { IDLE && !me.held && me.phase != HALTED && me.phase != GONE -> send_acquire() }
    :: d_step { me.sent == ACQUIRE && !me.answered -> serve_acquire() }
    :: d_step { me.sent == ACQUIRE && !me.answered && refusals > 0 -> refusals--; clear_request() }
    :: d_step { me.sent == ACQUIRE && me.answered -> hear_acquire() }
    :: d_step { me.phase == LOADING_0 && IDLE && me.held -> load(1, LOADING_1) }
    :: d_step { me.phase == LOADING_1 && IDLE && me.held -> load(2, RUNNING) }
    :: d_step { CAN_BUILD && me.next < RECORDS -> count(); build(); check() }
    :: d_step { CAN_BUILD && me.next + 1 < RECORDS -> count(); count(); build(); check() }
    :: d_step { CAN_BUILD && me.dirty != 0 -> build(); check() }
    :: d_step { WORKING && me.sent == EXEC && !me.answered && me.next < RECORDS && me.dirty == 0 -> count() }
    :: d_step { WORKING && IDLE && me.built -> check() }
    :: d_step { me.sent == EXEC && !me.answered -> serve_exec() }
    :: d_step { me.sent == EXEC && !me.answered && !me.touched && refusals > 0 -> refusals--; me.answered = 1; me.result = REFUSED }
    :: d_step { me.sent == EXEC && me.answered -> hear_exec() }
    :: d_step { me.phase == HALTED && IDLE -> start_again() }

    :: d_step { losses > 0 && me.phase != GONE && (me.held || !IDLE) -> losses--; disconnect() }
    :: d_step { losses > 0 && CAN_BUILD && me.next < RECORDS -> losses--; count(); build(); disconnect() }
    :: d_step { crashes > 0 && me.phase != GONE -> crashes--; disconnect(); start_again() }
    :: d_step { me.late[0].kind != NONE -> arrive(me.late[0]) }
    :: d_step { me.late[1].kind != NONE -> arrive(me.late[1]) }
    :: d_step { me.late[0].kind != NONE -> clear_message(me.late[0]) }
    :: d_step { me.late[1].kind != NONE -> clear_message(me.late[1]) }
    :: d_step { w == 0 && saves > 0 -> saves--; copy(saved, redis) }
    :: d_step { w == 0 && rolls > 0 -> rolls--; saves = 0; copy(redis, saved); hang_up(0); hang_up(1);
                copy(saved, nothing) }
    od
}

init
{
    atomic {
        run serve(0);
        run serve(1)
    }
}

ltl counted { <>[] done }
