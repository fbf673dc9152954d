/* Ledger rows and standings as short decimal texts, the way Redis keeps them: readable with redis-cli, exact on return.
 *
 * Doubles are written so that they read back to the same bits; absent values are absent fields.
 */
#ifndef PL_CODEC_ROW_H
#define PL_CODEC_ROW_H

#include "core/judge/judge.h"
#include "util/buf.h"

/* A name and its value. */
struct pl_field {
    struct pl_span name;
    struct pl_span value;
};

#define PL_ROW_FIELDS_MAX 32

/* The fields of a row; spans point into *text, which is overwritten. Returns their number. */
size_t pl_row_write(const struct pl_row *row, const struct pl_rules *rules, struct pl_buf *text,
                    struct pl_field fields[PL_ROW_FIELDS_MAX]);

/* Read a row back. An area that rules do not have gives area = PL_RULES_NONE. INPUT names the field that is wrong. */
enum pl_status pl_row_read(const struct pl_field *fields, size_t n, const struct pl_rules *rules, struct pl_row *row,
                           struct pl_err *err) PL_MUSTCHECK;

/* A standing as one line of name=value pairs, and back. Features and metrics are named by their ids, with + for a
 * space; those that the rules do not have any more, and pairs of a newer version, are passed over. Pairs that are not
 * there leave their part as it is before the first look. */
void pl_row_put_standing(const struct pl_standing *standing, const struct pl_rules *rules, struct pl_buf *out);
enum pl_status pl_row_get_standing(struct pl_span text, const struct pl_rules *rules, struct pl_standing *standing,
                                   struct pl_err *err) PL_MUSTCHECK;

#endif
