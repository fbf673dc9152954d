/* The worlds. Rates and effects are of sizes that real products have; none is at the edge of its verdict.
 */
#include "ctl/world.h"

#define SHOP_STEPS                                                                                                     \
    {                                                                                                                  \
        "Product Viewed", "Checkout Started", "Order Completed"                                                        \
    }
#define SHOP_VALUE "Order Received"
#define SHOP_OPTIONS                                                                                                   \
    "goal            = Order Completed\n"                                                                              \
    "value           = Order Received\n"
#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* Known by most, and used again and again. */
static const struct pl_habit delivered[] = {
    {.name = "one click", .met = .5, .tried = .8, .kept = .9, .used = .9},
};

static const struct pl_habit office_habits[] = {
    {.name = "basic", .copies = 12, .met = .4, .tried = .9, .kept = .9, .used = .3},
    {.name = "tool", .in_gap = true, .copies = 188, .met = .01, .tried = .95, .kept = .95, .used = .4},
};
static const struct pl_people office = {
    .weeks = 10,
    .users = 700,
    .joining = .02,
    .leaving = .01,
    .visiting = .8,
    .again = .3,
    .value = "Document Finished",
    .valued = .9,
    .habits = office_habits,
    .n_habits = COUNT(office_habits),
};

static const struct pl_habit athletes_habits[] = {
    {.name = "training plan", .in_gap = true, .met = .3, .tried = .1, .kept = .9, .used = .8},
    {.name = "recovery score", .in_gap = true, .met = .25, .tried = .12, .kept = .9, .used = .8},
    {.name = "route", .met = .4, .tried = .8, .kept = .8, .used = .8},
};
static const struct pl_people athletes = {
    .weeks = 14,
    .users = 700,
    .joining = .03,
    .leaving = .02,
    .visiting = .7,
    .again = .5,
    .value = "Training Done",
    .valued = .9,
    .habits = athletes_habits,
    .n_habits = COUNT(athletes_habits),
};

static const struct pl_habit hospital_habits[] = {
    {.name = "record", .met = .6, .tried = .9, .kept = .9, .used = .7},
    {.name = "handover", .in_gap = true, .met = .04, .tried = .9, .kept = .9, .used = .7, .launched = 8},
};
static const struct pl_people hospital = {
    .weeks = 14,
    .users = 800,
    .joining = .01,
    .leaving = .01,
    .visiting = .85,
    .again = .5,
    .value = "Patient Treated",
    .valued = .9,
    .habits = hospital_habits,
    .n_habits = COUNT(hospital_habits),
};

static const struct pl_habit park_habits[] = {
    {.name = "big ride", .offered = .9, .met = .6, .tried = .9, .kept = .9, .used = .9},
    {.name = "night show", .in_gap = true, .offered = .8, .met = .03, .tried = .95, .kept = .9, .used = .9},
};
static const struct pl_people park = {
    .weeks = 16,
    .users = 1200,
    .joining = .03,
    .leaving = .02,
    .visiting = .6,
    .again = .4,
    .weekend = .6,
    .value = "Ride Taken",
    .valued = .8,
    .habits = park_habits,
    .n_habits = COUNT(park_habits),
};

static const struct pl_people marketplace = {
    .steps = SHOP_STEPS,
    .value = SHOP_VALUE,
    .weeks = 70,
    .users = 550,
    .joining = .03,
    .leaving = .03,
    .visiting = .6,
    .again = .3,
    .begun = .6,
    .done = .6,
    .valued = .3,
    .habits = delivered,
    .n_habits = COUNT(delivered),
};

static const struct pl_people dark_pattern = {
    .steps = SHOP_STEPS,
    .value = SHOP_VALUE,
    .weeks = 21,
    .users = 400,
    .joining = .03,
    .leaving = .03,
    .visiting = .6,
    .again = .3,
    .begun = .6,
    .done = .4,
    .done_drift = .02,
    .valued = .4,
    .valued_drift = -.015,
};

static const struct pl_people price_rise = {
    .steps = SHOP_STEPS,
    .value = SHOP_VALUE,
    .weeks = 26,
    .users = 600,
    .joining = .03,
    .leaving = .03,
    .visiting = .6,
    .again = .3,
    .begun = .7,
    .done = .6,
    .valued = .6,
    .valued_drift = -.025,
    .price = 30,
    .price_drift = .02,
};

static const struct pl_people season = {
    .steps = SHOP_STEPS,
    .value = SHOP_VALUE,
    .weeks = 57,
    .users = 300,
    .joining = .03,
    .leaving = .03,
    .visiting = .55,
    .again = .3,
    .season = .4,
    .weekend = .45,
    .mix = .25,
    .begun = .6,
    .done = .6,
    .valued = .4,
    .habits = delivered,
    .n_habits = COUNT(delivered),
};

static const struct pl_people traffic_halved = {
    .steps = SHOP_STEPS,
    .value = SHOP_VALUE,
    .weeks = 30,
    .users = 500,
    .joining = .03,
    .leaving = .03,
    .visiting = .6,
    .again = .3,
    .halved = 15,
    .begun = .6,
    .done = .6,
    .valued = .4,
    .habits = delivered,
    .n_habits = COUNT(delivered),
};

static const struct pl_people marketing = {
    .steps = SHOP_STEPS,
    .value = SHOP_VALUE,
    .weeks = 30,
    .users = 800,
    .joining = .03,
    .leaving = .03,
    .visiting = .6,
    .again = .3,
    .begun = .7,
    .done = .3,
    .done_drift = .04,
    .valued = .4,
};

static const struct pl_habit left_habits[] = {
    {.name = "wish list", .in_gap = true, .met = .4, .tried = .7, .kept = .06, .used = .4},
    {.name = "chat", .in_gap = true, .met = .5, .tried = .6, .kept = .06, .used = .4},
};
static const struct pl_people tried_and_left = {
    .steps = SHOP_STEPS,
    .value = SHOP_VALUE,
    .weeks = 18,
    .users = 500,
    .joining = .03,
    .leaving = .02,
    .visiting = .7,
    .again = .3,
    .begun = .6,
    .done = .6,
    .valued = .4,
    .habits = left_habits,
    .n_habits = COUNT(left_habits),
};

static const struct pl_people eight_a_year = {
    .steps = SHOP_STEPS,
    .value = SHOP_VALUE,
    .from_week = 78,
    .weeks = 26,
    .users = 400,
    .joining = .03,
    .leaving = .03,
    .visiting = .6,
    .again = .3,
    .begun = .6,
    .done = .6,
    .valued = .4,
    .habits = delivered,
    .n_habits = COUNT(delivered),
};

#define ENDS(...) .has_end = true, .end = {__VA_ARGS__}

static const struct pl_world worlds[] = {
    {.name = "plateau",
     .help = "12 experiments that pay, then 30 that do not: events and steps of experiments",
     .crowd = true},
    {.name = "zero",
     .help = "results of experiments that gain nothing",
     .phases = {{.n = 240, .times_delta = 0}},
     .every_hours = 36},
    {.name = "half",
     .help = "results that return half of the smallest gain worth an experiment",
     .phases = {{.n = 240, .times_delta = .5}},
     .every_hours = 36},
    {.name = "boundary",
     .help = "results that return exactly that",
     .phases = {{.n = 240, .times_delta = 1}},
     .every_hours = 36},
    {.name = "paying",
     .help = "results that return twice that",
     .phases = {{.n = 240, .times_delta = 2}},
     .every_hours = 36},
    {.name = "office",
     .help = "few of 200 features are known; who meets one keeps using it",
     .why = "12 of 200 features are known by most; who meets another one keeps using it",
     .people = &office,
     .options = "value_bar       = 30%\n",
     ENDS(.verdict = PL_DELIVER_EXISTING, .gap = "discovery", .alerts = "firing DELIVER_EXISTING")},
    {.name = "athletes",
     .help = "features are met and not understood",
     .why = "most know the features and few try them",
     .people = &athletes,
     .options = "value_bar       = 30%\n",
     ENDS(.verdict = PL_NO_VERDICT, .lean = 1, .gap = "trial", .alerts = "")},
    {.name = "hospital",
     .help = "a new feature is good, and most do not know it yet",
     .why = "who met the new feature uses it again, and most have not met it",
     .people = &hospital,
     .options = "value_bar       = 30%\n",
     ENDS(.verdict = PL_DELIVER_EXISTING, .gap = "discovery", .alerts = "firing DELIVER_EXISTING")},
    {.name = "park",
     .help = "few find it; who does comes again",
     .why = "few of those who could find the show, and who found it goes again",
     .people = &park,
     .options = "value_bar       = 25%\n",
     ENDS(.verdict = PL_DELIVER_EXISTING, .gap = "discovery", .alerts = "firing DELIVER_EXISTING")},
    {.name = "marketplace",
     .help = "experiments pay, then fade; a core launch ends it",
     .why = "30 experiments paid three times the smallest gain, those after them nothing; users have what there is",
     .people = &marketplace,
     .options = SHOP_OPTIONS "value_bar       = 30%\n",
     .phases = {{.n = 30, .times_delta = .3, .mean = 3}, {.n = 50}},
     .every_hours = 144,
     .launch_week = 70,
     ENDS(.verdict = PL_SHIFT_TO_CORE, .grade = PL_CONFIRMED,
          .alerts = "firing PREPARE_CORE, resolved PREPARE_CORE, firing SHIFT_TO_CORE, resolved SHIFT_TO_CORE")},
    {.name = "dark-pattern",
     .help = "experiments sell more, and users get less",
     .why = "what raises orders takes half as much from what users get",
     .people = &dark_pattern,
     .options = SHOP_OPTIONS "value_per_delivery = 0.3\n",
     .phases = {{.n = 60, .times_delta = 2}},
     .every_hours = 58,
     .keeps_up = -.5,
     .value_noise = 1,
     ENDS(.verdict = PL_HOLLOW_GROWTH, .alerts = "firing HOLLOW_GROWTH")},
    {.name = "price-rise",
     .help = "prices rise, and users get less",
     .why = "revenue per user rises with prices while users get less each week",
     .people = &price_rise,
     .options = SHOP_OPTIONS,
     ENDS(.verdict = PL_DERIVING, .alerts = "firing DERIVING")},
    {.name = "healthy",
     .help = "500 results that keep paying",
     .why = "experiments return three times the smallest gain, all the time",
     .phases = {{.n = 500, .times_delta = 3}},
     .every_hours = 36,
     ENDS(.verdict = PL_KEEP_OPTIMISING, .alerts = "")},
    {.name = "noisy",
     .help = "results too noisy to say anything",
     .why = "experiments return half of the smallest gain and are measured with ten times its error",
     .phases = {{.n = 60, .times_delta = .5}},
     .noise = 10,
     .every_hours = 720,
     ENDS(.verdict = PL_NO_VERDICT, .alerts = "")},
    {.name = "season",
     .help = "traffic and phones come and go with the year; experiments pay",
     .why = "traffic and the share of phones move with the year and the week; experiments keep paying",
     .people = &season,
     .options = SHOP_OPTIONS "value_bar       = 30%\n",
     .phases = {{.n = 100, .times_delta = 3}},
     .every_hours = 94,
     ENDS(.verdict = PL_KEEP_OPTIMISING, .alerts = "")},
    {.name = "traffic-halved",
     .help = "half of the traffic is lost; experiments keep paying",
     .why = "after 15 weeks half as many users come; experiments keep paying",
     .people = &traffic_halved,
     .options = SHOP_OPTIONS "value_bar       = 30%\n",
     .phases = {{.n = 60, .times_delta = 3}},
     .every_hours = 82,
     ENDS(.verdict = PL_KEEP_OPTIMISING, .alerts = "")},
    {.name = "marketing",
     .help = "the funnel rises, and not by experiments",
     .why = "a campaign brings users who buy more; experiments gain nothing",
     .people = &marketing,
     .options = SHOP_OPTIONS,
     .phases = {{.n = 34, .times_delta = 0}},
     .every_hours = 144,
     ENDS(.verdict = PL_CONTRADICTION, .alerts = "firing CONTRADICTION")},
    {.name = "tried-and-left",
     .help = "users try the features and leave them",
     .why = "most know the features and try them, and few use them again",
     .people = &tried_and_left,
     .options = SHOP_OPTIONS "value_bar       = 30%\n",
     ENDS(.verdict = PL_NO_VERDICT, .lean = -1, .gap = "fit", .alerts = "")},
    {.name = "eight-a-year",
     .help = "two years of eight experiments each",
     .why = "experiments return half of the smallest gain; 16 are too few to tell",
     .people = &eight_a_year,
     .options = SHOP_OPTIONS "value_bar       = 30%\n",
     .phases = {{.n = 16, .times_delta = .5}},
     .noise = 4,
     .every_hours = 1090,
     ENDS(.verdict = PL_NO_VERDICT, .alerts = "")},
};

const struct pl_world *pl_world_at(unsigned index)
{
    return index < sizeof(worlds) / sizeof(*worlds) ? &worlds[index] : NULL;
}
