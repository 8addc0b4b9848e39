#include "check.h"

#include <errno.h>

#include "ingest/codec_config.h"
#include "put_bits.h"

static const char *why;
static int width, height;

static int vp8(const void *bytes, size_t size)
{
    width = height = -1;
    return vt_vp8_frame_parse(&width, &height, bytes, size, &why);
}

static int vp9(const void *bytes, size_t size)
{
    width = height = -1;
    return vt_vp9_frame_parse(&width, &height, bytes, size, &why);
}

TEST(reads_the_size_of_a_vp8_key_frame)
{
    uint8_t frame[] = {0x10, 2, 0, 0x9d, 1, 0x2a, 0x40, 1, 0xb4, 0x40};
    REQUIRE_INT(vp8(frame, sizeof frame), 0);
    REQUIRE(width == 320 && height == 180);              // the upper bits are a scale
    for (size_t size = 0; size < sizeof frame; size++)
        REQUIRE_INT(vp8(frame, size), -EINVAL);
    frame[3] = 0;
    REQUIRE_INT(vp8(frame, sizeof frame), -EINVAL);
    frame[0] = 0x11;                                     // no key frame
    REQUIRE_INT(vp8(frame, 3), 0);
    REQUIRE(width == 0 && height == 0);
    memcpy(frame, (uint8_t[]){0x10, 2, 0, 0x9d, 1, 0x2a, 0, 0x10, 0, 9}, sizeof frame);
    REQUIRE_INT(vp8(frame, sizeof frame), 0);            // 4096x2304
    frame[8] = 1;
    REQUIRE_INT(vp8(frame, sizeof frame), -ERANGE);
    memcpy(frame + 6, (uint8_t[]){1, 0x10, 16, 0}, 4);
    REQUIRE_INT(vp8(frame, sizeof frame), -ERANGE);
}

struct head {
    uint32_t profile;
    bool inter, hidden, intra, resilient, rgb;
    int refers;                          // inter: which reference has the size; 0 none
    uint32_t width, height;
};

static struct bit_writer vp9_frame(struct head h)
{
    struct bit_writer w = {0};
    put(&w, 2, 2);
    put(&w, h.profile & 1, 1);
    put(&w, h.profile >> 1, 1);
    put(&w, 0, h.profile == 3 ? 2 : 1);
    put(&w, h.inter, 1);
    put(&w, !h.hidden, 1);
    put(&w, h.resilient, 1);
    if (h.inter && h.hidden)
        put(&w, h.intra, 1);
    if (h.inter && !h.resilient)
        put(&w, 3, 2);
    if (!h.inter || h.intra)
        put(&w, 0x498342, 24);
    if (!h.inter || (h.intra && h.profile > 0)) {
        put(&w, 1, h.profile >= 2 ? 1 : 0);
        put(&w, h.rgb ? 7 : 2, 3);
        put(&w, 0, h.rgb ? 0 : 1);
        put(&w, 0, !(h.profile & 1) ? 0 : h.rgb ? 1 : 3);
    }
    if (h.inter)
        put(&w, 0xff, 8);
    if (h.inter && !h.intra) {
        put(&w, 0xfff, 12);
        for (int i = 1; i <= 3 && (!h.refers || i <= h.refers); i++)
            put(&w, i == h.refers, 1);
    }
    put(&w, h.width - 1, 16);
    put(&w, h.height - 1, 16);
    return w;
}

static int head(struct head h)
{
    struct bit_writer w = vp9_frame(h);
    return vp9(w.bytes, (size_t)(w.count + 7) / 8 + 1);      // the last byte must not look like an index
}

#define HEAD(...) head((struct head){__VA_ARGS__})

TEST(reads_the_size_of_vp9_frames)
{
    for (uint32_t profile = 0; profile < 4; profile++) {
        REQUIRE_INT(HEAD(.profile = profile, .width = 320, .height = 180), 0);
        REQUIRE(width == 320 && height == 180);
        REQUIRE_INT(HEAD(.profile = profile, .inter = true, .hidden = true, .intra = true, .width = 640, .height = 360), 0);
        REQUIRE(width == 640 && height == 360);
    }
    REQUIRE_INT(HEAD(.profile = 1, .rgb = true, .width = 320, .height = 180), 0);
    REQUIRE(width == 320 && height == 180);
    REQUIRE_INT(HEAD(.inter = true, .width = 322, .height = 182), 0);
    REQUIRE(width == 322 && height == 182);
    REQUIRE_INT(HEAD(.inter = true, .resilient = true, .width = 322, .height = 182), 0);
    REQUIRE(width == 322 && height == 182);
    for (int i = 1; i <= 3; i++) {
        REQUIRE_INT(HEAD(.inter = true, .refers = i, .width = 1, .height = 1), 0);
        REQUIRE(width == 0 && height == 0);
    }
    REQUIRE_INT(vp9("\x88", 1), 0);                      // shown again
    REQUIRE_INT(width, 0);
}

TEST(vp9_sizes_are_bounded)
{
    REQUIRE_INT(HEAD(.width = VT_VIDEO_WIDTH_MAX, .height = 2304), 0);
    REQUIRE_INT(HEAD(.width = VT_VIDEO_WIDTH_MAX, .height = 2305), -ERANGE);
    REQUIRE_INT(HEAD(.width = VT_VIDEO_WIDTH_MAX + 1, .height = 2), -ERANGE);
    REQUIRE_INT(HEAD(.inter = true, .width = 2, .height = VT_VIDEO_HEIGHT_MAX + 1), -ERANGE);
    REQUIRE_INT(HEAD(.width = 65536, .height = 65536), -ERANGE);
}

TEST(broken_vp9_frames_are_refused)
{
    struct bit_writer w = vp9_frame((struct head){.width = 320, .height = 180});
    for (size_t size = 0; size < (size_t)(w.count + 7) / 8; size++)
        REQUIRE_INT(vp9(w.bytes, size), -EINVAL);
    w.bytes[2] ^= 0xff;                                  // sync code
    REQUIRE_INT(vp9(w.bytes, sizeof w.bytes), -EINVAL);
    REQUIRE_INT(vp9("\x00\x00\x00\x00", 4), -EINVAL);
}

TEST(goes_through_a_vp9_superframe)
{
    struct bit_writer big = vp9_frame((struct head){.width = 4098, .height = 180});
    struct bit_writer small = vp9_frame((struct head){.inter = true, .refers = 1, .width = 1, .height = 1});
    struct bit_writer fine = vp9_frame((struct head){.width = 320, .height = 180});
    uint8_t super[128], mark = 0xc0 | 1 << 3 | 1;        // two frames, sizes of two bytes
    memcpy(super, fine.bytes, 20);
    memcpy(super + 20, small.bytes, 20);
    memcpy(super + 40, (uint8_t[]){mark, 20, 0, 20, 0, mark}, 6);
    REQUIRE_INT(vp9(super, 46), 0);
    REQUIRE(width == 320 && height == 180);
    memcpy(super + 20, big.bytes, 20);
    REQUIRE_INT(vp9(super, 46), -ERANGE);
    super[43] = 0;                                       // an empty frame
    REQUIRE_INT(vp9(super, 46), 0);
    super[43] = 200;                                     // longer than there is
    REQUIRE_INT(vp9(super, 46), -EINVAL);
    super[40] = 0;                                       // no index after all: one frame
    REQUIRE_INT(vp9(super, 46), 0);
}

int main(void)
{
    RUN(reads_the_size_of_a_vp8_key_frame);
    RUN(reads_the_size_of_vp9_frames);
    RUN(vp9_sizes_are_bounded);
    RUN(broken_vp9_frames_are_refused);
    RUN(goes_through_a_vp9_superframe);
    return DONE();
}
