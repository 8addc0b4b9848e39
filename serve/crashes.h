// Whose ingests crash again and again: after VT_CRASHES of them within a minute a key is not let in for a while. Pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/mediatime.h"

#define VT_CRASHES           5                       // in VT_CRASHES_NS, before ...
#define VT_CRASHES_NS        (60 * VT_NS_PER_S)
#define VT_CRASHES_BAN_NS    (600 * VT_NS_PER_S)     // ... the key is not let in for so long
#define VT_CRASHES_KEYS      64                      // looked after at a time; the one that crashed longest ago gives way
#define VT_CRASHES_WORDS     "The server failed on this stream again and again. It takes it again in ten minutes: change "  \
                             "the encoder's settings meanwhile."

// Zeroed is valid: nothing has crashed.
struct vt_crashes {
    struct vt_crashes_of {
        uint64_t key;                                // as vt_permit has it
        int64_t at_ns[VT_CRASHES];                   // the last ones, a ring; 0: none
        int next;
        int64_t until_ns;                            // not let in before
    } keys[VT_CRASHES_KEYS];
};

// An ingest of this key's publisher has crashed or was killed since it hung. Returns true when that is one too many.
// `now_ns`: any clock above 0 that never steps.
bool vt_crashes_note(struct vt_crashes *crashes, uint64_t key, int64_t now_ns);

bool vt_crashes_allow(const struct vt_crashes *crashes, uint64_t key, int64_t now_ns);
