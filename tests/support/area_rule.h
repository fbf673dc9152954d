/* An area of experiments for tests of the judge: what matches the pattern belongs to it, everything else is as the
 * configuration leaves it (the rules complete it).
 */
#ifndef PL_TESTS_SUPPORT_AREA_RULE_H
#define PL_TESTS_SUPPORT_AREA_RULE_H

#include "core/rules.h"

#include <stdlib.h>
#include <string.h>

/* smallest_return NAN: unset. The pattern goes over to the rules with add_area. */
static inline struct pl_area_rule area_rule(const char *id, const char *pattern, double smallest_return)
{
    struct pl_area_rule area = {.goal = PL_RULES_NONE,
                                .value = PL_RULES_NONE,
                                .funnel = PL_RULES_NONE,
                                .smallest_return = smallest_return,
                                .n_globs = 1};

    area.globs[0] = strdup(pattern);
    if (!area.globs[0] || !pl_span_copy(pl_span_of(id), area.id, sizeof(area.id)))
        abort();
    return area;
}

#endif
