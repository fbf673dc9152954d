#include "codec/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* What was parsed, spelled out: keys in <>, json as J, outer keys before a colon. */
static void spell(const struct pl_path *path, char out[512])
{
    static const char kinds[] = {[PL_PATH_FIELD] = 'F', [PL_PATH_JSON] = 'J',  [PL_PATH_CONSTANT] = 'C',
                                 [PL_PATH_KEY] = 'K',   [PL_PATH_TOPIC] = 'T', [PL_PATH_TIMESTAMP] = '@'};
    size_t len = 0;

    for (unsigned t = 0; t < path->n_terms; t++) {
        const struct pl_path_term *term = &path->terms[t];

        len += (size_t)snprintf(out + len, 512 - len, "%s%c", t ? " " : "", kinds[term->kind]);
        for (unsigned k = 0; k < term->n_keys; k++)
            len += (size_t)snprintf(out + len, 512 - len, "%s<%.*s>",
                                    term->kind == PL_PATH_JSON && k == term->n_outer ? ":" : "", (int)term->keys[k].len,
                                    term->keys[k].ptr);
        if (term->kind == PL_PATH_CONSTANT)
            len += (size_t)snprintf(out + len, 512 - len, "<%.*s>", (int)term->constant.len, term->constant.ptr);
    }
}

static void test_paths(void **state)
{
    static const char *const rows[][2] = {
        {"event", "F<event>"},
        {"  event\t", "F<event>"},
        {"properties.title", "F<properties><title>"},
        {"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o", "F<a><b><c><d><e><f><g><h><i><j><k><l><m><n><o>"},
        {"properties[\"Experiment name\"]", "F<properties><Experiment name>"},
        {"properties['a.b'].c", "F<properties><a.b><c>"},
        {"[\"user id\"]", "F<user id>"},
        {"a[\"q\\\"\\\\\"]", "F<a><q\"\\>"},
        {"a[\"\"]", "F<a><>"},
        {"properties.$feature_flag", "F<properties><$feature_flag>"},
        {"$feature/x-1", "F<$feature/x-1>"},
        {"userId || anonymousId", "F<userId> F<anonymousId>"},
        {"a||b||'x'", "F<a> F<b> C<x>"},
        {"json(properties).$feature_flag", "J<properties>:<$feature_flag>"},
        {"json( a.b )[\"c d\"].e", "J<a><b>:<c d><e>"},
        {"jsonx", "F<jsonx>"},
        {"'it\\'s'", "C<it's>"},
        {"''", "C<>"},
        {"@key || @topic || @timestamp", "K T @"},
        {"\xc3\xa9t\xc3\xa9", "F<\xc3\xa9t\xc3\xa9>"},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(*rows); at++) {
        struct pl_path path;
        char spelled[512];

        assert_int_equal(pl_path_parse(pl_span_of(rows[at][0]), &path, NULL), PL_OK);
        spell(&path, spelled);
        assert_string_equal(spelled, rows[at][1]);
        pl_path_fini(&path);
    }
}

static void test_path_errors_say_where(void **state)
{
    static const char *const rows[][2] = {
        {"", "column 1: nothing is there"},
        {"  ", "column 1: nothing is there"},
        {".a", "column 1: a member name is expected here"},
        {"a.", "column 3: a member name is missing"},
        {"a..b", "column 3: a member name is expected here"},
        {"a b", "column 3: nothing but || may follow"},
        {"a | b", "column 3: nothing but || may follow"},
        {"a ||", "column 5: a member name is missing"},
        {"a[b]", "column 3: a quoted member name is expected after ["},
        {"a[0]", "column 3: a quoted member name is expected after ["},
        {"a[\"b\"", "column 6: a ] is missing"},
        {"a[\"b", "column 3: the quote is not closed"},
        {"a[\"\\n\"]", "column 4: only the quote and \\ may follow a \\"},
        {"a[\"\\", "column 4: only the quote and \\ may follow a \\"},
        {"json(a", "column 7: a ) is missing"},
        {"json(a)", "column 8: json(...) needs a member after it"},
        {"json()", "column 6: a member name is expected here"},
        {"json(json(a).b).c", "column 10: a ) is missing"},
        {"@header.x", "column 1: only @key, @topic and @timestamp may begin with @"},
        {"@keys", "column 1: only @key, @topic and @timestamp may begin with @"},
        {"@key.a", "column 5: nothing but || may follow"},
        {"'x'.a", "column 4: nothing but || may follow"},
        {"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p", "column 31: more than 15 members"},
        {"a||b||c||d||e||f||g||h||i", "column 25: more than 8 alternatives"},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(*rows); at++) {
        struct pl_path path;
        struct pl_err err;

        assert_int_equal(pl_path_parse(pl_span_of(rows[at][0]), &path, &err), PL_ERR_INPUT);
        if (strcmp(err.text, rows[at][1]) != 0)
            fail_msg("`%s`: got `%s`, expected `%s`", rows[at][0], err.text, rows[at][1]);
        assert_null(path.text);
    }
}

static void test_long_names(void **state)
{
    char text[PL_PATH_BYTES_MAX + 2];
    struct pl_path path;

    (void)state;
    memset(text, 'a', sizeof(text));
    assert_int_equal(pl_path_parse((struct pl_span){text, 128}, &path, NULL), PL_OK);
    pl_path_fini(&path);
    assert_int_equal(pl_path_parse((struct pl_span){text, 129}, &path, NULL), PL_ERR_INPUT);
    memset(text, ' ', sizeof(text));
    text[0] = 'a';
    assert_int_equal(pl_path_parse((struct pl_span){text, PL_PATH_BYTES_MAX}, &path, NULL), PL_OK);
    pl_path_fini(&path);
    assert_int_equal(pl_path_parse((struct pl_span){text, PL_PATH_BYTES_MAX + 1}, &path, NULL), PL_ERR_INPUT);
}

static void spell_condition(const struct pl_path_condition *condition, char out[1024])
{
    size_t len = 0;

    for (unsigned c = 0; c < condition->n_clauses; c++) {
        const struct pl_path_clause *clause = &condition->clauses[c];
        char left[512];

        spell(&clause->left, left);
        len += (size_t)snprintf(out + len, 1024 - len, "%s%s in", c ? " and " : "", left);
        for (unsigned v = 0; v < clause->n_values; v++)
            len +=
                (size_t)snprintf(out + len, 1024 - len, " [%.*s]", (int)clause->values[v].len, clause->values[v].ptr);
    }
}

static void test_conditions(void **state)
{
    static const char *const rows[][2] = {
        {"type == track", "F<type> in [track]"},
        {"type==track", "F<type> in [track]"},
        {"event == Order Completed", "F<event> in [Order Completed]"},
        {"event == 'a and b'", "F<event> in [a and b]"},
        {"event == \"x\\\"y\"", "F<event> in [x\"y]"},
        {"event == $feature_flag_called", "F<event> in [$feature_flag_called]"},
        {"event in (Experiment Viewed, experiment_viewed,'x, y' )",
         "F<event> in [Experiment Viewed] [experiment_viewed] [x, y]"},
        {"event in(a)", "F<event> in [a]"},
        {"type == track and event in (a, b) and v == 1", "F<type> in [track] and F<event> in [a] [b] and F<v> in [1]"},
        {"event == sand and stone == x", "F<event> in [sand] and F<stone> in [x]"},
        {"a || json(p).b == c", "F<a> J<p>:<b> in [c]"},
        {"a == ''", "F<a> in []"},
        {"event == android", "F<event> in [android]"},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(*rows); at++) {
        struct pl_path_condition condition;
        struct pl_err err = {0};
        char spelled[1024];

        if (pl_path_condition_parse(pl_span_of(rows[at][0]), &condition, &err))
            fail_msg("`%s`: %s", rows[at][0], err.text);
        spell_condition(&condition, spelled);
        assert_string_equal(spelled, rows[at][1]);
        pl_path_condition_fini(&condition);
    }
}

static void test_condition_errors_say_where(void **state)
{
    static const char *const rows[][2] = {
        {"", "column 1: nothing is there"},
        {"type", "column 5: == or in (...) is expected here"},
        {"type = track", "column 6: == or in (...) is expected here"},
        {"type != track", "column 6: == or in (...) is expected here"},
        {"type ==", "column 8: a value is missing"},
        {"type == and a == b", "column 15: nothing but `and` may follow"},
        {"type == it's", "column 11: nothing but `and` may follow"},
        {"type in (a(b))", "column 11: a ) is missing"},
        {"type in track", "column 9: a ( is missing after in"},
        {"type in (a", "column 11: a ) is missing"},
        {"type in ()", "column 10: a value is missing"},
        {"type in (a,)", "column 12: a value is missing"},
        {"type in (a) b", "column 13: nothing but `and` may follow"},
        {"type == 'a' b", "column 13: nothing but `and` may follow"},
        {"type == a and", "column 14: a member name is missing"},
        {"type == 'a", "column 9: the quote is not closed"},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(*rows); at++) {
        struct pl_path_condition condition;
        struct pl_err err;

        assert_int_equal(pl_path_condition_parse(pl_span_of(rows[at][0]), &condition, &err), PL_ERR_INPUT);
        if (strcmp(err.text, rows[at][1]) != 0)
            fail_msg("`%s`: got `%s`, expected `%s`", rows[at][0], err.text, rows[at][1]);
        assert_null(condition.clauses);
    }
}

static void test_bounds_of_conditions(void **state)
{
    struct pl_path_condition condition;
    char text[512] = "a in (0";

    (void)state;
    for (int n = 1; n < PL_PATH_VALUES_MAX; n++)
        strcat(text, ",x");
    strcat(text, ")");
    assert_int_equal(pl_path_condition_parse(pl_span_of(text), &condition, NULL), PL_OK);
    assert_int_equal(condition.clauses[0].n_values, PL_PATH_VALUES_MAX);
    pl_path_condition_fini(&condition);
    strcpy(text + strlen(text) - 1, ",x)");
    assert_int_equal(pl_path_condition_parse(pl_span_of(text), &condition, NULL), PL_ERR_INPUT);

    strcpy(text, "a == 1");
    for (int n = 1; n < PL_PATH_CLAUSES_MAX; n++)
        strcat(text, " and a == 1");
    assert_int_equal(pl_path_condition_parse(pl_span_of(text), &condition, NULL), PL_OK);
    pl_path_condition_fini(&condition);
    strcat(text, " and a == 1");
    assert_int_equal(pl_path_condition_parse(pl_span_of(text), &condition, NULL), PL_ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_path_errors_say_where),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_condition_errors_say_where),
        cmocka_unit_test(test_bounds_of_conditions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
