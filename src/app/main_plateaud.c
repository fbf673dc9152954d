/* plateaud: arguments, then one call. */
#include "adapter/kafka.h"
#include "app/daemon.h"
#include "codec/decode.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static int usage(FILE *to, int code)
{
    fputs("usage: plateaud [-t | -T] [-c FILE]\n"
          "  -c FILE  configuration (default /etc/plateaud/plateaud.conf; FILE's conf.d/*.conf is read as well)\n"
          "  -t       check the configuration and exit: 0 good, 2 bad\n"
          "  -T       check it and print every value in force, with its origin\n"
          "  -v       print the version\n"
          "see plateaud(8) and plateaud.conf(5)\n",
          to);
    return code;
}

static int check(const char *path, bool print)
{
    struct pl_conf *conf = NULL;
    struct pl_buf text = {0};
    struct pl_err err = {0};

    if (pl_conf_load(path, &conf, &err) || pl_decoder_check(conf, &err)) {
        fprintf(stderr, "plateaud: %s\n", err.text);
        pl_conf_free(conf);
        return PL_EXIT_BAD_CONFIG;
    }
    if (print) {
        pl_conf_print(conf, &text);
        if (text.len)
            fputs(text.ptr, stdout);
        pl_buf_clear(&text);
    }
    pl_conf_warn(conf, &text);
    pl_kafka_warn(conf, &text);
    if (text.len)
        fputs(text.ptr, stderr);
    fprintf(stderr, "plateaud: %s is good\n", path);
    pl_buf_fini(&text);
    pl_conf_free(conf);
    return PL_EXIT_OK;
}

int main(int argc, char **argv)
{
    const char *path = "/etc/plateaud/plateaud.conf";
    bool test = false, print = false;
    int option;

    while ((option = getopt(argc, argv, "c:tTvh")) != -1) {
        switch (option) {
        case 'c':
            path = optarg;
            break;
        case 't':
            test = true;
            break;
        case 'T':
            test = print = true;
            break;
        case 'v':
            puts("plateaud " PL_VERSION);
            return PL_EXIT_OK;
        case 'h':
            return usage(stdout, PL_EXIT_OK);
        default:
            return usage(stderr, PL_EXIT_BAD_CONFIG);
        }
    }
    if (optind < argc)
        return usage(stderr, PL_EXIT_BAD_CONFIG);
    return test ? check(path, print) : (int)pl_daemon_run(path);
}
