#include "core/reject.h"

static const struct {
    const char *name;
    const char *help;
} rows[PL_REJECT_COUNT] = {
    [PL_ACCEPTED] = {"accepted", "the record was used"},
#define REJECT(name_, text_, help_) [PL_REJECT_##name_] = {text_, help_},
#include "core/reject.def"
#undef REJECT
};

const char *pl_reject_name(enum pl_reject reason)
{
    return rows[reason].name;
}

const char *pl_reject_help(enum pl_reject reason)
{
    return rows[reason].help;
}
