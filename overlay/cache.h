// What a painter keeps from one drawing to the next: a surface for each layer of each view, what faded as one, pictures at
// the size that they are shown in. One painter's, and one thread's.
#pragma once

#include "overlay/fade.h"
#include "overlay/paint.h"

// A layer as it was drawn last.
struct vt_slot {
    uint64_t change;
    cairo_surface_t *surface;            // NULL: not drawn yet
    int x, y;                            // of its corner at rest, rendition pixels
    int period;                          // of a ticker, pixels; its strip is longer: vt_live_window
    char text[VT_TIMER_TEXT];            // of a clock; "": none, or its text at zero
    int look;                            // its look then
    uint64_t before;                     // what was drawn as this change differs from the pixels only in these columns of
    int changed_x, changed_width;        // the surface; 0: not known
};

struct vt_known {
    const struct vt_view *view;
    struct vt_slot slots[VT_LAYERS_MAX];
    struct vt_fade fades[VT_LAYERS_MAX];         // in the order of the drawing
    struct vt_known *next;
};

struct vt_painter {
    int width, height;
    struct vt_known *known;
    struct vt_scaled_picture pictures[VT_SCALED_PICTURES];
    int next_picture;
};

// What is kept for a view; made anew the first time. NULL: no memory.
struct vt_known *vt_cache_find(struct vt_painter *painter, const struct vt_view *view);

// A new surface for a slot, clear, for what lies between these edges (rendition pixels). What lies more than a picture's
// size outside of the picture is left out. 0 or -ENOMEM.
int vt_cache_prepare(struct vt_slot *slot, const struct vt_painter *p, double x0, double y0, double x1, double y1);

// What to draw into a surface with whose corner stands at (x, y), and the end of that: 0 or -ENOMEM.
struct vt_brush vt_cache_brush(struct vt_painter *p, const struct vt_view *view, cairo_surface_t *surface, double x,
                               double y);
int vt_cache_finish(const struct vt_brush *brush, cairo_surface_t *surface);

// Takes the same layer of another view that is drawn already. False: there is none.
bool vt_cache_share(const struct vt_painter *p, const struct vt_view_layer *layer, struct vt_slot *slot);
