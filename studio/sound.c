#include "studio/sound.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/channel_layout.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FADE     (VT_SAMPLE_RATE / 100)
#define BRIDGE   (VT_SAMPLE_RATE / 500)
#define CAPACITY (VT_SOUND_AHEAD + VT_SOUND_FRAME + 4 * FADE)    // keeps what fades look back at

struct encoded {
    struct encoded *next;
    struct vt_packet packet;
    uint8_t data[];
};

struct vt_sound {
    AVCodecContext *codec;
    AVFrame *frame;
    AVPacket *packet;
    int64_t first;
    int64_t packets;                     // that the encoder gave
    struct encoded *oldest, **newest;    // to be collected
    struct encoded *collected;
    int64_t dropped;

    // The timeline: what lies before `done` is encoded, before `end` decided.
    int64_t done, end;
    int64_t heard;                       // end of the last samples that came
    int64_t gap;                         // where the last gap began
    int fading_in;                       // samples that are still to be faded in
    float ring[CAPACITY][2];
};

static float *sample(struct vt_sound *s, int64_t position)
{
    return s->ring[(position - s->first) % CAPACITY];
}

// What rings on after a gap began: the sound before it, mirrored and faded out, so that nothing breaks off even where
// that sound is encoded already.
static float tail(struct vt_sound *s, int64_t position, int channel)
{
    int64_t after = position - s->gap, mirrored = s->gap - 1 - after;
    if (after >= FADE || mirrored < s->first)
        return 0;
    return sample(s, mirrored)[channel] * (float)(FADE - after) / (FADE + 1);
}

static void open_gap(struct vt_sound *s)
{
    if (s->gap < s->heard)
        s->gap = s->heard;
    s->fading_in = FADE;
}

static void fill_until(struct vt_sound *s, int64_t until)
{
    if (s->end >= until)
        return;
    open_gap(s);
    for (; s->end < until; s->end++)
        for (int i = 0; i < 2; i++)
            sample(s, s->end)[i] = tail(s, s->end, i);
}

static float clean(float v)
{
    return !isfinite(v) ? 0 : v < -1 ? -1 : v > 1 ? 1 : v;
}

// A straight line over a gap too short to be one.
static void bridge(struct vt_sound *s, int64_t to, const float *next)
{
    int64_t from = s->end, length = to - from + 1;
    for (; s->end < to; s->end++)
        for (int i = 0; i < 2; i++) {
            float share = (float)(s->end - from + 1) / (float)length;
            float last = from > s->first ? sample(s, from - 1)[i] : 0;
            sample(s, s->end)[i] = last + (clean(next[i]) - last) * share;
        }
}

static void append(struct vt_sound *s, const float *interleaved, int count)
{
    for (int k = 0; k < count; k++, s->end++)
        for (int i = 0; i < 2; i++) {
            float v = clean(interleaved[2 * k + i]);
            int left = s->fading_in - k;
            if (left > 0)
                v = clean(v * (float)(FADE + 1 - left) / (FADE + 1) + tail(s, s->end, i));
            sample(s, s->end)[i] = v;
        }
    s->fading_in = s->fading_in > count ? s->fading_in - count : 0;
    s->heard = s->end;
}

int vt_sound_put(struct vt_sound *s, int64_t at, const float *interleaved, int count)
{
    if (count < 0)
        return -EINVAL;
    if (count > VT_SOUND_AHEAD || at > s->done + VT_SOUND_AHEAD - count)
        return -ENOBUFS;
    if (at <= s->end - count) {
        s->dropped += count;
        return 0;
    }
    if (at < s->end) {
        int over = (int)(s->end - at);
        s->dropped += over;
        if (over > BRIDGE)
            open_gap(s);
        interleaved += 2 * over;
        count -= over;
        at = s->end;
    }
    bool short_gap = s->end == s->heard && s->heard > s->first && at - s->end <= BRIDGE;
    if (short_gap)
        bridge(s, at, interleaved);
    else
        fill_until(s, at);
    append(s, interleaved, count);
    return 0;
}

static int keep_packet(struct vt_sound *s)
{
    const AVPacket *p = s->packet;
    int64_t position = s->first + (s->packets++ - 1) * VT_SOUND_FRAME;
    if (position < s->first)
        return 0;                        // decodes to what lies before the first sample
    struct encoded *e = malloc(sizeof *e + (size_t)p->size);
    if (!e)
        return -ENOMEM;
    memcpy(e->data, p->data, (size_t)p->size);
    e->next = NULL;
    e->packet = (struct vt_packet){
        .data = e->data, .size = (size_t)p->size, .dts = position, .pts = position,
        .duration = VT_SOUND_FRAME, .key = true,
    };
    *s->newest = e;
    s->newest = &e->next;
    return 0;
}

static int encode_frame(struct vt_sound *s)
{
    if (av_frame_make_writable(s->frame) < 0)
        return -ENOMEM;
    for (int i = 0; i < 2; i++) {
        float *plane = (float *)(void *)s->frame->data[i];
        for (int k = 0; k < VT_SOUND_FRAME; k++)
            plane[k] = sample(s, s->done + k)[i];
    }
    s->frame->pts = s->done;
    if (avcodec_send_frame(s->codec, s->frame) < 0)
        return -EIO;
    s->done += VT_SOUND_FRAME;
    int r = 0;
    while (r == 0 && avcodec_receive_packet(s->codec, s->packet) == 0) {
        r = keep_packet(s);
        av_packet_unref(s->packet);
    }
    return r;
}

int vt_sound_advance(struct vt_sound *s, int64_t until)
{
    int r = 0;
    // Frame by frame, so that a leap of hours needs no more room than a step.
    while (r == 0 && s->done + VT_SOUND_FRAME <= until) {
        fill_until(s, s->done + VT_SOUND_FRAME);
        r = encode_frame(s);
    }
    if (r == 0)
        fill_until(s, until);
    return r;
}

int vt_sound_collect(struct vt_sound *s, struct vt_packet *ret)
{
    free(s->collected);
    s->collected = s->oldest;
    if (!s->oldest)
        return 0;
    s->oldest = s->collected->next;
    if (!s->oldest)
        s->newest = &s->oldest;
    *ret = s->collected->packet;
    return 1;
}

int64_t vt_sound_dropped(const struct vt_sound *s)
{
    return s->dropped;
}

const uint8_t *vt_sound_config(const struct vt_sound *s, size_t *ret_size)
{
    *ret_size = (size_t)s->codec->extradata_size;
    return s->codec->extradata;
}

static int open_codec(struct vt_sound *s, int64_t bitrate)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("aac");
    if (!codec)
        return -ENOSYS;
    s->codec = avcodec_alloc_context3(codec);
    if (!s->codec)
        return -ENOMEM;
    s->codec->sample_rate = VT_SAMPLE_RATE;
    s->codec->sample_fmt = AV_SAMPLE_FMT_FLTP;
    s->codec->ch_layout = (AVChannelLayout)AV_CHANNEL_LAYOUT_STEREO;
    s->codec->bit_rate = bitrate;
    s->codec->time_base = (AVRational){1, VT_SAMPLE_RATE};
    s->codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
    s->codec->thread_count = 1;
    if (avcodec_open2(s->codec, codec, NULL) < 0)
        return -EINVAL;
    return s->codec->frame_size == VT_SOUND_FRAME && s->codec->initial_padding == VT_SOUND_FRAME &&
           s->codec->extradata_size >= 2 ? 0 : -ENOSYS;
}

static int open_frame(struct vt_sound *s)
{
    s->frame = av_frame_alloc();
    s->packet = av_packet_alloc();
    if (!s->frame || !s->packet)
        return -ENOMEM;
    s->frame->format = AV_SAMPLE_FMT_FLTP;
    s->frame->nb_samples = VT_SOUND_FRAME;
    s->frame->sample_rate = VT_SAMPLE_RATE;
    s->frame->ch_layout = s->codec->ch_layout;
    return av_frame_get_buffer(s->frame, 0) < 0 ? -ENOMEM : 0;
}

int vt_sound_new(struct vt_sound **ret, int64_t bitrate, int64_t first)
{
    if (bitrate < VT_SOUND_BITRATE_MIN || bitrate > VT_SOUND_BITRATE_MAX || first < 0)
        return -EINVAL;
    struct vt_sound *s = calloc(1, sizeof *s);
    if (!s)
        return -ENOMEM;
    s->first = s->done = s->end = s->heard = s->gap = first;
    s->newest = &s->oldest;
    int r = open_codec(s, bitrate);
    if (r == 0)
        r = open_frame(s);
    if (r < 0) {
        vt_sound_free(&s);
        return r;
    }
    *ret = s;
    return 0;
}

void vt_sound_free(struct vt_sound **sound)
{
    struct vt_sound *s = *sound;
    struct vt_packet packet;
    *sound = NULL;
    if (!s)
        return;
    while (vt_sound_collect(s, &packet))
        continue;
    avcodec_free_context(&s->codec);
    av_frame_free(&s->frame);
    av_packet_free(&s->packet);
    free(s);
}
