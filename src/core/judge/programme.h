/* The programme of an instance: is optimisation still paying, per area? Detectors over the ledger.
 *
 * Fed with ledger rows in their order; each row may change the state of several areas (false-discovery control couples
 * them). A pure function of the rows: feeding them again gives the same states and the same doubles.
 *
 * Normative text: statistics.md 2.3 to 2.6; order and epochs: design 10. Cost: O(200) per entry and area for FLATTENING
 * and RISING, O(areas log areas) for e-d-BH.
 */
#ifndef PL_CORE_JUDGE_PROGRAMME_H
#define PL_CORE_JUDGE_PROGRAMME_H

#include "core/judge/legs.h"
#include "core/ledger.h"
#include "core/rules.h"
#include "util/num.h"

#define PL_PROGRAMME_DWELL_US (30 * PL_DAY_US)
#define PL_PROGRAMME_DWELL_ENTRIES 8
#define PL_PROGRAMME_STALE_US (60 * PL_DAY_US)

enum pl_programme_state {
    PL_INCONCLUSIVE,
    PL_YIELDING,
    PL_RISING,
    PL_FLATTENING,
    PL_FLAT,
};

enum pl_inconclusive {                 /* why INCONCLUSIVE, the first that holds */
                       PL_WHY_NOTHING, /* the state is another one */
                       PL_WHY_NO_SMALLEST_RETURN,
                       PL_WHY_NEW_EPOCH, /* < 8 entries since a core launch */
                       PL_WHY_TOO_FEW,   /* < 8 entries */
                       PL_WHY_PEEKING,   /* more than 20 % of the last 20 stopped early */
                       PL_WHY_UNHEALTHY, /* more than 20 % of the last 20 due were excluded as unhealthy (at least 8) */
                       PL_WHY_TOO_NOISY,
};

/* What is known of one area after the rows fed so far. n_* count entries (rows that were not excluded). */
struct pl_area_state {
    enum pl_programme_state state;
    enum pl_inconclusive why;
    unsigned n;                /* entries of the epoch */
    unsigned n_all;            /* entries ever */
    int64_t last_us;           /* time of the last entry, PL_TIME_NONE before the first */
    int64_t median_gap_us;     /* between entries, 0 while unknown */
    int64_t epoch_us;          /* time of the last core launch, PL_TIME_NONE without one */
    unsigned epoch;            /* number of launches so far */
    double e_flat, level;      /* E and A: FLAT fires by e-d-BH over E/A */
    double e_yield;            /* alarm at 10 */
    double down, up;           /* S of FLATTENING and RISING: alarm at 1,000, clear under 20 */
    double largest_ever;       /* largest X credited in the area, 0 before the first */
    double largest_cap;        /* c*: the largest cap in the evidence of the epoch */
    double median_se;          /* of the epoch's entries; NAN before the first */
    bool jackpot_ok;           /* (3/n) x largest_ever < delta */
    bool once_yielding;        /* E_yield >= 10 at any entry n >= 8 of the epoch */
    bool peeking, unhealthy;   /* flags of the last 20 */
    int64_t flat_since_us;     /* tick at which FLAT was entered, PL_TIME_NONE otherwise */
    unsigned flat_entries;     /* entries after the one that fired FLAT */
    double lower, upper;       /* proved range of the return; NAN: nothing proved on that side */
    double needed;             /* further experiments until FLAT could be proven at zero return; NAN unknown */
    unsigned policy_age;       /* entries since smallest_return changed; UINT_MAX when it never did */
    bool hollow;               /* hollow growth stands (hollow.h) */
    double e_hollow;           /* its evidence, alarm at 20; 0 before the first entry with value */
    unsigned n_value;          /* entries of the epoch with value measured */
    bool holdout;              /* the holdout leg has fired: e_holdout >= level */
    double e_holdout;          /* M of holdout.h, 0 before the first quarter */
    struct pl_quarter quarter; /* the last holdout quarter */
    double value_mean;         /* E[X^V]: mean value gained per experiment by the reference policy; NAN without */
    double credit_mean;        /* mean X of the same entries: what they gained in the goal; NAN without */
    double posterior_mean; /* random-effects mean of the return over the epoch, less the smallest return: its sign is
                            * the lean; NAN unknown. Display only */
};

struct pl_programme_change {
    uint32_t area;
    enum pl_programme_state from, to;
};

struct pl_programme;

/* All areas of rules; smallest returns come from the rules (the ledger's policy rows only date changes). */
struct pl_programme *pl_programme_new(const struct pl_rules *rules);
void pl_programme_free(struct pl_programme *programme);

/* Feed one row. Writes at most `cap` changes (cap >= number of areas) and their number to *n_changes: areas in index
 * order whose state this row changed. NOMEM is the only failure. */
enum pl_status pl_programme_feed(struct pl_programme *programme, const struct pl_row *row,
                                 struct pl_programme_change *changes, unsigned cap, unsigned *n_changes,
                                 struct pl_err *err) PL_MUSTCHECK;

/* The state of an area; valid until the next feed. The proved range and `needed` are computed here, O(entries). */
const struct pl_area_state *pl_programme_area(struct pl_programme *programme, uint32_t area);

/* The same without bringing the medians, the proved range, posterior_mean and `needed` up to date: they are as they
 * were last computed. O(1), for whoever looks after every row. */
const struct pl_area_state *pl_programme_peek(const struct pl_programme *programme, uint32_t area);

/* posterior_mean, up to date; O(entries) once after a row. */
double pl_programme_lean(struct pl_programme *programme, uint32_t area);

/* Has FLAT stood long enough for SHIFT_TO_CORE: 30 d since the tick that fired it, or 8 entries after the firing one?
 */
bool pl_programme_dwelt(const struct pl_area_state *state, int64_t now_us);

/* The flag "stale": entries exist, and none came for max(60 d, 2 x median gap). */
bool pl_programme_stale(const struct pl_area_state *state, int64_t now_us);

/* "FLAT", "YIELDING", ...: the names used in history streams. Never NULL. */
const char *pl_programme_state_name(enum pl_programme_state state);

#endif
