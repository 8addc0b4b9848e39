// Places between whole pixels, so that slow motion is smooth: sixteenths of a pixel, to the right and down.
//
// What is moved by a part of a pixel is filtered each way with a cubic kernel (Catmull-Rom) over the four nearest pixels:
// its weights keep the level, move the centre by exactly their sixteenths, and leave text sharp. Pure.
#pragma once

#include <cairo.h>
#include <stdint.h>

#include "overlay/overlay.h"

// The weights, in sixty-fourths, of the pixels two before, one before, here and one after for a move by `part`, 0 to
// VT_PARTS - 1. None is below -5 or above 64.
void vt_shift_weights(int part, int8_t ret[4]);

#define VT_SHIFT_REACH 2                 // pixels by which what stands between others may reach out, each way

// Paints a layer where it stands.
void vt_shift_paint(cairo_t *cr, const struct vt_layer *layer);
