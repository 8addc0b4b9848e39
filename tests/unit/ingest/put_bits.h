// Writes bits as the headers of video and sound have them, most significant first.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct bit_writer {
    uint8_t bytes[256];
    int count;
};

static inline void put(struct bit_writer *w, uint32_t v, int bits)
{
    for (int i = bits - 1; i >= 0; i--, w->count++)
        w->bytes[w->count / 8] |= (uint8_t)((v >> i & 1) << (7 - w->count % 8));
}

// Exp-Golomb, unsigned.
static inline void put_ue(struct bit_writer *w, uint32_t v)
{
    int bits = 32 - __builtin_clz(v + 1);
    put(w, 0, bits - 1);
    put(w, v + 1, bits);
}

// As a NAL unit has them: 00 00 0x becomes 00 00 03 0x. Returns the size.
static inline size_t put_escaped(uint8_t out[512], const struct bit_writer *w)
{
    size_t size = 0;
    for (int i = 0, zeros = 0; i < (w->count + 7) / 8; i++) {
        if (zeros == 2 && w->bytes[i] <= 3) {
            out[size++] = 3;
            zeros = 0;
        }
        zeros = w->bytes[i] == 0 ? zeros + 1 : 0;
        out[size++] = w->bytes[i];
    }
    return size;
}
