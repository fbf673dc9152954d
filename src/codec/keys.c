#include "codec/keys.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static struct pl_key make(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static struct pl_key make(const char *fmt, ...)
{
    struct pl_key key;
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(key.text, sizeof(key.text), fmt, args);
    va_end(args);
    assert(len > 0 && (size_t)len < sizeof(key.text)); /* every part is a name of at most 64 bytes */
    key.len = (size_t)len;
    return key;
}

struct pl_key pl_key_main(const char *instance, const char *name)
{
    return make("plateaud:{%s}:%s", instance, name);
}

struct pl_key pl_key_main_id(const char *instance, const char *name, const char *id)
{
    return make("plateaud:{%s}:%s:%s", instance, name, id);
}

struct pl_key pl_key_shard(const char *instance, int32_t partition, const char *name)
{
    return make("plateaud:{%s/%" PRId32 "}:%s", instance, partition, name);
}

struct pl_key pl_key_bucket(const char *instance, int32_t partition, uint32_t bucket)
{
    return make("plateaud:{%s/%" PRId32 "}:u:%" PRIu32, instance, partition, bucket);
}

struct pl_key pl_key_channel(const char *instance)
{
    return make("plateaud:%s:alerts", instance);
}

struct pl_key pl_key_area_channel(const char *instance, const char *area)
{
    return make("plateaud:%s:area:%s", instance, area);
}
