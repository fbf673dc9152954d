/* plateauctl accept PARTITION: the operator's word that a partition which its input has halted goes on with what is
 * there.
 */
#include "codec/json_out.h"
#include "codec/keys.h"
#include "ctl/ask.h"
#include "ctl/ctl.h"
#include "ctl/options.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "examples:\n"
    "  plateauctl accept 3\n"
    "  plateauctl accept all\n"
    "\n"
    "usage: plateauctl accept PARTITION|all [OPTIONS]\n"
    "\n"
    "A partition has stopped because records are gone from a topic before they were read, or because the topic was\n"
    "made anew: go on with what is there now. Says why it has stopped; takes effect within seconds, or when plateaud\n"
    "is started. What was counted before stays. Holds for this fault only: another one stops the partition again.\n"
    "\n"
    "  --dry-run         say why partitions have stopped, and change nothing\n"
    "  --json            the same as JSON\n"
    "  -c FILE           configuration (default /etc/plateaud/plateaud.conf)\n"
    "\n"
    "exit codes: 0 accepted; 1 no such partition has stopped, or its fault cannot be accepted; 2 Redis cannot be\n"
    "reached; 64 usage\n";

#define PARTITIONS_MAX 1024

struct accept {
    struct pl_options options;
    struct pl_conf *conf;
    struct pl_ask *ask;
    struct pl_json json;
    bool dry_run;
    unsigned halted, accepted;
};

static bool may_accept(struct pl_span code)
{
    struct pl_span kind = pl_span_cut(&code, ' ');

    return pl_span_is(kind, "gap") || pl_span_is(kind, "recreated");
}

static void say(struct accept *accept, int64_t partition, struct pl_span why, bool may)
{
    const char *done = may ? accept->dry_run ? "may be accepted" : "accepted" : "cannot be accepted";
    char text[1024];

    (void)pl_span_copy(why, text, sizeof(text));
    if (!accept->options.json) {
        printf("partition %" PRId64 ": %s: %s\n", partition, done, text);
        return;
    }
    pl_json_open(&accept->json, NULL, '{');
    pl_json_int(&accept->json, "partition", partition);
    pl_json_text(&accept->json, "halted", text);
    pl_json_bool(&accept->json, "acceptable", may);
    pl_json_bool(&accept->json, "accepted", may && !accept->dry_run);
    pl_json_close(&accept->json, '}');
}

static enum pl_status look_at(struct accept *accept, int64_t partition, struct pl_err *err)
{
    struct pl_key meta = pl_key_shard(accept->conf->instance, (int32_t)partition, "meta");
    const struct pl_reply *reply;
    enum pl_status status = pl_ask(accept->ask, &reply, err, "HGETALL", meta.text, NULL);
    struct pl_span code;
    char text[512];
    bool may;

    if (status)
        return status;
    code = pl_ask_field(reply, "halt_code");
    if (code.len == 0)
        return PL_OK;
    may = may_accept(code) && pl_span_copy(code, text, sizeof(text));
    accept->halted++;
    accept->accepted += may;
    say(accept, partition, pl_ask_field(reply, "halted"), may);
    if (may && !accept->dry_run)
        status = pl_ask(accept->ask, &reply, err, "HSET", meta.text, "accept", text, NULL);
    return status;
}

static enum pl_status look_at_all(struct accept *accept, struct pl_err *err)
{
    struct pl_key meta = pl_key_main(accept->conf->instance, "meta");
    const struct pl_reply *reply;
    enum pl_status status = pl_ask(accept->ask, &reply, err, "HGETALL", meta.text, NULL);
    int64_t partitions = status ? 0 : pl_ask_int(reply, "partitions", 0);

    for (int64_t p = 0; p < partitions && p < PARTITIONS_MAX && !status; p++)
        status = look_at(accept, p, err);
    return status;
}

static int run(struct accept *accept, int64_t partition)
{
    struct pl_buf out = {0};
    struct pl_err err = {0};
    enum pl_status status = pl_ask_open(accept->conf, &accept->ask, &err);

    accept->json = pl_json_to(&out);
    pl_json_open(&accept->json, NULL, '[');
    if (!status)
        status = partition < 0 ? look_at_all(accept, &err) : look_at(accept, partition, &err);
    pl_json_close(&accept->json, ']');
    if (!status && accept->options.json && pl_buf_ok(&out) && out.ptr)
        puts(out.ptr);
    pl_buf_fini(&out);
    if (status)
        return pl_options_failed(&accept->options, "%s", err.text);
    if (accept->halted == 0)
        fprintf(stderr, "%s stopped by its input\n", partition < 0 ? "no partition was" : "this partition was not");
    return accept->halted && accept->accepted == accept->halted ? PL_CTL_OK : PL_CTL_NO;
}

int pl_ctl_accept(int argc, char **argv)
{
    struct accept accept = {.dry_run = false};
    const struct pl_option own[] = {{"--dry-run", &accept.dry_run, NULL}};
    int64_t partition = -1;
    int code = pl_options_read(&accept.options, argc, argv, help, own, 1);

    if (code != PL_OPTIONS_GO_ON)
        return code;
    if (accept.options.n_args != 1)
        return pl_options_wrong(&accept.options, "which partition?");
    if (strcmp(accept.options.args[0], "all") != 0 &&
        (!pl_num_int(pl_span_of(accept.options.args[0]), &partition) || partition < 0 || partition >= PARTITIONS_MAX))
        return pl_options_wrong(&accept.options, "%s: a number, or all", accept.options.args[0]);
    accept.conf = pl_options_conf(&accept.options);
    code = accept.conf ? run(&accept, partition) : PL_CTL_FAILED;
    pl_ask_close(accept.ask);
    pl_conf_free(accept.conf);
    return code;
}
