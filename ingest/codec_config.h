// Decoder configuration records, read before any decoder opens: what is in them, and whether it is within limits.
// Pure. Lenient where encoders are sloppy (reserved bits, missing parameter sets), strict about sizes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VT_CONFIG_BYTES_MAX   65536      // of one record
#define VT_VIDEO_WIDTH_MAX    4096
#define VT_VIDEO_HEIGHT_MAX   4096
#define VT_VIDEO_PIXELS_MAX   (4096 * 2304)
#define VT_AUDIO_RATE_MIN     4000       // what is lower makes hours of a packet
#define VT_AUDIO_RATE_MAX     96000
#define VT_AUDIO_CHANNELS_MAX 8
#define VT_VIDEO_REFERENCES_MAX 16       // pictures that a decoder must keep
#define VT_UNIT_NALS_MAX      2048       // NAL units of one access unit
#define VT_UNIT_SEI_MAX       65536      // bytes of supplemental information in one access unit: more is left out
#define VT_UNIT_OBUS_MAX      512        // open bitstream units of one AV1 picture
#define VT_CONFIG_OBUS_MAX    16         // open bitstream units of one av1C record
#define VT_FLAC_INFO_BYTES    34         // of a STREAMINFO block

struct vt_avc_config {
    int nal_length_size;                 // 1, 2 or 4
    int parameter_sets;                  // SPS and PPS in the record; 0: they come in band, and the rest is unknown
    int profile, level;                  // profile_idc, level_idc
    int width, height;                   // cropped; 0: unknown
    int chroma_format;                   // 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4
    int bit_depth;                       // luma's, 8..14
    bool interlaced;                     // may hold fields
    int reference_frames;
    int sar_num, sar_den;                // 0: not said
    int fps_num, fps_den;                // from the VUI; 0: not said
};

struct vt_aac_config {
    int object_type;                     // 2 AAC-LC, 5 SBR, 29 PS
    int sample_rate;                     // of the core
    int channels;                        // 0: described in the stream
};

struct vt_hevc_config {
    int nal_length_size;                 // 1, 2 or 4
    int parameter_sets;                  // VPS, SPS and PPS in the record; 0: they come in band
    int profile, level;                  // general_profile_idc, general_level_idc
    int width, height;                   // cropped; 0: unknown
    int chroma_format, bit_depth;        // as above
    int reference_frames;
};

struct vt_av1_config {
    int profile, level;                  // seq_profile, seq_level_idx of the first operating point
    int bit_depth;                       // 8, 10 or 12
    int width, height;                   // of the largest picture; 0: the sequence header comes in band
};

struct vt_vp9_config {
    int profile, level, bit_depth;
};

struct vt_opus_config {
    int channels;
    int pre_skip;                        // samples at 48 kHz
};

struct vt_flac_config {
    const uint8_t *info;                 // VT_FLAC_INFO_BYTES of STREAMINFO, borrowed
    int sample_rate, channels, block;    // block: most samples of one
};

// Read an avcC record, a bare SPS NAL unit (with its header), an AudioSpecificConfig; hvcC, av1C and vpcC records; an
// Opus identification header; FLAC's STREAMINFO, with or without what stands before it in a file. Return 0; -EINVAL
// for one that is broken; -ERANGE for one past the limits; *why then says what was wrong.
int vt_avc_config_parse(struct vt_avc_config *ret, const uint8_t *data, size_t size, const char **why);
int vt_avc_sps_parse(struct vt_avc_config *ret, const uint8_t *data, size_t size, const char **why);
int vt_aac_config_parse(struct vt_aac_config *ret, const uint8_t *data, size_t size, const char **why);
int vt_hevc_config_parse(struct vt_hevc_config *ret, const uint8_t *data, size_t size, const char **why);
int vt_hevc_sps_parse(struct vt_hevc_config *ret, const uint8_t *data, size_t size, const char **why);
int vt_av1_config_parse(struct vt_av1_config *ret, const uint8_t *data, size_t size, const char **why);
int vt_vp9_config_parse(struct vt_vp9_config *ret, const uint8_t *data, size_t size, const char **why);
int vt_opus_config_parse(struct vt_opus_config *ret, const uint8_t *data, size_t size, const char **why);
int vt_flac_config_parse(struct vt_flac_config *ret, const uint8_t *data, size_t size, const char **why);

// What a picture says of its size: all of an AV1 temporal unit (its sequence header, if it has one), a VP8 frame, a VP9
// frame or superframe (its last size). Width 0: nothing. Errors as above; -ERANGE also for too many units.
int vt_av1_unit_parse(struct vt_av1_config *ret, const uint8_t *data, size_t size, const char **why);
int vt_vp8_frame_parse(int *ret_width, int *ret_height, const uint8_t *data, size_t size, const char **why);
int vt_vp9_frame_parse(int *ret_width, int *ret_height, const uint8_t *data, size_t size, const char **why);

// -ERANGE for a size that is past the limits, else 0.
int vt_config_check_size(uint64_t width, uint64_t height, const char **why);
