#include "packager/sps.h"

#include <errno.h>

#include "base/bytes.h"

// Bits of a NAL unit; emulation prevention bytes are left out. Past the end it reads zeros and has failed.
struct bits {
    const uint8_t *data;
    size_t size, at;
    int zeros;                               // zero bytes right before `at`
    unsigned left;                           // bits of `byte` still to be read
    uint8_t byte;
    bool failed;
};

static void next_byte(struct bits *b)
{
    if (b->at < b->size && b->zeros >= 2 && b->data[b->at] == 3) {
        b->at++;
        b->zeros = 0;
    }
    b->failed |= b->at >= b->size;
    b->byte = b->failed ? 0 : b->data[b->at++];
    b->zeros = b->byte == 0 ? b->zeros + 1 : 0;
    b->left = 8;
}

static uint32_t read_bits(struct bits *b, int count)
{
    uint32_t value = 0;
    for (; count > 0; count--) {
        if (b->left == 0)
            next_byte(b);
        value = value << 1 | (b->byte >> --b->left & 1);
    }
    return value;
}

static bool read_flag(struct bits *b)
{
    return read_bits(b, 1);
}

// ue(v), §9.1.
static uint32_t read_ue(struct bits *b)
{
    int zeros = 0;
    while (!b->failed && zeros < 32 && !read_flag(b))
        zeros++;
    b->failed |= zeros >= 32;
    return b->failed ? 0 : (UINT32_C(1) << zeros) - 1 + read_bits(b, zeros);
}

static int32_t read_se(struct bits *b)
{
    uint32_t v = read_ue(b);
    return v & 1 ? (int32_t)(v / 2 + 1) : -(int32_t)(v / 2);
}

static void skip_scaling_list(struct bits *b, int count)
{
    int last = 8, next = 8;
    for (int i = 0; i < count && next != 0 && !b->failed; i++) {
        next = (last + read_se(b) + 256) & 255;
        last = next != 0 ? next : last;
    }
}

static bool has_chroma_format(uint32_t profile)
{
    static const uint8_t profiles[] = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};
    for (size_t i = 0; i < sizeof profiles; i++)
        if (profiles[i] == profile)
            return true;
    return false;
}

static void skip_chroma_format(struct bits *b)
{
    uint32_t chroma = read_ue(b);
    if (chroma == 3)
        (void)read_flag(b);
    (void)read_ue(b);
    (void)read_ue(b);
    (void)read_flag(b);
    if (!read_flag(b))
        return;
    for (int i = 0; i < (chroma == 3 ? 12 : 8); i++)
        if (read_flag(b))
            skip_scaling_list(b, i < 6 ? 16 : 64);
}

static void skip_order_count(struct bits *b)
{
    uint32_t type = read_ue(b);
    if (type == 0)
        (void)read_ue(b);
    if (type != 1)
        return;
    (void)read_flag(b);
    (void)read_se(b);
    (void)read_se(b);
    uint32_t count = read_ue(b);
    b->failed |= count > 255;
    for (uint32_t i = 0; i < count && !b->failed; i++)
        (void)read_se(b);
}

static void skip_frame(struct bits *b)
{
    (void)read_ue(b);                        // reference frames
    (void)read_flag(b);
    (void)read_ue(b);                        // size
    (void)read_ue(b);
    if (!read_flag(b))
        (void)read_flag(b);
    (void)read_flag(b);
    if (read_flag(b))
        for (int i = 0; i < 4; i++)          // cropping
            (void)read_ue(b);
}

// Table E-1.
static void read_aspect(struct bits *b, struct vt_sps *sps)
{
    static const uint8_t known[17][2] = {{1, 1}, {1, 1}, {12, 11}, {10, 11}, {16, 11}, {40, 33}, {24, 11}, {20, 11},
                                         {32, 11}, {80, 33}, {18, 11}, {15, 11}, {64, 33}, {160, 99}, {4, 3}, {3, 2},
                                         {2, 1}};
    uint32_t idc = read_bits(b, 8), width = 1, height = 1;
    if (idc < 17) {
        width = known[idc][0];
        height = known[idc][1];
    } else if (idc == 255) {
        width = read_bits(b, 16);
        height = read_bits(b, 16);
    }
    if (width > 0 && height > 0) {
        sps->sar_width = width;
        sps->sar_height = height;
    }
}

static void read_signal(struct bits *b, struct vt_sps *sps)
{
    (void)read_bits(b, 3);
    sps->full_range = read_flag(b);
    if (!read_flag(b))
        return;
    sps->coloured = true;
    sps->primaries = (uint8_t)read_bits(b, 8);
    sps->transfer = (uint8_t)read_bits(b, 8);
    sps->matrix = (uint8_t)read_bits(b, 8);
}

static void skip_hrd(struct bits *b)
{
    uint32_t count = read_ue(b);
    b->failed |= count > 31;
    (void)read_bits(b, 8);
    for (uint32_t i = 0; i <= count && !b->failed; i++) {
        (void)read_ue(b);
        (void)read_ue(b);
        (void)read_flag(b);
    }
    (void)read_bits(b, 20);
}

static void read_restriction(struct bits *b, struct vt_sps *sps)
{
    (void)read_flag(b);
    for (int i = 0; i < 4; i++)
        (void)read_ue(b);
    uint32_t reorder = read_ue(b);
    b->failed |= reorder > VT_SPS_REORDER_MAX;
    sps->reorder = (int)reorder;
}

static void read_vui(struct bits *b, struct vt_sps *sps)
{
    if (read_flag(b))
        read_aspect(b, sps);
    if (read_flag(b))
        (void)read_flag(b);                  // overscan
    if (read_flag(b))
        read_signal(b, sps);
    if (read_flag(b)) {                      // chroma sites
        (void)read_ue(b);
        (void)read_ue(b);
    }
    if (read_flag(b)) {                      // timing
        (void)read_bits(b, 32);
        (void)read_bits(b, 32);
        (void)read_flag(b);
    }
    bool nal = read_flag(b);
    if (nal)
        skip_hrd(b);
    bool vcl = read_flag(b);
    if (vcl)
        skip_hrd(b);
    if (nal || vcl)
        (void)read_flag(b);
    (void)read_flag(b);
    if (read_flag(b))
        read_restriction(b, sps);
}

int vt_sps_read(const uint8_t *nal, size_t size, struct vt_sps *ret)
{
    struct vt_sps sps = {.sar_width = 1, .sar_height = 1, .reorder = -1};
    if (size < 4 || (nal[0] & 31) != 7)
        return -EINVAL;
    struct bits b = {.data = nal + 1, .size = size - 1};
    uint32_t profile = read_bits(&b, 8);
    (void)read_bits(&b, 16);
    (void)read_ue(&b);
    if (has_chroma_format(profile))
        skip_chroma_format(&b);
    (void)read_ue(&b);
    skip_order_count(&b);
    skip_frame(&b);
    if (read_flag(&b))
        read_vui(&b, &sps);
    if (b.failed)
        return -EINVAL;
    *ret = sps;
    return 0;
}

int vt_sps_of_avcc(const uint8_t *avcc, size_t size, struct vt_sps *ret)
{
    struct vt_reader r = vt_reader(avcc, size);
    vt_read_skip(&r, 5);
    if ((vt_read_u8(&r) & 31) == 0)
        return -EINVAL;
    size_t length = vt_read_u16be(&r);
    const uint8_t *nal = vt_read_bytes(&r, length);
    return nal && !r.failed ? vt_sps_read(nal, length, ret) : -EINVAL;
}
