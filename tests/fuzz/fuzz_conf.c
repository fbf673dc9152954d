/* Configuration text from anywhere: it is refused with a message, or becomes a value that prints, warns and reads back
 * to the same rules. */
#include "codec/conf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

/* What was printed is a configuration of its own, with nothing left to infer and nothing changed. */
static void check_print(const struct pl_conf *conf)
{
    struct pl_buf printed = {0}, diff = {0};
    struct pl_conf *again;
    struct pl_err err = {0};

    pl_conf_print(conf, &printed);
    must(pl_buf_ok(&printed));
    if (pl_conf_parse("printed", pl_buf_span(&printed), &again, &err)) {
        /* origins make lines longer, so what was just short enough may be too long now */
        must(strstr(err.text, "longer than") || strstr(err.text, "larger than"));
    } else {
        must(again->rules->hash == conf->rules->hash);
        must(pl_conf_reloadable(conf, again, &diff, NULL) == PL_OK && diff.len == 0);
        pl_conf_free(again);
    }
    pl_buf_fini(&diff);
    pl_buf_fini(&printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pl_conf *conf = NULL;
    struct pl_err err = {0};
    struct pl_buf warnings = {0};
    enum pl_status status = pl_conf_parse("f", (struct pl_span){(const char *)data, size}, &conf, &err);

    must((status == PL_OK) == (conf != NULL));
    if (status) {
        must(err.code == status && err.text[0]);
        return 0;
    }
    pl_conf_warn(conf, &warnings);
    must(pl_buf_ok(&warnings));
    check_print(conf);
    pl_buf_fini(&warnings);
    pl_conf_free(conf);
    return 0;
}
