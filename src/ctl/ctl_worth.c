/* plateauctl worth: the smallest gain worth an experiment, from three numbers.
 */
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "ctl/worth.h"
#include "util/num.h"

#include <stdio.h>
#include <unistd.h>

static const char help[] =
    "examples:\n"
    "  plateauctl worth\n"
    "  plateauctl worth --cost 30000 --value 200000 --years 0.7\n"
    "\n"
    "usage: plateauctl worth [--cost MONEY --value MONEY --years YEARS] [OPTIONS]\n"
    "\n"
    "What must an experiment gain to be worth its cost? cost / (value x years), in % of the goal metric. Prints the "
    "line\n"
    "for the [area] in plateaud.conf. What is not given is asked for, if standard input is a terminal.\n"
    "\n"
    "  --cost MONEY      what one experiment costs: people, design, review, analysis\n"
    "  --value MONEY     what 1 % more of the goal metric is worth in a year\n"
    "  --years YEARS     how long such a gain lasts\n"
    "  --json            {\"smallest_return\":0.0021...} as a share\n"
    "\n"
    "exit codes: 0 printed; 64 usage\n";

struct question {
    const char *option, *text;
    const char *given;
    double value;
};

/* Ask until a number above 0 comes; false at the end of input. */
static bool ask(struct question *question)
{
    char line[128];

    for (;;) {
        fprintf(stderr, "%s: ", question->text);
        if (!fgets(line, sizeof(line), stdin))
            return false;
        if (pl_worth_number(pl_span_of(line), &question->value))
            return true;
        fputs("a number above 0, please (30000, 30k and 1.5M are understood)\n", stderr);
    }
}

static int answer(const struct pl_options *options, struct question *question)
{
    if (question->given)
        return pl_worth_number(pl_span_of(question->given), &question->value)
                   ? PL_OPTIONS_GO_ON
                   : pl_options_wrong(options, "%s %s: not a number above 0", question->option, question->given);
    if (isatty(STDIN_FILENO) != 1)
        return pl_options_wrong(options, "%s is needed", question->option);
    return ask(question) ? PL_OPTIONS_GO_ON : pl_options_wrong(options, "%s is needed", question->option);
}

int pl_ctl_worth(int argc, char **argv)
{
    struct question questions[3] = {
        {"--cost", "What does one experiment cost, all in all", NULL, 0},
        {"--value", "What is 1 % more of the goal metric worth in a year", NULL, 0},
        {"--years", "How many years does such a gain last", NULL, 0},
    };
    const struct pl_option own[] = {{"--cost", NULL, &questions[0].given},
                                    {"--value", NULL, &questions[1].given},
                                    {"--years", NULL, &questions[2].given}};
    struct pl_options options;
    int code = pl_options_read(&options, argc, argv, help, own, 3);
    double share;
    char text[32];

    if (code == PL_OPTIONS_GO_ON && options.n_args)
        code = pl_options_wrong(&options, "%s: takes no arguments", options.args[0]);
    for (int at = 0; at < 3 && code == PL_OPTIONS_GO_ON; at++)
        code = answer(&options, &questions[at]);
    if (code != PL_OPTIONS_GO_ON)
        return code;
    share = pl_worth_share(questions[0].value, questions[1].value, questions[2].value);
    pl_num_format(share, text);
    if (options.json)
        printf("{\"smallest_return\":%s}\n", text);
    else
        printf("smallest_return = %.2g%%\n", share * 100);
    if (share > .05)
        fputs("that is more than most experiments can gain: check the numbers, or make experiments cheaper\n", stderr);
    return PL_CTL_OK;
}
