/* Shared by plateau.c (feeding, judging) and plateau_report.c (results); nobody else includes it. */
#ifndef PL_APP_PLATEAU_INTERNAL_H
#define PL_APP_PLATEAU_INTERNAL_H

#include "adapter/pseudonym.h"
#include "codec/decode.h"
#include "core/count/shard.h"
#include "core/judge/judge.h"
#include "plateau.h"

/* A control record whose turn has not come. */
struct plateau_waiting {
    struct pl_control control;
    int64_t record_us;
};

struct pl_plateau {
    struct pl_conf *conf; /* owned */
    struct pl_plateau_setup setup;
    struct pl_pseudonym pseudonym;
    struct pl_decoder *decoder;      /* owned; NULL without a source */
    struct pl_shard *shard;          /* owned */
    struct pl_judge *judge;          /* owned */
    struct plateau_waiting *waiting; /* owned */
    size_t first_waiting, n_waiting, cap_waiting;
    struct pl_sums next; /* owned: published, not judged yet */
    bool has_next;
    int64_t judged_us;
    uint64_t n_records, n_control; /* events' records; control records that were used */
    uint64_t rejected[PL_REJECT_COUNT];
    struct pl_decoded decoded[PL_DECODED_MAX];
    char failure[PL_ERR_TEXT_BYTES];
};

/* Tell what a tick brought through the functions of the setup. */
void pl_plateau_report(struct pl_plateau *plateau, const struct pl_judgement *judgement);

#endif
