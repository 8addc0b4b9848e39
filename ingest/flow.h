// What comes in of one kind of media: bytes, and how far its key frames are apart. Pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mediatime.h"

#define VT_FLOW_KEY_WARNING_NS (4 * VT_NS_PER_S)      // key frames further apart make joining and recovery slow

// Zeroed is valid: nothing has come yet.
struct vt_flow {
    int64_t units, bytes;                // access units
    int64_t keys;                        // key frames among them
    int64_t key_ns, interval_ns;         // decoding time of the last one, and how long after the one before it came
    int64_t last_ns;                     // decoding time of the last unit
};

void vt_flow_add(struct vt_flow *flow, size_t size, int64_t dts_ns, bool key);

// How far key frames are apart, in ns: of the last two, or since the last one if that is longer already. 0: not known.
int64_t vt_flow_key_interval(const struct vt_flow *flow);

// A rate that is looked at again and again. Zeroed is valid.
struct vt_rate {
    int64_t bytes, at_ns;                // when it was last asked
    double kbps;
};

// Kilobits per second since this was last asked; 0 the first time. `bytes`: counted from the beginning.
double vt_rate_kbps(struct vt_rate *rate, int64_t bytes, int64_t now_ns);
