#include "ctl/records.h"

#include "codec/control.h"
#include "ctl/csv.h"
#include "ctl/lines.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file being read. */
struct reading {
    struct pl_records *records;
    struct pl_lines lines;
    struct pl_csv csv;
    bool is_csv;
    struct pl_buf json; /* the record made of a CSV row, or a JSON line with the default area */
};

static bool names_csv(const char *path)
{
    size_t len = strlen(path);

    if (len > 3 && strcmp(path + len - 3, ".gz") == 0)
        len -= 3;
    return len > 4 && memcmp(path + len - 4, ".csv", 4) == 0;
}

/* What makes a record a repetition, as the judge sees it. */
static enum pl_status check_first(struct pl_records *records, const struct pl_control *control, struct pl_err *err)
{
    char key[3 * PL_NAME_BYTES];
    uint32_t n = pl_names_count(records->seen);

    if (control->type == PL_CONTROL_RESULT)
        snprintf(key, sizeof(key), "r:%s", control->id);
    else if (control->type == PL_CONTROL_LIFECYCLE)
        snprintf(key, sizeof(key), "l:%s:%d", control->experiment, (int)control->state);
    else
        snprintf(key, sizeof(key), "e:%s:%" PRId64, control->area, control->time_us);
    if (pl_names_add(records->seen, pl_span_of(key)) == PL_NAMES_NONE)
        return pl_err_set(err, PL_ERR_FULL, "more than %d records", PL_RECORDS_MAX);
    if (pl_names_count(records->seen) == n)
        return pl_err_set(err, PL_ERR_INPUT,
                          control->type == PL_CONTROL_RESULT ? "the result %s was there before"
                                                             : "this step of %s was there before",
                          control->type == PL_CONTROL_RESULT      ? control->id
                          : control->type == PL_CONTROL_LIFECYCLE ? control->experiment
                                                                  : control->area);
    return PL_OK;
}

static enum pl_status check_area(const struct pl_records *records, const struct pl_control *control, struct pl_err *err)
{
    uint32_t area;

    if (!records->rules)
        return PL_OK;
    area = control->area[0] ? pl_rules_find_area(records->rules, pl_span_of(control->area))
                            : pl_rules_area_of(records->rules, pl_span_of(control->experiment));
    if (area != PL_RULES_NONE)
        return PL_OK;
    if (!control->area[0])
        return pl_err_set(err, PL_ERR_INPUT, "experiment %s belongs to no area", control->experiment);
    return pl_err_set(err, PL_ERR_INPUT, "area %s is not configured (the first one that is: %s)", control->area,
                      records->rules->n_areas ? records->rules->areas[0].id : "none");
}

static enum pl_status keep(struct pl_records *records, const struct pl_control *control, struct pl_err *err)
{
    if (records->n == PL_RECORDS_MAX)
        return pl_err_set(err, PL_ERR_FULL, "more than %d records", PL_RECORDS_MAX);
    if (records->n == records->cap) {
        size_t cap = records->cap ? records->cap * 2 : 256;
        struct pl_record_at *grown = realloc(records->items, cap * sizeof(*grown));

        if (!grown)
            return pl_err_set(err, PL_ERR_NOMEM, "no memory for %zu records", cap);
        records->items = grown;
        records->cap = cap;
    }
    records->items[records->n] = (struct pl_record_at){*control, records->n};
    records->n++;
    return PL_OK;
}

/* The record of a line as JSON. A default area goes behind everything else: the first of two members with one name
 * counts. */
static enum pl_status json_of(struct reading *in, struct pl_span line, struct pl_span *json, struct pl_err *err)
{
    const char *area = in->records->area;
    enum pl_status status = PL_OK;

    *json = line;
    pl_buf_clear(&in->json);
    if (in->is_csv) {
        status = pl_csv_row(&in->csv, line, &in->json, err);
        *json = line = pl_buf_span(&in->json);
    }
    if (status || !area || line.len == 0 || line.ptr[line.len - 1] != '}')
        return status;
    if (in->is_csv)
        in->json.len--;
    else
        pl_buf_add(&in->json, line.ptr, line.len - 1);
    pl_buf_addf(&in->json, ",\"area\":\"%s\"}", area);
    *json = pl_buf_span(&in->json);
    return pl_buf_ok(&in->json) ? PL_OK : pl_err_set(err, PL_ERR_NOMEM, "no memory for a record");
}

static enum pl_status take_line(struct reading *in, struct pl_span line, struct pl_err *err)
{
    struct pl_control control;
    struct pl_span json;
    enum pl_status status = json_of(in, line, &json, err);

    if (!status && pl_control_parse(json, in->records->now_us, &control, err))
        status = PL_ERR_INPUT;
    if (!status && control.type == PL_CONTROL_HISTORY_END)
        return PL_OK; /* of an earlier import: this one writes its own */
    if (!status)
        status = check_area(in->records, &control, err);
    if (!status)
        status = check_first(in->records, &control, err);
    return status ? status : keep(in->records, &control, err);
}

static enum pl_status bad_line(struct reading *in, enum pl_status status, struct pl_err *err)
{
    if (in->records->format == PL_RECORDS_GROWTHBOOK)
        pl_err_prefix(err, "%s: ", in->lines.path);
    else
        pl_err_prefix(err, "%s:%" PRIu64 ": ", in->lines.path, in->lines.number);
    in->records->n_bad++;
    if (status != PL_ERR_INPUT || !in->records->skip_bad)
        return status;
    if (in->records->tell)
        in->records->tell(in->records->ctx, err->text);
    *err = (struct pl_err){PL_OK, ""};
    return PL_OK;
}

static enum pl_status read_all(struct reading *in, struct pl_err *err)
{
    bool header = in->is_csv;

    for (;;) {
        struct pl_span line;
        enum pl_status status = pl_lines_next(&in->lines, &line, err);

        if (status || !line.ptr)
            return status;
        line = pl_span_trim(line);
        if (line.len == 0)
            continue;
        if (header) {
            header = false;
            status = pl_csv_header(&in->csv, line, err);
            if (status)
                pl_err_prefix(err, "%s:%" PRIu64 ": ", in->lines.path, in->lines.number);
        } else {
            status = take_line(in, line, err);
            if (status)
                status = bad_line(in, status, err);
        }
        if (status)
            return status;
    }
}

/* The area of a GrowthBook result, which cannot name one itself, and what its means are divided by. */
static enum pl_status place_result(const struct pl_records *records, struct pl_growthbook_result *result, double *scale,
                                   struct pl_err *err)
{
    const struct pl_rules *rules = records->rules;
    const struct pl_area_rule *area;
    uint32_t at;

    *scale = PL_NAN;
    if (records->area)
        (void)pl_span_copy(pl_span_of(records->area), result->control.area, PL_NAME_BYTES);
    else if (!rules)
        return pl_err_set(err, PL_ERR_INPUT, "which area? --area says it, or -c with patterns of experiments");
    if (!rules)
        return PL_OK;
    at = records->area ? pl_rules_find_area(rules, pl_span_of(records->area))
                       : pl_rules_area_of(rules, pl_span_of(result->control.experiment));
    if (at == PL_RULES_NONE)
        return check_area(records, &result->control, err);
    area = &rules->areas[at];
    (void)pl_span_copy(pl_span_of(area->id), result->control.area, PL_NAME_BYTES);
    *scale = strcmp(area->unit, "%") == 0 ? area->baseline : 1;
    return PL_OK;
}

/* As the judge takes its own experiments (pl_effect_scaled): a gain of the whole area, where less may be better. */
static void scale_result(const struct pl_records *records, struct pl_control *control)
{
    uint32_t at = records->rules ? pl_rules_find_area(records->rules, pl_span_of(control->area)) : PL_RULES_NONE;
    const struct pl_area_rule *area;

    if (at == PL_RULES_NONE)
        return;
    area = &records->rules->areas[at];
    control->se *= area->coverage;
    control->effect *= area->coverage;
    if (area->goal != PL_RULES_NONE && records->rules->metrics[area->goal].lower_is_better)
        control->effect = -control->effect;
}

static enum pl_status take_result(struct reading *in, struct pl_growthbook_result *result, struct pl_err *err)
{
    struct pl_records *records = in->records;
    enum pl_status status = PL_OK;
    double scale;

    if (result->why) {
        char text[PL_ERR_TEXT_BYTES];

        records->left_out[result->why]++;
        snprintf(text, sizeof(text), "%.80s: %s: %s", in->lines.path, result->control.experiment,
                 pl_growthbook_reason(result->why));
        if (records->tell)
            records->tell(records->ctx, text);
        return PL_OK;
    }
    status = place_result(records, result, &scale, err);
    if (!status)
        status = pl_growthbook_effect(result, scale, err);
    scale_result(records, &result->control);
    if (!status)
        status = check_first(records, &result->control, err);
    return status ? status : keep(records, &result->control, err);
}

/* The whole file, as documents may go over many lines. */
static enum pl_status read_text(struct reading *in, struct pl_buf *text, struct pl_err *err)
{
    struct pl_span line;
    enum pl_status status;

    pl_buf_init(text, PL_GROWTHBOOK_BYTES_MAX);
    while (!(status = pl_lines_next(&in->lines, &line, err)) && line.ptr && pl_buf_ok(text)) {
        pl_buf_add_span(text, line);
        pl_buf_add_char(text, '\n');
    }
    if (!status && !pl_buf_ok(text))
        status = pl_err_set(err, PL_ERR_INPUT, "%s: no memory, or more than %u MB", in->lines.path,
                            PL_GROWTHBOOK_BYTES_MAX >> 20);
    return status;
}

static enum pl_status read_growthbook(struct reading *in, struct pl_err *err)
{
    struct pl_buf text;
    enum pl_status status = read_text(in, &text, err);
    struct pl_growthbook book = {
        .text = pl_buf_span(&text), .metric = in->records->metric, .now_us = in->records->now_us};
    bool more = true;

    while (!status) {
        struct pl_growthbook_result result;

        status = pl_growthbook_next(&book, &result, &more, err);
        if (!more)
            break;
        if (!status)
            status = take_result(in, &result, err);
        if (status)
            status = bad_line(in, status, err);
    }
    pl_growthbook_fini(&book);
    pl_buf_fini(&text);
    return status;
}

enum pl_status pl_records_add(struct pl_records *records, const char *path, struct pl_err *err)
{
    struct reading in = {.records = records};
    enum pl_status status;

    in.is_csv = records->format == PL_RECORDS_CSV || (records->format == PL_RECORDS_BY_NAME && names_csv(path));
    if (!records->seen && !(records->seen = pl_names_new(PL_RECORDS_MAX)))
        return pl_err_set(err, PL_ERR_NOMEM, "no memory");
    status = pl_lines_open(&in.lines, path, err);
    if (!status)
        status = records->format == PL_RECORDS_GROWTHBOOK ? read_growthbook(&in, err) : read_all(&in, err);
    pl_lines_close(&in.lines);
    pl_csv_fini(&in.csv);
    pl_buf_fini(&in.json);
    return status;
}

static int by_time(const void *a, const void *b)
{
    const struct pl_record_at *x = a, *y = b;

    if (x->control.time_us != y->control.time_us)
        return x->control.time_us < y->control.time_us ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

void pl_records_order(struct pl_records *records)
{
    for (size_t at = 0; at < records->n; at++)
        records->items[at].control.history = true;
    if (records->n)
        qsort(records->items, records->n, sizeof(*records->items), by_time);
}

void pl_records_fini(struct pl_records *records)
{
    pl_names_free(records->seen);
    free(records->items);
    records->seen = NULL;
    records->items = NULL;
    records->n = records->cap = 0;
}
