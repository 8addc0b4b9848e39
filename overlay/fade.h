// Layers that fade, grow or turn together are drawn as one, so that what lies behind does not show through what covers
// it.
#pragma once

#include "overlay/fill.h"

struct vt_fade {
    uint64_t key;                        // of what it shows
    cairo_surface_t *surface;            // NULL: nothing yet
};

// About a point, in rendition pixels.
struct vt_turn {
    double x, y, scale, degrees;
};

// What stays of layers: rendition pixels, and how far between them all of it stands.
struct vt_cut {
    struct vt_edges edges;
    struct vt_corners corners;
    int part_x, part_y;                  // 0 .. VT_PARTS - 1
};

// Whether some of the layers stand out of it.
bool vt_cut_needed(const struct vt_cut *cut, const struct vt_layer *layers, int count);

// Whether any two of the layers have pixels in common.
bool vt_layers_overlap(const struct vt_layer *layers, int count);

// Draws `layers`, back to front, as one: `ret` (which may be the first of them) borrows the surface, has opacity 1, and
// an id of its own. What moves as one is drawn once and stands between pixels as the layers did. `turn` and `cut` may be NULL. `width` and `height` are the rendition's; what lies more than its size outside
// is left out. Returns 0 or -ENOMEM.
int vt_fade_flatten(struct vt_fade *fade, const struct vt_layer *layers, int count, const struct vt_turn *turn,
                    const struct vt_cut *cut, int width, int height, struct vt_layer *ret);
void vt_fade_free(struct vt_fade *fade);
