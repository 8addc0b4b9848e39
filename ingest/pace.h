// When units of a multiplex go on to the decoder. Muxers send sound later than the picture it belongs to, and several
// frames of it at once; played as they come, the sound would miss its picture. So all units of a publisher are held
// back by one delay, that of the latest of them, and go on in the order and at the pace of their own times. Pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/mediatime.h"

#define VT_PACE_LEARN_NS  (500 * VT_NS_PER_MS)   // from the first unit: nothing goes on before
#define VT_PACE_MOST_NS   VT_NS_PER_S            // held back, at most, behind the earliest units
#define VT_PACE_BLOCK_NS  (4 * VT_NS_PER_S)      // what was late is remembered for one to two of these
#define VT_PACE_FREE_NS   (80 * VT_NS_PER_MS)    // of a live connection's jitter that whoever is behind it takes up
#define VT_PACE_LIVE_NS   (2 * VT_NS_PER_S)      // a live connection's units are held back no longer than this

struct vt_pace {
    bool started;
    int64_t first_ns;                            // arrival of the first unit
    int64_t block_ns;                            // when the present block began
    struct vt_pace_range {
        int64_t least, most;                     // arrival less decoding time
    } now, before, earlier;
    int blocks;                                  // ended so far, at most 2
};

// A unit has arrived. Zeroed is valid: nothing has come yet.
void vt_pace_add(struct vt_pace *pace, int64_t dts_ns, int64_t arrival_ns);

// When a unit goes on, on the arrival clock; more units may move it.
int64_t vt_pace_due(const struct vt_pace *pace, int64_t dts_ns);

// The same for a connection that is not a multiplex: its units are held back only for what comes late again and again,
// in two blocks in a row, and for no more of it than VT_PACE_FREE_NS leaves; a stall of the network holds nothing back.
// INT64_MIN: at once.
int64_t vt_pace_live_due(const struct vt_pace *pace, int64_t dts_ns);
