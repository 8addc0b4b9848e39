// libsrt behind a packet filter: takes callers in, and pumps what they send into a socket each, whose other end goes to
// an ingest. What the bytes are is not looked at. Callers are judged in a thread of libsrt's own (ingest/srt_admission.h);
// another thread pumps; one thread owns the listener and calls these functions.
#pragma once

#include <jansson.h>

#include "ingest/peer_address.h"
#include "ingest/srt_keys.h"
#include "ingest/streamid.h"

#define VT_SRT_LISTENERS      8
#define VT_SRT_EVENTS         256                    // waiting for the owner; refusals beyond are not told
#define VT_SRT_PUMP_BYTES     32768                  // of one connection at once
#define VT_SRT_IDLE_MS        5000                   // of silence, before a caller counts as lost
#define VT_SRT_LEAST_VERSION  0x010300               // 1.3.0, the first with a streamid

enum vt_srt_event_kind { VT_SRT_PUBLISHES, VT_SRT_STATUS, VT_SRT_REFUSED, VT_SRT_GONE };

struct vt_srt_event {
    enum vt_srt_event_kind kind;
    int64_t conn;
    struct vt_peer_address address;
    char key[VT_KEY_ROOM];                           // PUBLISHES
    char channel[VT_NAME_ROOM];                      // PUBLISHES: whose passphrase its line has, or ""
    bool by_port;                                    // PUBLISHES: that channel's own address was called, without a key
    char encoder[32];                                // PUBLISHES: the caller's version of SRT
    int fd;                                          // PUBLISHES: the receiver's, or -1
    json_t *status;                                  // STATUS: the receiver's, or NULL
    int code;                                        // REFUSED: VT_SRT_…
    const char *why;                                 // REFUSED, GONE
};

struct vt_srt_listener;

// A UDP socket that is bound and has the filter. With a channel's name: who calls there and names no key publishes to that.
struct vt_srt_socket {
    int fd;
    char channel[VT_NAME_ROOM];
};

// Takes the sockets over; starts libsrt, which there can be once in a process.
int vt_srt_listener_new(struct vt_srt_listener **ret, const struct vt_srt_socket *sockets, int n_sockets,
                        const struct vt_srt_keys *keys);
void vt_srt_listener_free(struct vt_srt_listener **listener);

// For callers from now on; copied.
void vt_srt_listener_keys(struct vt_srt_listener *listener, const struct vt_srt_keys *keys);

// The owner has decided against a connection, and closes it: for `hold_ns` the same key from the same address is refused
// with `code`.
void vt_srt_listener_refuse(struct vt_srt_listener *listener, int64_t conn, int code, int64_t hold_ns);

// Readable while vt_srt_listener_take has something: it returns 1 and fills *ret, or 0.
int vt_srt_listener_fd(const struct vt_srt_listener *listener);
int vt_srt_listener_take(struct vt_srt_listener *listener, struct vt_srt_event *ret);
