#include "codec/fields.h"

#include "codec/escape.h"
#include "codec/path.h"
#include "codec/slow_json.h"

#include <stdlib.h>

/* One alternative of a field, bound to its slots. */
struct term {
    enum pl_path_kind kind;
    unsigned slot;       /* FIELD, JSON: in the record */
    unsigned inner;      /* JSON: which string */
    unsigned inner_slot; /* JSON: in the document that the string holds */
    struct pl_span constant;
};

struct field {
    unsigned n_terms;
    struct term terms[PL_PATH_TERMS_MAX];
};

/* A document, and what was found in it. */
struct document {
    struct pl_scan_plan plan;
    struct pl_scan_found found;
    struct pl_slow_json slow;
};

/* JSON held in a string of the record. */
struct inner {
    unsigned slot; /* of the string */
    bool read;     /* for the record at hand */
    enum pl_reject reason;
    struct document document;
    char *text; /* owned: the string without escapes */
};

struct condition {
    unsigned n_clauses;
    unsigned fields[PL_PATH_CLAUSES_MAX];
    struct pl_path_condition parsed; /* owned */
};

struct pl_fields {
    struct document document;
    bool raw; /* strings of the record still have their escapes */
    unsigned n_fields, n_conditions, n_inner, n_paths;
    struct field fields[PL_FIELDS_MAX];
    struct pl_path *paths[PL_FIELDS_MAX]; /* owned: they hold the text of keys and constants */
    struct condition conditions[PL_FIELDS_CONDITIONS_MAX];
    struct inner *inner[PL_FIELDS_INNER_MAX]; /* owned */
    struct pl_fields_input input;
    uint64_t n_slow;
};

struct pl_fields *pl_fields_new(void)
{
    struct pl_fields *fields = calloc(1, sizeof(*fields));

    if (fields)
        pl_scan_plan_init(&fields->document.plan);
    return fields;
}

static void free_path(struct pl_path *path)
{
    if (path)
        pl_path_fini(path);
    free(path);
}

static void free_inner(struct inner *inner)
{
    pl_slow_json_fini(&inner->document.slow);
    free(inner->text);
    free(inner);
}

void pl_fields_free(struct pl_fields *fields)
{
    if (!fields)
        return;
    for (unsigned at = 0; at < fields->n_inner; at++)
        free_inner(fields->inner[at]);
    for (unsigned at = 0; at < fields->n_paths; at++)
        free_path(fields->paths[at]);
    for (unsigned at = 0; at < fields->n_conditions; at++)
        pl_path_condition_fini(&fields->conditions[at].parsed);
    pl_slow_json_fini(&fields->document.slow);
    free(fields);
}

static enum pl_status fail_full(struct pl_err *err)
{
    return pl_err_set(err, PL_ERR_INPUT, "too many fields in one format");
}

static enum pl_status add_inner(struct pl_fields *fields, unsigned slot, unsigned *index, struct pl_err *err)
{
    struct inner *inner;

    for (*index = 0; *index < fields->n_inner; ++*index)
        if (fields->inner[*index]->slot == slot)
            return PL_OK;
    if (*index == PL_FIELDS_INNER_MAX)
        return pl_err_set(err, PL_ERR_INPUT, "more than %d different json(...)", PL_FIELDS_INNER_MAX);
    inner = calloc(1, sizeof(*inner));
    if (!inner)
        return pl_err_set(err, PL_ERR_NOMEM, "out of memory");
    inner->text = malloc(PL_SCAN_BYTES_MAX);
    inner->slot = slot;
    pl_scan_plan_init(&inner->document.plan);
    fields->inner[fields->n_inner++] = inner;
    return inner->text ? PL_OK : pl_err_set(err, PL_ERR_NOMEM, "out of memory");
}

static enum pl_status bind_json(struct pl_fields *fields, const struct pl_path_term *from, struct term *term,
                                struct pl_err *err)
{
    unsigned string_slot;
    enum pl_status status;

    if (!pl_scan_plan_add(&fields->document.plan, from->keys, from->n_outer, true, &string_slot) ||
        !pl_scan_plan_add(&fields->document.plan, from->keys, from->n_keys, false, &term->slot))
        return fail_full(err);
    status = add_inner(fields, string_slot, &term->inner, err);
    if (status)
        return status;
    if (!pl_scan_plan_add(&fields->inner[term->inner]->document.plan, from->keys + from->n_outer,
                          from->n_keys - from->n_outer, false, &term->inner_slot))
        return fail_full(err);
    return PL_OK;
}

static enum pl_status bind_term(struct pl_fields *fields, const struct pl_path_term *from, struct term *term,
                                struct pl_err *err)
{
    term->kind = from->kind;
    term->constant = from->constant;
    if (from->kind == PL_PATH_JSON)
        return bind_json(fields, from, term, err);
    if (from->kind == PL_PATH_FIELD &&
        !pl_scan_plan_add(&fields->document.plan, from->keys, from->n_keys, false, &term->slot))
        return fail_full(err);
    return PL_OK;
}

static enum pl_status bind_path(struct pl_fields *fields, const struct pl_path *path, bool is_time, unsigned *index,
                                struct pl_err *err)
{
    struct field *field = &fields->fields[fields->n_fields];

    if (fields->n_fields == PL_FIELDS_MAX)
        return fail_full(err);
    *index = fields->n_fields++;
    field->n_terms = path->n_terms;
    for (unsigned at = 0; at < path->n_terms; at++) {
        enum pl_status status = bind_term(fields, &path->terms[at], &field->terms[at], err);

        if (status)
            return status;
        if (path->terms[at].kind == PL_PATH_TIMESTAMP && !is_time)
            return pl_err_set(err, PL_ERR_INPUT, "@timestamp is only a time");
    }
    return PL_OK;
}

enum pl_status pl_fields_add(struct pl_fields *fields, struct pl_span text, bool is_time, unsigned *index,
                             struct pl_err *err)
{
    struct pl_path *path;
    enum pl_status status;

    if (fields->n_paths == PL_FIELDS_MAX)
        return fail_full(err);
    path = malloc(sizeof(*path));
    if (!path)
        return pl_err_set(err, PL_ERR_NOMEM, "out of memory");
    status = pl_path_parse(text, path, err);
    if (status) {
        free(path);
        return status;
    }
    fields->paths[fields->n_paths++] = path; /* kept even if it cannot be bound: the plan may point into it */
    return bind_path(fields, path, is_time, index, err);
}

enum pl_status pl_fields_add_condition(struct pl_fields *fields, struct pl_span text, unsigned *index,
                                       struct pl_err *err)
{
    struct condition *condition = &fields->conditions[fields->n_conditions];
    enum pl_status status;

    if (fields->n_conditions == PL_FIELDS_CONDITIONS_MAX)
        return fail_full(err);
    status = pl_path_condition_parse(text, &condition->parsed, err);
    if (status)
        return status;
    *index = fields->n_conditions++;
    condition->n_clauses = condition->parsed.n_clauses;
    for (unsigned at = 0; !status && at < condition->n_clauses; at++)
        status = bind_path(fields, &condition->parsed.clauses[at].left, false, &condition->fields[at], err);
    return status;
}

/* Scan, and ask cJSON when the scanner abstains. */
static enum pl_reject read_document(struct document *document, struct pl_span json, uint64_t *n_slow)
{
    enum pl_reject reason = pl_scan(&document->plan, json, &document->found);

    if (reason || !document->found.slow)
        return reason;
    ++*n_slow;
    reason = pl_slow_json_open(&document->slow, json);
    if (!reason)
        pl_slow_json_fill(&document->slow, &document->plan, &document->found);
    return reason;
}

enum pl_reject pl_fields_read(struct pl_fields *fields, const struct pl_fields_input *input)
{
    uint64_t n_slow = fields->n_slow;
    enum pl_reject reason;

    fields->input = *input;
    for (unsigned at = 0; at < fields->n_inner; at++)
        fields->inner[at]->read = false;
    reason = read_document(&fields->document, input->value, &fields->n_slow);
    fields->raw = n_slow == fields->n_slow;
    return reason;
}

/* Look into a string that holds JSON; blank text holds nothing. */
static void read_inner(struct pl_fields *fields, struct inner *inner, struct pl_span text)
{
    inner->read = true;
    inner->reason = PL_ACCEPTED;
    if (fields->raw) {
        text.len = pl_escape_undo(text, inner->text);
        text.ptr = inner->text;
    }
    if (pl_span_trim(text).len)
        inner->reason = read_document(&inner->document, text, &fields->n_slow);
    else
        inner->document.found.seen = 0;
}

static enum pl_reject get_json(struct pl_fields *fields, const struct term *term, struct pl_value *value)
{
    struct inner *inner = fields->inner[term->inner];
    struct pl_value holder = pl_scan_get(&fields->document.found, inner->slot);

    if (holder.type != PL_VALUE_STRING) {
        *value = pl_scan_get(&fields->document.found, term->slot);
        return PL_ACCEPTED;
    }
    if (!inner->read)
        read_inner(fields, inner, holder.text);
    if (!inner->reason)
        *value = pl_scan_get(&inner->document.found, term->inner_slot);
    return inner->reason;
}

static enum pl_reject get_term(struct pl_fields *fields, const struct term *term, struct pl_value *value)
{
    switch (term->kind) {
    case PL_PATH_JSON:
        return get_json(fields, term, value);
    case PL_PATH_CONSTANT:
        *value = (struct pl_value){PL_VALUE_STRING, term->constant};
        break;
    case PL_PATH_KEY:
        *value = (struct pl_value){PL_VALUE_STRING, fields->input.key};
        break;
    case PL_PATH_TOPIC:
        *value = (struct pl_value){PL_VALUE_STRING, fields->input.topic};
        break;
    case PL_PATH_FIELD:
    case PL_PATH_TIMESTAMP:
        *value = pl_scan_get(&fields->document.found, term->slot);
        break;
    }
    return PL_ACCEPTED;
}

enum pl_reject pl_fields_get(struct pl_fields *fields, unsigned index, struct pl_value *value)
{
    const struct field *field = &fields->fields[index];

    for (unsigned at = 0; at < field->n_terms; at++) {
        enum pl_reject reason;

        if (field->terms[at].kind == PL_PATH_TIMESTAMP)
            break;
        reason = get_term(fields, &field->terms[at], value);
        if (reason)
            return reason;
        if (value->type != PL_VALUE_ABSENT && value->type != PL_VALUE_NULL &&
            (value->type != PL_VALUE_STRING || value->text.len))
            return PL_ACCEPTED;
    }
    *value = (struct pl_value){0};
    return PL_ACCEPTED;
}

static bool is_one_of(const struct pl_value *value, const struct pl_path_clause *clause)
{
    if (value->type == PL_VALUE_ABSENT || value->type == PL_VALUE_OBJECT || value->type == PL_VALUE_ARRAY)
        return false;
    for (unsigned at = 0; at < clause->n_values; at++)
        if (pl_span_eq(value->text, clause->values[at]))
            return true;
    return false;
}

enum pl_reject pl_fields_holds(struct pl_fields *fields, unsigned index, bool *holds)
{
    const struct condition *condition = &fields->conditions[index];

    *holds = true;
    for (unsigned at = 0; *holds && at < condition->n_clauses; at++) {
        struct pl_value value;
        enum pl_reject reason = pl_fields_get(fields, condition->fields[at], &value);

        if (reason)
            return reason;
        *holds = is_one_of(&value, &condition->parsed.clauses[at]);
    }
    return PL_ACCEPTED;
}

uint64_t pl_fields_slow(const struct pl_fields *fields)
{
    return fields->n_slow;
}
