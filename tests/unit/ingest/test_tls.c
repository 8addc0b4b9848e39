// Certificates that are made here, and handshakes in memory.
#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "ingest/peer_address.h"
#include "ingest/tls_context.h"

static char why[VT_TLS_WHY_ROOM];

static EVP_PKEY *new_key(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    REQUIRE(key != NULL);
    return key;
}

static int file_of(BIO *pem)
{
    char *data;
    long size = BIO_get_mem_data(pem, &data);
    int fd = memfd_create("pem", MFD_CLOEXEC);
    REQUIRE(fd >= 0);
    REQUIRE_INT(write(fd, data, (size_t)size), size);
    BIO_free(pem);
    return fd;
}

static int text_file(const char *text)
{
    BIO *pem = BIO_new(BIO_s_mem());
    BIO_puts(pem, text);
    return file_of(pem);
}

static void add_certificate(BIO *pem, EVP_PKEY *key, const char *name)
{
    X509 *certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                               -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_set_pubkey(certificate, key);
    REQUIRE(X509_sign(certificate, key, EVP_sha256()) > 0);
    REQUIRE_INT(PEM_write_bio_X509(pem, certificate), 1);
    X509_free(certificate);
}

static int certificate_file(EVP_PKEY *key, int count)
{
    BIO *pem = BIO_new(BIO_s_mem());
    for (int i = 0; i < count; i++)
        add_certificate(pem, key, i == 0 ? "localhost" : "authority");
    return file_of(pem);
}

static int key_file(EVP_PKEY *key, const char *passphrase)
{
    BIO *pem = BIO_new(BIO_s_mem());
    REQUIRE_INT(PEM_write_bio_PrivateKey(pem, key, passphrase ? EVP_aes_128_cbc() : NULL, NULL, 0, NULL,
                                         (void *)(uintptr_t)passphrase), 1);
    return file_of(pem);
}

static void require_refusal(int certificate, int key, int error, const char *text)
{
    SSL_CTX *context = NULL;
    REQUIRE_INT(vt_tls_context_new(&context, certificate, key, why), error);
    REQUIRE(context == NULL);
    REQUIRE_TEXT(why, text);
    close(certificate);
    close(key);
}

// A handshake with a client of at most `version`; the server's last result.
static int shake_hands(SSL_CTX *context, int version)
{
    SSL_CTX *client_context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(client_context, 0);
    SSL_CTX_set_min_proto_version(client_context, version);
    SSL_CTX_set_max_proto_version(client_context, version);
    SSL *server = SSL_new(context), *client = SSL_new(client_context);
    BIO *ends[2];
    REQUIRE_INT(BIO_new_bio_pair(&ends[0], 0, &ends[1], 0), 1);
    SSL_set_bio(server, ends[0], ends[0]);
    SSL_set_bio(client, ends[1], ends[1]);
    int accepted = -1;
    for (int i = 0; i < 10 && accepted != 1; i++) {
        SSL_connect(client);
        accepted = SSL_accept(server);
    }
    SSL_free(server);
    SSL_free(client);
    SSL_CTX_free(client_context);
    return accepted;
}

TEST(takes_a_certificate_with_its_chain)
{
    EVP_PKEY *key = new_key();
    int files[] = {certificate_file(key, 3), key_file(key, NULL)};
    SSL_CTX *context = NULL;
    STACK_OF(X509) *chain = NULL;
    for (int i = 0; i < 2; i++) {            // again: a file's position does not matter
        REQUIRE_INT(vt_tls_context_new(&context, files[0], files[1], why), 0);
        SSL_CTX_get0_chain_certs(context, &chain);
        REQUIRE_INT(sk_X509_num(chain), 2);
        SSL_CTX_free(context);
    }
    close(files[0]);
    close(files[1]);
    EVP_PKEY_free(key);
}

TEST(refuses_what_does_not_fit)
{
    EVP_PKEY *key = new_key(), *other = new_key();
    require_refusal(text_file("x"), key_file(key, NULL), -EINVAL,
                    "the certificate's file holds no certificate in PEM");
    require_refusal(certificate_file(key, 1), text_file(""), -EINVAL,
                    "the key's file holds no private key in PEM without a passphrase");
    require_refusal(certificate_file(key, 1), key_file(key, "secret"), -EINVAL,
                    "the key's file holds no private key in PEM without a passphrase");
    require_refusal(certificate_file(key, 1), key_file(other, NULL), -EINVAL,
                    "the key does not belong to the certificate");
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
}

TEST(files_have_a_limit)
{
    EVP_PKEY *key = new_key();
    SSL_CTX *context = NULL;
    int certificate = certificate_file(key, 1), secret = key_file(key, NULL);
    REQUIRE_INT(ftruncate(certificate, VT_TLS_FILE_BYTES), 0);
    REQUIRE_INT(vt_tls_context_new(&context, certificate, secret, why), 0);
    SSL_CTX_free(context);
    REQUIRE_INT(ftruncate(certificate, VT_TLS_FILE_BYTES + 1), 0);
    require_refusal(certificate, secret, -EFBIG, strerror(EFBIG));
    EVP_PKEY_free(key);
}

TEST(speaks_tls_1_2_and_newer_only)
{
    EVP_PKEY *key = new_key();
    int files[] = {certificate_file(key, 1), key_file(key, NULL)};
    SSL_CTX *context = NULL;
    REQUIRE_INT(vt_tls_context_new(&context, files[0], files[1], why), 0);
    SSL_CTX_set_security_level(context, 0);      // the version alone decides
    REQUIRE_INT(shake_hands(context, TLS1_3_VERSION), 1);
    REQUIRE_INT(shake_hands(context, TLS1_2_VERSION), 1);
    REQUIRE(shake_hands(context, TLS1_1_VERSION) != 1);
    REQUIRE(shake_hands(context, TLS1_VERSION) != 1);
    SSL_CTX_free(context);
    close(files[0]);
    close(files[1]);
    EVP_PKEY_free(key);
}

TEST(addresses_go_there_and_back)
{
    static const char *const texts[] = {"192.0.2.7", "2001:db8::7", "unknown"};
    struct sockaddr_storage from;
    for (int i = 0; i < 3; i++) {
        vt_peer_sockaddr(&from, texts[i]);
        struct vt_peer_address address = vt_peer_address(&from);
        REQUIRE_TEXT(address.text, texts[i]);
        REQUIRE((address.group != 0) == (i < 2));
    }
}

int main(void)
{
    RUN(takes_a_certificate_with_its_chain);
    RUN(refuses_what_does_not_fit);
    RUN(files_have_a_limit);
    RUN(speaks_tls_1_2_and_newer_only);
    RUN(addresses_go_there_and_back);
    return DONE();
}
