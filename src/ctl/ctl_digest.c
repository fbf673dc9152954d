/* plateauctl digest: the week of a team's areas, each on a part of a screen.
 */
#include "codec/digest.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "ctl/table.h"
#include "ctl/week.h"
#include "util/stamp.h"

#include <stdio.h>
#include <string.h>

#define WIDTH 100

static const char help[] =
    "examples:\n"
    "  plateauctl digest\n"
    "  plateauctl digest --owner growth-payments --since 28d\n"
    "\n"
    "usage: plateauctl digest [OPTIONS]\n"
    "\n"
    "What the areas of each owner did: verdict, what changed, results counted, won and left out, the figures that "
    "matter,\n"
    "objectives, and the most useful next steps. The period ends where plateaud has judged to. With `digest = on` in\n"
    "[alert] each owner is sent this every week, the way alerts go.\n"
    "\n"
    "  --owner NAME      only areas of this owner\n"
    "  --since TIME      what happened since then: 2026-08-21, 2026-08-21T10:00:00Z, or 7d (the default) for 7 days\n"
    "  --json            one document per owner and line, as the weekly one\n"
    "  --no-color        no colour\n"
    "  -c FILE           configuration (default /etc/plateaud/plateaud.conf)\n"
    "\n"
    "exit codes: 0 shown; 1 there is no such owner; 2 Redis cannot be reached; 64 usage\n";

struct digest {
    struct pl_options options;
    const char *owner, *since;
    int64_t since_us, back_us; /* one of them is set */
    struct pl_conf *conf;
    struct pl_ask *ask;
    struct pl_look look;
    struct pl_week week;
    bool headed; /* the next line is the first of an area */
    struct pl_buf out;
};

static bool parse_since(struct digest *digest)
{
    char day[32];
    const char *text = digest->since ? digest->since : "7d";

    if (pl_num_duration(pl_span_of(text), &digest->back_us))
        return digest->back_us > 0;
    if (strlen(text) == 10) {
        snprintf(day, sizeof(day), "%sT00:00:00Z", text);
        text = day;
    }
    return pl_stamp_parse(pl_span_of(text), true, &digest->since_us);
}

static void add_line(void *ctx, const char *line)
{
    struct digest *digest = ctx;

    if (!digest->headed) {
        pl_table_wrap(&digest->out, 2, WIDTH, line);
        return;
    }
    pl_buf_add_char(&digest->out, '\n');
    pl_table_ink(&digest->out, digest->look, PL_INK_BOLD, line);
    pl_buf_add_char(&digest->out, '\n');
    digest->headed = false;
}

static void add_owner(struct digest *digest, const struct pl_digest *one)
{
    char from[PL_STAMP_BYTES], to[PL_STAMP_BYTES];

    if (digest->options.json) {
        pl_digest_write(one, &digest->out);
        pl_buf_add_char(&digest->out, '\n');
        return;
    }
    pl_buf_addf(&digest->out, "%s%s, %.10s to %.10s\n", digest->out.len ? "\n" : "",
                *one->owner ? one->owner : "areas without an owner", pl_stamp_format(one->from_us, from),
                pl_stamp_format(one->to_us, to));
    for (unsigned at = 0; at < one->n_areas; at++) {
        digest->headed = true;
        pl_digest_lines(&one->areas[at], add_line, digest);
    }
}

static void add_owners(struct digest *digest)
{
    const struct pl_week *week = &digest->week;

    for (unsigned first = 0, n; first < week->n; first += n) {
        struct pl_digest one = {
            .instance = digest->conf->instance,
            .owner = week->told[first].rule.owner,
            .from_us = week->from_us,
            .to_us = week->to_us,
            .areas = &week->parts[first],
        };

        for (n = 1; first + n < week->n && strcmp(week->told[first + n].rule.owner, one.owner) == 0;)
            n++;
        one.n_areas = n;
        add_owner(digest, &one);
    }
}

static int run(struct digest *digest)
{
    struct pl_week *week = &digest->week;
    struct pl_err err = {0};
    enum pl_status status = pl_ask_open(digest->conf, &digest->ask, &err);

    if (!status)
        status = pl_week_judged(digest->ask, digest->conf->instance, &week->to_us, &err);
    week->from_us = digest->since_us ? digest->since_us : week->to_us - digest->back_us;
    if (!status)
        status = pl_week_read(week, digest->ask, digest->conf->instance, digest->owner, &err);
    if (status)
        return pl_options_failed(&digest->options, "%s", err.text);
    if (week->n == 0) {
        (void)pl_options_failed(&digest->options, "no area%s%s has been judged; see plateauctl status",
                                digest->owner ? " of " : "", digest->owner ? digest->owner : "");
        return PL_CTL_NO;
    }
    add_owners(digest);
    if (!pl_buf_ok(&digest->out) || fwrite(digest->out.ptr, 1, digest->out.len, stdout) != digest->out.len)
        return pl_options_failed(&digest->options, "the output cannot be written");
    return PL_CTL_OK;
}

int pl_ctl_digest(int argc, char **argv)
{
    struct digest digest = {.owner = NULL};
    const struct pl_option own[] = {{"--owner", NULL, &digest.owner}, {"--since", NULL, &digest.since}};
    int code = pl_options_read(&digest.options, argc, argv, help, own, 2);

    if (code == PL_OPTIONS_GO_ON && digest.options.n_args)
        code = pl_options_wrong(&digest.options, "%s: takes no arguments", digest.options.args[0]);
    if (code == PL_OPTIONS_GO_ON && !parse_since(&digest))
        code = pl_options_wrong(&digest.options, "--since %s: neither a time nor a duration", digest.since);
    if (code == PL_OPTIONS_GO_ON) {
        digest.look = pl_table_look(digest.options.no_color);
        digest.conf = pl_options_conf(&digest.options);
        code = digest.conf ? run(&digest) : PL_CTL_FAILED;
    }
    pl_ask_close(digest.ask);
    pl_week_fini(&digest.week);
    pl_buf_fini(&digest.out);
    pl_conf_free(digest.conf);
    return code;
}
