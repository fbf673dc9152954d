/* From the bytes of a Kafka record to canonical events, by the paths of a source's format (design 3).
 *
 * The scanner checks the whole document and takes the fields as slices; what it finds unusual (escapes in a needed
 * string or beside one in a key) goes to cJSON. Law: if cJSON accepts a document, the scanner returns the same fields
 * or abstains. Formats are data: conf/formats.d/NAME.conf (compiled in by the build, so that no file is needed at run
 * time).
 */
#ifndef PL_CODEC_DECODE_H
#define PL_CODEC_DECODE_H

#include "codec/conf.h"
#include "core/event.h"
#include "core/reject.h"

#define PL_RECORD_BYTES_MAX (64u * 1024)
#define PL_FUTURE_US (5 * PL_MINUTE_US)

/* A record as the decoder needs it; spans are borrowed. */
struct pl_record {
    struct pl_span topic;
    struct pl_span key;
    struct pl_span value;
    bool is_null; /* tombstone */
    int32_t partition;
    int64_t offset;
    int64_t timestamp_us; /* record timestamp, PL_TIME_NONE when it has none */
};

/* A decoded event: everything but the unit hash, which needs a key that codec does not have. */
struct pl_decoded {
    /* event.unit is zero, and so is event.identity of an action that no rule reads: nobody asks for it, and hashing
     * costs. Spans point into the record or the decoder's scratch space. */
    struct pl_event event;
    struct pl_span unit; /* raw id; valid until the next call */
};

#define PL_DECODED_MAX 64 /* events of one record (batches) */

struct pl_decoder;

/* A decoder for one source of conf. INPUT with a reason when a path or format name is wrong. */
enum pl_status pl_decoder_new(const struct pl_conf_source *source, const struct pl_rules *rules,
                              struct pl_decoder **decoder, struct pl_err *err) PL_MUSTCHECK;
void pl_decoder_free(struct pl_decoder *decoder);

/* Could a decoder be made for every source of conf? What `-t`, start and reload ask before anything else. */
enum pl_status pl_decoder_check(const struct pl_conf *conf, struct pl_err *err) PL_MUSTCHECK;

/* Decode one record. Returns PL_ACCEPTED and 0..PL_DECODED_MAX events in *n (0: a record that `when` excludes), or the
 * reason for which the whole record is not used. Allocates nothing on the fast path. */
enum pl_reject pl_decode(struct pl_decoder *decoder, const struct pl_record *record,
                         struct pl_decoded out[PL_DECODED_MAX], unsigned *n);

/* Records that needed cJSON since the decoder was made: a metric. */
uint64_t pl_decoder_slow(const struct pl_decoder *decoder);

#endif
