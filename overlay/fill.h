// Painting boxes with cairo: backgrounds, gradients, borders, pictures in nine parts, shadows. One thread at a time.
#pragma once

#include "overlay/paint.h"

struct vt_edges {
    double x0, y0, x1, y1;               // surface pixels, whole
};

struct vt_corners {
    double radius[4];                    // top left, then clockwise; surface pixels
};

void vt_set_colour(cairo_t *cr, struct vt_colour4 colour, double opacity);

// A place in `room`, surface pixels; `scale` of them are a px.
double vt_place(struct vt_length place, double room, double scale);

// A box on whole pixels: at most half a pixel from where it was solved.
struct vt_edges vt_snap(const struct vt_brush *brush, double x, double y, double width, double height);

// The corners of an item whose border box is drawn at `edges`: never larger than it has room for.
struct vt_corners vt_corners_of(const struct vt_brush *brush, const struct vt_item *item, const struct vt_edges *edges);

// What stays of the things in a box that cuts off what stands out of it: its padding box.
struct vt_edges vt_inside_of(const struct vt_brush *brush, const struct vt_item *item, struct vt_corners *ret_corners);
void vt_round_path(cairo_t *cr, struct vt_edges edges, struct vt_corners corners);

void vt_fill_background(const struct vt_brush *brush, const struct vt_item *item, struct vt_edges edges,
                        struct vt_corners corners, double opacity);
void vt_fill_border(const struct vt_brush *brush, const struct vt_item *item, struct vt_edges edges,
                    struct vt_corners corners, double opacity);
void vt_fill_nine(const struct vt_brush *brush, const struct vt_item *item, struct vt_edges edges, double opacity);
void vt_fill_shadow(const struct vt_brush *brush, const struct vt_item *item, struct vt_edges edges,
                    struct vt_corners corners, double opacity);

// An A8 surface, empty; NULL: too large, or nothing of it.
cairo_surface_t *vt_mask_new(double width, double height);

// As a shadow of that blur (surface pixels) is soft; it reaches 1.5 × as far.
void vt_mask_blur(cairo_surface_t *mask, double blur);
