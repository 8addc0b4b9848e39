// One segment as a transport stream: pictures, sound and cues of a rendition in the order of their times. Pure.
//
// It starts with PAT, PMT, the cues of its first frame and its key frame. Each picture's first packet has a clock
// reference, VT_TS_AHEAD before its decode time; where pictures are rarer than VT_TS_CLOCK_EVERY, there are packets with
// nothing but one. PTS = media time + VT_TS_START, modulo 2^33.
#pragma once

#include "packager/run.h"
#include "packager/ts.h"

#define VT_TS_START       (10 * VT_90K)              // so that nothing comes before 0
#define VT_TS_AHEAD       (VT_TS_CLOCK / 2)          // how long before its decode time a picture arrives
#define VT_TS_SOUND_MAX   8184                       // bytes of an AAC frame: ADTS has 13 bits for it and its head
#define VT_TS_SOUND_FRAMES 4                         // of AAC in a PES packet; a clock reference each is often enough
                                                     // where there is no picture
#define VT_TS_CLOCK_EVERY (VT_TS_CLOCK * 2 / 25)     // 80 ms; ISO/IEC 13818-1 §2.7.2 asks for 100 at most

struct vt_ts_segment {
    struct vt_rational rate;
    const struct vt_track *video, *audio;    // either may be NULL; the cues go with the picture
    const struct vt_run *pictures, *sound;   // as are these
    int picture_count, sound_count;          // of their samples that belong to the segment
    int reorder;                             // frames by which decoding must run ahead
    int64_t end;                             // where the last picture's time is over, in frames
    const struct vt_writer *messages;        // vt_ts_message, in order of their times
};

// A tag for vt_ts_segment.messages: `time` in 90 kHz of media time.
void vt_ts_message(struct vt_writer *w, int64_t time, const struct vt_writer *id3);

// The most by which a picture of the run is shown before it would be decoded, in frames.
int vt_ts_reorder(const struct vt_run *pictures);

// *ret_key_size: bytes up to the end of the first picture; 0 without one. -ENOMEM; -EMSGSIZE for a damaged sample.
int vt_ts_segment(struct vt_writer *w, struct vt_ts *ts, const struct vt_ts_segment *segment, int64_t *ret_key_size);
