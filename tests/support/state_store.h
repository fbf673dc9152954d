/* What a store would hold of one shard's state, for tests of codec/state. cmocka comes first. */
#ifndef PL_TEST_STATE_STORE_H
#define PL_TEST_STATE_STORE_H

#include "codec/state.h"

#include <stdlib.h>
#include <string.h>

/* What the store would hold. */
struct field {
    enum pl_state_kind kind;
    uint32_t bucket;
    size_t len, value_len;
    char *bytes; /* owned: field, then value */
};

struct store {
    struct field fields[4000];
    unsigned n;
    unsigned writes, deletes; /* since the test set them to 0 */
    int fail_after;           /* emit this many, then fail; -1: never */
};

static struct store store;

static inline struct field *find(enum pl_state_kind kind, uint32_t bucket, struct pl_span name)
{
    for (unsigned at = 0; at < store.n; at++)
        if (store.fields[at].kind == kind && store.fields[at].bucket == bucket &&
            pl_span_eq(name, (struct pl_span){store.fields[at].bytes, store.fields[at].len}))
            return &store.fields[at];
    return NULL;
}

static inline enum pl_status emit(void *ctx, enum pl_state_kind kind, uint32_t bucket, struct pl_span name,
                                  struct pl_span value, struct pl_err *err)
{
    struct field *field = find(kind, bucket, name);

    assert_ptr_equal(ctx, &store);
    assert_true(bucket < PL_STATE_BUCKETS);
    if (store.fail_after == 0)
        return pl_err_set(err, PL_ERR_IO, "no more");
    store.fail_after -= store.fail_after > 0;
    if (field) {
        free(field->bytes);
        *field = store.fields[--store.n];
    }
    if (!value.ptr) {
        assert_non_null(field); /* nothing is deleted that was never stored */
        store.deletes++;
        return PL_OK;
    }
    assert_true(store.n < sizeof(store.fields) / sizeof(store.fields[0]));
    field = &store.fields[store.n++];
    *field = (struct field){kind, bucket, name.len, value.len, malloc(name.len + value.len + 1)};
    assert_non_null(field->bytes);
    memcpy(field->bytes, name.ptr, name.len);
    memcpy(field->bytes + name.len, value.ptr, value.len);
    store.writes++;
    return PL_OK;
}

static inline enum pl_status read_kind(struct pl_shard *shard, enum pl_state_kind kind, struct pl_err *err)
{
    for (unsigned at = store.n; at-- > 0;) {
        const struct field *field = &store.fields[at];
        enum pl_status status;

        if (field->kind != kind)
            continue;
        status = pl_state_read(shard, kind, (struct pl_span){field->bytes, field->len},
                               (struct pl_span){field->bytes + field->len, field->value_len}, err);
        if (status)
            return status;
    }
    return PL_OK;
}

static inline size_t stored_fields(enum pl_state_kind kind)
{
    size_t n = 0;

    for (unsigned at = 0; at < store.n; at++)
        n += store.fields[at].kind == kind;
    return n;
}

/* What a shard says is stored of it: by these numbers a loss is noticed. */
static inline void check_counts(const struct pl_shard *shard)
{
    struct pl_shard_stats stats;

    pl_shard_stats(shard, &stats);
    assert_int_equal(pl_state_cells(shard), stored_fields(PL_STATE_CELL));
    assert_int_equal(pl_state_names(shard), stored_fields(PL_STATE_DICT));
    assert_int_equal(stats.units, stored_fields(PL_STATE_UNIT));
}

/* A new shard from what is stored; NULL and *err when the state is refused. */
static inline struct pl_shard *load(const struct pl_rules *rules, unsigned n_inputs, struct pl_err *err)
{
    static const enum pl_state_kind kinds[] = {PL_STATE_DICT, PL_STATE_FRONT, PL_STATE_INPUT, PL_STATE_CELL,
                                               PL_STATE_UNIT};
    struct pl_shard *shard = pl_shard_new(rules, n_inputs);
    enum pl_status status = PL_OK;

    assert_non_null(shard);
    for (unsigned at = 0; at < sizeof(kinds) / sizeof(*kinds) && !status; at++)
        status = read_kind(shard, kinds[at], err);
    if (!status)
        status = pl_state_ready(shard, err);
    if (!status) {
        check_counts(shard);
        return shard;
    }
    pl_shard_free(shard);
    return NULL;
}

static inline void save(struct pl_shard *shard)
{
    store.writes = store.deletes = 0;
    assert_int_equal(pl_state_write(shard, emit, &store, NULL), PL_OK);
    assert_int_equal(pl_state_dirty(shard), 0);
    check_counts(shard);
}

static inline void empty_store(void)
{
    for (unsigned at = 0; at < store.n; at++)
        free(store.fields[at].bytes);
    store = (struct store){.fail_after = -1};
}

/* Of a test whose state is the rules of its shards. */
static inline int store_teardown(void **state)
{
    empty_store();
    pl_rules_free(*state);
    return 0;
}

#endif
