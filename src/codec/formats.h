/* Formats as data: the files of conf/formats.d, compiled in, each a mapping from one vendor's events to our fields.
 *
 * A file is lines `key = value`, blank lines and # comments. Keys: alias (other names, by comma), when, event, time,
 * unit, id, experiment, variant, exposure_when (codec/path), properties (what value paths begin with) and
 * unit_number = yes|no (may a unit id be a JSON number; no by default: 123 and "123" are not made the same).
 */
#ifndef PL_CODEC_FORMATS_H
#define PL_CODEC_FORMATS_H

#include "util/err.h"
#include "util/span.h"

/* NULL: the format does not have it. All owned. */
struct pl_format {
    char *when, *event, *time, *unit, *id, *experiment, *variant, *exposure_when, *properties;
    bool unit_number;
};

/* The format of this name or alias; INPUT names the known ones. The caller calls pl_format_fini. */
enum pl_status pl_format_load(const char *name, struct pl_format *format, struct pl_err *err) PL_MUSTCHECK;

/* The same from the text of a file; `name` stands for it in errors ("name:line: what is wrong"). */
enum pl_status pl_format_parse(const char *name, struct pl_span text, struct pl_format *format,
                               struct pl_err *err) PL_MUSTCHECK;

void pl_format_fini(struct pl_format *format);

/* Names without aliases, in alphabetical order; NULL at the end. */
const char *pl_format_name(unsigned index);

#endif
