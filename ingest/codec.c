#include "ingest/codec.h"

const char *vt_codec_name(enum vt_codec codec)
{
    static const char *const names[VT_CODECS] = {
        [VT_CODEC_NONE] = "",      [VT_CODEC_H264] = "H.264", [VT_CODEC_HEVC] = "HEVC", [VT_CODEC_AV1] = "AV1",
        [VT_CODEC_VP9] = "VP9",    [VT_CODEC_VP8] = "VP8",    [VT_CODEC_AAC] = "AAC",   [VT_CODEC_MP3] = "MP3",
        [VT_CODEC_OPUS] = "Opus",  [VT_CODEC_FLAC] = "FLAC",  [VT_CODEC_AC3] = "AC-3",  [VT_CODEC_EAC3] = "E-AC-3",
        [VT_CODEC_MP2] = "MP2",    [VT_CODEC_AAC_LATM] = "AAC (LATM)",
        [VT_CODEC_ALAW] = "G.711 A-law", [VT_CODEC_MULAW] = "G.711 mu-law",
        [VT_CODEC_PCM_U8] = "PCM", [VT_CODEC_PCM_S16] = "PCM", [VT_CODEC_SPEEX] = "Speex",
    };
    return (unsigned)codec < VT_CODECS ? names[codec] : "";
}

bool vt_codec_is_video(enum vt_codec codec)
{
    return codec >= VT_CODEC_H264 && codec <= VT_CODEC_VP8;
}
