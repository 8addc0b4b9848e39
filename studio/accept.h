// What a channel accepts of encoders: from where they come, and how much they send. Pure.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/options.h"
#include "ingest/network.h"

// Zeroed is valid: everything from everywhere. 0 is no limit.
struct vt_accept {
    struct vt_network addresses[VT_ACCEPT_MAX];
    int n_addresses;                     // 0: from everywhere
    int64_t bitrate;                     // bits a second, of all that comes
    struct vt_size size;                 // neither wider nor higher
    struct vt_rational fps;
    int64_t keyframes_ns;                // from one key frame to the next
};

// From `accept:` of a channel; what it does not say stays as it is. Returns 0 or -EINVAL.
int vt_accept_from_yaml(struct vt_accept *accept, const struct vt_yaml *map, struct vt_diagnostics *diagnostics);

// What it may hold, as rows of the table of a channel's keys.
void vt_accept_document(struct vt_writer *w);

// Whether an encoder may come from there: an address as vt_peer_address has it in text.
bool vt_accept_from(const struct vt_accept *accept, const char *address);

// Its addresses as a list of texts, a new reference; NULL when out of memory.
json_t *vt_accept_addresses(const struct vt_accept *accept);
