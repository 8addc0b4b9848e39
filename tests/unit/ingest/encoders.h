// Small streams for tests, made by libavcodec: plain pictures as H.264 and a tone as AAC, as an RTMP encoder has them:
// length-prefixed units with their avcC, raw AAC frames with their AudioSpecificConfig.
#pragma once

#include <libavcodec/avcodec.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <math.h>

#include "check.h"
#include "ingest/decode.h"

struct stream {
    AVCodecContext *context;
    enum vt_codec codec;
    AVPacket *packets[512];
    int count;
    uint8_t *config;
    size_t config_size;
    int rate, channels;                  // of sound that does not say
};

static uint8_t brightness(int picture)
{
    return (uint8_t)(40 + picture * 7 % 160);
}

static void stream_take(struct stream *s)
{
    AVPacket *packet = av_packet_alloc();
    while (s->count < 512 && avcodec_receive_packet(s->context, packet) == 0) {
        s->packets[s->count++] = packet;
        packet = av_packet_alloc();
    }
    av_packet_free(&packet);
}

// Replaces start codes by lengths: x264 through libavcodec writes Annex B even with a global header.
static void lengths_for_start_codes(AVPacket *packet)
{
    AVPacket *to = av_packet_alloc();
    REQUIRE(av_new_packet(to, packet->size + 64) == 0);
    int at = 0;
    for (int i = 0, begin = -1; i <= packet->size; i++) {
        bool code = i + 3 <= packet->size && !packet->data[i] && !packet->data[i + 1] && packet->data[i + 2] == 1;
        if (!code && i < packet->size)
            continue;
        int end = code && i > 0 && !packet->data[i - 1] ? i - 1 : i;
        if (begin >= 0) {
            int size = end - begin;
            for (int b = 3; b >= 0; b--)
                to->data[at++] = (uint8_t)(size >> 8 * b);
            memcpy(to->data + at, packet->data + begin, (size_t)size);
            at += size;
        }
        begin = i + 3;
        i += 2;
    }
    av_shrink_packet(to, at);
    to->pts = packet->pts, to->dts = packet->dts, to->flags = packet->flags;
    av_packet_unref(packet);
    av_packet_move_ref(packet, to);
    av_packet_free(&to);
}

// Annex B parameter sets -> avcC.
static void make_avcc(struct stream *s)
{
    AVPacket sets = {0};
    REQUIRE(av_new_packet(&sets, s->context->extradata_size) == 0);
    memcpy(sets.data, s->context->extradata, (size_t)s->context->extradata_size);
    lengths_for_start_codes(&sets);
    const uint8_t *at = sets.data, *end = sets.data + sets.size, *set[32];
    int sizes[32], n = 0;
    while (at < end && n < 32) {
        sizes[n] = at[2] << 8 | at[3];
        set[n] = at + 4;
        at += 4 + sizes[n++];
    }
    uint8_t *out = s->config = malloc(512);
    int i = 0;
    *out++ = 1, *out++ = set[0][1], *out++ = set[0][2], *out++ = set[0][3], *out++ = 0xff, *out++ = 0xe1;
    for (int pass = 7; pass <= 8; pass++) {
        for (i = 0; i < n && (set[i][0] & 31) != pass; i++)
            ;
        REQUIRE(i < n && sizes[i] < 200);
        if (pass == 8)
            *out++ = 1;
        *out++ = (uint8_t)(sizes[i] >> 8), *out++ = (uint8_t)sizes[i];
        memcpy(out, set[i], (size_t)sizes[i]);
        out += sizes[i];
    }
    s->config_size = (size_t)(out - s->config);
    av_packet_unref(&sets);
}

struct video_options {
    int width, height, pictures, b_frames, key_every;
    enum AVPixelFormat format;
    const char *x264;                    // x264-params
    enum vt_codec codec;                 // NONE: H.264
};

// A record with nothing in it but what a decoder must know: parameter sets come in band.
static void make_bare_config(struct stream *s)
{
    static const uint8_t hvcc[23] = {1, 1, 0x60, [13] = 0xf0, [15] = 0xfc, 0xfd, 0xf8, 0xf8, [21] = 0x0f};
    static const uint8_t av1c[4] = {0x81, 0, 0x0c, 0};
    static const uint8_t vpcc[12] = {1, 0, 0, 0, 0, 31, 0x82, 1, 1, 1};
    if (s->codec == VT_CODEC_VP8)
        return;
    const uint8_t *from = s->codec == VT_CODEC_HEVC ? hvcc : s->codec == VT_CODEC_AV1 ? av1c : vpcc;
    s->config_size = s->codec == VT_CODEC_HEVC ? sizeof hvcc : s->codec == VT_CODEC_AV1 ? sizeof av1c : sizeof vpcc;
    s->config = malloc(s->config_size);
    memcpy(s->config, from, s->config_size);
}

static const char *encoder_name(enum vt_codec codec)
{
    return codec == VT_CODEC_HEVC ? "libx265" : codec == VT_CODEC_AV1 ? "libaom-av1"
         : codec == VT_CODEC_VP9 ? "libvpx-vp9" : codec == VT_CODEC_VP8 ? "libvpx" : "libx264";
}

static void set_encoder_options(AVCodecContext *c, enum vt_codec codec, const struct video_options *o)
{
    switch (codec) {
    case VT_CODEC_HEVC:
        av_opt_set(c->priv_data, "preset", "ultrafast", 0);
        av_opt_set(c->priv_data, "x265-params", "log-level=none:bframes=0:qp=10:pools=none:frame-threads=1", 0);
        break;
    case VT_CODEC_AV1:
    case VT_CODEC_VP9:
    case VT_CODEC_VP8:
        av_opt_set(c->priv_data, "cpu-used", "8", 0);
        av_opt_set(c->priv_data, "usage", "realtime", 0);
        av_opt_set(c->priv_data, "deadline", "realtime", 0);
        av_opt_set(c->priv_data, "lag-in-frames", "0", 0);
        c->bit_rate = 2000000;
        break;
    default:
        c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
        av_opt_set(c->priv_data, "preset", "ultrafast", 0);
        av_opt_set(c->priv_data, "x264-params", o->x264, 0);
    }
}

__attribute__((unused)) static void encode_video(struct stream *s, const struct video_options *o)
{
    memset(s, 0, sizeof *s);
    s->codec = o->codec ? o->codec : VT_CODEC_H264;
    AVCodecContext *c = s->context = avcodec_alloc_context3(avcodec_find_encoder_by_name(encoder_name(s->codec)));
    REQUIRE(c != NULL);
    c->width = o->width, c->height = o->height, c->pix_fmt = o->format;
    c->time_base = (AVRational){1, 25}, c->framerate = (AVRational){25, 1};
    c->max_b_frames = o->b_frames, c->gop_size = o->key_every, c->thread_count = 1;
    c->color_range = AVCOL_RANGE_MPEG, c->colorspace = AVCOL_SPC_BT709;
    set_encoder_options(c, s->codec, o);
    REQUIRE(avcodec_open2(c, NULL, NULL) == 0);
    AVFrame *frame = av_frame_alloc();
    for (int i = 0; i < o->pictures; i++) {
        frame->width = o->width, frame->height = o->height, frame->format = o->format;
        REQUIRE(av_frame_get_buffer(frame, 0) == 0);
        bool deep = o->format == AV_PIX_FMT_YUV420P10;
        for (int p = 0; p < 3; p++)
            for (int y = 0; y < (p && o->format != AV_PIX_FMT_YUV444P ? (o->height + 1) / 2 : o->height); y++)
                for (int x = 0; x < frame->linesize[p] / (deep ? 2 : 1); x++) {
                    int value = p ? 128 : brightness(i);
                    if (deep)
                        ((uint16_t *)(void *)(frame->data[p] + y * frame->linesize[p]))[x] = (uint16_t)(value << 2);
                    else
                        frame->data[p][y * frame->linesize[p] + x] = (uint8_t)value;
                }
        frame->pts = i;
        REQUIRE(avcodec_send_frame(c, frame) == 0);
        av_frame_unref(frame);
        stream_take(s);
    }
    avcodec_send_frame(c, NULL);
    stream_take(s);
    av_frame_free(&frame);
    for (int i = 0; i < s->count && s->codec <= VT_CODEC_HEVC; i++)
        lengths_for_start_codes(s->packets[i]);
    if (s->codec == VT_CODEC_H264)
        make_avcc(s);
    else
        make_bare_config(s);
}

static void fill_tone(AVFrame *frame, int64_t from, int channels)
{
    for (int ch = 0; ch < channels; ch++)
        for (int j = 0; j < frame->nb_samples; j++) {
            float v = 0.5f * sinf(6.2831853f * 440 * (float)(from + j) / (float)frame->sample_rate);
            if (frame->format == AV_SAMPLE_FMT_FLTP)
                ((float *)(void *)frame->data[ch])[j] = v;
            else if (frame->format == AV_SAMPLE_FMT_FLT)
                ((float *)(void *)frame->data[0])[j * channels + ch] = v;
            else
                ((int16_t *)(void *)frame->data[0])[j * channels + ch] = (int16_t)(v * 32767);
        }
}

// A 440 Hz tone in both channels, by an encoder of libavcodec's.
__attribute__((unused)) static void encode_sound(struct stream *s, enum vt_codec codec, const char *encoder, int rate, int channels, int frames)
{
    memset(s, 0, sizeof *s);
    s->codec = codec;
    AVCodecContext *c = s->context = avcodec_alloc_context3(avcodec_find_encoder_by_name(encoder));
    c->sample_rate = rate, c->sample_fmt = c->codec->sample_fmts[0], c->bit_rate = 96000;
    for (const enum AVSampleFormat *f = c->codec->sample_fmts; *f != AV_SAMPLE_FMT_NONE; f++)
        if (*f == AV_SAMPLE_FMT_FLTP || *f == AV_SAMPLE_FMT_FLT || *f == AV_SAMPLE_FMT_S16)
            c->sample_fmt = *f;
    av_channel_layout_default(&c->ch_layout, channels);
    c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    REQUIRE(avcodec_open2(c, NULL, NULL) == 0);
    AVFrame *frame = av_frame_alloc();
    for (int i = 0; i < frames; i++) {
        frame->nb_samples = c->frame_size ? c->frame_size : 1024, frame->format = c->sample_fmt, frame->sample_rate = rate;
        av_channel_layout_copy(&frame->ch_layout, &c->ch_layout);
        REQUIRE(av_frame_get_buffer(frame, 0) == 0);
        fill_tone(frame, (int64_t)i * frame->nb_samples, channels);
        frame->pts = (int64_t)i * frame->nb_samples;
        REQUIRE(avcodec_send_frame(c, frame) == 0);
        av_frame_unref(frame);
        stream_take(s);
    }
    av_frame_free(&frame);
    bool plain = codec >= VT_CODEC_ALAW;
    s->rate = plain ? rate : 0;
    s->channels = plain ? channels : 0;
    s->config_size = plain ? 0 : (size_t)c->extradata_size;
    s->config = malloc(s->config_size + 1);
    if (s->config_size > 0)
        memcpy(s->config, c->extradata, s->config_size);
}

__attribute__((unused)) static void encode_audio(struct stream *s, int rate, int channels, int frames)
{
    encode_sound(s, VT_CODEC_AAC, "aac", rate, channels, frames);
}

static void stream_free(struct stream *s)
{
    for (int i = 0; i < s->count; i++)
        av_packet_free(&s->packets[i]);
    avcodec_free_context(&s->context);
    free(s->config);
    s->config = NULL;
    s->count = 0;
}

// Packet `i` as an access unit, `from_ns` into the publisher's timeline; times are whole milliseconds as RTMP's are.
__attribute__((unused))
static struct vt_access_unit stream_unit(const struct stream *s, int i, int64_t from_ns)
{
    const AVPacket *packet = s->packets[i];
    bool video = s->context->codec_type == AVMEDIA_TYPE_VIDEO;
    AVRational base = video ? s->context->time_base : (AVRational){1, s->context->sample_rate};
    return (struct vt_access_unit){
        .video = video,
        .codec = s->codec,
        .data = packet->data,
        .size = (size_t)packet->size,
        .dts_ns = from_ns + av_rescale_q(packet->dts, base, (AVRational){1, 1000}) * 1000000,
        .pts_ns = from_ns + av_rescale_q(packet->pts, base, (AVRational){1, 1000}) * 1000000,
        .key = packet->flags & AV_PKT_FLAG_KEY,
        .rate = s->rate,
        .channels = s->channels,
        .config = s->config,
        .config_size = s->config_size,
    };
}
