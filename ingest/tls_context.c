#include "ingest/tls_context.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail(char *why, int error, const char *text)
{
    ERR_clear_error();
    snprintf(why, VT_TLS_WHY_ROOM, "%s", text);
    return error;
}

// The whole file in memory that the caller clears and frees.
static int read_file(int fd, uint8_t **ret, size_t *ret_size)
{
    uint8_t *data = malloc(VT_TLS_FILE_BYTES + 1);
    size_t size = 0;
    ssize_t n = 1;
    if (!data)
        return -ENOMEM;
    while (size <= VT_TLS_FILE_BYTES && n > 0) {
        n = pread(fd, data + size, VT_TLS_FILE_BYTES + 1 - size, (off_t)size);
        size += n > 0 ? (size_t)n : 0;
    }
    int error = n < 0 ? -errno : size > VT_TLS_FILE_BYTES ? -EFBIG : 0;
    if (error) {
        OPENSSL_cleanse(data, size);
        free(data);
        return error;
    }
    *ret = data;
    *ret_size = size;
    return 0;
}

// A key that asks for a passphrase would stop the process at a terminal that it does not have.
static int no_passphrase(char *buffer, int size, int writing, void *opaque)
{
    return 0;
}

static int use_certificates(SSL_CTX *context, BIO *pem, char *why)
{
    X509 *certificate = PEM_read_bio_X509(pem, NULL, no_passphrase, NULL);
    if (!certificate)
        return fail(why, -EINVAL, "the certificate's file holds no certificate in PEM");
    int used = SSL_CTX_use_certificate(context, certificate);
    X509_free(certificate);
    if (used != 1)
        return fail(why, -EINVAL, "the certificate cannot be used: its key is too short or of an unknown kind");
    while ((certificate = PEM_read_bio_X509(pem, NULL, no_passphrase, NULL))) {
        if (SSL_CTX_add0_chain_cert(context, certificate) != 1) {
            X509_free(certificate);
            return fail(why, -EINVAL, "the certificate's chain cannot be used");
        }
    }
    ERR_clear_error();
    return 0;
}

static int use_key(SSL_CTX *context, BIO *pem, char *why)
{
    EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, no_passphrase, NULL);
    if (!key)
        return fail(why, -EINVAL, "the key's file holds no private key in PEM without a passphrase");
    int used = SSL_CTX_use_PrivateKey(context, key);
    EVP_PKEY_free(key);
    if (used != 1 || SSL_CTX_check_private_key(context) != 1)
        return fail(why, -EINVAL, "the key does not belong to the certificate");
    return 0;
}

static int use_file(SSL_CTX *context, int fd, int (*use)(SSL_CTX *context, BIO *pem, char *why), char *why)
{
    uint8_t *data = NULL;
    size_t size = 0;
    int error = read_file(fd, &data, &size);
    if (error)
        return fail(why, error, strerror(-error));
    BIO *pem = BIO_new_mem_buf(data, (int)size);
    error = pem ? use(context, pem, why) : fail(why, -ENOMEM, "out of memory");
    BIO_free(pem);
    OPENSSL_cleanse(data, size);
    free(data);
    return error;
}

int vt_tls_context_new(SSL_CTX **ret, int certificate_fd, int key_fd, char *why)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context)
        return fail(why, -ENOMEM, "out of memory");
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    int error = use_file(context, certificate_fd, use_certificates, why);
    if (!error)
        error = use_file(context, key_fd, use_key, why);
    if (error)
        SSL_CTX_free(context);
    else
        *ret = context;
    return error;
}
