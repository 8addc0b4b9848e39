// CMAF tracks as bytes: the init segment, and fragments made of runs of samples. Pure. ISO/IEC 14496-12, 23000-19.
#pragma once

#include "base/bytes.h"
#include "packager/packager.h"

struct vt_sample {
    size_t offset, size;                     // where its bytes stand in the run's data
    int64_t duration;                        // timescale units, > 0
    int64_t composition;                     // presentation minus decode time, timescale units
    bool key;
};

struct vt_fragment {
    uint32_t sequence;                       // mfhd; rising within the track
    int64_t decode_time;                     // of the first sample, timescale units
    const struct vt_sample *samples;         // in decoding order, back to back in `data`
    int count;
    const uint8_t *data;                     // what sample offsets count from
};

// Timescale of a track: vt_video_timescale for video, the sample rate for audio.
uint32_t vt_track_timescale(const struct vt_track *track, struct vt_rational rate);

// `delay`: timescale units by which every presentation time lies after what is meant, so that no composition offset is
// negative where frames are reordered. An edit list takes it off again (ISO/IEC 14496-12 §8.6.6); 0: there is none.
void vt_cmaf_init(struct vt_writer *w, const struct vt_track *track, uint32_t timescale, int64_t delay);

// moof and mdat of samples [0, count). Their emsg boxes stand before it.
void vt_cmaf_fragment(struct vt_writer *w, const struct vt_fragment *fragment);
