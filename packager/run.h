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
    struct vt_writer data;                   // their bytes, back to back
    bool spoilt;                             // past VT_SEGMENT_BYTES_MAX: it becomes a gap
};

// -EMSGSIZE past VT_SEGMENT_BYTES_MAX (the run is spoilt from then on, its bytes are freed); -ENOMEM.
int vt_run_add(struct vt_run *run, const struct vt_packet *packet);

// Where its decoding ends, counted like presentation times: from `start` of its first sample, which is shown when it
// is decoded. For video `end` closes the last sample's duration; for audio it has its own.
int64_t vt_run_end(const struct vt_run *run, enum vt_track_kind kind);

// Writes moof and mdat. `unit` is the timescale's count of one frame or sample; `end` as said above.
int vt_run_write(const struct vt_run *run, struct vt_writer *w, enum vt_track_kind kind, int64_t unit, int64_t end,
                 uint32_t sequence);

void vt_run_clear(struct vt_run *run);
