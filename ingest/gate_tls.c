#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sandbox.h"
#include "ingest/gate.h"
#include "ingest/tls_connection.h"
#include "ingest/tls_context.h"

#define ACCEPTS_AT_ONCE 16           // handshakes cost; before other connections get their turn

struct listener {
    struct vt_tls_gate *gate;
    int fd;
    struct vt_source *io;
};

struct process {
    struct vt_tls_gate gate;
    struct listener listeners[VT_MESSAGE_FDS];
    int n_listeners;
};

static void on_listener(void *opaque, int fd, uint32_t events)
{
    struct listener *listener = opaque;
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        struct sockaddr_storage from = {0};
        socklen_t size = sizeof from;
        int peer = accept4(fd, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (peer >= 0) {
            vt_tls_connection_new(listener->gate, peer, &from);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            vt_tls_drop_oldest(listener->gate);
        if (errno == EAGAIN)
            return;
    }
}

// Connections that are there go on with the certificate that they began with.
static int on_certificate(struct process *process, struct vt_message *message)
{
    char why[VT_TLS_WHY_ROOM];
    SSL_CTX *context = NULL;
    bool first = !process->gate.context;
    int error = vt_tls_context_new(&context, message->fds[0], message->fds[1], why);
    if (error) {
        vt_error("the certificate cannot be used%s: %s", first ? "" : ", the old one stays", why);
        return first ? error : 0;
    }
    SSL_CTX_free(process->gate.context);
    process->gate.context = context;
    if (!first)
        vt_info("new connections get the new certificate");
    return 0;
}

static int on_start(struct process *process, struct vt_message *message)
{
    if (process->n_listeners > 0 || !process->gate.context)
        return -EBADMSG;
    int error = vt_sandbox_enter(VT_SANDBOX_GATE_TLS);
    for (int i = 0; i < message->n_fds && error == 0; i++) {
        struct listener *listener = &process->listeners[process->n_listeners++];
        listener->gate = &process->gate;
        listener->fd = vt_message_take_fd(message, i);
        error = vt_loop_io(process->gate.process.loop, &listener->io, listener->fd, EPOLLIN, on_listener, listener);
    }
    return error;
}

static int on_message(void *opaque, struct vt_message *message)
{
    switch (message->kind) {
    case VT_MSG_GATE_CERTIFICATE:
        return on_certificate(opaque, message);
    case VT_MSG_GATE_START:
        return on_start(opaque, message);
    default:
        return -EBADMSG;
    }
}

int vt_gate_tls_main(void)
{
    vt_log_init("gate tls");
    struct process *process = calloc(1, sizeof *process);
    if (!process || OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) {
        free(process);
        return 1;
    }
    process->gate.process.on_message = on_message;
    process->gate.process.opaque = process;
    int code = vt_gate_process_run(&process->gate.process);
    vt_tls_connections_free(&process->gate);
    for (int i = 0; i < process->n_listeners; i++) {
        vt_source_free(&process->listeners[i].io);
        if (process->listeners[i].fd >= 0)
            close(process->listeners[i].fd);
    }
    SSL_CTX_free(process->gate.context);
    vt_gate_process_free(&process->gate.process);
    free(process);
    return code;
}
