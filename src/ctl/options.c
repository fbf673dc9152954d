#include "ctl/options.h"

#include "ctl/ctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CONF_PATH "/etc/plateaud/plateaud.conf"
#define OPTIONS_MAX 24

static struct {
    pl_options_fn tell;
    void *ctx;
} listening;

void pl_options_listen(pl_options_fn listener, void *ctx)
{
    listening.tell = listener;
    listening.ctx = ctx;
}

static void say(const struct pl_options *options, const char *fmt, va_list args) PL_PRINTF(2, 0);

static void say(const struct pl_options *options, const char *fmt, va_list args)
{
    fprintf(stderr, "plateauctl %s: ", options->command);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
}

int pl_options_wrong(const struct pl_options *options, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(options, fmt, args);
    va_end(args);
    fprintf(stderr, "see: plateauctl %s --help\n", options->command);
    return PL_CTL_USAGE;
}

int pl_options_failed(const struct pl_options *options, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(options, fmt, args);
    va_end(args);
    return PL_CTL_FAILED;
}

/* Does argv[*at] name this option? Takes its value, from the same or the next argument. */
static bool take(const struct pl_option *option, int argc, char **argv, int *at, bool *no_value)
{
    size_t len = strlen(option->name);
    const char *text = argv[*at];

    *no_value = false;
    if (strncmp(text, option->name, len) != 0 || (text[len] != '\0' && text[len] != '='))
        return false;
    if (option->flag) {
        *no_value = text[len] == '='; /* a flag has none */
        *option->flag = true;
        return true;
    }
    if (text[len] == '=')
        *option->value = text + len + 1;
    else if (*at + 1 < argc)
        *option->value = argv[++*at];
    else
        *no_value = true;
    return true;
}

static int take_any(struct pl_options *options, const struct pl_option *all, unsigned n, int argc, char **argv, int *at)
{
    bool no_value;

    for (unsigned o = 0; o < n; o++) {
        if (!take(&all[o], argc, argv, at, &no_value))
            continue;
        if (no_value)
            return pl_options_wrong(options, all[o].flag ? "%s takes no value" : "%s needs a value", all[o].name);
        return PL_OPTIONS_GO_ON;
    }
    return pl_options_wrong(options, "unknown option %s", argv[*at]);
}

int pl_options_read(struct pl_options *options, int argc, char **argv, const char *help, const struct pl_option *own,
                    unsigned n_own)
{
    bool wants_help = false, only_args = false;
    const char *conf_path = NULL;
    struct pl_option all[OPTIONS_MAX] = {
        {"-c", NULL, &conf_path},         {"--config", NULL, &conf_path},
        {"--json", &options->json, NULL}, {"--no-color", &options->no_color, NULL},
        {"--help", &wants_help, NULL},    {"-h", &wants_help, NULL},
    };
    unsigned n = PL_OPTIONS_COMMON;

    *options = (struct pl_options){.command = argv[0], .conf_path = CONF_PATH};
    for (unsigned o = 0; o < n_own && n < OPTIONS_MAX; o++)
        all[n++] = own[o];
    if (listening.tell) {
        listening.tell(listening.ctx, all, n, help);
        return PL_CTL_OK;
    }
    for (int at = 1; at < argc; at++) {
        int code;

        if (!only_args && strcmp(argv[at], "--") == 0) {
            only_args = true;
        } else if (only_args || argv[at][0] != '-' || argv[at][1] == '\0') {
            if (options->n_args == PL_OPTIONS_ARGS_MAX)
                return pl_options_wrong(options, "more than %d arguments", PL_OPTIONS_ARGS_MAX);
            options->args[options->n_args++] = argv[at];
        } else {
            code = take_any(options, all, n, argc, argv, &at);
            if (code != PL_OPTIONS_GO_ON)
                return code;
        }
        if (wants_help) {
            fputs(help, stdout);
            return PL_CTL_OK;
        }
    }
    if (conf_path) {
        options->conf_path = conf_path;
        options->conf_given = true;
    }
    return PL_OPTIONS_GO_ON;
}

struct pl_conf *pl_options_conf(const struct pl_options *options)
{
    struct pl_conf *conf;
    struct pl_err err = {0};

    if (pl_conf_load(options->conf_path, &conf, &err) == PL_OK)
        return conf;
    (void)pl_options_failed(options, "%s", err.text);
    return NULL;
}
