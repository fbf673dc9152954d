#include "codec/row.h"

#include "util/num.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *const kinds[] = {"result", "epoch", "lifecycle", "policy"};
static const char *const works[] = {"growth", "monetisation", "core", "holdout"};
static const char *const states[] = {"started", "stopped", "shipped", "reverted"};

/* Writes "value\0" into text; spans are made at the end, when the buffer stands still. */
struct writer {
    struct pl_buf *text;
    struct pl_field *fields;
    size_t n;
    size_t at[PL_ROW_FIELDS_MAX];
};

static void put(struct writer *w, const char *name, const char *value)
{
    w->fields[w->n].name = pl_span_of(name);
    w->at[w->n++] = w->text->len;
    pl_buf_add(w->text, value, strlen(value) + 1);
}

static void put_double(struct writer *w, const char *name, double value)
{
    char number[32];

    if (!isfinite(value)) /* the reader takes numbers only */
        return;
    pl_num_format(value, number);
    put(w, name, number);
}

static void put_name(struct writer *w, const char *name, const char *value)
{
    if (value[0])
        put(w, name, value);
}

static void put_time(struct writer *w, const char *name, int64_t time_us)
{
    char stamp[PL_STAMP_BYTES];

    if (time_us != PL_TIME_NONE)
        put(w, name, pl_stamp_format(time_us, stamp));
}

/* effect and se of each arm in turn, separated by blanks. */
static void put_arms(struct writer *w, const struct pl_row_arms *arms)
{
    char text[2 * PL_VARIANTS_MAX * 32];
    size_t len = 0;

    for (unsigned at = 0; at < 2 * arms->n; at++) {
        if (len)
            text[len++] = ' ';
        pl_num_format(at % 2 ? arms->se[at / 2] : arms->effect[at / 2], text + len);
        len += strlen(text + len);
    }
    if (!arms->n)
        return;
    put(w, "arms", text);
    put_double(w, "shared", arms->shared);
}

static void put_result(struct writer *w, const struct pl_row *row)
{
    put(w, "excluded", pl_exclusion_name(row->excluded));
    put(w, "early", row->early ? "1" : "0");
    put(w, "shipped", row->shipped ? "1" : "0");
    put(w, "history", row->history ? "1" : "0");
    put_double(w, "effect", row->effect);
    put_double(w, "se", row->se);
    put_double(w, "baseline", row->baseline);
    put_double(w, "mean_control", row->mean_control);
    put_double(w, "n_control", row->n_control);
    put_name(w, "metric", row->metric);
    put_double(w, "cost", row->cost);
    if (row->units > 0)
        put_double(w, "units", row->units);
    put_arms(w, &row->arms);
    put_double(w, "value_effect", row->value.effect);
    put_double(w, "value_se", row->value.se);
    put_double(w, "value_cov", row->value.cov);
    put_double(w, "value_mean", row->value.mean_control);
    put_name(w, "value_metric", row->value.metric);
}

size_t pl_row_write(const struct pl_row *row, const struct pl_rules *rules, struct pl_buf *text,
                    struct pl_field fields[PL_ROW_FIELDS_MAX])
{
    struct writer w = {.text = text, .fields = fields};

    pl_buf_clear(text);
    put(&w, "kind", kinds[row->kind]);
    put(&w, "area", rules->areas[row->area].id);
    put_time(&w, "time", row->time_us);
    put_time(&w, "tick", row->tick_us);
    put_time(&w, "start", row->start_us);
    put(&w, "id", row->id);
    put(&w, "experiment", row->experiment);
    put(&w, "work", works[row->work]);
    if (row->kind == PL_ROW_RESULT)
        put_result(&w, row);
    if (row->kind == PL_ROW_LIFECYCLE)
        put(&w, "state", states[row->state]);
    if (row->kind == PL_ROW_POLICY)
        put_double(&w, "smallest_return", row->smallest_return);
    for (size_t f = 0; f < w.n; f++)
        fields[f].value = pl_span_of(text->ptr + w.at[f]);
    return w.n;
}

static int index_of(struct pl_span text, const char *const *names, int n)
{
    for (int at = 0; at < n; at++)
        if (pl_span_is(text, names[at]))
            return at;
    return -1;
}

static bool read_choice(struct pl_span value, const char *const *names, int n, int *out)
{
    int at = index_of(value, names, n);

    *out = at < 0 ? 0 : at;
    return at >= 0;
}

static bool read_bool(struct pl_span value, bool *out)
{
    *out = pl_span_is(value, "1");
    return *out || pl_span_is(value, "0");
}

static bool read_exclusion(struct pl_span value, enum pl_exclusion *out)
{
    for (int at = PL_ENTERED; at <= PL_EXCLUDED_OLD_EPOCH; at++) {
        *out = (enum pl_exclusion)at;
        if (pl_span_is(value, pl_exclusion_name(*out)))
            return true;
    }
    return false;
}

static bool read_arms(struct pl_span text, struct pl_row_arms *arms)
{
    unsigned n = 0;

    for (; text.ptr && n < 2 * (PL_VARIANTS_MAX - 1); n++)
        if (!pl_num_double(pl_span_cut(&text, ' '), n % 2 ? &arms->se[n / 2] : &arms->effect[n / 2]))
            return false;
    arms->n = n / 2;
    return !text.ptr && n % 2 == 0 && n >= 4;
}

static bool read_number(struct pl_span name, struct pl_span value, struct pl_row *row)
{
    const struct {
        const char *name;
        double *target;
    } numbers[] = {
        {"effect", &row->effect},
        {"se", &row->se},
        {"baseline", &row->baseline},
        {"mean_control", &row->mean_control},
        {"n_control", &row->n_control},
        {"cost", &row->cost},
        {"smallest_return", &row->smallest_return},
        {"units", &row->units},
        {"shared", &row->arms.shared},
        {"value_effect", &row->value.effect},
        {"value_se", &row->value.se},
        {"value_cov", &row->value.cov},
        {"value_mean", &row->value.mean_control},
    };

    for (size_t at = 0; at < sizeof(numbers) / sizeof(*numbers); at++)
        if (pl_span_is(name, numbers[at].name))
            return pl_num_double(value, numbers[at].target);
    return true; /* a field of a newer version: ignored */
}

static bool read_field(struct pl_span name, struct pl_span value, const struct pl_rules *rules, struct pl_row *row)
{
    int choice;
    bool ok;

    if (pl_span_is(name, "kind")) {
        ok = read_choice(value, kinds, 4, &choice);
        row->kind = (enum pl_row_kind)choice;
        return ok;
    }
    if (pl_span_is(name, "work")) {
        ok = read_choice(value, works, 4, &choice);
        row->work = (enum pl_work)choice;
        return ok;
    }
    if (pl_span_is(name, "state")) {
        ok = read_choice(value, states, 4, &choice);
        row->state = (enum pl_lifecycle)choice;
        return ok;
    }
    if (pl_span_is(name, "area")) {
        row->area = pl_rules_find_area(rules, value);
        return true;
    }
    if (pl_span_is(name, "time"))
        return pl_stamp_parse(value, false, &row->time_us);
    if (pl_span_is(name, "tick"))
        return pl_stamp_parse(value, false, &row->tick_us);
    if (pl_span_is(name, "start"))
        return pl_stamp_parse(value, false, &row->start_us);
    if (pl_span_is(name, "id"))
        return pl_span_copy(value, row->id, sizeof(row->id));
    if (pl_span_is(name, "experiment"))
        return pl_span_copy(value, row->experiment, sizeof(row->experiment));
    if (pl_span_is(name, "metric"))
        return pl_span_copy(value, row->metric, sizeof(row->metric));
    if (pl_span_is(name, "value_metric"))
        return pl_span_copy(value, row->value.metric, sizeof(row->value.metric));
    if (pl_span_is(name, "excluded"))
        return read_exclusion(value, &row->excluded);
    if (pl_span_is(name, "early"))
        return read_bool(value, &row->early);
    if (pl_span_is(name, "shipped"))
        return read_bool(value, &row->shipped);
    if (pl_span_is(name, "history"))
        return read_bool(value, &row->history);
    if (pl_span_is(name, "arms"))
        return read_arms(value, &row->arms);
    return read_number(name, value, row);
}

enum pl_status pl_row_read(const struct pl_field *fields, size_t n, const struct pl_rules *rules, struct pl_row *row,
                           struct pl_err *err)
{
    *row = pl_ledger_row(PL_ROW_RESULT);
    row->area = PL_RULES_NONE;
    for (size_t f = 0; f < n; f++)
        if (!read_field(fields[f].name, fields[f].value, rules, row))
            return pl_err_set(err, PL_ERR_INPUT, "ledger: field %.*s has the wrong value \"%.*s\"",
                              (int)fields[f].name.len, fields[f].name.ptr,
                              (int)(fields[f].value.len < 64 ? fields[f].value.len : 64), fields[f].value.ptr);
    return PL_OK;
}
