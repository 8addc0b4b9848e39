#include "ingest/gate.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sandbox.h"
#include "ingest/gate_connection.h"
#include "ingest/peer_address.h"

#define SUPERVISOR_FD   3
#define ACCEPTS_AT_ONCE 64           // before other connections get their turn

struct listener {
    struct vt_gate *gate;
    int fd;
    struct vt_source *io;
};

struct process {
    struct vt_gate gate;
    struct vt_source *link_io, *term;
    struct listener listeners[VT_MESSAGE_FDS];
    int n_listeners;
};

static struct process *process_of(struct vt_gate *gate)
{
    return (struct process *)((char *)gate - offsetof(struct process, gate));
}

static void watch_link(struct process *process)
{
    int left = vt_link_flush(process->gate.link);
    if (left < 0)
        vt_loop_exit(process->gate.loop, 0);
    else
        vt_source_events(process->link_io, EPOLLIN | (left ? EPOLLOUT : 0));
}

int vt_gate_send(struct vt_gate *gate, enum vt_message_kind kind, json_t *body, const int *fds, int n_fds)
{
    int error = vt_link_send(gate->link, kind, body, fds, n_fds);
    watch_link(process_of(gate));
    return error;
}

static void on_listener(void *opaque, int fd, uint32_t events)
{
    struct listener *listener = opaque;
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        struct sockaddr_storage from = {0};
        socklen_t size = sizeof from;
        int peer = accept4(fd, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (peer >= 0) {
            vt_connection_new(listener->gate, peer, &from, false);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            vt_connection_drop_oldest(listener->gate);
        if (errno == EAGAIN)
            return;
    }
}

// The listening sockets have come: from here on strangers are read, and nothing else can be opened.
static int on_start(struct process *process, struct vt_message *message)
{
    if (process->n_listeners > 0)
        return -EBADMSG;
    int error = vt_sandbox_enter(VT_SANDBOX_GATE);
    for (int i = 0; i < message->n_fds && error == 0; i++) {
        struct listener *listener = &process->listeners[process->n_listeners];
        listener->gate = &process->gate;
        listener->fd = vt_message_take_fd(message, i);
        process->n_listeners++;
        error = vt_loop_io(process->gate.loop, &listener->io, listener->fd, EPOLLIN, on_listener, listener);
    }
    if (error < 0)
        vt_error("cannot start: %s", strerror(-error));
    return error;
}

// What gate tls has unwrapped; its address is the encoder's.
static void on_connection(struct process *process, struct vt_message *message)
{
    struct sockaddr_storage from;
    const char *address = vt_message_text(message->body, "address");
    vt_peer_sockaddr(&from, address ? address : "");
    vt_connection_new(&process->gate, vt_message_take_fd(message, 0), &from, true);
}

static int on_message(struct process *process, struct vt_message *message)
{
    int64_t id = vt_message_int(message->body, "conn", -1);
    switch (message->kind) {
    case VT_MSG_GATE_START:
        return on_start(process, message);
    case VT_MSG_GATE_CONNECTION:
        on_connection(process, message);
        return 0;
    case VT_MSG_PUBLISH_ACCEPT:
        vt_connection_accepted(&process->gate, id);
        return 0;
    case VT_MSG_PUBLISH_REFUSE:
        vt_connection_refused(&process->gate, id, vt_message_text(message->body, "code"),
                              vt_message_text(message->body, "description"));
        return 0;
    default:
        return -EBADMSG;
    }
}

static void on_link(void *opaque, int fd, uint32_t events)
{
    struct process *process = opaque;
    struct vt_message message;
    int got;
    while ((got = vt_link_receive(process->gate.link, &message)) > 0) {
        int error = on_message(process, &message);
        vt_message_clear(&message);
        if (error < 0) {
            vt_loop_exit(process->gate.loop, 1);
            return;
        }
    }
    if (got < 0)
        vt_loop_exit(process->gate.loop, got == -EPIPE ? 0 : 1);
    else
        watch_link(process);
}

static void on_term(void *opaque, int signal)
{
    struct process *process = opaque;
    vt_loop_exit(process->gate.loop, 0);
}

static void fini(struct process *process)
{
    vt_connections_free(&process->gate);
    for (int i = 0; i < process->n_listeners; i++) {
        vt_source_free(&process->listeners[i].io);
        if (process->listeners[i].fd >= 0)
            close(process->listeners[i].fd);
    }
    vt_source_free(&process->term);
    vt_source_free(&process->link_io);
    vt_link_free(&process->gate.link);
    vt_loop_free(&process->gate.loop);
    free(process);
}

static int run(struct process *process)
{
    int error = vt_link_new(&process->gate.link, SUPERVISOR_FD, VT_GATE, VT_SUPERVISOR);
    if (error == 0)
        error = vt_loop_new(&process->gate.loop);
    if (error == 0)
        error = vt_loop_io(process->gate.loop, &process->link_io, SUPERVISOR_FD, EPOLLIN, on_link, process);
    if (error == 0)
        error = vt_loop_signal(process->gate.loop, &process->term, SIGTERM, on_term, process);
    if (error < 0) {
        vt_error("cannot start: %s", strerror(-error));
        return 1;
    }
    return vt_loop_run(process->gate.loop) == 0 ? 0 : 1;
}

int vt_gate_main(int argc, char **argv)
{
    if (argc == 1 && strcmp(argv[0], "tls") == 0)
        return vt_gate_tls_main();
    if (argc == 1 && strcmp(argv[0], "srt") == 0)
        return vt_gate_srt_main();
    if (argc != 1 || strcmp(argv[0], "rtmp") != 0) {
        fputs("usage: vitrine gate rtmp|tls|srt (started by vitrine serve)\n", stderr);
        return 2;
    }
    vt_log_init("gate rtmp");
    signal(SIGPIPE, SIG_IGN);
    struct process *process = calloc(1, sizeof *process);
    if (!process)
        return 1;
    int code = run(process);
    fini(process);
    return code;
}
