#include "codec/growthbook.h"

#include "util/stamp.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FUTURE_US (5 * PL_MINUTE_US)
#define PATH_BYTES 128
#define UNEVEN_BELOW .001 /* p-value of the split at which GrowthBook itself warns */
#define LIST_MAX 120      /* bytes of ids in a message */

const char *pl_growthbook_reason(enum pl_growthbook_why why)
{
    static const char *const texts[PL_GROWTHBOOK_REASONS] = {
        [PL_GROWTHBOOK_TAKEN] = "taken",
        [PL_GROWTHBOOK_ARMS] = "not exactly two variants",
        [PL_GROWTHBOOK_RUNNING] = "still running",
        [PL_GROWTHBOOK_DIMENSION] = "broken down by a dimension",
        [PL_GROWTHBOOK_EMPTY] = "no users, or all of them alike",
        [PL_GROWTHBOOK_ADJUSTED] = "its spread is adjusted by earlier data and its means are not",
    };

    return texts[why];
}

/* A place in a document, for messages. */
struct place {
    const struct cJSON *node;
    char path[PATH_BYTES];
};

/* A result being read. Readers note the first failure and do nothing afterwards. */
struct reader {
    const struct pl_growthbook *book;
    struct pl_growthbook_result *result;
    const struct cJSON *experiment; /* NULL: the response has none */
    struct pl_err *err;
    enum pl_status status;
};

static void fail(struct reader *in, const char *path, const char *fmt, ...) PL_PRINTF(3, 4);

static void fail(struct reader *in, const char *path, const char *fmt, ...)
{
    char what[PL_ERR_TEXT_BYTES];
    va_list args;

    if (in->status)
        return;
    va_start(args, fmt);
    vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    in->status = pl_err_set(in->err, PL_ERR_INPUT, "%s: %s", path, what);
}

/* Where a member is, or would be. Longer paths than documents of the API have are cut. */
static struct place member(const struct place *of, const char *name)
{
    struct place place = {.node = cJSON_GetObjectItemCaseSensitive(of->node, name)};

    (void)snprintf(place.path, sizeof(place.path), "%.95s%s%.30s", of->path, of->path[0] ? "." : "", name);
    return place;
}

static struct place element(const struct place *of, unsigned index, const struct cJSON *node)
{
    struct place place = {.node = node};

    (void)snprintf(place.path, sizeof(place.path), "%.110s[%u]", of->path, index);
    return place;
}

/* The number of elements; an error when it is no array. */
static unsigned length(struct reader *in, const struct place *list)
{
    if (!cJSON_IsArray(list->node)) {
        fail(in, list->path, list->node ? "must be a list" : "is missing");
        return 0;
    }
    return (unsigned)cJSON_GetArraySize(list->node);
}

/* A text; "" when it is absent or null. */
static const char *text_of(struct reader *in, const struct place *place)
{
    if (cJSON_IsString(place->node))
        return place->node->valuestring;
    if (place->node && !cJSON_IsNull(place->node))
        fail(in, place->path, "must be a string");
    return "";
}

static double number_of(struct reader *in, const struct place *of, const char *name)
{
    struct place place = member(of, name);

    if (cJSON_IsNumber(place.node) && isfinite(place.node->valuedouble))
        return place.node->valuedouble;
    if (cJSON_IsNumber(place.node))
        fail(in, place.path, "is out of range");
    else
        fail(in, place.path, place.node ? "must be a number" : "is missing");
    return 0;
}

/* The name that exposures carry, else the id in GrowthBook. */
static void read_names(struct reader *in, const struct place *of)
{
    struct place settings = member(of, "settings"), id = member(of, "experimentId");
    struct place key = member(&settings, "experimentId");
    const char *name = text_of(in, &key);

    if (!*name)
        key = id;
    name = text_of(in, &key);
    if (!*name)
        fail(in, key.path, "is missing");
    else if (!pl_span_is_name(pl_span_of(name)))
        fail(in, key.path, "is not a name");
    else
        (void)pl_span_copy(pl_span_of(name), in->result->control.experiment, PL_NAME_BYTES);
    memcpy(in->result->control.id, in->result->control.experiment, PL_NAME_BYTES);
}

static int64_t time_of(struct reader *in, const struct place *place)
{
    const char *text = text_of(in, place);
    int64_t time_us = PL_TIME_NONE;

    if (*text && !pl_stamp_parse(pl_span_of(text), false, &time_us))
        fail(in, place->path, "must be a time such as 2026-08-21T10:00:00Z");
    if (time_us > in->book->now_us + FUTURE_US)
        fail(in, place->path, "is in the future");
    return time_us;
}

static void read_dates(struct reader *in, const struct place *of)
{
    struct place start = member(of, "dateStart"), end = member(of, "dateEnd"), updated = member(of, "dateUpdated");
    struct pl_control *control = &in->result->control;

    control->start_us = time_of(in, &start);
    control->time_us = time_of(in, &end);
    if (control->time_us == PL_TIME_NONE)
        control->time_us = time_of(in, &updated);
    if (control->time_us == PL_TIME_NONE)
        fail(in, end.path, "is missing");
    if (control->start_us > control->time_us)
        fail(in, start.path, "is after the end");
}

/* Every metric's id, for a message. */
static void list_ids(const struct cJSON *list, char out[LIST_MAX])
{
    const struct cJSON *at;
    size_t len = 0;

    out[0] = '\0';
    cJSON_ArrayForEach(at, list)
    {
        const struct cJSON *id = cJSON_GetObjectItemCaseSensitive(at, "metricId");

        if (cJSON_IsString(id) && len + strlen(id->valuestring) + 3 < LIST_MAX)
            len += (size_t)snprintf(out + len, LIST_MAX - len, "%s%s", len ? ", " : "", id->valuestring);
    }
}

/* The id of the metric: as asked for, or the only goal. */
static const char *choose_metric(struct reader *in, const struct place *of)
{
    struct place settings = member(of, "settings"), goals = member(&settings, "goals");
    struct place first = {.node = NULL};
    char ids[LIST_MAX];

    if (in->book->metric)
        return in->book->metric;
    if (length(in, &goals) != 1) {
        list_ids(goals.node, ids);
        fail(in, goals.path, "%d goals: choose one by --metric (%s)", cJSON_GetArraySize(goals.node), ids);
        return "";
    }
    first = element(&goals, 0, goals.node->child);
    first = member(&first, "metricId");
    if (!*text_of(in, &first))
        fail(in, first.path, "is missing");
    return text_of(in, &first);
}

/* Settings that say that spreads are adjusted by data from before the experiment. */
static bool is_adjusted(const struct cJSON *settings, const char *metric)
{
    static const char *const lists[] = {"goals", "secondaryMetrics", "guardrails"};
    const struct cJSON *at;

    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(settings, "regressionAdjustmentEnabled")))
        return true;
    for (size_t l = 0; l < sizeof(lists) / sizeof(*lists); l++)
        cJSON_ArrayForEach(at, cJSON_GetObjectItemCaseSensitive(settings, lists[l]))
        {
            const struct cJSON *id = cJSON_GetObjectItemCaseSensitive(at, "metricId");
            const struct cJSON *overrides = cJSON_GetObjectItemCaseSensitive(at, "overrides");

            if (cJSON_IsString(id) && strcmp(id->valuestring, metric) == 0 &&
                cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(overrides, "regressionAdjustmentEnabled")))
                return true;
        }
    return false;
}

/* A count per user has E[x^2] >= E[x]: a smaller spread of whole numbers is no spread of theirs. */
static bool looks_adjusted(double numerator, double mean, double sd)
{
    return numerator == floor(numerator) && mean > 0 && mean < 1 && sd * sd < .999 * mean * (1 - mean);
}

/* One variant. The default analysis is the first. Where a metric leaves out users without a value, its denominator is
 * the number of the others. */
static void read_arm(struct reader *in, const struct place *of, unsigned arm)
{
    struct pl_growthbook_result *result = in->result;
    struct place analyses = member(of, "analyses"), users = member(of, "users"), first;
    double numerator, denominator;

    if (length(in, &analyses) == 0) {
        fail(in, analyses.path, "is empty");
        return;
    }
    first = element(&analyses, 0, analyses.node->child);
    numerator = number_of(in, &first, "numerator");
    denominator = number_of(in, &first, "denominator");
    result->mean[arm] = number_of(in, &first, "mean");
    result->sd[arm] = number_of(in, &first, "stddev");
    result->n[arm] = users.node ? number_of(in, of, "users") : denominator;
    if (denominator >= 1 && denominator < result->n[arm])
        result->n[arm] = denominator;
    if (result->sd[arm] < 0)
        fail(in, first.path, "stddev is below 0");
    if (result->n[arm] < 0 || result->n[arm] > 1e15)
        fail(in, of->path, "users is out of range");
    if (looks_adjusted(numerator, result->mean[arm], result->sd[arm]))
        result->why = PL_GROWTHBOOK_ADJUSTED;
}

static void read_arms(struct reader *in, const struct place *metric)
{
    struct pl_growthbook_result *result = in->result;
    struct place variations = member(metric, "variations");
    const struct cJSON *at;
    unsigned n = length(in, &variations), arm = 0;

    if (in->status)
        return;
    if (n != 2) {
        result->why = n ? PL_GROWTHBOOK_ARMS : PL_GROWTHBOOK_EMPTY;
        return;
    }
    cJSON_ArrayForEach(at, variations.node)
    {
        struct place place = element(&variations, arm, at);

        read_arm(in, &place, arm++);
    }
    if (!in->status && (result->n[0] < 1 || result->n[1] < 1 || (result->sd[0] <= 0 && result->sd[1] <= 0)))
        result->why = PL_GROWTHBOOK_EMPTY;
}

static void read_split(struct reader *in, const struct place *row)
{
    struct place checks = member(row, "checks"), split = member(&checks, "srm");

    if (split.node && !cJSON_IsNull(split.node))
        in->result->control.healthy = !(number_of(in, &checks, "srm") < UNEVEN_BELOW);
}

/* The metric's variants in the one row of results. */
static void read_row(struct reader *in, const struct place *row, const char *id)
{
    struct place metrics = member(row, "metrics");
    const struct cJSON *at;
    unsigned index = 0;
    char ids[LIST_MAX];

    (void)length(in, &metrics);
    read_split(in, row);
    cJSON_ArrayForEach(at, metrics.node)
    {
        struct place metric = element(&metrics, index++, at);
        const struct cJSON *own = cJSON_GetObjectItemCaseSensitive(at, "metricId");

        if (!in->status && cJSON_IsString(own) && strcmp(own->valuestring, id) == 0) {
            read_arms(in, &metric);
            return;
        }
    }
    list_ids(metrics.node, ids);
    fail(in, metrics.path, "no metric %.64s (%s)", id, ids);
}

/* Was the variant released? Known only when the response tells how the experiment ended. */
static void read_end(struct reader *in, const struct place *metrics_row)
{
    const struct cJSON *summary = cJSON_GetObjectItemCaseSensitive(in->experiment, "resultSummary");
    const struct cJSON *released = cJSON_GetObjectItemCaseSensitive(summary, "releasedVariationId");
    const struct cJSON *status = cJSON_GetObjectItemCaseSensitive(summary, "status");
    const struct cJSON *metrics = cJSON_GetObjectItemCaseSensitive(metrics_row->node, "metrics");
    const struct cJSON *variations = cJSON_GetObjectItemCaseSensitive(metrics ? metrics->child : NULL, "variations");
    const struct cJSON *control = variations ? variations->child : NULL;
    const struct cJSON *id = cJSON_GetObjectItemCaseSensitive(control, "variationId");

    if (!cJSON_IsObject(summary))
        return;
    if (cJSON_IsString(released) && released->valuestring[0] && cJSON_IsString(id))
        in->result->control.shipped = strcmp(released->valuestring, id->valuestring) != 0;
    else if (cJSON_IsString(status))
        in->result->control.shipped = strcmp(status->valuestring, "won") == 0;
}

/* Is it one finished comparison at all? */
static enum pl_growthbook_why shape_of(struct reader *in, const struct place *of, const struct place *rows)
{
    struct place dimension = member(of, "dimension"), type = member(&dimension, "type");
    const struct cJSON *status = cJSON_GetObjectItemCaseSensitive(in->experiment, "status");
    unsigned n = length(in, rows);

    if (cJSON_IsString(status) && strcmp(status->valuestring, "stopped") != 0)
        return PL_GROWTHBOOK_RUNNING;
    if ((cJSON_IsString(type.node) && strcmp(type.node->valuestring, "none") != 0) || n > 1)
        return PL_GROWTHBOOK_DIMENSION;
    return n == 0 ? PL_GROWTHBOOK_EMPTY : PL_GROWTHBOOK_TAKEN;
}

static void read_result(struct reader *in, const struct place *of)
{
    struct place rows = member(of, "results"), row;
    const char *metric;

    read_names(in, of);
    read_dates(in, of);
    in->result->why = shape_of(in, of, &rows);
    if (in->status || in->result->why)
        return;
    metric = choose_metric(in, of);
    if (in->status)
        return;
    row = element(&rows, 0, rows.node->child);
    read_row(in, &row, metric);
    read_end(in, &row);
    if (!in->result->why && (is_adjusted(cJSON_GetObjectItemCaseSensitive(of->node, "settings"), metric) ||
                             is_adjusted(cJSON_GetObjectItemCaseSensitive(in->experiment, "settings"), metric)))
        in->result->why = PL_GROWTHBOOK_ADJUSTED;
}

static void forget(struct pl_growthbook *book)
{
    cJSON_Delete(book->root);
    book->root = NULL;
    book->item = NULL;
}

static void skip(struct pl_growthbook *book, size_t len)
{
    for (size_t at = 0; at < len; at++)
        book->line += book->text.ptr[at] == '\n';
    book->text.ptr += len;
    book->text.len -= len;
}

/* What cJSON could not read; go on with the line behind. */
static enum pl_status bad_text(struct pl_growthbook *book, const char *end, struct pl_err *err)
{
    size_t at = end && end > book->text.ptr ? (size_t)(end - book->text.ptr) : 0;
    size_t column = 1;
    const char *behind;

    if (at > book->text.len)
        at = book->text.len;
    while (column <= at && book->text.ptr[at - column] != '\n')
        column++;
    skip(book, at);
    (void)pl_err_set(err, PL_ERR_INPUT, "line %u, column %zu: not JSON", book->line + 1, column);
    behind = memchr(book->text.ptr, '\n', book->text.len);
    skip(book, behind ? (size_t)(behind - book->text.ptr) + 1 : book->text.len);
    return PL_ERR_INPUT;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The next document of the text; root NULL: there is none. */
static enum pl_status open_document(struct pl_growthbook *book, struct pl_err *err)
{
    const char *end = NULL;
    size_t blanks = 0;
    const struct cJSON *list;

    forget(book);
    while (blanks < book->text.len && is_blank(book->text.ptr[blanks]))
        blanks++;
    skip(book, blanks);
    if (book->text.len == 0)
        return PL_OK;
    book->document++;
    book->root = cJSON_ParseWithLengthOpts(book->text.ptr, book->text.len, &end, false);
    if (!book->root)
        return bad_text(book, end, err);
    skip(book, (size_t)(end - book->text.ptr));
    list = cJSON_GetObjectItemCaseSensitive(book->root, "experimentResults");
    if (!list && cJSON_IsArray(book->root))
        list = book->root;
    book->item = cJSON_IsArray(list) ? list->child : book->root;
    book->index = 0;
    return PL_OK;
}

/* Where the result of an item is: the item itself, or its member `result`. */
static struct place place_of(const struct pl_growthbook *book, const struct cJSON *item)
{
    struct place place = {.node = item}, inner;

    if (item != book->root)
        (void)snprintf(place.path, sizeof(place.path), "%s[%u]", cJSON_IsArray(book->root) ? "" : "experimentResults",
                       book->index);
    inner = member(&place, "result");
    return inner.node ? inner : place;
}

enum pl_status pl_growthbook_next(struct pl_growthbook *book, struct pl_growthbook_result *result, bool *more,
                                  struct pl_err *err)
{
    struct reader in = {.book = book, .result = result, .err = err};
    const struct cJSON *item;
    struct place place;

    *result = (struct pl_growthbook_result){.control = {.type = PL_CONTROL_RESULT,
                                                        .start_us = PL_TIME_NONE,
                                                        .time_us = PL_TIME_NONE,
                                                        .cost = 1,
                                                        .shipped = true,
                                                        .healthy = true}};
    *more = true;
    while (!book->item) {
        enum pl_status status = open_document(book, err);

        if (status)
            return status;
        if (!book->root) {
            *more = false;
            return PL_OK;
        }
    }
    item = book->item;
    place = place_of(book, item);
    in.experiment = cJSON_GetObjectItemCaseSensitive(item, "experiment");
    if (!cJSON_IsObject(place.node))
        fail(&in, place.path[0] ? place.path : "document", "must be an object");
    else
        read_result(&in, &place);
    book->item = item == book->root ? NULL : item->next;
    book->index++;
    if (in.status)
        pl_err_prefix(err, "document %u%s%s%s: ", book->document, result->control.experiment[0] ? " (" : "",
                      result->control.experiment, result->control.experiment[0] ? ")" : "");
    return in.status;
}

void pl_growthbook_fini(struct pl_growthbook *book)
{
    forget(book);
}

enum pl_status pl_growthbook_effect(struct pl_growthbook_result *result, double baseline, struct pl_err *err)
{
    const double *m = result->mean;
    double variance[2], effect, squared;

    for (int arm = 0; arm < 2; arm++)
        variance[arm] = result->sd[arm] * result->sd[arm] / result->n[arm];
    if (isnan(baseline)) {
        effect = (m[1] - m[0]) / fabs(m[0]);
        squared = variance[1] / (m[0] * m[0]) + variance[0] * m[1] * m[1] / (m[0] * m[0] * m[0] * m[0]);
    } else {
        effect = (m[1] - m[0]) / baseline;
        squared = (variance[0] + variance[1]) / (baseline * baseline);
    }
    if (!isfinite(effect) || !isfinite(squared) || squared <= 0)
        return pl_err_set(err, PL_ERR_INPUT, "%s: its means give no share of the control's (%.6g, %.6g)",
                          result->control.experiment, m[0], m[1]);
    result->control.effect = effect;
    result->control.se = sqrt(squared);
    return PL_OK;
}
