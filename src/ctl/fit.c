#include "ctl/fit.h"

#include "codec/formats.h"

#include <stdlib.h>

static enum pl_status open_name(struct pl_fit_trial *trial, struct pl_err *err)
{
    struct pl_format format;
    enum pl_status status = pl_format_load(trial->name, &format, err);

    if (status)
        return status;
    trial->fields = pl_fields_new();
    if (!trial->fields)
        status = pl_err_set(err, PL_ERR_NOMEM, "no memory for a format");
    else
        status = pl_fields_add(trial->fields, pl_span_of(format.event), false, &trial->name_field, err);
    pl_format_fini(&format);
    return status;
}

static enum pl_status open_trial(struct pl_fit *fit, struct pl_fit_trial *trial, struct pl_err *err)
{
    char *format = pl_span_dup(pl_span_of(trial->name));
    struct pl_conf_source source = {.name = "sample", .format = format};
    enum pl_status status = PL_ERR_NOMEM;

    trial->sample = pl_sample_new();
    if (!format || !trial->sample)
        (void)pl_err_set(err, status, "no memory for a sample");
    else
        status = pl_decoder_new(&source, fit->rules, &trial->decoder, err);
    if (!status)
        status = open_name(trial, err);
    free(format);
    return status;
}

enum pl_status pl_fit_open(struct pl_fit *fit, struct pl_err *err)
{
    enum pl_status status = PL_OK;
    const char *name;

    fit->rules = pl_rules_new();
    if (!fit->rules)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory");
    status = pl_rules_seal(fit->rules, err);
    for (unsigned at = 0; !status && at < PL_FIT_FORMATS_MAX && (name = pl_format_name(at)); at++) {
        fit->trials[at].name = name;
        fit->n = at + 1;
        status = open_trial(fit, &fit->trials[at], err);
    }
    if (status)
        pl_fit_fini(fit);
    return status;
}

/* The name of the event in a record; empty when it cannot be read. */
static struct pl_span name_of(struct pl_fit_trial *trial, const struct pl_record *record)
{
    const struct pl_fields_input input = {record->value, record->key, record->topic};
    struct pl_value value;

    if (pl_fields_read(trial->fields, &input) || pl_fields_get(trial->fields, trial->name_field, &value) ||
        value.type != PL_VALUE_STRING)
        return (struct pl_span){NULL, 0};
    return value.text;
}

static void take(const struct pl_fit *fit, struct pl_fit_trial *trial, const struct pl_record *record,
                 const struct pl_decoded *decoded)
{
    struct pl_unit_id unit = fit->hash(fit->ctx, decoded->unit);
    const struct pl_event *event = &decoded->event;

    if (event->kind == PL_EVENT_EXPOSURE)
        pl_sample_exposure(trial->sample, unit, event->experiment, event->variant, event->time_us);
    else
        pl_sample_action(trial->sample, unit, name_of(trial, record), event->time_us);
}

void pl_fit_take(struct pl_fit *fit, const struct pl_record *record)
{
    static struct pl_decoded decoded[PL_DECODED_MAX];

    fit->records++;
    for (unsigned t = 0; t < fit->n; t++) {
        struct pl_fit_trial *trial = &fit->trials[t];
        unsigned n = 0;
        enum pl_reject reason = pl_decode(trial->decoder, record, decoded, &n);

        trial->rejected[reason] += reason != PL_ACCEPTED;
        trial->excluded += !reason && n == 0;
        trial->events += !reason && n > 0;
        for (unsigned at = 0; !reason && at < n; at++)
            take(fit, trial, record, &decoded[at]);
    }
}

void pl_fit_fini(struct pl_fit *fit)
{
    for (unsigned t = 0; t < fit->n; t++) {
        pl_decoder_free(fit->trials[t].decoder);
        pl_fields_free(fit->trials[t].fields);
        pl_sample_free(fit->trials[t].sample);
    }
    pl_rules_free(fit->rules);
    *fit = (struct pl_fit){.n = 0};
}

/* The preset with most events but for one; of two with the same, the one whose exposures it understands. */
static const struct pl_fit_trial *most(const struct pl_fit *fit, const struct pl_fit_trial *but)
{
    const struct pl_fit_trial *best = NULL;

    for (unsigned t = 0; t < fit->n; t++) {
        const struct pl_fit_trial *trial = &fit->trials[t];

        if (trial == but || trial->events == 0)
            continue;
        if (!best || trial->events > best->events ||
            (trial->events == best->events && trial->sample->exposures > best->sample->exposures))
            best = trial;
    }
    return best;
}

const struct pl_fit_trial *pl_fit_best(const struct pl_fit *fit, const struct pl_fit_trial **second)
{
    const struct pl_fit_trial *best = most(fit, NULL);

    *second = best ? most(fit, best) : NULL;
    return best;
}

enum pl_reject pl_fit_trouble(const struct pl_fit_trial *trial)
{
    enum pl_reject worst = PL_ACCEPTED;

    for (unsigned reason = PL_ACCEPTED + 1; reason < PL_REJECT_COUNT; reason++)
        if (trial->rejected[reason] > trial->rejected[worst])
            worst = (enum pl_reject)reason;
    return worst;
}
