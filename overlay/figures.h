// Leaves that are drawn as figures: progress bars, shapes, QR codes and SVG drawings.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VT_QR_BYTES     512              // of a QR code's text
#define VT_SVG_BYTES    (64 * 1024)      // of a drawing's source
#define VT_SVG_ELEMENTS 2000
#define VT_SHAPE_POINTS 24

extern const char *const vt_shape_names[];       // NULL-terminated

// The corners of a shape in a unit square; 0: an ellipse. `shape` is one of the names.
int vt_shape_points(const char *shape, double ret[VT_SHAPE_POINTS][2]);

struct vt_qr {
    int side;                            // modules, without the quiet zone
    const uint8_t *dark;                 // side × side, 0 or 1
};

#define VT_QR_QUIET 4                    // modules of free space on each side

// Whether a drawing's source is one that is drawn: well-formed SVG of shapes, paths, groups and gradients, without
// references to anything outside, without entities, text, filters and pictures. Returns 0, or -EINVAL or -EFBIG and a
// reason in `why`.
int vt_svg_check(const char *source, size_t size, char *why, size_t room);
