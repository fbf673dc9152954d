#include "ctl/json.h"

#include "codec/escape.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <math.h>

static void begin(struct pl_json *json, const char *name)
{
    if (json->comma)
        pl_buf_add_char(json->out, ',');
    json->comma = true;
    if (name) {
        pl_escape_add(json->out, pl_span_of(name));
        pl_buf_add_char(json->out, ':');
    }
}

void pl_json_open(struct pl_json *json, const char *name, char bracket)
{
    begin(json, name);
    pl_buf_add_char(json->out, bracket);
    json->comma = false;
}

void pl_json_close(struct pl_json *json, char bracket)
{
    pl_buf_add_char(json->out, bracket);
    json->comma = true;
}

void pl_json_text(struct pl_json *json, const char *name, struct pl_span text)
{
    if (text.len == 0)
        return;
    begin(json, name);
    pl_escape_add(json->out, text);
}

void pl_json_string(struct pl_json *json, const char *name, const char *text)
{
    pl_json_text(json, name, pl_span_of(text));
}

void pl_json_double(struct pl_json *json, const char *name, double value)
{
    char number[32];

    if (!isfinite(value))
        return;
    begin(json, name);
    pl_num_format(value, number);
    pl_buf_add_text(json->out, number);
}

void pl_json_int(struct pl_json *json, const char *name, int64_t value)
{
    begin(json, name);
    pl_buf_addf(json->out, "%" PRId64, value);
}

void pl_json_bool(struct pl_json *json, const char *name, bool value)
{
    begin(json, name);
    pl_buf_add_text(json->out, value ? "true" : "false");
}

void pl_json_time(struct pl_json *json, const char *name, int64_t time_us)
{
    char stamp[PL_STAMP_BYTES];

    if (time_us != PL_TIME_NONE)
        pl_json_string(json, name, pl_stamp_format(time_us, stamp));
}

void pl_json_raw(struct pl_json *json, const char *name, struct pl_span value)
{
    begin(json, name);
    pl_buf_add_span(json->out, value);
}
