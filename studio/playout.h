// The picture that is on: source frames through the channel clock, or the slate, for all outputs. One thread.
#pragma once

#include <libavutil/frame.h>

#include "studio/clock.h"
#include "studio/outputs.h"
#include "studio/sound_queue.h"

struct vt_playout {
    struct vt_clock clock;
    struct vt_outputs *outputs;          // borrowed
    AVFrame *queue[VT_CLOCK_QUEUE];      // in step with the clock's
    int queued;
    AVFrame *shown;                      // owned; the last source frame on air, or NULL
    struct vt_sound_queue sound;         // that moves with the pictures until its time has come
    int64_t next;                        // the next tick
    int64_t frames, late, skipped;       // composed; composed after the next one was due; not composed at all
};

void vt_playout_init(struct vt_playout *playout, const struct vt_channel *channel, struct vt_outputs *outputs,
                     int64_t first_frame, bool exact);
void vt_playout_clear(struct vt_playout *playout);

// A source frame with its pts in ns (taken), and samples; `now` is media time.
void vt_playout_frame(struct vt_playout *playout, AVFrame *frame, int64_t now);
void vt_playout_samples(struct vt_playout *playout, int64_t pts, const float *interleaved, int count, int64_t now);

// Composes the next tick.
int vt_playout_tick(struct vt_playout *playout);
// Lets the next tick go by without a picture; not allowed for one that starts a segment.
void vt_playout_skip(struct vt_playout *playout);
