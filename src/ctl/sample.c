#include "ctl/sample.h"

#include "util/stamp.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS 65536u /* a power of two, over twice the units */

struct pl_sample *pl_sample_new(void)
{
    struct pl_sample *sample = calloc(1, sizeof(*sample));

    if (!sample)
        return NULL;
    sample->names = pl_names_new(PL_SAMPLE_NAMES_MAX);
    sample->arms = pl_names_new(PL_SAMPLE_ARMS_MAX);
    sample->units = calloc(PL_SAMPLE_UNITS_MAX, sizeof(*sample->units));
    sample->deeds = calloc(PL_SAMPLE_DEEDS_MAX, sizeof(*sample->deeds));
    sample->slots = calloc(SLOTS, sizeof(*sample->slots));
    sample->first_us = PL_TIME_MAX;
    sample->last_us = PL_TIME_NONE;
    if (sample->names && sample->arms && sample->units && sample->deeds && sample->slots)
        return sample;
    pl_sample_free(sample);
    return NULL;
}

void pl_sample_free(struct pl_sample *sample)
{
    if (!sample)
        return;
    pl_names_free(sample->names);
    pl_names_free(sample->arms);
    free(sample->units);
    free(sample->deeds);
    free(sample->slots);
    free(sample);
}

/* The number of a unit, made when new; PL_NAMES_NONE when there is no room. */
static uint32_t find_unit(struct pl_sample *sample, struct pl_unit_id id)
{
    uint32_t at = (uint32_t)id.low & (SLOTS - 1);

    for (; sample->slots[at]; at = (at + 1) & (SLOTS - 1)) {
        const struct pl_sample_unit *unit = &sample->units[sample->slots[at] - 1];

        if (unit->id.high == id.high && unit->id.low == id.low)
            return sample->slots[at] - 1;
    }
    if (sample->n_units == PL_SAMPLE_UNITS_MAX)
        return PL_NAMES_NONE;
    sample->units[sample->n_units] = (struct pl_sample_unit){id, PL_NAMES_NONE};
    sample->slots[at] = ++sample->n_units;
    return sample->n_units - 1;
}

static struct pl_sample_deed *find_deed(const struct pl_sample *sample, uint32_t unit, uint32_t what)
{
    for (uint32_t at = sample->units[unit].deeds; at != PL_NAMES_NONE; at = sample->deeds[at].next)
        if (sample->deeds[at].what == what)
            return &sample->deeds[at];
    return NULL;
}

static void note(struct pl_sample *sample, uint32_t unit, uint32_t what, int64_t time_us)
{
    struct pl_sample_deed *deed = find_deed(sample, unit, what);
    struct pl_sample_tally *tally = &sample->tally[what];

    if (deed) {
        if (!deed->again && pl_stamp_day(time_us) != pl_stamp_day(deed->first_us)) {
            deed->again = true;
            tally->again++;
        }
        if (time_us < deed->first_us)
            deed->first_us = time_us;
    } else if (sample->n_deeds == PL_SAMPLE_DEEDS_MAX) {
        sample->deeds_full++;
    } else {
        sample->deeds[sample->n_deeds] =
            (struct pl_sample_deed){.what = what, .next = sample->units[unit].deeds, .first_us = time_us};
        sample->units[unit].deeds = sample->n_deeds++;
        tally->units++;
    }
}

static void add(struct pl_sample *sample, struct pl_unit_id id, uint32_t what, int64_t time_us)
{
    uint32_t unit = find_unit(sample, id);

    if (time_us < sample->first_us)
        sample->first_us = time_us;
    if (time_us > sample->last_us)
        sample->last_us = time_us;
    if (what == PL_NAMES_NONE) {
        sample->names_full++;
        return;
    }
    sample->tally[what].events++;
    if (unit == PL_NAMES_NONE)
        sample->units_full++;
    else
        note(sample, unit, what, time_us);
}

void pl_sample_action(struct pl_sample *sample, struct pl_unit_id unit, struct pl_span name, int64_t time_us)
{
    uint32_t what = name.len <= PL_SAMPLE_NAME_BYTES ? pl_names_add(sample->names, name) : PL_NAMES_NONE;

    sample->events++;
    add(sample, unit, what, time_us);
}

void pl_sample_exposure(struct pl_sample *sample, struct pl_unit_id unit, struct pl_span experiment,
                        struct pl_span variant, int64_t time_us)
{
    char text[2 * PL_NAME_BYTES];
    uint32_t arm = PL_NAMES_NONE;

    if (experiment.len < PL_NAME_BYTES && variant.len < PL_NAME_BYTES && experiment.len && variant.len) {
        memcpy(text, experiment.ptr, experiment.len);
        text[experiment.len] = '\n';
        memcpy(text + experiment.len + 1, variant.ptr, variant.len);
        arm = pl_names_add(sample->arms, (struct pl_span){text, experiment.len + 1 + variant.len});
    }
    sample->exposures++;
    add(sample, unit, arm == PL_NAMES_NONE ? arm : PL_SAMPLE_NAMES_MAX + arm, time_us);
}

int64_t pl_sample_first(const struct pl_sample *sample, uint32_t unit, uint32_t what)
{
    const struct pl_sample_deed *deed = find_deed(sample, unit, what);

    return deed ? deed->first_us : PL_TIME_NONE;
}
