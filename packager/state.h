// What a packager needs to go on after a restart, as JSON. Pure.
//
// Segments (listed, and those that wait for deletion), tags, `more` files and measured rates. Cues on air are not in
// it: whoever puts them on air again gives them again, with the pixels.
#pragma once

#include "base/bytes.h"
#include "packager/packager.h"
#include "packager/timeline.h"
#include "packager/ts.h"
#include "packager/window.h"

#define VT_STATE_ALL       "state.json"      // the names of all three
#define VT_STATE_OPEN      "open.json"
#define VT_STATE_CHUNK     "state-%llu.json" // the number of its first segment through VT_STATE_CHUNKED
#define VT_STATE_CHUNKED   64                // segments of a chunk, written once they are complete: a long window costs no
                                             // more than a short one
#define VT_STATE_BYTES_MAX (16 * 1024 * 1024)
#define VT_STATE_SEGMENTS  100000            // also the most segments between a state and its restart

struct vt_track_total {
    int64_t bytes, us;                       // of all segments written
    int64_t peak;                            // bits a second of the densest segment
    int64_t key_bytes, key_peak;             // the same of the I-frame playlist
};

// What is kept, gathered from a packager.
struct vt_state {
    struct vt_window *window;
    struct vt_timeline *timeline;
    struct vt_track_total *totals;           // one a track
    const uint32_t *init_sums;               // one a track: of its init segment
    struct vt_ts *ts;                        // one a track
    uint64_t shift;                          // by which params.first_msn is above the show's own
    uint64_t past[2];                        // numbers in the names of files of past lines; 0: none
    const struct vt_sink *sink;              // where chunks are read from
    int chunk_end;                           // of window->list: where the chunk to be written ends
};

int vt_state_write(struct vt_writer *w, const struct vt_packager_params *params, const struct vt_state *state);

// The VT_STATE_CHUNKED segments before chunk_end, the last of them with a number right before a multiple of that, and
// their tags.
int vt_state_write_chunk(struct vt_writer *w, const struct vt_packager_params *params, const struct vt_state *state);

// The segment that grows, with its parts and their tags: small, and written with each part.
int vt_state_write_open(struct vt_writer *w, const struct vt_packager_params *params, const struct vt_state *state);

// Reads that into window->open and adds its tags, if it is the segment right after the last one listed and lies before
// `first_k`; `params` are those that wrote it, so without the shift. Else -EBADMSG, and nothing has changed.
int vt_state_read_open(const char *text, size_t size, const struct vt_packager_params *params, int64_t first_k,
                       struct vt_state *state);

// Fills window, timeline and totals, which are empty. -EBADMSG: damaged, or of another show, tracks, configuration,
// or of a time after `first_k`; then they hold rubbish and must be cleared.
int vt_state_read(const char *text, size_t size, const struct vt_packager_params *params, int64_t first_k,
                  struct vt_state *state);
