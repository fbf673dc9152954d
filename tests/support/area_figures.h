/* Figures of one area as plateaud publishes them, made by hand: a funnel of three steps, a feature that few know, one
 * whose awareness is not measured, value and new users.
 */
#ifndef PL_TESTS_SUPPORT_AREA_FIGURES_H
#define PL_TESTS_SUPPORT_AREA_FIGURES_H

#include "ctl/published.h"

#include <stdlib.h>

/* "name=value;name=value;...": names and values may be anything else. */
static inline void figures_add(struct pl_published *all, enum pl_published_kind kind, const char *id, const char *pairs)
{
    struct pl_published_hash *hash = pl_published_add(all, kind, pl_span_of(id));
    struct pl_span rest = pl_span_of(pairs);

    if (!hash)
        abort();
    while (rest.len) {
        struct pl_span pair = pl_span_cut(&rest, ';'), name = pl_span_cut(&pair, '=');

        pl_published_put(hash, name, pair);
    }
}

/* Lost: 1840 do not know one click; 1000 without value; 600 between steps (twice) and 600 without filters. */
static inline struct pl_published figures_of_documents(void)
{
    struct pl_published all = {.n = 0};

    figures_add(&all, PL_PUBLISHED_AREA, "documents", "verdict=SHIFT_TO_CORE;unit=%;judged=2026-03-02T00:00:00Z");
    figures_add(&all, PL_PUBLISHED_FUNNEL, "export",
                "area=documents;steps=3;judged=2026-03-09T00:00:00Z;step1=Document Opened;28d.attempts.1=1600;"
                "28d.units.1=1500;step2=Export Started;28d.attempts.2=950;28d.units.2=900;step3=Exported;"
                "28d.attempts.3=310;28d.units.3=300");
    figures_add(&all, PL_PUBLISHED_FEATURE, "one click",
                "eligible=2000;aware=160;adopted=90;repeating=20;adopted_before=80;tried_and_left=60");
    figures_add(&all, PL_PUBLISHED_FEATURE, "filters",
                "eligible=1000;adopted=400;repeating=300;adopted_before=250;tried_and_left=0");
    figures_add(&all, PL_PUBLISHED_VALUE, "documents",
                "28d.active=2000;28d.value_days.1=1000;new_users=500;activated=200;to_value.new_users=400;"
                "to_value.users=250;cohort.2026-02-02.users=100;cohort.2026-02-02.week4_so_far=9;"
                "cohort.2026-01-26.users=100;cohort.2026-01-26.week4=40;cohort.2026-01-12.users=100;"
                "cohort.2026-01-12.week4=50;cohort.2025-12-29.users=1000;cohort.2025-12-29.week4=1;"
                "cohort.2026-01-19.users=100;cohort.2026-01-19.week4=30;cohort.2026-01-05.users=100;"
                "cohort.2026-01-05.week4=40");
    return all;
}

#endif
