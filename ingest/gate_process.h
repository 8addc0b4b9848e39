// What the gates that only pump have in common: a loop, the link to the supervisor as descriptor 3, SIGTERM, and
// a log of closed connections that strangers cannot flood. Inside the gates only; one thread.
#pragma once

#include "base/loop.h"
#include "base/message.h"

#define VT_GATE_LOG_LINES 20             // of closed connections in one second

struct vt_gate_process {
    struct vt_loop *loop;
    struct vt_link *link;
    struct vt_source *link_io, *term;
    int64_t log_second, log_lines;
    int (*on_message)(void *opaque, struct vt_message *message);     // a negative errno ends the process
    void *opaque;
};

// Opens and runs until the supervisor or a failure ends it; `process` has on_message and opaque set and is zeroed
// otherwise. Returns the process's exit code. vt_gate_process_free afterwards.
int vt_gate_process_run(struct vt_gate_process *process);
void vt_gate_process_free(struct vt_gate_process *process);

// As vt_link_send; ends the process when the link breaks.
int vt_gate_process_send(struct vt_gate_process *process, enum vt_message_kind kind, json_t *body, const int *fds,
                         int n_fds);

// "ADDRESS: closed: REASON", or only counted once there were too many.
void vt_gate_process_log(struct vt_gate_process *process, const char *address, const char *reason);
