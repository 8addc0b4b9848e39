#include "ingest/codec_config.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "ingest/bits.h"

#define NAL_SPS           7
#define EXTENDED_SAR      255
#define RATE_EXPLICIT     15
#define OBJECT_SBR        5
#define OBJECT_PS         29
#define OBJECT_ESCAPE     31

static bool has_chroma_format(int profile)
{
    static const uint8_t profiles[] = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};
    return memchr(profiles, profile, sizeof profiles) != NULL;
}

static void skip_scaling_list(struct vt_bits *b, int size)
{
    int last = 8, next = 8;
    for (int i = 0; i < size && !b->failed; i++) {
        if (next != 0)
            next = (int)(((unsigned)last + (unsigned)vt_bits_se(b)) & 255);
        last = next ? next : last;
    }
}

static void read_chroma(struct vt_avc_config *config, struct vt_bits *b)
{
    config->chroma_format = 1;
    config->bit_depth = 8;
    if (!has_chroma_format(config->profile))
        return;
    uint32_t format = vt_bits_ue(b);
    if (format == 3)
        vt_bits_read(b, 1);                  // separate planes
    uint32_t luma = vt_bits_ue(b), chroma = vt_bits_ue(b);
    vt_bits_read(b, 1);                      // transform bypass
    if (format > 3 || luma > 6 || chroma > 6) {
        b->failed = true;
        return;
    }
    config->chroma_format = (int)format;
    config->bit_depth = (int)luma + 8;
    if (vt_bits_read(b, 1)) {
        for (int i = 0; i < (format == 3 ? 12 : 8); i++) {
            if (vt_bits_read(b, 1))
                skip_scaling_list(b, i < 6 ? 16 : 64);
        }
    }
}

static void skip_picture_order(struct vt_bits *b)
{
    uint32_t type = vt_bits_ue(b);
    if (type == 0) {
        vt_bits_ue(b);
    } else if (type == 1) {
        vt_bits_read(b, 1);
        vt_bits_se(b);
        vt_bits_se(b);
        uint32_t count = vt_bits_ue(b);
        b->failed = b->failed || count > 255;
        for (uint32_t i = 0; i < count && !b->failed; i++)
            vt_bits_se(b);
    } else if (type > 2) {
        b->failed = true;
    }
}

// Usability information: nothing depends on it, so a broken one is as good as none.
static void read_usability(struct vt_avc_config *config, struct vt_bits *b)
{
    static const uint8_t ratios[][2] = {{0, 0},   {1, 1},   {12, 11}, {10, 11}, {16, 11}, {40, 33},
                                        {24, 11}, {20, 11}, {32, 11}, {80, 33}, {18, 11}, {15, 11},
                                        {64, 33}, {160, 99}, {4, 3},  {3, 2},   {2, 1}};
    int sar_num = 0, sar_den = 0;
    if (vt_bits_read(b, 1)) {
        uint32_t ratio = vt_bits_read(b, 8);
        if (ratio == EXTENDED_SAR) {
            sar_num = (int)vt_bits_read(b, 16);
            sar_den = (int)vt_bits_read(b, 16);
        } else if (ratio < sizeof ratios / sizeof ratios[0]) {
            sar_num = ratios[ratio][0];
            sar_den = ratios[ratio][1];
        }
    }
    if (!b->failed && sar_num > 0 && sar_den > 0) {
        config->sar_num = sar_num;
        config->sar_den = sar_den;
    }
    if (vt_bits_read(b, 1))
        vt_bits_read(b, 1);                  // overscan
    if (vt_bits_read(b, 1)) {
        vt_bits_read(b, 4);                  // video format, range
        if (vt_bits_read(b, 1))
            vt_bits_read(b, 24);             // colours
    }
    if (vt_bits_read(b, 1)) {
        vt_bits_ue(b);                       // chroma positions
        vt_bits_ue(b);
    }
    if (vt_bits_read(b, 1)) {
        uint32_t units = vt_bits_read(b, 32), scale = vt_bits_read(b, 32);
        if (!b->failed && units > 0 && units <= INT32_MAX / 2 && scale > 0 && scale <= INT32_MAX) {
            config->fps_num = (int)scale;    // a tick is a field
            config->fps_den = (int)units * 2;
        }
    }
}

struct picture_size {
    uint32_t width_mbs, height_units, crop_left, crop_right, crop_top, crop_bottom;
    bool frames_only;
};

static void read_size(struct picture_size *size, struct vt_bits *b)
{
    size->width_mbs = vt_bits_ue(b);
    size->height_units = vt_bits_ue(b);
    size->frames_only = vt_bits_read(b, 1);
    if (!size->frames_only)
        vt_bits_read(b, 1);                  // frame and field macroblocks mixed
    vt_bits_read(b, 1);                      // direct 8x8
    if (vt_bits_read(b, 1)) {
        size->crop_left = vt_bits_ue(b);
        size->crop_right = vt_bits_ue(b);
        size->crop_top = vt_bits_ue(b);
        size->crop_bottom = vt_bits_ue(b);
    }
}

int vt_config_check_size(uint64_t width, uint64_t height, const char **why)
{
    if (width <= VT_VIDEO_WIDTH_MAX && height <= VT_VIDEO_HEIGHT_MAX && width * height <= VT_VIDEO_PIXELS_MAX)
        return 0;
    *why = "the picture is larger than 4096x2304";
    return -ERANGE;
}

static int apply_size(struct vt_avc_config *config, const struct picture_size *size, const char **why)
{
    int fields = size->frames_only ? 1 : 2;
    uint64_t width = ((uint64_t)size->width_mbs + 1) * 16;
    uint64_t height = ((uint64_t)size->height_units + 1) * 16 * fields;
    if (vt_config_check_size(width, height, why) < 0)
        return -ERANGE;
    uint64_t unit_x = config->chroma_format == 1 || config->chroma_format == 2 ? 2 : 1;
    uint64_t unit_y = (config->chroma_format == 1 ? 2 : 1) * fields;
    uint64_t crop_x = ((uint64_t)size->crop_left + size->crop_right) * unit_x;
    uint64_t crop_y = ((uint64_t)size->crop_top + size->crop_bottom) * unit_y;
    if (crop_x >= width || crop_y >= height) {
        *why = "the SPS crops the whole picture away";
        return -EINVAL;
    }
    config->width = (int)(width - crop_x);
    config->height = (int)(height - crop_y);
    config->interlaced = !size->frames_only;
    return 0;
}

int vt_avc_sps_parse(struct vt_avc_config *ret, const uint8_t *data, size_t size, const char **why)
{
    struct vt_avc_config config = {0};
    struct picture_size picture = {0};
    struct vt_bits b = vt_bits(data, size, true);
    vt_bits_read(&b, 8);                     // NAL unit header
    config.profile = (int)vt_bits_read(&b, 8);
    vt_bits_read(&b, 8);
    config.level = (int)vt_bits_read(&b, 8);
    uint32_t id = vt_bits_ue(&b);
    read_chroma(&config, &b);
    vt_bits_ue(&b);                          // frame number bits
    skip_picture_order(&b);
    uint32_t references = vt_bits_ue(&b);
    vt_bits_read(&b, 1);                     // gaps
    read_size(&picture, &b);
    if (b.failed || id > 31) {
        *why = "the SPS is broken";
        return -EINVAL;
    }
    if (references > VT_VIDEO_REFERENCES_MAX) {
        *why = "the video asks for more than 16 reference frames";
        return -ERANGE;
    }
    config.reference_frames = (int)references;
    int error = apply_size(&config, &picture, why);
    if (error < 0)
        return error;
    if (vt_bits_read(&b, 1))
        read_usability(&config, &b);
    *ret = config;
    return 0;
}

// Reads `count` parameter sets; the first SPS fills `config`, and all of them must be within the limits.
static int read_parameter_sets(struct vt_avc_config *config, struct vt_reader *r, int count, const char **why)
{
    for (int i = 0; i < count; i++) {
        uint16_t size = vt_read_u16be(r);
        const uint8_t *data = vt_read_bytes(r, size);
        if (!data) {
            *why = "the avcC record is cut short";
            return -EINVAL;
        }
        if (size == 0)
            continue;
        struct vt_avc_config sps;
        if ((data[0] & 31) == NAL_SPS) {
            int error = vt_avc_sps_parse(&sps, data, size, why);
            if (error < 0)
                return error;
            sps.nal_length_size = config->nal_length_size;
            sps.parameter_sets = config->parameter_sets;
            if (config->width == 0)
                *config = sps;
        }
        config->parameter_sets++;
    }
    return 0;
}

int vt_avc_config_parse(struct vt_avc_config *ret, const uint8_t *data, size_t size, const char **why)
{
    struct vt_avc_config config = {0};
    struct vt_reader r = vt_reader(data, size);
    uint8_t version = vt_read_u8(&r);
    config.profile = vt_read_u8(&r);
    vt_read_skip(&r, 1);
    config.level = vt_read_u8(&r);
    config.nal_length_size = (vt_read_u8(&r) & 3) + 1;
    int sps_count = vt_read_u8(&r) & 31;     // reserved bits are not always ones
    if (r.failed || size > VT_CONFIG_BYTES_MAX) {
        *why = r.failed ? "the avcC record is cut short" : "the avcC record is too long";
        return -EINVAL;
    }
    if (version != 1 || config.nal_length_size == 3) {
        *why = "not an avcC record";
        return -EINVAL;
    }
    int error = read_parameter_sets(&config, &r, sps_count, why);
    if (error == 0 && r.left > 0)
        error = read_parameter_sets(&config, &r, vt_read_u8(&r), why);
    if (error == 0)
        *ret = config;
    return error;
}

static int read_object_type(struct vt_bits *b)
{
    uint32_t type = vt_bits_read(b, 5);
    return (int)(type == OBJECT_ESCAPE ? 32 + vt_bits_read(b, 6) : type);
}

// 0 for a reserved index.
static uint32_t read_sample_rate(struct vt_bits *b)
{
    static const uint32_t rates[] = {96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                     22050, 16000, 12000, 11025, 8000,  7350};
    uint32_t index = vt_bits_read(b, 4);
    if (index == RATE_EXPLICIT)
        return vt_bits_read(b, 24);
    return index < sizeof rates / sizeof rates[0] ? rates[index] : 0;
}

static bool is_known_object_type(int type)
{
    return type == 1 || type == 2 || type == 4 || type == OBJECT_SBR || type == OBJECT_PS;
}

int vt_aac_config_parse(struct vt_aac_config *ret, const uint8_t *data, size_t size, const char **why)
{
    static const int8_t channels[16] = {0, 1, 2, 3, 4, 5, 6, 8, -1, -1, -1, 7, 8, -1, 8, -1};
    struct vt_bits b = vt_bits(data, size, false);
    int type = read_object_type(&b);
    uint32_t rate = read_sample_rate(&b);
    int layout = channels[vt_bits_read(&b, 4)];
    if (b.failed || size > VT_CONFIG_BYTES_MAX) {
        *why = "the AudioSpecificConfig is cut short, or too long";
        return -EINVAL;
    }
    if (!is_known_object_type(type)) {
        *why = "this kind of AAC is not supported: set the encoder to AAC-LC";
        return -EINVAL;
    }
    if (rate == 0 || layout < 0) {
        *why = "the AudioSpecificConfig names a reserved sample rate or channel layout";
        return -EINVAL;
    }
    if (rate < VT_AUDIO_RATE_MIN || rate > VT_AUDIO_RATE_MAX) {
        *why = "the sample rate is not within 4 and 96 kHz";
        return -ERANGE;
    }
    *ret = (struct vt_aac_config){type, (int)rate, layout};
    return 0;
}
