/* A source with its own paths and a record for it: the decoder is refused with a reason, or decodes whatever comes.
 *
 * Input: parts separated by a newline each: format (a name), or `:` and the number of lines of a format file that
 * follow; then when, event, time, unit, id, experiment, variant, exposure_when (an empty one is the format's own); the
 * rest is the record. The law of decoding holds for every accepted event: a unit, a name, a time not in the future.
 */
#include "../support/rules_fixture.h"

#include "codec/decode.h"
#include "codec/formats.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_US INT64_C(1785578401000000)

static void must(bool holds)
{
    if (!holds)
        abort();
}

static char *take_part(struct pl_span *rest)
{
    struct pl_span part = pl_span_cut(rest, '\n');

    return part.len ? pl_span_dup(part) : NULL;
}

/* A format file on its own: its mistakes have a place. */
static void check_format(struct pl_span *rest, size_t lines)
{
    struct pl_span text = *rest;
    struct pl_format format;
    struct pl_err err = {0};

    for (; rest->ptr && lines > 0; lines--)
        (void)pl_span_cut(rest, '\n');
    if (rest->ptr)
        text.len = (size_t)(rest->ptr - text.ptr);
    if (pl_format_parse("f", text, &format, &err))
        must(err.code == PL_ERR_INPUT && strncmp(err.text, "f:", 2) == 0);
    else
        pl_format_fini(&format);
}

static void decode(struct pl_decoder *decoder, struct pl_span value)
{
    static struct pl_decoded out[PL_DECODED_MAX];
    struct pl_record record = {.topic = pl_span_of("t"),
                               .key = pl_span_of("k"),
                               .value = value,
                               .is_null = value.ptr == NULL,
                               .timestamp_us = NOW_US};
    unsigned n = 0;
    enum pl_reject reason = pl_decode(decoder, &record, out, &n);

    must(n <= PL_DECODED_MAX && (!reason || n == 0) && pl_reject_name(reason)[0]);
    for (unsigned at = 0; at < n; at++) {
        must(out[at].unit.len > 0 && out[at].unit.len <= 256);
        must(out[at].event.time_us >= 0 && out[at].event.time_us <= NOW_US);
        if (out[at].event.kind == PL_EVENT_EXPOSURE)
            must(pl_span_is_name(out[at].event.experiment) && out[at].event.variant.len > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pl_rules *rules;
    struct pl_span rest = {(const char *)data, size};
    struct pl_conf_source source = {.name = "s"};
    char **parts[] = {&source.when, &source.event,      &source.time,    &source.unit,
                      &source.id,   &source.experiment, &source.variant, &source.exposure_when};
    struct pl_decoder *decoder = NULL;
    struct pl_err err = {0};

    if (!rules)
        rules = fixture_rules("revenue");
    if (size > 1 && data[0] == ':') {
        size_t lines = data[1] % 32;

        (void)pl_span_cut(&rest, '\n');
        check_format(&rest, lines);
    }
    source.format = take_part(&rest);
    if (!source.format)
        source.format = pl_span_dup(pl_span_of("segment"));
    for (size_t at = 0; at < sizeof(parts) / sizeof(*parts); at++)
        *parts[at] = take_part(&rest);
    if (pl_decoder_new(&source, rules, &decoder, &err) == PL_OK)
        decode(decoder, rest);
    else
        must(err.code == PL_ERR_INPUT && err.text[0]);
    pl_decoder_free(decoder);
    free(source.format);
    for (size_t at = 0; at < sizeof(parts) / sizeof(*parts); at++)
        free(*parts[at]);
    return 0;
}
