/* When parts of Redis went back in time, each by itself: a failover of a cluster takes the last writes of one node
 * only.
 *
 * A shard went back. What it publishes is a function of the logs, so it counts and publishes again what it had. Until
 * it is complete to what is judged nothing is judged, or written as if it were all there.
 *
 * The results went back, to a tick T. Shards keep the sums in force and later ones, and say with which tick D judged
 * the others were deleted (key `judged`). When D > T the ticks between cannot be judged as they were: the judge gets
 * the sums of D and judges what fell due since T by them. Windows of a landmark are complete when it is due, so entries
 * come out as before, save for units that saw a second variant, and health alarms, in the time between. Counted and
 * logged. (This is the one exception to "a tick is judged once, in order, by what was there": the alternative is to
 * stop for good.) Control records cannot be had from sums. They are kept for a minute after they were judged; what went
 * back further halts, as results would be missing for ever.
 */
#include "app/evaluator_internal.h"

#include "adapter/clock.h"
#include "codec/keys.h"
#include "util/failpoint.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool halt_for_control(struct pl_evaluator *ev)
{
    char to[PL_STAMP_BYTES], trimmed[PL_STAMP_BYTES];

    pl_evaluator_halt(ev,
                      "Redis has put the results back to %s, but control records to %s are deleted: import them again, "
                      "then delete the field control of %s and reload",
                      ev->judged_us == PL_TIME_NONE ? "nothing" : pl_stamp_format(ev->judged_us, to),
                      pl_stamp_format(ev->control_trimmed_us, trimmed),
                      pl_key_shard(ev->conf->instance, 0, "judged").text);
    return false;
}

/* The tick that every shard must be complete to; PL_TIME_NONE when it is not known of every shard. */
static bool find_target(const struct pl_evaluator *ev, int64_t *target_us)
{
    *target_us = ev->judged_us;
    for (unsigned p = 0; p < ev->partitions; p++) {
        if (!ev->shards[p].known)
            return false;
        if (ev->shards[p].deleted_us > *target_us)
            *target_us = ev->shards[p].deleted_us;
    }
    return true;
}

/* How many shards are not complete to the target, and to where the last of them is. */
static unsigned count_behind(const struct pl_evaluator *ev, int64_t target_us, int64_t *least_us)
{
    unsigned behind = 0;

    *least_us = target_us;
    for (unsigned p = 0; p < ev->partitions; p++) {
        behind += ev->shards[p].complete_to_us < target_us;
        if (ev->shards[p].complete_to_us < *least_us)
            *least_us = ev->shards[p].complete_to_us;
    }
    return behind;
}

static void on_passed(void *ctx, enum pl_status status, bool halt, const char *why)
{
    struct pl_evaluator *ev = ctx;

    ev->committing = false;
    if (status == PL_OK) {
        atomic_store(&ev->shared->judged_us, ev->passed_us);
        if (ev->phase == EVAL_RUNNING)
            pl_evaluator_clean_up(ev);
    } else if (halt) {
        pl_evaluator_halt(ev, "commit refused: %s", why);
    } else if (ev->phase == EVAL_RUNNING) {
        ev->phase = EVAL_WAITING;
    }
}

/* A shard stops when too many of its ticks wait for the judge. Those of a gap do not: the judge takes the last of them.
 */
static void let_pass(struct pl_evaluator *ev, int64_t to_us)
{
    char text[32];

    if (to_us <= ev->judged_us || to_us <= ev->passed_us)
        return;
    ev->passed_us = to_us;
    snprintf(text, sizeof(text), "%" PRId64, to_us);
    const struct pl_span pair[] = {pl_span_of("passed_to_us"), pl_span_of(text)};
    ev->committing = true;
    if (pl_store_commit(pl_link_node_store(ev->home), &ev->hold, (struct pl_span){NULL, 0}, 0, pair, 1, on_passed,
                        ev)) {
        ev->committing = false;
        ev->phase = EVAL_WAITING;
    }
}

static void note_gap(struct pl_evaluator *ev, int64_t target_us)
{
    char from[PL_STAMP_BYTES], to[PL_STAMP_BYTES];

    ev->gaps++;
    pl_log(PL_LOG_ERROR,
           "event=judged_gap from=%s to=%s hint=\"Redis lost results; they are judged again by later figures\"",
           ev->judged_us == PL_TIME_NONE ? "nothing" : pl_stamp_format(ev->judged_us, from),
           pl_stamp_format(target_us, to));
}

bool pl_evaluator_fits(struct pl_evaluator *ev)
{
    int64_t target_us, least_us;
    unsigned behind;

    if (ev->published_once)
        return true; /* it did when the judge was restored; whoever goes back later is seen by its commits */
    if (!find_target(ev, &target_us))
        return false;
    if (ev->control_trimmed_us != PL_TIME_NONE && ev->control_trimmed_us >= ev->judged_us)
        return halt_for_control(ev);
    if (target_us > ev->judged_us && target_us != ev->restored_us)
        note_gap(ev, target_us);
    ev->restored_us = target_us;
    behind = count_behind(ev, target_us, &least_us);
    if (behind != ev->shards_behind)
        pl_log(PL_LOG_WARNING, "event=evaluator_waits partitions=%u", behind);
    ev->shards_behind = behind;
    if (behind)
        let_pass(ev, least_us);
    return behind == 0;
}

/* Control records up to the mark are placed below what is judged and committed, a minute ago. There is always a mark
 * when there is anything to trim, and every mark is passed one day: so the stream stays short even if the docket is
 * never empty. */
static bool may_trim(struct pl_evaluator *ev)
{
    int64_t now_us = pl_clock_monotonic_us();

    if (!ev->control_mark[0] && ev->control_seen[0]) {
        memcpy(ev->control_mark, ev->control_seen, sizeof(ev->control_mark));
        ev->control_mark_us = ev->control_place_us;
        ev->control_ripe_us = 0;
    }
    if (!ev->control_mark[0] || ev->control_mark_us >= ev->committed_us)
        return false;
    if (ev->control_ripe_us == 0)
        ev->control_ripe_us = now_us + CONTROL_KEEP_US;
    return now_us >= ev->control_ripe_us;
}

static unsigned add_trim(struct pl_evaluator *ev, const char *judged, struct pl_buf *out)
{
    struct pl_key control = pl_key_shard(ev->conf->instance, 0, "control");
    char place[32];

    if (ev->control_mark_us > ev->control_trimmed_us)
        ev->control_trimmed_us = ev->control_mark_us;
    snprintf(place, sizeof(place), "%" PRId64, ev->control_trimmed_us);
    pl_resp_add_text(out, "XTRIM", control.text, "MINID", ev->control_mark, NULL);
    pl_resp_add_text(out, "HSET", judged, "control", place, NULL);
    ev->control_mark[0] = '\0';
    return 2;
}

/* Sums that others have replaced, up to a tick that is judged, or is to be restored. */
static unsigned add_deletes(struct eval_shard *shard, const char *judged, struct pl_buf *out)
{
    struct pl_evaluator *ev = shard->ev;
    struct pl_key sums = pl_key_shard(ev->conf->instance, (int32_t)shard->p, "sums");
    int64_t to_us = ev->committed_us > ev->restored_us ? ev->committed_us : ev->restored_us;
    unsigned n;
    char tick[32];

    pl_tick_window_keep_latest(&shard->window, to_us);
    n = shard->window.n_stale;

    if (n == 0)
        return 0;
    for (unsigned at = 0; at < n; at++) {
        snprintf(tick, sizeof(tick), "%" PRId64, shard->window.stale[at]);
        pl_resp_add_text(out, "HDEL", sums.text, tick, NULL);
    }
    shard->window.n_stale = 0;
    if (to_us > shard->deleted_us)
        shard->deleted_us = to_us;
    snprintf(tick, sizeof(tick), "%" PRId64, shard->deleted_us);
    pl_resp_add_text(out, "HSET", judged, "sums", tick, NULL);
    return n + 1;
}

/* Not fenced, and it need not be: it only removes what the ledger has, and says so. */
void pl_evaluator_clean_up(struct pl_evaluator *ev)
{
    struct pl_buf commands = {0};

    for (unsigned p = 0; p < ev->partitions; p++) {
        struct eval_shard *shard = &ev->shards[p];
        struct pl_link_node *node = pl_link_set_node(ev->redis, shard->key_slot);
        struct pl_key judged = pl_key_shard(ev->conf->instance, (int32_t)p, "judged");
        unsigned n;

        pl_buf_clear(&commands);
        pl_resp_add_text(&commands, "MULTI", NULL);
        n = add_deletes(shard, judged.text, &commands);
        if (p == 0 && may_trim(ev))
            n += add_trim(ev, judged.text, &commands);
        pl_resp_add_text(&commands, "EXEC", NULL);
        if (!n || !pl_buf_ok(&commands) || !pl_link_node_is_up(node))
            continue;
        PL_FAILPOINT("delete.begin", pl_link_reset(pl_link_node_link(node), "failpoint"));
        if (pl_link_send(pl_link_node_link(node), pl_buf_span(&commands), n + 2, NULL, NULL))
            pl_buf_clear(&commands); /* the link is down: a later clean-up does it */
        PL_FAILPOINT("delete.sent", pl_link_reset(pl_link_node_link(node), "failpoint"));
    }
    pl_buf_fini(&commands);
}
