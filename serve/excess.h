// Whether what an encoder sends is within what its channel accepts, by what its ingest says of it each second. Pure.
//
// The size counts at once, the bit rate over any ten seconds after the start, the others once they have been too much for
// ten seconds on end: a line that stood still for a moment is not held against an encoder.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "studio/accept.h"

#define VT_EXCESS_START_NS   (5 * VT_NS_PER_S)       // of a publisher: what it had waiting does not count
#define VT_EXCESS_WINDOW_NS  (10 * VT_NS_PER_S)      // that a bit rate is measured over
#define VT_EXCESS_TIMES      10                      // in a row that the others are too much
#define VT_EXCESS_FPS_SLACK  0.5                     // timestamps in whole milliseconds say 30.03 for 30
#define VT_EXCESS_KEYS_SLACK (100 * VT_NS_PER_MS)    // ... and 60 pictures of 29.97 a second take 2.002 s
#define VT_EXCESS_MARKS      24
#define VT_EXCESS_WORDS      160

// Of one publisher. Zeroed is valid: nothing has been said of it.
struct vt_excess {
    int64_t since_ns;                    // when its ingest said something first
    struct {
        int64_t at_ns, bytes;
    } marks[VT_EXCESS_MARKS];            // the oldest first
    int n_marks;
    int fast, rare;                      // times in a row with too many pictures, or too few key frames
};

// `status`: the body of INGEST_STATUS, which came at `now_ns`. True when the publisher must end, with what to tell it in
// `out`.
bool vt_excess_found(struct vt_excess *excess, const struct vt_accept *accept, const json_t *status, int64_t now_ns,
                        char out[VT_EXCESS_WORDS]);
