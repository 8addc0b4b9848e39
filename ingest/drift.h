// How far a sender's clocks run away from ours, track by track, and what takes it back. Pure.
//
// A message cannot come sooner than the network lets it, so the least lag (arrival less time) of each two seconds is
// its track's clock against ours, whatever the jitter. The first one, once the sender has settled, is what is held to;
// a controller slews the track's times by at most VT_DRIFT_RATE_MAX so that the least lag stays there. What comes out
// therefore runs at our pace: sound is resampled by that little, and pictures are repeated or left out once in a while.
//
// What is no drift is left alone: a lag of both tracks that changes faster than any drift has stepped (a network that
// stalls or catches up, an encoder that takes a frame longer from now on, a file pushed faster than time), and the new
// lag is held to, within VT_DRIFT_FOLLOW_NS of the first one. A track that departs from the other one by more than
// VT_DRIFT_SKEW_MAX_NS, though, is put back in one step, so that tracks that come in step never leave by
// VT_DRIFT_APART_MAX_NS.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/mediatime.h"

#define VT_DRIFT_TRACKS       2
#define VT_DRIFT_RATE_MAX     5000                          // millionths: half a percent
#define VT_DRIFT_BLOCK_NS     (2 * VT_NS_PER_S)
#define VT_DRIFT_SETTLE_NS    (250 * VT_NS_PER_MS)          // of a track, in which its lag says nothing
#define VT_DRIFT_FOLLOW_NS    (500 * VT_NS_PER_MS)          // what steps may move the lag by; further off is no drift
#define VT_DRIFT_STEP_NS      (2 * VT_NS_PER_MS)            // that a lag changes by more than drift makes it: a step
#define VT_DRIFT_SKEW_MAX_NS  (100 * VT_NS_PER_MS)          // of one track against the other ...
#define VT_DRIFT_SKEW_BLOCKS  2                             // ... in so many blocks in a row
#define VT_DRIFT_GROWTH_NS    (20 * VT_NS_PER_MS)           // a correction's most in one block, however fast time passes
#define VT_DRIFT_APART_MAX_NS (VT_DRIFT_SKEW_MAX_NS + (VT_DRIFT_SKEW_BLOCKS + 1) * 2 * VT_DRIFT_GROWTH_NS)
#define VT_DRIFT_LATE_BLOCKS  15                            // late for so long: that is how late it is

struct vt_drift {
    struct vt_drift_track {
        bool started;
        int64_t last_ns;                 // time of the last message, as it came
        int64_t correction_ns;           // added to it
        int64_t rate, settled;           // millionths: at which the correction grows; its lasting part
        int64_t part;                    // of a ns that the correction is short of, in millionths
        int64_t grown_ns;                // of it in this block
        int64_t counts_ns;               // arrival from which on its lag counts
        bool seen;                       // in this block
        int64_t least_ns;                // lag of this block
        int64_t came_ns, before_ns;      // the same without correction, and that of the block before
        bool learnt;
        int64_t base_ns;                 // the lag that is held to
        int64_t error_ns;                // of the last block
        int skewed;                      // blocks in a row
    } track[VT_DRIFT_TRACKS];
    bool counting;
    int64_t block_ns;                    // arrival that began the block
    int64_t stepped_ns;                  // what the lag of both tracks has stepped by
    int late;                            // blocks in a row
    int64_t steps;                       // tracks that were put back so far
};

// Zeroed is valid. What to add to the time `at_ns`, later than the track's last one, of a message that arrived at
// `arrival_ns`. `fresh`: its time has nothing to do with the one before it (a new epoch). A step back (see above) can
// make the sum fall; the caller sees to it that it rises.
int64_t vt_drift_correct(struct vt_drift *drift, int track, int64_t at_ns, int64_t arrival_ns, bool fresh);
