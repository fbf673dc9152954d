/* The fields of feature:ID and value:AREA, and what is left out of them. */
#include "codec/observed_text.h"

#include "support/near.h"
#include "support/observed.h"

#include <string.h>

#define FIELDS_MAX 600

struct fields {
    unsigned n;
    char names[FIELDS_MAX][PL_PAIRS_NAME_BYTES];
    char values[FIELDS_MAX][64];
};

static void take(void *ctx, const char *name, const char *value)
{
    struct fields *fields = ctx;

    assert_true(fields->n < FIELDS_MAX);
    for (unsigned at = 0; at < fields->n; at++)
        assert_string_not_equal(fields->names[at], name); /* no field twice */
    snprintf(fields->names[fields->n], PL_PAIRS_NAME_BYTES, "%s", name);
    snprintf(fields->values[fields->n++], 64, "%s", value);
}

static const char *find(const struct fields *fields, const char *name)
{
    for (unsigned at = 0; at < fields->n; at++)
        if (strcmp(fields->names[at], name) == 0)
            return fields->values[at];
    return NULL;
}

static void check(const struct fields *fields, const char *name, const char *want)
{
    const char *got = find(fields, name);

    if (!got || strcmp(got, want) != 0)
        fail_msg("%s is %s, not %s", name, got ? got : "absent", want);
}

static void the_fields_of_a_feature(void **state)
{
    struct pl_rules *rules = observed_rules(.3, PL_TIME_NONE);
    struct pl_sums sums = observed_adoption(70);
    struct pl_standing standing = {.adoption = pl_adoption_looks_init()};
    const struct pl_observed_view view = {rules, &sums, &standing, OBSERVED_AT(98)};
    static struct fields fields, others, again;

    (void)state;
    pl_observed_text_feature(&view, OBSERVED_SEARCH, take, &fields);
    check(&fields, "area", "documents");
    check(&fields, "judged", "2023-12-11T00:00:00Z");
    check(&fields, "judged_ms", "1702252800000");
    check(&fields, "eligible", "1000");
    check(&fields, "aware", "300");
    check(&fields, "aware_share", "0.3");
    check(&fields, "adopted", "100");
    check(&fields, "adopted_share", "0.1");
    check(&fields, "repeating", "60");
    check(&fields, "repeating_share", "0.06");
    check(&fields, "adopted_before", "62");
    check(&fields, "tried_and_left", "20");
    check(&fields, "newly_aware", "80");
    check(&fields, "newly_repeated", "35");
    check(&fields, "newly_repeated_share", "0.4375");
    check(&fields, "declared_new", "0");
    check(&fields, "adopters", "38");
    check(&fields, "days_to_adopt_median", "3");
    check(&fields, "days_to_adopt_p90", "5");
    assert_null(find(&fields, "gap")); /* not looked at yet */
    assert_true(pl_adoption_step(&standing.adoption, rules, 0, &sums, OBSERVED_AT(98)));
    pl_observed_text_feature(&view, OBSERVED_SEARCH, take, &again);
    check(&again, "gap", "discovery");
    check(&again, "looked", "2023-12-11T00:00:00Z");
    pl_observed_text_feature(&view, OBSERVED_FILTERS, take, &others);
    check(&others, "gap", "fit");
    assert_null(find(&others, "aware")); /* not measured */
    assert_null(find(&others, "discovery_p"));
    assert_null(find(&others, "newly_repeated_share")); /* of none */
    pl_sums_fini(&sums);
    pl_rules_free(rules);
}

static void the_fields_of_value(void **state)
{
    struct pl_rules *rules = observed_rules(.3, PL_TIME_NONE);
    struct pl_sums sums = observed_adoption(70);
    struct pl_standing standing = {.adoption = pl_adoption_looks_init(), .derive = pl_derive_looks_init(rules, 0)};
    const struct pl_observed_view view = {rules, &sums, &standing, OBSERVED_AT(98)};
    static struct fields fields, bare;

    (void)state;
    observed_weeks(&sums, 14, (struct observed_growth){1, 1, 1});
    observed_n(&sums, PL_CELL_NEW, 0, 1, 70, 250);
    observed_n(&sums, PL_CELL_VALUE_DAYS, 0, 1, 97, 150);
    observed_n(&sums, PL_CELL_VALUE_DAYS, 0, 1, 80, 350);
    pl_observed_text_value(&view, 0, take, &fields);
    check(&fields, "area", "documents");
    check(&fields, "7d.active", "600");
    check(&fields, "28d.active", "1000");
    check(&fields, "delivered_share", "0.8");
    check(&fields, "features_per_user", "0.95");
    check(&fields, "features.1", "700");
    check(&fields, "features.2", "250");
    check(&fields, "new_users", "1000");
    check(&fields, "activated", "250");
    check(&fields, "activated_share", "0.25");
    check(&fields, "7d.value_days.1", "150");
    check(&fields, "7d.value_days_share.1", "0.25");
    check(&fields, "28d.value_days.1", "500");
    check(&fields, "28d.value_days_share.1", "0.5");
    check(&fields, "28d.value_days.28", "0");
    check(&fields, "value_per_active", "2"); /* weeks 10 .. 13: 19920, 20080, 19920, 20080 of 10,000 each */
    check(&fields, "taken_per_active.documents.price", "0.5");
    check(&fields, "taken_per_active.documents.ads", "0");
    check(&fields, "retention.4", "0.4"); /* cohorts of weeks 5 .. 8 */
    check(&fields, "week.2023-12-04.value_events", "20080");
    check(&fields, "week.2023-12-04.active", "10000");
    check(&fields, "week.2023-12-04.value_per_active", "2.008");
    check(&fields, "cohort.2023-12-04.users", "5000");
    check(&fields, "cohort.2023-12-04.weeks_over", "0");
    check(&fields, "cohort.2023-12-04.week1_so_far", "0");
    check(&fields, "cohort.2023-10-30.weeks_over", "4");
    check(&fields, "cohort.2023-10-30.week4", "1992");
    check(&fields, "cohort.2023-10-30.week5_so_far", "0");
    assert_null(find(&fields, "cohort.2023-10-30.week6_so_far"));
    assert_null(find(&fields, "to_value.median_s")); /* nobody has reached it */
    rules->areas[0].value_events.n = 0;
    pl_observed_text_value(&view, 0, take, &bare);
    check(&bare, "features.1", "700");
    assert_null(find(&bare, "value_per_active")); /* value is not measured */
    assert_null(find(&bare, "week.2023-12-04.active"));
    pl_sums_fini(&sums);
    pl_rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fields_of_a_feature),
        cmocka_unit_test(the_fields_of_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
