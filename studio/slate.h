// What is shown while no publisher is there.
#pragma once

#include <cairo.h>
#include <libavutil/frame.h>

#include "base/options.h"

// A picture of the canvas' size, 8-bit 4:2:0, BT.709 limited: `picture` filling it (what stands over is cut), or, with
// NULL, one that is built in. Returns 0 and a frame, -EINVAL or -ENOMEM.
int vt_slate_new(AVFrame **ret, struct vt_size canvas, cairo_surface_t *picture);
