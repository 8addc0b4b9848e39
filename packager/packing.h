// A packager from inside, for the files that it is made of: packager.c starts it and takes in, pack.c writes parts and
// segments, publish.c lists them. Nobody else includes this.
#pragma once

#include "packager/playlist.h"
#include "packager/run.h"
#include "packager/segmenter.h"
#include "packager/state.h"
#include "packager/ts_segment.h"

#define FOLDER_NAME (VT_NAME_ROOM + 32)

struct packing_track {
    struct vt_track_rates rates;
    struct vt_run runs[VT_PACKAGER_AHEAD + 1];   // of segments not yet written, oldest first; the last one grows
    int n_runs;
    struct vt_writer file;                       // the open segment's file so far: its parts
    int64_t current;                             // segment of the last packet
    int64_t reached;                             // everything decoded before has been given: frames or samples
    int reorder;                                 // video: frames by which decoding runs ahead; 0 where not told
    struct vt_ts ts;
    int64_t phase;                               // sound: where AAC frames start, modulo their length
    bool started;
};

struct vt_packager {
    struct vt_packager_params params;
    struct vt_track tracks[VT_TRACKS_MAX];
    struct packing_track track[VT_TRACKS_MAX];
    struct vt_track_total totals[VT_TRACKS_MAX];
    uint32_t init_sums[VT_TRACKS_MAX];
    struct vt_window window;
    struct vt_timeline timeline;
    int64_t next;                                // the segment to be written, …
    int part;                                    // … and the part of it
    int64_t frame;                               // last video frame given, in presentation order
    int64_t end_frame;                           // of a show that ends: first frame after it
    uint64_t past_msn, past_before;              // the names of what vt_past_name names: now, and before that; 0: none
    int chunk_end;                               // of window.list: where the chunk ends that is written
    uint64_t shift;                              // of first_msn: segments that had to be split
    bool has_video, multivariant_written, ended;
};

int64_t packing_segment_us(const struct vt_packager *p, int64_t k);
int64_t packing_unit(const struct vt_packager *p, int t);        // CMAF timescale units of one frame or sample
int64_t packing_track_us(const struct vt_packager *p, int t, int64_t at);

// Start of a part in the track's own count; the part after the last one starts with the next segment.
int64_t packing_cut(const struct vt_packager *p, int t, int64_t k, int part);

int packing_put(struct vt_packager *p, enum vt_blob kind, const char *name, const struct vt_writer *w);

// The next part, with gaps where tracks lack it; then the segment, if that was its last. The first error.
int packing_write_part(struct vt_packager *p);

// What is left of the last segment of a show that ends at p->end_frame.
int packing_write_end(struct vt_packager *p);

// Lists what has been written since part `part` of segment `msn`, removes what is over, and tells what is ready.
int packing_publish(struct vt_packager *p, uint64_t msn, int part);

// Takes up the state of a packager that broke off: what it listed, its open segment's parts as a segment, and gaps up to
// the next segment. Says what has been listed since it told of anything.
int packing_resume(struct vt_packager *p, uint64_t *ret_msn, int *ret_part);

// Counts a segment that comes after those of the window into what its track has taken so far.
void packing_count_rate(struct vt_packager *p, int t, const struct vt_listed_track *segment);

// Number of the segment that comes next.
uint64_t packing_next_msn(const struct vt_packager *p);

// Unlists what has become too old.
void packing_trim(struct vt_packager *p);
