/* TLS for a link: a bufferevent that speaks it, with the server's certificate and name verified. TLS 1.2 or newer.
 *
 * Files are read anew for each connection, so a renewed certificate needs no restart.
 */
#ifndef PL_ADAPTER_LINK_TLS_H
#define PL_ADAPTER_LINK_TLS_H

#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>

struct bufferevent;
struct event_base;

struct pl_link_tls {
    const char *ca_file;              /* NULL: the system's CAs */
    const char *cert_file, *key_file; /* client certificate (with its chain) and key; both or none */
    const char *host;                 /* name or address that the certificate must carry */
};

/* INPUT when a file cannot be used. */
enum pl_status pl_link_tls_check(const struct pl_link_tls *tls, struct pl_err *err) PL_MUSTCHECK;

/* A bufferevent without a socket, that closes the one it will get. The caller frees it. */
enum pl_status pl_link_tls_new(struct event_base *base, const struct pl_link_tls *tls, struct bufferevent **bev,
                               struct pl_err *err) PL_MUSTCHECK;

/* Why TLS failed on it: "certificate refused: ...", or an empty text when it was not TLS that failed. */
void pl_link_tls_why(struct bufferevent *bev, char *out, size_t cap);

/* Has the (first) certificate of a PEM file expired? False also when it cannot be read. A server that refuses it says
 * little or nothing. */
bool pl_link_tls_expired(const char *cert_file);

/* What a code of certificate verification (X509_V_ERR_...) means: "hostname mismatch". A constant; any thread. */
const char *pl_link_tls_refusal(long code);

#endif
