// ISO BMFF boxes: a box is begun, filled and ended, which patches its size. ISO/IEC 14496-12 §4.2.
#pragma once

#include "base/bytes.h"

// Both return where the box starts, for vt_box_end.
size_t vt_box(struct vt_writer *w, const char type[4]);
size_t vt_full_box(struct vt_writer *w, const char type[4], uint8_t version, uint32_t flags);
void vt_box_end(struct vt_writer *w, size_t start);

void vt_write_zeros(struct vt_writer *w, size_t count);
