#include "check.h"

#include <errno.h>

#include "ingest/nal_units.h"

#define LENGTH_SIZE(bytes, announced) vt_nal_length_size((const uint8_t *)(bytes), sizeof(bytes) - 1, announced)

TEST(tells_how_units_are_framed)
{
    REQUIRE_INT(LENGTH_SIZE("\0\0\0\2\x65\x88", 4), 4);
    REQUIRE_INT(LENGTH_SIZE("\0\0\0\0\0\0\0\1\x65", 4), 4);         // an empty one first
    REQUIRE_INT(LENGTH_SIZE("", 4), 4);
    REQUIRE_INT(LENGTH_SIZE("\2\x65\x88", 1), 1);
    REQUIRE_INT(LENGTH_SIZE("\0\2\x65\x88", 2), 2);
    REQUIRE_INT(LENGTH_SIZE("\0\0\0\1\x65\x88\x84", 4), 0);
    REQUIRE_INT(LENGTH_SIZE("\0\0\1\x65\x88", 4), 0);
    REQUIRE_INT(LENGTH_SIZE("\0\0\0\5\x65\x88", 4), -EINVAL);
    REQUIRE_INT(LENGTH_SIZE("\xff", 4), -EINVAL);
    REQUIRE_INT(LENGTH_SIZE("\xff\xff\xff\xff\0\0\1\x65", 4), -EINVAL);
    REQUIRE_INT(LENGTH_SIZE("anything", 0), 0);
}

// The units as text: "65 88|41", with "!" if one was cut short.
static const char *walk(const void *bytes, size_t size, int length_size)
{
    static char text[256];
    struct vt_nal_walk w = vt_nal_walk(bytes, size, length_size);
    struct vt_nal nal;
    int at = 0;
    text[0] = 0;
    while (vt_nal_next(&w, &nal)) {
        at += snprintf(text + at, sizeof text - (size_t)at, "%s", at ? "|" : "");
        for (size_t i = 0; i < nal.size; i++)
            at += snprintf(text + at, sizeof text - (size_t)at, "%s%02x", i ? " " : "", nal.data[i]);
    }
    if (w.r.failed)
        snprintf(text + at, sizeof text - (size_t)at, "!");
    return text;
}

#define WALK(bytes, length_size) walk(bytes, sizeof(bytes) - 1, length_size)

TEST(goes_through_lengths)
{
    REQUIRE_TEXT(WALK("\0\0\0\2\x65\x88\0\0\0\1\x41", 4), "65 88|41");
    REQUIRE_TEXT(WALK("\0\0\0\0\0\0\0\1\x41\0\0\0\0", 4), "41");
    REQUIRE_TEXT(WALK("\2\x65\x88\1\x41", 1), "65 88|41");
    REQUIRE_TEXT(WALK("\0\1\x65\0\2\x41", 2), "65!");
    REQUIRE_TEXT(WALK("\0\0\1\x65\0\0", 3), "65!");
    REQUIRE_TEXT(WALK("\xff\xff\xff\xff\x65", 4), "!");
    REQUIRE_TEXT(WALK("", 4), "");
}

TEST(goes_through_start_codes)
{
    REQUIRE_TEXT(WALK("\0\0\0\1\x65\x88\0\0\0\1\x41\0\0\1\x42", 0), "65 88|41|42");
    REQUIRE_TEXT(WALK("xyz\0\0\1\x65\1\0\1", 0), "65 01 00 01");
    REQUIRE_TEXT(WALK("\0\0\1\0\0\1\x65", 0), "65");
    REQUIRE_TEXT(WALK("\0\0\1", 0), "");
    REQUIRE_TEXT(WALK("nothing", 0), "");
    REQUIRE_TEXT(WALK("", 0), "");
    REQUIRE_TEXT(WALK("\0\0\1\x65\0\0", 0), "65 00 00");
}

TEST(tells_what_units_are_for)
{
    static const struct { uint8_t avc, hevc; enum vt_nal_use use; } rows[] = {
        {0x67, 33 << 1, VT_NAL_SPS},     {0x06, 39 << 1, VT_NAL_SEI},     {0x26, 40 << 1, VT_NAL_SEI},
        {0x09, 35 << 1, VT_NAL_PADDING}, {0x0c, 38 << 1, VT_NAL_PADDING}, {0x65, 19 << 1, VT_NAL_PICTURE},
        {0x68, 34 << 1, VT_NAL_PICTURE}, {0x41, 1 << 1, VT_NAL_PICTURE},  {0x0a, 36 << 1, VT_NAL_PICTURE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        REQUIRE_INT(vt_nal_use(&(struct vt_nal){&rows[i].avc, 1}, false), rows[i].use);
        REQUIRE_INT(vt_nal_use(&(struct vt_nal){&rows[i].hevc, 1}, true), rows[i].use);
    }
}

int main(void)
{
    RUN(tells_how_units_are_framed);
    RUN(goes_through_lengths);
    RUN(goes_through_start_codes);
    RUN(tells_what_units_are_for);
    return DONE();
}
