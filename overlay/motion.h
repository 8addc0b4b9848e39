// Entry and exit of nodes: keyframes of opacity and place over time. Pure.
#pragma once

#include "overlay/template.h"

struct vt_pose {
    double opacity;                      // 0..1
    double x, y;                         // moved by, canvas pixels
    double scale, turn;                  // about the node's middle; degrees, clockwise
    bool has_colour, has_background;
    struct vt_colour4 colour, background;
};

#define VT_POSE_REST ((struct vt_pose){ .opacity = 1, .scale = 1 })

// Whether a calm picture leaves a motion out; `all`: what the template's `reduced` says of such motions.
static inline bool vt_motion_cut(enum vt_calm calm, bool all)
{
    return calm == VT_CALM_CUT || (calm == VT_CALM_AS_TEMPLATE && all);
}

// The pose of a motion `progress` (0..1) into its time; `width` and `height` are what percentages are of, `scale`
// canvas pixels a design pixel.
struct vt_pose vt_motion_pose(const struct vt_motion *motion, double progress, double width, double height,
                              double scale);
