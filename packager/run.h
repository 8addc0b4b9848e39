// One track's samples of one segment while it grows. Pure; owns its bytes.
#pragma once

#include "base/bytes.h"
#include "packager/packager.h"

struct vt_run_sample {
    size_t size;
    int64_t dts, pts, duration;              // as given: frames or samples
    bool key;
};

struct vt_run {
    int64_t k;
    struct vt_run_sample *samples;
    int count, room;
    int written;                             // samples that are in a fragment already, …
    int64_t ended;                           // … and where the last one's duration ends
    struct vt_writer data;                   // bytes of all samples, back to back
    bool spoilt;                             // past VT_SEGMENT_BYTES_MAX: it becomes a gap
};

// -EMSGSIZE past VT_SEGMENT_BYTES_MAX (the run is spoilt from then on, its bytes are freed); -ENOMEM.
int vt_run_add(struct vt_run *run, const struct vt_packet *packet);

// When sample i is decoded, counted like presentation times: from the first sample, which is shown when it is decoded.
// Where frames are reordered, some are then shown before they are decoded, by `reorder` frames at most.
int64_t vt_run_time(const struct vt_run *run, int i);

// Where its decoding ends. For video `end` of the form closes the last sample's duration; for audio it has its own.
int64_t vt_run_end(const struct vt_run *run, enum vt_track_kind kind);

// Where the fragment ends whose samples, from the first one that is not written, are decoded before `end`.
int vt_run_until(const struct vt_run *run, int64_t end);

// How samples become a fragment.
struct vt_run_form {
    enum vt_track_kind kind;
    int64_t unit;                            // the timescale's count of one frame or sample
    int reorder;                             // frames that are added to composition offsets: vt_cmaf_init's delay
    int64_t end;                             // video: where the last sample's duration ends
    uint32_t sequence;
};

// Writes moof and mdat of the samples up to `to`, at least one, which then are written.
int vt_run_write(struct vt_run *run, struct vt_writer *w, int to, const struct vt_run_form *form);

void vt_run_clear(struct vt_run *run);
