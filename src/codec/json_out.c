#include "codec/json_out.h"

#include "codec/escape.h"
#include "util/num.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <math.h>

struct pl_json pl_json_to(struct pl_buf *out)
{
    return (struct pl_json){.out = out};
}

static void begin(struct pl_json *json, const char *key)
{
    if (json->behind_value)
        pl_buf_add_char(json->out, ',');
    if (key) {
        pl_escape_add(json->out, pl_span_of(key));
        pl_buf_add_char(json->out, ':');
    }
    json->behind_value = true;
}

void pl_json_open(struct pl_json *json, const char *key, char bracket)
{
    begin(json, key);
    pl_buf_add_char(json->out, bracket);
    json->behind_value = false;
}

void pl_json_close(struct pl_json *json, char bracket)
{
    pl_buf_add_char(json->out, bracket);
    json->behind_value = true;
}

void pl_json_text(struct pl_json *json, const char *key, const char *text)
{
    begin(json, key);
    pl_escape_add(json->out, pl_span_of(text));
}

void pl_json_bool(struct pl_json *json, const char *key, bool value)
{
    begin(json, key);
    pl_buf_add_text(json->out, value ? "true" : "false");
}

void pl_json_int(struct pl_json *json, const char *key, int64_t value)
{
    begin(json, key);
    pl_buf_addf(json->out, "%" PRId64, value);
}

void pl_json_number(struct pl_json *json, const char *key, double value)
{
    char text[32];

    if (!isfinite(value))
        return;
    begin(json, key);
    pl_num_format(value, text);
    pl_buf_add_text(json->out, text);
}

void pl_json_time(struct pl_json *json, const char *key, int64_t time_us)
{
    char text[PL_STAMP_BYTES];

    if (time_us != PL_TIME_NONE)
        pl_json_text(json, key, pl_stamp_format(time_us, text));
}
