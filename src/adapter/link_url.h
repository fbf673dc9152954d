/* Where a link goes: redis://[user@]host[:port][/db], rediss://... (TLS), unix:///path[?db=N].
 *
 * A password in a URL is refused: secrets come from files. An IPv6 address is written in brackets.
 */
#ifndef PL_ADAPTER_LINK_URL_H
#define PL_ADAPTER_LINK_URL_H

#include "util/err.h"
#include "util/span.h"

#include <sys/socket.h>

enum pl_link_kind { PL_LINK_TCP, PL_LINK_TLS, PL_LINK_UNIX };

struct pl_link_url {
    enum pl_link_kind kind;
    char host[256]; /* name or address, or the path of a socket */
    char port[6];   /* decimal, "6379" by default; empty for a socket */
    char user[128]; /* empty: none given */
    int db;
};

/* INPUT, and which part is wrong. */
enum pl_status pl_link_url_parse(const char *text, struct pl_link_url *url, struct pl_err *err) PL_MUSTCHECK;

/* The address to connect to. A name may have several: attempts 0, 1, 2... take turns. Numbers, socket paths and what
 * /etc/hosts knows need no network; any other name asks the resolver and blocks the thread for as long as that takes (a
 * few seconds at worst with the usual resolv.conf), which happens only while there is no connection anyway. IO. */
enum pl_status pl_link_url_address(const struct pl_link_url *url, unsigned attempt, struct sockaddr_storage *address,
                                   socklen_t *len, struct pl_err *err) PL_MUSTCHECK;

#endif
