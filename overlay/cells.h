// The cells of a clock: where each of its digits stands, and what to draw anew when some of them change, so that a tick
// costs a digit and not all of them. Pure.
#pragma once

#include "overlay/view.h"

struct vt_cell {
    const struct vt_shaped *glyph;
    double x;                            // canvas pixels
};

// Whole pixels of a rendition, from x0 up to x1.
struct vt_columns {
    double x0, x1;
};

// How cells look: `sx` rendition pixels a canvas pixel, `scale` canvas pixels a design pixel.
struct vt_cell_look {
    const struct vt_text_style *style;
    double sx, scale;
};

// The cells of `text`, which begins at x, and their count; of "", the text at zero.
int vt_cells_of(const struct vt_timer_content *timer, const char *text, double x, struct vt_cell ret[VT_TIMER_TEXT]);

// Whether a cell, or what stands behind it, shows in these columns.
bool vt_cell_shows(const struct vt_cell_look *look, const struct vt_cell *cell, const struct vt_columns *columns);

// The columns outside of which the same picture stands when `now` replaces `then`. Their edges cut through no glyph, and
// no outline of one, so that what is drawn within them alone is what a drawing of all has there. False: that is not known.
bool vt_cells_changed(const struct vt_cell_look *look, const struct vt_cell *then, const struct vt_cell *now, int count,
                      struct vt_columns *ret);
