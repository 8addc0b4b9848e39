// Rewrites an 8-bit 4:2:0 picture, limited range and left-sited, from another matrix to BT.709's, in place.
#pragma once

#include "studio/sprite.h"

// `matrix` in the numbers of H.273: 5, 6 (BT.601), 9, 10 (BT.2020), 4 (FCC), 7 (SMPTE 240M). Returns false, and
// changes nothing, for BT.709 and for what it does not know.
bool vt_matrix_to_709(const struct vt_planes *picture, int matrix);
