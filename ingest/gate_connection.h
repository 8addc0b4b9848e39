// One publisher in set-up, and what all of them share. Inside the gate only; one thread.
#pragma once

#include <stdint.h>
#include <sys/socket.h>

#include "ingest/gate.h"
#include "ingest/gate_process.h"

struct vt_connection;

struct vt_gate {
    struct vt_gate_process process;
    struct vt_connection *oldest, *newest;         // in order of arrival
    int connections;
    int64_t last_id;
    uint8_t buffer[VT_GATE_READ_BYTES];
};

// Takes `fd` over, whatever happens; `tls`: it is a socket pair's end, and the peer is at gate tls. Past
// the gate's limit the oldest one makes room that has not got through its handshake, or else the oldest in set-up: an
// honest encoder is through in a second.
void vt_connection_new(struct vt_gate *gate, int fd, const struct sockaddr_storage *from, bool tls);

// The supervisor's answers. A connection that has gone meanwhile is no error.
void vt_connection_accepted(struct vt_gate *gate, int64_t id);
void vt_connection_refused(struct vt_gate *gate, int64_t id, const char *code, const char *description);

// Makes room like that. False if there is no connection in set-up.
bool vt_connection_drop_oldest(struct vt_gate *gate);
void vt_connections_free(struct vt_gate *gate);
