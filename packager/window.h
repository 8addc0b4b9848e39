// What the playlists list, and what may be deleted: every segment from its appearance to the end of its availability.
// Pure; owns its lists. All times are microseconds of media time.
#pragma once

#include "base/bytes.h"
#include "packager/packager.h"

struct vt_listed_track {
    int64_t start_us, duration_us;           // differences of rounded starts: EXTINFs add up without drift
    int64_t bytes;                           // 0 for a gap
    int64_t key_at, key_size;                // byte range of its key frame, for I-frame playlists; 0, 0: there is none
    bool gap;                                // listed as EXT-X-GAP; there is no file
    bool absent;                             // of a finished show: this track ended before
    uint32_t text_size[2];                   // of its lines in vt_window.text
};

// Lines of whole segments as playlists list them, so that a long playlist need not be written anew with each part.
struct vt_past {
    struct vt_writer w;
    size_t start;                            // bytes before it have left the window
    size_t stored;                           // bytes of it that are in a file, too
};

struct vt_listed_part {
    struct {
        int64_t duration_us;                 // these too are differences of rounded starts
        bool gap, independent, absent;
    } track[VT_TRACKS_MAX];
};

struct vt_listed {
    int64_t k;
    uint64_t msn;
    bool rest;                               // a gap: what is missing of the segment before, which has the same k
    int64_t start_us, duration_us;           // of the grid of video frames
    int64_t drop_us;                         // when its files may go; INT64_MAX while it is listed
    struct vt_listed_track track[VT_TRACKS_MAX];
    struct vt_listed_part *parts;            // owned; NULL once their files are gone, or without low latency
    int n_parts;
    int64_t parts_drop_us;                   // as drop_us, of the parts
};

struct vt_window {
    int64_t window_us;                       // 0: nothing leaves
    int64_t target_us;
    int64_t longest_us;                      // longest playlist so far
    struct vt_listed *list;                  // [0, first): left the playlists, still available; [first, count): listed
    int first, count, room;
    int kept;                                // [first, kept): those whose lines are in `text`
    struct vt_past text[VT_TRACKS_MAX][2];   // of each track's media playlist and of its I-frame playlist
    uint64_t text_msn;                       // the number of the segment with which `text` begins; 0: there is none yet
    struct vt_listed open;                   // the segment that grows: listed by its parts, if it has any yet
};

// Adds the segment and takes its parts.
int vt_window_add(struct vt_window *window, const struct vt_listed *segment);

// Adds a part to a segment. -ENOMEM.
int vt_listed_add_part(struct vt_listed *segment, const struct vt_listed_part *part);

// Unlists what has become too old: never below window_us, three target durations and six segments.
void vt_window_trim(struct vt_window *window);

// Takes the oldest segment out whose availability is over: it was unlisted at least its own duration and that of the
// longest playlist ago. False if there is none. *ret has the segment's parts, to be freed.
bool vt_window_expire(struct vt_window *window, struct vt_listed *ret);

// Unlists the parts of segments that end more than three target durations before `edge_us`, the end of the last part.
void vt_window_trim_parts(struct vt_window *window, int64_t edge_us);

// As vt_window_expire, for the parts of the oldest segment whose parts were unlisted at least three target durations
// ago: *ret is a copy of the segment with them, which are to be freed.
bool vt_window_expire_parts(struct vt_window *window, int64_t edge_us, struct vt_listed *ret);

int64_t vt_listed_end(const struct vt_listed *segment);
bool vt_parts_listed(const struct vt_listed *segment);

// End of the last segment and start of the first one listed; 0 if there is none.
int64_t vt_window_edge(const struct vt_window *window);
int64_t vt_window_start(const struct vt_window *window);

void vt_window_clear(struct vt_window *window);
