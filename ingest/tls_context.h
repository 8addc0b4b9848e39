// A certificate and its key -> what TLS connections are made from: TLS 1.2 or newer, no renegotiation, no sessions.
#pragma once

#include <openssl/ssl.h>
#include <stddef.h>

#define VT_TLS_FILE_BYTES (64 * 1024)    // of a certificate with its chain, and of a key
#define VT_TLS_WHY_ROOM   160

// Reads PEM from two open files (from their start, whatever their position; they stay the caller's): the certificate
// first, then its chain; a key without a passphrase. Returns 0; -EINVAL for what cannot be used and -errno for what
// cannot be read, with a phrase in `why` (VT_TLS_WHY_ROOM bytes).
int vt_tls_context_new(SSL_CTX **ret, int certificate_fd, int key_fd, char *why);
