/* The law of the scanner (tests/support/scan_law.h) on any bytes, and the decoder on the same record in every format.
 */
#include "../support/rules_fixture.h"
#include "../support/scan_law.h"

#include "codec/decode.h"
#include "codec/formats.h"

#define FORMATS_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_decoded(const struct pl_decoded *out, unsigned n, enum pl_reject reason)
{
    if (n > PL_DECODED_MAX || (reason && n))
        abort();
    for (unsigned at = 0; at < n; at++)
        if (out[at].unit.len == 0 || out[at].unit.len > 256 || out[at].event.time_us < 0 ||
            (out[at].event.kind == PL_EVENT_EXPOSURE && !pl_span_is_name(out[at].event.experiment)))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct scan_law *law;
    static struct pl_rules *rules;
    static struct pl_decoder *decoders[FORMATS_MAX];
    static struct pl_decoded out[PL_DECODED_MAX];
    struct pl_span json = {(const char *)data, size};
    struct pl_record record = {.topic = pl_span_of("t"), .value = json, .timestamp_us = INT64_C(1785578401000000)};

    if (!law) {
        law = scan_law_new();
        rules = fixture_rules("revenue");
        for (unsigned at = 0; pl_format_name(at) && at < FORMATS_MAX; at++) {
            char name[32];
            struct pl_conf_source source = {.name = "s", .format = name};

            if (!pl_span_copy(pl_span_of(pl_format_name(at)), name, sizeof(name)) ||
                pl_decoder_new(&source, rules, &decoders[at], NULL))
                abort();
        }
    }
    (void)scan_law_check(law, json);
    for (unsigned at = 0; at < FORMATS_MAX && decoders[at]; at++) {
        unsigned n = 0;
        enum pl_reject reason = pl_decode(decoders[at], &record, out, &n);

        check_decoded(out, n, reason);
    }
    return 0;
}
