// Goes through the NAL units of one access unit, whatever stands between them: lengths, as RTMP has them, or start
// codes, as MPEG-TS does and some RTMP encoders too. Pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

// What to walk one access unit with, where `announced` is what its configuration says: that; 0 for start codes, which
// some encoders send all the same; -EINVAL for neither.
int vt_nal_length_size(const uint8_t *data, size_t size, int announced);

struct vt_nal_walk {
    struct vt_reader r;
    int length_size;                     // 0: start codes
};

struct vt_nal {
    const uint8_t *data;                 // borrowed; its header first
    size_t size;                         // at least 1
};

// `length_size`: 1 to 4, or 0 for start codes. What stands before the first start code is passed over.
struct vt_nal_walk vt_nal_walk(const uint8_t *data, size_t size, int length_size);

// The next one; empty ones are passed over. False when there are no more, or one is cut short (then walk->r.failed).
bool vt_nal_next(struct vt_nal_walk *walk, struct vt_nal *ret);

enum vt_nal_use {
    VT_NAL_PICTURE,                      // slices, and whatever else a decoder must see
    VT_NAL_SPS,
    VT_NAL_SEI,
    VT_NAL_PADDING,                      // delimiters, filler data: nothing is lost without them
};

enum vt_nal_use vt_nal_use(const struct vt_nal *nal, bool hevc);     // else H.264
