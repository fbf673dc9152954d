/* Any text as the url of [redis]: refused with a reason that repeats no secret, or addresses that make the same url. */
#include "adapter/link_where.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_seed(const struct pl_link_url *seed)
{
    char text[PL_LINK_URL_BYTES];
    struct pl_link_url again;

    must(seed->host[0] && (seed->kind == PL_LINK_UNIX) == !seed->port[0] && seed->db >= 0);
    pl_link_where_url(seed->kind, seed->host, seed->port, seed->db, text);
    must(pl_link_url_parse(text, &again, NULL) == PL_OK);
    must(again.kind == seed->kind && again.db == seed->db && strcmp(again.host, seed->host) == 0 &&
         strcmp(again.port, seed->port) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pl_link_where where;
    struct pl_err err = {0};
    char *text = malloc(size + 1);

    must(text != NULL);
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    if (pl_link_where_parse(text, &where, &err)) {
        must(err.code == PL_ERR_INPUT && err.text[0] && !strstr(err.text, "hunter2"));
    } else {
        must(where.n_seeds >= 1 && where.n_seeds <= PL_LINK_SEEDS_MAX);
        must((where.topology == PL_LINK_SENTINEL) == (where.master[0] != '\0'));
        for (unsigned at = 0; at < where.n_seeds; at++)
            check_seed(&where.seeds[at]);
    }
    free(text);
    return 0;
}
