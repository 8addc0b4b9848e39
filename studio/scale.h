// From a source picture of any size and colour to one of a rendition's: yuv420p, BT.709, limited range, left-sited.
//
// Scales as ffmpeg's scale filter does by default (bicubic). An untagged source is taken as BT.709 from 720 lines on,
// else as BT.601; as limited range; as left-sited. One thread. Buffers are kept: only a source that changes its format
// makes it allocate.
#pragma once

#include <libavutil/frame.h>
#include <stdbool.h>

#include "base/options.h"

struct vt_scaler;

struct vt_scaler_params {
    struct vt_size size;                 // of the rendition; even
    struct vt_size canvas;               // whose shape the rendition shows
    int fit;                             // enum vt_fit
};

int vt_scaler_new(struct vt_scaler **ret, const struct vt_scaler_params *params);
void vt_scaler_free(struct vt_scaler **scaler);

// The rendition's picture of `source` (yuv420p, yuvj420p or nv12; NULL: black) in *ret: `source` itself where it is
// right as it stands and need not be `writable`, else the scaler's own, valid until the next call. Returns 0; -EINVAL
// for a picture that it cannot read; -ENOMEM.
int vt_scaler_run(struct vt_scaler *scaler, AVFrame *source, bool writable, AVFrame **ret);
