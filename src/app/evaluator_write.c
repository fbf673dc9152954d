/* Writing what a tick brought: ledger rows, history, area summaries, alerts. All of it goes into one transaction with
 * the tick that was judged.
 */
#include "app/command.h"
#include "app/evaluator_internal.h"

#include "adapter/log.h"
#include "codec/alert_doc.h"
#include "codec/keys.h"
#include "codec/row.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void pl_evaluator_finish(struct pl_evaluator *ev, struct pl_command *command)
{
    if (pl_command_finish(command, &ev->batch))
        ev->n_batch++;
    else
        ev->batch.failed = true;
}

static void write_row(struct pl_evaluator *ev, const struct pl_row *row)
{
    struct pl_key key = pl_key_main(ev->conf->instance, "results");
    struct pl_field fields[PL_ROW_FIELDS_MAX];
    struct pl_span argv[3 + 2 * PL_ROW_FIELDS_MAX];
    struct pl_buf text = {0};
    char id[32];
    size_t n = pl_row_write(row, ev->conf->rules, &text, fields), argc = 0;

    snprintf(id, sizeof(id), "%zu-0", ++ev->rows_stored);
    argv[argc++] = pl_span_of("XADD");
    argv[argc++] = (struct pl_span){key.text, key.len};
    argv[argc++] = pl_span_of(id);
    for (size_t f = 0; f < n; f++) {
        argv[argc++] = fields[f].name;
        argv[argc++] = fields[f].value;
    }
    pl_evaluator_add(ev, argc, argv);
    pl_buf_fini(&text);
}

static void write_point(struct pl_evaluator *ev, const struct pl_history_point *point, int64_t tick_us)
{
    struct pl_key key = pl_key_main_id(ev->conf->instance, "history", ev->conf->rules->areas[point->area].id);
    struct pl_command c;

    pl_command_init(&c, "XADD", key.text);
    pl_command_word(&c, "*");
    pl_command_whole(&c, "n", point->n);
    pl_command_time(&c, "time", point->time_us);
    pl_command_time(&c, "tick", tick_us);
    pl_command_pair(&c, "state", pl_programme_state_name(point->state));
    pl_command_whole(&c, "changed", point->changed);
    pl_command_double(&c, "flat", point->e_flat);
    pl_command_double(&c, "level", point->level);
    pl_command_double(&c, "down", point->down);
    pl_command_double(&c, "up", point->up);
    pl_command_double(&c, "yield", point->e_yield);
    pl_command_double(&c, "effect", point->effect);
    pl_command_double(&c, "se", point->se);
    pl_evaluator_finish(ev, &c);
}

static void pair_missing(struct pl_command *c, unsigned missing)
{
    static const struct {
        unsigned bit;
        const char *name;
    } bits[] = {
        {PL_MISSING_ONCE_YIELDING, "once_yielding"},
        {PL_MISSING_FUNNEL_STABLE, "funnel_stable"},
        {PL_MISSING_DELIVERED, "delivered"},
        {PL_MISSING_VALUE, "value_measured"},
        {PL_MISSING_POLICY_AGE, "smallest_return_new"},
    };
    char text[128] = "";

    for (size_t at = 0; at < sizeof(bits) / sizeof(*bits); at++)
        if (missing & bits[at].bit)
            snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", text[0] ? "," : "", bits[at].name);
    pl_command_pair(c, "missing", text);
}

/* How many results were left out, by reason: shown so that nothing disappears silently. */
static void pair_left_out(struct pl_evaluator *ev, struct pl_command *c, uint32_t area)
{
    const struct pl_ledger *ledger = pl_judge_ledger(ev->judge);
    int64_t counts[PL_EXCLUDED_OLD_EPOCH + 1] = {0};
    char name[64];

    for (size_t at = 0; at < ledger->n; at++)
        if (ledger->rows[at].kind == PL_ROW_RESULT && ledger->rows[at].area == area)
            counts[ledger->rows[at].excluded]++;
    for (int reason = PL_ENTERED + 1; reason <= PL_EXCLUDED_OLD_EPOCH; reason++) {
        snprintf(name, sizeof(name), "left_out_%s", pl_exclusion_name((enum pl_exclusion)reason));
        for (char *at = name; *at; at++)
            if (*at == ' ')
                *at = '_';
        pl_command_whole(c, name, counts[reason]);
    }
}

static void pair_programme(struct pl_command *c, const struct pl_area_state *state)
{
    pl_command_pair(c, "programme", pl_programme_state_name(state->state));
    pl_command_whole(c, "why", (int64_t)state->why);
    pl_command_whole(c, "results", state->n);
    pl_command_whole(c, "results_ever", state->n_all);
    pl_command_whole(c, "epoch", state->epoch);
    pl_command_time(c, "last_result", state->last_us);
    pl_command_time(c, "flat_since", state->flat_since_us);
    pl_command_double(c, "flat_evidence", state->e_flat);
    pl_command_double(c, "flat_needed", state->level);
    pl_command_double(c, "paying_evidence", state->e_yield);
    pl_command_double(c, "falling_evidence", state->down);
    pl_command_double(c, "rising_evidence", state->up);
    pl_command_double(c, "return_lower", state->lower);
    pl_command_double(c, "return_upper", state->upper);
    pl_command_double(c, "largest_win", state->largest_ever);
    pl_command_double(c, "largest_win_counted", state->largest_cap);
    pl_command_double(c, "median_se", state->median_se);
    pl_command_double(c, "needed", state->needed);
    pl_command_whole(c, "once_paying", state->once_yielding);
    pl_command_whole(c, "wins_rule_ok", state->jackpot_ok);
    pl_command_whole(c, "stops_early", state->peeking);
    pl_command_whole(c, "unhealthy", state->unhealthy);
}

static void pair_funnel(struct pl_command *c, const struct pl_looks *looks)
{
    static const char *const names[] = {"unknown", "stable", "rising", "falling", "inconclusive"};

    pl_command_pair(c, "funnel_trend", names[looks->verdict]);
    pl_command_double(c, "funnel_drift", looks->drift);
    pl_command_double(c, "funnel_drift_se", looks->se);
    pl_command_double(c, "funnel_rate", looks->rate);
    pl_command_time(c, "funnel_looked", looks->last_us);
}

static void write_area(struct pl_evaluator *ev, uint32_t area)
{
    const struct pl_area_rule *rule = &ev->conf->rules->areas[area];
    const struct pl_area_state *state = pl_judge_area(ev->judge, area);
    const struct pl_standing *standing = pl_judge_standing(ev->judge, area);
    const struct pl_advice *advice = pl_judge_advice(ev->judge, area);
    struct pl_key key = pl_key_main_id(ev->conf->instance, "area", rule->id);
    struct pl_key areas = pl_key_main(ev->conf->instance, "areas");
    struct pl_key standings = pl_key_main(ev->conf->instance, "standing");
    struct pl_command c;
    struct pl_buf text = {0};

    pl_resp_add_text(&ev->batch, "SADD", areas.text, rule->id, NULL);
    pl_resp_add_text(&ev->batch, "DEL", key.text, NULL); /* fields that are absent now must not stay */
    pl_row_put_standing(standing, &text);
    pl_resp_add_text(&ev->batch, "HSET", standings.text, rule->id, text.ptr ? text.ptr : "", NULL);
    ev->n_batch += 3;
    pl_buf_fini(&text);
    pl_command_init(&c, "HSET", key.text);
    pl_command_pair(&c, "verdict", pl_verdict_name(advice->verdict));
    pl_command_pair(&c, "grade", pl_grade_name(advice->grade));
    pl_command_pair(&c, "owner", rule->owner);
    pl_command_pair(&c, "unit", rule->unit);
    pl_command_whole(&c, "reason", (int64_t)advice->reason);
    pair_missing(&c, advice->missing);
    pl_command_whole(&c, "urgent", advice->urgent);
    pl_command_whole(&c, "repair_first", advice->repair_first);
    pl_command_whole(&c, "lean", advice->lean);
    pl_command_whole(&c, "firing", standing->alert.firing);
    pl_command_time(&c, "since", standing->alert.firing ? standing->alert.starts_us : PL_TIME_NONE);
    pl_command_time(&c, "judged", ev->judged_us);
    pl_command_double(&c, "smallest_return", rule->smallest_return);
    pair_programme(&c, state);
    pair_funnel(&c, &standing->looks);
    pair_left_out(ev, &c, area);
    pl_evaluator_finish(ev, &c);
}

static void write_edge(struct pl_evaluator *ev, const struct pl_area_edge *edge)
{
    const char *instance = ev->conf->instance;
    const struct pl_area_rule *rule = &ev->conf->rules->areas[edge->area];
    const struct pl_alert_doc doc = {
        .instance = instance,
        .area = rule,
        .edge = &edge->edge,
        .advice = pl_judge_advice(ev->judge, edge->area),
        .state = pl_judge_area(ev->judge, edge->area),
    };
    struct pl_key stream = pl_key_main(instance, "alerts");
    struct pl_key channel = pl_key_channel(instance), area_channel = pl_key_area_channel(instance, rule->id);
    struct pl_buf json = {0};
    char id[33], max[16];

    pl_alert_doc_id(&doc, id);
    pl_alert_doc_write(&doc, &json);
    if (!pl_buf_ok(&json) || !json.ptr) {
        ev->batch.failed = true;
        pl_buf_fini(&json);
        return;
    }
    snprintf(max, sizeof(max), "%u", ev->conf->alert_stream_max);
    pl_resp_add_text(&ev->batch, "XADD", stream.text, "MAXLEN", "~", max, "*", "id", id, "status",
                     pl_alert_status_name(edge->edge.status), "alertname", pl_verdict_name(edge->edge.verdict), "area",
                     rule->id, "owner", rule->owner, "severity", pl_alert_severity(edge->edge.verdict), "json",
                     json.ptr, NULL);
    pl_resp_add_text(&ev->batch, "PUBLISH", channel.text, json.ptr, NULL);
    pl_resp_add_text(&ev->batch, "PUBLISH", area_channel.text, json.ptr, NULL);
    ev->n_batch += 3;
    ev->edges++;
    pl_log(PL_LOG_INFO, "event=alert status=%s verdict=%s area=%s grade=%s id=%s",
           pl_alert_status_name(edge->edge.status), pl_verdict_name(edge->edge.verdict), rule->id,
           pl_grade_name(edge->edge.grade), id);
    pl_buf_fini(&json);
}

void pl_evaluator_write_tick(struct pl_evaluator *ev, const struct pl_judgement *judgement)
{
    const struct pl_ledger *ledger = pl_judge_ledger(ev->judge);

    for (size_t at = 0; at < judgement->n_rows; at++) {
        const struct pl_row *row = &ledger->rows[judgement->first_row + at];

        write_row(ev, row);
        ev->touched[row->area] = true;
    }
    for (size_t at = 0; at < judgement->n_points; at++) {
        write_point(ev, &judgement->points[at], judgement->tick_us);
        ev->touched[judgement->points[at].area] = true;
    }
    for (size_t at = 0; at < judgement->n_edges; at++) {
        write_edge(ev, &judgement->edges[at]);
        ev->touched[judgement->edges[at].area] = true;
    }
    for (unsigned a = 0; a < ev->conf->rules->n_areas; a++)
        ev->touched[a] = ev->touched[a] || pl_judge_standing(ev->judge, a)->looks.last_us == judgement->tick_us;
}

static void on_committed(void *ctx, enum pl_status status, bool halt, const char *why)
{
    struct pl_evaluator *ev = ctx;

    ev->committing = false;
    if (status == PL_OK) {
        ev->commits++;
        ev->committed_us = ev->judged_us;
        ev->committed_place_us = ev->largest_place_us;
        atomic_store(&ev->shared->judged_us, ev->committed_us);
        atomic_store(&ev->shared->largest_place_us, ev->largest_place_us);
        if (ev->phase != EVAL_RUNNING)
            return;
        pl_evaluator_clean_up(ev);
        if (ev->catching_up)
            pl_evaluator_read(ev); /* ticks were judged: the shards, which waited for that, may have more by now */
        return;
    }
    if (halt) {
        pl_evaluator_halt(ev, "commit refused: %s", why);
        return;
    }
    pl_log(PL_LOG_WARNING, "event=evaluator_commit_failed why=\"%s\"", why ? why : "");
    if (ev->phase == EVAL_RUNNING)
        ev->phase = EVAL_WAITING; /* read everything again: the judge is a function of the ledger */
}

/* Summaries are written once per batch, however many of its ticks touched them. */
static void write_areas(struct pl_evaluator *ev)
{
    for (unsigned a = 0; a < ev->conf->rules->n_areas; a++)
        if (ev->touched[a] || !ev->published_once)
            write_area(ev, a);
    memset(ev->touched, 0, sizeof(ev->touched));
}

void pl_evaluator_commit(struct pl_evaluator *ev)
{
    char judged[32], place[32], partitions[16], judged_text[PL_STAMP_BYTES], hash[32];
    struct pl_span meta[16];
    size_t n = 0;

    write_areas(ev);
    pl_evaluator_write_figures(ev);
    snprintf(judged, sizeof(judged), "%" PRId64, ev->judged_us);
    snprintf(place, sizeof(place), "%" PRId64, ev->largest_place_us);
    snprintf(partitions, sizeof(partitions), "%u", ev->partitions);
    snprintf(hash, sizeof(hash), "%016" PRIx64, ev->conf->rules->hash);
    const char *const pairs[] = {"schema",           "1",
                                 "version",          PL_VERSION,
                                 "config",           hash,
                                 "partitions",       partitions,
                                 "judged_to_us",     judged,
                                 "largest_place_us", place,
                                 "complete_to",      pl_stamp_format(ev->judged_us, judged_text)};
    for (; n < sizeof(pairs) / sizeof(*pairs); n++)
        meta[n] = pl_span_of(pairs[n]);
    if (!pl_buf_ok(&ev->batch)) {
        pl_evaluator_halt(ev, "no memory for what a tick brought");
        return;
    }
    ev->committing = true;
    if (pl_store_commit(ev->store, &ev->hold, pl_buf_span(&ev->batch), ev->n_batch, meta, n / 2, on_committed, ev)) {
        ev->committing = false;
        ev->phase = EVAL_WAITING;
    }
    pl_buf_clear(&ev->batch); /* the store has its copy */
    ev->n_batch = 0;
}
