// Whom gate srt lets in: hashes of the channels' keys, and what a connection to the channel needs. Pure.
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/names.h"

#define VT_SRT_CHANNELS        32
#define VT_SRT_KEYS            48        // of one channel: configured and made through the API
#define VT_SRT_PASSPHRASE_MIN  10
#define VT_SRT_PASSPHRASE_MAX  79
#define VT_SRT_LATENCY_MAX_MS  8000

struct vt_srt_channel {
    char name[VT_NAME_ROOM];
    char passphrase[VT_SRT_PASSPHRASE_MAX + 1];      // "": not encrypted
    int latency_ms;
    int n_keys;
    uint8_t keys[VT_SRT_KEYS][32];                   // SHA-256
};

struct vt_srt_keys {
    int n_channels;
    struct vt_srt_channel channels[VT_SRT_CHANNELS];
};

// Reads the body of GATE_KEYS in place of what was known of its channel. Returns 0 or -EBADMSG (`keys` untouched).
int vt_srt_keys_put(struct vt_srt_keys *keys, const json_t *body);

// The channel that `key` names, or NULL. Takes the same time whatever matches.
const struct vt_srt_channel *vt_srt_keys_find(const struct vt_srt_keys *keys, const char *key);
