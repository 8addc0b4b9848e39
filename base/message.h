// Control messages between the processes: small JSON datagrams over SOCK_SEQPACKET, so that a person can read a
// trace. Every kind stands in message.def with its sender, its receiver, its descriptors and its size limit.
//
// Whoever receives trusts nobody: a datagram of unknown kind, from the wrong side, too long, with the wrong number
// of descriptors or that is not one JSON object is -EBADMSG, and the receiver drops the link and with it the peer,
// never itself. What the body holds is checked by the handler, with vt_message_* below.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum vt_role { VT_SUPERVISOR, VT_GATE, VT_INGEST, VT_STUDIO, VT_ORIGIN, VT_HOOK };
#define VT_ROLES (VT_HOOK + 1)

enum vt_message_kind {
#define VT_MESSAGE(kind, name, sender, receiver, min_fds, max_fds, max_bytes, doc) VT_MSG_##kind,
#include "base/message.def"
#undef VT_MESSAGE
    VT_MESSAGE_KINDS
};

#define VT_MESSAGE_FDS   8           // most descriptors in one message
#define VT_MESSAGE_BYTES (64 * 1024) // most bytes of one datagram; each kind has its own limit below this
#define VT_MESSAGE_DEPTH 16          // most nesting of a body
#define VT_LINK_QUEUE    (1024 * 1024) // bytes queued towards a peer that does not read, before it is given up

struct vt_message {
    enum vt_message_kind kind;
    json_t *body;                    // an object; owned; never NULL
    int fds[VT_MESSAGE_FDS];         // owned, close-on-exec; -1 once taken
    int n_fds;
};

// One end of a link. Not thread-safe: one thread owns it.
struct vt_link;

// Takes `fd` over (also on failure). `self` and `peer` decide which kinds may be sent and received. The
// descriptor is made non-blocking.
int vt_link_new(struct vt_link **ret, int fd, enum vt_role self, enum vt_role peer);
void vt_link_free(struct vt_link **link);
int vt_link_fd(const struct vt_link *link);

// Sends or queues. Steals `body` (NULL: an empty object) whatever happens; the descriptors are duplicated, the
// caller keeps its own. Returns 0; -EINVAL for a kind that this end may not send; -EMSGSIZE; -ENOBUFS when the
// queue is full; -EPIPE when the peer has gone.
int vt_link_send(struct vt_link *link, enum vt_message_kind kind, json_t *body, const int *fds, int n_fds);

// Writes what is queued. Returns 1 while something is left (ask for EPOLLOUT), 0, or a negative errno.
int vt_link_flush(struct vt_link *link);

// Receives one message. Returns 1 and fills *ret (vt_message_clear it); 0 when there is none now; -EPIPE at the
// end; -EBADMSG as said above.
int vt_link_receive(struct vt_link *link, struct vt_message *ret);
void vt_message_clear(struct vt_message *message);

// What vt_link_receive does with a datagram that came with `n_fds` descriptors: returns 0 with its kind and its body
// (a new reference), or -EBADMSG. Pure.
int vt_message_decode(enum vt_role self, enum vt_role peer, const void *data, size_t size, int n_fds,
                      enum vt_message_kind *ret_kind, json_t **ret_body);

// Takes descriptor `i` out of the message; the caller owns it. -1 if there is none.
int vt_message_take_fd(struct vt_message *message, int i);

// Fields of a body. A missing field or one of another type gives NULL or `fallback`.
const char *vt_message_text(const json_t *body, const char *field);
int64_t vt_message_int(const json_t *body, const char *field, int64_t fallback);
bool vt_message_bool(const json_t *body, const char *field, bool fallback);

const char *vt_message_name(enum vt_message_kind kind);

// A connected pair, both ends close-on-exec and non-blocking.
int vt_link_pair(int ret[2]);
