#include "ctl/guess.h"

#include "util/stamp.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 12
#define WORD_BYTES 24
#define VALUE_UNITS_MIN 3 /* who repeat it, before it is told */

/* A name as its words, in lower case: "OrderCompleted", "order_completed" and "Order Completed" are the same. */
struct words {
    unsigned n;
    char word[WORDS_MAX][WORD_BYTES];
};

static const char *const pay_words[] = {"purchased", "purchase", "paid",      "bought",  "ordered",     "subscribed",
                                        "booked",    "upgraded", "converted", "payment", "subscription"};
static const char *const done_words[] = {"completed", "complete", "placed", "succeeded", "confirmed", "finished"};
static const char *const bought_things[] = {"order",   "checkout", "purchase",     "payment",
                                            "booking", "cart",     "subscription", "transaction"};
static const char *const join_words[] = {"signup", "registered", "activated", "joined", "onboarded", "submitted"};
static const char *const no_goal_words[] = {"failed",  "error",     "canceled", "cancelled", "refunded", "returned",
                                            "started", "viewed",    "seen",     "clicked",   "removed",  "abandoned",
                                            "opened",  "shown",     "page",     "entered",   "declined", "updated",
                                            "expired", "initiated", "added",    "view"};
static const char *const aware_words[] = {"viewed", "seen", "shown", "opened", "visited", "displayed", "impression"};
static const char *const use_words[] = {"used",      "applied",   "created",  "added",   "saved",
                                        "sent",      "played",    "exported", "enabled", "shared",
                                        "completed", "submitted", "uploaded", "started", "edited"};

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static void end_word(struct words *words, size_t *len)
{
    if (*len == 0)
        return;
    words->word[words->n++][*len] = '\0';
    *len = 0;
}

static struct words split(const char *name)
{
    struct words words = {0};
    size_t len = 0;

    for (size_t at = 0; name[at] && words.n < WORDS_MAX; at++) {
        unsigned char c = (unsigned char)name[at];

        if (!isalnum(c) || (at && isupper(c) && islower((unsigned char)name[at - 1])))
            end_word(&words, &len);
        if (isalnum(c) && words.n < WORDS_MAX && len + 1 < WORD_BYTES)
            words.word[words.n][len++] = (char)tolower(c);
    }
    if (words.n < WORDS_MAX)
        end_word(&words, &len);
    return words;
}

/* The number of the first word that is in a list; words->n: none is. */
static unsigned find(const struct words *words, const char *const *list, size_t n)
{
    unsigned at = 0;

    for (; at < words->n; at++)
        for (size_t l = 0; l < n; l++)
            if (strcmp(words->word[at], list[l]) == 0)
                return at;
    return at;
}

static bool has(const struct words *words, const char *const *list, size_t n)
{
    return find(words, list, n) < words->n;
}

static bool signs_up(const struct words *words)
{
    for (unsigned at = 0; at + 1 < words->n; at++)
        if ((strcmp(words->word[at], "signed") == 0 || strcmp(words->word[at], "sign") == 0) &&
            strcmp(words->word[at + 1], "up") == 0)
            return true;
    return false;
}

/* How much a name sounds like a goal, 0: not at all; and the word that says so. */
static unsigned goal_rank(const char *name, char word[32])
{
    struct words words = split(name);
    unsigned done = find(&words, done_words, COUNT(done_words)), pay = find(&words, pay_words, COUNT(pay_words));

    word[0] = '\0';
    if (has(&words, no_goal_words, COUNT(no_goal_words)))
        return 0;
    if (done < words.n) {
        snprintf(word, 32, "%s", words.word[done]);
        return has(&words, bought_things, COUNT(bought_things)) ? 4 : 2;
    }
    if (pay < words.n) {
        snprintf(word, 32, "%s", words.word[pay]);
        return 3;
    }
    if (signs_up(&words)) {
        snprintf(word, 32, "signed up");
        return 1;
    }
    pay = find(&words, join_words, COUNT(join_words));
    if (pay < words.n)
        snprintf(word, 32, "%s", words.word[pay]);
    return pay < words.n;
}

bool pl_guess_can_write(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > PL_SAMPLE_NAME_BYTES || name[0] == ' ' || name[len - 1] == ' ')
        return false;
    for (size_t at = 0; at < len; at++)
        if ((unsigned char)name[at] < 0x20 || name[at] == 0x7f || strchr(",>#;\"", name[at]))
            return false;
    return true;
}

static const char *name_of(const struct pl_sample *sample, uint32_t id)
{
    return pl_names_text(sample->names, id);
}

static void guess_goal(const struct pl_sample *sample, struct pl_guess *guess)
{
    unsigned best = 0;

    guess->goal = PL_NAMES_NONE;
    for (uint32_t id = 0; id < pl_names_count(sample->names); id++) {
        char word[32];
        unsigned rank = pl_guess_can_write(name_of(sample, id)) ? goal_rank(name_of(sample, id), word) : 0;

        if (rank == 0 || rank < best || sample->tally[id].units == 0)
            continue;
        if (rank == best && sample->tally[id].units <= sample->tally[guess->goal].units)
            continue;
        best = rank;
        guess->goal = id;
        memcpy(guess->goal_word, word, sizeof(word));
    }
    guess->reached = best ? sample->tally[guess->goal].units : 0;
}

/* Units that did `what` first, and the goal then. */
static void count_before(const struct pl_sample *sample, uint32_t goal, uint32_t before[PL_SAMPLE_NAMES_MAX])
{
    for (uint32_t unit = 0; unit < sample->n_units; unit++) {
        int64_t goal_us = pl_sample_first(sample, unit, goal);

        if (goal_us == PL_TIME_NONE)
            continue;
        for (uint32_t at = sample->units[unit].deeds; at != PL_NAMES_NONE; at = sample->deeds[at].next)
            if (sample->deeds[at].what < PL_SAMPLE_NAMES_MAX && sample->deeds[at].first_us < goal_us)
                before[sample->deeds[at].what]++;
    }
}

/* The events that may be steps: those that most did before, at most PL_GUESS_STEPS_MAX of them. */
static unsigned choose_steps(const struct pl_sample *sample, const struct pl_guess *guess,
                             uint32_t chosen[PL_GUESS_STEPS_MAX])
{
    uint32_t before[PL_SAMPLE_NAMES_MAX] = {0};
    unsigned n = 0;

    count_before(sample, guess->goal, before);
    while (n < PL_GUESS_STEPS_MAX) {
        uint32_t best = PL_NAMES_NONE;

        for (uint32_t id = 0; id < pl_names_count(sample->names); id++)
            if (before[id] * 2 >= guess->reached && before[id] > 0 && pl_guess_can_write(name_of(sample, id)) &&
                (best == PL_NAMES_NONE || before[id] > before[best]))
                best = id;
        if (best == PL_NAMES_NONE)
            break;
        before[best] = 0;
        chosen[n++] = best;
    }
    return n;
}

/* The order in which a unit first did the chosen, before its goal, as digits 1..n of a number; 0: nothing of them. */
static uint32_t order_of(const struct pl_sample *sample, uint32_t unit, const uint32_t *chosen, unsigned n,
                         int64_t goal_us)
{
    int64_t last_us = PL_TIME_NONE;
    uint32_t order = 0, taken = 0;

    for (unsigned step = 0; step < n; step++) {
        unsigned next = n;
        int64_t next_us = goal_us;

        for (unsigned at = 0; at < n; at++) {
            int64_t time_us = pl_sample_first(sample, unit, chosen[at]);

            if (taken & (1u << at) || time_us == PL_TIME_NONE || time_us < last_us || time_us >= next_us)
                continue;
            next = at;
            next_us = time_us;
        }
        if (next == n)
            break;
        taken |= 1u << next;
        order = order * 8 + next + 1;
        last_us = next_us;
    }
    return order;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

/* The value that comes most often in a sorted list, and how often; the larger of two: the longer way. */
static uint32_t most_common(const uint32_t *orders, size_t n, uint32_t *times)
{
    uint32_t best = 0;

    *times = 0;
    for (size_t at = 0; at < n;) {
        size_t end = at;

        while (end < n && orders[end] == orders[at])
            end++;
        if (orders[at] != 0 && end - at >= *times) {
            best = orders[at];
            *times = (uint32_t)(end - at);
        }
        at = end;
    }
    return best;
}

static void take_order(struct pl_guess *guess, const uint32_t *chosen, uint32_t order)
{
    unsigned n = 0;

    for (uint32_t rest = order; rest; rest /= 8)
        n++;
    guess->n_steps = n + 1;
    guess->steps[n] = guess->goal;
    for (uint32_t rest = order; rest; rest /= 8)
        guess->steps[--n] = chosen[rest % 8 - 1];
}

static void guess_way(const struct pl_sample *sample, struct pl_guess *guess)
{
    uint32_t chosen[PL_GUESS_STEPS_MAX], order, *orders = calloc(sample->n_units + 1, sizeof(*orders));
    unsigned n = choose_steps(sample, guess, chosen);
    size_t n_orders = 0;

    for (uint32_t unit = 0; orders && unit < sample->n_units; unit++) {
        int64_t goal_us = pl_sample_first(sample, unit, guess->goal);

        if (goal_us != PL_TIME_NONE)
            orders[n_orders++] = order_of(sample, unit, chosen, n, goal_us);
    }
    if (n_orders) {
        qsort(orders, n_orders, sizeof(*orders), by_value);
        order = most_common(orders, n_orders, &guess->took_it);
        if (order)
            take_order(guess, chosen, order);
    }
    free(orders);
}

static double repeated(const struct pl_sample *sample, uint32_t id)
{
    return sample->tally[id].units ? (double)sample->tally[id].again / sample->tally[id].units : 0;
}

/* What the largest share of its units repeats; seeing and going by is no value. */
static void guess_values(const struct pl_sample *sample, struct pl_guess *guess)
{
    bool taken[PL_SAMPLE_NAMES_MAX] = {false};

    while (guess->n_values < PL_GUESS_VALUES_MAX) {
        uint32_t best = PL_NAMES_NONE;

        for (uint32_t id = 0; id < pl_names_count(sample->names); id++)
            if (!taken[id] && sample->tally[id].again >= VALUE_UNITS_MIN && pl_guess_can_write(name_of(sample, id)) &&
                (best == PL_NAMES_NONE || repeated(sample, id) > repeated(sample, best)))
                best = id;
        if (best == PL_NAMES_NONE)
            break;
        taken[best] = true;
        guess->values[guess->n_values++] = best;
    }
}

/* Same words but the one at `skip`? */
static bool same_thing(const struct words *a, unsigned skip_a, const struct words *b, unsigned skip_b)
{
    unsigned at = 0, other = 0;

    for (;; at++, other++) {
        at += at == skip_a;
        other += other == skip_b;
        if (at >= a->n || other >= b->n)
            return at >= a->n && other >= b->n && a->n > 1;
        if (strcmp(a->word[at], b->word[other]) != 0)
            return false;
    }
}

static uint32_t find_use(const struct pl_sample *sample, const struct words *shown, unsigned verb)
{
    for (uint32_t id = 0; id < pl_names_count(sample->names); id++) {
        struct words words = split(name_of(sample, id));
        unsigned use = find(&words, use_words, COUNT(use_words));

        if (use < words.n && pl_guess_can_write(name_of(sample, id)) && same_thing(shown, verb, &words, use))
            return id;
    }
    return PL_NAMES_NONE;
}

static void guess_features(const struct pl_sample *sample, struct pl_guess *guess)
{
    for (uint32_t id = 0; id < pl_names_count(sample->names); id++) {
        struct words words = split(name_of(sample, id));
        unsigned verb = find(&words, aware_words, COUNT(aware_words));
        uint32_t use = PL_NAMES_NONE;

        if (verb < words.n && pl_guess_can_write(name_of(sample, id)))
            use = find_use(sample, &words, verb);
        if (use == PL_NAMES_NONE || use == guess->goal || guess->n_features == PL_GUESS_FEATURES_MAX)
            continue;
        guess->features[guess->n_features++] = (struct pl_guess_feature){id, use};
    }
}

struct pl_guess pl_guess_from(const struct pl_sample *sample)
{
    struct pl_guess guess = {.n_steps = 0};

    guess_goal(sample, &guess);
    if (guess.goal != PL_NAMES_NONE)
        guess_way(sample, &guess);
    guess_values(sample, &guess);
    guess_features(sample, &guess);
    return guess;
}
