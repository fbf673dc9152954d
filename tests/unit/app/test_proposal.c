#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/proposal.h"
#include "util/hash.h"
#include "util/stamp.h"

#include <stdio.h>
#include <string.h>

static struct pl_unit_id hash(void *ctx, struct pl_span unit)
{
    (void)ctx;
    return (struct pl_unit_id){1, pl_hash64(PL_HASH_SEED, unit)};
}

static struct pl_fit fit;
static struct pl_buf out;
static struct pl_conf *conf;
static struct pl_err err;

static int set_up(void **state)
{
    (void)state;
    fit = (struct pl_fit){.hash = hash};
    out = (struct pl_buf){.len = 0};
    conf = NULL;
    return pl_fit_open(&fit, &err);
}

static int tear_down(void **state)
{
    (void)state;
    pl_fit_fini(&fit);
    pl_buf_fini(&out);
    pl_conf_free(conf);
    return 0;
}

/* name: as it stands in JSON */
static void act(const char *user, const char *name, unsigned day)
{
    static unsigned second;
    struct pl_record record = {.timestamp_us = PL_TIME_NONE};
    char json[512];

    second++;
    record.value.ptr = json;
    record.value.len = (size_t)snprintf(json, sizeof(json),
                                        "{\"type\":\"track\",\"event\":\"%s\",\"userId\":\"%s\",\"timestamp\":"
                                        "\"2026-01-%02uT00:%02u:%02uZ\"}",
                                        name, user, day, second / 60 % 60, second % 60);
    pl_fit_take(&fit, &record);
}

static const char *write(struct pl_proposal proposal)
{
    proposal.fit = &fit;
    proposal.from = "test";
    assert_int_equal(pl_proposal_write(&proposal, &out, &err), PL_OK);
    assert_int_equal(pl_conf_parse("proposal", pl_buf_span(&out), &conf, &err), PL_OK);
    return out.ptr;
}

static void proposes_a_configuration_with_evidence(void **state)
{
    const char *text;
    char user[16];

    (void)state;
    for (unsigned u = 0; u < 4; u++) {
        snprintf(user, sizeof(user), "secret-%u", u);
        act(user, "Product Viewed", 1), act(user, "Checkout Started", 1);
        if (u < 3)
            act(user, "Order Completed", 1), act(user, "Song Played", 1), act(user, "Song Played", 4);
    }
    act("secret-0", "Filter Viewed", 1), act("secret-0", "Filter Used", 1);
    text = write((struct pl_proposal){.topic = "events", .brokers = "k1:9092,k2:9092"});
    assert_non_null(strstr(text, "\nbootstrap.servers = k1:9092,k2:9092\n"));
    assert_non_null(strstr(text, "\ntopics = events\n"));
    assert_non_null(strstr(text, "\nformat = segment\n"));
    assert_non_null(strstr(text, "19 of 19 records (100.0 %)"));
    assert_non_null(strstr(text, "\ngoal = Order Completed\n"));
    assert_non_null(strstr(text, "says \"completed\", and 3 units (75.0 %) did it"));
    assert_non_null(strstr(text, "\nfunnel = Product Viewed > Checkout Started > Order Completed\n"));
    assert_non_null(strstr(text, "3 of 3 went this way"));
    assert_non_null(strstr(text, "\n#value = Song Played   # 3 of 3 units (100.0 %)\n"));
    assert_non_null(strstr(text, "\n#[feature f1]\n#aware = Filter Viewed\n#use = Filter Used\n#area = product\n"));
    assert_null(strstr(text, "secret"));
    assert_int_equal(conf->rules->n_areas, 1);
    assert_int_equal(conf->rules->n_funnels, 1);
}

static void a_rare_way_is_only_a_suggestion(void **state)
{
    const char *text;
    char user[16];

    (void)state;
    for (unsigned u = 0; u < 6; u++) {
        const char *orders[] = {"A", "B", "C"};

        snprintf(user, sizeof(user), "u%u", u);
        for (unsigned at = 0; at < 3; at++)
            act(user, orders[(u % 2 ? u + at : u + 3 - at) % 3], 1);
        act(user, "Paid", 1);
    }
    text = write((struct pl_proposal){.topic = NULL});
    assert_non_null(strstr(text, "fewer than half"));
    assert_non_null(strstr(text, "\n#funnel = "));
    assert_int_equal(conf->rules->n_funnels, 0);
}

static void hostile_names_stay_in_their_comments(void **state)
{
    static const char *const names[] = {"x\\n[area evil]\\ngoal = x",
                                        "Order Completed # x",
                                        "Order Completed, Paid",
                                        "Paid > Paid",
                                        "Paid\\\"",
                                        "[kafka]",
                                        " Paid",
                                        "\\u001b[2J Paid",
                                        "Paid; x"};

    (void)state;
    for (size_t at = 0; at < sizeof(names) / sizeof(*names); at++)
        act("u", names[at], 1);
    (void)write((struct pl_proposal){.topic = NULL});
    assert_int_equal(conf->rules->n_areas, 1);
    assert_string_equal(conf->rules->areas[0].id, "product");
    assert_null(strchr(out.ptr, 0x1b));
    assert_non_null(strstr(out.ptr, "\n#goal = \n"));
}

static void keeps_the_servers_of_a_configuration(void **state)
{
    static const char given[] = "[kafka]\nbootstrap.servers = k:9093\nsecurity.protocol = sasl_ssl\n"
                                "sasl.password.file = /etc/secret\n[redis]\nurl = redis://r:7000/3\nuser = x\n";
    struct pl_conf *own;

    (void)state;
    assert_int_equal(pl_conf_parse("given", pl_span_of(given), &own, &err), PL_OK);
    act("u", "Paid", 1);
    (void)write((struct pl_proposal){.topic = "t", .conf = own});
    assert_string_equal(conf->redis_url, "redis://r:7000/3");
    assert_string_equal(conf->redis_user, "x");
    assert_non_null(strstr(out.ptr, "sasl.password.file = /etc/secret"));
    assert_non_null(strstr(out.ptr, "security.protocol = sasl_ssl"));
    assert_null(strstr(out.ptr, "localhost"));
    pl_conf_free(own);
}

static void nothing_to_propose_from(void **state)
{
    const struct pl_proposal proposal = {.fit = &fit, .from = "test"};
    const struct pl_record record = {.value = pl_span_of("{\"a\":1}"), .timestamp_us = PL_TIME_NONE};

    (void)state;
    assert_int_equal(pl_proposal_write(&proposal, &out, &err), PL_ERR_INPUT);
    assert_string_equal(err.text, "test: no records");
    pl_fit_take(&fit, &record);
    assert_int_equal(pl_proposal_write(&proposal, &out, &err), PL_ERR_INPUT);
    assert_non_null(strstr(err.text, "none of 1 records is an event in a known format"));
    assert_int_equal(out.len, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(proposes_a_configuration_with_evidence),
                                       TEST(a_rare_way_is_only_a_suggestion),
                                       TEST(hostile_names_stay_in_their_comments),
                                       TEST(keeps_the_servers_of_a_configuration), TEST(nothing_to_propose_from)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
