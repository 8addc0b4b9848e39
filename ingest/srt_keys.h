// Whom gate srt lets in: hashes of the channels' keys, and what a connection to the channel needs. Pure.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/names.h"
#include "ingest/network.h"
#include "ingest/peer_address.h"

#define VT_SRT_CHANNELS        32
#define VT_SRT_KEYS            48        // of one channel: configured and made through the API
#define VT_SRT_PASSPHRASE_MIN  10
#define VT_SRT_PASSPHRASE_MAX  79
#define VT_SRT_LATENCY_MAX_MS  8000
#define VT_SRT_LATENCY_MS      200       // of a line to no channel in particular

struct vt_srt_channel {
    char name[VT_NAME_ROOM];
    char passphrase[VT_SRT_PASSPHRASE_MAX + 1];      // "": not encrypted
    int latency_ms;
    int n_keys;
    uint8_t keys[VT_SRT_KEYS][32];                   // SHA-256
    int n_accept;                                    // 0: callers may come from anywhere
    struct vt_network accept[VT_ACCEPT_MAX];
};

struct vt_srt_keys {
    bool open;                                       // whoever has no key here may come in: somebody else is asked
    int n_channels;
    struct vt_srt_channel channels[VT_SRT_CHANNELS];
};

// Reads the body of GATE_KEYS in place of what was known of its channel, which may be gone. Returns 0 or -EBADMSG (`keys` untouched).
int vt_srt_keys_put(struct vt_srt_keys *keys, const json_t *body);

// The channel that `key` names, or NULL. Takes the same time whatever matches.
const struct vt_srt_channel *vt_srt_keys_find(const struct vt_srt_keys *keys, const char *key);

// Whether the channel takes callers from there.
bool vt_srt_channel_takes(const struct vt_srt_channel *channel, const struct vt_peer_address *from);

// Where nobody is turned away for an unknown key: what its line needs. The channel called `name`, or one without name and
// passphrase.
struct vt_srt_channel vt_srt_keys_line(const struct vt_srt_keys *keys, const char *name);
