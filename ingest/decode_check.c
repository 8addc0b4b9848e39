#include "ingest/decode_check.h"

#include <errno.h>

#include "ingest/codec_config.h"
#include "ingest/nal_units.h"

#define LENGTHS_UNKNOWN 4                   // of a record that could not be read

static int parse_config(const struct vt_access_unit *unit, int *nal_length_size, const char **why)
{
    union {
        struct vt_avc_config avc;
        struct vt_hevc_config hevc;
        struct vt_av1_config av1;
        struct vt_vp9_config vp9;
        struct vt_aac_config aac;
        struct vt_opus_config opus;
        struct vt_flac_config flac;
    } as;
    int error;
    switch (unit->codec) {
    case VT_CODEC_H264:
        error = vt_avc_config_parse(&as.avc, unit->config, unit->config_size, why);
        *nal_length_size = error ? LENGTHS_UNKNOWN : as.avc.nal_length_size;
        return error;
    case VT_CODEC_HEVC:
        error = vt_hevc_config_parse(&as.hevc, unit->config, unit->config_size, why);
        *nal_length_size = error ? LENGTHS_UNKNOWN : as.hevc.nal_length_size;
        return error;
    case VT_CODEC_AV1:
        return vt_av1_config_parse(&as.av1, unit->config, unit->config_size, why);
    case VT_CODEC_VP9:
    case VT_CODEC_VP8:
        return vt_vp9_config_parse(&as.vp9, unit->config, unit->config_size, why);
    case VT_CODEC_AAC:
        return vt_aac_config_parse(&as.aac, unit->config, unit->config_size, why);
    case VT_CODEC_OPUS:
        return vt_opus_config_parse(&as.opus, unit->config, unit->config_size, why);
    case VT_CODEC_FLAC:
        return vt_flac_config_parse(&as.flac, unit->config, unit->config_size, why);
    default:
        return 0;
    }
}

int vt_decode_check_config(const struct vt_access_unit *unit, const char **why)
{
    const char *phrase = "its configuration is past the limits";
    int nal_length_size = 0;
    if (unit->config_size == 0 || parse_config(unit, &nal_length_size, &phrase) != -ERANGE)
        return nal_length_size;
    *why = phrase;
    return -ERANGE;
}

static bool has_nal_units(enum vt_codec codec)
{
    return codec == VT_CODEC_H264 || codec == VT_CODEC_HEVC;
}

static int check_sps(enum vt_codec codec, const struct vt_nal *nal, const char **why)
{
    struct vt_avc_config avc;
    struct vt_hevc_config hevc;
    return codec == VT_CODEC_H264 ? vt_avc_sps_parse(&avc, nal->data, nal->size, why)
                                  : vt_hevc_sps_parse(&hevc, nal->data, nal->size, why);
}

static int check_nals(const struct vt_access_unit *unit, int nal_length_size, const char **why)
{
    int length_size = vt_nal_length_size(unit->data, unit->size, nal_length_size);
    if (length_size < 0)
        return -EINVAL;
    struct vt_nal_walk walk = vt_nal_walk(unit->data, unit->size, length_size);
    struct vt_nal nal;
    for (int count = 1; vt_nal_next(&walk, &nal); count++) {
        if (count > VT_UNIT_NALS_MAX) {
            *why = "a picture has more than 2048 NAL units";
            return -ERANGE;
        }
        int error = vt_nal_use(&nal, unit->codec == VT_CODEC_HEVC) == VT_NAL_SPS ? check_sps(unit->codec, &nal, why) : 0;
        if (error == -ERANGE)
            return error;
    }
    return 0;
}

int vt_decode_check_unit(const struct vt_access_unit *unit, int nal_length_size, const char **why)
{
    struct vt_av1_config av1;
    const char *phrase = "";
    int width, height, error = 0;
    if (has_nal_units(unit->codec))
        error = check_nals(unit, nal_length_size, &phrase);
    else if (unit->codec == VT_CODEC_AV1)
        error = vt_av1_unit_parse(&av1, unit->data, unit->size, &phrase);
    else if (unit->codec == VT_CODEC_VP9)
        error = vt_vp9_frame_parse(&width, &height, unit->data, unit->size, &phrase);
    else if (unit->codec == VT_CODEC_VP8)
        error = vt_vp8_frame_parse(&width, &height, unit->data, unit->size, &phrase);
    if (error != -ERANGE)
        return 0;
    *why = phrase;
    return error;
}
