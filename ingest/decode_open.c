#include "ingest/decode_open.h"

#include <errno.h>
#include <libavutil/channel_layout.h>
#include <libavutil/dict.h>
#include <string.h>

#include "ingest/codec_config.h"
#include "ingest/nal_units.h"

static const struct {
    enum AVCodecID id;
    const char *name;                       // NULL: libavcodec's choice
} decoders[VT_CODECS] = {
    [VT_CODEC_H264] = {AV_CODEC_ID_H264, NULL},
    [VT_CODEC_HEVC] = {AV_CODEC_ID_HEVC, NULL},
    [VT_CODEC_AV1] = {AV_CODEC_ID_AV1, "libdav1d"},     // libavcodec's own needs hardware
    [VT_CODEC_VP9] = {AV_CODEC_ID_VP9, NULL},
    [VT_CODEC_VP8] = {AV_CODEC_ID_VP8, NULL},
    [VT_CODEC_AAC] = {AV_CODEC_ID_AAC, NULL},
    [VT_CODEC_MP3] = {AV_CODEC_ID_MP3, NULL},
    [VT_CODEC_OPUS] = {AV_CODEC_ID_OPUS, NULL},
    [VT_CODEC_FLAC] = {AV_CODEC_ID_FLAC, NULL},
    [VT_CODEC_AC3] = {AV_CODEC_ID_AC3, NULL},
    [VT_CODEC_EAC3] = {AV_CODEC_ID_EAC3, NULL},
    [VT_CODEC_MP2] = {AV_CODEC_ID_MP2, NULL},
    [VT_CODEC_AAC_LATM] = {AV_CODEC_ID_AAC_LATM, NULL},
    [VT_CODEC_ALAW] = {AV_CODEC_ID_PCM_ALAW, NULL},
    [VT_CODEC_MULAW] = {AV_CODEC_ID_PCM_MULAW, NULL},
    [VT_CODEC_PCM_U8] = {AV_CODEC_ID_PCM_U8, NULL},
    [VT_CODEC_PCM_S16] = {AV_CODEC_ID_PCM_S16LE, NULL},
    [VT_CODEC_SPEEX] = {AV_CODEC_ID_SPEEX, NULL},
};

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
    if (size == 0 || unit->codec == VT_CODEC_VP9 || unit->codec == VT_CODEC_VP8)
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
    if (unit->rate > 0) {
        context->sample_rate = unit->rate;
        av_channel_layout_default(&context->ch_layout, unit->channels);
    }
    if (set_config(context, unit) < 0) {
        avcodec_free_context(&context);
        return -ENOMEM;
    }
    // of AV1's layers and operating points the first point's largest picture, and nothing else
    AVDictionary *options = NULL;
    if (unit->codec == VT_CODEC_AV1) {
        av_dict_set(&options, "oppoint", "0", 0);
        av_dict_set(&options, "alllayers", "0", 0);
    }
    if (avcodec_open2(context, codec, &options) < 0)
        avcodec_free_context(&context);             // every packet of it will count as an error
    av_dict_free(&options);
    *ret = context;
    return 0;
}

// -- packets

static int append(AVPacket *packet, size_t *at, const struct vt_nal *nal, int length_size)
{
    if (length_size > 0 && length_size < 4 && nal->size >> (8 * length_size) != 0)
        return -EINVAL;
    if (length_size == 0) {
        memcpy(packet->data + *at, "\0\0\0\1", 4);
        *at += 4;
    }
    for (int i = length_size - 1; i >= 0; i--)
        packet->data[(*at)++] = (uint8_t)(nal->size >> (8 * i));
    memcpy(packet->data + *at, nal->data, nal->size);
    *at += nal->size;
    return 0;
}

// Some encoders announce lengths and send start codes: the result is at most a byte longer for each NAL unit, and four
// for the first.
static int fill_nals(AVPacket *packet, const struct vt_access_unit *unit, int length_size)
{
    int from = vt_nal_length_size(unit->data, unit->size, length_size);
    if (from < 0)
        return -EINVAL;
    if (av_new_packet(packet, (int)unit->size + VT_UNIT_NALS_MAX + 4) < 0)
        return -ENOMEM;
    struct vt_nal_walk walk = vt_nal_walk(unit->data, unit->size, from);
    struct vt_nal nal;
    size_t at = 0, information = 0;
    for (int count = 1; vt_nal_next(&walk, &nal); count++) {
        enum vt_nal_use use = vt_nal_use(&nal, unit->codec == VT_CODEC_HEVC);
        if (use == VT_NAL_SEI)
            information += nal.size;
        if (use == VT_NAL_PADDING || (use == VT_NAL_SEI && information > VT_UNIT_SEI_MAX))
            continue;
        if (count > VT_UNIT_NALS_MAX || append(packet, &at, &nal, length_size) < 0)
            return -EINVAL;
    }
    av_shrink_packet(packet, (int)at);
    return at == 0;
}

static int fill_whole(AVPacket *packet, const struct vt_access_unit *unit)
{
    if (av_new_packet(packet, (int)unit->size) < 0)
        return -ENOMEM;
    memcpy(packet->data, unit->data, unit->size);
    return 0;
}

int vt_decode_fill(AVPacket *packet, const struct vt_access_unit *unit, int nal_length_size)
{
    if (unit->size == 0 || unit->size > INT32_MAX / 2)
        return -EINVAL;
    bool nals = unit->codec == VT_CODEC_H264 || unit->codec == VT_CODEC_HEVC;
    int error = nals ? fill_nals(packet, unit, nal_length_size) : fill_whole(packet, unit);
    packet->pts = unit->pts_ns;
    packet->dts = unit->dts_ns;
    packet->duration = unit->duration_ns;
    packet->flags = unit->key ? AV_PKT_FLAG_KEY : 0;
    return error;
}
