/* The reasons for which a record is not used: one row each in reject.def, one counter each in the metrics. */
#ifndef PL_CORE_REJECT_H
#define PL_CORE_REJECT_H

enum pl_reject {
    PL_ACCEPTED = 0,
#define REJECT(name, text, help) PL_REJECT_##name,
#include "core/reject.def"
#undef REJECT
    PL_REJECT_COUNT /* number of reasons + 1: the size of an array indexed by enum pl_reject */
};

/* "duplicate", ...; "accepted" for PL_ACCEPTED. Never NULL. */
const char *pl_reject_name(enum pl_reject reason);

/* One sentence for a human. Never NULL. */
const char *pl_reject_help(enum pl_reject reason);

#endif
