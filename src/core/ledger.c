#include "core/ledger.h"

#include "util/num.h"
#include "util/stamp.h"

#include <stdlib.h>

void pl_ledger_fini(struct pl_ledger *ledger)
{
    free(ledger->rows);
    *ledger = (struct pl_ledger){0};
}

enum pl_status pl_ledger_append(struct pl_ledger *ledger, const struct pl_row *row, struct pl_err *err)
{
    if (ledger->n == PL_LEDGER_ROWS_MAX)
        return pl_err_set(err, PL_ERR_FULL, "the ledger holds %d rows and takes no more", PL_LEDGER_ROWS_MAX);
    if (ledger->n == ledger->cap) {
        size_t cap = ledger->cap ? 2 * ledger->cap : 64;
        struct pl_row *grown = realloc(ledger->rows, cap * sizeof(*grown));

        if (!grown)
            return pl_err_set(err, PL_ERR_NOMEM, "out of memory for the ledger");
        ledger->rows = grown;
        ledger->cap = cap;
    }
    ledger->rows[ledger->n++] = *row;
    return PL_OK;
}

struct pl_row pl_ledger_row(enum pl_row_kind kind)
{
    return (struct pl_row){
        .kind = kind,
        .time_us = PL_TIME_NONE,
        .tick_us = PL_TIME_NONE,
        .start_us = PL_TIME_NONE,
        .effect = PL_NAN,
        .se = PL_NAN,
        .baseline = PL_NAN,
        .mean_control = PL_NAN,
        .cost = 1,
        .smallest_return = PL_NAN,
        .value = {PL_NAN, PL_NAN, PL_NAN, PL_NAN, ""},
    };
}

const char *pl_exclusion_name(enum pl_exclusion excluded)
{
    switch (excluded) {
    case PL_ENTERED:
        return "entered";
    case PL_EXCLUDED_UNHEALTHY:
        return "unhealthy";
    case PL_EXCLUDED_TOO_SMALL:
        return "too small";
    case PL_EXCLUDED_KIND:
        return "other kind of work";
    case PL_EXCLUDED_SHAPE:
        return "no goal, or a single variant";
    case PL_EXCLUDED_JOINED_LATE:
        return "joined late";
    case PL_EXCLUDED_OLD_EPOCH:
        return "started before the last core launch";
    }
    return "unknown";
}
