#include "codec/conf.h"
#include "util/num.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/conf_parse.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The smallest conf of design 5, as it stands there. */
static const char smallest[] = "[kafka]\n"
                               "bootstrap.servers = kafka1:9092\n"
                               "[source events]\n"
                               "topics = product.events\n"
                               "[redis]\n"
                               "url = redis://127.0.0.1:6379/0\n"
                               "[area checkout]\n"
                               "owner           = growth-payments\n"
                               "experiments     = checkout_*, cart_*\n"
                               "goal            = Order Completed\n"
                               "value           = Order Received, Order Reordered\n"
                               "funnel          = Product Viewed > Checkout Started > Order Completed\n"
                               "smallest_return = 0.2%\n";

static void assert_actions(const struct pl_conf *conf, const uint32_t *ids, unsigned n, const char *joined)
{
    char text[512] = "";

    for (unsigned at = 0; at < n; at++) {
        strcat(text, at ? "," : "");
        strcat(text, pl_names_text(conf->rules->actions, ids[at]));
    }
    assert_string_equal(text, joined);
}

static void smallest_conf_runs(void **state)
{
    struct pl_conf *conf = parse(smallest);
    const struct pl_rules *rules = conf->rules;
    const struct pl_area_rule *area = &rules->areas[0];

    (void)state;
    assert_int_equal(conf->n_kafka, 1);
    assert_string_equal(conf->kafka[0].key, "bootstrap.servers");
    assert_string_equal(conf->kafka[0].value, "kafka1:9092");
    assert_int_equal(conf->n_sources, 1);
    assert_string_equal(conf->sources[0].name, "events");
    assert_int_equal(conf->sources[0].n_topics, 1);
    assert_string_equal(conf->sources[0].topics[0], "product.events");
    assert_string_equal(conf->sources[0].format, "segment");
    assert_null(conf->sources[0].when);
    assert_string_equal(conf->redis_url, "redis://127.0.0.1:6379/0");

    assert_int_equal(rules->n_areas, 1);
    assert_string_equal(area->id, "checkout");
    assert_string_equal(area->owner, "growth-payments");
    assert_string_equal(area->unit, "%");
    assert_int_equal(area->n_globs, 2);
    assert_string_equal(area->globs[1], "cart_*");
    assert_true(fabs(area->smallest_return - .002) < 1e-15);
    assert_true(isnan(area->baseline));
    assert_int_equal(area->landmark_us, 14 * PL_DAY_US);

    assert_int_equal(rules->n_metrics, 2);
    assert_int_equal(area->goal, pl_rules_find_metric(rules, S("checkout.goal")));
    assert_int_equal(rules->metrics[area->goal].type, PL_METRIC_CONVERSION);
    assert_int_equal(rules->metrics[area->goal].window_us, 7 * PL_DAY_US);
    assert_actions(conf, rules->metrics[area->goal].events.ids, rules->metrics[area->goal].events.n, "Order Completed");
    assert_int_equal(pl_rules_find_metric(rules, S("checkout.value")), 1);
    assert_actions(conf, rules->metrics[1].events.ids, rules->metrics[1].events.n, "Order Received,Order Reordered");

    assert_int_equal(rules->n_funnels, 1);
    assert_int_equal(area->funnel, 0);
    assert_string_equal(rules->funnels[0].id, "checkout");
    assert_actions(conf, rules->funnels[0].steps, rules->funnels[0].n_steps,
                   "Product Viewed,Checkout Started,Order Completed");
    assert_int_equal(rules->funnels[0].window_us, 0);
    pl_conf_free(conf);
    pl_conf_free(NULL);
}

static void defaults_are_those_of_the_table(void **state)
{
    struct pl_conf *conf = parse("");

    (void)state;
    assert_string_equal(conf->instance, "main");
    assert_string_equal(conf->control, "plateaud.control");
    assert_string_equal(conf->group, "plateaud-main");
    assert_null(conf->hash_key_file);
    assert_string_equal(conf->http_listen, "127.0.0.1:9188");
    assert_string_equal(conf->log_level, "info");
    assert_int_equal(conf->workers, 0);
    assert_int_equal(conf->idle_timeout_us, 10 * PL_MINUTE_US);
    assert_int_equal(conf->commit_interval_us, 250000);
    assert_int_equal(conf->commit_records, 2000);
    assert_int_equal(conf->commit_bytes, 20 * 1024 * 1024);
    assert_int_equal(conf->kafka_queue_bytes, 64 * 1024 * 1024);
    assert_int_equal(conf->alert_min_interval_us, 14 * PL_DAY_US);
    assert_int_equal(conf->alert_stream_max, 10000);
    assert_int_equal(conf->redis_timeout_us, 5 * PL_SECOND_US);
    assert_int_equal(conf->rules->lateness_us, PL_MINUTE_US);
    assert_int_equal(conf->rules->hold_us, 10 * PL_MINUTE_US);
    assert_int_equal(conf->rules->dedup_us, 10 * PL_MINUTE_US);
    assert_int_equal(conf->rules->forget_us, 90 * PL_DAY_US);
    assert_int_equal(conf->rules->max_units, 2000000);
    assert_int_equal(conf->rules->max_experiments, 1000);
    pl_conf_free(conf);
    conf = parse("[plateaud]\ninstance = eu\n");
    assert_string_equal(conf->group, "plateaud-eu");
    pl_conf_free(conf);
}

static const char everything[] =
    "[plateaud]\ninstance = shop\ncontrol = ctl\ngroup = g\nhash_key_file = /k\nhttp = off\nlog_level = debug\n"
    "workers = 3\nlateness = 2m\nhold = 20m\ndedup = 5m\nforget = 60d\nidle_timeout = 1h\ncommit_interval = 1s\n"
    "commit_records = 7\ncommit_bytes = 1MB\nkafka_queue = 2MB\nmax_units = 9\nmax_experiments = 8\n"
    "[kafka]\nbootstrap.servers = a:1,b:2\nsasl.password.file = /p\nclient.id = x\n"
    "[source web]\ntopics = t1, t2\nformat = posthog\nwhen = a\nevent = b\ntime = c\nunit = d\nid = e\n"
    "experiment = f\nvariant = g\nexposure_when = h\n[source app]\ntopics = t3\n"
    "[redis]\nurl = rediss://r:1/2\nuser = u\npassword_file = /pw\nca_file = /ca\ncert_file = /ce\nkey_file = /ke\n"
    "timeout = 3s\n"
    "[area search]\nowner = s\nexperiments = *\ngoal = Clicked, Opened\n"
    "[area play]\nexperiments = p_?\ngoal = wins\nfunnel = path\nsmallest_return = 2.5\nunit = Elo\nlandmark = 28d\n"
    "false_alarm_every = 2y\nbaseline = 100\ncoverage = 25%\n"
    "[metric wins]\ntype = sum\nevent = Won, Drew\nproperty = properties.points\nwindow = 3d\ncap = 10.5\nbound = 100\n"
    "better = lower\nn_star = 1e4\n"
    "[metric played]\narea = play\ntype = count\nevent = Played\n"
    "[funnel path]\nsteps = Opened > Joined > Won\nwindow = 1d\ngap = 10m, 0\n"
    "[funnel other]\narea = search\nsteps = A > B > C > D\ngap = 5m\n"
    "[experiment p_1]\nvariants = off:20%, on:80%\nwork = monetisation\n"
    "[experiment named]\narea = play\nvariants = a, b, c\n"
    "[alert]\nmin_interval = 1d\nstream_max = 500\n";

static void every_option_is_read(void **state)
{
    struct pl_conf *conf = parse(everything);

    (void)state;
    assert_string_equal(conf->instance, "shop");
    assert_string_equal(conf->control, "ctl");
    assert_string_equal(conf->group, "g");
    assert_string_equal(conf->hash_key_file, "/k");
    assert_string_equal(conf->http_listen, "off");
    assert_string_equal(conf->log_level, "debug");
    assert_int_equal(conf->workers, 3);
    assert_int_equal(conf->idle_timeout_us, PL_HOUR_US);
    assert_int_equal(conf->commit_interval_us, PL_SECOND_US);
    assert_int_equal(conf->commit_records, 7);
    assert_int_equal(conf->commit_bytes, 1 << 20);
    assert_int_equal(conf->kafka_queue_bytes, 2 << 20);
    assert_int_equal(conf->n_kafka, 3);
    assert_string_equal(conf->kafka[1].key, "sasl.password.file");
    assert_int_equal(conf->n_sources, 2);
    assert_int_equal(conf->sources[0].n_topics, 2);
    assert_string_equal(conf->sources[0].topics[1], "t2");
    assert_string_equal(conf->sources[0].format, "posthog");
    assert_string_equal(conf->sources[0].when, "a");
    assert_string_equal(conf->sources[0].event, "b");
    assert_string_equal(conf->sources[0].time, "c");
    assert_string_equal(conf->sources[0].unit, "d");
    assert_string_equal(conf->sources[0].id, "e");
    assert_string_equal(conf->sources[0].experiment, "f");
    assert_string_equal(conf->sources[0].variant, "g");
    assert_string_equal(conf->sources[0].exposure_when, "h");
    assert_string_equal(conf->sources[1].name, "app");
    assert_string_equal(conf->redis_url, "rediss://r:1/2");
    assert_string_equal(conf->redis_user, "u");
    assert_string_equal(conf->redis_password_file, "/pw");
    assert_string_equal(conf->redis_ca_file, "/ca");
    assert_string_equal(conf->redis_cert_file, "/ce");
    assert_string_equal(conf->redis_key_file, "/ke");
    assert_int_equal(conf->redis_timeout_us, 3 * PL_SECOND_US);
    assert_int_equal(conf->alert_min_interval_us, PL_DAY_US);
    assert_int_equal(conf->alert_stream_max, 500);
    assert_int_equal(conf->rules->lateness_us, 2 * PL_MINUTE_US);
    assert_int_equal(conf->rules->hold_us, 20 * PL_MINUTE_US);
    assert_int_equal(conf->rules->dedup_us, 5 * PL_MINUTE_US);
    assert_int_equal(conf->rules->forget_us, 60 * PL_DAY_US);
    assert_int_equal(conf->rules->max_units, 9);
    assert_int_equal(conf->rules->max_experiments, 8);
    pl_conf_free(conf);
}

static void every_rule_is_read(void **state)
{
    struct pl_conf *conf = parse(everything);
    const struct pl_rules *rules = conf->rules;
    const struct pl_area_rule *play = &rules->areas[1];
    const struct pl_metric_rule *wins = &rules->metrics[pl_rules_find_metric(rules, S("wins"))];
    const struct pl_funnel_rule *path = &rules->funnels[pl_rules_find_funnel(rules, S("path"))];
    const struct pl_funnel_rule *other = &rules->funnels[pl_rules_find_funnel(rules, S("other"))];
    const struct pl_experiment_rule *p1 = &rules->experiments[pl_rules_find_experiment(rules, S("p_1"))];
    const struct pl_experiment_rule *named = &rules->experiments[pl_rules_find_experiment(rules, S("named"))];

    (void)state;
    assert_string_equal(play->unit, "Elo");
    assert_string_equal(play->owner, "");
    assert_true(play->smallest_return == 2.5 && play->baseline == 100 && play->coverage == .25);
    assert_true(play->false_alarm_every_years == 2);
    assert_int_equal(play->landmark_us, 28 * PL_DAY_US);
    assert_ptr_equal(&rules->metrics[play->goal], wins);
    assert_ptr_equal(&rules->funnels[play->funnel], path);
    assert_true(isnan(rules->areas[0].smallest_return));
    assert_int_equal(rules->areas[0].funnel, PL_RULES_NONE);

    assert_int_equal(wins->type, PL_METRIC_SUM);
    assert_int_equal(wins->area, 1); /* from the area that names it */
    assert_actions(conf, wins->events.ids, wins->events.n, "Won,Drew");
    assert_string_equal(rules->value_paths[wins->value], "properties.points");
    assert_int_equal(wins->window_us, 3 * PL_DAY_US);
    assert_int_equal(wins->cap_micro, 10500000);
    assert_int_equal(wins->bound_micro, 100 * PL_MICRO);
    assert_true(wins->lower_is_better && wins->n_star == 10000);
    assert_int_equal(rules->metrics[pl_rules_find_metric(rules, S("played"))].type, PL_METRIC_COUNT);
    assert_int_equal(rules->metrics[pl_rules_find_metric(rules, S("played"))].cap_micro, 0);

    assert_int_equal(path->area, 1);
    assert_int_equal(path->window_us, PL_DAY_US);
    assert_int_equal(path->max_gap_us[1], 10 * PL_MINUTE_US);
    assert_int_equal(path->max_gap_us[2], 0);
    for (unsigned at = 1; at < 4; at++)
        assert_int_equal(other->max_gap_us[at], 5 * PL_MINUTE_US);

    assert_int_equal(p1->area, 0); /* the first pattern that matches is * */
    assert_int_equal(p1->work, PL_WORK_MONETISATION);
    assert_string_equal(p1->variants[0], "off");
    assert_true(fabs(p1->shares[0] - .2) < 1e-12 && fabs(p1->shares[1] - .8) < 1e-12);
    assert_int_equal(named->area, 1);
    assert_int_equal(named->n_variants, 3);
    assert_true(fabs(named->shares[2] - 1. / 3) < 1e-12);
    pl_conf_free(conf);
}

static void errors_name_place_and_nearest(void **state)
{
    (void)state;
    refused("[plateaud]\n\nlatenes = 1m\n", "f:3: unknown key `latenes` in [plateaud]; nearest known key: lateness");
    refused("[plateaud]\nzzzzzzzzzz = 1m\n", "f:2: unknown key `zzzzzzzzzz` in [plateaud]");
    refused("\n[aera x]\n", "f:2: unknown section [aera]; nearest known section: [area NAME]");
    refused("[mysql]\n", "f:1: unknown section [mysql]");
    refused("[area]\n", "f:1: [area] needs a name: [area NAME]");
    refused("[redis x]\n", "f:1: [redis] takes no name");
    refused("[area a/b]\n", "f:1: [area a/b]: a name is 1 to 64 of A-Z a-z 0-9 _ . : - and inner spaces");
    refused("[plateaud]\nlateness = 2d\n", "f:2: `lateness = 2d`: not within 1s to 1d");
    refused("[plateaud]\ncommit_records = 1e3\n", "f:2: `commit_records = 1e3`: expected a whole number");
    refused("[plateaud]\ninstance =\n", "f:2: `instance` is empty");
    refused("[source x]\nformat = segment\n", "f:1: [source x] needs `topics`");
    refused("[metric x]\nwindow = 1d\n", "f:1: [metric x] needs `event`");
    refused("[funnel x]\n", "f:1: [funnel x] needs `steps`");
}

static void errors_between_options(void **state)
{
    (void)state;
    refused("[area a]\nsmallest_return = 0.2\n",
            "f:2: `smallest_return = 0.2`: expected a share with its sign, such as 0.2%");
    refused("[area a]\nunit = Elo\nsmallest_return = 2%\n",
            "f:3: `smallest_return = 2%`: a number of Elo, not a share");
    refused("[area a]\n[area b]\n[metric m]\nevent = e\n", "f:3: [metric m] needs `area`");
    refused("[metric m]\narea = b\nevent = e\n", "f:2: `area = b` names no [area]");
    refused("[area a]\ngoal = m\n[area b]\n[metric m]\narea = b\nevent = e\n",
            "f:1: [area a] names [metric m], which belongs to area b");
    refused("[area a]\ngoal = e\n[metric a.goal]\nevent = e\n",
            "f:2: `goal` would be [metric a.goal], which is given at f:3; name it here or rename it");
    refused("[area a]\nfunnel = A > B\n[funnel a]\nsteps = A > B\n",
            "f:2: `funnel` would be [funnel a], which is given at f:3; name it here or rename it");
    refused("[area a]\nfunnel = path\n", "f:2: `funnel = path` names no [funnel]; events need a way: A > B");
    refused("[area a]\n[metric m]\nevent = e\ntype = sum\n", "f:2: [metric m] needs `property`: its type is sum");
    refused("[area a]\n[metric m]\nevent = e\nproperty = p\n",
            "f:4: [metric m]: `property` is not for type conversion, only for sum, mean");
    refused("[plateaud]\nforget = 2d\n[area a]\n[metric m]\nevent = e\nwindow = 3d\n",
            "f:6: `window = 3d` is longer than `forget = 2d` of [plateaud]");
    refused("[source a]\ntopics = x, y\n[source b]\ntopics = y\n", "f:4: topic y is given twice");
    refused("[source a]\ntopics = plateaud.control\n", "f:2: plateaud.control is the control topic");
    refused("[source a]\ntopics = 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n", "f:2: more than 16 source topics");
    refused("[area a]\nlandmark = 8h\n", "f:2: `landmark = 8h`: not within 7d to 28d");
    refused("[area a]\nlandmark = 200h\n", "f:1: area 'a': landmark is not whole days from 7d to 28d");
    refused("[area a]\n[metric m]\nevent = 1,2,3,4,5,6,7,8,9\n", "f:3: [metric m] `event`: more than 8 events");
    refused("[area a]\n[metric m]\nevent = x, x\n", "f:2: metric 'm' names one event twice");
    refused("[area a]\n[metric m]\nevent = e\ntype = sum\nproperty = a\n[metric n]\nevent = e\ntype = sum\n"
            "property = b\n[metric o]\nevent = e\ntype = sum\nproperty = c\n[metric p]\nevent = e\ntype = sum\n"
            "property = d\n[metric q]\nevent = e\ntype = sum\nproperty = e\n",
            "f:21: [metric q] `property`: more than 4 different properties in the configuration");
    refused("[area a]\n[funnel m]\nsteps = x\n", "f:2: funnel 'm' needs 2 to 32 steps");
    refused("[area a]\n[funnel m]\nsteps = x > y > z\ngap = 1m, 2m, 3m\n",
            "f:4: [funnel m] `gap`: more gaps than pairs of steps");
    refused("[area a]\n[funnel m]\nsteps = x > y > z > w\ngap = 1m, 2m\n",
            "f:4: [funnel m] `gap`: give one, or one for each pair of steps");
    refused("[area a]\n[funnel m]\nsteps = x > y\ngap = 91d\n", "f:4: [funnel m] `gap`: not within 0 to 90d");
}

static void experiments_are_checked(void **state)
{
    (void)state;
    refused("[area a]\n[experiment x]\nvariants = a:50%, b:40%\n",
            "f:3: [experiment x] `variants`: the shares do not add up to 100%");
    refused("[area a]\n[experiment x]\nvariants = a:50%, b\n",
            "f:3: [experiment x] `variants`: give every variant a share, or none");
    refused("[area a]\n[experiment x]\nvariants = a:0%, b:100%\n",
            "f:3: [experiment x] `variants`: a share is not above 0%");
    refused("[area a]\n[experiment x]\nvariants = a\n", "f:2: experiment 'x' needs 2 to 16 variants");
    refused("[area a]\n[experiment x]\nvariants = a, a\n", "f:2: experiment 'x': variant 'a' twice");
    refused("[area a]\n[experiment x]\n[experiment x]\n", "f:3: [experiment x] was given before, at f:2");
    refused("[area a]\n[area b]\n[experiment x]\n", "f:3: [experiment x] needs `area`");
    pl_conf_free(parse("[area a]\n[experiment x]\nvariants = a:33.3%, b:33.3%, c:33.4%\n"));
    pl_conf_free(parse("[area a]\n[experiment x]\nvariants = a:33.3%, b:33.3%, c:33.3%\n"));
}

static void a_thousand_experiments_are_the_limit(void **state)
{
    struct pl_buf text = {0};
    struct pl_conf *conf;
    struct pl_err err;

    (void)state;
    pl_buf_add_text(&text, "[area a]\n");
    for (int at = 0; at < 1000; at++)
        pl_buf_addf(&text, "[experiment e%d]\n", at);
    assert_int_equal(pl_conf_parse("f", pl_buf_span(&text), &conf, NULL), PL_OK);
    assert_int_equal(conf->rules->n_experiments, 1000);
    pl_conf_free(conf);
    pl_buf_add_text(&text, "[experiment one more]\n");
    assert_int_equal(pl_conf_parse("f", pl_buf_span(&text), &conf, &err), PL_ERR_FULL);
    assert_string_equal(err.text, "f:1002: too many of kind experiment");
    pl_buf_fini(&text);
}

static void kafka_keys_that_are_ours(void **state)
{
    static const char *const bad[] = {"enable.auto.commit = true",
                                      "enable.auto.offset.store = true",
                                      "auto.offset.reset = earliest",
                                      "group.id = x",
                                      "enable.partition.eof = false",
                                      "partition.assignment.strategy = range",
                                      "isolation.level = read_uncommitted",
                                      "enable.ssl.certificate.verification = false",
                                      "enable.ssl.certificate.verification = 0",
                                      "ssl.endpoint.identification.algorithm = none",
                                      "auto.commit.enable = true",
                                      "sasl.password = x",
                                      "ssl.key.password = x",
                                      "ssl.keystore.password = x",
                                      "SASL.PASSWORD = x",
                                      "sasl.oauthbearer.client.secret = x",
                                      "ssl.key.pem = x",
                                      "bootstrap.servers =",
                                      "group.id.file = /x",
                                      "sasl.password.file ="};
    static const char *const good[] = {"enable.auto.commit = false",
                                       "partition.assignment.strategy = cooperative-sticky",
                                       "isolation.level = read_committed",
                                       "enable.ssl.certificate.verification = true",
                                       "socket.nagle.disable = true",
                                       "sasl.password.file = /p",
                                       "ssl.ca.location = /ca",
                                       "auto.offset.reset = error",
                                       "unknown.to.us = 1"};
    char text[256];

    (void)state;
    for (size_t at = 0; at < sizeof(bad) / sizeof(*bad); at++) {
        struct pl_conf *conf;
        struct pl_err err = {0};

        snprintf(text, sizeof(text), "[kafka]\n%s\n", bad[at]);
        if (pl_conf_parse("f", S(text), &conf, &err) != PL_ERR_INPUT)
            fail_msg("%s was taken", bad[at]);
        assert_ptr_equal(strstr(err.text, "f:2: "), err.text);
    }
    for (size_t at = 0; at < sizeof(good) / sizeof(*good); at++) {
        snprintf(text, sizeof(text), "[kafka]\n%s\n", good[at]);
        pl_conf_free(parse(text));
    }
    refused("[kafka]\nsasl.password = hunter2\n",
            "f:2: `sasl.password` is a secret: put it into a file and write `sasl.password.file = PATH`");
    refused("[kafka]\ngroup.id = x\n", "f:2: `group.id` of [kafka] is not yours to set: it is `group` of [plateaud]");
    refused("[kafka]\nclient.id = x\nclient.id.file = y\n", "f:3: both `client.id` and `client.id.file` are given");
}

/* Printing shows every value with its origin, and reads back to the same rules. */
static void print_reads_back(void **state)
{
    const char *const texts[] = {smallest, everything, "", "[area a]\ngoal = x\n"};

    (void)state;
    for (size_t at = 0; at < sizeof(texts) / sizeof(*texts); at++) {
        struct pl_conf *first = parse(texts[at]), *second;
        struct pl_buf one = {0}, two = {0};

        pl_conf_print(first, &one);
        second = parse(one.ptr);
        assert_true(first->rules->hash == second->rules->hash);
        assert_int_equal(pl_conf_reloadable(first, second, &two, NULL), PL_OK);
        assert_int_equal(two.len, 0);
        pl_buf_fini(&one);
        pl_buf_fini(&two);
        pl_conf_free(first);
        pl_conf_free(second);
    }
}

static void print_shows_origins(void **state)
{
    static const char *const lines[] = {
        "lateness = 60s                          # default\n",
        "group = plateaud-main                   # inferred\n",
        "owner = growth-payments                 # f:8\n",
        "goal = checkout.goal                    # inferred from f:10\n",
        "[metric checkout.goal]  # inferred from f:10\n",
        "[funnel checkout]  # inferred from f:12\n",
        "window = 7d                             # default\n",
        "format = segment                        # default\n",
        "bootstrap.servers = kafka1:9092         # f:2\n",
        "#   control = the variant named control, off, 0 or false, else the first one\n",
    };
    struct pl_conf *conf = parse(smallest);
    struct pl_buf out = {0};

    (void)state;
    pl_conf_print(conf, &out);
    for (size_t at = 0; at < sizeof(lines) / sizeof(*lines); at++)
        if (!strstr(out.ptr, lines[at]))
            fail_msg("not printed: %s", lines[at]);
    pl_buf_fini(&out);
    pl_conf_free(conf);
}

static void warnings(void **state)
{
    struct pl_buf out = {0};
    struct pl_conf *conf = parse("[area a]\n[area b]\ngoal = x\nvalue = y\nsmallest_return = 1%\nexperiments = *\n"
                                 "value_per_delivery = 1\n"
                                 "[kafka]\nbootstrap.servers = localhost:1,kafka1:2\n[redis]\nurl = redis://db:1\n");

    (void)state;
    pl_conf_warn(conf, &out);
    assert_non_null(strstr(out.ptr, "area a has no goal"));
    assert_non_null(strstr(out.ptr, "area a has no value: "));
    assert_non_null(strstr(out.ptr, "area a has no smallest_return"));
    assert_non_null(strstr(out.ptr, "area a has no patterns"));
    assert_null(strstr(out.ptr, "area b"));
    assert_non_null(strstr(out.ptr, "hash_key_file"));
    assert_non_null(strstr(out.ptr, "plain text to kafka1:"));
    assert_non_null(strstr(out.ptr, "plain text to db:"));
    assert_non_null(strstr(out.ptr, "no [source]"));
    pl_conf_free(conf);
    pl_buf_clear(&out);
    conf = parse(
        "[plateaud]\nhash_key_file = /k\n[source s]\ntopics = t\n"
        "[area b]\ngoal = x\nvalue = y\nsmallest_return = 1%\nvalue_per_delivery = 1\n"
        "[kafka]\nbootstrap.servers = [::1]:1, 127.0.0.2:3, localhost:4\n[redis]\nurl = redis://me@127.0.0.1:1\n");
    pl_conf_warn(conf, &out);
    assert_int_equal(out.len, 0);
    pl_conf_free(conf);
    conf = parse("[plateaud]\nhash_key_file = /k\n[source s]\ntopics = t\n"
                 "[area b]\ngoal = x\nvalue = y\nsmallest_return = 1%\nvalue_per_delivery = 1\n"
                 "[kafka]\nbootstrap.servers = k:1\nsecurity.protocol = SASL_SSL\n[redis]\nurl = rediss://h:1\n");
    pl_conf_warn(conf, &out);
    assert_int_equal(out.len, 0);
    pl_conf_free(conf);
    conf = parse("[redis]\nurl = redis+sentinel://me@127.0.0.1:1,[::1]:2,db3:1/main/0\n");
    pl_conf_warn(conf, &out);
    assert_non_null(strstr(out.ptr, "plain text to db3: use rediss+sentinel://"));
    pl_conf_free(conf);
    pl_buf_clear(&out);
    conf = parse("[redis]\nurl = rediss+cluster://db\nsentinel_user = s\nsentinel_password_file = /p\n");
    pl_conf_warn(conf, &out);
    assert_null(strstr(out.ptr, "plain text"));
    assert_string_equal(conf->redis_sentinel_user, "s");
    assert_string_equal(conf->redis_sentinel_password_file, "/p");
    pl_conf_free(conf);
    pl_buf_fini(&out);
}

static void reload(const char *from, const char *to, const char *diff, const char *message)
{
    struct pl_conf *now = parse(from), *next = parse(to);
    struct pl_buf out = {0};
    struct pl_err err = {0};
    enum pl_status status = pl_conf_reloadable(now, next, &out, &err);

    assert_int_equal(status, message ? PL_ERR_INPUT : PL_OK);
    assert_string_equal(out.ptr ? out.ptr : "", diff);
    if (message)
        assert_string_equal(err.text, message);
    assert_int_equal(pl_conf_reloadable(now, next, NULL, NULL), status);
    pl_buf_fini(&out);
    pl_conf_free(now);
    pl_conf_free(next);
}

static void reload_takes_policy(void **state)
{
    (void)state;
    reload("[area a]\nsmallest_return = 1%\n", "[area a]\nsmallest_return = 2%\n",
           "[area a] smallest_return: 1% -> 2%\n", NULL);
    reload("[area a]\n", "[area a]\nowner = o\n", "[area a] owner: (none) -> o\n", NULL);
    reload("[plateaud]\nlog_level = debug\n", "", "[plateaud] log_level: debug -> info\n", NULL);
    reload("[plateaud]\nlateness = 60s\n", "", "", NULL);
    reload("[area a]\ngoal = x\n", "[area a]\ngoal = x\n[metric m]\nevent = e\n", "[metric m] added\n", NULL);
    reload("[area a]\nexperiments = *\n", "[area a]\nexperiments = *\n[area b]\nexperiments = b\n", "[area b] added\n",
           NULL);
    reload("[area a]\n[experiment x]\n", "[area a]\n", "[experiment x] removed\n", NULL);
}

static void reload_refuses_structure(void **state)
{
    static const struct {
        const char *from, *to, *name;
    } rows[] = {
        {"", "[plateaud]\ninstance = x\n", "[plateaud] instance "},
        {"", "[plateaud]\ngroup = x\n", "[plateaud] group "},
        {"", "[plateaud]\ncontrol = x\n", "[plateaud] control "},
        {"", "[plateaud]\nhash_key_file = x\n", "[plateaud] hash_key_file "},
        {"", "[plateaud]\nlateness = 5s\n", "[plateaud] lateness "},
        {"", "[plateaud]\nhold = 5m\n", "[plateaud] hold "},
        {"", "[plateaud]\ndedup = 5m\n", "[plateaud] dedup "},
        {"", "[plateaud]\nforget = 50d\n", "[plateaud] forget "},
        {"", "[plateaud]\nmax_units = 5\n", "[plateaud] max_units "},
        {"", "[plateaud]\nmax_experiments = 5\n", "[plateaud] max_experiments "},
        {"", "[redis]\nurl = redis://h:1\n", "[redis] url "},
        {"", "[kafka]\nclient.id = x\n", "[kafka] client.id "},
        {"", "[source s]\ntopics = t\n", "[source s] cannot be added"},
        {"[source s]\ntopics = t\n", "", "[source s] cannot be removed"},
        {"[source s]\ntopics = t\n", "[source s]\ntopics = u\n", "[source s] topics "},
        {"[source s]\ntopics = t\n", "[source s]\ntopics = t\nformat = x\n", "[source s] format "},
        {"[source s]\ntopics = t\n", "[source s]\ntopics = t\nunit = x\n", "[source s] unit "},
        {"[area a]\n", "[area a]\nunit = Elo\n", "[area a] unit "},
        {"[area a]\n", "", "[area a] cannot be removed"},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(*rows); at++) {
        struct pl_conf *now = parse(rows[at].from), *next = parse(rows[at].to);
        struct pl_err err = {0};

        assert_int_equal(pl_conf_reloadable(now, next, NULL, &err), PL_ERR_INPUT);
        assert_ptr_equal(strstr(err.text, rows[at].name), err.text);
        pl_conf_free(now);
        pl_conf_free(next);
    }
    reload("", "[plateaud]\nhold = 5m\nlateness = 5s\nlog_level = debug\n",
           "[plateaud] log_level: info -> debug\n[plateaud] lateness: 60s -> 5s\n[plateaud] hold: 10m -> 5m\n",
           "[plateaud] lateness cannot change while plateaud runs; restart it");
}

/* A directory of files for pl_conf_load. */
static char directory[] = "/tmp/plateaud-conf-XXXXXX";

static void write_file(const char *name, const char *bytes)
{
    char path[512];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(bytes, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static enum pl_status load(const char *name, struct pl_conf **conf, struct pl_err *err)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return pl_conf_load(path, conf, err);
}

static int make_directory(void **state)
{
    char path[512];

    (void)state;
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof(path), "%s/conf.d", directory);
    return mkdir(path, 0700);
}

static int remove_directory(void **state)
{
    static const char *const names[] = {"conf.d/10-a.conf", "conf.d/20-b.conf", "conf.d/.hidden.conf",
                                        "conf.d/note.txt",  "conf.d",           "main.conf",
                                        "empty.conf",       "password",         "nul"};
    char path[512];

    (void)state;
    for (size_t at = 0; at < sizeof(names) / sizeof(*names); at++) {
        snprintf(path, sizeof(path), "%s/%s", directory, names[at]);
        (void)remove(path);
    }
    return rmdir(directory);
}

static void load_merges_files(void **state)
{
    struct pl_conf *conf = NULL;
    struct pl_buf out = {0};
    char line[600];

    (void)state;
    write_file("main.conf", "[plateaud]\nlog_level = error\ninstance = one\n[area a]\n");
    write_file("conf.d/20-b.conf", "[plateaud]\nlog_level = debug\n");
    write_file("conf.d/10-a.conf", "[plateaud]\nlog_level = warning\n[metric m]\nevent = e\n");
    write_file("conf.d/.hidden.conf", "[nonsense]\n");
    write_file("conf.d/note.txt", "[nonsense]\n");
    assert_int_equal(load("main.conf", &conf, NULL), PL_OK);
    assert_string_equal(conf->log_level, "debug");
    assert_string_equal(conf->instance, "one");
    assert_int_equal(conf->rules->n_metrics, 1);
    pl_conf_print(conf, &out);
    snprintf(line, sizeof(line), "# %s/conf.d/20-b.conf:2\n", directory);
    assert_non_null(strstr(out.ptr, line));
    pl_buf_fini(&out);
    pl_conf_free(conf);
}

static void load_refuses_one_section_in_two_files(void **state)
{
    struct pl_conf *conf;
    struct pl_err err;
    char message[1200];

    (void)state;
    write_file("main.conf", "[area a]\n");
    write_file("conf.d/10-a.conf", "\n[area a]\n");
    snprintf(message, sizeof(message), "%s/conf.d/10-a.conf:2: [area a] was given before, at %s/main.conf:1", directory,
             directory);
    assert_int_equal(load("main.conf", &conf, &err), PL_ERR_INPUT);
    assert_string_equal(err.text, message);
    write_file("conf.d/10-a.conf", "\n");
}

static void load_says_what_is_no_file(void **state)
{
    struct pl_conf *conf;
    struct pl_err err;

    (void)state;
    assert_int_equal(load("missing.conf", &conf, &err), PL_ERR_IO);
    assert_non_null(strstr(err.text, "missing.conf: No such file"));
    assert_int_equal(load("conf.d", &conf, &err), PL_ERR_INPUT);
    assert_non_null(strstr(err.text, "conf.d: is a directory"));
    write_file("empty.conf", "");
    assert_int_equal(load("empty.conf", &conf, &err), PL_ERR_INPUT);
    assert_non_null(strstr(err.text, "empty.conf: is empty"));
    assert_null(conf);
}

static void load_reads_secrets_from_files(void **state)
{
    struct pl_conf *conf;
    struct pl_err err;
    struct pl_buf out = {0};
    char text[700];

    (void)state;
    write_file("password", "hunter2\n");
    snprintf(text, sizeof(text), "[kafka]\nclient.id = c\nsasl.password.file = %s/password\n", directory);
    write_file("main.conf", text);
    assert_int_equal(load("main.conf", &conf, NULL), PL_OK);
    assert_int_equal(conf->n_kafka, 2);
    assert_string_equal(conf->kafka[1].key, "sasl.password");
    assert_string_equal(conf->kafka[1].value, "hunter2");
    pl_conf_print(conf, &out);
    assert_null(strstr(out.ptr, "hunter2"));
    assert_non_null(strstr(out.ptr, "sasl.password.file = "));
    pl_buf_fini(&out);
    pl_conf_free(conf);
    write_file("password", "\n");
    assert_int_equal(load("main.conf", &conf, &err), PL_ERR_INPUT);
    assert_non_null(strstr(err.text, "main.conf:3: "));
    write_file("main.conf", "[kafka]\nsasl.password.file = /nonexistent/password\n");
    assert_int_equal(load("main.conf", &conf, &err), PL_ERR_IO);
    assert_non_null(strstr(err.text, "main.conf:2: /nonexistent/password: No such file"));
}

static void load_finds_credentials(void **state)
{
    static const char *const bad[] = {"credential:", "credential:.", "credential:../x", "credential:a/b"};
    struct pl_conf *conf;
    struct pl_err err;
    struct pl_buf out = {0};
    char path[700];

    (void)state;
    write_file("kafka-password", "hunter2\n");
    write_file("main.conf", "[plateaud]\nhash_key_file = credential:hash-key\n"
                            "[kafka]\nsasl.password.file = credential:kafka-password\n"
                            "ssl.key.location = credential:kafka-key\n"
                            "[redis]\npassword_file = credential:redis-password\nkey_file = /plain\n");
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", directory, 1), 0);
    assert_int_equal(load("main.conf", &conf, NULL), PL_OK);
    snprintf(path, sizeof(path), "%s/hash-key", directory);
    assert_string_equal(conf->hash_key_file, path);
    snprintf(path, sizeof(path), "%s/redis-password", directory);
    assert_string_equal(conf->redis_password_file, path);
    assert_string_equal(conf->redis_key_file, "/plain");
    assert_string_equal(conf->kafka[0].key, "sasl.password");
    assert_string_equal(conf->kafka[0].value, "hunter2");
    snprintf(path, sizeof(path), "%s/kafka-key", directory);
    assert_string_equal(conf->kafka[1].value, path);
    pl_conf_print(conf, &out); /* what is printed works as a conf file, in another unit as well */
    assert_non_null(strstr(out.ptr, "hash_key_file = credential:hash-key"));
    assert_non_null(strstr(out.ptr, "sasl.password.file = credential:kafka-password"));
    assert_null(strstr(out.ptr, "hunter2"));
    pl_buf_fini(&out);
    pl_conf_free(conf);
    for (size_t at = 0; at < sizeof(bad) / sizeof(bad[0]); at++) {
        snprintf(path, sizeof(path), "[redis]\npassword_file = %s\n", bad[at]);
        write_file("main.conf", path);
        assert_int_equal(load("main.conf", &conf, &err), PL_ERR_INPUT);
        assert_non_null(strstr(err.text, "main.conf:2: "));
    }
    unsetenv("CREDENTIALS_DIRECTORY");
    write_file("main.conf", "[redis]\npassword_file = credential:redis-password\n");
    assert_int_equal(load("main.conf", &conf, &err), PL_ERR_INPUT);
    assert_non_null(strstr(err.text, "main.conf:2: "));
    assert_non_null(strstr(err.text, "LoadCredential=redis-password:PATH"));
}

static void samples_load(void **state)
{
    struct pl_buf warned = {0};
    struct pl_conf *conf;
    struct pl_err err = {0};

    (void)state;
    if (pl_conf_load(PL_SOURCE_DIR "/conf/example-checkout.conf", &conf, &err))
        fail_msg("%s", err.text);
    assert_int_equal(conf->rules->n_areas, 1);
    pl_conf_free(conf);
    if (pl_conf_load(PL_SOURCE_DIR "/conf/example-documents.conf", &conf, &err))
        fail_msg("%s", err.text);
    pl_conf_warn(conf, &warned);
    assert_int_equal(warned.len, 0);
    assert_int_equal(conf->rules->n_areas, 2);
    assert_int_equal(conf->rules->n_features, 3);
    assert_int_equal(conf->rules->n_objectives, 3);
    pl_conf_free(conf);
    pl_buf_fini(&warned);
    if (pl_conf_load(PL_SOURCE_DIR "/conf/plateaud.conf", &conf, &err))
        fail_msg("%s", err.text);
    pl_conf_free(conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smallest_conf_runs),
        cmocka_unit_test(defaults_are_those_of_the_table),
        cmocka_unit_test(every_option_is_read),
        cmocka_unit_test(every_rule_is_read),
        cmocka_unit_test(errors_name_place_and_nearest),
        cmocka_unit_test(errors_between_options),
        cmocka_unit_test(experiments_are_checked),
        cmocka_unit_test(a_thousand_experiments_are_the_limit),
        cmocka_unit_test(kafka_keys_that_are_ours),
        cmocka_unit_test(print_reads_back),
        cmocka_unit_test(print_shows_origins),
        cmocka_unit_test(warnings),
        cmocka_unit_test(reload_takes_policy),
        cmocka_unit_test(reload_refuses_structure),
        cmocka_unit_test(load_merges_files),
        cmocka_unit_test(load_refuses_one_section_in_two_files),
        cmocka_unit_test(load_says_what_is_no_file),
        cmocka_unit_test(load_reads_secrets_from_files),
        cmocka_unit_test(load_finds_credentials),
        cmocka_unit_test(samples_load),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
