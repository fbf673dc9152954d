/* An attack on memory: flood KIND RECORDS [UNITS]. Feeds libplateau records of which each names something new, and
 * prints one line of JSON: resident memory when a tenth, half and all of them were fed, the units that were reached,
 * and how many records ended under each reason.
 *
 * Kinds: events, units, experiments, variants, values (of a property that is read), keys (of properties), tiny (one
 * byte), huge (60 KB). conf prints the configuration instead.
 */
#include "plateau.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_US INT64_C(1772409600000000) /* 2026-03-02 */
#define HUGE_BYTES 60000

static char record[HUGE_BYTES + 4096];

static long rss_bytes(void)
{
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (!file || fscanf(file, "%ld %ld", &pages, &resident) != 2)
        exit(1);
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

static int track(char *out, size_t room, const char *event, uint64_t unit, uint64_t number, const char *properties)
{
    /* a thousand records a second of event time, so that what is unsettled is bounded by lateness */
    uint64_t seconds = number / 1000, minutes = seconds / 60;

    return snprintf(out, room,
                    "{\"type\":\"track\",\"event\":\"%s\",\"userId\":\"u%" PRIu64 "\",\"messageId\":\"m%" PRIu64
                    "\",\"timestamp\":\"2026-03-02T%02u:%02u:%02u.%03uZ\",\"properties\":{%s}}",
                    event, unit, number, (unsigned)(minutes / 60 % 24), (unsigned)(minutes % 60),
                    (unsigned)(seconds % 60), (unsigned)(number % 1000), properties);
}

static size_t make(const char *kind, uint64_t number)
{
    static char properties[HUGE_BYTES + 256];
    char event[64] = "Experiment Viewed";
    uint64_t unit = number % 100;

    snprintf(properties, sizeof(properties), "\"experiment_id\":\"shop_1\",\"variation_id\":\"B\"");
    if (!strcmp(kind, "tiny")) {
        record[0] = (char)('0' + number % 10);
        return 1;
    }
    if (!strcmp(kind, "events"))
        snprintf(event, sizeof(event), "Event %" PRIu64, number);
    else if (!strcmp(kind, "units"))
        unit = number;
    else if (!strcmp(kind, "experiments"))
        snprintf(properties, sizeof(properties), "\"experiment_id\":\"shop_%" PRIu64 "\",\"variation_id\":\"B\"",
                 number);
    else if (!strcmp(kind, "variants"))
        snprintf(properties, sizeof(properties), "\"experiment_id\":\"shop_1\",\"variation_id\":\"v%" PRIu64 "\"",
                 number);
    else
        snprintf(event, sizeof(event), "Bought");
    if (!strcmp(kind, "values"))
        snprintf(properties, sizeof(properties), "\"price\":%" PRIu64 ".%06" PRIu64, number % 1000, number % 1000000);
    if (!strcmp(kind, "keys"))
        snprintf(properties, sizeof(properties), "\"k%" PRIu64 "\":%" PRIu64, number, number);
    if (!strcmp(kind, "huge"))
        snprintf(properties, sizeof(properties), "\"k\":\"%0*" PRIu64 "\"", HUGE_BYTES, number);
    return (size_t)track(record, sizeof(record), event, unit, number, properties);
}

static void print_counts(const struct pl_plateau *plateau)
{
    const char *name, *separator = "";
    uint64_t count;

    printf(", \"counts\": {");
    for (unsigned at = 0; pl_plateau_count(plateau, at, &name, &count); at++) {
        if (count)
            printf("%s\"%s\": %" PRIu64, separator, name, count);
        separator = count ? ", " : separator;
    }
    printf("}}\n");
}

int main(int argc, char **argv)
{
    static const char rules[] = "[plateaud]\nmax_units = %s\nmax_experiments = 50\nlateness = 1s\ndedup = 1s\n"
                                "[kafka]\nbootstrap.servers = k\n[source events]\ntopics = t\n"
                                "[area shop]\nexperiments = shop_*\ngoal = orders\nfunnel = Viewed > Bought\n"
                                "[metric orders]\nevent = Bought\n"
                                "[metric spent]\ntype = sum\nevent = Bought\nproperty = price\narea = shop\n";
    static const struct pl_plateau_setup setup;
    uint64_t records = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    char conf[1024], why[PL_PLATEAU_WHY_BYTES];
    struct pl_plateau *plateau;
    long empty, tenth = 0, half = 0;

    snprintf(conf, sizeof(conf), rules, argc > 3 ? argv[3] : "20000");
    if (records && !strcmp(argv[1], "conf"))
        return fputs(conf, stdout) < 0;
    if (records == 0 || pl_plateau_new("flood", conf, strlen(conf), &setup, &plateau, why)) {
        fprintf(stderr, "flood KIND RECORDS [UNITS]: %s\n", records ? why : "");
        return 1;
    }
    empty = rss_bytes();
    for (uint64_t number = 0; number < records; number++) {
        size_t len = make(argv[1], number);

        if (number == records / 10)
            tenth = rss_bytes();
        if (number == records / 2)
            half = rss_bytes();
        (void)pl_plateau_event(plateau, record, len, START_US + (int64_t)number * 1000);
    }
    printf("{\"empty\": %ld, \"tenth\": %ld, \"half\": %ld, \"all\": %ld", empty, tenth, half, rss_bytes());
    print_counts(plateau);
    if (pl_plateau_failure(plateau))
        fprintf(stderr, "%s\n", pl_plateau_failure(plateau));
    empty = pl_plateau_failure(plateau) != NULL;
    pl_plateau_free(plateau);
    return (int)empty;
}
