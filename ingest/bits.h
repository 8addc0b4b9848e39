// A bit cursor over a NAL unit's payload or another bit string, after the manner of vt_reader: sticky error, zeros
// past the end. Pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vt_bits {
    const uint8_t *at;
    size_t left;                         // bytes, the current one included
    int bit;                             // of the current byte, read so far
    int zeros;                           // zero bytes just passed
    bool escaped;                        // 00 00 03 stands for 00 00 (H.264, HEVC)
    bool failed;
};

struct vt_bits vt_bits(const uint8_t *data, size_t size, bool escaped);
uint32_t vt_bits_read(struct vt_bits *b, int count);     // 0..32 bits
uint32_t vt_bits_ue(struct vt_bits *b);                  // Exp-Golomb, at most 2^32 - 2
int32_t vt_bits_se(struct vt_bits *b);
