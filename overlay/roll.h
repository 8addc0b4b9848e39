// Digits that roll from the number that stood there to the one that stands there now.
#pragma once

#include "overlay/paint.h"

// Whether `item` shows another number than `before` (NULL: none) did, in the way that its `change` asks for.
bool vt_changed_from(const struct vt_item *item, const struct vt_item *before);

// Paints the text of `item` with its digits `progress` (0..1) on their way from those of `before`.
void vt_roll_paint(const struct vt_brush *brush, const struct vt_item *item, const struct vt_item *before,
                   double progress);
