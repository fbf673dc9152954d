/* One screen about the work of an area: what each kind took and gave, whether winning became rarer, and what is still
 * to come (codec/balance_text, core/judge/balance.h). Pure; from published fields, so what is not known is left out.
 */
#ifndef PL_CTL_ACCOUNT_H
#define PL_CTL_ACCOUNT_H

#include "ctl/published.h"
#include "ctl/table.h"

/* balance: of the area; unit: what its effects are shown in ("%", or a name; "" is taken for "%"). */
struct pl_account {
    const char *area;
    const struct pl_published_hash *balance;
    struct pl_span unit;
    struct pl_look look;
};

void pl_account_text(const struct pl_account *account, struct pl_buf *out);

/* {"area":..,"unit":..,"fields":{..}}: the fields as they stand in Redis. */
void pl_account_json(const struct pl_account *account, struct pl_buf *out);

#endif
