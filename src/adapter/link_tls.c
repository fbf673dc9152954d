#include "adapter/link_tls.h"

#include <arpa/inet.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>

static enum pl_status refuse(struct pl_err *err, const char *what, const char *file)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    ERR_clear_error();
    return pl_err_set(err, PL_ERR_INPUT, "%s %s: %s", what, file ? file : "", reason ? reason : "not usable");
}

static enum pl_status load_files(SSL_CTX *context, const struct pl_link_tls *tls, struct pl_err *err)
{
    if (!tls->cert_file != !tls->key_file)
        return pl_err_set(err, PL_ERR_INPUT, "cert_file and key_file go together");
    if (tls->ca_file ? SSL_CTX_load_verify_locations(context, tls->ca_file, NULL) != 1
                     : SSL_CTX_set_default_verify_paths(context) != 1)
        return refuse(err, "ca_file", tls->ca_file);
    if (!tls->cert_file)
        return PL_OK;
    if (SSL_CTX_use_certificate_chain_file(context, tls->cert_file) != 1)
        return refuse(err, "cert_file", tls->cert_file);
    if (SSL_CTX_use_PrivateKey_file(context, tls->key_file, SSL_FILETYPE_PEM) != 1)
        return refuse(err, "key_file", tls->key_file);
    return PL_OK;
}

static enum pl_status new_context(const struct pl_link_tls *tls, SSL_CTX **context, struct pl_err *err)
{
    enum pl_status status;

    ERR_clear_error();
    *context = SSL_CTX_new(TLS_client_method());
    if (!*context)
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for TLS");
    SSL_CTX_set_min_proto_version(*context, TLS1_2_VERSION);
    SSL_CTX_set_verify(*context, SSL_VERIFY_PEER, NULL);
    status = load_files(*context, tls, err);
    if (status != PL_OK) {
        SSL_CTX_free(*context);
        *context = NULL;
    }
    return status;
}

/* An address is compared with the certificate's addresses, a name with its names; a name is also sent (SNI). */
static bool expect_host(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    unsigned char address[16];

    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

enum pl_status pl_link_tls_check(const struct pl_link_tls *tls, struct pl_err *err)
{
    SSL_CTX *context;
    enum pl_status status = new_context(tls, &context, err);

    SSL_CTX_free(context);
    return status;
}

enum pl_status pl_link_tls_new(struct event_base *base, const struct pl_link_tls *tls, struct bufferevent **bev,
                               struct pl_err *err)
{
    SSL_CTX *context;
    SSL *ssl;
    enum pl_status status = new_context(tls, &context, err);

    *bev = NULL;
    if (status != PL_OK)
        return status;
    if (tls->cert_file && pl_link_tls_expired(tls->cert_file)) {
        SSL_CTX_free(context);
        return pl_err_set(err, PL_ERR_INPUT, "cert_file %s has expired", tls->cert_file);
    }
    ssl = SSL_new(context);
    SSL_CTX_free(context);
    if (!ssl || !expect_host(ssl, tls->host)) {
        SSL_free(ssl);
        return pl_err_set(err, PL_ERR_NOMEM, "TLS cannot be prepared for %s", tls->host);
    }
    *bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
    if (!*bev) {
        SSL_free(ssl);
        return pl_err_set(err, PL_ERR_NOMEM, "no memory for TLS");
    }
    /* Every reply says where it ends, so a connection cut without a goodbye is seen as what it is. */
    bufferevent_openssl_set_allow_dirty_shutdown(*bev, 1);
    return PL_OK;
}

void pl_link_tls_why(struct bufferevent *bev, char *out, size_t cap)
{
    SSL *ssl = bufferevent_openssl_get_ssl(bev);
    long verified = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
    const char *reason = NULL;
    unsigned long code;

    out[0] = '\0';
    while (ssl && !reason && (code = bufferevent_get_openssl_error(bev)) != 0)
        reason = ERR_reason_error_string(code); /* NULL for errors of the socket below */
    if (verified != X509_V_OK)
        snprintf(out, cap, "certificate refused: %s", pl_link_tls_refusal(verified));
    else if (reason)
        snprintf(out, cap, "TLS: %s", reason);
}

const char *pl_link_tls_refusal(long code)
{
    return X509_verify_cert_error_string(code);
}

bool pl_link_tls_expired(const char *cert_file)
{
    BIO *file = BIO_new_file(cert_file, "r");
    X509 *cert = file ? PEM_read_bio_X509(file, NULL, NULL, NULL) : NULL;
    bool expired = cert && X509_cmp_current_time(X509_get0_notAfter(cert)) < 0;

    X509_free(cert);
    BIO_free(file);
    ERR_clear_error();
    return expired;
}
