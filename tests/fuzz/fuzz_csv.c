/* Any text as a table of history: the first line is the header, each other line becomes JSON that reads back, or is
 * refused with a reason. */
#include "ctl/csv.h"

#include "codec/control.h"
#include "util/stamp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pl_control control;
    struct pl_span rest = {(const char *)data, size}, line = pl_span_cut(&rest, '\n');
    struct pl_csv csv = {0};
    struct pl_buf json = {0};
    struct pl_err err = {0};

    if (pl_csv_header(&csv, line, &err)) {
        must(err.text[0]);
    } else {
        while (rest.ptr) {
            pl_buf_clear(&json);
            line = pl_span_cut(&rest, '\n');
            if (pl_csv_row(&csv, line, &json, &err))
                must(err.text[0]);
            else /* whatever it says, it is JSON */
                must(pl_control_parse(pl_buf_span(&json), PL_TIME_NONE, &control, NULL) != PL_REJECT_SYNTAX);
        }
    }
    pl_csv_fini(&csv);
    pl_buf_fini(&json);
    return 0;
}
