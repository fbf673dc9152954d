#include "plateau.h"

#include "adapter/pseudonym.h"
#include "app/plateau_internal.h"
#include "codec/control.h"
#include "core/count/align.h"
#include "util/stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADVANCE_EVERY 256 /* records between two looks at the frontier, as in the daemon */

static int fail(struct pl_plateau *plateau, const struct pl_err *err)
{
    if (!plateau->failure[0])
        memcpy(plateau->failure, err->text, sizeof(plateau->failure));
    return (int)(err->code ? err->code : PL_ERR_STATE);
}

const char *pl_plateau_failure(const struct pl_plateau *plateau)
{
    return plateau->failure[0] ? plateau->failure : NULL;
}

/* The configuration is taken over, also on failure. */
static enum pl_status make(struct pl_conf *conf, const struct pl_plateau_setup *setup, struct pl_plateau **out,
                           struct pl_err *err)
{
    struct pl_plateau *plateau = calloc(1, sizeof(*plateau));
    enum pl_status status = PL_OK;

    if (!plateau) {
        pl_conf_free(conf);
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for an engine");
    }
    plateau->conf = conf;
    plateau->setup = *setup;
    plateau->judged_us = PL_TIME_NONE;
    plateau->shard = pl_shard_new(conf->rules, conf->n_sources ? 1 : 0);
    plateau->judge = pl_judge_new(conf->rules, conf->alert_min_interval_us);
    if (!plateau->shard || !plateau->judge)
        status = pl_err_set(err, PL_ERR_NOMEM, "no memory for an engine");
    if (!status && conf->hash_key_file)
        status = pl_pseudonym_load(&plateau->pseudonym, conf->hash_key_file, err);
    else
        pl_pseudonym_derive(&plateau->pseudonym, conf->instance);
    if (!status && conf->n_sources)
        status = pl_decoder_new(&conf->sources[0], conf->rules, &plateau->decoder, err);
    if (status)
        pl_plateau_free(plateau);
    else
        *out = plateau;
    return status;
}

static int made(enum pl_status status, struct pl_conf *conf, const struct pl_plateau_setup *setup,
                struct pl_plateau **plateau, struct pl_err *err, char *why)
{
    *plateau = NULL;
    if (!status)
        status = make(conf, setup, plateau, err);
    if (status && why)
        snprintf(why, PL_PLATEAU_WHY_BYTES, "%s", err->text);
    return (int)status;
}

int pl_plateau_new(const char *name, const char *text, size_t len, const struct pl_plateau_setup *setup,
                   struct pl_plateau **plateau, char why[PL_PLATEAU_WHY_BYTES])
{
    struct pl_conf *conf = NULL;
    struct pl_err err = {0};
    enum pl_status status = pl_conf_parse(name, (struct pl_span){text, len}, &conf, &err);

    return made(status, conf, setup, plateau, &err, why);
}

int pl_plateau_load(const char *path, const struct pl_plateau_setup *setup, struct pl_plateau **plateau,
                    char why[PL_PLATEAU_WHY_BYTES])
{
    struct pl_conf *conf = NULL;
    struct pl_err err = {0};
    enum pl_status status = pl_conf_load(path, &conf, &err);

    return made(status, conf, setup, plateau, &err, why);
}

void pl_plateau_free(struct pl_plateau *plateau)
{
    if (!plateau)
        return;
    if (plateau->has_next)
        pl_sums_fini(&plateau->next);
    pl_decoder_free(plateau->decoder);
    pl_judge_free(plateau->judge);
    pl_shard_free(plateau->shard);
    pl_conf_free(plateau->conf);
    free(plateau->waiting);
    free(plateau);
}

static const char *refuse(struct pl_plateau *plateau, enum pl_reject reason)
{
    if (reason == PL_ACCEPTED)
        return NULL;
    plateau->rejected[reason]++;
    return pl_reject_name(reason);
}

const char *pl_plateau_control(struct pl_plateau *plateau, const char *json, size_t len, int64_t record_us)
{
    struct plateau_waiting *grown;
    struct pl_control control;
    enum pl_reject reason = pl_control_parse((struct pl_span){json, len}, record_us, &control, NULL);
    size_t cap = plateau->cap_waiting ? plateau->cap_waiting * 2 : 64;

    if (plateau->failure[0])
        return "failed";
    if (reason)
        return refuse(plateau, reason);
    if (plateau->n_waiting == plateau->cap_waiting) {
        if (plateau->n_waiting >= PL_DOCKET_MAX || !(grown = realloc(plateau->waiting, cap * sizeof(*grown))))
            return refuse(plateau, PL_REJECT_CONTROL_FULL);
        plateau->waiting = grown;
        plateau->cap_waiting = cap;
    }
    plateau->waiting[plateau->n_waiting++] = (struct plateau_waiting){control, record_us};
    return NULL;
}

/* Whether it is used is known only now, when its sender has long gone on: it is counted. */
static void apply_control(struct pl_plateau *plateau, const struct pl_control *control)
{
    int64_t place_us;
    enum pl_reject reason = pl_shard_control(plateau->shard, control, &place_us);

    if (reason == PL_ACCEPTED)
        reason = pl_judge_control(plateau->judge, control, place_us);
    plateau->n_control += reason == PL_ACCEPTED;
    (void)refuse(plateau, reason);
}

/* As core/count/align would choose between the control log and an event of this time. */
static void apply_waiting(struct pl_plateau *plateau, bool has_event, int64_t event_us)
{
    while (plateau->first_waiting < plateau->n_waiting) {
        const struct plateau_waiting *next = &plateau->waiting[plateau->first_waiting];
        const struct pl_align_head heads[2] = {
            {.has_record = true,
             .time_us = next->control.time_us == PL_TIME_NONE ? next->record_us : next->control.time_us},
            {.has_record = has_event, .at_end = !has_event, .time_us = event_us},
        };

        if (pl_align_next(heads, 2) != 0)
            return;
        apply_control(plateau, &next->control);
        plateau->first_waiting++;
    }
}

/* How far the shard is complete, no further than what is to be judged. */
static int64_t complete_to(const struct pl_plateau *plateau)
{
    int64_t complete_us = pl_shard_complete_to(plateau->shard), until_us = plateau->setup.until_us;

    if (until_us > 0 && complete_us > until_us)
        return pl_stamp_floor(until_us, PL_TICK_US);
    return complete_us;
}

/* Judge every complete tick at which something happened or falls due, as the evaluator does. The shard stops at a
 * published tick until it is taken, so what is complete grows as we go. */
static int judge_complete(struct pl_plateau *plateau)
{
    struct pl_err err = {0};

    for (;;) {
        struct pl_judgement judgement;
        int64_t tick_us = pl_judge_due(plateau->judge, plateau->judged_us);
        bool with_sums;

        if (!plateau->has_next)
            plateau->has_next = pl_shard_take_sums(plateau->shard, &plateau->next);
        if (plateau->has_next && (tick_us == PL_TIME_NONE || plateau->next.tick_us < tick_us))
            tick_us = plateau->next.tick_us;
        if (tick_us == PL_TIME_NONE || tick_us > complete_to(plateau))
            break;
        with_sums = plateau->has_next && plateau->next.tick_us == tick_us;
        if (pl_judge_tick(plateau->judge, tick_us, with_sums ? &plateau->next : NULL, &judgement, &err))
            return fail(plateau, &err);
        if (with_sums)
            pl_sums_fini(&plateau->next);
        plateau->has_next = plateau->has_next && !with_sums;
        plateau->judged_us = tick_us;
        pl_plateau_report(plateau, &judgement);
    }
    if (complete_to(plateau) > plateau->judged_us)
        plateau->judged_us = complete_to(plateau); /* nothing can happen there any more */
    return 0;
}

static int advance(struct pl_plateau *plateau)
{
    struct pl_err err = {0};

    if (pl_shard_advance(plateau->shard, &err))
        return fail(plateau, &err);
    return judge_complete(plateau);
}

static int64_t smallest_time(const struct pl_decoded *decoded, unsigned n)
{
    int64_t smallest = decoded[0].event.time_us;

    for (unsigned at = 1; at < n; at++)
        if (decoded[at].event.time_us < smallest)
            smallest = decoded[at].event.time_us;
    return smallest;
}

static enum pl_reject apply_events(struct pl_plateau *plateau, unsigned n)
{
    enum pl_reject worst = PL_ACCEPTED;

    for (unsigned at = 0; at < n; at++) {
        struct pl_event *event = &plateau->decoded[at].event;
        enum pl_reject reason;

        event->unit = pl_pseudonym_of(&plateau->pseudonym, plateau->decoded[at].unit);
        reason = pl_shard_event(plateau->shard, 0, event);
        if (reason != PL_ACCEPTED)
            worst = reason;
        (void)refuse(plateau, reason);
    }
    return worst;
}

const char *pl_plateau_event(struct pl_plateau *plateau, const char *json, size_t len, int64_t record_us)
{
    struct pl_record record = {.value = {json, len}, .offset = (int64_t)plateau->n_records, .timestamp_us = record_us};
    enum pl_reject reason;
    unsigned n = 0;

    if (plateau->failure[0] || !plateau->decoder)
        return plateau->decoder ? "failed" : "no_source";
    record.topic = pl_span_of(plateau->conf->sources[0].topics[0]);
    plateau->n_records++;
    reason = pl_decode(plateau->decoder, &record, plateau->decoded, &n);
    if (reason || n == 0)
        return refuse(plateau, reason);
    apply_waiting(plateau, true, smallest_time(plateau->decoded, n));
    reason = apply_events(plateau, n);
    if (plateau->n_records % ADVANCE_EVERY == 0)
        (void)advance(plateau);
    return reason == PL_ACCEPTED ? NULL : pl_reject_name(reason);
}

int pl_plateau_finish(struct pl_plateau *plateau)
{
    struct pl_err err = {0};
    int64_t largest_us;

    if (plateau->failure[0])
        return PL_ERR_STATE;
    apply_waiting(plateau, false, 0);
    if (advance(plateau))
        return PL_ERR_STATE;
    largest_us = pl_shard_largest_place(plateau->shard);
    if (largest_us == PL_TIME_NONE)
        return 0; /* nothing was fed */
    if (pl_shard_raise(plateau->shard, pl_stamp_next_tick(largest_us), &err))
        return fail(plateau, &err);
    return judge_complete(plateau);
}
