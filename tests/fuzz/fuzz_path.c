/* Any text as a path and as a condition; what compiles is asked of a record whose members any text may name. */
#include "codec/fields.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char record[] =
    "{\"a\":1,\"b\":{\"c\":\"x\",\"\":null,\"d e\":[1]},\"p\":\"{\\\"a\\\":{\\\"b\\\":true}}\","
    "\"q\":\"{\",\"k\\u0065y\":\"\\n\"}";

/* An error says where, inside the text or just behind it. */
static void check_error(const struct pl_err *err, size_t size)
{
    char *end;
    unsigned long column;

    if (strncmp(err->text, "column ", 7) != 0)
        return; /* not of the text: @timestamp, too many */
    column = strtoul(err->text + 7, &end, 10);
    if (*end != ':' || column < 1 || column > size + 1)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pl_fields *fields = pl_fields_new();
    struct pl_span text = {(const char *)data, size};
    struct pl_fields_input input = {pl_span_of(record), pl_span_of("k"), pl_span_of("t")};
    struct pl_err err = {0};
    unsigned field, condition;
    bool has_field, has_condition, holds;

    if (!fields)
        abort();
    has_field = pl_fields_add(fields, text, true, &field, &err) == PL_OK;
    if (!has_field)
        check_error(&err, size);
    has_condition = pl_fields_add_condition(fields, text, &condition, &err) == PL_OK;
    if (!has_condition)
        check_error(&err, size);
    if (has_field && has_condition)
        abort(); /* no text is both */
    if (pl_fields_read(fields, &input))
        abort();
    if (has_field) {
        struct pl_value value;

        if (!pl_fields_get(fields, field, &value) && value.type == PL_VALUE_STRING && value.text.len == 0)
            abort(); /* an empty string is absent */
    }
    if (has_condition)
        (void)pl_fields_holds(fields, condition, &holds);
    pl_fields_free(fields);
    return 0;
}
