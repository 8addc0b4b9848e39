// Whether decoding may begin with an access unit. Pure.
#pragma once

#include "ingest/decode.h"

enum vt_decode_entry {
    VT_ENTRY_NONE,
    VT_ENTRY_RECOVERY,                   // after some pictures: H.264's recovery point, HEVC's CRA
    VT_ENTRY_KEY,
};

// `nal_length_size`: what its configuration announces; 0 for start codes.
enum vt_decode_entry vt_decode_entry(const struct vt_access_unit *unit, int nal_length_size);
