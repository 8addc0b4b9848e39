// Pictures at the size that they are shown in. Pure; the same pixels on every machine.
#pragma once

#include <cairo.h>
#include <stdbool.h>

// Where a picture lands: each of its pixels is `scale_x` × `scale_y` large, its corner stands at (x, y).
struct vt_resampling {
    double x, y, scale_x, scale_y;
    bool pad;                            // beyond its edges its outermost pixels go on; else there is nothing
};

// A new surface (ARGB32) of `width` × `height` with the picture (ARGB32 or RGB24, premultiplied) in it, filtered with a cubic
// kernel (Catmull-Rom) as wide as a pixel of the result; what is three times too large or more is halved before, in whole
// pixels. NULL: no memory, or nothing that could be drawn.
cairo_surface_t *vt_resample(cairo_surface_t *picture, int width, int height, const struct vt_resampling *how);
