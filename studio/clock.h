// The channel clock: which source frame stands on which tick of the canvas.
//
// Pure: times come in, decisions go out. The caller keeps the pictures in a queue of its own, in the order in which it
// announced them with vt_clock_frame, and takes from its head what vt_clock_tick says.
//
// Live, a source's timeline is laid onto media time by an offset that is chosen when its first frame arrives, so that
// it is shown about one and a half canvas frames later, and its frames fall into the middle between two ticks (phase
// lock): an equal-rate source then gives one frame per tick whatever the rounding of its times and the jitter of the
// network. The lock moves pictures by half a step at most; a source that runs on past that (its rate is almost the
// canvas's) has one frame repeated or left out, and sound, which the lock does not move, stays with the picture. A
// first frame that came sooner than the others do is made up for after VT_CLOCK_SETTLE, by a tick. A frame that comes
// too late moves the offset by whole ticks (the jitter buffer grows, up to VT_CLOCK_DEPTH); time that is never needed
// is given back. `exact` (for files) has a fixed offset instead: `now` of the first call − its `pts`.
//
// All times are in ns. `now` is media time by the wall clock, `pts` the source's own timeline.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/mediatime.h"

#define VT_CLOCK_QUEUE   16                            // frames that may wait for their tick; more push the oldest out
#define VT_CLOCK_SLACK   (22 * VT_NS_PER_MS)           // least time from arrival to tick: jitter of ±10 ms and a margin
#define VT_CLOCK_SETTLE  (2500 * VT_NS_PER_MS)         // of a source, after which its first place is looked at again
#define VT_CLOCK_DEPTH   (200 * VT_NS_PER_MS)          // most that late frames may deepen the jitter buffer to
#define VT_CLOCK_JUMP    (1000 * VT_NS_PER_MS)         // a source time further from where it belongs starts anew
#define VT_CLOCK_STALL   (500 * VT_NS_PER_MS)          // without frames for so long: stalled
#define VT_CLOCK_GIVE_UP (250 * VT_NS_PER_MS)          // every frame too late for so long: start anew
#define VT_CLOCK_SYNC    (18 * VT_NS_PER_MS)           // sound further than this from its place is put there

enum vt_clock_state { VT_CLOCK_WAITING, VT_CLOCK_LIVE, VT_CLOCK_STALLED, VT_CLOCK_SLATE };

struct vt_clock {
    // immutable after init
    struct vt_rational rate;
    int64_t slate_after;
    bool exact;

    enum vt_clock_state state;
    int64_t since;                  // media time of its last change of state
    bool anchored, framed;          // by anything; by a frame
    bool fresh;                     // nothing has been shown since
    int64_t offset;                 // media time − pts
    int64_t phase;                  // what of it the lock has added: no more than about half a step
    int64_t last_pts, last_arrival; // of the newest frame
    int64_t interval;               // between source frames, smoothed; 0: not known yet
    int64_t late_since;             // arrival of the first of a run of late frames, or -1
    int64_t due[VT_CLOCK_QUEUE];    // media times from which the queued frames may be shown
    int queued;
    int64_t tick;                   // the next one
    int64_t slack;                  // from a frame's arrival to its tick, smoothed
    int64_t settled;                // arrival from which it says how deep the buffer must be; 0: has been looked at
    int64_t least_slack[2];         // over the running window: short (1 s), long (10 s)
    int64_t window_end[2];

    bool sounding;                  // sound has a place to go on at
    int64_t sound_next;             // media time after its last sample
    int64_t sound_moved;            // by how much sound that waits is to be moved, counted from the beginning
    int64_t shown_at;               // tick of the last new picture
    int64_t sound_from;             // what belongs before it comes too late to be heard: its pictures were not seen

    int64_t shown, repeated, skipped;   // ticks with a new picture, with the one before, frames that were never shown
    int64_t slips, anchors;
};

void vt_clock_init(struct vt_clock *clock, struct vt_rational rate, int64_t slate_after_ns, int64_t first_tick,
                   bool exact);

// Another publisher's timeline begins with the next frame. Queued frames stay.
void vt_clock_restart(struct vt_clock *clock);

// A frame came. Returns how many frames the caller drops from the head of its queue to make room (0 or 1); then it
// appends the new one. -EINVAL: the frame is older than the one before; it is not queued.
int vt_clock_frame(struct vt_clock *clock, int64_t pts, int64_t now);

// Tick `tick` is composed. Returns how many frames leave the queue; the last of them is shown. 0: what was shown
// before stays, or the slate when `state` says so. Ticks may be skipped, never repeated.
int vt_clock_tick(struct vt_clock *clock, int64_t tick);

// Where a run of `duration` of sound belongs in media time: with the picture. Runs that follow each other stay
// together as long as they are within VT_CLOCK_SYNC of their place. A run is to wait until its place comes before
// vt_clock_sound_until, because it moves with the pictures that wait: what `sound_moved` grows by meanwhile is to be
// added. It waits for the next tick in any case while vt_clock_sound_waits: it is not known then what that will show.
int64_t vt_clock_sound(struct vt_clock *clock, int64_t pts, int64_t duration, int64_t now);
int64_t vt_clock_sound_until(const struct vt_clock *clock);
bool vt_clock_sound_waits(const struct vt_clock *clock);

const char *vt_clock_state_name(enum vt_clock_state state);    // "waiting", "live", "stalled", "slate"
