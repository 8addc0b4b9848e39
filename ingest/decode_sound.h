// Decoded sound of any rate, format and layout -> 48 kHz stereo float in runs that join without a seam. Used by
// ingest/decode.c.
//
// RTMP's times are whole milliseconds, so they jitter around the samples' own count; the count is what is given out.
// Where the two drift apart slowly the sound is resampled by up to half a percent, at a rate that changes gently; where
// they jump, it starts anew.
#pragma once

#include "ingest/decode.h"

#define VT_DECODE_DRIFT_NS  (INT64_C(5) * 1000000)   // averaged; from then on the sound is resampled

struct vt_resampler;

int vt_resampler_new(struct vt_resampler **ret);
void vt_resampler_free(struct vt_resampler **resampler);

// Takes a frame with pts in ns and gives its samples to the sink, as far as they are there; `given` counts them.
// -EINVAL: a format that cannot be taken; -ENOMEM; or what the sink returned.
int vt_resampler_put(struct vt_resampler *resampler, const AVFrame *frame, const struct vt_decode_sink *sink,
                     int64_t *given);

// Gives out what is still inside; the next frame starts anew.
int vt_resampler_flush(struct vt_resampler *resampler, const struct vt_decode_sink *sink, int64_t *given);
