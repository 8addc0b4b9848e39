#include "studio/encoder.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/cpu.h>
#include <libavutil/opt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "studio/avc.h"

#define NO_KEY_OF_ITS_OWN (1 << 30)      // pictures; what x264 takes as an infinite distance

struct vt_encoder {
    AVCodecContext *codec;
    AVPacket *packet;
    uint8_t config[VT_AVC_CONFIG_MAX];
    size_t config_size;
    int64_t order[VT_ENCODER_DELAY];     // numbers of the pictures inside, as they were given
    unsigned given, taken;
};

struct sample {
    size_t size;
    uint8_t data[];
};

static int from_av(int r)
{
    return r == AVERROR_EOF ? -EPIPE : r < -4096 ? -EIO : r;
}

// Fixed by the picture's size and not by the machine, so that the bytes are the same everywhere.
static int threads_for(const struct vt_lane_params *params)
{
    if (params->threads > 0)
        return params->threads;
    int64_t pixels = (int64_t)params->rendition->size.width * params->rendition->size.height;
    return pixels > 1920 * 1088 ? 4 : pixels >= 1280 * 720 ? 2 : 1;
}

// A quarter of a segment, so that no segment's peak is above 1.1 + 0.25 times the bit rate.
static int64_t buffer_bits(const struct vt_lane_params *params)
{
    int64_t ns = params->segment_ns / 4;
    ns = ns < 350 * VT_NS_PER_MS ? 350 * VT_NS_PER_MS : ns > VT_NS_PER_S ? VT_NS_PER_S : ns;
    return vt_muldiv(params->rendition->bitrate, ns, VT_NS_PER_S);
}

// The shape of a picture's samples: square, unless rendition and canvas differ in shape by more than rounding.
static AVRational sample_aspect(const struct vt_lane_params *params)
{
    int64_t wide = (int64_t)params->canvas.width * params->rendition->size.height;
    int64_t high = (int64_t)params->canvas.height * params->rendition->size.width;
    int64_t apart = wide > high ? wide - high : high - wide;
    AVRational square = {1, 1}, ret;
    if (apart * 100 <= high)
        return square;
    av_reduce(&ret.num, &ret.den, wide, high, 255);
    return ret;
}

static void set_up(AVCodecContext *c, const struct vt_lane_params *params)
{
    const struct vt_rendition_config *rendition = params->rendition;
    c->width = rendition->size.width;
    c->height = rendition->size.height;
    c->pix_fmt = AV_PIX_FMT_YUV420P;
    c->time_base = (AVRational){params->rate.den, params->rate.num};
    c->framerate = (AVRational){params->rate.num, params->rate.den};
    c->sample_aspect_ratio = sample_aspect(params);
    c->color_primaries = AVCOL_PRI_BT709;
    c->color_trc = AVCOL_TRC_BT709;
    c->colorspace = AVCOL_SPC_BT709;
    c->color_range = AVCOL_RANGE_MPEG;
    c->chroma_sample_location = AVCHROMA_LOC_LEFT;
    c->profile = FF_PROFILE_H264_HIGH;
    c->bit_rate = rendition->bitrate;
    c->rc_max_rate = rendition->bitrate * 11 / 10;
    c->rc_buffer_size = (int)buffer_bits(params);
    c->gop_size = NO_KEY_OF_ITS_OWN;
    c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_CLOSED_GOP;
    c->thread_count = threads_for(params);
    if (params->latency == VT_LATENCY_LOW)
        c->max_b_frames = 0;
}

// Options that only some encoders know: what one does not have, it does not need.
static void set_options(AVCodecContext *c, const struct vt_lane_params *params)
{
    void *private = c->priv_data;
    av_opt_set(private, "preset", params->preset, 0);
    av_opt_set(private, "forced-idr", "1", 0);
    av_opt_set(private, "sc_threshold", "0", 0);
    av_opt_set(private, "a53cc", "0", 0);
    if (params->latency == VT_LATENCY_LOW)
        av_opt_set(private, "tune", "zerolatency", 0);
    // x264's AVX-512 code looks at memory that nobody has written: with B pictures, bytes differ from run to run.
    if (params->threads == 1 && (av_get_cpu_flags() & AV_CPU_FLAG_AVX512))
        av_opt_set(private, "x264-params", "asm=AVX2", 0);
}

static int open_codec(struct vt_encoder *e, const struct vt_lane_params *params)
{
    const char *name = params->encoder, *rendition = params->rendition->name;
    const AVCodec *codec = avcodec_find_encoder_by_name(name);
    if (!codec || codec->id != AV_CODEC_ID_H264) {
        vt_error("rendition %s: there is no H.264 encoder named %s; try libx264", rendition, name);
        return -EINVAL;
    }
    e->codec = avcodec_alloc_context3(codec);
    e->packet = av_packet_alloc();
    if (!e->codec || !e->packet)
        return -ENOMEM;
    set_up(e->codec, params);
    set_options(e->codec, params);
    int r = avcodec_open2(e->codec, codec, NULL);
    if (r < 0) {
        vt_error("rendition %s: encoder %s does not open with preset %s: %s", rendition, name, params->preset,
                 av_err2str(r));
        return from_av(r);
    }
    r = vt_avc_config(e->config, e->codec->extradata, (size_t)e->codec->extradata_size);
    if (r < 0)
        vt_error("rendition %s: encoder %s gives no parameter sets", rendition, name);
    else
        e->config_size = (size_t)r;
    return r < 0 ? r : 0;
}

int vt_encoder_new(struct vt_encoder **ret, const struct vt_lane_params *params)
{
    struct vt_encoder *e = calloc(1, sizeof *e);
    if (!e)
        return -ENOMEM;
    int r = open_codec(e, params);
    if (r < 0) {
        vt_encoder_free(&e);
        return r;
    }
    *ret = e;
    return 0;
}

void vt_encoder_free(struct vt_encoder **encoder)
{
    struct vt_encoder *e = *encoder;
    *encoder = NULL;
    if (!e)
        return;
    avcodec_free_context(&e->codec);
    av_packet_free(&e->packet);
    free(e);
}

const uint8_t *vt_encoder_config(const struct vt_encoder *encoder, size_t *ret_size)
{
    *ret_size = encoder->config_size;
    return encoder->config;
}

int vt_encoder_send(struct vt_encoder *e, AVFrame *picture, int64_t frame, bool key)
{
    if (e->given - e->taken == VT_ENCODER_DELAY)
        return -ENOBUFS;
    picture->pts = frame;
    picture->pict_type = key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    int r = avcodec_send_frame(e->codec, picture);
    if (r < 0)
        return from_av(r);
    e->order[e->given++ % VT_ENCODER_DELAY] = frame;
    return 0;
}

int vt_encoder_drain(struct vt_encoder *e)
{
    return from_av(avcodec_send_frame(e->codec, NULL));
}

static int take(struct vt_encoder *e, struct vt_lane_packet *ret)
{
    const AVPacket *packet = e->packet;
    if (e->given == e->taken)
        return -EIO;
    struct sample *sample = malloc(sizeof *sample + vt_avc_sample_room((size_t)packet->size));
    if (!sample)
        return -ENOMEM;
    sample->size = vt_avc_sample(sample->data, packet->data, (size_t)packet->size);
    ret->owner = sample;
    ret->packet = (struct vt_packet){
        .data = sample->data,
        .size = sample->size,
        .dts = e->order[e->taken++ % VT_ENCODER_DELAY],
        .pts = packet->pts,
        .duration = 1,
        .key = packet->flags & AV_PKT_FLAG_KEY,
    };
    return 1;
}

int vt_encoder_receive(struct vt_encoder *e, struct vt_lane_packet *ret)
{
    int r = avcodec_receive_packet(e->codec, e->packet);
    if (r < 0)
        return r == AVERROR(EAGAIN) ? 0 : from_av(r);
    r = take(e, ret);
    av_packet_unref(e->packet);
    return r;
}

void vt_lane_packet_free(struct vt_lane_packet *packet)
{
    free(packet->owner);
    *packet = (struct vt_lane_packet){0};
}
