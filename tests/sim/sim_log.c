/* What is in the logs, under which rules, and what one shard that never fails makes of them.
 *
 * Times are such that no place is ever decided by the frontier, whatever the interleaving: skew and delay between
 * inputs are below `hold`, a control record is as new as the newest event before it, and what follows a silence is
 * above the next tick. Then state and sums are a function of the logs alone (core/count/shard.h), which is what is
 * compared.
 */
#include "adapter/pseudonym.h"
#include "codec/control.h"
#include "codec/state.h"
#include "core/count/align.h"
#include "sim_redis.h"
#include "util/hash.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLAVORS 3
#define START_US (INT64_C(1700006400) * PL_SECOND_US)

static struct pl_conf *confs[FLAVORS][SIM_TOPICS][2];
static struct pl_pseudonym pseudonym;

static const char common[] = "[area cart]\nexperiments = c_*\ngoal = kbuy\nsmallest_return = 1%\n"
                             "[metric kbuy]\ntype = conversion\nevent = buy\nwindow = 3h\n"
                             "[metric kview]\ntype = count\nevent = view, cart\nwindow = 1d\ncap = 3\n"
                             "[funnel kpath]\nsteps = view > cart > buy\nwindow = 2h\n";

/* Of each flavor: what else there is before the reload, and after it. */
static const char *const more[FLAVORS][2] = {
    {"", "[metric xnew]\ntype = conversion\nevent = ping\nwindow = 3h\n"},
    {"[metric kspend]\ntype = sum\nevent = buy\nproperty = properties.price\nwindow = 6h\nbound = 50\n",
     "[metric kspend]\ntype = sum\nevent = buy\nproperty = properties.price\nwindow = 6h\nbound = 50\n"
     "[funnel xquick]\nsteps = view > buy\nwindow = 1h\n"},
    {"[feature xfind]\nuse = ping\neligible = view\n[metric xpings]\ntype = count\nevent = ping\nwindow = 2h\n",
     "[feature xfind]\nuse = ping, cart\neligible = view\n"},
};

static const char *const lateness[FLAVORS] = {"60s", "10m", "1s"};

static void make_conf(unsigned flavor, unsigned n_topics, unsigned revision)
{
    struct pl_buf text = {0};
    struct pl_err err = {0};

    pl_buf_addf(
        &text,
        "[plateaud]\ninstance = " SIM_INSTANCE "\ncontrol = control\nlateness = %s\nhold = 4h\ndedup = 10m\n"
        "idle_timeout = 10m\ncommit_interval = %s\n[kafka]\nbootstrap.servers = none\n[source web]\ntopics = t0",
        lateness[flavor], flavor ? "10ms" : "250ms");
    for (unsigned k = 1; k < n_topics; k++)
        pl_buf_addf(&text, ", t%u", k);
    pl_buf_addf(&text, "\n%s%s", common, more[flavor][revision]);
    if (pl_conf_parse("sim", pl_buf_span(&text), &confs[flavor][n_topics - 1][revision], &err)) {
        fprintf(stderr, "sim: %s\n", err.text);
        exit(2);
    }
    pl_buf_fini(&text);
}

void sim_log_init(void)
{
    pl_pseudonym_derive(&pseudonym, SIM_INSTANCE);
    for (unsigned flavor = 0; flavor < FLAVORS; flavor++)
        for (unsigned n = 1; n <= SIM_TOPICS; n++)
            for (unsigned revision = 0; revision < 2; revision++)
                make_conf(flavor, n, revision);
}

void sim_log_fini(void)
{
    for (unsigned flavor = 0; flavor < FLAVORS; flavor++)
        for (unsigned n = 0; n < SIM_TOPICS; n++)
            for (unsigned revision = 0; revision < 2; revision++)
                pl_conf_free(confs[flavor][n][revision]);
}

/* ---- what is written ---- */

struct writer {
    int64_t clock_us, floor_us; /* nothing is older than floor_us, after a silence */
    int64_t skew_us[SIM_TOPICS];
    int64_t lateness_us, step_us;
    unsigned n_units, n_messages;
    struct pl_decoder *decoder;
};

static struct pl_span text_of(const char *fmt, ...) PL_PRINTF(1, 2);

static struct pl_span text_of(const char *fmt, ...)
{
    char text[512];
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return sim_copy((struct pl_span){text, (size_t)len});
}

static struct sim_record *append(unsigned topic, unsigned partition, int64_t clock_us, struct pl_span value)
{
    struct sim_record *record = &sim.records[sim.n_records++];
    struct sim_log *log = &sim.logs[topic][partition];

    *record = (struct sim_record){
        .topic = topic, .partition = partition, .offset = log->n, .clock_us = clock_us, .value = value};
    log->records[log->n++] = record;
    return record;
}

static void decode(struct writer *w, struct sim_record *record)
{
    struct pl_decoded decoded[PL_DECODED_MAX];
    struct pl_record raw = {.topic = pl_span_of(sim.conf[0]->sources[0].topics[record->topic]),
                            .value = record->value,
                            .is_null = record->is_null,
                            .partition = (int32_t)record->partition,
                            .offset = record->offset,
                            .timestamp_us = record->clock_us};

    record->reason = pl_decode(w->decoder, &raw, decoded, &record->n);
    if (record->reason)
        record->n = 0;
    if (record->n == 0)
        return;
    record->event = decoded[0].event;
    record->event.unit = pl_pseudonym_of(&pseudonym, decoded[0].unit);
}

static void write_event(struct writer *w, unsigned topic, unsigned unit, bool plain)
{
    static const char *const actions[] = {"view", "view", "cart", "buy", "ping", "noise"};
    static const char *const experiments[] = {"c_one", "c_one", "c_two", "z_other"};
    int64_t lag_us = 0, time_us;
    char stamp[PL_STAMP_BYTES];
    struct pl_span value;
    unsigned message = w->n_messages++, name, arm; /* drawn one by one: arguments have no order */

    switch (plain ? 0 : sim_below(8)) {
    case 1:
    case 2:
        lag_us = (int64_t)sim_below((unsigned)(w->lateness_us / PL_SECOND_US) + 1) * PL_SECOND_US;
        break;
    case 3:
        lag_us = (int64_t)sim_below(3 * (unsigned)(w->lateness_us / PL_SECOND_US) + 1) * PL_SECOND_US;
        break;
    case 4:
        lag_us = (int64_t)sim_below(3600) * PL_SECOND_US;
        break;
    default:
        break;
    }
    time_us = w->clock_us - w->skew_us[topic] - lag_us;
    if (time_us < w->floor_us)
        time_us = w->floor_us;
    if (!plain && message && sim_chance(10))
        message = sim_below(message); /* perhaps a duplicate */
    pl_stamp_format(time_us, stamp);
    if (!plain && sim_chance(3)) {
        name = sim_below(4);
        arm = sim_below(6);
        value = text_of("{\"type\":\"track\",\"event\":\"Experiment Viewed\",\"userId\":\"u%u\",\"messageId\":\"m%u\","
                        "\"timestamp\":\"%s\",\"properties\":{\"experiment_id\":\"%s\",\"variation_id\":\"%s\"}}",
                        unit, message, stamp, experiments[name],
                        arm == 0   ? "C"
                        : unit % 2 ? "B"
                                   : "control");
    } else {
        name = sim_below(6);
        arm = sim_below(60);
        value = text_of("{\"type\":\"track\",\"event\":\"%s\",\"userId\":\"u%u\",\"messageId\":\"m%u\","
                        "\"timestamp\":\"%s\",\"properties\":{\"price\":%u.5}}",
                        actions[name], unit, message, stamp, arm);
    }
    decode(w, append(topic, unit % sim.n_partitions, w->clock_us, value));
}

static void write_bad(struct writer *w, unsigned topic, unsigned partition)
{
    static const char *const bad[] = {"{", "{\"type\":\"track\"}", "[]"};
    struct sim_record *record = append(topic, partition, w->clock_us, pl_span_of(bad[sim_below(3)]));

    record->is_null = sim_chance(3);
    decode(w, record);
}

static void write_control(struct writer *w)
{
    static const char *const states[] = {"started", "started", "stopped", "shipped"};
    unsigned what = sim_below(6), number = sim_below(24), state = sim_below(4); /* one by one, as above */
    char stamp[PL_STAMP_BYTES];
    struct sim_record *record;
    struct pl_span value;

    pl_stamp_format(w->clock_us, stamp);
    if (what == 0)
        value = pl_span_of("{\"type\":\"unheard\"}");
    else if (sim_chance(4))
        value =
            text_of("{\"type\":\"result\",\"id\":\"r%u\",\"experiment\":\"c_old%u\",\"area\":\"cart\",\"time\":\"%s\","
                    "\"effect\":0.0%u,\"se\":0.01}",
                    sim.n_records, number % 3, stamp, 1 + number / 3);
    else
        value = text_of("{\"type\":\"lifecycle\",\"experiment\":\"%s\",\"state\":\"%s\",\"time\":\"%s\"%s}",
                        number % 2 ? "c_one" : "c_two", states[state], stamp,
                        number < 8 ? ",\"variants\":{\"control\":0.5,\"B\":0.5}" : "");
    record = append(SIM_TOPICS, 0, w->clock_us, value);
    record->reason = pl_control_parse(record->value, record->clock_us, &record->control, NULL);
}

/* Everything is silent for long; then every shard gets a record, so that none of them is silent any more. */
static void write_gap(struct writer *w)
{
    w->floor_us = pl_stamp_next_tick(w->clock_us);
    w->clock_us = w->floor_us + PL_HOUR_US + (int64_t)sim_below(20) * PL_HOUR_US / 2;
    for (unsigned p = 0; p < sim.n_partitions; p++) {
        write_event(w, 0, p, true);
        sim.records[sim.n_records - 1].after_gap = true;
    }
}

static void write_all(struct writer *w)
{
    unsigned n = 12 + sim_below(60), topic, unit, gaps = sim_chance(2) ? 1 + sim_below(2) : 0;

    while (sim.n_records < n) {
        topic = sim_below(sim.n_topics);
        unit = sim_below(w->n_units);
        w->clock_us += sim_chance(4) ? 0 : (int64_t)sim_below((unsigned)(w->step_us / PL_SECOND_US)) * PL_SECOND_US;
        if (sim_chance(60))
            w->clock_us += (int64_t)sim_below(9) * PL_HOUR_US;
        if (gaps && sim.n_records > 4 && sim_chance(n / 3)) {
            gaps--;
            write_gap(w);
        } else if (sim_chance(10)) {
            write_control(w);
        } else if (sim_chance(20)) {
            write_bad(w, topic, unit % sim.n_partitions);
        } else {
            write_event(w, topic, unit, false);
        }
    }
}

/* ---- what a shard makes of it ---- */

static uint64_t mix(uint64_t seed, const void *bytes, size_t len)
{
    return pl_hash_long(seed, (struct pl_span){bytes, len});
}

static uint64_t mix_text(uint64_t seed, const char *text)
{
    return mix(seed, text, strlen(text));
}

static const char *metric_name(uint32_t metric)
{
    return sim.conf[0]->rules->metrics[metric].id;
}

static const char *subject_name(const struct pl_sums *sums, const struct pl_cell_key *key)
{
    enum pl_cell_subject subject = pl_cell_info(key->kind)->subject;

    return subject == PL_OF_EXPERIMENT ? sums->experiments[key->subject].name
                                       : pl_rules_id(sim.conf[0]->rules, subject, key->subject);
}

/* When the rules change during the run, only what both of them have is a function of the logs. */
static bool is_compared(const struct pl_cell_key *key)
{
    const struct pl_rules *rules = sim.conf[0]->rules;

    if (!sim.reloads)
        return true;
    switch (key->kind) {
    case PL_CELL_EXPOSED:
    case PL_CELL_MIXED:
    case PL_CELL_SEGMENT:
        return true;
    case PL_CELL_METRIC:
        return rules->metrics[key->metric].id[0] == 'k';
    case PL_CELL_FUNNEL:
    case PL_CELL_FUNNEL_HOUR:
        return rules->funnels[key->subject].id[0] == 'k';
    default:
        return false;
    }
}

/* Does not depend on the order of experiments and variants in the dictionary, which is that of their coming. */
uint64_t sim_hash_sums(const struct pl_sums *sums)
{
    uint64_t total = 1;

    for (size_t at = 0; at < sums->n_cells; at++) {
        const struct pl_cell *cell = &sums->cells[at];
        const int64_t numbers[] = {cell->n,
                                   cell->sum,
                                   (int64_t)(cell->sum2 >> 64),
                                   (int64_t)cell->sum2,
                                   cell->key.kind,
                                   cell->key.kind == PL_CELL_METRIC ? 0 : cell->key.metric,
                                   cell->key.pane,
                                   pl_cell_has_variant(cell->key.kind) ? 0 : cell->key.arm};
        uint64_t hash = mix(1, numbers, sizeof(numbers));

        if (!is_compared(&cell->key))
            continue;
        hash = mix_text(hash, subject_name(sums, &cell->key));
        if (cell->key.kind == PL_CELL_METRIC)
            hash = mix_text(hash, metric_name(cell->key.metric));
        if (pl_cell_has_variant(cell->key.kind))
            hash = mix_text(hash, sums->experiments[cell->key.subject].variants[cell->key.arm]);
        total += hash;
    }
    return total;
}

static uint64_t hash_experiments(const struct pl_sums *sums)
{
    uint64_t total = 0;

    for (unsigned at = 0; at < sums->n_experiments; at++) {
        const struct pl_sums_experiment *e = &sums->experiments[at];
        const int64_t numbers[] = {e->first_exposure_us, e->joined_late, e->n_segments, e->n_variants};
        uint64_t hash = mix_text(mix(3, numbers, sizeof(numbers)), e->name);

        for (unsigned v = 0; v < e->n_variants; v++)
            hash = mix(mix_text(hash, e->variants[v]), &e->shares[0][v], sizeof(double));
        total += hash;
    }
    return total;
}

/* The sample of units is of events that the rules read. */
static uint64_t hash_units(const struct pl_keying *units)
{
    uint64_t hash = 0;

    for (uint32_t at = 0; at < units->n && !sim.reloads; at++) {
        const int64_t numbers[] = {(int64_t)units->units[at].hash, units->units[at].last_day};

        hash = mix(hash + 5, numbers, sizeof(numbers));
    }
    return hash;
}

uint64_t sim_hash_all(const struct pl_sums *sums)
{
    return sim_hash_sums(sums) + hash_experiments(sums) + hash_units(&sums->units);
}

void sim_print_sums(const char *what, int64_t tick_us, const struct pl_sums *sums)
{
    printf("%s %" PRId64 "\n", what, tick_us);
    for (size_t at = 0; at < sums->n_cells; at++) {
        const struct pl_cell *cell = &sums->cells[at];
        bool variant = pl_cell_has_variant(cell->key.kind);
        char arm[16], detail[16];

        snprintf(arm, sizeof(arm), "%u", cell->key.arm);
        snprintf(detail, sizeof(detail), "%" PRIu32, cell->key.metric);
        printf("C %u %s %s %s %" PRId32 " %" PRId64 " %" PRId64 " %" PRId64 "\n", cell->key.kind,
               subject_name(sums, &cell->key),
               variant ? sums->experiments[cell->key.subject].variants[cell->key.arm] : arm,
               cell->key.kind == PL_CELL_METRIC ? metric_name(cell->key.metric) : detail, cell->key.pane, cell->n,
               cell->sum, (int64_t)cell->sum2);
    }
}

static void note_ticks(unsigned p, struct pl_shard *shard)
{
    struct pl_sums sums = {0};

    while (pl_shard_take_sums(shard, &sums)) {
        if (sim.n_ticks[p] < sizeof(sim.ticks[p]) / sizeof(sim.ticks[p][0]))
            sim.ticks[p][sim.n_ticks[p]++] = (struct sim_tick){.tick_us = sums.tick_us, .hash = sim_hash_all(&sums)};
        else
            sim_fail("the log has too many ticks for the simulator");
        pl_sums_fini(&sums);
    }
}

static void drain(struct pl_shard *shard)
{
    struct pl_sums sums = {0};

    while (pl_shard_take_sums(shard, &sums))
        pl_sums_fini(&sums);
}

static enum pl_reject take(struct pl_shard *shard, unsigned p, unsigned input, const struct sim_record *record)
{
    enum pl_reject reason = record->reason;
    int64_t place_us;

    if (input == 0) {
        if (!reason)
            reason = pl_shard_control(shard, &record->control, &place_us);
        return p == 0 ? reason : PL_ACCEPTED; /* counted where they are handed on */
    }
    if (!reason && record->n)
        reason = pl_shard_event(shard, input - 1, &record->event);
    return reason;
}

/* The next record of an input below its end; as in the worker, one that carries nothing holds nobody up. */
static struct pl_align_head head_of(unsigned input, const struct sim_log *log, int64_t next, int64_t end)
{
    const struct sim_record *record = next < end ? log->records[next] : NULL;
    int64_t time_us = INT64_MIN;

    if (!record)
        return (struct pl_align_head){.at_end = true};
    if (input == 0 && !record->reason)
        time_us = record->control.time_us;
    else if (input > 0 && record->n)
        time_us = record->event.time_us;
    return (struct pl_align_head){.has_record = true, .time_us = time_us};
}

static bool step(struct pl_shard *shard, unsigned p, int64_t *next, const int64_t *ends, struct sim_figures *figures)
{
    struct pl_align_head heads[SIM_TOPICS + 1];
    const struct sim_log *logs[SIM_TOPICS + 1];
    enum pl_reject reason;
    int input;

    for (unsigned at = 0; at <= sim.n_topics; at++) {
        logs[at] = at == 0 ? &sim.logs[SIM_TOPICS][0] : &sim.logs[at - 1][p];
        heads[at] = head_of(at, logs[at], next[at], ends[at]);
    }
    input = pl_align_next(heads, sim.n_topics + 1);
    if (input < 0)
        return false;
    reason = take(shard, p, (unsigned)input, logs[input]->records[next[input]++]);
    figures->rejected += reason && reason != PL_REJECT_AFTER_END; /* these may come later, and are added in the end */
    return true;
}

/* A shard that has taken its logs below these ends; with ticks of a whole run, that is without ends, noted. */
struct pl_shard *sim_feed(unsigned p, const int64_t *ends, int64_t control_end, struct sim_figures *figures)
{
    struct pl_shard *shard = pl_shard_new(sim.conf[0]->rules, sim.n_topics);
    int64_t next[SIM_TOPICS + 1] = {0}, until[SIM_TOPICS + 1];
    struct pl_err err;

    until[0] = ends ? control_end : sim.logs[SIM_TOPICS][0].n;
    for (unsigned k = 0; k < sim.n_topics; k++)
        until[k + 1] = ends ? ends[k] : sim.logs[k][p].n;
    *figures = (struct sim_figures){0};
    if (!shard)
        abort();
    while (step(shard, p, next, until, figures)) {
        if (pl_shard_advance(shard, &err))
            abort();
        if (!ends)
            note_ticks(p, shard);
        else
            drain(shard);
    }
    return shard;
}

static void finish_figures(struct pl_shard *shard, struct sim_figures *figures)
{
    struct pl_shard_stats stats;
    struct pl_sums sums = {0};
    struct pl_err err;

    pl_shard_stats(shard, &stats);
    figures->accepted = stats.accepted;
    figures->late = stats.late;
    figures->unmatched = stats.unmatched;
    figures->rejected += stats.rejected[PL_REJECT_AFTER_END];
    if (pl_shard_live(shard, &sums, &err))
        abort();
    figures->live = sim_hash_sums(&sums);
    pl_sums_fini(&sums);
}

static void raise_to(struct pl_shard *shard, int64_t tick_us)
{
    struct pl_err err;

    if (tick_us != PL_TIME_NONE && tick_us > pl_shard_frontier(shard) && pl_shard_raise(shard, tick_us, &err))
        abort();
}

void sim_expect(unsigned p, const int64_t *ends, int64_t control_end, struct sim_figures *figures)
{
    struct pl_shard *shard = sim_feed(p, ends, control_end, figures);
    int64_t complete_us = PL_TIME_NONE;
    struct pl_err err;

    (void)sim_store_number(p, "complete_to", &complete_us);
    raise_to(shard, complete_us);
    for (unsigned ticks = 0; ticks < 4096 && pl_shard_complete_to(shard) < complete_us; ticks++) {
        drain(shard);
        if (pl_shard_advance(shard, &err))
            abort();
    }
    drain(shard);
    finish_figures(shard, figures);
    pl_shard_free(shard);
}

void sim_log_make(void)
{
    unsigned flavor = sim_below(FLAVORS);
    struct pl_shard *shards[SIM_PARTITIONS];
    struct writer w = {.clock_us = START_US + (int64_t)sim_below(86400) * PL_SECOND_US};
    struct sim_figures figures;
    int64_t largest_us = PL_TIME_NONE;
    struct pl_err err;

    w.n_units = 3 + sim_below(18);
    sim.n_topics = 1 + sim_below(SIM_TOPICS);
    sim.n_partitions = 1 + sim_below(SIM_PARTITIONS);
    for (unsigned revision = 0; revision < 2; revision++)
        sim.conf[revision] = confs[flavor][sim.n_topics - 1][revision];
    sim.records = sim_alloc(SIM_RECORDS * sizeof(*sim.records));
    w.lateness_us = sim.conf[0]->rules->lateness_us;
    w.step_us = (int64_t[]){30, 300, 900, 3600}[sim_below(4)] * PL_SECOND_US;
    for (unsigned k = 0; k < sim.n_topics; k++)
        w.skew_us[k] = sim_chance(2) ? 0 : (int64_t)sim_below(1800) * PL_SECOND_US;
    if (pl_decoder_new(&sim.conf[0]->sources[0], sim.conf[0]->rules, &w.decoder, &err))
        abort();
    write_all(&w);
    pl_decoder_free(w.decoder);
    for (unsigned p = 0; p < sim.n_partitions; p++) {
        shards[p] = sim_feed(p, NULL, 0, &figures);
        if (pl_shard_largest_place(shards[p]) > largest_us)
            largest_us = pl_shard_largest_place(shards[p]);
    }
    sim.last_tick_us = pl_stamp_next_tick(largest_us);
    for (unsigned p = 0; p < sim.n_partitions; p++) {
        raise_to(shards[p], sim.last_tick_us);
        while (pl_shard_complete_to(shards[p]) < sim.last_tick_us) {
            note_ticks(p, shards[p]);
            if (pl_shard_advance(shards[p], &err))
                abort();
        }
        note_ticks(p, shards[p]);
        pl_shard_free(shards[p]);
    }
}
