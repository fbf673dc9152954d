#include "codec/path.h"

#include <stdlib.h>
#include <string.h>

/* A cursor over the owned copy. Quoted text is unescaped in place: it only ever gets shorter. */
struct parser {
    char *text;
    size_t len;
    size_t at;
    struct pl_err *err;
};

static enum pl_status fail(const struct parser *in, size_t at, const char *what)
{
    return pl_err_set(in->err, PL_ERR_INPUT, "column %zu: %s", at + 1, what);
}

static void skip_blanks(struct parser *in)
{
    while (in->at < in->len && (in->text[in->at] == ' ' || in->text[in->at] == '\t'))
        in->at++;
}

static bool peek_is(const struct parser *in, char c)
{
    return in->at < in->len && in->text[in->at] == c;
}

static bool take(struct parser *in, const char *token)
{
    size_t len = strlen(token);

    if (in->len - in->at < len || memcmp(in->text + in->at, token, len) != 0)
        return false;
    in->at += len;
    return true;
}

/* A byte that a member may have without quotes. */
static bool is_plain(char c)
{
    return (unsigned char)c > ' ' && c != 0x7f && !strchr(".[]()|'\",=!@", c);
}

static bool take_word(struct parser *in, const char *word)
{
    size_t start = in->at;

    if (!take(in, word))
        return false;
    if (in->at < in->len && is_plain(in->text[in->at])) {
        in->at = start;
        return false;
    }
    return true;
}

/* 'text' or "text"; \ before the quote or another \ stands for that byte. */
static enum pl_status take_quoted(struct parser *in, struct pl_span *value)
{
    size_t start = in->at;
    char quote = in->text[in->at++];
    char *out = in->text + in->at;

    value->ptr = out;
    for (; in->at < in->len && in->text[in->at] != quote; in->at++) {
        if (in->text[in->at] == '\\') {
            in->at++;
            if (in->at == in->len || (in->text[in->at] != quote && in->text[in->at] != '\\'))
                return fail(in, in->at - 1, "only the quote and \\ may follow a \\");
        }
        *out++ = in->text[in->at];
    }
    if (in->at == in->len)
        return fail(in, start, "the quote is not closed");
    in->at++;
    value->len = (size_t)(out - value->ptr);
    return PL_OK;
}

static enum pl_status add_key(const struct parser *in, size_t start, struct pl_path_term *term, struct pl_span key)
{
    if (key.len > PL_PATH_KEY_BYTES_MAX)
        return fail(in, start, "a member name is longer than 128 bytes");
    if (term->n_keys == PL_PATH_KEYS_MAX)
        return fail(in, start, "more than 15 members");
    term->keys[term->n_keys++] = key;
    return PL_OK;
}

static enum pl_status take_plain_key(struct parser *in, struct pl_path_term *term)
{
    struct pl_span key = {in->text + in->at, 0};
    size_t start = in->at;

    for (; in->at < in->len && is_plain(in->text[in->at]); in->at++)
        key.len++;
    if (key.len == 0)
        return fail(in, start, in->at == in->len ? "a member name is missing" : "a member name is expected here");
    return add_key(in, start, term, key);
}

static enum pl_status take_quoted_key(struct parser *in, struct pl_path_term *term)
{
    struct pl_span key = {0};
    size_t start = in->at;
    enum pl_status status;

    if (!peek_is(in, '"') && !peek_is(in, '\''))
        return fail(in, in->at, "a quoted member name is expected after [");
    status = take_quoted(in, &key);
    if (status)
        return status;
    if (!take(in, "]"))
        return fail(in, in->at, "a ] is missing");
    return add_key(in, start, term, key);
}

/* .member and ["member"], as many as there are. */
static enum pl_status take_tail(struct parser *in, struct pl_path_term *term)
{
    enum pl_status status = PL_OK;

    while (!status) {
        if (take(in, "."))
            status = take_plain_key(in, term);
        else if (take(in, "["))
            status = take_quoted_key(in, term);
        else
            break;
    }
    return status;
}

static enum pl_status take_members(struct parser *in, struct pl_path_term *term)
{
    enum pl_status status = take(in, "[") ? take_quoted_key(in, term) : take_plain_key(in, term);

    return status ? status : take_tail(in, term);
}

static enum pl_status take_json(struct parser *in, struct pl_path_term *term)
{
    enum pl_status status;

    term->kind = PL_PATH_JSON;
    skip_blanks(in);
    status = take_members(in, term);
    if (status)
        return status;
    skip_blanks(in);
    if (!take(in, ")"))
        return fail(in, in->at, "a ) is missing");
    term->n_outer = term->n_keys;
    status = take_tail(in, term);
    if (!status && term->n_keys == term->n_outer)
        return fail(in, in->at, "json(...) needs a member after it");
    return status;
}

static enum pl_status take_special(struct parser *in, struct pl_path_term *term)
{
    size_t start = in->at;

    if (take_word(in, "@key"))
        term->kind = PL_PATH_KEY;
    else if (take_word(in, "@topic"))
        term->kind = PL_PATH_TOPIC;
    else if (take_word(in, "@timestamp"))
        term->kind = PL_PATH_TIMESTAMP;
    else
        return fail(in, start, "only @key, @topic and @timestamp may begin with @");
    return PL_OK;
}

static enum pl_status take_term(struct parser *in, struct pl_path_term *term)
{
    if (peek_is(in, '@'))
        return take_special(in, term);
    if (peek_is(in, '\'')) {
        term->kind = PL_PATH_CONSTANT;
        return take_quoted(in, &term->constant);
    }
    if (take(in, "json("))
        return take_json(in, term);
    term->kind = PL_PATH_FIELD;
    return take_members(in, term);
}

static enum pl_status take_terms(struct parser *in, struct pl_path *path)
{
    do {
        enum pl_status status;

        skip_blanks(in);
        if (path->n_terms == PL_PATH_TERMS_MAX)
            return fail(in, in->at, "more than 8 alternatives");
        status = take_term(in, &path->terms[path->n_terms]);
        if (status)
            return status;
        path->n_terms++;
        skip_blanks(in);
    } while (take(in, "||"));
    return PL_OK;
}

static enum pl_status open_parser(struct pl_span text, struct parser *in, struct pl_err *err)
{
    struct pl_span trimmed = pl_span_trim(text);

    *in = (struct parser){.err = err};
    if (trimmed.len == 0)
        return pl_err_set(err, PL_ERR_INPUT, "column 1: nothing is there");
    if (text.len > PL_PATH_BYTES_MAX)
        return pl_err_set(err, PL_ERR_INPUT, "column 1: longer than %d bytes", PL_PATH_BYTES_MAX);
    in->text = pl_span_dup(text);
    if (!in->text)
        return pl_err_set(err, PL_ERR_NOMEM, "out of memory");
    in->len = (size_t)(trimmed.ptr - text.ptr) + trimmed.len;
    in->at = (size_t)(trimmed.ptr - text.ptr);
    return PL_OK;
}

enum pl_status pl_path_parse(struct pl_span text, struct pl_path *path, struct pl_err *err)
{
    struct parser in;
    enum pl_status status = open_parser(text, &in, err);

    *path = (struct pl_path){.text = in.text};
    if (!status)
        status = take_terms(&in, path);
    if (!status && in.at < in.len)
        status = fail(&in, in.at, "nothing but || may follow");
    if (status)
        pl_path_fini(path);
    return status;
}

void pl_path_fini(struct pl_path *path)
{
    free(path->text);
    *path = (struct pl_path){0};
}

/* Words up to the end, a byte that needs quotes, or (outside a list) the word `and`; without the blanks around them. */
static enum pl_status take_bare(struct parser *in, bool list, struct pl_span *value)
{
    size_t start = in->at;

    for (; in->at < in->len && !strchr("=(),|'\"", in->text[in->at]); in->at++)
        if (!list && in->at > start && in->text[in->at - 1] == ' ' && take_word(in, "and")) {
            in->at -= strlen("and");
            break;
        }
    *value = pl_span_trim((struct pl_span){in->text + start, in->at - start});
    return value->len ? PL_OK : fail(in, start, "a value is missing");
}

static enum pl_status take_value(struct parser *in, bool list, struct pl_path_clause *clause)
{
    enum pl_status status;
    struct pl_span *value = &clause->values[clause->n_values];

    skip_blanks(in);
    if (clause->n_values == PL_PATH_VALUES_MAX)
        return fail(in, in->at, "more than 32 values");
    status = peek_is(in, '\'') || peek_is(in, '"') ? take_quoted(in, value) : take_bare(in, list, value);
    clause->n_values += status == PL_OK;
    skip_blanks(in);
    return status;
}

static enum pl_status take_values(struct parser *in, struct pl_path_clause *clause)
{
    enum pl_status status;

    if (take(in, "=="))
        return take_value(in, false, clause);
    if (!take_word(in, "in"))
        return fail(in, in->at, "== or in (...) is expected here");
    skip_blanks(in);
    if (!take(in, "("))
        return fail(in, in->at, "a ( is missing after in");
    do
        status = take_value(in, true, clause);
    while (!status && take(in, ","));
    if (!status && !take(in, ")"))
        return fail(in, in->at, "a ) is missing");
    return status;
}

static enum pl_status take_clauses(struct parser *in, struct pl_path_condition *condition)
{
    do {
        struct pl_path_clause *clause = &condition->clauses[condition->n_clauses];
        enum pl_status status;

        if (condition->n_clauses == PL_PATH_CLAUSES_MAX)
            return fail(in, in->at, "more than 8 conditions");
        status = take_terms(in, &clause->left);
        if (!status)
            status = take_values(in, clause);
        if (status)
            return status;
        condition->n_clauses++;
        skip_blanks(in);
    } while (take_word(in, "and"));
    return in->at < in->len ? fail(in, in->at, "nothing but `and` may follow") : PL_OK;
}

enum pl_status pl_path_condition_parse(struct pl_span text, struct pl_path_condition *condition, struct pl_err *err)
{
    struct parser in;
    enum pl_status status = open_parser(text, &in, err);

    *condition = (struct pl_path_condition){.text = in.text};
    if (!status) {
        condition->clauses = calloc(PL_PATH_CLAUSES_MAX, sizeof(*condition->clauses));
        if (!condition->clauses)
            status = pl_err_set(err, PL_ERR_NOMEM, "out of memory");
    }
    if (!status)
        status = take_clauses(&in, condition);
    if (status)
        pl_path_condition_fini(condition);
    return status;
}

void pl_path_condition_fini(struct pl_path_condition *condition)
{
    free(condition->text);
    free(condition->clauses);
    *condition = (struct pl_path_condition){0};
}
