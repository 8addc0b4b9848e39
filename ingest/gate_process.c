#include "ingest/gate_process.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"
#include "ingest/gate.h"

#define SUPERVISOR_FD 3

static void watch_link(struct vt_gate_process *process)
{
    int left = vt_link_flush(process->link);
    if (left < 0)
        vt_loop_exit(process->loop, 0);
    else
        vt_source_events(process->link_io, EPOLLIN | (left ? EPOLLOUT : 0));
}

int vt_gate_process_send(struct vt_gate_process *process, enum vt_message_kind kind, json_t *body, const int *fds,
                         int n_fds)
{
    int error = vt_link_send(process->link, kind, body, fds, n_fds);
    watch_link(process);
    return error;
}

static void on_link(void *opaque, int fd, uint32_t events)
{
    struct vt_gate_process *process = opaque;
    struct vt_message message;
    int got;
    while ((got = vt_link_receive(process->link, &message)) > 0) {
        int error = process->on_message(process->opaque, &message);
        vt_message_clear(&message);
        if (error < 0) {
            vt_error("cannot go on with what the supervisor sent: %s", strerror(-error));
            vt_loop_exit(process->loop, 1);
            return;
        }
    }
    if (got < 0)
        vt_loop_exit(process->loop, got == -EPIPE ? 0 : 1);
    else
        watch_link(process);
}

static const char *const refusals[VT_GATE_REFUSALS] = {"streamid", "key", "full", "play", "again", "failed"};

static void on_tally(void *opaque)
{
    struct vt_gate_process *process = opaque;
    json_t *refused = json_object();
    for (int i = 0; i < VT_GATE_REFUSALS; i++) {
        if (process->refused[i])
            json_object_set_new(refused, refusals[i], json_integer(process->refused[i]));
        process->refused[i] = 0;
    }
    bool any = process->closed || json_object_size(refused) > 0;
    json_t *body = json_pack("{s:I, s:o}", "closed", (json_int_t)process->closed, "refused", refused);
    process->closed = 0;
    (void)vt_source_at(process->on_tally, vt_now_ns() + VT_GATE_TALLY_NS);
    if (any)
        vt_gate_process_send(process, VT_MSG_GATE_TALLY, body, NULL, 0);
    else
        json_decref(body);
}

void vt_gate_process_refused(struct vt_gate_process *process, enum vt_gate_refusal refusal)
{
    process->refused[refusal]++;
}

static void on_term(void *opaque, int signal)
{
    struct vt_gate_process *process = opaque;
    vt_loop_exit(process->loop, 0);
}

int vt_gate_process_run(struct vt_gate_process *process)
{
    signal(SIGPIPE, SIG_IGN);
    int error = vt_link_new(&process->link, SUPERVISOR_FD, VT_GATE, VT_SUPERVISOR);
    if (!error)
        error = vt_loop_new(&process->loop);
    if (!error)
        error = vt_loop_io(process->loop, &process->link_io, SUPERVISOR_FD, EPOLLIN, on_link, process);
    if (!error)
        error = vt_loop_signal(process->loop, &process->term, SIGTERM, on_term, process);
    if (!error)
        error = vt_loop_timer(process->loop, &process->on_tally, vt_now_ns() + VT_GATE_TALLY_NS, on_tally, process);
    if (error < 0) {
        vt_error("cannot start: %s", strerror(-error));
        return 1;
    }
    return vt_loop_run(process->loop) == 0 ? 0 : 1;
}

static void on_listener(void *opaque, int fd, uint32_t events)
{
    struct vt_gate_process *process = ((struct vt_gate_listener *)opaque)->process;
    for (int i = 0; i < process->accepts_at_once; i++) {
        struct sockaddr_storage from = {0};
        socklen_t size = sizeof from;
        int peer = accept4(fd, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (peer >= 0) {
            process->on_peer(process->opaque, peer, &from);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            process->on_exhausted(process->opaque);
        if (errno == EAGAIN)
            return;
    }
}

static int read_start(struct vt_gate_process *process, const json_t *body)
{
    const json_t *proxies = json_object_get(body, "proxies");
    int64_t connections = vt_message_int(body, "connections", VT_GATE_CONNECTIONS);
    int64_t per_address = vt_message_int(body, "per_address", VT_GATE_PER_ADDRESS);
    int64_t setup_ns = vt_message_int(body, "setup_ns", VT_GATE_SETUP_NS);
    if (connections < VT_GATE_CONNECTIONS_MIN || connections > VT_GATE_CONNECTIONS_MAX || per_address < 1 ||
        per_address > connections || setup_ns < VT_GATE_SETUP_MIN_NS || setup_ns > VT_GATE_SETUP_MAX_NS ||
        json_array_size(proxies) > VT_NETWORKS_MAX)
        return -EBADMSG;
    process->limits = (struct vt_gate_limits){(int)connections, (int)per_address, setup_ns};
    for (size_t i = 0; i < json_array_size(proxies); i++) {
        const char *text = json_string_value(json_array_get(proxies, i));
        if (!text || vt_network_parse(text, &process->proxies[process->n_proxies++]) < 0)
            return -EBADMSG;
    }
    return 0;
}

bool vt_gate_process_proxied(const struct vt_gate_process *process, const struct sockaddr_storage *from)
{
    return vt_networks_hold(process->proxies, process->n_proxies, from);
}

int vt_gate_process_listen(struct vt_gate_process *process, enum vt_sandbox_profile sandbox, struct vt_message *message)
{
    if (process->n_listeners > 0 || read_start(process, message->body) < 0)
        return -EBADMSG;
    int error = vt_sandbox_enter(sandbox);
    for (int i = 0; i < message->n_fds && !error; i++) {
        struct vt_gate_listener *listener = &process->listeners[process->n_listeners++];
        listener->process = process;
        listener->fd = vt_message_take_fd(message, i);
        error = vt_loop_io(process->loop, &listener->io, listener->fd, EPOLLIN, on_listener, listener);
    }
    return error;
}

void vt_gate_process_count(struct vt_gate_process *process, int connections)
{
    if (connections > process->crowd)
        process->crowd = connections;
    if (process->crowd < VT_GATE_CROWD || connections > process->crowd / 8)
        return;
    process->crowd = connections;
    malloc_trim(0);
}

void vt_gate_process_free(struct vt_gate_process *process)
{
    for (int i = 0; i < process->n_listeners; i++) {
        vt_source_free(&process->listeners[i].io);
        if (process->listeners[i].fd >= 0)
            close(process->listeners[i].fd);
    }
    vt_source_free(&process->term);
    vt_source_free(&process->on_tally);
    vt_source_free(&process->link_io);
    vt_link_free(&process->link);
    vt_loop_free(&process->loop);
}

void vt_gate_process_log(struct vt_gate_process *process, const char *address, const char *reason)
{
    int64_t second = vt_now_ns() / VT_NS_PER_S;
    if (second != process->log_second) {
        if (process->log_lines > VT_GATE_LOG_LINES)
            vt_info("%lld more connections closed", (long long)(process->log_lines - VT_GATE_LOG_LINES));
        process->log_second = second;
        process->log_lines = 0;
    }
    if (process->log_lines++ < VT_GATE_LOG_LINES)
        vt_info("%s: closed: %s", address, reason);
}

void vt_gate_process_closed(struct vt_gate_process *process, const char *address, const char *reason)
{
    process->closed++;
    vt_gate_process_log(process, address, reason);
}
