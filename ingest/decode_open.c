#include "ingest/decode_open.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "ingest/codec_config.h"

#define AVC_SPS         7
#define HEVC_SPS        33
#define LENGTHS_UNKNOWN 4                   // of a record that could not be read

static const struct {
    enum AVCodecID id;
    const char *name;                       // NULL: libavcodec's choice
} decoders[VT_CODECS] = {
    [VT_CODEC_H264] = {AV_CODEC_ID_H264, NULL},
    [VT_CODEC_HEVC] = {AV_CODEC_ID_HEVC, NULL},
    [VT_CODEC_AV1] = {AV_CODEC_ID_AV1, "libdav1d"},     // libavcodec's own needs hardware
    [VT_CODEC_VP9] = {AV_CODEC_ID_VP9, NULL},
    [VT_CODEC_AAC] = {AV_CODEC_ID_AAC, NULL},
    [VT_CODEC_MP3] = {AV_CODEC_ID_MP3, NULL},
    [VT_CODEC_OPUS] = {AV_CODEC_ID_OPUS, NULL},
    [VT_CODEC_FLAC] = {AV_CODEC_ID_FLAC, NULL},
    [VT_CODEC_AC3] = {AV_CODEC_ID_AC3, NULL},
    [VT_CODEC_EAC3] = {AV_CODEC_ID_EAC3, NULL},
    [VT_CODEC_MP2] = {AV_CODEC_ID_MP2, NULL},
    [VT_CODEC_AAC_LATM] = {AV_CODEC_ID_AAC_LATM, NULL},
};

static bool has_nal_units(enum vt_codec codec)
{
    return codec == VT_CODEC_H264 || codec == VT_CODEC_HEVC;
}

// -- looking first

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

static int check_nal(const struct vt_access_unit *unit, const uint8_t *nal, size_t size, const char **why)
{
    if (unit->codec == VT_CODEC_H264 && (nal[0] & 31) == AVC_SPS) {
        struct vt_avc_config config;
        return vt_avc_sps_parse(&config, nal, size, why);
    }
    if (unit->codec == VT_CODEC_HEVC && (nal[0] >> 1 & 63) == HEVC_SPS) {
        struct vt_hevc_config config;
        return vt_hevc_sps_parse(&config, nal, size, why);
    }
    return 0;
}

int vt_decode_check_unit(const struct vt_access_unit *unit, int nal_length_size, const char **why)
{
    struct vt_reader r = vt_reader(unit->data, unit->size);
    const char *phrase = "";
    if (!has_nal_units(unit->codec) || nal_length_size == 0)
        return 0;
    while (r.left > 0) {
        uint32_t size = 0;
        for (int i = 0; i < nal_length_size; i++)
            size = size << 8 | vt_read_u8(&r);
        const uint8_t *nal = vt_read_bytes(&r, size);
        if (!nal)
            return 0;                       // start codes, or broken: libavcodec has limits of its own
        if (size > 0 && check_nal(unit, nal, size, &phrase) == -ERANGE) {
            *why = phrase;
            return -ERANGE;
        }
    }
    return 0;
}

// -- opening

static void set_picture_options(AVCodecContext *context, enum vt_codec codec, int threads,
                                int (*buffer)(AVCodecContext *, AVFrame *, int))
{
    context->flags |= AV_CODEC_FLAG_UNALIGNED;      // crops exactly; whoever needs alignment copies
    context->max_pixels = VT_VIDEO_PIXELS_MAX;
    context->thread_type = FF_THREAD_SLICE;         // frame threads would add frames of delay
    context->thread_count = threads;
    if (codec == VT_CODEC_AV1)
        context->flags |= AV_CODEC_FLAG_LOW_DELAY;  // dav1d likewise
    if (buffer && context->codec->capabilities & AV_CODEC_CAP_DR1)
        context->get_buffer2 = buffer;
}

// The record as libavcodec wants it; FLAC's may have a file's head before it.
static int set_config(AVCodecContext *context, const struct vt_access_unit *unit)
{
    const uint8_t *config = unit->config;
    size_t size = unit->config_size;
    struct vt_flac_config flac;
    const char *why;
    if (unit->codec == VT_CODEC_FLAC && vt_flac_config_parse(&flac, config, size, &why) == 0) {
        config = flac.info;
        size = VT_FLAC_INFO_BYTES;
    }
    if (size == 0 || unit->codec == VT_CODEC_VP9)
        return 0;
    context->extradata = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!context->extradata)
        return -ENOMEM;
    memcpy(context->extradata, config, size);
    context->extradata_size = (int)size;
    return 0;
}

int vt_decode_open(AVCodecContext **ret, const struct vt_access_unit *unit, int threads,
                   int (*buffer)(AVCodecContext *context, AVFrame *frame, int flags), void *opaque)
{
    const char *name = decoders[unit->codec].name;
    const AVCodec *codec = name ? avcodec_find_decoder_by_name(name) : avcodec_find_decoder(decoders[unit->codec].id);
    AVCodecContext *context = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!context) {
        *ret = NULL;
        return codec ? -ENOMEM : 0;
    }
    context->pkt_timebase = (AVRational){1, 1000000000};
    context->err_recognition = AV_EF_CAREFUL;
    context->opaque = opaque;
    context->max_samples = VT_RING_RUN_MAX;
    if (vt_codec_is_video(unit->codec))
        set_picture_options(context, unit->codec, threads, buffer);
    if (set_config(context, unit) < 0) {
        avcodec_free_context(&context);
        return -ENOMEM;
    }
    if (avcodec_open2(context, codec, NULL) < 0)
        avcodec_free_context(&context);             // every packet of it will count as an error
    *ret = context;
    return 0;
}

// -- packets

// Size of the start code at `data`: 3, 4 or 0.
static size_t start_code(const uint8_t *data, size_t size)
{
    if (size >= 3 && data[0] == 0 && data[1] == 0 && data[2] == 1)
        return 3;
    return size >= 4 && data[0] == 0 && data[1] == 0 && data[2] == 0 && data[3] == 1 ? 4 : 0;
}

static int append_nal(AVPacket *packet, size_t *at, const uint8_t *nal, size_t size, int length_size)
{
    if (length_size < 4 && size >> (8 * length_size) != 0)
        return -EINVAL;
    for (int i = length_size - 1; i >= 0; i--)
        packet->data[(*at)++] = (uint8_t)(size >> (8 * i));
    memcpy(packet->data + *at, nal, size);
    *at += size;
    return 0;
}

// Some encoders announce lengths and send start codes. The result is at most a byte longer for each NAL unit.
static int fill_from_start_codes(AVPacket *packet, const struct vt_access_unit *unit, int length_size)
{
    int error = av_new_packet(packet, (int)unit->size + VT_UNIT_NALS_MAX + 4);
    if (error < 0)
        return -ENOMEM;
    size_t at = 0, begin = start_code(unit->data, unit->size), nals = 0;
    for (size_t i = begin; i <= unit->size; i++) {
        size_t code = i < unit->size ? start_code(unit->data + i, unit->size - i) : 0;
        if (i < unit->size && !code)
            continue;
        if (i > begin && (++nals > VT_UNIT_NALS_MAX ||
                          append_nal(packet, &at, unit->data + begin, i - begin, length_size) < 0))
            return -EINVAL;
        begin = i + code;
        i = code ? begin - 1 : i;
    }
    av_shrink_packet(packet, (int)at);
    return 0;
}

int vt_decode_fill(AVPacket *packet, const struct vt_access_unit *unit, int nal_length_size)
{
    enum vt_avc_framing framing = VT_AVC_LENGTHS;
    int error;
    if (nal_length_size)
        framing = vt_avc_framing(unit->data, unit->size, nal_length_size);
    if (framing == VT_AVC_BROKEN || unit->size == 0 || unit->size > INT32_MAX / 2)
        return -EINVAL;
    if (framing == VT_AVC_START_CODES) {
        error = fill_from_start_codes(packet, unit, nal_length_size);
    } else {
        error = av_new_packet(packet, (int)unit->size) < 0 ? -ENOMEM : 0;
        if (!error)
            memcpy(packet->data, unit->data, unit->size);
    }
    packet->pts = unit->pts_ns;
    packet->dts = unit->dts_ns;
    packet->duration = unit->duration_ns;
    packet->flags = unit->key ? AV_PKT_FLAG_KEY : 0;
    return error;
}
