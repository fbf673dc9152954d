/* A seed as text, for oracle.py: rules, logs as decoded, every publication, and in the end the stored live sums. */
#include "sim.h"

#include <inttypes.h>
#include <stdio.h>

static const char *action_name(uint32_t action)
{
    return pl_names_text(sim.conf[0]->rules->actions, action);
}

static void print_events(const char *what, const struct pl_events *events)
{
    for (unsigned e = 0; e < events->n; e++)
        printf(" %s=%s", what, action_name(events->ids[e]));
}

static void print_rules(const struct pl_rules *rules)
{
    static const char *const types[] = {
        [PL_METRIC_CONVERSION] = "conversion", [PL_METRIC_COUNT] = "count", [PL_METRIC_SUM] = "sum"};

    printf("rules %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", rules->lateness_us, rules->hold_us,
           rules->dedup_us, rules->forget_us);
    printf("actions");
    for (uint32_t at = 0; at < pl_names_count(rules->actions); at++)
        printf(" %s", action_name(at));
    for (unsigned m = 0; m < rules->n_metrics; m++) {
        const struct pl_metric_rule *metric = &rules->metrics[m];

        printf("\nmetric %s %s %" PRId64 " %" PRId64 " %" PRId64, metric->id, types[metric->type], metric->window_us,
               metric->cap_micro, metric->bound_micro);
        for (unsigned e = 0; e < metric->events.n; e++)
            printf(" %s", action_name(metric->events.ids[e]));
    }
    for (unsigned f = 0; f < rules->n_funnels; f++) {
        const struct pl_funnel_rule *funnel = &rules->funnels[f];

        printf("\nfunnel %s %" PRId64, funnel->id, funnel->window_us);
        for (unsigned s = 0; s < funnel->n_steps; s++)
            printf(" %s:%" PRId64, action_name(funnel->steps[s]), funnel->max_gap_us[s]);
    }
    for (unsigned f = 0; f < rules->n_features; f++) {
        const struct pl_feature_rule *feature = &rules->features[f];

        printf("\nfeature %s", feature->id);
        print_events("use", &feature->use);
        print_events("aware", &feature->aware);
        print_events("eligible", &feature->eligible);
    }
    putchar('\n');
}

static void print_control(const struct pl_control *control)
{
    static const char *const states[] = {"started", "stopped", "shipped", "reverted"};

    if (control->type != PL_CONTROL_LIFECYCLE)
        return;
    printf("c %" PRId64 " %s %s", control->time_us, states[control->state], control->experiment);
    for (unsigned v = 0; v < control->n_variants; v++)
        printf(" %s=%.17g", control->variants[v], control->shares[v]);
    putchar('\n');
}

static void print_event(const struct sim_record *record)
{
    const struct pl_event *event = &record->event;

    printf("%c %u %u %016" PRIx64 " %" PRId64 " %" PRIu64, event->kind == PL_EVENT_EXPOSURE ? 'e' : 'a',
           record->partition, record->topic, event->unit.high, event->time_us, event->identity);
    if (event->kind == PL_EVENT_EXPOSURE)
        printf(" %.*s %.*s\n", (int)event->experiment.len, event->experiment.ptr, (int)event->variant.len,
               event->variant.ptr);
    else if (event->has_value)
        printf(" %s %" PRId64 "\n", event->action == PL_NAMES_NONE ? "-" : action_name(event->action),
               event->value_micro[0]);
    else
        printf(" %s -\n", event->action == PL_NAMES_NONE ? "-" : action_name(event->action));
}

void sim_dump_log(void)
{
    printf("seed %" PRIu64 " %u %u %d\n", sim.seed, sim.n_topics, sim.n_partitions, sim.reloads);
    print_rules(sim.conf[0]->rules);
    for (unsigned at = 0; at < sim.n_records; at++) {
        const struct sim_record *record = &sim.records[at];

        if (record->topic == SIM_TOPICS && !record->reason)
            print_control(&record->control);
        else if (record->topic < SIM_TOPICS && record->n)
            print_event(record);
    }
}

void sim_dump_sums(const char *what, unsigned p, int64_t tick_us, const struct pl_sums *sums)
{
    char title[32];

    snprintf(title, sizeof(title), "%s %u", what, p);
    sim_print_sums(title, tick_us, sums);
}
