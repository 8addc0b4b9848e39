// Where a source lands on a rendition. Pure.
#pragma once

#include <stdint.h>

#include "base/options.h"

struct vt_rect {
    int x, y, width, height;
};

struct vt_fit_params {
    struct vt_size source;
    int sar_num, sar_den;                // sample aspect ratio of the source; not positive: square
    struct vt_size size, canvas;         // of the rendition; whose shape it shows
};

// The largest part of the rendition that shows all of the source in its shape: centred, even, at least 2 × 2. Bars
// thinner than a hundredth of the rendition are left out.
struct vt_rect vt_fit_contain(const struct vt_fit_params *params);

// The largest part of the source that fills the rendition in its shape: centred, on even columns and rows.
struct vt_rect vt_fit_cover(const struct vt_fit_params *params);
