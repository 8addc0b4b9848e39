#include <errno.h>

#include "base/bytes.h"
#include "ingest/bits.h"
#include "ingest/codec_config.h"

#define NAL_SPS         33
#define NAL_HEADER_BITS 16
#define SUB_LAYERS_MAX  7

static void skip_bits(struct vt_bits *b, int count)
{
    for (; count > 32; count -= 32)
        vt_bits_read(b, 32);
    vt_bits_read(b, count);
}

static void read_profile(struct vt_hevc_config *config, struct vt_bits *b, uint32_t sub_layers)
{
    vt_bits_read(b, 3);                      // profile space, tier
    config->profile = (int)vt_bits_read(b, 5);
    skip_bits(b, 32 + 48);                   // compatibility, constraints
    config->level = (int)vt_bits_read(b, 8);
    bool has_profile[SUB_LAYERS_MAX] = {false}, has_level[SUB_LAYERS_MAX] = {false};
    for (uint32_t i = 0; i + 1 < sub_layers; i++) {
        has_profile[i] = vt_bits_read(b, 1);
        has_level[i] = vt_bits_read(b, 1);
    }
    if (sub_layers > 1)
        skip_bits(b, (int)(9 - sub_layers) * 2);
    for (uint32_t i = 0; i + 1 < sub_layers; i++)
        skip_bits(b, (has_profile[i] ? 88 : 0) + (has_level[i] ? 8 : 0));
}

// Reads the picture's size and takes off its conformance window.
static int read_size(struct vt_hevc_config *config, struct vt_bits *b, const char **why)
{
    uint64_t width = vt_bits_ue(b), height = vt_bits_ue(b), crop_x = 0, crop_y = 0;
    if (vt_bits_read(b, 1)) {
        crop_x = (uint64_t)vt_bits_ue(b) + vt_bits_ue(b);
        crop_y = (uint64_t)vt_bits_ue(b) + vt_bits_ue(b);
    }
    crop_x *= config->chroma_format == 1 || config->chroma_format == 2 ? 2 : 1;
    crop_y *= config->chroma_format == 1 ? 2 : 1;
    if (b->failed || width == 0 || height == 0) {
        *why = "the SPS is broken";
        return -EINVAL;
    }
    if (vt_config_check_size(width, height, why) < 0)
        return -ERANGE;
    if (crop_x >= width || crop_y >= height) {
        *why = "the SPS crops the whole picture away";
        return -EINVAL;
    }
    config->width = (int)(width - crop_x);
    config->height = (int)(height - crop_y);
    return 0;
}

// How many pictures the decoder must keep: the most of all sub-layers.
static uint64_t read_kept(struct vt_bits *b, uint32_t sub_layers)
{
    vt_bits_ue(b);                           // picture order count bits
    uint64_t most = 0;
    for (uint32_t i = vt_bits_read(b, 1) ? 0 : sub_layers - 1; i < sub_layers; i++) {
        uint64_t each = (uint64_t)vt_bits_ue(b) + 1;
        vt_bits_ue(b);                       // reordered
        vt_bits_ue(b);                       // latency
        most = each > most ? each : most;
    }
    return most;
}

int vt_hevc_sps_parse(struct vt_hevc_config *ret, const uint8_t *data, size_t size, const char **why)
{
    struct vt_hevc_config config = {0};
    struct vt_bits b = vt_bits(data, size, true);
    vt_bits_read(&b, NAL_HEADER_BITS);
    vt_bits_read(&b, 4);                     // VPS id
    uint32_t sub_layers = vt_bits_read(&b, 3) + 1;
    vt_bits_read(&b, 1);                     // nesting
    if (sub_layers <= SUB_LAYERS_MAX)
        read_profile(&config, &b, sub_layers);
    uint32_t id = vt_bits_ue(&b), chroma = vt_bits_ue(&b);
    if (chroma == 3)
        vt_bits_read(&b, 1);                 // separate planes
    if (b.failed || sub_layers > SUB_LAYERS_MAX || id > 15 || chroma > 3) {
        *why = "the SPS is broken";
        return -EINVAL;
    }
    config.chroma_format = (int)chroma;
    int error = read_size(&config, &b, why);
    if (error < 0)
        return error;
    uint32_t luma = vt_bits_ue(&b);
    vt_bits_ue(&b);
    uint64_t kept = read_kept(&b, sub_layers);
    if (b.failed || luma > 8) {
        *why = "the SPS is broken";
        return -EINVAL;
    }
    if (kept > VT_VIDEO_REFERENCES_MAX) {
        *why = "the video asks for more than 16 reference frames";
        return -ERANGE;
    }
    config.bit_depth = (int)luma + 8;
    config.reference_frames = (int)kept;
    *ret = config;
    return 0;
}

// The first SPS fills `config`; all of them must be within the limits.
static int read_parameter_set(struct vt_hevc_config *config, const uint8_t *data, size_t size, const char **why)
{
    config->parameter_sets++;
    if ((data[0] >> 1 & 63) != NAL_SPS)
        return 0;
    struct vt_hevc_config sps;
    int error = vt_hevc_sps_parse(&sps, data, size, why);
    if (error < 0)
        return error;
    sps.nal_length_size = config->nal_length_size;
    sps.parameter_sets = config->parameter_sets;
    if (config->width == 0)
        *config = sps;
    return 0;
}

static int read_array(struct vt_hevc_config *config, struct vt_reader *r, const char **why)
{
    vt_read_u8(r);                           // what the units say themselves
    for (int left = vt_read_u16be(r); left > 0; left--) {
        uint16_t size = vt_read_u16be(r);
        const uint8_t *data = vt_read_bytes(r, size);
        if (!data)
            break;
        int error = size > 0 ? read_parameter_set(config, data, size, why) : 0;
        if (error < 0)
            return error;
    }
    if (!r->failed)
        return 0;
    *why = "the hvcC record is cut short";
    return -EINVAL;
}

int vt_hevc_config_parse(struct vt_hevc_config *ret, const uint8_t *data, size_t size, const char **why)
{
    struct vt_hevc_config config = {0};
    struct vt_reader r = vt_reader(data, size);
    uint8_t version = vt_read_u8(&r);
    config.profile = vt_read_u8(&r) & 31;
    vt_read_skip(&r, 10);                    // compatibility, constraints
    config.level = vt_read_u8(&r);
    vt_read_skip(&r, 8);                     // segmentation, parallelism, formats, rate
    config.nal_length_size = (vt_read_u8(&r) & 3) + 1;
    int arrays = vt_read_u8(&r);
    if (r.failed || size > VT_CONFIG_BYTES_MAX) {
        *why = r.failed ? "the hvcC record is cut short" : "the hvcC record is too long";
        return -EINVAL;
    }
    if (version > 1 || config.nal_length_size == 3) {
        *why = "not an hvcC record";
        return -EINVAL;
    }
    int error = 0;
    for (; arrays > 0 && error == 0; arrays--)
        error = read_array(&config, &r, why);
    if (error == 0)
        *ret = config;
    return error;
}
