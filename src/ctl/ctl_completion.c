/* plateauctl completion: a script for the shell.
 */
#include "ctl/completion.h"
#include "ctl/ctl.h"
#include "ctl/options.h"

#include <stdio.h>

static const char help[] = "examples:\n"
                           "  plateauctl completion bash > /usr/share/bash-completion/completions/plateauctl\n"
                           "  source <(plateauctl completion bash)\n"
                           "\n"
                           "usage: plateauctl completion bash|zsh|fish\n"
                           "\n"
                           "Prints a script that completes commands, their options, files, and the names of areas. "
                           "Packages and `make install`\n"
                           "put it where the shell finds it.\n"
                           "\n"
                           "exit codes: 0 printed; 64 usage\n";

int pl_ctl_completion(int argc, char **argv)
{
    struct pl_options options;
    struct pl_buf out = {0};
    int code = pl_options_read(&options, argc, argv, help, NULL, 0);

    if (code != PL_OPTIONS_GO_ON)
        return code;
    if (options.n_args != 1)
        return pl_options_wrong(&options, "for which shell? bash, zsh or fish");
    if (!pl_completion_write(options.args[0], &out))
        code = pl_options_wrong(&options, "%s: only bash, zsh and fish are known", options.args[0]);
    else if (!pl_buf_ok(&out))
        code = pl_options_failed(&options, "no memory for a script");
    else
        code = fputs(out.ptr, stdout) >= 0 && fflush(stdout) == 0 ? PL_CTL_OK : PL_CTL_FAILED;
    pl_buf_fini(&out);
    return code;
}
