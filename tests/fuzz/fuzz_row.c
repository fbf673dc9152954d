/* What Redis holds of the judge, damaged: ledger rows, standings, and the names of what is missing.
 *
 * Input: lines. One with a blank-free name, `=` and a value is a field of a row; the first line is also a standing, and
 * a list of missing things. What is read is written and read back to the same bytes.
 */
#include "../support/rules_fixture.h"

#include "codec/area_text.h"
#include "codec/row.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_row(const struct pl_row *row, const struct pl_rules *rules)
{
    struct pl_field fields[PL_ROW_FIELDS_MAX];
    struct pl_buf first = {0}, second = {0};
    struct pl_row again;
    size_t n;

    if (row->area == PL_RULES_NONE)
        return;
    n = pl_row_write(row, rules, &first, fields);
    must(pl_row_read(fields, n, rules, &again, NULL) == PL_OK);
    must(pl_row_write(&again, rules, &second, fields) == n);
    must(pl_span_eq(pl_buf_span(&first), pl_buf_span(&second)));
    pl_buf_fini(&first);
    pl_buf_fini(&second);
}

static void check_standing(struct pl_span text, const struct pl_rules *rules)
{
    struct pl_standing standing, again;
    struct pl_buf first = {0}, second = {0};
    struct pl_err err = {0};

    if (pl_row_get_standing(text, rules, &standing, &err)) {
        must(err.code == PL_ERR_INPUT && err.text[0]);
        return;
    }
    pl_row_put_standing(&standing, rules, &first);
    must(pl_row_get_standing(pl_buf_span(&first), rules, &again, NULL) == PL_OK);
    pl_row_put_standing(&again, rules, &second);
    must(pl_span_eq(pl_buf_span(&first), pl_buf_span(&second)));
    pl_buf_fini(&first);
    pl_buf_fini(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pl_rules *rules;
    struct pl_field fields[PL_ROW_FIELDS_MAX];
    struct pl_span rest = {(const char *)data, size};
    struct pl_err err = {0};
    struct pl_row row;
    size_t n = 0;

    if (!rules)
        rules = fixture_rules("revenue");
    if (size) {
        struct pl_span line = rest, first = pl_span_cut(&line, '\n');

        check_standing(first, rules);
        (void)pl_area_text_missing(first);
    }
    while (rest.ptr && n < PL_ROW_FIELDS_MAX) {
        struct pl_span value = pl_span_cut(&rest, '\n'), name = pl_span_cut(&value, '=');

        if (value.ptr)
            fields[n++] = (struct pl_field){name, value};
    }
    if (pl_row_read(fields, n, rules, &row, &err))
        must(err.code == PL_ERR_INPUT && err.text[0]);
    else
        check_row(&row, rules);
    return 0;
}
