// What is shown while no publisher is there.
#pragma once

#include <libavutil/frame.h>

#include "base/options.h"

// A frame of the canvas' size, 8-bit 4:2:0, BT.709 limited: the picture in the file at `path` filling it (what stands
// over is cut, but where more than a third would be it shows whole), or, with NULL, one that is built in. A file that is no picture is logged, and the built-in one taken.
// Returns 0 and a frame, -EINVAL or -ENOMEM.
int vt_slate_new(AVFrame **ret, struct vt_size canvas, const char *path);
