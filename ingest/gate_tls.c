#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "ingest/gate.h"
#include "ingest/tls_connection.h"
#include "ingest/tls_context.h"

#define ACCEPTS_AT_ONCE 16           // handshakes cost

static void on_peer(void *opaque, int fd, const struct sockaddr_storage *from)
{
    vt_tls_connection_new(opaque, fd, from);
}

static void on_exhausted(void *opaque)
{
    vt_tls_drop_oldest(opaque);
}

// Connections that are there go on with the certificate that they began with.
static int on_certificate(struct vt_tls_gate *gate, struct vt_message *message)
{
    char why[VT_TLS_WHY_ROOM];
    SSL_CTX *context = NULL;
    bool first = !gate->context;
    int error = vt_tls_context_new(&context, message->fds[0], message->fds[1], why);
    if (error) {
        vt_error("the certificate cannot be used%s: %s", first ? "" : ", the old one stays", why);
        return first ? error : 0;
    }
    SSL_CTX_free(gate->context);
    gate->context = context;
    if (!first)
        vt_info("new connections get the new certificate");
    return 0;
}

static int on_message(void *opaque, struct vt_message *message)
{
    struct vt_tls_gate *gate = opaque;
    switch (message->kind) {
    case VT_MSG_GATE_CERTIFICATE:
        return on_certificate(gate, message);
    case VT_MSG_GATE_START:
        return gate->context ? vt_gate_process_listen(&gate->process, VT_SANDBOX_GATE_TLS, message) : -EBADMSG;
    default:
        return -EBADMSG;
    }
}

int vt_gate_tls_main(void)
{
    vt_log_init("gate tls");
    struct vt_tls_gate *gate = calloc(1, sizeof *gate);
    if (!gate || OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) {
        free(gate);
        return 1;
    }
    gate->process.on_message = on_message;
    gate->process.accepts_at_once = ACCEPTS_AT_ONCE;
    gate->process.on_peer = on_peer;
    gate->process.on_exhausted = on_exhausted;
    gate->process.opaque = gate;
    int code = vt_gate_process_run(&gate->process);
    vt_tls_connections_free(gate);
    SSL_CTX_free(gate->context);
    vt_gate_process_free(&gate->process);
    free(gate);
    return code;
}
