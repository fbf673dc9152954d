#include "util/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

/* Values computed apart from this code: FNV-1a 64 followed by the two multiply-and-shift rounds of the header. */
static void hash64_values(void **state)
{
    (void)state;
    assert_true(pl_hash64(PL_HASH_SEED, pl_span_of("")) == UINT64_C(0xefd01f60ba992926));
    assert_true(pl_hash64(PL_HASH_SEED, pl_span_of("a")) == UINT64_C(0x82a2a958a9bece5b));
    assert_true(pl_hash64(PL_HASH_SEED, pl_span_of("foobar")) == UINT64_C(0x2c22194922d1672b));
    assert_true(pl_hash64(PL_HASH_SEED, (struct pl_span){"\0", 1}) == UINT64_C(0xb9034ad37056f5fb));
    assert_true(pl_hash64(1, pl_span_of("a")) != pl_hash64(2, pl_span_of("a")));
    assert_true(pl_hash64(PL_HASH_SEED, (struct pl_span){NULL, 0}) == pl_hash64(PL_HASH_SEED, pl_span_of("")));
}

static void hex128_values(void **state)
{
    char out[33];

    (void)state;
    pl_hash_hex128(pl_span_of("foobar"), out);
    assert_string_equal(out, "182edd9d387e6c4e2c22194922d1672b");
    pl_hash_hex128(pl_span_of(""), out);
    assert_string_equal(out, "e08b237d90792b43efd01f60ba992926");
}

/* The check value of CRC-32C, and three vectors of RFC 3720 B.4. */
static void crc32c_values(void **state)
{
    char bytes[32];

    (void)state;
    assert_int_equal(pl_hash_crc32c(pl_span_of("123456789")), 0xe3069283u);
    assert_int_equal(pl_hash_crc32c(pl_span_of("")), 0);
    memset(bytes, 0, sizeof(bytes));
    assert_int_equal(pl_hash_crc32c((struct pl_span){bytes, 32}), 0x8a9136aau);
    memset(bytes, 0xff, sizeof(bytes));
    assert_int_equal(pl_hash_crc32c((struct pl_span){bytes, 32}), 0x62a8ab43u);
    for (int at = 0; at < 32; at++)
        bytes[at] = (char)at;
    assert_int_equal(pl_hash_crc32c((struct pl_span){bytes, 32}), 0x46dd794eu);
}

/* From an independent implementation. */
static void long_bytes_by_words(void **state)
{
    (void)state;
    assert_true(pl_hash_long(PL_HASH_SEED, pl_span_of("")) == UINT64_C(0xefd01f60ba992926));
    assert_true(pl_hash_long(PL_HASH_SEED, pl_span_of("seven b")) == UINT64_C(0x730b363bcb78e761));
    assert_true(pl_hash_long(PL_HASH_SEED, pl_span_of("eight by")) == UINT64_C(0xd43f5fc1973952aa));
    assert_true(pl_hash_long(PL_HASH_SEED, pl_span_of("a text of 21 bytes !!")) == UINT64_C(0x7de50b2c57f5480d));
    assert_true(pl_hash_long(1, pl_span_of("eight by")) != pl_hash_long(2, pl_span_of("eight by")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_bytes_by_words),
        cmocka_unit_test(hash64_values),
        cmocka_unit_test(hex128_values),
        cmocka_unit_test(crc32c_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
