#include "check.h"

#include <errno.h>

#include "ingest/codec_config.h"
#include "put_bits.h"

static const char *why;

// What x265 writes for 320x180: VPS, SPS, PPS.
static const uint8_t hvcc[] = {
    0x01, 0x01, 0x60, 0x00, 0x00, 0x00, 0x90, 0x00, 0x00, 0x00, 0x00, 0x00, 0x3c, 0xf0, 0x00, 0xfc, 0xfd, 0xf8,
    0xf8, 0x00, 0x00, 0x0f, 0x03, 0x20, 0x00, 0x01, 0x00, 0x18, 0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x01, 0x60,
    0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x3c, 0x95, 0x94, 0x09, 0x21, 0x00,
    0x01, 0x00, 0x2b, 0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00,
    0x03, 0x00, 0x3c, 0xa0, 0x0a, 0x08, 0x0c, 0x1f, 0x3e, 0x59, 0x59, 0x52, 0x93, 0x0b, 0xc0, 0x5a, 0x02, 0x00,
    0x00, 0x03, 0x00, 0x02, 0x00, 0x00, 0x03, 0x00, 0x32, 0x10, 0x22, 0x00, 0x01, 0x00, 0x06, 0x44, 0x01, 0xc0,
    0x73, 0xc1, 0x89,
};

TEST(reads_an_hvcc_record)
{
    struct vt_hevc_config c;
    REQUIRE_INT(vt_hevc_config_parse(&c, hvcc, sizeof hvcc, &why), 0);
    REQUIRE(c.width == 320 && c.height == 180 && c.profile == 1 && c.level == 60);
    REQUIRE(c.nal_length_size == 4 && c.parameter_sets == 3 && c.bit_depth == 8 && c.chroma_format == 1);
    for (size_t size = 0; size < sizeof hvcc; size++)
        REQUIRE_INT(vt_hevc_config_parse(&c, hvcc, size, &why), -EINVAL);
    uint8_t record[sizeof hvcc];
    memcpy(record, hvcc, sizeof hvcc);
    record[0] = 2;
    REQUIRE_INT(vt_hevc_config_parse(&c, record, sizeof record, &why), -EINVAL);
    record[0] = 1, record[21] = 2;                               // lengths of three bytes
    REQUIRE_INT(vt_hevc_config_parse(&c, record, sizeof record, &why), -EINVAL);
    record[21] = 0, record[22] = 0;                              // no parameter sets
    REQUIRE_INT(vt_hevc_config_parse(&c, record, sizeof record, &why), 0);
    REQUIRE(c.nal_length_size == 1 && c.width == 0);
}

struct hevc_sps {
    uint32_t sub_layers, chroma, width, height, crop, depth, kept;
};

static int hevc(struct hevc_sps sps, struct vt_hevc_config *config)
{
    struct bit_writer w = {0};
    put(&w, 0x4201, 16);
    put(&w, 0, 4);
    put(&w, sps.sub_layers, 3);
    put(&w, 1, 1);
    put(&w, 2, 8);
    for (int i = 0; i < 10; i++)
        put(&w, 0xff, 8);
    put(&w, 93, 8);
    for (uint32_t i = 0; i < sps.sub_layers; i++)                // each with profile and level
        put(&w, 3, 2);
    for (uint32_t i = sps.sub_layers; sps.sub_layers && i < 8; i++)
        put(&w, 0, 2);
    for (uint32_t i = 0; i < sps.sub_layers * 12 && i < 72; i++)
        put(&w, 0xff, 8);
    put_ue(&w, 0);
    put_ue(&w, sps.chroma);
    if (sps.chroma == 3)
        put(&w, 0, 1);
    put_ue(&w, sps.width);
    put_ue(&w, sps.height);
    put(&w, sps.crop > 0, 1);
    if (sps.crop) {
        put_ue(&w, 0);
        put_ue(&w, sps.crop);
        put_ue(&w, 0);
        put_ue(&w, sps.crop);
    }
    put_ue(&w, sps.depth);
    put_ue(&w, sps.depth);
    put_ue(&w, 4);
    put(&w, sps.kept > 0, 1);
    for (uint32_t i = sps.kept ? 0 : sps.sub_layers; i <= sps.sub_layers && i < 8; i++) {
        put_ue(&w, i < sps.sub_layers || sps.kept == 0 ? 4 : sps.kept - 1);
        put_ue(&w, 2);
        put_ue(&w, 0);
    }
    put(&w, 1, 1);
    uint8_t unit[512];
    return vt_hevc_sps_parse(config, unit, put_escaped(unit, &w), &why);
}

#define HEVC(config, ...) hevc((struct hevc_sps){__VA_ARGS__}, config)

TEST(reads_every_part_of_a_hevc_sps)
{
    struct vt_hevc_config c;
    REQUIRE_INT(HEVC(&c, 0, 1, 1920, 1088, 4, 2), 0);
    REQUIRE(c.width == 1912 && c.height == 1080 && c.bit_depth == 10 && c.level == 93 && c.profile == 2);
    REQUIRE_INT(HEVC(&c, 6, 1, 1280, 720, 0, 0), 0);
    REQUIRE(c.width == 1280 && c.height == 720 && c.bit_depth == 8);
    REQUIRE_INT(HEVC(&c, 0, 3, 1280, 720, 4, 0), 0);
    REQUIRE(c.width == 1276 && c.height == 716 && c.chroma_format == 3);
    REQUIRE_INT(HEVC(&c, 7, 1, 1280, 720, 0, 0), -EINVAL);
    REQUIRE_INT(HEVC(&c, 0, 4, 1280, 720, 0, 0), -EINVAL);
    REQUIRE_INT(HEVC(&c, 0, 1, 0, 720, 0, 0), -EINVAL);
    REQUIRE_INT(HEVC(&c, 0, 1, 1280, 720, 360, 0), -EINVAL);
    REQUIRE_INT(HEVC(&c, 0, 1, 1280, 720, 0, 9), -EINVAL);
    REQUIRE_INT(HEVC(&c, 0, 1, VT_VIDEO_WIDTH_MAX, 2304, 0, 0), 0);
    REQUIRE_INT(HEVC(&c, 0, 1, VT_VIDEO_WIDTH_MAX + 1, 64, 0, 0), -ERANGE);
    REQUIRE_INT(HEVC(&c, 0, 1, 64, VT_VIDEO_HEIGHT_MAX + 1, 0, 0), -ERANGE);
    REQUIRE_INT(HEVC(&c, 0, 1, VT_VIDEO_WIDTH_MAX, 2305, 0, 0), -ERANGE);
    REQUIRE_INT(HEVC(&c, 0, 1, 0x7ffffffe, 0x7ffffffe, 0, 0), -ERANGE);
    REQUIRE_INT(HEVC(&c, 6, 1, 1280, 720, 0, 0, VT_VIDEO_REFERENCES_MAX), 0);
    REQUIRE_INT(c.reference_frames, VT_VIDEO_REFERENCES_MAX);
    REQUIRE_INT(HEVC(&c, 6, 1, 1280, 720, 0, 0, VT_VIDEO_REFERENCES_MAX + 1), -ERANGE);
    REQUIRE_INT(HEVC(&c, 0, 1, 1280, 720, 0, 0, VT_VIDEO_REFERENCES_MAX + 1), -ERANGE);
}

// A sequence header of `bits` wide fields for the size, after av1C's head.
static int av1(uint32_t width, uint32_t height, bool timing, struct vt_av1_config *config)
{
    struct bit_writer w = {0};
    put(&w, 0x81000c00, 32);
    put(&w, 0x0a, 8);                                            // sequence header with its size
    put(&w, 40, 8);
    put(&w, 0, 5);
    put(&w, timing, 1);
    if (timing) {
        put(&w, 1, 32);
        put(&w, 60, 32);
        put(&w, 1, 1);
        put_ue(&w, 0);
        put(&w, 1, 1);                                           // decoder model
        put(&w, 9, 5);
        put(&w, 1, 32);
        put(&w, 0, 10);
    }
    put(&w, timing, 1);
    put(&w, 0, 5);
    put(&w, 0, 12);
    put(&w, 8, 5);
    put(&w, 0, 1);                                               // tier
    if (timing) {
        put(&w, 1, 1);
        put(&w, 0, 21);
        put(&w, 1, 1);
        put(&w, 3, 4);
    }
    put(&w, 15, 4);
    put(&w, 15, 4);
    put(&w, width - 1, 16);
    put(&w, height - 1, 16);
    return vt_av1_config_parse(config, w.bytes, 46, &why);
}

TEST(reads_an_av1c_record)
{
    static const uint8_t svt[] = {0x81, 0x00, 0x0c, 0x00, 0x0a, 0x0b, 0x00, 0x00, 0x00, 0x04, 0x3c, 0xfe, 0xcc, 0x02,
                                  0xf8, 0x00, 0x40};
    struct vt_av1_config c;
    REQUIRE_INT(vt_av1_config_parse(&c, svt, sizeof svt, &why), 0);
    REQUIRE(c.width == 320 && c.height == 180 && c.bit_depth == 8 && c.profile == 0);
    REQUIRE_INT(vt_av1_config_parse(&c, svt, 4, &why), 0);       // all of it comes in band
    REQUIRE_INT(c.width, 0);
    for (size_t size = 0; size < sizeof svt; size++)
        REQUIRE_INT(vt_av1_config_parse(&c, svt, size, &why), size == 4 ? 0 : -EINVAL);
    REQUIRE_INT(av1(1280, 720, false, &c), 0);
    REQUIRE(c.width == 1280 && c.height == 720 && c.level == 8);
    REQUIRE_INT(av1(1920, 1080, true, &c), 0);
    REQUIRE(c.width == 1920 && c.height == 1080);
    REQUIRE_INT(av1(VT_VIDEO_WIDTH_MAX, 2304, true, &c), 0);
    REQUIRE_INT(av1(VT_VIDEO_WIDTH_MAX + 1, 2, true, &c), -ERANGE);
    REQUIRE_INT(av1(2, VT_VIDEO_HEIGHT_MAX + 1, false, &c), -ERANGE);
    REQUIRE_INT(av1(65536, 65536, false, &c), -ERANGE);
    uint8_t units[4 + 2 * (VT_CONFIG_OBUS_MAX + 1)] = {0x81, 0, 0x0c, 0};
    for (size_t i = 4; i < sizeof units; i += 2)
        units[i] = 0x7a;                                         // empty padding
    REQUIRE_INT(vt_av1_config_parse(&c, units, sizeof units - 2, &why), 0);
    REQUIRE_INT(vt_av1_config_parse(&c, units, sizeof units, &why), -ERANGE);
}

TEST(reads_av1_pictures)
{
    static const uint8_t svt[] = {0x12, 0x00, 0x0a, 0x0b, 0x00, 0x00, 0x00, 0x04, 0x3c, 0xfe, 0xcc, 0x02, 0xf8, 0x00, 0x40,
                                  0x32, 0x03, 1, 2, 3};
    struct vt_av1_config c;
    REQUIRE_INT(vt_av1_unit_parse(&c, svt, sizeof svt, &why), 0);
    REQUIRE(c.width == 320 && c.height == 180);
    REQUIRE_INT(vt_av1_unit_parse(&c, svt, sizeof svt - 1, &why), -EINVAL);
    REQUIRE_INT(vt_av1_unit_parse(&c, svt, 2, &why), 0);
    REQUIRE_INT(c.width, 0);
    static uint8_t units[2 * (VT_UNIT_OBUS_MAX + 1)];
    for (size_t i = 0; i < sizeof units; i += 2)
        units[i] = 0x7a;
    REQUIRE_INT(vt_av1_unit_parse(&c, units, sizeof units - 2, &why), 0);
    REQUIRE_INT(vt_av1_unit_parse(&c, units, sizeof units, &why), -ERANGE);
    REQUIRE_INT(vt_av1_unit_parse(&c, (const uint8_t *)"\x0a\xff\xff\xff\xff\xff\xff\xff\xff", 9, &why), -EINVAL);
}

#define TRY(parse, config, bytes) parse(config, (const uint8_t *)(bytes), sizeof(bytes) - 1, &why)

TEST(reads_a_vpcc_record)
{
    struct vt_vp9_config c;
    REQUIRE_INT(TRY(vt_vp9_config_parse, &c, "\1\0\0\0\2\37\xa2\1\1\1\0\0"), 0);
    REQUIRE(c.profile == 2 && c.level == 31 && c.bit_depth == 10);
    REQUIRE_INT(TRY(vt_vp9_config_parse, &c, "\1\0\0\0\2\37"), -EINVAL);
    REQUIRE_INT(TRY(vt_vp9_config_parse, &c, "\0\0\0\0\2\37\xa2"), -EINVAL);
    REQUIRE_INT(TRY(vt_vp9_config_parse, &c, "\1\0\0\0\4\37\xa2"), -EINVAL);
    REQUIRE_INT(TRY(vt_vp9_config_parse, &c, "\1\0\0\0\2\37\x92"), -EINVAL);
}

int main(void)
{
    RUN(reads_an_hvcc_record);
    RUN(reads_every_part_of_a_hevc_sps);
    RUN(reads_an_av1c_record);
    RUN(reads_av1_pictures);
    RUN(reads_a_vpcc_record);
    return DONE();
}
