// Drawing items of a view into a surface with cairo. One thread at a time.
#pragma once

#include "overlay/view.h"

// What a painter draws with: its scale, and pictures at the size that it shows them in.
struct vt_scaled_picture {
    uint64_t key;
    cairo_surface_t *surface;
};

#define VT_SCALED_PICTURES 32            // kept by a painter; the oldest goes

struct vt_brush {
    cairo_t *cr;                         // in surface pixels
    double sx, sy;                       // surface pixels a canvas pixel
    double x, y;                         // of the surface's corner, rendition pixels
    struct vt_scaled_picture *pictures;  // VT_SCALED_PICTURES of them
    int *next_picture;
};

void vt_paint_item(const struct vt_brush *brush, const struct vt_item *item);

// Clips what is painted next, up to the next cairo_restore, to the boxes from the one around `item` to `group` that cut
// off what stands out of them.
void vt_paint_clip(const struct vt_brush *brush, const struct vt_item *item, const struct vt_item *group);

// Text whose top left stands at (x, y), canvas pixels.
void vt_paint_shaped(const struct vt_brush *brush, const struct vt_shaped *shaped, double x, double y,
                     struct vt_colour4 colour, double opacity);

// What stands behind such a text: its shadow and its outline, `scale` canvas pixels a design pixel. Texts side by side are
// painted after all that is behind them.
void vt_paint_behind(const struct vt_brush *brush, const struct vt_text_style *style, double scale,
                     const struct vt_shaped *shaped, double x, double y, double opacity);
