/* The edges of alerts (design 10) as scenarios: a verdict per day, the edges expected that day as text. */
#include "core/judge/alert.h"
#include "support/near.h"
#include "support/random.h"
#include "util/stamp.h"

#include <stdio.h>
#include <string.h>

#define HOLD (14 * PL_DAY_US)
#define STEPS_MAX 12

/* One day's tick. Edges are written "STATUS VERDICT[/GRADE] was PREVIOUS since DAY", joined by "; ". */
struct day {
    int day;
    const char *verdict; /* NULL ends the scenario; "health" is NO_VERDICT(health) */
    enum pl_grade grade;
    bool history;
    const char *edges;
    int due; /* day at which a waiting edge may go, -1 for none */
};

struct scenario {
    const char *name;
    struct day days[STEPS_MAX];
};

static const struct scenario scenarios[] = {
    {"silent verdicts never fire",
     {{0, "NO_VERDICT", 0, false, "", -1}, {1, "KEEP_OPTIMISING", 0, false, "", -1}, {2, "health", 0, false, "", -1}}},
    {"fires once, stays, resolves after the interval",
     {{0, "PREPARE_CORE", 0, false, "firing PREPARE_CORE was NO_VERDICT since 0", -1},
      {1, "PREPARE_CORE", 0, false, "", -1},
      {14, "KEEP_OPTIMISING", 0, false, "resolved PREPARE_CORE was PREPARE_CORE since 0", -1},
      {15, "KEEP_OPTIMISING", 0, false, "", -1}}},
    {"one verdict to another: resolved then firing in one tick",
     {{0, "PREPARE_CORE", 0, false, "firing PREPARE_CORE was NO_VERDICT since 0", -1},
      {20, "SHIFT_TO_CORE", PL_UNCONFIRMED, false,
       "resolved PREPARE_CORE was PREPARE_CORE since 0; firing SHIFT_TO_CORE/unconfirmed was PREPARE_CORE since 20",
       -1},
      {40, "CONTRADICTION", 0, false,
       "resolved SHIFT_TO_CORE/unconfirmed was SHIFT_TO_CORE since 20; firing CONTRADICTION was SHIFT_TO_CORE since 40",
       -1}}},
    {"a change of grade is an update",
     {{0, "SHIFT_TO_CORE", PL_UNCONFIRMED, false, "firing SHIFT_TO_CORE/unconfirmed was NO_VERDICT since 0", -1},
      {5, "SHIFT_TO_CORE", PL_CONFIRMED, false, "", 14},
      {14, "SHIFT_TO_CORE", PL_CONFIRMED, false, "updated SHIFT_TO_CORE/confirmed was SHIFT_TO_CORE since 0", -1},
      {15, "SHIFT_TO_CORE", PL_UNCONFIRMED, false, "updated SHIFT_TO_CORE/unconfirmed was SHIFT_TO_CORE since 0", -1}}},
    {"edges inside the interval wait, only the standing verdict is sent at its end",
     {{0, "PREPARE_CORE", 0, false, "firing PREPARE_CORE was NO_VERDICT since 0", -1},
      {3, "KEEP_OPTIMISING", 0, false, "", 14},
      {5, "DERIVING", 0, false, "", 14},
      {9, "HOLLOW_GROWTH", 0, false, "", 14},
      {13, "HOLLOW_GROWTH", 0, false, "", 14},
      {14, "HOLLOW_GROWTH", 0, false,
       "resolved PREPARE_CORE was PREPARE_CORE since 0; firing HOLLOW_GROWTH was PREPARE_CORE since 14", -1},
      {15, "PREPARE_CORE", 0, false, "", 28}}},
    {"back to where it was inside the interval: nothing happened",
     {{0, "PREPARE_CORE", 0, false, "firing PREPARE_CORE was NO_VERDICT since 0", -1},
      {3, "KEEP_OPTIMISING", 0, false, "", 14},
      {9, "PREPARE_CORE", 0, false, "", -1},
      {14, "PREPARE_CORE", 0, false, "", -1}}},
    {"health is exempt: it resolves at once, and what comes back waits",
     {{0, "SHIFT_TO_CORE", PL_CONFIRMED, false, "firing SHIFT_TO_CORE/confirmed was NO_VERDICT since 0", -1},
      {2, "health", 0, false, "resolved SHIFT_TO_CORE/confirmed was SHIFT_TO_CORE since 0", -1},
      {3, "health", 0, false, "", -1},
      {4, "SHIFT_TO_CORE", PL_CONFIRMED, false, "", 14},
      {14, "SHIFT_TO_CORE", PL_CONFIRMED, false, "firing SHIFT_TO_CORE/confirmed was NO_VERDICT since 14", -1}}},
    {"no other NO_VERDICT is exempt",
     {{0, "SHIFT_TO_CORE", PL_CONFIRMED, false, "firing SHIFT_TO_CORE/confirmed was NO_VERDICT since 0", -1},
      {2, "NO_VERDICT", 0, false, "", 14},
      {14, "NO_VERDICT", 0, false, "resolved SHIFT_TO_CORE/confirmed was SHIFT_TO_CORE since 0", -1}}},
    {"history, then its end: one publication",
     {{0, "PREPARE_CORE", 0, true, "", -1},
      {30, "SHIFT_TO_CORE", PL_UNCONFIRMED, true, "", -1},
      {60, "KEEP_OPTIMISING", 0, true, "", -1},
      {90, "SHIFT_TO_CORE", PL_UNCONFIRMED, true, "", -1},
      {91, "SHIFT_TO_CORE", PL_UNCONFIRMED, false, "firing SHIFT_TO_CORE/unconfirmed was NO_VERDICT since 91", -1},
      {92, "SHIFT_TO_CORE", PL_UNCONFIRMED, false, "", -1}}},
    {"history that ends well publishes nothing",
     {{0, "PREPARE_CORE", 0, true, "", -1}, {30, "KEEP_OPTIMISING", 0, false, "", -1}}},
    {"history imported while an alert fires: compared once at its end",
     {{0, "PREPARE_CORE", 0, false, "firing PREPARE_CORE was NO_VERDICT since 0", -1},
      {20, "DERIVING", 0, true, "", -1},
      {21, "health", 0, true, "", -1},
      {22, "SHIFT_TO_CORE", PL_CONFIRMED, false,
       "resolved PREPARE_CORE was PREPARE_CORE since 0; firing SHIFT_TO_CORE/confirmed was PREPARE_CORE since 22",
       -1}}},
    {"a resolution does not start a new interval",
     {{0, "PREPARE_CORE", 0, false, "firing PREPARE_CORE was NO_VERDICT since 0", -1},
      {14, "KEEP_OPTIMISING", 0, false, "resolved PREPARE_CORE was PREPARE_CORE since 0", -1},
      {15, "PREPARE_CORE", 0, false, "firing PREPARE_CORE was NO_VERDICT since 15", -1}}},
};

static struct pl_advice advice_of(const struct day *day)
{
    struct pl_advice advice = {.grade = day->grade};

    if (strcmp(day->verdict, "health") == 0)
        advice.reason = PL_REASON_HEALTH;
    else if (!pl_verdict_find(day->verdict, &advice.verdict))
        fail_msg("no verdict %s", day->verdict);
    else if (advice.verdict == PL_NO_VERDICT)
        advice.reason = PL_REASON_PROGRAMME;
    return advice;
}

static void render(const struct pl_alert_edge *edges, unsigned n, char *out, size_t cap)
{
    size_t len = 0;

    out[0] = '\0';
    for (unsigned at = 0; at < n; at++) {
        const char *grade = pl_grade_name(edges[at].grade);

        len += (size_t)snprintf(out + len, cap - len, "%s%s %s%s%s was %s since %d", at ? "; " : "",
                                pl_alert_status_name(edges[at].status), pl_verdict_name(edges[at].verdict),
                                *grade ? "/" : "", grade, pl_verdict_name(edges[at].previous),
                                (int)(edges[at].starts_us / PL_DAY_US));
        assert_true(len < cap);
    }
}

static void play(const struct scenario *scenario)
{
    struct pl_alert_state state = pl_alert_state_init();

    for (const struct day *day = scenario->days; day->verdict; day++) {
        struct pl_advice advice = advice_of(day);
        struct pl_alert_edge edges[PL_ALERT_EDGES_MAX];
        int64_t tick_us = day->day * PL_DAY_US;
        char got[256];

        state.in_history = day->history;
        unsigned n = pl_alert_step(&state, &advice, tick_us, HOLD, edges);
        render(edges, n, got, sizeof(got));
        if (strcmp(got, day->edges) != 0)
            fail_msg("%s, day %d: \"%s\", not \"%s\"", scenario->name, day->day, got, day->edges);
        for (unsigned at = 0; at < n; at++)
            assert_true(edges[at].tick_us == tick_us);
        int64_t due_us = pl_alert_due(&state, &advice, HOLD);
        if (due_us != (day->due < 0 ? PL_TIME_NONE : day->due * PL_DAY_US))
            fail_msg("%s, day %d: due %lld", scenario->name, day->day, (long long)due_us);
    }
}

static void scenarios_hold(void **state)
{
    (void)state;

    for (size_t at = 0; at < sizeof(scenarios) / sizeof(scenarios[0]); at++)
        play(&scenarios[at]);
}

/* Whatever verdicts come: firings are 14 days apart, every resolved matches the firing before it, nothing fires twice,
 * and after a quiet interval the alert is the standing verdict. */
static void random_verdicts_keep_the_promises(void **state)
{
    struct pl_random random = {4};
    (void)state;

    for (unsigned path = 0; path < 200; path++) {
        struct pl_alert_state alert = pl_alert_state_init();
        struct pl_advice advice = {0};
        struct pl_alert_edge open = {0};
        bool firing = false;
        int64_t last_us = -HOLD;

        for (int day = 0; day < 300; day++) {
            struct pl_alert_edge edges[PL_ALERT_EDGES_MAX];

            if (random_bits(&random) % 5 == 0 && day < 280) {
                advice.verdict = (enum pl_verdict)(random_bits(&random) % 8);
                advice.grade = advice.verdict == PL_SHIFT_TO_CORE ? (enum pl_grade)(1 + random_bits(&random) % 2) : 0;
                advice.reason = advice.verdict == PL_NO_VERDICT && random_bits(&random) % 2 ? PL_REASON_HEALTH : 0;
            }
            unsigned n = pl_alert_step(&alert, &advice, day * PL_DAY_US, HOLD, edges);
            for (unsigned at = 0; at < n; at++) {
                if (edges[at].status == PL_ALERT_FIRING) {
                    assert_false(firing);
                    assert_true(edges[at].tick_us - last_us >= HOLD);
                    assert_true(edges[at].starts_us == edges[at].tick_us);
                    last_us = edges[at].tick_us;
                    open = edges[at];
                } else {
                    assert_true(firing);
                    assert_int_equal(edges[at].verdict, open.verdict);
                    assert_true(edges[at].starts_us == open.starts_us);
                }
                firing = edges[at].status != PL_ALERT_RESOLVED;
            }
        }
        bool wanted = advice.verdict != PL_NO_VERDICT && advice.verdict != PL_KEEP_OPTIMISING;
        assert_int_equal(firing, wanted);
        assert_true(!wanted || (open.verdict == advice.verdict && alert.grade == advice.grade));
    }
}

static void severities(void **state)
{
    (void)state;

    for (enum pl_verdict verdict = PL_NO_VERDICT; verdict <= PL_HOLLOW_GROWTH; verdict++) {
        bool warns = verdict == PL_SHIFT_TO_CORE || verdict == PL_DELIVER_EXISTING || verdict == PL_HOLLOW_GROWTH ||
                     verdict == PL_DERIVING;

        assert_string_equal(pl_alert_severity(verdict), warns ? "warning" : "info");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scenarios_hold),
        cmocka_unit_test(random_verdicts_keep_the_promises),
        cmocka_unit_test(severities),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
