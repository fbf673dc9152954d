/* Loading: ledger, standings and position of the instance, from Redis into a new judge.
 */
#include "app/evaluator_internal.h"

#include "adapter/log.h"
#include "adapter/store_judge.h"
#include "codec/keys.h"
#include "codec/row.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LEDGER_PAGE "2000"

static void load_ledger(struct pl_evaluator *ev, const char *from);

static bool meta_int(const struct pl_acquired *acquired, const char *name, int64_t fallback, int64_t *value)
{
    *value = fallback;
    for (size_t at = 0; at + 1 < acquired->n; at += 2)
        if (pl_span_is(acquired->fields[at].text, name))
            return pl_num_int(acquired->fields[at + 1].text, value);
    return true;
}

/* Is it the array that was asked for? Else nothing goes on: a judge with half of its past would alert anew. */
static bool is_answer(struct pl_evaluator *ev, const struct pl_reply *reply, const char *what)
{
    if (reply->type == PL_REPLY_ARRAY)
        return true;
    if (reply->type == PL_REPLY_ERROR && pl_store_judge_error(reply->text) != PL_STORE_HALT)
        ev->phase = EVAL_WAITING; /* not now: all over again, a little later */
    else
        pl_evaluator_halt(ev, "the %s in Redis cannot be read", what);
    return false;
}

/* The last answer. Another evaluator that took the results meanwhile has written to some of what was read one by one:
 * only what is of one moment is used, or called damaged. */
static void on_meta(void *ctx, const struct pl_reply *reply)
{
    struct pl_evaluator *ev = ctx;
    struct pl_err err = {0};

    if (!pl_evaluator_answered(ev, reply, EVAL_LOADING))
        return;
    if (pl_store_judge_meta(&ev->hold, reply, &err)) {
        ev->phase = EVAL_WAITING;
        return;
    }
    if (ev->load_err.code) {
        pl_evaluator_halt(ev, "%s", ev->load_err.text);
        return;
    }
    ev->phase = EVAL_RUNNING;
    pl_log(PL_LOG_INFO, "event=evaluator_running facts=%zu", pl_judge_ledger(ev->judge)->n);
}

/* Everything has been read, or ev->load_err says why no more is. */
static void ask_meta(struct pl_evaluator *ev)
{
    if (pl_store_ask_meta(pl_link_node_store(ev->home), &ev->hold, on_meta, ev))
        ev->phase = EVAL_WAITING;
    else
        ev->replies_left++;
}

/* An area of which facts are known had its standing written beside them. */
static enum pl_status check_standings(struct pl_evaluator *ev, const bool found[PL_RULES_AREAS_MAX])
{
    const struct pl_ledger *ledger = pl_judge_ledger(ev->judge);

    for (size_t at = 0; at < ledger->n; at++) {
        uint32_t area = ledger->rows[at].area;

        if (area == PL_RULES_NONE || found[area])
            continue;
        return pl_err_set(&ev->load_err, PL_ERR_INPUT, "the standing of area %s in Redis is missing",
                          ev->conf->rules->areas[area].id);
    }
    return PL_OK;
}

static enum pl_status take_standings(struct pl_evaluator *ev, const struct pl_reply *pairs)
{
    bool found[PL_RULES_AREAS_MAX] = {false};

    for (size_t at = 0; at + 1 < pairs->n; at += 2) {
        uint32_t area = pl_rules_find_area(ev->conf->rules, pairs->elements[at].text);
        struct pl_standing standing;
        enum pl_status status =
            pl_row_get_standing(pairs->elements[at + 1].text, ev->conf->rules, &standing, &ev->load_err);

        if (status)
            return status;
        if (area == PL_RULES_NONE)
            continue;
        found[area] = true;
        pl_judge_restore_standing(ev->judge, area, &standing, ev->judged_us);
    }
    return check_standings(ev, found);
}

static void on_standings(void *ctx, const struct pl_reply *reply)
{
    struct pl_evaluator *ev = ctx;

    if (!pl_evaluator_answered(ev, reply, EVAL_LOADING) || !is_answer(ev, reply, "standings"))
        return;
    (void)take_standings(ev, reply); /* load_err has what is wrong with them */
    ask_meta(ev);
}

static void load_standings(struct pl_evaluator *ev)
{
    struct pl_key key = pl_key_main(ev->conf->instance, "standing");
    const struct pl_span argv[] = {pl_span_of("HGETALL"), {key.text, key.len}};

    if (pl_link_command(pl_link_node_link(ev->home), on_standings, ev, 2, argv))
        ev->phase = EVAL_WAITING;
    else
        ev->replies_left++;
}

/* One stream entry [id, [name, value, ...]] into the judge. */
static enum pl_status take_row(struct pl_evaluator *ev, const struct pl_reply *entry)
{
    struct pl_err *err = &ev->load_err;
    enum pl_status status;
    struct pl_field fields[PL_ROW_FIELDS_MAX];
    const struct pl_reply *pairs;
    struct pl_row row;
    char id[32];
    size_t n = 0;

    if (entry->type != PL_REPLY_ARRAY || entry->n != 2 || entry->elements[1].type != PL_REPLY_ARRAY)
        return pl_err_set(err, PL_ERR_INPUT, "ledger: an entry has an unexpected shape");
    snprintf(id, sizeof(id), "%zu-0", ++ev->rows_stored);
    if (!pl_span_is(entry->elements[0].text, id))
        return pl_err_set(err, PL_ERR_INPUT, "ledger: the row %s is missing", id);
    pairs = &entry->elements[1];
    for (size_t at = 0; at + 1 < pairs->n && n < PL_ROW_FIELDS_MAX; at += 2)
        fields[n++] = (struct pl_field){pairs->elements[at].text, pairs->elements[at + 1].text};
    status = pl_row_read(fields, n, ev->conf->rules, &row, err);
    return status ? status : pl_judge_restore_row(ev->judge, &row, err);
}

static void on_ledger(void *ctx, const struct pl_reply *reply)
{
    struct pl_evaluator *ev = ctx;
    enum pl_status status = PL_OK;
    char from[64];

    if (!pl_evaluator_answered(ev, reply, EVAL_LOADING) || !is_answer(ev, reply, "ledger"))
        return;
    for (size_t at = 0; at < reply->n && !status; at++)
        status = take_row(ev, &reply->elements[at]);
    if (reply->n == 0 && ev->rows_wanted >= 0 && ev->rows_stored != (size_t)ev->rows_wanted)
        status = pl_err_set(&ev->load_err, PL_ERR_INPUT, "ledger: %zu rows are there and %" PRId64 " were written",
                            ev->rows_stored, ev->rows_wanted);
    if (status) {
        ask_meta(ev);
        return;
    }
    if (reply->n == 0) {
        load_standings(ev);
        return;
    }
    snprintf(from, sizeof(from), "(%.*s", (int)reply->elements[reply->n - 1].elements[0].text.len,
             reply->elements[reply->n - 1].elements[0].text.ptr);
    load_ledger(ev, from);
}

static void load_ledger(struct pl_evaluator *ev, const char *from)
{
    struct pl_key key = pl_key_main(ev->conf->instance, "results");
    const struct pl_span argv[] = {pl_span_of("XRANGE"), {key.text, key.len}, pl_span_of(from),
                                   pl_span_of("+"),      pl_span_of("COUNT"), pl_span_of(LEDGER_PAGE)};

    if (pl_link_command(pl_link_node_link(ev->home), on_ledger, ev, 6, argv))
        ev->phase = EVAL_WAITING;
    else
        ev->replies_left++;
}

void pl_evaluator_load(struct pl_evaluator *ev, const struct pl_acquired *acquired)
{
    int64_t schema, partitions, since_us;

    if (!meta_int(acquired, "schema", 1, &schema) || schema != 1) {
        pl_evaluator_halt(ev,
                          "the results in Redis have a schema that this version does not know: run the newer plateaud");
        return;
    }
    if (!meta_int(acquired, "judged_to_us", PL_TIME_NONE, &ev->judged_us) ||
        !meta_int(acquired, "largest_place_us", PL_TIME_NONE, &ev->largest_place_us) ||
        !meta_int(acquired, "rows", -1, &ev->rows_wanted) || !meta_int(acquired, "not_keyed_since_us", 0, &since_us) ||
        !meta_int(acquired, "digest_us", PL_TIME_NONE, &ev->digest_us) ||
        !meta_int(acquired, "partitions", ev->partitions, &partitions)) {
        pl_evaluator_halt(ev, "a field of the meta hash in Redis is no number");
        return;
    }
    if (partitions != (int64_t)ev->partitions) {
        pl_evaluator_halt(ev,
                          "the topics had %" PRId64
                          " partitions and have %u now: units would be counted twice; use a new "
                          "instance name, or restore the old count",
                          partitions, ev->partitions);
        return;
    }
    pl_judge_restore_input(ev->judge, since_us > 0 ? since_us : PL_TIME_NONE, ev->judged_us);
    ev->committed_us = ev->judged_us;
    ev->committed_place_us = ev->largest_place_us;
    atomic_store(&ev->shared->judged_us, ev->committed_us);
    atomic_store(&ev->shared->largest_place_us, ev->largest_place_us);
    ev->rows_stored = 0;
    ev->load_err = (struct pl_err){0};
    ev->phase = EVAL_LOADING;
    load_ledger(ev, "-");
}
