// The simple handshake, our side: C0 C1 in, S0 S1 S2 out, C2 in. Pure.
//
// S1 says version 0, so that no client expects a digest; S2 is C1 echoed. C2 may hold anything.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define VT_RTMP_HANDSHAKE_BYTES 1536               // of C1, C2, S1 and S2 each

struct vt_rtmp_handshake {
    uint32_t seed;                                 // of S1's filling, which need not be secret
    uint16_t have;                                 // bytes of C0 C1 C2 so far
    uint8_t c1[VT_RTMP_HANDSHAKE_BYTES];           // to be echoed
};

void vt_rtmp_handshake_init(struct vt_rtmp_handshake *handshake, uint32_t seed);
bool vt_rtmp_handshake_done(const struct vt_rtmp_handshake *handshake);

// Consumes what belongs to the handshake and appends the answer once C1 is whole. Returns the bytes consumed, or
// -1 when C0 is not version 3.
int vt_rtmp_handshake_feed(struct vt_rtmp_handshake *handshake, const uint8_t *data, size_t size,
                           struct vt_writer *reply);
