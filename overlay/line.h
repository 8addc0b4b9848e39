// A line of items in a container, and lengths: layout.c's own tools. NAN stands for "not known".
#pragma once

#include "overlay/layout.h"

// One line of items in a container; or all of its items, before they are broken into lines.
struct vt_line {
    struct vt_box *container;
    bool row;
    double inner_width, inner_height;    // content box of the container
    double most_width;                   // the same as a limit, when inner_width is not known
    double base_height;                  // what percentages of height are of: NAN where content decides it
    double gap, cross_gap;
    struct vt_box *first, *end;          // items, in flow; the one behind the last
    int count;
    double cross;                        // across: its size, if it is known, and its place
    double at;
};

static inline struct vt_box *vt_in_flow(struct vt_box *box)
{
    while (box && box->style.position != 0)
        box = box->next;
    return box;
}

#define VT_EACH_ITEM(box, line) \
    for (struct vt_box *box = (line)->first; box != (line)->end; box = vt_in_flow(box->next))

static inline double vt_margin_main(const struct vt_line *line, const struct vt_box *box)
{
    const double *margin = box->item.margin;
    return line->row ? margin[VT_LEFT] + margin[VT_RIGHT] : margin[VT_TOP] + margin[VT_BOTTOM];
}

static inline double vt_margin_cross(const struct vt_line *line, const struct vt_box *box)
{
    const double *margin = box->item.margin;
    return line->row ? margin[VT_TOP] + margin[VT_BOTTOM] : margin[VT_LEFT] + margin[VT_RIGHT];
}

static inline double vt_above_zero(double value)
{
    return value < 0 ? 0 : value;        // NAN stays
}

// In canvas pixels; `base` is what percentages are of.
double vt_length_of(const struct vt_layout *layout, struct vt_length length, double base);
double vt_length_or_zero(const struct vt_layout *layout, struct vt_length length, double base);

// Border and padding of two opposite sides.
double vt_edges_size(const struct vt_layout *l, const struct vt_box *box, enum vt_side a, enum vt_side b, double base);

// Between a box's least and most size; none is smaller than its border and padding.
double vt_clamp_width(const struct vt_layout *l, const struct vt_box *box, double value, double base);
double vt_clamp_height(const struct vt_layout *l, const struct vt_box *box, double value, double base);
double vt_clamp_main(const struct vt_layout *l, const struct vt_line *line, const struct vt_box *box, double value);

// The sizes of all items along the line, with their margins and gaps.
double vt_line_sum(const struct vt_line *line);

// Resolves flexible lengths as CSS does: the items share what `inner` leaves, or what it lacks.
void vt_line_flex(const struct vt_layout *l, const struct vt_line *line, double inner);
