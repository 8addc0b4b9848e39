#include "check.h"

#include <errno.h>

#include "base/bytes.h"
#include "ingest/codec_config.h"

static const char *why;

// Bits of an SPS, most significant first.
struct bit_writer {
    uint8_t bytes[256];
    int count;
};

static void put(struct bit_writer *w, uint32_t v, int bits)
{
    for (int i = bits - 1; i >= 0; i--, w->count++)
        w->bytes[w->count / 8] |= (uint8_t)((v >> i & 1) << (7 - w->count % 8));
}

static void put_ue(struct bit_writer *w, uint32_t v)
{
    int bits = 32 - __builtin_clz(v + 1);
    put(w, 0, bits - 1);
    put(w, v + 1, bits);
}

struct sps {
    int profile;
    uint32_t id, chroma, depth, order, cycle, references, width_mbs, height_units;
    bool fields, crop, vui;
    uint32_t crop_right, crop_bottom;
};

// A profile, chroma format or size of 0 is that of a 1280x720 picture in the baseline profile.
static int parse(struct sps values, struct vt_avc_config *config)
{
    struct bit_writer w = {0};
    struct sps *sps = &values;
    sps->profile = sps->profile ? sps->profile : 66;
    sps->chroma = sps->chroma ? sps->chroma : 1;
    sps->width_mbs = sps->width_mbs ? sps->width_mbs : 80;
    sps->height_units = sps->height_units ? sps->height_units : 45;
    put(&w, 0x67, 8);
    put(&w, (uint32_t)sps->profile, 8);
    put(&w, 0, 8);
    put(&w, 31, 8);
    put_ue(&w, sps->id);
    if (sps->profile != 66) {
        put_ue(&w, sps->chroma);
        if (sps->chroma == 3)
            put(&w, 0, 1);
        put_ue(&w, sps->depth);
        put_ue(&w, sps->depth);
        put(&w, 0, 1);
        put(&w, 1, 1);                           // scaling lists: the first given, as deltas of 0
        put(&w, 1, 1);
        put(&w, 0xffff, 16);
        put(&w, 0, sps->chroma == 3 ? 11 : 7);
    }
    put_ue(&w, 0);
    put_ue(&w, sps->order);
    if (sps->order == 0)
        put_ue(&w, 0);
    if (sps->order == 1) {
        put(&w, 7, 3);                           // flag, two zeros
        put_ue(&w, sps->cycle);
        for (uint32_t i = 0; i < sps->cycle && i < 300; i++)
            put_ue(&w, 0);
    }
    put_ue(&w, sps->references);
    put(&w, 0, 1);
    put_ue(&w, sps->width_mbs - 1);
    put_ue(&w, sps->height_units - 1);
    put(&w, !sps->fields, 1);
    if (sps->fields)
        put(&w, 1, 1);
    put(&w, 1, 1);
    put(&w, sps->crop, 1);
    if (sps->crop) {
        put_ue(&w, 0);
        put_ue(&w, sps->crop_right);
        put_ue(&w, 0);
        put_ue(&w, sps->crop_bottom);
    }
    put(&w, sps->vui, 1);
    if (sps->vui) {
        put(&w, 1, 1);
        put(&w, 255, 8);
        put(&w, 4, 16);
        put(&w, 3, 16);
        put(&w, 3, 2);                           // overscan
        put(&w, 1, 1);
        put(&w, 10, 4);
        put(&w, 1, 1);
        put(&w, 0x010101, 24);
        put(&w, 1, 1);
        put_ue(&w, 0);
        put_ue(&w, 0);
        put(&w, 1, 1);
        put(&w, 1001, 32);
        put(&w, 60000, 32);
    }
    put(&w, 1, 1);

    uint8_t escaped[512];                        // as a NAL unit: 00 00 0x becomes 00 00 03 0x
    size_t size = 0;
    for (int i = 0, zeros = 0; i < (w.count + 7) / 8; i++) {
        if (zeros == 2 && w.bytes[i] <= 3) {
            escaped[size++] = 3;
            zeros = 0;
        }
        zeros = w.bytes[i] == 0 ? zeros + 1 : 0;
        escaped[size++] = w.bytes[i];
    }
    return vt_avc_sps_parse(config, escaped, size, &why);
}

#define PARSE(config, ...) parse((struct sps){__VA_ARGS__}, config)

TEST(reads_what_x264_writes)
{
    static const uint8_t record[] = {
        0x01, 0x64, 0x00, 0x1f, 0xff, 0xe1, 0x00, 0x1a, 0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50,
        0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0xc0, 0xf1, 0x83,
        0x19, 0x60, 0x01, 0x00, 0x06, 0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0, 0xfd, 0xf8, 0xf8, 0x00,
    };
    struct vt_avc_config c;
    REQUIRE_INT(vt_avc_config_parse(&c, record, sizeof record, &why), 0);
    REQUIRE(c.width == 1280 && c.height == 720 && c.profile == 100 && c.bit_depth == 8 &&
            c.chroma_format == 1);
    REQUIRE_INT(c.nal_length_size, 4);
    REQUIRE_INT(c.parameter_sets, 2);
    REQUIRE(c.fps_num == 60 && c.fps_den == 2 && c.sar_num == 1 && c.sar_den == 1);
    for (size_t size = 0; size < sizeof record; size++) {        // cut anywhere: an error, or what is still whole
        int error = vt_avc_config_parse(&c, record, size, &why);
        REQUIRE(error == 0 || error == -EINVAL);
    }
}

TEST(reads_every_part_of_an_sps)
{
    struct vt_avc_config c;
    REQUIRE_INT(PARSE(&c, .references = 1, .vui = true), 0);
    REQUIRE(c.width == 1280 && c.height == 720 && !c.interlaced && c.level == 31 && c.reference_frames == 1);
    REQUIRE(c.sar_num == 4 && c.sar_den == 3 && c.fps_num == 60000 && c.fps_den == 2002);
    REQUIRE_INT(PARSE(&c, .crop = true, .crop_right = 3, .crop_bottom = 4), 0);
    REQUIRE(c.width == 1274 && c.height == 712);
    REQUIRE_INT(
        PARSE(&c, .fields = true, .height_units = 34, .width_mbs = 120, .crop = true, .crop_bottom = 2), 0);
    REQUIRE(c.interlaced && c.height == 1080);
    REQUIRE_INT(PARSE(&c, .profile = 110, .depth = 2), 0);
    REQUIRE_INT(c.bit_depth, 10);
    REQUIRE_INT(PARSE(&c, .profile = 244, .chroma = 3), 0);
    REQUIRE_INT(c.chroma_format, 3);
    REQUIRE_INT(PARSE(&c, .order = 1, .cycle = 255), 0);
    REQUIRE_INT(PARSE(&c, .order = 2), 0);
}

TEST(sizes_are_bounded)
{
    struct vt_avc_config c = {.width = 77};
    REQUIRE_INT(PARSE(&c, .width_mbs = 257, .height_units = 1), -ERANGE);
    REQUIRE_INT(PARSE(&c, .width_mbs = 1, .height_units = 257), -ERANGE);
    REQUIRE_INT(PARSE(&c, .width_mbs = 256, .height_units = 145), -ERANGE);
    REQUIRE_INT(PARSE(&c, .width_mbs = 1024, .height_units = 1024), -ERANGE);
    REQUIRE_INT(PARSE(&c, .width_mbs = 0x7fffffff, .height_units = 0x7fffffff), -ERANGE);
    REQUIRE_INT(PARSE(&c, .crop = true, .crop_right = 640), -EINVAL);
    REQUIRE_INT(c.width, 77);
    REQUIRE_INT(PARSE(&c, .width_mbs = 256, .height_units = 144), 0);
    REQUIRE_INT(PARSE(&c, .width_mbs = 144, .height_units = 256), 0);
    REQUIRE_INT(PARSE(&c, .crop = true, .crop_right = 639), 0);
    REQUIRE_INT(c.width, 2);
}

TEST(nonsense_is_refused)
{
    struct vt_avc_config c;
    REQUIRE_INT(PARSE(&c, .id = 31), 0);
    REQUIRE_INT(PARSE(&c, .id = 32), -EINVAL);
    REQUIRE_INT(PARSE(&c, .references = 16), 0);
    REQUIRE_INT(PARSE(&c, .references = VT_VIDEO_REFERENCES_MAX + 1), -ERANGE);
    REQUIRE_INT(PARSE(&c, .profile = 100, .chroma = 4), -EINVAL);
    REQUIRE_INT(PARSE(&c, .profile = 100, .depth = 6), 0);
    REQUIRE_INT(PARSE(&c, .profile = 100, .depth = 7), -EINVAL);
    REQUIRE_INT(PARSE(&c, .order = 3), -EINVAL);
    REQUIRE_INT(PARSE(&c, .order = 1, .cycle = 256), -EINVAL);
    static const uint8_t zeros[64] = {0x67, 66};
    REQUIRE_INT(vt_avc_sps_parse(&c, zeros, sizeof zeros, &why), -EINVAL);
}

TEST(records_are_read_leniently)
{
    struct vt_avc_config c;
#define RECORD(bytes) vt_avc_config_parse(&c, (const uint8_t *)(bytes), sizeof(bytes) - 1, &why)
    REQUIRE_INT(RECORD("\1\x42\0\x1e\3\0\0"), 0);            // reserved bits 0, no parameter sets
    REQUIRE(c.parameter_sets == 0 && c.width == 0);
    REQUIRE_INT(RECORD("\1\x42\0\x1e\3\0"), 0);              // not even a count of PPS
    REQUIRE_INT(RECORD("\1\x42\0\x1e\xff\xe1\0\0\1\0\1\x68"), 0);    // an empty SPS
    REQUIRE_INT(c.parameter_sets, 1);
    REQUIRE_INT(RECORD("\1\x42\0\x1e\xfe\xe0\0"), -EINVAL);  // lengths of three bytes
    REQUIRE_INT(RECORD("\1\x42\0\x1e\xfc\xe0\0"), 0);
    REQUIRE_INT(c.nal_length_size, 1);
    REQUIRE_INT(RECORD("\0\0\0\1\x67\x42\0"), -EINVAL);      // Annex B
    REQUIRE_INT(RECORD("\1\x42\0\x1e\xff\xff\xff\xff"), -EINVAL);
    static uint8_t large[VT_CONFIG_BYTES_MAX + 1] = {1, 66, 0, 30, 0xff, 0, 0};
    REQUIRE_INT(vt_avc_config_parse(&c, large, VT_CONFIG_BYTES_MAX, &why), 0);
    REQUIRE_INT(vt_avc_config_parse(&c, large, VT_CONFIG_BYTES_MAX + 1, &why), -EINVAL);
}

TEST(reads_audio_configurations)
{
    struct vt_aac_config c = {0};
#define ASC(bytes) vt_aac_config_parse(&c, (const uint8_t *)(bytes), sizeof(bytes) - 1, &why)
    REQUIRE_INT(ASC("\x11\x90"), 0);
    REQUIRE(c.object_type == 2 && c.sample_rate == 48000 && c.channels == 2);
    REQUIRE_INT(ASC("\x2b\x11\x88"), 0);                     // SBR
    REQUIRE(c.object_type == 5 && c.sample_rate == 24000);
    REQUIRE_INT(ASC("\x12\x38"), 0);                         // 7.1
    REQUIRE_INT(c.channels, 8);
    REQUIRE_INT(ASC("\x10\x10"), 0);
    REQUIRE_INT(c.sample_rate, 96000);
    REQUIRE_INT(ASC("\x11"), -EINVAL);
    REQUIRE_INT(ASC(""), -EINVAL);
    REQUIRE_INT(ASC("\x16\x90"), -EINVAL);                   // index 13
    REQUIRE_INT(ASC("\x11\xc0"), -EINVAL);                   // layout 8
    REQUIRE_INT(ASC("\xf9\x46\x40"), -EINVAL);               // another kind of AAC
    REQUIRE(strstr(why, "AAC-LC"));
}

TEST(audio_rates_are_bounded)
{
    for (int more = 0; more < 2; more++) {
        struct bit_writer w = {0};
        struct vt_aac_config c;
        put(&w, 2, 5);
        put(&w, 15, 4);
        put(&w, (uint32_t)(VT_AUDIO_RATE_MAX + more), 24);
        put(&w, 2, 4);
        REQUIRE_INT(vt_aac_config_parse(&c, w.bytes, 5, &why), more ? -ERANGE : 0);
    }
}

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
    uint8_t escaped[512];
    size_t size = 0;
    for (int i = 0, zeros = 0; i < (w.count + 7) / 8; i++) {
        if (zeros == 2 && w.bytes[i] <= 3) {
            escaped[size++] = 3;
            zeros = 0;
        }
        zeros = w.bytes[i] == 0 ? zeros + 1 : 0;
        escaped[size++] = w.bytes[i];
    }
    return vt_hevc_sps_parse(config, escaped, size, &why);
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

#define OPUS(channels, rest) TRY(vt_opus_config_parse, &c, "OpusHead\1" channels "\x38\1\x80\xbb\0\0\0\0" rest)

TEST(reads_an_opus_header)
{
    struct vt_opus_config c;
    REQUIRE_INT(OPUS("\2", "\0"), 0);
    REQUIRE(c.channels == 2 && c.pre_skip == 312);
    REQUIRE_INT(OPUS("\2", ""), -EINVAL);
    REQUIRE_INT(OPUS("\0", "\0"), -EINVAL);
    REQUIRE_INT(OPUS("\3", "\0"), -ERANGE);
    REQUIRE_INT(OPUS("\2", "\2"), -ERANGE);
    REQUIRE_INT(OPUS("\x6", "\1\4\2\0\4\1\2\3\5"), 0);
    REQUIRE_INT(OPUS("\x6", "\1\4\2\0\4\1\2\3\6"), -EINVAL);         // a channel from nowhere
    REQUIRE_INT(OPUS("\x6", "\1\4\2\0\4\1\2\3"), -EINVAL);
    REQUIRE_INT(OPUS("\x6", "\1\0\0\0\4\1\2\3\5"), -EINVAL);
    REQUIRE_INT(OPUS("\x6", "\1\2\3\0\4\1\2\3\5"), -EINVAL);
    REQUIRE_INT(OPUS("\x8", "\1\5\3\0\6\1\2\3\4\5\7"), 0);
    REQUIRE_INT(OPUS("\x9", "\1\5\3\0\6\1\2\3\4\5\7\7"), -ERANGE);
    REQUIRE_INT(TRY(vt_opus_config_parse, &c, "OpusTail\1\2\x38\1\x80\xbb\0\0\0\0\0"), -EINVAL);
}

// STREAMINFO for a rate, with `head` of what stands before it in a file.
static int flac(int head, uint32_t block, uint32_t rate, struct vt_flac_config *config)
{
    static uint8_t bytes[64];
    struct bit_writer w = {0};
    if (head > 4)
        put(&w, 0x664c6143, 32);
    if (head > 0)
        put(&w, 0x80000022, 32);
    put(&w, block, 16);
    put(&w, block, 16);
    put(&w, 0, 32);
    put(&w, 0, 16);
    put(&w, rate, 20);
    put(&w, 1, 3);
    put(&w, 15, 5);
    memcpy(bytes, w.bytes, sizeof bytes);
    int error = vt_flac_config_parse(config, bytes, (size_t)(head + VT_FLAC_INFO_BYTES - 1), &why);
    REQUIRE_INT(error, -EINVAL);
    return vt_flac_config_parse(config, bytes, (size_t)(head + VT_FLAC_INFO_BYTES), &why);
}

TEST(reads_flacs_streaminfo)
{
    struct vt_flac_config c;
    for (int head = 0; head <= 8; head += 4) {
        REQUIRE_INT(flac(head, 4096, 44100, &c), 0);
        REQUIRE(c.sample_rate == 44100 && c.channels == 2 && c.block == 4096);
    }
    REQUIRE_INT(flac(0, 15, 44100, &c), -EINVAL);
    REQUIRE_INT(flac(0, 4096, 0, &c), -EINVAL);
    REQUIRE_INT(flac(0, 4096, VT_AUDIO_RATE_MAX, &c), 0);
    REQUIRE_INT(flac(0, 4096, VT_AUDIO_RATE_MAX + 1, &c), -ERANGE);
}

int main(void)
{
    RUN(reads_what_x264_writes);
    RUN(reads_every_part_of_an_sps);
    RUN(sizes_are_bounded);
    RUN(nonsense_is_refused);
    RUN(records_are_read_leniently);
    RUN(reads_audio_configurations);
    RUN(audio_rates_are_bounded);
    RUN(reads_an_hvcc_record);
    RUN(reads_every_part_of_a_hevc_sps);
    RUN(reads_an_av1c_record);
    RUN(reads_av1_pictures);
    RUN(reads_a_vpcc_record);
    RUN(reads_an_opus_header);
    RUN(reads_flacs_streaminfo);
    return DONE();
}
