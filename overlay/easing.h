// CSS easing: `linear`, `ease`, `ease-in`, `ease-out`, `ease-in-out`, `cubic-bezier(x1, y1, x2, y2)`, `steps(n)`,
// `steps(n, start)`. Pure.
#pragma once

#include <stdbool.h>

#define VT_EASING_STEPS 100              // of one easing, at most

struct vt_easing {
    double x1, y1, x2, y2;               // the curve's two handles; x within 0..1
    int steps;                           // 0: the curve; else in so many jumps
    bool start;                          // the first jump is at the beginning, not the last at the end
};

// Returns 0 or -EINVAL (*ret untouched).
int vt_easing_parse(const char *text, struct vt_easing *ret);

// Progress in 0..1 to eased progress; 0 and 1 map to themselves. May leave 0..1 in between (an overshoot).
double vt_ease(const struct vt_easing *easing, double progress);
