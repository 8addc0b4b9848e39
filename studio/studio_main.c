// The studio's links: to the supervisor, the origin's desk and the publisher's ingest.
#include "studio/studio.h"

#include <errno.h>
#include <libavutil/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/title.h"
#include "studio/studio_session.h"

#define SUPERVISOR_FD 3

void session_fatal(struct session *s, const char *what, int error)
{
    vt_error("%s: %s", what, strerror(-error));
    vt_loop_exit(s->loop, 1);
}

static void port_close(struct port *port)
{
    vt_source_free(&port->io);
    vt_link_free(&port->link);
}

static int port_flush(struct port *port)
{
    int left = vt_link_flush(port->link);
    if (left >= 0 && port->io)
        (void)vt_source_events(port->io, EPOLLIN | (left ? EPOLLOUT : 0));
    return left < 0 ? left : 0;
}

void session_send(struct port *port, enum vt_message_kind kind, json_t *body)
{
    if (!port->link) {
        json_decref(body);
        return;
    }
    int error = vt_link_send(port->link, kind, body, NULL, 0);
    if (error)
        vt_warning("%s was not sent: %s", vt_message_name(kind), strerror(-error));
    (void)port_flush(port);
}

void session_part(struct outlet *outlet, uint64_t msn, int part)
{
    session_send(&outlet->session->desk, VT_MSG_DESK_PART,
                 json_pack("{s:s, s:I, s:i}", "output", outlet->name, "msn", (json_int_t)msn, "part", part));
}

// -- the desk

static void on_desk_message(struct session *s, const struct vt_message *message)
{
    struct vt_desk *desk = vt_outputs_desk(s->outputs);
    const char *product = vt_message_text(message->body, "product");
    switch (message->kind) {
    case VT_MSG_DESK_PRODUCT: vt_desk_product(desk, json_object_get(message->body, "product")); break;
    case VT_MSG_DESK_WITHDRAW:
        if (product)
            vt_desk_withdraw(desk, product);
        break;
    case VT_MSG_DESK_SYNCED: vt_desk_synced(desk); break;
    case VT_MSG_DESK_TAKE:   vt_desk_take(desk, message->body); break;
    case VT_MSG_DESK_PATCH:  vt_desk_patch(desk, message->body); break;
    case VT_MSG_DESK_REMOVE: vt_desk_remove(desk, message->body); break;
    default: break;
    }
}

static void on_desk(void *opaque, int fd, uint32_t events)
{
    struct session *s = opaque;
    struct vt_message message;
    int got = port_flush(&s->desk);
    while (got >= 0 && !s->ended && (got = vt_link_receive(s->desk.link, &message)) > 0) {
        on_desk_message(s, &message);
        vt_message_clear(&message);
    }
    if (got < 0) {
        vt_info("the origin's link is closed: %s", strerror(-got));
        port_close(&s->desk);
    }
}

static void new_desk(struct session *s, int fd)
{
    port_close(&s->desk);
    int error = vt_link_new(&s->desk.link, fd, VT_STUDIO, VT_ORIGIN);
    if (!error)
        error = vt_loop_io(s->loop, &s->desk.io, fd, EPOLLIN, on_desk, s);
    if (error) {
        vt_warning("the origin's link: %s", strerror(-error));
        port_close(&s->desk);
        return;
    }
    vt_desk_sync(vt_outputs_desk(s->outputs));
    vt_desk_list(vt_outputs_desk(s->outputs));
    for (int i = 0; i < s->channel.n_outputs; i++)
        if (s->outlets[i].last_msn)
            session_part(&s->outlets[i], s->outlets[i].last_msn, -1);
}

// -- the publisher

static void on_intake(void *opaque, int fd, uint32_t events)
{
    struct session *s = opaque;
    char reason[64] = "the ingest process broke off";
    int got = vt_intake_receive(s->intake, reason);
    if (got == -EBADMSG)
        snprintf(reason, sizeof reason, "its ingest sent nonsense");
    if (got != 0)
        show_lost(s, reason);
}

void session_intake_io(struct session *s)
{
    int error = vt_loop_io(s->loop, &s->intake_io, vt_intake_fd(s->intake), EPOLLIN, on_intake, s);
    if (error)
        show_lost(s, strerror(-error));
}

// -- the supervisor

static void start(struct session *s, const json_t *body)
{
    int error = s->started ? -EALREADY : show_begin(s, body);
    if (error == -ESTALE) {                  // that show has been ended
        vt_loop_exit(s->loop, 0);
        return;
    }
    if (error) {
        session_fatal(s, "the show cannot start", error);
        return;
    }
    s->started = true;
    show_run(s);
}

static void on_supervisor_message(struct session *s, struct vt_message *message)
{
    const char *reason = vt_message_text(message->body, "reason");
    if (message->kind == VT_MSG_STUDIO_START)
        start(s, message->body);
    else if (!s->started || s->ended)
        return;
    else if (message->kind == VT_MSG_STUDIO_DESK)
        new_desk(s, vt_message_take_fd(message, 0));
    else if (message->kind == VT_MSG_STUDIO_SOURCE)
        show_source(s, vt_message_take_fd(message, 0));
    else if (message->kind == VT_MSG_STUDIO_LOST && !s->intake)
        snprintf(s->reason, sizeof s->reason, "%s", reason ? reason : "lost");
    else if (message->kind == VT_MSG_STUDIO_END)
        show_end(s);
}

static void on_supervisor(void *opaque, int fd, uint32_t events)
{
    struct session *s = opaque;
    struct vt_message message;
    int got = port_flush(&s->supervisor);
    while (got >= 0 && (got = vt_link_receive(s->supervisor.link, &message)) > 0) {
        on_supervisor_message(s, &message);
        vt_message_clear(&message);
    }
    if (got < 0 && !s->ended) {
        vt_error("the supervisor has gone; this show stops here and may be gone on with");
        vt_loop_exit(s->loop, 1);
    }
}

static void on_signal(void *opaque, int signal)
{
    struct session *s = opaque;
    if (s->started)
        show_end(s);
    else
        vt_loop_exit(s->loop, 0);
}

static void on_wake(void *opaque, int fd, uint32_t events)
{
    struct session *s = opaque;
    uint64_t count;
    if (read(fd, &count, sizeof count) < 0 && errno != EAGAIN)
        vt_warning("eventfd: %s", strerror(errno));
    if (s->started && !s->ended)
        show_run(s);
}

static void on_timer(void *opaque)
{
    struct session *s = opaque;
    if (s->started && !s->ended)
        show_run(s);
}

static int open_session(struct session *s)
{
    int error = vt_loop_new(&s->loop);
    if (error)
        return error;
    s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->wake_fd < 0)
        return -errno;
    error = vt_link_new(&s->supervisor.link, SUPERVISOR_FD, VT_STUDIO, VT_SUPERVISOR);
    if (!error)
        error = vt_loop_io(s->loop, &s->supervisor.io, SUPERVISOR_FD, EPOLLIN, on_supervisor, s);
    if (!error)
        error = vt_loop_io(s->loop, &s->woken, s->wake_fd, EPOLLIN, on_wake, s);
    if (!error)
        error = vt_loop_timer(s->loop, &s->timer, INT64_MAX, on_timer, s);
    if (!error)
        error = vt_loop_signal(s->loop, &s->term, SIGTERM, on_signal, s);
    return error;
}

static void close_session(struct session *s)
{
    vt_source_free(&s->intake_io);
    vt_intake_free(&s->intake);
    vt_outputs_free(&s->outputs);
    vt_playout_clear(&s->playout);
    vt_wardrobe_free(&s->wardrobe);
    vt_pictures_free(&s->pictures);
    vt_show_free(&s->show);
    vt_channel_free(&s->channel);
    port_close(&s->desk);
    port_close(&s->supervisor);
    vt_source_free(&s->timer);
    vt_source_free(&s->term);
    vt_source_free(&s->woken);
    vt_loop_free(&s->loop);
    if (s->wake_fd >= 0)
        close(s->wake_fd);
    free(s);
}

int vt_studio_main(int argc, char **argv)
{
    char role[64], title[80];
    snprintf(role, sizeof role, "studio %.40s", argc > 0 ? argv[0] : "-");
    snprintf(title, sizeof title, "vitrine %s", role);
    vt_log_init(role);
    av_log_set_level(AV_LOG_ERROR);
    vt_title_set(title);
    struct session *s = calloc(1, sizeof *s);
    if (!s)
        return 1;
    s->wake_fd = -1;
    s->lost_at = -1;
    int code = 1, error = open_session(s);
    if (error)
        vt_error("cannot start: %s (the supervisor starts this, not a person)", strerror(-error));
    else
        code = vt_loop_run(s->loop);
    close_session(s);
    return code < 0 ? 1 : code;
}
