/* Texts of configurations that are taken, and that are not. cmocka comes first. */
#ifndef PL_TEST_CONF_PARSE_H
#define PL_TEST_CONF_PARSE_H

#include "codec/conf.h"

#define S(text) pl_span_of(text)

static inline struct pl_conf *parse(const char *text)
{
    struct pl_conf *conf = NULL;
    struct pl_err err = {0};

    if (pl_conf_parse("f", S(text), &conf, &err))
        fail_msg("%s", err.text);
    assert_non_null(conf);
    return conf;
}

static inline void refused(const char *text, const char *message)
{
    struct pl_conf *conf = (struct pl_conf *)1;
    struct pl_err err = {0};

    assert_int_equal(pl_conf_parse("f", S(text), &conf, &err), PL_ERR_INPUT);
    assert_null(conf);
    assert_string_equal(err.text, message);
}

#endif
