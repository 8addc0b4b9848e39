// How much comes in of one kind of media. Pure.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Zeroed is valid: nothing has come yet.
struct vt_flow {
    int64_t units, bytes;                // access units
};

void vt_flow_add(struct vt_flow *flow, size_t size);

// A rate that is looked at again and again. Zeroed is valid.
struct vt_rate {
    int64_t bytes, at_ns;                // when it was last asked
    double kbps;
};

// Kilobits per second since this was last asked; 0 the first time. `bytes`: counted from the beginning.
double vt_rate_kbps(struct vt_rate *rate, int64_t bytes, int64_t now_ns);
