#include "codec/scan.h"

#include "support/scan_law.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const documents[] = {
    "{}",
    "{\"event\":\"Order Completed\",\"userId\":\"u1\",\"t\":1785578400123456789,\"p\":{\"x\":1.5,\"y\":\"z\"}}",
    "{ \"p\" : { \"q\" : { \"z\" : [ 1 , 2 , { \"z\" : 3 } ] } , \"x\" : null } , \"userId\" : false }",
    "{\"a\":{\"b\":{\"c\":{\"d\":true,\"e\":{}}}},\"n\":-0.0e+10,\"\":\"empty\"}",
    "{\"event\":\"a\\u0062\\n\\\"\\\\\",\"\\u0065vent\":1,\"x\":\"\\ud83d\\ude00\",\"p\":{\"x\":"
    "\"\xc3\xa9\xf0\x9f\x98\x80\"}}",
    "{\"event\":1,\"event\":2,\"p\":{\"x\":1},\"p\":{\"y\":2},\"userId\":\"a\",\"userId\":null}",
    "{\"js\":\"{\\\"a\\\":[1,\\\"\\\\u0041\\\"]}\",\"p\":[{\"x\":1}],\"list\":[[[[]]],[],{},\"\",[{}]]}",
    "{\"context\":{\"page\":{\"path\":\"/academy/\"},\"library\":{\"name\":\"analytics.js\",\"version\":\"2.11.1\"}},"
    "\"event\":\"Course Clicked\",\"t\":\"2015-12-12T19:11:01.249Z\",\"p\":{\"x\":{\"w\":7},\"q\":0.1}}",
    "{\"n\":0,\"t\":-1,\"p\":{\"x\":10e-5,\"y\":1E2,\"q\":{\"z\":123456789012345678901234567890.5}}}",
};
#define N_DOCUMENTS (sizeof(documents) / sizeof(*documents))

/* What mutations put in: tokens of JSON, keys of the plan, and what is nearly right. */
static const char *const tokens[] = {
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "true",
    "false",
    "0",
    "-",
    "1e999",
    ".",
    "\\u0000",
    " ",
    "\n",
    "\t",
    "\x01",
    "\xff",
    "\xc3\xa9",
    "\\ud800",
    "\\ud83d\\ude00",
    "\\n",
    "\"event\":",
    "\"p\":{",
    "\"x\":",
    "\"q\":",
    "\"userId\":\"b\",",
    "\"js\":",
    "\xed\xa0\x80",
    "\\u00e9",
    "123456789012345678901234567890123",
    "\\/",
    "\"\":",
    "\\\"",
    "e",
    "\xf0\x9f\x98\x80",
    "\xe2\x80\xae",
};
#define N_TOKENS (sizeof(tokens) / sizeof(*tokens))

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* One change of text[len], at most cap bytes. */
static size_t mutate(char *text, size_t len, size_t cap, uint64_t *seed)
{
    size_t at = len ? next_random(seed) % len : 0;
    size_t run = next_random(seed) % 12;
    const char *token = tokens[next_random(seed) % N_TOKENS];
    size_t token_len = strlen(token);

    switch (next_random(seed) % 5) {
    case 0: /* one byte becomes another */
        if (len)
            text[at] = (char)next_random(seed);
        return len;
    case 1: /* some bytes go */
        run = run > len - at ? len - at : run;
        memmove(text + at, text + at + run, len - at - run);
        return len - run;
    case 2: /* some bytes twice */
        run = run > len - at ? len - at : run;
        if (len + run > cap)
            return len;
        memmove(text + at + run, text + at, len - at);
        return len + run;
    case 3: /* a token over what is there */
        if (at + token_len > len)
            return len;
        memcpy(text + at, token, token_len);
        return len;
    default: /* a token in between */
        if (len + token_len > cap)
            return len;
        memmove(text + at + token_len, text + at, len - at);
        memcpy(text + at, token, token_len);
        return len + token_len;
    }
}

static void test_the_law_over_mutations(void **state)
{
    struct scan_law *law = scan_law_new();
    uint64_t seed = 20261124;
    uint64_t reasons[PL_REJECT_COUNT] = {0};

    (void)state;
    for (int round = 0; round < 400000; round++) {
        const char *document = documents[next_random(&seed) % N_DOCUMENTS];
        size_t len = strlen(document), n = next_random(&seed) % 5;
        char text[1024], *exact;

        memcpy(text, document, len);
        for (; n > 0; n--)
            len = mutate(text, len, sizeof(text), &seed);
        exact = malloc(len + 1); /* so that a sanitizer sees a read behind the end */
        assert_non_null(exact);
        memcpy(exact, text, len);
        exact = realloc(exact, len ? len : 1);
        reasons[scan_law_check(law, (struct pl_span){exact, len})]++;
        free(exact);
    }
    /* The corpus must be worth something: much of it accepted, much of that without abstaining, every reason met. */
    assert_true(law->n_accepted > 100000);
    assert_true(law->n_abstained > 5000 && law->n_abstained < law->n_accepted / 2);
    for (int reason = PL_REJECT_EMPTY; reason <= PL_REJECT_NOT_OBJECT; reason++)
        if (reason != PL_REJECT_TOO_BIG && reason != PL_REJECT_EMPTY && reasons[reason] == 0)
            fail_msg("no mutation was refused as %s", pl_reject_name((enum pl_reject)reason));
    scan_law_free(law);
}

static void test_documents_and_their_prefixes(void **state)
{
    struct scan_law *law = scan_law_new();

    (void)state;
    for (size_t at = 0; at < N_DOCUMENTS; at++) {
        size_t len = strlen(documents[at]);

        assert_int_equal(scan_law_check(law, (struct pl_span){documents[at], len}), PL_ACCEPTED);
        for (size_t cut = 1; cut < len; cut++)
            assert_int_not_equal(scan_law_check(law, (struct pl_span){documents[at], cut}), PL_ACCEPTED);
    }
    scan_law_free(law);
}

/* Every byte at every place of a string of every length up to three words: the word-wise skipping has no seams. */
static void test_every_byte_at_every_place(void **state)
{
    struct scan_law *law = scan_law_new();

    (void)state;
    for (size_t len = 1; len <= 24; len++) {
        for (size_t at = 0; at < len; at++) {
            for (int byte = 0; byte < 256; byte++) {
                char text[64] = "{\"event\":\"";
                enum pl_reject reason;

                memset(text + 10, 'x', len);
                text[10 + at] = (char)byte;
                strcpy(text + 10 + len, "\"}");
                reason = scan_law_check(law, (struct pl_span){text, 12 + len});
                if (byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\')
                    assert_int_equal(reason, PL_ACCEPTED);
                else if (byte < 0x20)
                    assert_int_equal(reason, PL_REJECT_CONTROL);
                else if (byte >= 0x80)
                    assert_int_equal(reason, PL_REJECT_UTF8);
                else
                    assert_true(reason == PL_REJECT_SYNTAX || reason == PL_REJECT_TRAILING ||
                                (byte == '\\' && at + 1 == len));
            }
        }
    }
    scan_law_free(law);
}

static struct pl_value find(const char *json, const char *outer, const char *inner, bool *slow)
{
    struct pl_scan_plan plan;
    struct pl_scan_found found;
    struct pl_span keys[2] = {pl_span_of(outer), pl_span_of(inner)};
    unsigned slot;

    pl_scan_plan_init(&plan);
    assert_true(pl_scan_plan_add(&plan, keys, inner ? 2 : 1, false, &slot));
    assert_int_equal(pl_scan(&plan, pl_span_of(json), &found), PL_ACCEPTED);
    *slow = found.slow;
    return pl_scan_get(&found, slot);
}

static void test_abstains_only_when_it_must(void **state)
{
    bool slow;

    (void)state;
    (void)find("{\"a\":\"x\\n\",\"b\":\"y\"}", "b", NULL, &slow);
    assert_false(slow); /* an escape in a string nobody wants */
    (void)find("{\"a\":\"x\\n\"}", "a", NULL, &slow);
    assert_true(slow);
    (void)find("{\"\\u0062\":1,\"a\":2}", "a", NULL, &slow);
    assert_true(slow); /* that key might have been wanted */
    (void)find("{\"c\":{\"\\u0062\":1},\"a\":2}", "a", NULL, &slow);
    assert_false(slow); /* that one could not */
    (void)find("{\"a\":{\"\\u0062\":1}}", "a", "b", &slow);
    assert_true(slow);
    (void)find("{\"a\":[{\"\\u0062\":1}]}", "a", "b", &slow);
    assert_false(slow);
    (void)find("{\"a\":{\"\\u0062\":1}}", "a", NULL, &slow);
    assert_false(slow); /* nothing is wanted inside */
    (void)find("{\"a\":1,\"a\":\"\\n\"}", "a", NULL, &slow);
    assert_false(slow); /* the first one wins, the second may be anything */
}

static void test_first_duplicate_wins_at_every_level(void **state)
{
    bool slow;

    (void)state;
    assert_true(pl_span_is(find("{\"a\":1,\"a\":2}", "a", NULL, &slow).text, "1"));
    assert_int_equal(find("{\"a\":{},\"a\":{\"b\":2}}", "a", "b", &slow).type, PL_VALUE_ABSENT);
    assert_int_equal(find("{\"a\":7,\"a\":{\"b\":2}}", "a", "b", &slow).type, PL_VALUE_ABSENT);
    assert_true(pl_span_is(find("{\"a\":{\"b\":1,\"b\":2},\"a\":3}", "a", "b", &slow).text, "1"));
}

/* Keys of every length up to three words, and the same with one byte changed. */
static void test_keys_are_compared_whole(void **state)
{
    bool slow;

    (void)state;
    for (size_t len = 1; len <= 26; len++) {
        for (size_t at = 0; at <= len; at++) {
            char key[32] = "", json[64];

            memset(key, 'k', len);
            snprintf(json, sizeof(json), "{\"%s\":1}", key);
            json[2 + at] = at < len ? 'x' : json[2 + at];
            assert_int_equal(find(json, key, NULL, &slow).type, at < len ? PL_VALUE_ABSENT : PL_VALUE_NUMBER);
        }
    }
}

static void test_a_full_plan(void **state)
{
    static char names[PL_SCAN_NODES_MAX][4];
    struct pl_scan_plan plan;
    struct pl_span key;
    unsigned slot, again;

    (void)state;
    pl_scan_plan_init(&plan);
    for (unsigned at = 0; at < PL_SCAN_NODES_MAX - 1; at++) {
        snprintf(names[at], sizeof(names[at]), "k%u", at);
        key = pl_span_of(names[at]);
        assert_true(pl_scan_plan_add(&plan, &key, 1, false, &slot));
        assert_int_equal(slot, at + 1);
    }
    key = pl_span_of("one");
    assert_false(pl_scan_plan_add(&plan, &key, 1, false, &again));
    key = pl_span_of("k62");
    assert_true(pl_scan_plan_add(&plan, &key, 1, false, &again));
    assert_int_equal(again, 63);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_law_over_mutations),
        cmocka_unit_test(test_documents_and_their_prefixes),
        cmocka_unit_test(test_every_byte_at_every_place),
        cmocka_unit_test(test_abstains_only_when_it_must),
        cmocka_unit_test(test_first_duplicate_wins_at_every_level),
        cmocka_unit_test(test_keys_are_compared_whole),
        cmocka_unit_test(test_a_full_plan),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
