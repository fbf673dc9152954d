/* The advice table (statistics.md 2.8): every combination of inputs against the table written as data. */
#include "core/judge/advice.h"
#include "support/near.h"

#include <string.h>

/* Flags of pl_facts as bits, so that a row can name those it asks for. */
enum {
    INPUT_BAD = 1 << 0,
    UNHEALTHY = 1 << 1,
    HOLLOW = 1 << 2,
    DERIVE_RISING = 1 << 3,
    JACKPOT_OK = 1 << 4,
    DWELL_OK = 1 << 5,
    HOLDOUT = 1 << 6,
    VALUE_MEASURED = 1 << 7,
    ONCE_YIELDING = 1 << 8,
    POLICY_NEW = 1 << 9,
    DELIVER_GAP = 1 << 10,
    CREATE_GAP = 1 << 11,
    FLAGS = 1 << 12,
};

/* Sets of values of the four-and-more-valued inputs; ANY is every value, unknown included. */
#define ANY 0xffu
#define IS(value) (1u << (value))
#define NOT(value) (ANY & ~IS(value))

struct line {
    const char *number;
    unsigned programme, funnel, delivery, value;
    unsigned flags; /* all of them are needed */
    enum pl_verdict verdict;
};

/* "First match wins." A line of the table that says "or" stands here once for each side. */
static const struct line table[] = {
    {"1", ANY, ANY, ANY, ANY, INPUT_BAD, PL_NO_VERDICT},
    {"1", ANY, ANY, ANY, ANY, UNHEALTHY, PL_NO_VERDICT},
    {"2", ANY, ANY, ANY, ANY, HOLLOW, PL_HOLLOW_GROWTH},
    {"3", ANY, ANY, ANY, IS(PL_TREND_FALLING), DERIVE_RISING, PL_DERIVING},
    {"4", ANY, ANY, IS(PL_DELIVERY_GAP), NOT(PL_TREND_FALLING), 0, PL_DELIVER_EXISTING},
    {"5", IS(PL_FLAT), IS(PL_TREND_RISING), ANY, ANY, 0, PL_CONTRADICTION},
    {"6", IS(PL_FLAT), ANY, ANY, ANY, JACKPOT_OK | DWELL_OK, PL_SHIFT_TO_CORE},
    {"7", IS(PL_FLAT), ANY, ANY, ANY, 0, PL_PREPARE_CORE},
    {"7", IS(PL_FLATTENING), ANY, ANY, ANY, 0, PL_PREPARE_CORE},
    {"7", ANY, ANY, ANY, ANY, HOLDOUT, PL_PREPARE_CORE},
    {"8", IS(PL_YIELDING), ANY, ANY, ANY, 0, PL_KEEP_OPTIMISING},
    {"8", IS(PL_RISING), ANY, ANY, ANY, 0, PL_KEEP_OPTIMISING},
    {"9", ANY, ANY, ANY, ANY, 0, PL_NO_VERDICT},
};

#define LINES (sizeof(table) / sizeof(table[0]))

static size_t walk(const struct pl_facts *facts, unsigned flags)
{
    size_t at = 0;

    while (!(table[at].programme & IS(facts->programme)) || !(table[at].funnel & IS(facts->funnel)) ||
           !(table[at].delivery & IS(facts->delivery)) || !(table[at].value & IS(facts->value)) ||
           (table[at].flags & flags) != table[at].flags)
        at++;
    return at;
}

static void set_flags(struct pl_facts *facts, unsigned flags)
{
    facts->input_bad = flags & INPUT_BAD;
    facts->unhealthy = flags & UNHEALTHY;
    facts->hollow = flags & HOLLOW;
    facts->derive_rising = flags & DERIVE_RISING;
    facts->jackpot_ok = flags & JACKPOT_OK;
    facts->dwell_ok = flags & DWELL_OK;
    facts->holdout = flags & HOLDOUT;
    facts->value_measured = flags & VALUE_MEASURED;
    facts->once_yielding = flags & ONCE_YIELDING;
    facts->policy_new = flags & POLICY_NEW;
    facts->deliver_gap = flags & DELIVER_GAP;
    facts->create_gap = flags & CREATE_GAP;
}

/* What row 6 adds: the conditions in the words of the table. */
static void check_shift(const struct pl_facts *facts, const struct pl_advice *got)
{
    bool complete = facts->once_yielding && facts->funnel == PL_TREND_STABLE && facts->delivery == PL_DELIVERED &&
                    facts->value_measured && !facts->policy_new;

    assert_int_equal(got->grade, complete ? PL_CONFIRMED : PL_UNCONFIRMED);
    assert_int_equal(got->missing == 0, complete);
    assert_int_equal((got->missing & PL_MISSING_ONCE_YIELDING) != 0, !facts->once_yielding);
    assert_int_equal((got->missing & PL_MISSING_FUNNEL_STABLE) != 0, facts->funnel != PL_TREND_STABLE);
    assert_int_equal((got->missing & PL_MISSING_DELIVERED) != 0, facts->delivery != PL_DELIVERED);
    assert_int_equal((got->missing & PL_MISSING_VALUE) != 0, !facts->value_measured);
    assert_int_equal((got->missing & PL_MISSING_POLICY_AGE) != 0, facts->policy_new);
    assert_int_equal(got->urgent, facts->value == PL_TREND_FALLING);
    assert_int_equal(got->repair_first, facts->funnel == PL_TREND_FALLING);
}

/* The sign of what the experiments say; without one what the features say, deliver before create. */
static int lean_of(const struct pl_facts *facts)
{
    int sign = (facts->posterior_mean > 0.) - (facts->posterior_mean < 0.);

    return sign ? sign : facts->deliver_gap ? 1 : -(int)facts->create_gap;
}

static void check(const struct pl_facts *facts, size_t line)
{
    struct pl_advice got = pl_advise(facts);
    const char *number = table[line].number;
    bool last = strcmp(number, "9") == 0;

    if (got.verdict != table[line].verdict)
        fail_msg("row %s: %s", number, pl_verdict_name(got.verdict));
    assert_int_equal(got.reason, strcmp(number, "1") == 0 ? PL_REASON_HEALTH
                                 : last                   ? PL_REASON_PROGRAMME
                                                          : PL_REASON_NONE);
    if (got.verdict == PL_SHIFT_TO_CORE)
        check_shift(facts, &got);
    else
        assert_true(got.grade == PL_UNGRADED && got.missing == 0 && !got.urgent && !got.repair_first);
    assert_int_equal(got.lean, last ? lean_of(facts) : 0);
}

static void every_combination(void **state)
{
    static const double means[] = {(double)NAN, -.1, 0., .1};
    unsigned seen[LINES] = {0};
    (void)state;

    for (unsigned code = 0; code < 5 * 5 * 4 * 5 * FLAGS; code++) {
        unsigned rest = code / FLAGS;
        struct pl_facts facts = {.posterior_mean = means[code % 4 ^ rest % 4]};

        facts.programme = (enum pl_programme_state)(rest % 5);
        facts.funnel = (enum pl_trend_verdict)(rest / 5 % 5);
        facts.value = (enum pl_trend_verdict)(rest / 25 % 5);
        facts.delivery = (enum pl_delivery)(rest / 125);
        set_flags(&facts, code % FLAGS);
        size_t line = walk(&facts, code % FLAGS);

        seen[line]++;
        check(&facts, line);
    }
    for (size_t at = 0; at < LINES; at++)
        assert_true(seen[at] > 0);
}

/* Unknown P, B and V never block a proven programme: they make it unconfirmed and are named. */
static void unknown_inputs_never_block(void **state)
{
    struct pl_facts facts = {.programme = PL_FLAT,
                             .jackpot_ok = true,
                             .dwell_ok = true,
                             .once_yielding = true,
                             .posterior_mean = (double)NAN};
    struct pl_advice got = pl_advise(&facts);
    (void)state;

    assert_int_equal(got.verdict, PL_SHIFT_TO_CORE);
    assert_int_equal(got.grade, PL_UNCONFIRMED);
    assert_int_equal(got.missing, PL_MISSING_FUNNEL_STABLE | PL_MISSING_DELIVERED | PL_MISSING_VALUE);
    facts.programme = PL_YIELDING;
    assert_int_equal(pl_advise(&facts).verdict, PL_KEEP_OPTIMISING);
    facts = (struct pl_facts){.delivery = PL_DELIVERY_GAP, .posterior_mean = (double)NAN}; /* no experiment at all */
    assert_int_equal(pl_advise(&facts).verdict, PL_DELIVER_EXISTING);
    facts = (struct pl_facts){.posterior_mean = (double)NAN};
    got = pl_advise(&facts);
    assert_int_equal(got.verdict, PL_NO_VERDICT);
    assert_int_equal(got.lean, 0);
}

static void names(void **state)
{
    (void)state;

    for (enum pl_verdict verdict = PL_NO_VERDICT; verdict <= PL_HOLLOW_GROWTH; verdict++) {
        enum pl_verdict found = PL_NO_VERDICT;

        assert_true(pl_verdict_find(pl_verdict_name(verdict), &found));
        assert_int_equal(found, verdict);
    }
    assert_string_equal(pl_verdict_name(PL_SHIFT_TO_CORE), "SHIFT_TO_CORE");
    enum pl_verdict untouched = PL_DERIVING;
    assert_false(pl_verdict_find("SHIFT", &untouched));
    assert_int_equal(untouched, PL_DERIVING);
    assert_string_equal(pl_grade_name(PL_UNGRADED), "");
    assert_string_equal(pl_grade_name(PL_UNCONFIRMED), "unconfirmed");
    assert_string_equal(pl_grade_name(PL_CONFIRMED), "confirmed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination),
        cmocka_unit_test(unknown_inputs_never_block),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
