#include "ctl/people.h"

#include "codec/json_out.h"
#include "util/stamp.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846
#define WEEKS_A_YEAR 52.1775
#define PHONE_LOGIT (-.8) /* fewer reach the goal with one */
#define SPREAD .5         /* of prices: standard deviation of the logarithm */
#define EVENING_US (18 * PL_HOUR_US)
#define EVENING_MS 7200000

/* What happens: a step of the funnel, value, then three events for each feature. */
enum { VALUE = PL_PEOPLE_STEPS, OFFERED, SEEN, USED, KINDS = 3 };

struct happening {
    int64_t time_us;
    uint32_t user, number; /* of the user's events */
    uint32_t code;
    float amount;
};

/* What a user knows of a feature. */
enum knows { UNKNOWN, KNOWN, TRIED, KEPT };

struct crowd {
    const struct pl_people *people;
    int64_t start_us;
    unsigned features;
    struct happening *list; /* owned */
    size_t n, cap;
    unsigned char *knows; /* owned: of the user who lives now */
    bool failed;
};

/* The user who lives now. */
struct user {
    struct pl_random random;
    uint32_t id, number;
};

static double season_of(double amplitude, unsigned week)
{
    return amplitude * sin(2 * PI * week / WEEKS_A_YEAR);
}

double pl_people_traffic(const struct pl_people *people, unsigned week)
{
    double half = people->halved > 0 && week >= people->halved ? .5 : 1;

    return half * (1 + season_of(people->season, week));
}

unsigned pl_people_features(const struct pl_people *people)
{
    unsigned n = 0;

    for (unsigned at = 0; at < people->n_habits; at++)
        n += people->habits[at].copies ? people->habits[at].copies : 1;
    return n;
}

const struct pl_habit *pl_people_feature(const struct pl_people *people, unsigned feature,
                                         char name[PL_PEOPLE_EVENT_BYTES])
{
    const struct pl_habit *habit = people->habits;

    for (; feature >= (habit->copies ? habit->copies : 1); habit++)
        feature -= habit->copies ? habit->copies : 1;
    if (habit->copies)
        snprintf(name, PL_PEOPLE_EVENT_BYTES, "%s %03u", habit->name, feature + 1);
    else
        snprintf(name, PL_PEOPLE_EVENT_BYTES, "%s", habit->name);
    return habit;
}

static bool chance(struct user *user, double share)
{
    return pl_random_unit(&user->random) < share;
}

static void add(struct crowd *crowd, struct user *user, int64_t time_us, uint32_t code, double amount)
{
    if (crowd->n == crowd->cap) {
        size_t cap = crowd->cap ? 2 * crowd->cap : 65536;
        struct happening *list = realloc(crowd->list, cap * sizeof(*list));

        if (!list) {
            crowd->failed = true;
            return;
        }
        crowd->list = list;
        crowd->cap = cap;
    }
    crowd->list[crowd->n++] = (struct happening){
        .time_us = time_us, .user = user->id, .number = user->number++, .code = code, .amount = (float)amount};
}

/* A few minutes at most, in whole milliseconds. */
static int64_t soon(struct user *user)
{
    return (1000 + (int64_t)(pl_random_unit(&user->random) * 240000)) * 1000;
}

static double goes_through(const struct pl_people *people, struct user *user, unsigned week)
{
    double logit = log(people->done / (1 - people->done)) + people->done_drift * (week - people->from_week);
    bool phone = people->mix > 0 && chance(user, .5 + season_of(people->mix, week));

    return 1 / (1 + exp(-(logit + (phone ? PHONE_LOGIT : 0))));
}

static int64_t walk(struct crowd *crowd, struct user *user, unsigned week, int64_t time_us)
{
    const struct pl_people *people = crowd->people;
    unsigned since = week - people->from_week;
    double amount = 0;

    add(crowd, user, time_us, 0, 0);
    if (!chance(user, people->begun))
        return time_us;
    add(crowd, user, time_us += soon(user), 1, 0);
    if (!chance(user, goes_through(people, user, week)))
        return time_us;
    if (people->price > 0)
        amount = people->price *
                 exp(people->price_drift * since + SPREAD * pl_random_normal(&user->random) - SPREAD * SPREAD / 2);
    add(crowd, user, time_us += soon(user), 2, amount);
    return time_us;
}

static int64_t meet(struct crowd *crowd, struct user *user, unsigned feature, const struct pl_habit *habit,
                    int64_t time_us)
{
    unsigned char *knows = &crowd->knows[feature];
    uint32_t code = KINDS * feature;

    if (habit->offered > 0) {
        if (!chance(user, habit->offered))
            return time_us;
        add(crowd, user, time_us += soon(user), code + OFFERED, 0);
    }
    if (*knows == KEPT && chance(user, habit->used))
        add(crowd, user, time_us += soon(user), code + USED, 0);
    if (*knows != UNKNOWN || !chance(user, habit->met))
        return time_us;
    *knows = KNOWN;
    add(crowd, user, time_us += soon(user), code + SEEN, 0);
    if (!chance(user, habit->tried))
        return time_us;
    *knows = chance(user, habit->kept) ? KEPT : TRIED;
    add(crowd, user, time_us += soon(user), code + USED, 0);
    return time_us;
}

static void visit(struct crowd *crowd, struct user *user, unsigned week, int64_t time_us)
{
    const struct pl_people *people = crowd->people;
    unsigned feature = 0;

    if (people->steps[0])
        time_us = walk(crowd, user, week, time_us);
    if (people->value && chance(user, people->valued * exp(people->valued_drift * (week - people->from_week))))
        add(crowd, user, time_us += soon(user), VALUE, 0);
    for (unsigned at = 0; at < people->n_habits; at++) {
        const struct pl_habit *habit = &people->habits[at];

        for (unsigned end = feature + (habit->copies ? habit->copies : 1); feature < end; feature++)
            if (week >= habit->launched)
                time_us = meet(crowd, user, feature, habit, time_us);
    }
}

/* A day of the week from Monday 0: the weekend has its share. */
static unsigned day_of(const struct pl_people *people, struct user *user)
{
    double weekend = people->weekend > 0 ? people->weekend : 2. / 7;

    if (chance(user, weekend))
        return 5 + (unsigned)(2 * pl_random_unit(&user->random));
    return (unsigned)(5 * pl_random_unit(&user->random));
}

/* In the evening, and over before midnight. Short evenings: an hour without events costs plateaud nothing. */
static int64_t time_of(const struct crowd *crowd, struct user *user, unsigned week, unsigned day)
{
    return crowd->start_us + week * PL_WEEK_US + day * PL_DAY_US + EVENING_US +
           (int64_t)(pl_random_unit(&user->random) * EVENING_MS) * 1000;
}

static void live(struct crowd *crowd, struct user *user, unsigned joined)
{
    const struct pl_people *people = crowd->people;
    unsigned end = people->from_week + people->weeks;

    if (crowd->features)
        memset(crowd->knows, UNKNOWN, crowd->features);
    for (unsigned week = joined; week < end; week++) {
        unsigned day, other;

        if (week > joined && chance(user, week == people->halved ? .5 : people->leaving))
            return;
        /* who joins comes */
        if (!(week == joined && joined > people->from_week) &&
            !chance(user, people->visiting * (1 + season_of(people->season, week))))
            continue;
        day = day_of(people, user);
        other = chance(user, people->again) ? day_of(people, user) : day;
        visit(crowd, user, week, time_of(crowd, user, week, day < other ? day : other));
        if (day != other)
            visit(crowd, user, week, time_of(crowd, user, week, day < other ? other : day));
    }
}

static void live_all(struct crowd *crowd, uint64_t seed)
{
    const struct pl_people *people = crowd->people;
    double joiners = 0;
    uint32_t id = 0;

    for (unsigned week = people->from_week; week < people->from_week + people->weeks; week++) {
        double come = week == people->from_week ? people->users
                                                : people->joining * people->users * pl_people_traffic(people, week);

        for (joiners += come; joiners >= 1; joiners--, id++) {
            struct user user = {.random = {seed * UINT64_C(0x2545f4914f6cdd1d) + id * UINT64_C(7919)}, .id = id};

            live(crowd, &user, week);
        }
    }
}

static int by_time(const void *a, const void *b)
{
    const struct happening *x = a, *y = b;

    if (x->time_us != y->time_us)
        return x->time_us < y->time_us ? -1 : 1;
    if (x->user != y->user)
        return x->user < y->user ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

static void name_of(const struct crowd *crowd, uint32_t code, char event[PL_PEOPLE_EVENT_BYTES + 16])
{
    static const char *const kinds[KINDS] = {"Offered", "Seen", "Used"};
    char feature[PL_PEOPLE_EVENT_BYTES];

    if (code <= VALUE) {
        snprintf(event, PL_PEOPLE_EVENT_BYTES + 16, "%s",
                 code < VALUE ? crowd->people->steps[code] : crowd->people->value);
        return;
    }
    (void)pl_people_feature(crowd->people, (code - OFFERED) / KINDS, feature);
    snprintf(event, PL_PEOPLE_EVENT_BYTES + 16, "%s %s", feature, kinds[(code - OFFERED) % KINDS]);
}

static void write_line(const struct crowd *crowd, const struct happening *happening, struct pl_buf *out)
{
    struct pl_json json = pl_json_to(out);
    char text[PL_PEOPLE_EVENT_BYTES + 16];

    pl_buf_clear(out);
    pl_json_open(&json, NULL, '{');
    pl_json_text(&json, "type", "track");
    name_of(crowd, happening->code, text);
    pl_json_text(&json, "event", text);
    snprintf(text, sizeof(text), "user-%05" PRIu32, happening->user + 1);
    pl_json_text(&json, "userId", text);
    snprintf(text, sizeof(text), "msg-%05" PRIu32 "-%04" PRIu32, happening->user + 1, happening->number + 1);
    pl_json_text(&json, "messageId", text);
    pl_json_time(&json, "timestamp", happening->time_us);
    pl_json_open(&json, "properties", '{');
    if (happening->amount > 0)
        pl_json_number(&json, "revenue", round((double)happening->amount * 100) / 100);
    pl_json_close(&json, '}');
    pl_json_close(&json, '}');
}

static enum pl_status write_all(struct crowd *crowd, pl_people_line_fn line, void *ctx, struct pl_err *err)
{
    enum pl_status status = PL_OK;
    struct pl_buf text = {0};

    if (crowd->n)
        qsort(crowd->list, crowd->n, sizeof(*crowd->list), by_time);
    for (size_t at = 0; at < crowd->n && !status; at++) {
        write_line(crowd, &crowd->list[at], &text);
        if (!pl_buf_ok(&text))
            status = pl_err_set(err, PL_ERR_NOMEM, "no memory for an event");
        else if (!line(ctx, pl_buf_span(&text)))
            status = pl_err_set(err, PL_ERR_IO, "the events cannot be written");
    }
    pl_buf_fini(&text);
    return status;
}

enum pl_status pl_people_events(const struct pl_people *people, int64_t start_us, uint64_t seed, pl_people_line_fn line,
                                void *ctx, struct pl_err *err)
{
    struct crowd crowd = {.people = people, .start_us = start_us, .features = pl_people_features(people)};
    enum pl_status status;

    crowd.knows = malloc(crowd.features + 1);
    crowd.failed = !crowd.knows;
    if (!crowd.failed)
        live_all(&crowd, seed);
    status = crowd.failed ? pl_err_set(err, PL_ERR_NOMEM, "no memory for %u users", people->users)
                          : write_all(&crowd, line, ctx, err);
    free(crowd.knows);
    free(crowd.list);
    return status;
}
