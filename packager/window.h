// What the playlists list, and what may be deleted: every segment from its appearance to the end of its availability.
// Pure; owns its list. All times are microseconds of media time.
#pragma once

#include "packager/packager.h"

struct vt_listed_track {
    int64_t start_us, duration_us;           // differences of rounded starts: EXTINFs add up without drift
    int64_t bytes;                           // 0 for a gap
    bool gap;                                // listed as EXT-X-GAP; there is no file
    bool absent;                             // of a finished show: this track ended before
};

struct vt_listed {
    int64_t k;
    int64_t start_us, duration_us;           // of the grid of video frames
    int64_t drop_us;                         // when its files may go; INT64_MAX while it is listed
    struct vt_listed_track track[VT_TRACKS_MAX];
};

struct vt_window {
    int64_t window_us;                       // 0: nothing leaves
    int64_t target_us;
    int64_t longest_us;                      // longest playlist so far
    struct vt_listed *list;                  // [0, first): left the playlists, still available; [first, count): listed
    int first, count, room;
};

int vt_window_add(struct vt_window *window, const struct vt_listed *segment);

// Unlists what has become too old: never below window_us, three target durations and six segments.
void vt_window_trim(struct vt_window *window);

// Takes the oldest segment out whose availability is over: it was unlisted at least its own duration and that of the
// longest playlist ago. False if there is none.
bool vt_window_expire(struct vt_window *window, struct vt_listed *ret);

// End of the last segment and start of the first one listed; 0 if there is none.
int64_t vt_window_edge(const struct vt_window *window);
int64_t vt_window_start(const struct vt_window *window);

void vt_window_clear(struct vt_window *window);
