// Connections from a gate's question whether they may publish to their hand-over: they wait here for the webhook, and for
// their gate. Each gate bounds how many it has, so a gate that means well never finds this full but in one case: callers
// over SRT that have hung up, of whom the word is still on its way.
#pragma once

#include "ingest/gate.h"
#include "ingest/srt_admission.h"
#include "serve/publishers.h"

#define VT_ASKS_RTMP VT_GATE_CONNECTIONS_MAX
#define VT_ASKS_SRT  VT_SRT_CONNECTIONS
#define VT_SHOWN_KEY 32

// Over SRT it has come already when it asks.
struct vt_ask {
    struct vt_candidate candidate;
    int64_t hook;                            // the webhook's question, 0 once it is decided
    bool known;                              // candidate.permit is that of a key known here
    char shown[VT_SHOWN_KEY];                // of its key, for the log
    struct vt_permit vouched;                // what its key would allow if only the webhook knew it
    char line_channel[VT_NAME_ROOM];         // SRT: whose passphrase its line has, or ""
    bool by_port;                            // SRT: it came to that channel's own address, and has no key
    int socket;                              // SRT: what it sends comes from there; else -1
};

// Zeroed is valid: nobody.
struct vt_asks {
    int n_rtmp, n_srt;
    struct vt_ask list[VT_ASKS_RTMP + VT_ASKS_SRT];
};

bool vt_ask_is_srt(const struct vt_ask *ask);

// `socket` -1: over RTMP. NULL, and `socket` stays the caller's, when there is no more room for its kind, or when it is
// there already. Pointers hold until the next drop.
struct vt_ask *vt_asks_add(struct vt_asks *asks, int64_t conn, const char *protocol, int socket);

// As its gate numbers it; as the webhook's questions are numbered. NULL: it has gone.
struct vt_ask *vt_asks_find(struct vt_asks *asks, bool srt, int64_t conn);
struct vt_ask *vt_asks_find_hook(struct vt_asks *asks, int64_t hook);

// Whether anybody's key names this channel.
bool vt_asks_name(const struct vt_asks *asks, int channel);

// Closes its socket.
void vt_asks_drop(struct vt_asks *asks, struct vt_ask *ask);
void vt_asks_drop_rtmp(struct vt_asks *asks);        // all of that kind
void vt_asks_free(struct vt_asks *asks);
