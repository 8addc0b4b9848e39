// One TLS connection, and what all of them share. After its handshake its plain bytes go into a socket pair whose other
// end gate rtmp gets, and back; what they are is not looked at. Inside gate tls only; one thread.
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "ingest/gate_process.h"

#define VT_TLS_HANDSHAKE_NS     (INT64_C(5) * 1000000000)   // from accept to the end of the handshake, at most
#define VT_TLS_LINGER_NS        (INT64_C(1) * 1000000000)   // for a peer to hang up after we have said goodbye
#define VT_TLS_CONNECTIONS      4096                        // in all; each holds two descriptors
#define VT_TLS_BUFFER_BYTES     16384                       // one way; the longest TLS record

struct vt_tls_connection;

struct vt_tls_gate {
    struct vt_gate_process process;
    SSL_CTX *context;                    // NULL until the certificate has come
    struct vt_tls_connection *oldest, *newest;      // in order of arrival
    int connections, handshakes;         // handshakes: bounded by the limits of gate.h, as connections in set-up are
};

// Takes `fd` over, whatever happens. Past the gate's limit the oldest handshake makes room.
void vt_tls_connection_new(struct vt_tls_gate *gate, int fd, const struct sockaddr_storage *from);

// Drops the oldest connection in its handshake. False if there is none.
bool vt_tls_drop_oldest(struct vt_tls_gate *gate);
void vt_tls_connections_free(struct vt_tls_gate *gate);
