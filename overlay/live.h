// Layers whose pixels depend on the moment: clocks, numbers that roll, tickers. Each draws its slot where it must be
// drawn, and returns 0 or -ENOMEM.
#pragma once

#include "overlay/cache.h"

int vt_live_timer(struct vt_painter *p, const struct vt_view *view, const struct vt_view_layer *layer,
                  struct vt_slot *slot, const struct vt_moment *moment);
int vt_live_number(struct vt_painter *p, const struct vt_view *view, const struct vt_view_layer *layer,
                   struct vt_slot *slot, const struct vt_moment *moment);
int vt_live_ticker(struct vt_painter *p, const struct vt_view *view, const struct vt_view_layer *layer,
                   struct vt_slot *slot, const struct vt_moment *moment);

// What a countdown has left, ns.
int64_t vt_live_left(const struct vt_timer_content *timer, const struct vt_moment *moment);

// How much of a ticker that flips shows, 0..1.
double vt_live_flip_opacity(const struct vt_ticker_content *ticker, const struct vt_moment *moment);

// A crawling ticker's strip is drawn VT_STRIP_MARGIN columns longer than its period and its window, so that what stands between
// two of its columns is never at its end.
#define VT_STRIP_MARGIN 8

int vt_live_window(const struct vt_slot *slot);          // its width, rendition pixels

// The place of the strip at the left edge of its window, from the time since the cue's first frame: VT_PARTS of a pixel,
// within one period.
int64_t vt_live_scrolled(const struct vt_painter *p, const struct vt_view *view, const struct vt_view_layer *layer,
                         const struct vt_slot *slot, const struct vt_moment *moment);
