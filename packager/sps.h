// What a sequence parameter set tells a container: colours, shape of samples, reordering. Pure. ISO/IEC 14496-10 §7.3.2.1,
// §E.1.1.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VT_SPS_REORDER_MAX 16                // frames; the largest decoded picture buffer

struct vt_sps {
    bool coloured;                           // what follows is said by the stream (ISO/IEC 23091-2's numbers)
    uint8_t primaries, transfer, matrix;
    bool full_range;
    uint32_t sar_width, sar_height;          // 1, 1 where nothing is said
    int reorder;                             // frames that may come before one that is shown earlier; -1: not said
};

// Reads the NAL unit (with its header byte). Returns 0, or -EINVAL if it is damaged.
int vt_sps_read(const uint8_t *nal, size_t size, struct vt_sps *ret);

// The same of the first set in an avcC (ISO/IEC 14496-15 §5.3.3.1).
int vt_sps_of_avcc(const uint8_t *avcc, size_t size, struct vt_sps *ret);
