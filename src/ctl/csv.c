#include "ctl/csv.h"

#include "codec/json_out.h"
#include "util/stamp.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum column {
    ID,
    EXPERIMENT,
    AREA,
    WORK,
    START,
    TIME,
    EFFECT,
    SE,
    BASELINE,
    MEAN_CONTROL,
    MEAN_VARIANT,
    N_CONTROL,
    N_VARIANT,
    EARLY,
    SHIPPED,
    HEALTH,
    COST,
    COLUMNS
};

enum kind { TEXT, MOMENT, NUMBER, TRUTH, PAIR };

static const struct {
    const char *name;
    enum kind kind;
} known[COLUMNS] = {
    [ID] = {"id", TEXT},
    [EXPERIMENT] = {"experiment", TEXT},
    [AREA] = {"area", TEXT},
    [WORK] = {"work", TEXT},
    [START] = {"start", MOMENT},
    [TIME] = {"time", MOMENT},
    [EFFECT] = {"effect", NUMBER},
    [SE] = {"se", NUMBER},
    [BASELINE] = {"baseline", NUMBER},
    [MEAN_CONTROL] = {"mean_control", PAIR},
    [MEAN_VARIANT] = {"mean_variant", PAIR},
    [N_CONTROL] = {"n_control", PAIR},
    [N_VARIANT] = {"n_variant", PAIR},
    [EARLY] = {"early", TRUTH},
    [SHIPPED] = {"shipped", TRUTH},
    [HEALTH] = {"health", TRUTH},
    [COST] = {"cost", NUMBER},
};

/* Split a line into csv->cells: terminated texts, one behind the other. Returns their number, -1 on a bad quote, -2
 * when memory is out. Never more cells than PL_CSV_COLUMNS_MAX + 1. */
static int split(struct pl_csv *csv, struct pl_span line, const char *cells[PL_CSV_COLUMNS_MAX + 1])
{
    size_t need = line.len + 2, at = 0, out = 0;
    int n = 0;

    if (need > csv->cap) {
        char *grown = realloc(csv->cells, need);

        if (!grown)
            return -2;
        csv->cells = grown;
        csv->cap = need;
    }
    for (;;) {
        size_t begin = out;
        bool quoted = at < line.len && line.ptr[at] == '"';

        at += quoted;
        for (; at < line.len && (quoted || line.ptr[at] != csv->separator); at++) {
            if (quoted && line.ptr[at] == '"') {
                if (at + 1 < line.len && line.ptr[at + 1] == '"')
                    at++;
                else
                    break;
            }
            csv->cells[out++] = line.ptr[at];
        }
        if (quoted && (at == line.len || (++at < line.len && line.ptr[at] != csv->separator)))
            return -1;
        csv->cells[out++] = '\0';
        cells[n++] = csv->cells + begin;
        if (at >= line.len || n == PL_CSV_COLUMNS_MAX + 1)
            return n;
        at++; /* the separator; a cell follows even at the end of the line */
    }
}

static int find(struct pl_span name)
{
    for (int at = 0; at < COLUMNS; at++)
        if (strlen(known[at].name) == name.len && strncasecmp(known[at].name, name.ptr, name.len) == 0)
            return at;
    return -1;
}

static char separator_of(struct pl_span line)
{
    if (memchr(line.ptr, ',', line.len))
        return ',';
    return memchr(line.ptr, ';', line.len) ? ';' : '\t';
}

enum pl_status pl_csv_header(struct pl_csv *csv, struct pl_span line, struct pl_err *err)
{
    const char *cells[PL_CSV_COLUMNS_MAX + 1];
    unsigned seen = 0;
    int n;

    *csv = (struct pl_csv){.separator = ','};
    if (line.len >= 3 && memcmp(line.ptr, "\xef\xbb\xbf", 3) == 0)
        line = (struct pl_span){line.ptr + 3, line.len - 3};
    if (line.len == 0)
        return pl_err_set(err, PL_ERR_INPUT, "no header line");
    csv->separator = separator_of(line);
    n = split(csv, line, cells);
    if (n < 0 || n > PL_CSV_COLUMNS_MAX)
        return pl_err_set(err, PL_ERR_INPUT, n < 0 ? "a quote does not end" : "too many columns");
    csv->n_columns = (unsigned)n;
    for (int c = 0; c < n; c++) {
        csv->columns[c] = find(pl_span_trim(pl_span_of(cells[c])));
        if (csv->columns[c] >= 0 && (seen & (1u << csv->columns[c])))
            return pl_err_set(err, PL_ERR_INPUT, "column %s is there twice", known[csv->columns[c]].name);
        if (csv->columns[c] >= 0)
            seen |= 1u << csv->columns[c];
    }
    if (!(seen & (1u << TIME)) || !(seen & (1u << ID | 1u << EXPERIMENT)))
        return pl_err_set(err, PL_ERR_INPUT, "the header needs the columns time and id or experiment");
    return PL_OK;
}

void pl_csv_fini(struct pl_csv *csv)
{
    free(csv->cells);
    csv->cells = NULL;
    csv->cap = 0;
}

/* 2026-08-21, 2026-08-21 10:00, 2026-08-21T10:00:00+02:00 ... */
static bool put_time(struct pl_json *json, const char *name, struct pl_span text)
{
    char padded[64];
    int64_t time_us;

    if (text.len > 32)
        return false;
    memcpy(padded, text.ptr, text.len);
    padded[text.len] = '\0';
    if (text.len == 10)
        memcpy(padded + 10, "T00:00:00", sizeof("T00:00:00"));
    else if (text.len == 16)
        memcpy(padded + 16, ":00", sizeof(":00"));
    if (!pl_stamp_parse(pl_span_of(padded), true, &time_us))
        return false;
    pl_json_time(json, name, time_us);
    return true;
}

static bool number_of(struct pl_span text, double *value)
{
    if (text.len && text.ptr[0] == '+')
        text = (struct pl_span){text.ptr + 1, text.len - 1};
    if (text.len && text.ptr[text.len - 1] == '%') {
        if (!pl_num_double(pl_span_trim((struct pl_span){text.ptr, text.len - 1}), value))
            return false;
        *value /= 100;
        return true;
    }
    return pl_num_double(text, value);
}

static bool truth_of(const char *text, bool *value)
{
    static const char *const yes[] = {"true", "yes", "1", "t", "y"}, *const no[] = {"false", "no", "0", "f", "n"};

    for (size_t at = 0; at < sizeof(yes) / sizeof(*yes); at++) {
        if (strcasecmp(text, yes[at]) == 0 || strcasecmp(text, no[at]) == 0) {
            *value = strcasecmp(text, yes[at]) == 0;
            return true;
        }
    }
    return false;
}

static bool put(struct pl_json *json, int column, const char *cell)
{
    const char *name = known[column].name;
    double number;
    bool truth;

    switch (known[column].kind) {
    case TEXT:
        pl_json_text(json, name, cell);
        return true;
    case MOMENT:
        return put_time(json, name, pl_span_of(cell));
    case NUMBER:
        if (!number_of(pl_span_of(cell), &number))
            return false;
        pl_json_number(json, name, number);
        return true;
    case TRUTH:
        if (!truth_of(cell, &truth))
            return false;
        pl_json_bool(json, name, truth);
        return true;
    case PAIR:
        break;
    }
    return true;
}

/* Two columns as one array of [control, variant]. */
static bool put_pair(struct pl_json *json, const char *name, const char *control, const char *variant)
{
    double a, b;

    if (!*control && !*variant)
        return true;
    if (!number_of(pl_span_of(control), &a) || !number_of(pl_span_of(variant), &b))
        return false;
    pl_json_open(json, name, '[');
    pl_json_number(json, NULL, a);
    pl_json_number(json, NULL, b);
    pl_json_close(json, ']');
    return true;
}

static enum pl_status write_record(const char *const values[COLUMNS], struct pl_buf *out, struct pl_err *err)
{
    struct pl_json json = pl_json_to(out);

    pl_json_open(&json, NULL, '{');
    pl_json_text(&json, "type", "result");
    if (!*values[EXPERIMENT])
        pl_json_text(&json, "experiment", values[ID]); /* the id alone names the experiment too */
    for (int column = 0; column < COLUMNS; column++)
        if (*values[column] && !put(&json, column, values[column]))
            return pl_err_set(err, PL_ERR_INPUT, "%s: %.40s cannot be read", known[column].name, values[column]);
    if (!put_pair(&json, "means", values[MEAN_CONTROL], values[MEAN_VARIANT]) ||
        !put_pair(&json, "n", values[N_CONTROL], values[N_VARIANT]))
        return pl_err_set(err, PL_ERR_INPUT, "mean_control, mean_variant, n_control and n_variant must be numbers");
    pl_json_close(&json, '}');
    return pl_buf_ok(out) ? PL_OK : pl_err_set(err, PL_ERR_NOMEM, "no memory for a record");
}

/* Blanks around a cell are dropped in place. */
static const char *trimmed(const char *cell)
{
    struct pl_span text = pl_span_trim(pl_span_of(cell));
    char *begin = (char *)(uintptr_t)text.ptr; /* inside csv->cells, which is ours */

    if (text.len == 0)
        return "";
    begin[text.len] = '\0';
    return begin;
}

enum pl_status pl_csv_row(struct pl_csv *csv, struct pl_span line, struct pl_buf *json, struct pl_err *err)
{
    const char *cells[PL_CSV_COLUMNS_MAX + 1], *values[COLUMNS];
    int n = split(csv, line, cells);

    if (n == -1)
        return pl_err_set(err, PL_ERR_INPUT, "a quote does not end, or is followed by text");
    if (n < 0)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for a row");
    if ((unsigned)n != csv->n_columns)
        return pl_err_set(err, PL_ERR_INPUT, "%d columns, but the header has %u", n, csv->n_columns);
    for (int column = 0; column < COLUMNS; column++)
        values[column] = "";
    for (int c = 0; c < n; c++)
        if (csv->columns[c] >= 0)
            values[csv->columns[c]] = trimmed(cells[c]);
    return write_record(values, json, err);
}
