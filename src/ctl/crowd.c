#include "ctl/crowd.h"

#include "codec/json_out.h"
#include "ctl/world.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUN_US (21 * PL_DAY_US)
#define EXPOSED_US (14 * PL_DAY_US)
#define AFTER_US (40 * PL_DAY_US)
#define BUY_WITHIN_US (6 * PL_DAY_US)
#define LATE_SHARE .1
#define LATE_MAX_US (45 * PL_SECOND_US) /* below the default lateness of 60 s */
#define TWICE_SHARE .01
#define TWICE_MAX_US (5 * PL_MINUTE_US) /* below the default dedup of 10 min */
#define GAIN .30
#define RATE_FIRST .25
#define RATE_LAST .45
#define CHECKOUT_SHARE .4 /* of those who do not buy */

enum what { SAW_VARIANT, VIEWED, BEGAN, BOUGHT };

/* An event and when its record arrives. */
struct happening {
    int64_t arrives_us, time_us;
    uint64_t message;
    unsigned user;
    enum what what;
    bool treated;
};

struct crowd {
    const struct pl_crowd_plan *plan;
    struct pl_random random;
    unsigned index;
    struct happening *list; /* owned */
    size_t n, cap;
    bool failed;
    uint64_t messages;
};

struct pl_crowd_truth pl_crowd_truth(const struct pl_crowd_plan *plan, unsigned index)
{
    struct pl_random random = {plan->seed * 1000003 + index};
    double done = plan->paying ? fmin(1, (double)index / plan->paying) : 1;
    struct pl_crowd_truth truth = {
        .start_us = plan->start_us + (int64_t)index * RUN_US,
        .end_us = plan->start_us + (int64_t)(index + 1) * RUN_US,
        .gain = index < plan->paying ? GAIN * (.8 + .4 * pl_random_unit(&random)) : 0,
        .rate = RATE_FIRST + (RATE_LAST - RATE_FIRST) * done,
    };

    snprintf(truth.name, sizeof(truth.name), PL_WORLD_AREA "_%02u", index + 1);
    return truth;
}

struct pl_control pl_crowd_step(const struct pl_crowd_truth *truth, bool begins)
{
    struct pl_control control = {
        .type = PL_CONTROL_LIFECYCLE,
        .work = PL_WORK_GROWTH,
        .state = begins            ? PL_STARTED
                 : truth->gain > 0 ? PL_SHIPPED
                                   : PL_STOPPED,
        .time_us = begins ? truth->start_us : truth->end_us,
        .start_us = PL_TIME_NONE,
        .area = PL_WORLD_AREA,
        .cost = 1,
        .shipped = true,
        .healthy = true,
        .n_variants = begins ? 2 : 0,
        .variants = {"control", "B"},
        .shares = {.5, .5},
    };

    memcpy(control.experiment, truth->name, sizeof(control.experiment));
    return control;
}

static void push(struct crowd *crowd, const struct happening *happening)
{
    if (crowd->n == crowd->cap) {
        size_t cap = crowd->cap ? crowd->cap * 2 : 4096;
        struct happening *grown = realloc(crowd->list, cap * sizeof(*grown));

        if (!grown) {
            crowd->failed = true;
            return;
        }
        crowd->list = grown;
        crowd->cap = cap;
    }
    crowd->list[crowd->n++] = *happening;
}

/* One event; some arrive late, some again. */
static void add(struct crowd *crowd, struct happening happening)
{
    struct pl_random *random = &crowd->random;

    happening.message = crowd->messages++;
    happening.arrives_us = happening.time_us;
    if (pl_random_unit(random) < LATE_SHARE)
        happening.arrives_us += (int64_t)(pl_random_unit(random) * (double)LATE_MAX_US);
    push(crowd, &happening);
    if (pl_random_unit(random) >= TWICE_SHARE)
        return;
    happening.arrives_us += PL_SECOND_US + (int64_t)(pl_random_unit(random) * (double)TWICE_MAX_US);
    push(crowd, &happening);
}

static int64_t within(struct crowd *crowd, int64_t span_us)
{
    return PL_SECOND_US + (int64_t)(pl_random_unit(&crowd->random) * (double)span_us) / 1000 * 1000;
}

/* What one user does: sees the variant, then the product; perhaps begins to check out, perhaps buys. */
static void live(struct crowd *crowd, unsigned user, int64_t first_us, const struct pl_crowd_truth *truth)
{
    bool treated = pl_random_unit(&crowd->random) < .5;
    double rate = truth->rate * (treated ? 1 + truth->gain : 1);
    bool buys = pl_random_unit(&crowd->random) < rate;
    bool begins = buys || pl_random_unit(&crowd->random) < CHECKOUT_SHARE;
    struct happening happening = {.time_us = first_us, .user = user, .what = SAW_VARIANT, .treated = treated};

    if (crowd->index < crowd->plan->paying + crowd->plan->flat)
        add(crowd, happening);
    happening.time_us += within(crowd, PL_MINUTE_US);
    happening.what = VIEWED;
    add(crowd, happening);
    if (!begins)
        return;
    happening.time_us += within(crowd, PL_HOUR_US);
    happening.what = BEGAN;
    add(crowd, happening);
    if (!buys)
        return;
    happening.time_us += within(crowd, BUY_WITHIN_US);
    happening.what = BOUGHT;
    add(crowd, happening);
}

static int by_arrival(const void *a, const void *b)
{
    const struct happening *x = a, *y = b;

    if (x->arrives_us != y->arrives_us)
        return x->arrives_us < y->arrives_us ? -1 : 1;
    return x->message < y->message ? -1 : x->message > y->message;
}

static void write_line(const struct crowd *crowd, const struct happening *happening, const char *experiment,
                       struct pl_buf *out)
{
    static const char *const names[] = {"Experiment Viewed", "Product Viewed", "Checkout Started", "Order Completed"};
    struct pl_json json = pl_json_to(out);
    char text[64];

    pl_buf_clear(out);
    pl_json_open(&json, NULL, '{');
    pl_json_text(&json, "type", "track");
    pl_json_text(&json, "event", names[happening->what]);
    snprintf(text, sizeof(text), "user-%02u-%05u", crowd->index + 1, happening->user);
    pl_json_text(&json, "userId", text);
    snprintf(text, sizeof(text), "msg-%02u-%06" PRIu64, crowd->index + 1, happening->message);
    pl_json_text(&json, "messageId", text);
    pl_json_time(&json, "timestamp", happening->time_us);
    pl_json_open(&json, "properties", '{');
    if (happening->what == SAW_VARIANT) {
        pl_json_text(&json, "experiment_id", experiment);
        pl_json_text(&json, "variation_id", happening->treated ? "B" : "control");
    }
    pl_json_close(&json, '}');
    pl_json_close(&json, '}');
}

static enum pl_status write_all(struct crowd *crowd, const char *experiment, pl_crowd_line_fn line, void *ctx,
                                struct pl_err *err)
{
    enum pl_status status = PL_OK;
    struct pl_buf text = {0};

    qsort(crowd->list, crowd->n, sizeof(*crowd->list), by_arrival);
    for (size_t at = 0; at < crowd->n && !status; at++) {
        write_line(crowd, &crowd->list[at], experiment, &text);
        if (!pl_buf_ok(&text))
            status = pl_err_set(err, PL_ERR_NOMEM, "no memory for an event");
        else if (!line(ctx, pl_buf_span(&text)))
            status = pl_err_set(err, PL_ERR_IO, "the events cannot be written");
    }
    pl_buf_fini(&text);
    return status;
}

enum pl_status pl_crowd_events(const struct pl_crowd_plan *plan, unsigned index, pl_crowd_line_fn line, void *ctx,
                               struct pl_err *err)
{
    struct crowd crowd = {.plan = plan, .index = index, .random = {plan->seed * 7919 + index}};
    struct pl_crowd_truth truth = pl_crowd_truth(plan, index);
    int64_t span_us = index < plan->paying + plan->flat ? EXPOSED_US : AFTER_US;
    enum pl_status status;

    for (unsigned user = 0; user < plan->users; user++)
        live(&crowd, user, truth.start_us + (int64_t)(pl_random_unit(&crowd.random) * (double)span_us) / 1000 * 1000,
             &truth);
    status = crowd.failed ? pl_err_set(err, PL_ERR_NOMEM, "no memory for %u users", plan->users)
                          : write_all(&crowd, truth.name, line, ctx, err);
    free(crowd.list);
    return status;
}
