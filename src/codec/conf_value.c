#include "codec/conf_table.h"
#include "util/num.h"
#include "util/stamp.h"

#include <stdio.h>
#include <string.h>

bool pl_conf_share(struct pl_span text, double *value)
{
    *value = 0;
    return text.len > 0 && text.ptr[text.len - 1] == '%' && pl_num_ratio(text, value);
}

bool pl_conf_is_event(struct pl_span text)
{
    return text.len >= 1 && text.len <= 256;
}

static bool read_years(struct pl_span text, double *value)
{
    *value = 0;
    if (text.len == 0 || text.ptr[text.len - 1] != 'y')
        return false;
    text.len--;
    return pl_num_double(text, value);
}

/* A day is its first moment. What names no offset is UTC. */
static bool read_date(struct pl_span text, int64_t *time_us)
{
    char moment[sizeof("2026-08-21T00:00:00Z")];

    if (text.len != strlen("2026-08-21"))
        return pl_stamp_parse(text, true, time_us);
    snprintf(moment, sizeof(moment), "%.*sT00:00:00Z", (int)text.len, text.ptr);
    return pl_stamp_parse(pl_span_of(moment), false, time_us);
}

/* An amount may be a share or a number; which one it must be depends on the area's unit, which is not known here. */
static bool read_amount(struct pl_span text, struct pl_conf_value *value)
{
    value->percent = text.len > 0 && text.ptr[text.len - 1] == '%';
    return pl_num_ratio(text, &value->number) && value->number > 0;
}

static bool read_word(const char *words, struct pl_span text, int64_t *value)
{
    struct pl_span rest = pl_span_of(words);

    for (*value = 0; rest.ptr; (*value)++)
        if (pl_span_eq(pl_span_cut(&rest, '|'), text))
            return true;
    return false;
}

/* Names that Kafka takes: 1 to 249 of letters, digits, dot, underscore and hyphen, but not "." or "..". */
static bool is_topic(struct pl_span text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

    for (size_t at = 0; at < text.len; at++)
        if (!memchr(letters, text.ptr[at], sizeof(letters) - 1))
            return false;
    return text.len >= 1 && text.len <= 249 && !pl_span_is(text, ".") && !pl_span_is(text, "..");
}

static bool is_glob(struct pl_span text)
{
    char name[PL_NAME_BYTES];

    if (!pl_span_copy(text, name, sizeof(name)))
        return false;
    for (size_t at = 0; at < text.len; at++)
        if (name[at] == '*' || name[at] == '?')
            name[at] = 'x';
    return pl_span_is_name(pl_span_of(name));
}

static bool is_variant(struct pl_span text)
{
    double share;

    if (text.len && text.ptr[text.len - 1] == '%') {
        size_t colon = text.len;

        while (colon > 0 && text.ptr[colon - 1] != ':')
            colon--;
        if (colon == 0 || !pl_conf_share(pl_span_trim((struct pl_span){text.ptr + colon, text.len - colon}), &share))
            return false;
        text = pl_span_trim((struct pl_span){text.ptr, colon - 1});
    }
    return pl_span_is_name(text);
}

static bool is_duration(struct pl_span text)
{
    int64_t value_us;

    return pl_num_duration(text, &value_us);
}

/* HOST:PORT with a port of 0 to 65535 (0: any free one), or off. */
static bool is_listen(struct pl_span text)
{
    size_t colon = text.len;
    int64_t port;

    if (pl_span_is(text, "off"))
        return true;
    while (colon > 0 && text.ptr[colon - 1] != ':')
        colon--;
    if (colon < 2 || text.len - colon > 5 || text.ptr[text.len - 1] == ':' || text.ptr[colon] == '+')
        return false;
    return pl_num_int((struct pl_span){text.ptr + colon, text.len - colon}, &port) && port >= 0 && port <= 65535;
}

/* What is said of a url that is not taken; NULL when it is good as far as can be seen from here. */
static const char *url_problem(struct pl_span text)
{
    const char *at;
    bool sentinel;

    if (pl_span_take_prefix(&text, "unix://"))
        return text.len && text.ptr[0] == '/' ? NULL : "unix:// needs an absolute path";
    sentinel = pl_span_take_prefix(&text, "redis+sentinel://") || pl_span_take_prefix(&text, "rediss+sentinel://");
    if (!sentinel && !pl_span_take_prefix(&text, "redis://") && !pl_span_take_prefix(&text, "rediss://") &&
        !pl_span_take_prefix(&text, "redis+cluster://") && !pl_span_take_prefix(&text, "rediss+cluster://"))
        return "expected redis://HOST:PORT/DB, rediss://..., unix:///PATH, redis+sentinel://HOST:PORT,.../MASTER/DB or "
               "redis+cluster://HOST:PORT,...";
    for (size_t byte = 0; byte < text.len; byte++)
        if (text.ptr[byte] == ' ' || text.ptr[byte] == '\t')
            return "the url has a blank";
    at = text.len ? memchr(text.ptr, '@', text.len) : NULL;
    if (at && memchr(text.ptr, ':', (size_t)(at - text.ptr)))
        return "a password does not belong here; use password_file";
    if (at)
        text = (struct pl_span){at + 1, text.len - (size_t)(at + 1 - text.ptr)};
    if (!text.len || text.ptr[0] == '/' || text.ptr[0] == ':' || text.ptr[0] == ',')
        return "the url names no host";
    at = memchr(text.ptr, '/', text.len);
    return sentinel && (!at || at + 1 == text.ptr + text.len) ? "the name of the master must follow: HOST:PORT/MASTER"
                                                              : NULL;
}

/* Every item of a list, none of them empty. */
static bool each(struct pl_span text, char separator, bool (*check)(struct pl_span))
{
    while (text.ptr)
        if (!check(pl_span_trim(pl_span_cut(&text, separator))))
            return false;
    return true;
}

static bool read_syntax(const struct pl_conf_option *option, struct pl_span text, struct pl_conf_value *value)
{
    switch (option->type) {
    case PL_CONF_TEXT:
    case PL_CONF_PATH:
    case PL_CONF_REDIS_URL:
        return true;
    case PL_CONF_LABEL:
        return text.len < PL_NAME_BYTES;
    case PL_CONF_SENTENCE:
        return text.len <= 255;
    case PL_CONF_NAME:
        return pl_span_is_name(text);
    case PL_CONF_WORD:
        return read_word(option->low, text, &value->integer);
    case PL_CONF_TOPIC:
        return is_topic(text);
    case PL_CONF_TOPICS:
        return each(text, ',', is_topic);
    case PL_CONF_EVENTS:
        return each(text, ',', pl_conf_is_event);
    case PL_CONF_STEPS:
        return each(text, '>', pl_conf_is_event);
    case PL_CONF_GLOBS:
        return each(text, ',', is_glob);
    case PL_CONF_VARIANTS:
        return each(text, ',', is_variant);
    case PL_CONF_LISTEN:
        return is_listen(text);
    case PL_CONF_COUNT:
        return text.ptr[0] != '+' && pl_num_int(text, &value->integer);
    case PL_CONF_SIZE:
        return pl_num_size(text, &value->integer);
    case PL_CONF_DURATION:
        return pl_num_duration(text, &value->integer);
    case PL_CONF_DURATIONS:
        return each(text, ',', is_duration);
    case PL_CONF_DATE:
        return read_date(text, &value->integer);
    case PL_CONF_YEARS:
        return read_years(text, &value->number);
    case PL_CONF_SHARE:
        return pl_conf_share(text, &value->number);
    case PL_CONF_AMOUNT:
        return read_amount(text, value);
    case PL_CONF_DECIMAL:
        return pl_num_micro(text, &value->integer, NULL);
    case PL_CONF_NUMBER:
        return pl_num_double(text, &value->number);
    }
    return false;
}

static const char *expected(enum pl_conf_type type)
{
    static const char *const texts[] = {
        [PL_CONF_TEXT] = "a text",
        [PL_CONF_LABEL] = "a text of at most 64 bytes",
        [PL_CONF_SENTENCE] = "a text of at most 255 bytes",
        [PL_CONF_NAME] = "a name: 1 to 64 of A-Z a-z 0-9 _ . : - and inner spaces",
        [PL_CONF_WORD] = "one of its words",
        [PL_CONF_PATH] = "a file name",
        [PL_CONF_TOPIC] = "a topic: 1 to 249 of A-Z a-z 0-9 . _ -",
        [PL_CONF_TOPICS] = "topics separated by commas: 1 to 249 of A-Z a-z 0-9 . _ -",
        [PL_CONF_EVENTS] = "event names separated by commas",
        [PL_CONF_STEPS] = "event names separated by >",
        [PL_CONF_GLOBS] = "names or patterns separated by commas, such as checkout_*",
        [PL_CONF_VARIANTS] = "variants separated by commas, such as control:50%, B:50%",
        [PL_CONF_LISTEN] = "HOST:PORT with a port up to 65535, or off",
        [PL_CONF_REDIS_URL] = "a url",
        [PL_CONF_COUNT] = "a whole number",
        [PL_CONF_SIZE] = "a size with its unit, such as 64MB (B, KB, MB, GB)",
        [PL_CONF_DURATION] = "a duration with its unit, such as 10m (ms, s, m, h, d, w)",
        [PL_CONF_DURATIONS] = "durations with their unit separated by commas, such as 10m, 1h",
        [PL_CONF_DATE] = "a date, such as 2026-08-21 or 2026-08-21T10:00:00Z",
        [PL_CONF_YEARS] = "years with their unit, such as 1y or 0.5y",
        [PL_CONF_SHARE] = "a share with its sign, such as 0.2%",
        [PL_CONF_AMOUNT] = "a number above 0, or a share such as 0.2%",
        [PL_CONF_DECIMAL] = "a decimal number",
        [PL_CONF_NUMBER] = "a number",
    };

    return texts[type];
}

/* Numbers of either kind compare as one: a value has only one of the two. */
static int order(const struct pl_conf_value *a, const struct pl_conf_value *b)
{
    if (a->integer != b->integer)
        return a->integer < b->integer ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

static bool in_range(const struct pl_conf_option *option, const struct pl_conf_value *value)
{
    struct pl_conf_value low = {0}, high = {0};

    if (option->type == PL_CONF_WORD || option->type == PL_CONF_DURATIONS || !option->low || !option->high)
        return true;
    (void)read_syntax(option, pl_span_of(option->low), &low);
    (void)read_syntax(option, pl_span_of(option->high), &high);
    return order(&low, value) <= 0 && order(value, &high) <= 0;
}

enum pl_status pl_conf_table_read(const struct pl_conf_option *option, struct pl_span text, struct pl_conf_value *value,
                                  struct pl_err *err)
{
    struct pl_conf_value unused, *out = value ? value : &unused;
    int shown = (int)(text.len < 64 ? text.len : 64);

    *out = (struct pl_conf_value){0};
    if (text.len == 0)
        return pl_err_set(err, PL_ERR_INPUT, "`%s` is empty", option->key);
    if (option->type == PL_CONF_REDIS_URL && url_problem(text)) /* never shown: it may hold a password */
        return pl_err_set(err, PL_ERR_INPUT, "`%s`: %s", option->key, url_problem(text));
    if (!read_syntax(option, text, out) && option->type == PL_CONF_WORD)
        return pl_err_set(err, PL_ERR_INPUT, "`%s = %.*s`: expected one of %s", option->key, shown, text.ptr,
                          option->low);
    if (!read_syntax(option, text, out))
        return pl_err_set(err, PL_ERR_INPUT, "`%s = %.*s`: expected %s", option->key, shown, text.ptr,
                          expected(option->type));
    if (!in_range(option, out))
        return pl_err_set(err, PL_ERR_INPUT, "`%s = %.*s`: not within %s to %s", option->key, shown, text.ptr,
                          option->low, option->high);
    return PL_OK;
}
