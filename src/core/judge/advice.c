#include "core/judge/advice.h"

#include <string.h>

static const char *const verdict_names[] = {
    [PL_NO_VERDICT] = "NO_VERDICT",       [PL_KEEP_OPTIMISING] = "KEEP_OPTIMISING",
    [PL_PREPARE_CORE] = "PREPARE_CORE",   [PL_SHIFT_TO_CORE] = "SHIFT_TO_CORE",
    [PL_CONTRADICTION] = "CONTRADICTION", [PL_DELIVER_EXISTING] = "DELIVER_EXISTING",
    [PL_DERIVING] = "DERIVING",           [PL_HOLLOW_GROWTH] = "HOLLOW_GROWTH",
};

#define VERDICTS (sizeof(verdict_names) / sizeof(verdict_names[0]))

static unsigned missing_conditions(const struct pl_facts *facts)
{
    unsigned missing = 0;

    if (!facts->once_yielding)
        missing |= PL_MISSING_ONCE_YIELDING;
    if (facts->funnel != PL_TREND_STABLE)
        missing |= PL_MISSING_FUNNEL_STABLE;
    if (facts->delivery != PL_DELIVERED)
        missing |= PL_MISSING_DELIVERED;
    if (!facts->value_measured)
        missing |= PL_MISSING_VALUE;
    if (facts->policy_new)
        missing |= PL_MISSING_POLICY_AGE;
    return missing;
}

static struct pl_advice shift(const struct pl_facts *facts)
{
    unsigned missing = missing_conditions(facts);

    return (struct pl_advice){
        .verdict = PL_SHIFT_TO_CORE,
        .grade = missing ? PL_UNCONFIRMED : PL_CONFIRMED,
        .missing = missing,
        .urgent = facts->value == PL_TREND_FALLING,
        .repair_first = facts->funnel == PL_TREND_FALLING,
    };
}

static struct pl_advice verdict(enum pl_verdict which)
{
    return (struct pl_advice){.verdict = which};
}

/* Where it seems to go, for display: what the experiments say, else what the features say. */
static int lean_of(const struct pl_facts *facts)
{
    if (facts->posterior_mean > 0. || facts->posterior_mean < 0.)
        return facts->posterior_mean > 0. ? 1 : -1;
    if (facts->deliver_gap)
        return 1;
    return facts->create_gap ? -1 : 0;
}

struct pl_advice pl_advise(const struct pl_facts *facts)
{
    bool flat = facts->programme == PL_FLAT;
    bool value_falls = facts->value == PL_TREND_FALLING;

    if (facts->input_bad || facts->unhealthy)
        return (struct pl_advice){.verdict = PL_NO_VERDICT, .reason = PL_REASON_HEALTH};
    if (facts->hollow)
        return verdict(PL_HOLLOW_GROWTH);
    if (facts->derive_rising && value_falls)
        return verdict(PL_DERIVING);
    if (facts->delivery == PL_DELIVERY_GAP && !value_falls)
        return verdict(PL_DELIVER_EXISTING);
    if (flat && facts->funnel == PL_TREND_RISING)
        return verdict(PL_CONTRADICTION);
    if (flat && facts->jackpot_ok && facts->dwell_ok)
        return shift(facts);
    if (flat || facts->programme == PL_FLATTENING || facts->holdout)
        return verdict(PL_PREPARE_CORE);
    if (facts->programme == PL_YIELDING || facts->programme == PL_RISING)
        return verdict(PL_KEEP_OPTIMISING);
    return (struct pl_advice){
        .verdict = PL_NO_VERDICT,
        .reason = PL_REASON_PROGRAMME,
        .lean = lean_of(facts),
    };
}

const char *pl_verdict_name(enum pl_verdict which)
{
    return verdict_names[which];
}

const char *pl_grade_name(enum pl_grade grade)
{
    static const char *const names[] = {
        [PL_UNGRADED] = "", [PL_UNCONFIRMED] = "unconfirmed", [PL_CONFIRMED] = "confirmed"};

    return names[grade];
}

bool pl_verdict_find(const char *name, enum pl_verdict *which)
{
    for (size_t at = 0; at < VERDICTS; at++) {
        if (strcmp(name, verdict_names[at]) != 0)
            continue;
        *which = (enum pl_verdict)at;
        return true;
    }
    return false;
}
