/* The names of Redis keys and channels (design 5), in one place.
 *
 *   plateaud:{INSTANCE}:NAME               results, ledger, alerts: written by the evaluator, one slot
 *   plateaud:{INSTANCE/PARTITION}:NAME     state of one shard, one slot
 *   plateaud:INSTANCE:alerts, plateaud:INSTANCE:area:AREA   channels
 */
#ifndef PL_CODEC_KEYS_H
#define PL_CODEC_KEYS_H

#include "util/span.h"

#include <stdint.h>

#define PL_KEY_BYTES 256

struct pl_key {
    char text[PL_KEY_BYTES]; /* terminated */
    size_t len;
};

/* plateaud:{INSTANCE}:NAME and plateaud:{INSTANCE}:NAME:ID */
struct pl_key pl_key_main(const char *instance, const char *name);
struct pl_key pl_key_main_id(const char *instance, const char *name, const char *id);

/* plateaud:{INSTANCE/PARTITION}:NAME, and ...:u:BUCKET for unit records */
struct pl_key pl_key_shard(const char *instance, int32_t partition, const char *name);
struct pl_key pl_key_bucket(const char *instance, int32_t partition, uint32_t bucket);

/* plateaud:INSTANCE:alerts, plateaud:INSTANCE:area:AREA */
struct pl_key pl_key_channel(const char *instance);
struct pl_key pl_key_area_channel(const char *instance, const char *area);

#endif
