// Entry and exit of nodes: keyframes of opacity and place over time. Pure.
#pragma once

#include "overlay/template.h"

struct vt_pose {
    double opacity;                      // 0..1
    double x, y;                         // moved by, canvas pixels
};

// The pose of a motion `progress` (0..1) into its time; `width` and `height` are what percentages are of, `scale`
// canvas pixels a design pixel.
struct vt_pose vt_motion_pose(const struct vt_motion *motion, double progress, double width, double height,
                              double scale);
