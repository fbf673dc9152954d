#include "app/reload.h"

#include "adapter/log.h"
#include "codec/decode.h"

#include <string.h>

void pl_reload_init(struct pl_reload *reload, struct pl_shared *shared, struct pl_conf *conf)
{
    memset(reload, 0, sizeof(*reload));
    reload->current = conf;
    reload->last_ok = true;
    atomic_store(&shared->conf, conf);
    atomic_store(&shared->generation, 0);
}

void pl_reload_fini(struct pl_reload *reload)
{
    for (unsigned at = 0; at < reload->n_old; at++)
        pl_conf_free(reload->old[at].conf);
    pl_conf_free(reload->current);
    memset(reload, 0, sizeof(*reload));
}

static void log_lines(const char *event, struct pl_span text)
{
    char escaped[512];

    while (text.ptr && text.len) {
        struct pl_span line = pl_span_cut(&text, '\n');

        if (line.len)
            pl_log(PL_LOG_INFO, "event=%s what=\"%s\"", event, pl_log_escape(line, escaped, sizeof(escaped)));
    }
}

static enum pl_status load_next(const struct pl_reload *reload, const char *path, struct pl_conf **next,
                                struct pl_err *err)
{
    struct pl_buf diff = {0};
    enum pl_status status;

    *next = NULL;
    if (reload->n_old == PL_RELOAD_OLD_MAX)
        return pl_err_set(err, PL_ERR_FULL, "the last %d reloads are still under way", PL_RELOAD_OLD_MAX);
    status = pl_conf_load(path, next, err);
    if (!status)
        status = pl_decoder_check(*next, err);
    if (!status)
        status = pl_conf_reloadable(reload->current, *next, &diff, err);
    if (!status)
        log_lines("config_changed", pl_buf_span(&diff));
    pl_buf_fini(&diff);
    return status;
}

bool pl_reload_run(struct pl_reload *reload, struct pl_shared *shared, const char *path)
{
    struct pl_conf *next;
    struct pl_err err = {0};
    char escaped[2 * PL_ERR_TEXT_BYTES];
    enum pl_log_level level;
    unsigned generation = atomic_load(&shared->generation) + 1;

    reload->last_ok = load_next(reload, path, &next, &err) == PL_OK;
    if (!reload->last_ok) {
        pl_log(PL_LOG_ERROR, "event=reload_refused what=\"%s\"",
               pl_log_escape(pl_span_of(err.text), escaped, sizeof(escaped)));
        pl_conf_free(next);
        return false;
    }
    if (pl_log_level_of(next->log_level, &level))
        pl_log_set_level(level);
    reload->old[reload->n_old].conf = reload->current;
    reload->old[reload->n_old++].until = generation;
    reload->current = next;
    atomic_store(&shared->conf, next);
    atomic_store(&shared->generation, generation);
    pl_log(PL_LOG_INFO, "event=reloaded generation=%u", generation);
    return true;
}

void pl_reload_forget(struct pl_reload *reload, unsigned generation)
{
    unsigned kept = 0;

    for (unsigned at = 0; at < reload->n_old; at++) {
        if (reload->old[at].until <= generation)
            pl_conf_free(reload->old[at].conf);
        else
            reload->old[kept++] = reload->old[at];
    }
    reload->n_old = kept;
}
