/* Nanoseconds per event of the decoder's stages, on 300-byte Segment events: the scanner alone, cJSON alone, and the
 * whole of pl_decode. Run by hand on a quiet machine: bench_decode [rounds]. Each figure is the best of 7 runs.
 */
#include "codec/decode.h"
#include "codec/slow_json.h"
#include "support/rules_fixture.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define N_EVENTS 512
#define EVENT_BYTES 768

static char events[N_EVENTS][EVENT_BYTES];
static struct pl_span spans[N_EVENTS];

enum shape { ACTION, UNMATCHED, EXPOSURE, ESCAPED, POSTHOG };

static void make_segment(char *out, unsigned at, const char *event, const char *properties)
{
    snprintf(
        out, EVENT_BYTES,
        "{\"type\":\"track\",\"event\":\"%s\",\"userId\":\"user-%08u\",\"messageId\":\"ajs-next-%08x-4222-8333-%012x\","
        "\"timestamp\":\"2026-08-01T10:%02u:%02u.%03uZ\",\"properties\":{%s},"
        "\"context\":{\"page\":{\"path\":\"/checkout/done\"},\"locale\":\"de-DE\",\"ip\":\"203.0.113.9\"}}",
        event, at * 7919u, at * 2654435761u, at * 40503u, at % 60, at * 7 % 60, at * 13 % 1000, properties);
}

static void make_events(enum shape shape)
{
    for (unsigned at = 0; at < N_EVENTS; at++) {
        char *out = events[at];

        if (shape == ACTION)
            make_segment(out, at, "Order Completed", "\"revenue\":19.99,\"currency\":\"EUR\",\"coupon\":null");
        else if (shape == UNMATCHED)
            make_segment(out, at, "Page Scrolled", "\"revenue\":19.99,\"currency\":\"EUR\",\"coupon\":null");
        else if (shape == EXPOSURE)
            make_segment(out, at, "Experiment Viewed", "\"experiment_id\":\"checkout_1\",\"variation_id\":\"B\"");
        else if (shape == ESCAPED)
            make_segment(out, at, "Order\\u0020Completed", "\"revenue\":19.99,\"currency\":\"EUR\",\"coupon\":null");
        else
            snprintf(out, EVENT_BYTES,
                     "{\"uuid\":\"0190%08x-7f22-8333-%012x\",\"event\":\"Order Completed\",\"team_id\":2,"
                     "\"distinct_id\":\"user-%08u\",\"timestamp\":\"2026-08-01 10:00:00.123000\",\"properties\":"
                     "\"{\\\"$lib\\\":\\\"web\\\",\\\"$os\\\":\\\"Linux\\\",\\\"$browser\\\":\\\"Firefox\\\","
                     "\\\"revenue\\\":19.99,\\\"currency\\\":\\\"EUR\\\"}\"}",
                     at, at, at);
        spans[at] = pl_span_of(out);
    }
}

static double now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

struct job {
    struct pl_decoder *decoder;
    struct pl_scan_plan plan;
    struct pl_decoded out[PL_DECODED_MAX];
};

typedef void (*job_fn)(struct job *job, struct pl_span json);

static void run_scan(struct job *job, struct pl_span json)
{
    struct pl_scan_found found;

    if (pl_scan(&job->plan, json, &found))
        abort();
    __asm__ volatile("" : : "r"(&found) : "memory");
}

static void run_cjson(struct job *job, struct pl_span json)
{
    cJSON *root = cJSON_ParseWithLength(json.ptr, json.len);

    (void)job;
    if (!cJSON_GetObjectItemCaseSensitive(root, "event"))
        abort();
    cJSON_Delete(root);
}

static void run_decode(struct job *job, struct pl_span json)
{
    struct pl_record record = {
        .topic = pl_span_of("product.events"), .value = json, .timestamp_us = INT64_C(1785582000000000)};
    unsigned n;

    if (pl_decode(job->decoder, &record, job->out, &n) || n != 1)
        abort();
}

static void measure(const char *what, job_fn run, struct job *job, unsigned rounds)
{
    double best = 1e300, bytes = 0;

    for (unsigned at = 0; at < N_EVENTS; at++)
        bytes += (double)spans[at].len / N_EVENTS;
    for (int repeat = 0; repeat < 7; repeat++) {
        double start = now_ns(), ns;

        for (unsigned round = 0; round < rounds; round++)
            for (unsigned at = 0; at < N_EVENTS; at++)
                run(job, spans[at]);
        ns = (now_ns() - start) / ((double)rounds * N_EVENTS);
        best = ns < best ? ns : best;
    }
    printf("%-44s %7.1f ns/event  %4.0f bytes  %6.0f MB/s\n", what, best, bytes, bytes / best * 1000);
}

static void want(struct pl_scan_plan *plan, const char *path)
{
    struct pl_span keys[4], rest = pl_span_of(path);
    unsigned n = 0, slot;

    while (rest.ptr && n < 4)
        keys[n++] = pl_span_cut(&rest, '.');
    if (!pl_scan_plan_add(plan, keys, n, false, &slot))
        abort();
}

static struct pl_decoder *make_decoder(const struct pl_rules *rules, char *format)
{
    struct pl_conf_source source = {.name = "bench", .format = format};
    struct pl_decoder *decoder;
    struct pl_err err;

    if (pl_decoder_new(&source, rules, &decoder, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    return decoder;
}

int main(int argc, char **argv)
{
    static const char *const paths[] = {"type",   "event",       "timestamp", "originalTimestamp", "receivedAt",
                                        "userId", "anonymousId", "messageId", "properties.revenue"};
    char segment[] = "segment", posthog[] = "posthog";
    unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 400;
    struct pl_rules *rules = fixture_rules("revenue");
    static struct job job;

    pl_scan_plan_init(&job.plan);
    for (size_t at = 0; at < sizeof(paths) / sizeof(*paths); at++)
        want(&job.plan, paths[at]);
    job.decoder = make_decoder(rules, segment);
    make_events(ACTION);
    measure("scan, 9 fields wanted", run_scan, &job, rounds);
    measure("cJSON, parsed and freed", run_cjson, &job, rounds / 8 + 1);
    measure("decode: action with value", run_decode, &job, rounds);
    make_events(UNMATCHED);
    measure("decode: action that no rule reads", run_decode, &job, rounds);
    make_events(EXPOSURE);
    measure("decode: exposure", run_decode, &job, rounds);
    make_events(ESCAPED);
    measure("decode: escaped event name, through cJSON", run_decode, &job, rounds / 8 + 1);
    pl_decoder_free(job.decoder);
    job.decoder = make_decoder(rules, posthog);
    make_events(POSTHOG);
    measure("decode: PostHog, properties in a string", run_decode, &job, rounds);
    pl_decoder_free(job.decoder);
    pl_rules_free(rules);
    return 0;
}
