// The codecs that publishers may send, whatever the protocol, and what people call them. Pure.
#pragma once

#include <stdbool.h>

enum vt_codec {
    VT_CODEC_NONE,
    VT_CODEC_H264,
    VT_CODEC_HEVC,
    VT_CODEC_AV1,
    VT_CODEC_VP9,
    VT_CODEC_VP8,                        // the last of video
    VT_CODEC_AAC,
    VT_CODEC_MP3,
    VT_CODEC_OPUS,
    VT_CODEC_FLAC,
    VT_CODEC_AC3,
    VT_CODEC_EAC3,
    VT_CODEC_MP2,
    VT_CODEC_AAC_LATM,
    VT_CODEC_ALAW,                       // G.711
    VT_CODEC_MULAW,
    VT_CODEC_PCM_U8,
    VT_CODEC_PCM_S16,                    // little-endian
    VT_CODEC_SPEEX,
    VT_CODECS
};

const char *vt_codec_name(enum vt_codec codec);      // "H.264", "Opus"; "" for VT_CODEC_NONE
bool vt_codec_is_video(enum vt_codec codec);
