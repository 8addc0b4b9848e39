#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/log.h"
#include "base/sandbox.h"
#include "ingest/gate.h"
#include "ingest/gate_process.h"
#include "ingest/srt_listener.h"
#include "ingest/srt_refusals.h"

struct process {
    struct vt_gate_process gate;
    struct vt_srt_listener *listener;
    struct vt_source *on_event;
    struct vt_srt_keys keys;
};

static void hand_over(struct process *process, struct vt_srt_event *event)
{
    json_t *body = json_pack("{s:I, s:s, s:s, s:s, s:s*, s:b}", "conn", (json_int_t)event->conn, "address",
                             event->address.text, "key", event->key, "encoder", event->encoder, "channel",
                             event->channel[0] ? event->channel : NULL, "port", event->by_port);
    vt_gate_process_send(&process->gate, VT_MSG_SRT_HAND, body, &event->fd, 1);
    close(event->fd);
    OPENSSL_cleanse(event->key, sizeof event->key);
}

static void on_gone(struct process *process, const struct vt_srt_event *event)
{
    vt_gate_process_closed(&process->gate, event->address.text, event->why);
    vt_gate_process_send(&process->gate, VT_MSG_PUBLISH_GONE, json_pack("{s:I}", "conn", (json_int_t)event->conn), NULL, 0);
}

static enum vt_gate_refusal refusal_of(int code)
{
    switch (code) {
    case VT_SRT_BAD_REQUEST:
        return VT_GATE_STREAMID;
    case VT_SRT_UNAUTHORIZED:
        return VT_GATE_KEY;
    case VT_SRT_OVERLOAD:
        return VT_GATE_FULL;
    case VT_SRT_BAD_MODE:
        return VT_GATE_PLAY;
    case VT_SRT_CONFLICT:
    case VT_SRT_DOWN:
        return VT_GATE_AGAIN;
    default:
        return VT_GATE_FAILED;
    }
}

static void on_refused(struct process *process, const struct vt_srt_event *event)
{
    vt_gate_process_log(&process->gate, event->address.text, event->why);
    vt_gate_process_refused(&process->gate, refusal_of(event->code));
}

static void on_event(void *opaque, int fd, uint32_t events)
{
    struct process *process = opaque;
    struct vt_srt_event event;
    while (vt_srt_listener_take(process->listener, &event) == 1) {
        if (event.kind == VT_SRT_PUBLISHES)
            hand_over(process, &event);
        else if (event.kind == VT_SRT_STATUS)
            vt_gate_process_send(&process->gate, VT_MSG_SRT_STATUS,
                                 json_pack("{s:I, s:o}", "conn", (json_int_t)event.conn, "srt", event.status), NULL, 0);
        else if (event.kind == VT_SRT_GONE)
            on_gone(process, &event);
        else
            on_refused(process, &event);
    }
}

static int on_refuse(struct process *process, const json_t *body)
{
    int64_t conn = vt_message_int(body, "conn", -1), code = vt_message_int(body, "code", 0);
    int64_t hold_ms = vt_message_int(body, "hold_ms", -1);
    if (conn < 0 || (code != VT_SRT_UNAUTHORIZED && code != VT_SRT_CONFLICT && code != VT_SRT_DOWN) || hold_ms < 0 ||
        hold_ms > VT_SRT_HOLD_MAX_NS / VT_NS_PER_MS)
        return -EBADMSG;
    if (process->listener)
        vt_srt_listener_refuse(process->listener, conn, (int)code, hold_ms * VT_NS_PER_MS);
    return 0;
}

static int on_keys(struct process *process, const json_t *body)
{
    int error = vt_srt_keys_put(&process->keys, body);
    if (!error && process->listener)
        vt_srt_listener_keys(process->listener, &process->keys);
    return error;
}

// The last of the sockets are channels' own.
static int take_sockets(struct vt_srt_socket sockets[VT_MESSAGE_FDS], struct vt_message *message)
{
    const json_t *channels = json_object_get(message->body, "channels");
    int n_channels = (int)json_array_size(channels), first = message->n_fds - n_channels;
    if (first < 0)
        return -EBADMSG;
    for (int i = 0; i < n_channels; i++) {
        if (vt_name_copy(sockets[first + i].channel, json_string_value(json_array_get(channels, (size_t)i))))
            return -EBADMSG;
    }
    for (int i = 0; i < message->n_fds; i++)
        sockets[i].fd = vt_message_take_fd(message, i);
    return 0;
}

// libsrt starts its threads in here, so they are locked in as well.
static int on_start(struct process *process, struct vt_message *message)
{
    struct vt_srt_socket sockets[VT_MESSAGE_FDS] = {0};
    if (process->listener || take_sockets(sockets, message))
        return -EBADMSG;
    process->keys.open = vt_message_bool(message->body, "open", false);
    OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);     // reads its file while it can
    int error = vt_sandbox_enter(VT_SANDBOX_GATE_SRT);
    if (!error)
        error = vt_srt_listener_new(&process->listener, sockets, message->n_fds, &process->keys);
    if (!error)
        error = vt_loop_io(process->gate.loop, &process->on_event, vt_srt_listener_fd(process->listener), EPOLLIN,
                           on_event, process);
    return error;
}

static int on_message(void *opaque, struct vt_message *message)
{
    switch (message->kind) {
    case VT_MSG_GATE_KEYS:
        return on_keys(opaque, message->body);
    case VT_MSG_SRT_REFUSE:
        return on_refuse(opaque, message->body);
    case VT_MSG_GATE_START:
        return on_start(opaque, message);
    default:
        return -EBADMSG;
    }
}

int vt_gate_srt_main(void)
{
    vt_log_init("gate srt");
    struct process *process = calloc(1, sizeof *process);
    if (!process)
        return 1;
    process->gate.on_message = on_message;
    process->gate.opaque = process;
    int code = vt_gate_process_run(&process->gate);
    vt_source_free(&process->on_event);
    vt_srt_listener_free(&process->listener);
    vt_gate_process_free(&process->gate);
    OPENSSL_cleanse(process, sizeof *process);
    free(process);
    return code;
}
