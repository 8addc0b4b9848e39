// What the gates have in common: a loop, the link to the supervisor as descriptor 3, SIGTERM, listening sockets, a log of
// closed connections that strangers cannot flood, and memory that comes back. Inside the gates only; one thread.
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

#include "base/loop.h"
#include "base/mediatime.h"
#include "base/message.h"
#include "base/sandbox.h"
#include "ingest/network.h"

#define VT_GATE_LOG_LINES 20             // of closed connections in one second
#define VT_GATE_TALLY_NS  VT_NS_PER_S    // between two messages of what was closed and refused
#define VT_GATE_CROWD     64             // connections whose end is worth giving memory back for

struct vt_gate_process;

struct vt_gate_listener {
    struct vt_gate_process *process;
    int fd;
    struct vt_source *io;
};

struct vt_gate_limits {
    int connections, per_address;        // in set-up; see gate.h
    int64_t setup_ns;
};

// Why a gate refuses somebody by itself.
enum vt_gate_refusal {
    VT_GATE_STREAMID, VT_GATE_KEY, VT_GATE_FULL, VT_GATE_PLAY, VT_GATE_AGAIN, VT_GATE_FAILED, VT_GATE_REFUSALS
};

struct vt_gate_process {
    struct vt_loop *loop;
    struct vt_link *link;
    struct vt_source *link_io, *term, *on_tally;
    int64_t closed, refused[VT_GATE_REFUSALS];       // since they were last told
    struct vt_gate_listener listeners[VT_MESSAGE_FDS];
    int n_listeners;
    struct vt_gate_limits limits;
    struct vt_network proxies[VT_NETWORKS_MAX];                      // whose PROXY headers are believed, and must be there
    int n_proxies;
    int crowd;                                                       // the most connections since memory was given back
    int64_t log_second, log_lines;
    int (*on_message)(void *opaque, struct vt_message *message);     // a negative errno ends the process
    // For those that accept:
    int accepts_at_once;                                             // before other connections get their turn
    void (*on_peer)(void *opaque, int fd, const struct sockaddr_storage *from);      // takes `fd` over
    void (*on_exhausted)(void *opaque);                              // no descriptor or memory for another peer
    void *opaque;
};

// Opens and runs until the supervisor or a failure ends it; `process` has its calls set and is zeroed otherwise. Returns
// the process's exit code. vt_gate_process_free afterwards.
int vt_gate_process_run(struct vt_gate_process *process);
void vt_gate_process_free(struct vt_gate_process *process);

// GATE_START: takes its limits and proxies, and enters the sandbox, for from here on strangers are read and nothing else
// can be opened; then accepts from the message's sockets. Returns 0 or a negative errno, -EBADMSG if it has come before
// or says what cannot be.
int vt_gate_process_listen(struct vt_gate_process *process, enum vt_sandbox_profile sandbox, struct vt_message *message);

// Whether connections from there begin with a PROXY header (ingest/proxy_header.h).
bool vt_gate_process_proxied(const struct vt_gate_process *process, const struct sockaddr_storage *from);

// So many connections are there now. When most of a crowd has gone, the memory that it took goes back to the system.
void vt_gate_process_count(struct vt_gate_process *process, int connections);

// As vt_link_send; ends the process when the link breaks.
int vt_gate_process_send(struct vt_gate_process *process, enum vt_message_kind kind, json_t *body, const int *fds,
                         int n_fds);

// Counts a refusal, for GATE_TALLY.
void vt_gate_process_refused(struct vt_gate_process *process, enum vt_gate_refusal refusal);

// Counts a connection that has ended here, and logs it.
void vt_gate_process_closed(struct vt_gate_process *process, const char *address, const char *reason);

// "ADDRESS: closed: REASON", or only counted once there were too many.
void vt_gate_process_log(struct vt_gate_process *process, const char *address, const char *reason);
