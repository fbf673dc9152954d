/* plateauctl balance AREA: what each kind of work took and gave.
 */
#include "ctl/account.h"
#include "ctl/ctl.h"
#include "ctl/options.h"

#include <stdio.h>

static const char help[] =
    "examples:\n"
    "  plateauctl balance checkout\n"
    "  plateauctl replay -c plateaud.conf --control results.jsonl --json | plateauctl balance checkout --from -\n"
    "\n"
    "usage: plateauctl balance AREA [OPTIONS]\n"
    "\n"
    "By kind of work: experiments, users and cost, and what they gained, added up and corrected for lucky winners.\n"
    "Then the share of wins over time, a forecast of the next quarter, what is left to gain, and what the last "
    "holdout\n"
    "says. For information: the verdict does not go by it.\n"
    "\n"
    "  --from FILE       the figures that `plateauctl replay --json` printed, instead of Redis; - is standard input\n"
    "  --json            all fields as one JSON object\n"
    "  --no-color        no colour\n"
    "  -c FILE           configuration (default /etc/plateaud/plateaud.conf); not read with --from\n"
    "\n"
    "exit codes: 0 shown; 1 there is no such area; 2 Redis or FILE cannot be read; 64 usage\n";

struct balance {
    struct pl_options options;
    const char *from, *area;
    struct pl_published figures;
    struct pl_buf out;
};

static enum pl_status ask_redis(struct balance *balance, const struct pl_conf *conf, struct pl_err *err)
{
    struct pl_ask *ask;
    enum pl_status status = pl_ask_open(conf, &ask, err);

    if (!status)
        status = pl_published_ask(&balance->figures, ask, conf->instance, PL_PUBLISHED_BALANCE, balance->area, err);
    if (!status)
        status = pl_published_ask(&balance->figures, ask, conf->instance, PL_PUBLISHED_AREA, balance->area, err);
    pl_ask_close(ask);
    return status;
}

static int show(struct balance *balance)
{
    const struct pl_published_hash *area = pl_published_find(&balance->figures, PL_PUBLISHED_AREA, balance->area);
    const struct pl_account account = {
        .area = balance->area,
        .balance = pl_published_find(&balance->figures, PL_PUBLISHED_BALANCE, balance->area),
        .unit = pl_published_text(area, "unit"),
        .look = pl_table_look(balance->options.no_color),
    };

    if (!account.balance) {
        (void)pl_options_failed(&balance->options,
                                balance->from ? "%s is not in these figures"
                                              : "no area %s has been judged; see plateauctl status",
                                balance->area);
        return PL_CTL_NO;
    }
    if (balance->options.json)
        pl_account_json(&account, &balance->out);
    else
        pl_account_text(&account, &balance->out);
    if (!pl_buf_ok(&balance->out) || fwrite(balance->out.ptr, 1, balance->out.len, stdout) != balance->out.len)
        return pl_options_failed(&balance->options, "the output cannot be written");
    return PL_CTL_OK;
}

static int run(struct balance *balance)
{
    struct pl_err err = {0};
    struct pl_conf *conf;
    enum pl_status status;

    if (balance->from) {
        status = pl_published_lines(&balance->figures, balance->from, balance->area, &err);
    } else {
        conf = pl_options_conf(&balance->options);
        if (!conf)
            return PL_CTL_FAILED;
        status = ask_redis(balance, conf, &err);
        pl_conf_free(conf);
    }
    return status ? pl_options_failed(&balance->options, "%s", err.text) : show(balance);
}

int pl_ctl_balance(int argc, char **argv)
{
    struct balance balance = {.from = NULL};
    const struct pl_option own[] = {{"--from", NULL, &balance.from}};
    int code = pl_options_read(&balance.options, argc, argv, help, own, 1);

    if (code == PL_OPTIONS_GO_ON && balance.options.n_args != 1)
        code = pl_options_wrong(&balance.options, "which area?");
    if (code == PL_OPTIONS_GO_ON) {
        balance.area = balance.options.args[0];
        code = run(&balance);
    }
    pl_published_fini(&balance.figures);
    pl_buf_fini(&balance.out);
    return code;
}
