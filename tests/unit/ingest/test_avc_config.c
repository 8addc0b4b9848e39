#include "check.h"

#include <errno.h>

#include "ingest/codec_config.h"
#include "put_bits.h"

static const char *why;

struct sps {
    int profile;
    uint32_t id, chroma, depth, order, cycle, references, width_mbs, height_units;
    bool fields, crop, vui;
    uint32_t crop_right, crop_bottom;
};

static void put_format(struct bit_writer *w, const struct sps *sps)
{
    put_ue(w, sps->chroma);
    if (sps->chroma == 3)
        put(w, 0, 1);
    put_ue(w, sps->depth);
    put_ue(w, sps->depth);
    put(w, 0, 1);
    put(w, 1, 1);                                // scaling lists: the first given, as deltas of 0
    put(w, 1, 1);
    put(w, 0xffff, 16);
    put(w, 0, sps->chroma == 3 ? 11 : 7);
}

static void put_order(struct bit_writer *w, const struct sps *sps)
{
    put_ue(w, sps->order);
    if (sps->order == 0)
        put_ue(w, 0);
    if (sps->order == 1) {
        put(w, 7, 3);                            // flag, two zeros
        put_ue(w, sps->cycle);
        for (uint32_t i = 0; i < sps->cycle && i < 300; i++)
            put_ue(w, 0);
    }
}

static void put_size(struct bit_writer *w, const struct sps *sps)
{
    put_ue(w, sps->width_mbs - 1);
    put_ue(w, sps->height_units - 1);
    put(w, !sps->fields, 1);
    if (sps->fields)
        put(w, 1, 1);
    put(w, 1, 1);
    put(w, sps->crop, 1);
    if (!sps->crop)
        return;
    put_ue(w, 0);
    put_ue(w, sps->crop_right);
    put_ue(w, 0);
    put_ue(w, sps->crop_bottom);
}

static void put_vui(struct bit_writer *w)
{
    put(w, 1, 1);
    put(w, 255, 8);
    put(w, 4, 16);
    put(w, 3, 16);
    put(w, 3, 2);                                // overscan
    put(w, 1, 1);
    put(w, 10, 4);
    put(w, 1, 1);
    put(w, 0x010101, 24);
    put(w, 1, 1);
    put_ue(w, 0);
    put_ue(w, 0);
    put(w, 1, 1);
    put(w, 1001, 32);
    put(w, 60000, 32);
}

// A profile, chroma format or size of 0 is that of a 1280x720 picture in the baseline profile.
static int parse(struct sps values, struct vt_avc_config *config)
{
    struct bit_writer w = {0};
    struct sps *sps = &values;
    uint8_t unit[512];
    sps->profile = sps->profile ? sps->profile : 66;
    sps->chroma = sps->chroma ? sps->chroma : 1;
    sps->width_mbs = sps->width_mbs ? sps->width_mbs : 80;
    sps->height_units = sps->height_units ? sps->height_units : 45;
    put(&w, 0x67, 8);
    put(&w, (uint32_t)sps->profile, 8);
    put(&w, 0, 8);
    put(&w, 31, 8);
    put_ue(&w, sps->id);
    if (sps->profile != 66)
        put_format(&w, sps);
    put_ue(&w, 0);
    put_order(&w, sps);
    put_ue(&w, sps->references);
    put(&w, 0, 1);
    put_size(&w, sps);
    put(&w, sps->vui, 1);
    if (sps->vui)
        put_vui(&w);
    put(&w, 1, 1);
    return vt_avc_sps_parse(config, unit, put_escaped(unit, &w), &why);
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

int main(void)
{
    RUN(reads_what_x264_writes);
    RUN(reads_every_part_of_an_sps);
    RUN(sizes_are_bounded);
    RUN(nonsense_is_refused);
    RUN(records_are_read_leniently);
    return DONE();
}
