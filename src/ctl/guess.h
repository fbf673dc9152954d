/* Guesses about a product from a sample of its events: what its goal is, the way there, what gives value. Pure.
 *
 * The goal: the event whose name says that something was paid, completed or signed up for (in this order of rank), done
 * by most units. The way: what at least half of the goal's units first did before they first reached it, the most
 * common order of these. Value: what units repeat on several days. Features: two events about the same thing, one that
 * shows it and one that uses it.
 */
#ifndef PL_CTL_GUESS_H
#define PL_CTL_GUESS_H

#include "ctl/sample.h"

#define PL_GUESS_STEPS_MAX 5 /* before the goal */
#define PL_GUESS_VALUES_MAX 5
#define PL_GUESS_FEATURES_MAX 10

/* Ids are those of sample->names; PL_NAMES_NONE: nothing. */
struct pl_guess {
    uint32_t goal;
    char goal_word[32]; /* what its name says: "completed" */
    unsigned n_steps;
    uint32_t steps[PL_GUESS_STEPS_MAX + 1]; /* the goal is the last; n_steps 0: no common way */
    uint32_t reached, took_it;              /* units that reached the goal, and those that went exactly this way */
    unsigned n_values;
    uint32_t values[PL_GUESS_VALUES_MAX];
    unsigned n_features;
    struct pl_guess_feature {
        uint32_t aware, use;
    } features[PL_GUESS_FEATURES_MAX];
};

struct pl_guess pl_guess_from(const struct pl_sample *sample);

/* Can this name stand in a list of a configuration? Not with a comma, >, # or ;, control bytes, or blanks at an end. */
bool pl_guess_can_write(const char *name);

#endif
