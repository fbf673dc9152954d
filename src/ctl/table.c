#include "ctl/table.h"

#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct pl_table_cell {
    enum pl_ink ink;
    char *text; /* owned */
};

struct pl_look pl_table_look(bool no_color)
{
    const char *term = getenv("TERM"), *none = getenv("NO_COLOR");
    bool tty = isatty(STDOUT_FILENO) == 1;
    locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    struct pl_look look = {
        .color = tty && !no_color && !(none && *none) && !(term && strcmp(term, "dumb") == 0),
        .unicode = locale != (locale_t)0 && strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0,
    };

    if (locale != (locale_t)0)
        freelocale(locale);
    return look;
}

void pl_table_ink(struct pl_buf *out, struct pl_look look, enum pl_ink ink, const char *text)
{
    static const char *const codes[] = {"", "1", "2", "32", "33", "31"};

    if (look.color && ink != PL_INK_NONE)
        pl_buf_addf(out, "\033[%sm%s\033[0m", codes[ink], text);
    else
        pl_buf_add_text(out, text);
}

/* Code points, which is what terminals give one column each for the texts that occur here. */
static size_t columns_of(struct pl_span text)
{
    size_t width = 0;

    for (size_t at = 0; at < text.len; at++)
        width += ((unsigned char)text.ptr[at] & 0xc0) != 0x80;
    return width;
}

static size_t width_of(const char *text)
{
    return columns_of(pl_span_of(text));
}

void pl_table_cell(struct pl_table *table, enum pl_ink ink, const char *fmt, ...)
{
    char *text = NULL;
    va_list args;

    if (table->n == table->cap) {
        size_t cap = table->cap ? table->cap * 2 : 64;
        struct pl_table_cell *grown = realloc(table->cells, cap * sizeof(*grown));

        if (!grown) {
            table->failed = true;
            return;
        }
        table->cells = grown;
        table->cap = cap;
    }
    va_start(args, fmt);
    if (vasprintf(&text, fmt, args) < 0)
        text = NULL;
    va_end(args);
    if (!text)
        table->failed = true;
    else
        table->cells[table->n++] = (struct pl_table_cell){ink, text};
}

static void blanks(struct pl_buf *out, size_t n)
{
    for (; n > 0; n--)
        pl_buf_add_char(out, ' ');
}

static void write_row(const struct pl_table *table, size_t first, const size_t *widths, struct pl_buf *out)
{
    size_t owed = 0; /* blanks are written when something follows them */

    for (unsigned c = 0; c < table->n_columns && first + c < table->n; c++) {
        const struct pl_table_cell *cell = &table->cells[first + c];
        size_t pad = widths[c] - width_of(cell->text);
        bool right = (table->right >> c) & 1u;

        if (*cell->text) {
            blanks(out, owed + (right ? pad : 0));
            pl_table_ink(out, table->look, cell->ink, cell->text);
            owed = (right ? 0 : pad) + 2;
        } else {
            owed += widths[c] + 2;
        }
    }
    pl_buf_add_char(out, '\n');
}

void pl_table_write(const struct pl_table *table, unsigned indent, struct pl_buf *out)
{
    size_t widths[PL_TABLE_COLUMNS_MAX] = {0};

    for (size_t at = 0; at < table->n; at++) {
        size_t width = width_of(table->cells[at].text);

        if (width > widths[at % table->n_columns])
            widths[at % table->n_columns] = width;
    }
    for (size_t at = 0; at < table->n; at += table->n_columns) {
        blanks(out, indent);
        write_row(table, at, widths, out);
    }
    if (table->failed)
        out->failed = true;
}

void pl_table_fini(struct pl_table *table)
{
    for (size_t at = 0; at < table->n; at++)
        free(table->cells[at].text);
    free(table->cells);
    table->cells = NULL;
    table->n = table->cap = 0;
}

void pl_table_wrap(struct pl_buf *out, unsigned indent, unsigned width, const char *text)
{
    struct pl_span rest = pl_span_of(text);
    size_t column = 0;

    while (rest.ptr) {
        struct pl_span word = pl_span_cut(&rest, ' ');

        if (word.len == 0)
            continue;
        if (column && column + 1 + columns_of(word) > width) {
            pl_buf_add_char(out, '\n');
            column = 0;
        }
        if (column)
            pl_buf_add_char(out, ' ');
        else
            blanks(out, indent);
        column = (column ? column + 1 : indent) + columns_of(word);
        pl_buf_add_span(out, word);
    }
    if (column)
        pl_buf_add_char(out, '\n');
}

void pl_table_spark(struct pl_buf *out, struct pl_look look, const double *values, size_t n)
{
    static const char *const marks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const plain[] = {"_", ".", "-", "~", "=", "+", "*", "#"};
    double low = (double)INFINITY, high = -(double)INFINITY;

    for (size_t at = 0; at < n; at++) {
        if (!isfinite(values[at]))
            continue;
        low = fmin(low, values[at]);
        high = fmax(high, values[at]);
    }
    for (size_t at = 0; at < n; at++) {
        double share = high > low ? (values[at] - low) / (high - low) : .5;

        if (isfinite(values[at]))
            pl_buf_add_text(out, (look.unicode ? marks : plain)[(int)fmin(7, share * 8)]);
        else
            pl_buf_add_char(out, ' ');
    }
}

static unsigned column(const struct pl_table_bar *bar, double value)
{
    double share = (value - bar->low) / (bar->high - bar->low);

    return (unsigned)lround(fmax(0, fmin(1, share)) * (bar->width - 1));
}

void pl_table_bar(struct pl_buf *out, struct pl_look look, const struct pl_table_bar *bar)
{
    unsigned first, last, mark;

    if (!(bar->high > bar->low) || bar->width < 2)
        return;
    first = column(bar, bar->lower);
    last = column(bar, bar->upper);
    mark = isfinite(bar->at) ? column(bar, bar->at) : bar->width;
    for (unsigned at = 0; at < bar->width; at++) {
        if (at == mark)
            pl_buf_add_text(out, look.unicode ? "●" : "o");
        else if (at == first)
            pl_buf_add_text(out, look.unicode ? "├" : "[");
        else if (at == last)
            pl_buf_add_text(out, look.unicode ? "┤" : "]");
        else if (at > first && at < last)
            pl_buf_add_text(out, look.unicode ? "─" : "-");
        else
            pl_buf_add_char(out, ' ');
    }
}
