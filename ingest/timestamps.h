// A publisher's clocks -> its one timeline in nanoseconds: unwrapped, monotone, mended. Pure.
//
// Sound and picture share one origin: the first media message is at 0, and what the sender puts before it comes out
// negative. Decoding times of a track always rise. The rules:
//   - 32-bit milliseconds (RTMP) and 33-bit ticks of 90 kHz (MPEG-TS) are unwrapped to the nearest value;
//   - a step back of at most VT_TIME_BACK_MAX_NS is taken as the sender's jitter: last time plus one tick;
//   - a larger step back, or a step forward past VT_TIME_STEP_MAX_NS that neither the arrival clock nor the other
//     track has made too, starts a new epoch: the message is put where the arrival clock says. The other track
//     follows with the same shift when its own step comes, so that sound and picture keep their distance;
//   - a track whose time stands still for VT_TIME_STEP_MAX_NS while messages go on arriving is moved to the arrival
//     clock likewise, and each of its messages from then on until its time moves again;
//   - a composition time past VT_TIME_COMPOSITION_MAX_MS is dropped.
// Steps up to VT_TIME_STEP_MAX_NS are not corrected: a network that stalls and catches up leaves no mark. Only a track
// that has run VT_TIME_AHEAD_MAX_NS ahead of the arrival clock is held back. What clocks drift apart is taken back
// slowly, track by track (ingest/drift.h), so that the timeline runs at the pace of the arrival clock.
// Configuration tags have no time: never give them in here.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/mediatime.h"
#include "ingest/drift.h"

#define VT_TIME_TICK_NS             VT_NS_PER_MS
#define VT_TIME_BACK_MAX_NS         (500 * VT_NS_PER_MS)
#define VT_TIME_STEP_MAX_NS         (2 * VT_NS_PER_S)
#define VT_TIME_AHEAD_MAX_NS        (24 * 3600 * VT_NS_PER_S)
#define VT_TIME_STUCK_MIN           3    // messages without progress before a track's time is said to stand still
#define VT_TIME_COMPOSITION_MAX_MS  10000
#define VT_TIME_TICKS_MASK          ((UINT64_C(1) << 33) - 1)

enum vt_time_track { VT_TIME_AUDIO, VT_TIME_VIDEO, VT_TIME_TRACKS };

struct vt_timestamps {
    struct vt_time_clock {
        bool started;
        int64_t raw, raw_ns;             // last, unwrapped; the same as time
        int64_t offset_ns;               // added to raw_ns
        int64_t last_ns;                 // last decoding time given out
        int64_t moved_ns;                // arrival of the last message whose time was later than all before it
        int64_t stuck;                   // messages since then
        bool frozen;                     // its time has stood still for too long, and still does
        int64_t epoch;                   // number of the epoch that it is in
        int64_t given_ns;                // last_ns with its drift corrected: what the caller got
    } track[VT_TIME_TRACKS];
    bool started;
    int64_t arrival_ns;                  // arrival clock's origin: where the timeline's 0 would have arrived
    int64_t seen_ns;                     // last arrival
    struct vt_drift drift;
    int64_t clamped, epochs, compositions;   // what was mended so far
    bool went_back, stood_still;         // a track's times as they came have done so once
};

// How often something was mended: steps back, jumps, tracks put back, composition times dropped.
int64_t vt_timestamps_mended(const struct vt_timestamps *times);

// How much later sound comes than the picture of the same time; 0 until both have come.
int64_t vt_timestamps_sound_lag(const struct vt_timestamps *times);

struct vt_times {
    int64_t dts_ns, pts_ns;
    bool epoch;                          // a new epoch began with this message on its track
};

// Zeroed is valid: nothing seen yet. `arrival_ns`: any clock that never steps (CLOCK_MONOTONIC; in a file's replay
// the file's own time).
void vt_timestamps_map(struct vt_timestamps *times, enum vt_time_track track, uint32_t raw_ms,
                       int32_t composition_ms, int64_t arrival_ns, struct vt_times *ret);

// The same for MPEG-TS: decoding and presentation time in 33 bits of 90 kHz; what lies above them is not looked at. One
// timeline is mapped with the one or the other, never with both.
void vt_timestamps_map_ticks(struct vt_timestamps *times, enum vt_time_track track, uint64_t dts, uint64_t pts,
                             int64_t arrival_ns, struct vt_times *ret);
