#include "ingest/bits.h"

struct vt_bits vt_bits(const uint8_t *data, size_t size, bool escaped)
{
    return (struct vt_bits){.at = data, .left = size, .escaped = escaped};
}

static void next_byte(struct vt_bits *b)
{
    b->zeros = *b->at == 0 ? b->zeros + 1 : 0;
    b->at++;
    b->left--;
    b->bit = 0;
    if (b->escaped && b->zeros >= 2 && b->left > 0 && *b->at == 3) {
        b->at++;
        b->left--;
        b->zeros = 0;
    }
}

static uint32_t read_bit(struct vt_bits *b)
{
    if (b->failed || b->left == 0) {
        b->failed = true;
        return 0;
    }
    uint32_t v = *b->at >> (7 - b->bit) & 1;
    if (++b->bit == 8)
        next_byte(b);
    return v;
}

uint32_t vt_bits_read(struct vt_bits *b, int count)
{
    uint32_t v = 0;
    for (int i = 0; i < count; i++)
        v = v << 1 | read_bit(b);
    return b->failed ? 0 : v;
}

uint32_t vt_bits_ue(struct vt_bits *b)
{
    int zeros = 0;
    while (!b->failed && read_bit(b) == 0) {
        if (++zeros == 32)
            b->failed = true;
    }
    if (b->failed)
        return 0;
    uint32_t rest = vt_bits_read(b, zeros);
    return b->failed ? 0 : (uint32_t)((UINT64_C(1) << zeros) - 1 + rest);
}

int32_t vt_bits_se(struct vt_bits *b)
{
    uint32_t v = vt_bits_ue(b);
    return v & 1 ? (int32_t)(v / 2 + 1) : -(int32_t)(v / 2);
}
