/* Writing what a tick brought: ledger rows, history, area summaries, alerts. All of it goes into one transaction with
 * the tick that was judged.
 */
#include "app/command.h"
#include "app/evaluator_internal.h"

#include "adapter/log.h"
#include "codec/alert_doc.h"
#include "codec/area_text.h"
#include "codec/balance_text.h"
#include "codec/input_doc.h"
#include "codec/keys.h"
#include "codec/row.h"
#include "util/failpoint.h"
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

static void add_pair(void *ctx, const char *name, const char *value)
{
    pl_command_pair(ctx, name, value);
}

static void write_area(struct pl_evaluator *ev, uint32_t area)
{
    const struct pl_area_rule *rule = &ev->conf->rules->areas[area];
    const struct pl_area_view view = {
        .rule = rule,
        .state = pl_judge_area(ev->judge, area),
        .advice = pl_judge_advice(ev->judge, area),
        .standing = pl_judge_standing(ev->judge, area),
        .ledger = pl_judge_ledger(ev->judge),
        .area = area,
        .judged_us = ev->judged_us,
        .rules = ev->conf->rules,
    };
    struct pl_key key = pl_key_main_id(ev->conf->instance, "area", rule->id);
    struct pl_key areas = pl_key_main(ev->conf->instance, "areas");
    struct pl_key standings = pl_key_main(ev->conf->instance, "standing");
    struct pl_command c;
    struct pl_buf text = {0};

    ev->written[area] = (struct eval_written){*view.standing, *view.advice};
    pl_resp_add_text(&ev->batch, "SADD", areas.text, rule->id, NULL);
    pl_resp_add_text(&ev->batch, "DEL", key.text, NULL); /* fields that are absent now must not stay */
    pl_row_put_standing(view.standing, ev->conf->rules, &text);
    pl_resp_add_text(&ev->batch, "HSET", standings.text, rule->id, text.ptr ? text.ptr : "", NULL);
    ev->n_batch += 3;
    pl_buf_fini(&text);
    pl_command_init(&c, "HSET", key.text);
    pl_area_text(&view, add_pair, &c);
    pl_evaluator_finish(ev, &c);
}

/* What each kind of work took and gave. Without memory it stays as it was: the next row writes it again. */
static void write_balance(struct pl_evaluator *ev, uint32_t area)
{
    struct pl_key key = pl_key_main_id(ev->conf->instance, "balance", ev->conf->rules->areas[area].id);
    struct pl_balance balance;
    struct pl_command c;

    if (pl_balance_of(pl_judge_ledger(ev->judge), area, ev->judged_us, &balance, NULL))
        return;
    pl_resp_add_text(&ev->batch, "DEL", key.text, NULL);
    ev->n_batch++;
    pl_command_init(&c, "HSET", key.text);
    pl_balance_text(&balance, pl_judge_area(ev->judge, area), add_pair, &c);
    pl_evaluator_finish(ev, &c);
}

bool pl_evaluator_alert(struct pl_evaluator *ev, const struct eval_alert *alert, struct pl_buf *json)
{
    struct pl_key stream = pl_key_main(ev->conf->instance, "alerts"), channel = pl_key_channel(ev->conf->instance);
    bool ok = pl_buf_ok(json) && json->ptr;
    char max[16];

    if (!ok) {
        ev->batch.failed = true;
        pl_buf_fini(json);
        return false;
    }
    snprintf(max, sizeof(max), "%u", ev->conf->alert_stream_max);
    pl_resp_add_text(&ev->batch, "XADD", stream.text, "MAXLEN", "~", max, "*", "id", alert->id, "status", alert->status,
                     "alertname", alert->name, "area", alert->area, "owner", alert->owner, "severity", alert->severity,
                     "json", json->ptr, NULL);
    pl_resp_add_text(&ev->batch, "PUBLISH", channel.text, json->ptr, NULL);
    ev->n_batch += 2;
    if (alert->channel_area) {
        channel = pl_key_area_channel(ev->conf->instance, alert->channel_area);
        pl_resp_add_text(&ev->batch, "PUBLISH", channel.text, json->ptr, NULL);
        ev->n_batch++;
    }
    pl_buf_fini(json);
    return true;
}

static void write_edge(struct pl_evaluator *ev, const struct pl_area_edge *edge)
{
    const struct pl_area_rule *rule = &ev->conf->rules->areas[edge->area];
    const struct pl_alert_doc doc = {
        .instance = ev->conf->instance,
        .area = rule,
        .edge = &edge->edge,
        .advice = pl_judge_advice(ev->judge, edge->area),
        .state = pl_judge_area(ev->judge, edge->area),
        .rules = ev->conf->rules,
        .standing = pl_judge_standing(ev->judge, edge->area),
    };
    char id[33], name[PL_NAME_BYTES];
    const struct eval_alert alert = {
        .id = id,
        .status = pl_alert_status_name(edge->edge.status),
        .name = pl_alert_doc_name(&doc, name),
        .area = rule->id,
        .owner = rule->owner,
        .severity = pl_alert_severity(edge->edge.verdict),
        .channel_area = rule->id,
    };
    struct pl_buf json = {0};

    pl_alert_doc_id(&doc, id);
    pl_alert_doc_write(&doc, &json);
    if (!pl_evaluator_alert(ev, &alert, &json))
        return;
    ev->edges++;
    pl_log(PL_LOG_INFO, "event=alert status=%s verdict=%s area=%s grade=%s id=%s", alert.status,
           pl_verdict_name(edge->edge.verdict), rule->id, pl_grade_name(edge->edge.grade), id);
}

/* Of the instance as a whole: in the stream and on the channel of all alerts. */
static void write_input_edge(struct pl_evaluator *ev, const struct pl_input_edge *edge)
{
    char id[33];
    const struct eval_alert alert = {
        .id = id,
        .status = pl_input_doc_status(edge),
        .name = PL_INPUT_DOC_NAME,
        .area = PL_INPUT_DOC_AREA,
        .owner = "",
        .severity = PL_INPUT_DOC_SEVERITY,
    };
    struct pl_buf json = {0};

    pl_input_doc_id(edge, id);
    pl_input_doc_write(ev->conf->instance, edge, &json);
    if (!pl_evaluator_alert(ev, &alert, &json))
        return;
    ev->edges++;
    pl_log(edge->resolved ? PL_LOG_INFO : PL_LOG_ERROR,
           "event=alert status=%s alertname=" PL_INPUT_DOC_NAME " users=%" PRIu32 " in_several_partitions=%" PRIu32
           " id=%s",
           alert.status, edge->view.sampled, edge->view.shared, id);
}

/* Time alone may change the verdict (a dwell, a held-back alert, the end of a history), without a row or an edge. */
static bool same_advice(const struct pl_advice *a, const struct pl_advice *b)
{
    return a->verdict == b->verdict && a->grade == b->grade && a->reason == b->reason && a->missing == b->missing &&
           a->urgent == b->urgent && a->repair_first == b->repair_first && a->lean == b->lean;
}

static bool same_looks(const struct pl_looks *a, const struct pl_looks *b)
{
    return a->monday_us == b->monday_us && a->taken == b->taken && a->last_us == b->last_us;
}

/* What a look said changes with its tick alone. */
static bool same_observed(const struct pl_standing *a, const struct pl_standing *b)
{
    bool same = a->objectives.n == b->objectives.n && a->adoption.start_us == b->adoption.start_us &&
                a->adoption.last_us == b->adoption.last_us && a->adoption.n_all == b->adoption.n_all &&
                a->derive.n == b->derive.n;

    for (unsigned at = 0; same && at < a->derive.n; at++)
        same = a->derive.of[at].metric == b->derive.of[at].metric &&
               same_looks(&a->derive.of[at].looks, &b->derive.of[at].looks);
    return same;
}

static bool same_standing(const struct pl_standing *a, const struct pl_standing *b)
{
    return a->alert.firing == b->alert.firing && a->alert.verdict == b->alert.verdict &&
           a->alert.grade == b->alert.grade && a->alert.starts_us == b->alert.starts_us &&
           a->alert.last_us == b->alert.last_us && a->alert.in_history == b->alert.in_history &&
           same_looks(&a->looks, &b->looks) && same_looks(&a->value.events, &b->value.events) &&
           same_looks(&a->value.retention, &b->value.retention) && same_observed(a, b);
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
    if (judgement->input)
        write_input_edge(ev, judgement->input);
    for (unsigned a = 0; a < ev->conf->rules->n_areas; a++) {
        const struct eval_written *written = &ev->written[a];

        ev->touched[a] = ev->touched[a] || !same_advice(pl_judge_advice(ev->judge, a), &written->advice) ||
                         !same_standing(pl_judge_standing(ev->judge, a), &written->standing);
    }
}

static void on_committed(void *ctx, enum pl_status status, bool halt, const char *why)
{
    struct pl_evaluator *ev = ctx;

    ev->committing = false;
    if (status == PL_OK) {
        PL_FAILPOINT("judge.committed", pl_link_reset(pl_link_node_link(ev->home), "failpoint"));
        ev->commits++;
        ev->committed_us = ev->judged_us;
        ev->committed_place_us = ev->largest_place_us;
        atomic_store(&ev->shared->judged_us, ev->committed_us);
        atomic_store(&ev->shared->largest_place_us, ev->largest_place_us);
        if (ev->phase != EVAL_RUNNING)
            return;
        pl_evaluator_clean_up(ev);
        if (ev->catching_up && !ev->reload_wanted && atomic_load(&ev->shared->holder) != 0)
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
        if (ev->touched[a] || !ev->published_once) {
            write_area(ev, a);
            write_balance(ev, a);
        }
    memset(ev->touched, 0, sizeof(ev->touched));
}

void pl_evaluator_commit(struct pl_evaluator *ev)
{
    int64_t since_us = pl_judge_input_since(ev->judge);
    char judged[32], place[32], since[32], partitions[16], judged_text[PL_STAMP_BYTES], hash[32], rows[32], digest[32];
    struct pl_span meta[24];
    size_t n = 0;

    write_areas(ev);
    if (!ev->published_once || ev->judged_us != ev->committed_us)
        pl_evaluator_write_figures(ev); /* the sums and the windows are those of the last tick */
    pl_evaluator_tell_week(ev);
    snprintf(judged, sizeof(judged), "%" PRId64, ev->judged_us);
    snprintf(place, sizeof(place), "%" PRId64, ev->largest_place_us);
    snprintf(since, sizeof(since), "%" PRId64, since_us == PL_TIME_NONE ? 0 : since_us);
    snprintf(partitions, sizeof(partitions), "%u", ev->partitions);
    snprintf(hash, sizeof(hash), "%016" PRIx64, ev->conf->rules->hash);
    snprintf(rows, sizeof(rows), "%zu", ev->rows_stored);
    const char *const pairs[] = {"schema",
                                 "1",
                                 "version",
                                 PL_VERSION,
                                 "config",
                                 hash,
                                 "partitions",
                                 partitions,
                                 "rows",
                                 rows,
                                 "not_keyed_since_us",
                                 since,
                                 "judged_to_us",
                                 judged,
                                 "largest_place_us",
                                 place,
                                 "complete_to",
                                 pl_stamp_format(ev->judged_us, judged_text)};
    /* Until something is judged there is no time up to which it is. */
    for (; n < sizeof(pairs) / sizeof(*pairs) - (ev->judged_us == PL_TIME_NONE ? 2 : 0); n++)
        meta[n] = pl_span_of(pairs[n]);
    if (ev->digest_us != PL_TIME_NONE) {
        snprintf(digest, sizeof(digest), "%" PRId64, ev->digest_us);
        meta[n++] = pl_span_of("digest_us");
        meta[n++] = pl_span_of(digest);
    }
    if (!pl_buf_ok(&ev->batch)) {
        pl_evaluator_halt(ev, "no memory for what a tick brought");
        return;
    }
    ev->committing = true;
    PL_FAILPOINT("judge.commit", pl_link_reset(pl_link_node_link(ev->home), "failpoint"));
    if (pl_store_commit(pl_link_node_store(ev->home), &ev->hold, pl_buf_span(&ev->batch), ev->n_batch, meta, n / 2,
                        on_committed, ev)) {
        ev->committing = false;
        ev->phase = EVAL_WAITING;
    }
    pl_buf_clear(&ev->batch); /* the store has its copy */
    ev->n_batch = 0;
}
