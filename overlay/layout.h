// Flexbox, the part of it that templates use: rows and columns of one line or several, grow, shrink and basis, gaps,
// percentages, least and most sizes, aspect ratios, baselines, absolute placement. Pure.
//
// Differs from CSS in one thing: an item shrinks down to 0 unless `min-width` or `flex-shrink: 0` holds it, and takes no
// more than the room there is when its size is not given.
#pragma once

#include <math.h>
#include <stdbool.h>

#include "overlay/style.h"

#define VT_LAYOUT_STEPS 200000           // boxes looked at while solving; more is refused

struct vt_extent {
    double width, height;
    double baseline;                     // from the top; NAN: the bottom edge
};

// How large the content of a leaf is when it may be at most `width` wide (NAN: as wide as it likes).
typedef struct vt_extent vt_measure(void *opaque, double width);

#define VT_LAYOUT_CACHE 6

// What a container's solving keeps about one of its items; layout.c's own.
struct vt_flex_item {
    double base, main, cross, wanted;    // border box, along and across the container's direction
    double margin[4];
    double baseline;
    bool frozen;
    bool starts;                         // a line
};

struct vt_box {
    struct vt_style style;
    struct vt_box *first, *next;         // children, siblings
    vt_measure *measure;                 // leaves with content
    void *opaque;
    double x, y, width, height;          // border box, canvas pixels; solved. x, y from the canvas's corner
    double edge[4];                      // border and padding, by enum vt_side; solved
    double baseline;                     // of its first text, from its top; NAN: none

    struct vt_flex_item item;
    struct {
        double key[5];
        struct vt_extent extent;
    } cache[VT_LAYOUT_CACHE];
    int cached;
};

struct vt_layout {
    double width, height;                // canvas
    double scale;                        // canvas pixels a design pixel
    double safe[4];                      // by enum vt_side, canvas pixels
    bool rtl;
    int steps;                           // taken so far
};

// Solves the tree under `root`. Returns 0, or -EFBIG after VT_LAYOUT_STEPS.
int vt_layout_solve(struct vt_layout *layout, struct vt_box *root);
