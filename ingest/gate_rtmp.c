#include "ingest/gate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ingest/gate_connection.h"
#include "ingest/peer_address.h"

#define ACCEPTS_AT_ONCE 64

static void on_peer(void *opaque, int fd, const struct sockaddr_storage *from)
{
    vt_connection_new(opaque, fd, from, false);
}

static void on_exhausted(void *opaque)
{
    vt_connection_drop_oldest(opaque);
}

// What gate tls has unwrapped; its address is the encoder's.
static void on_connection(struct vt_gate *gate, struct vt_message *message)
{
    struct sockaddr_storage from;
    const char *address = vt_message_text(message->body, "address");
    vt_peer_sockaddr(&from, address ? address : "");
    vt_connection_new(gate, vt_message_take_fd(message, 0), &from, true);
}

static int on_message(void *opaque, struct vt_message *message)
{
    struct vt_gate *gate = opaque;
    int64_t id = vt_message_int(message->body, "conn", -1);
    switch (message->kind) {
    case VT_MSG_GATE_START:
        return vt_gate_process_listen(&gate->process, VT_SANDBOX_GATE, message);
    case VT_MSG_GATE_CONNECTION:
        on_connection(gate, message);
        return 0;
    case VT_MSG_PUBLISH_ACCEPT:
        vt_connection_accepted(gate, id);
        return 0;
    case VT_MSG_PUBLISH_REFUSE:
        vt_connection_refused(gate, id, vt_message_text(message->body, "code"),
                              vt_message_text(message->body, "description"));
        return 0;
    default:
        return -EBADMSG;
    }
}

static int run(void)
{
    vt_log_init("gate rtmp");
    struct vt_gate *gate = calloc(1, sizeof *gate);
    if (!gate)
        return 1;
    gate->process.on_message = on_message;
    gate->process.accepts_at_once = ACCEPTS_AT_ONCE;
    gate->process.on_peer = on_peer;
    gate->process.on_exhausted = on_exhausted;
    gate->process.opaque = gate;
    int code = vt_gate_process_run(&gate->process);
    vt_connections_free(gate);
    vt_gate_process_free(&gate->process);
    free(gate);
    return code;
}

int vt_gate_main(int argc, char **argv)
{
    if (argc == 1 && strcmp(argv[0], "rtmp") == 0)
        return run();
    if (argc == 1 && strcmp(argv[0], "tls") == 0)
        return vt_gate_tls_main();
    if (argc == 1 && strcmp(argv[0], "srt") == 0)
        return vt_gate_srt_main();
    fputs("usage: vitrine gate rtmp|tls|srt (started by vitrine serve)\n", stderr);
    return 2;
}
