// A decoder with a sink that looks at what comes out.
#pragma once

#include <errno.h>

#include "check.h"
#include "encoders.h"
#include "ingest/decode.h"

// What came out.
static struct result {
    int pictures, keys, wrong, direct;
    int64_t pts[512], samples, first_sample_ns, next_ns, gaps_ns;
    int width, height, format, range, primaries, transfer, matrix;
    int buffers_given, buffers_freed;
    float loudest;
    int refuse;
} got;

__attribute__((unused)) static int on_frame(void *opaque, const AVFrame *frame)
{
    int expected = brightness(got.pictures % 64), middle = frame->height / 2;
    got.wrong += abs(frame->data[0][middle * frame->linesize[0] + frame->width / 2] - expected) > 3;
    got.wrong += abs(frame->data[1][middle / 2 * frame->linesize[1] + frame->width / 4] - 128) > 3;
    got.direct += frame->buf[0] && av_buffer_get_opaque(frame->buf[0]) == &got;
    got.keys += vt_frame_is_key(frame);
    got.width = frame->width, got.height = frame->height, got.format = frame->format, got.range = frame->color_range;
    got.primaries = frame->color_primaries, got.transfer = frame->color_trc, got.matrix = frame->colorspace;
    got.pts[got.pictures++ % 512] = frame->pts;
    return got.refuse;
}

__attribute__((unused)) static int on_samples(void *opaque, int64_t pts_ns, const float *interleaved, int count)
{
    if (got.samples == 0)
        got.first_sample_ns = pts_ns;
    else
        got.gaps_ns += llabs(pts_ns - got.next_ns) > 1 ? llabs(pts_ns - got.next_ns) : 0;
    got.samples += count;
    got.next_ns = pts_ns + count * INT64_C(1000000000) / 48000;
    for (int i = 0; i < 2 * count; i++)
        got.loudest = fmaxf(got.loudest, fabsf(interleaved[i]));
    return 0;
}

__attribute__((unused)) static void free_buffer(void *opaque, uint8_t *data)
{
    got.buffers_freed++;
    free(data);
}

// Memory of exactly the size that was asked for, so that a sanitizer sees what is written past it.
__attribute__((unused)) static int on_buffer(void *opaque, AVFrame *frame)
{
    struct vt_ring_frame layout;
    size_t size = vt_ring_layout(&layout, frame->width, frame->height);
    uint8_t *data = size ? aligned_alloc(64, (size + 63) & ~(size_t)63) : NULL;
    if (!data)
        return -ENOTSUP;
    got.buffers_given++;
    frame->buf[0] = av_buffer_create(data, size, free_buffer, &got, 0);
    for (int i = 0; i < 3; i++) {
        frame->data[i] = data + layout.offset[i];
        frame->linesize[i] = layout.stride[i];
    }
    return 0;
}

__attribute__((unused)) static struct vt_decoder *new_decoder(bool direct)
{
    struct vt_decode_sink sink = {NULL, on_frame, on_samples, direct ? on_buffer : NULL};
    struct vt_decoder *decoder = NULL;
    memset(&got, 0, sizeof got);
    REQUIRE_INT(vt_decoder_new(&decoder, &sink, 2), 0);
    return decoder;
}

__attribute__((unused)) static int put(struct vt_decoder *decoder, const struct stream *s, int first, int last,
                                       int64_t from_ns)
{
    for (int i = first; i < last; i++) {
        struct vt_access_unit unit = stream_unit(s, i, from_ns);
        int error = vt_decoder_packet(decoder, &unit);
        if (error < 0)
            return error;
    }
    return 0;
}

__attribute__((unused)) static struct video_options plain(void)
{
    return (struct video_options){320, 180, 20, 0, 250, AV_PIX_FMT_YUV420P, "scenecut=0"};
}

__attribute__((unused)) static void expect_pictures(const struct video_options *o, bool direct)
{
    struct stream s;
    encode_video(&s, o);
    struct vt_decoder *decoder = new_decoder(direct);
    REQUIRE_INT(put(decoder, &s, 0, s.count, 0), 0);
    REQUIRE_INT(vt_decoder_flush(decoder), 0);
    struct vt_decode_stats stats;
    vt_decoder_stats(decoder, &stats);
    vt_decoder_free(&decoder);
    stream_free(&s);
    REQUIRE_INT(stats.errors, 0);
    REQUIRE_INT(got.pictures, o->pictures);
    REQUIRE_INT(stats.frames, o->pictures);
    REQUIRE_INT(got.wrong, 0);
    REQUIRE(got.width == o->width && got.height == o->height && got.format == AV_PIX_FMT_YUV420P);
    REQUIRE(got.keys >= 1);
    for (int i = 0; i < o->pictures; i++)
        REQUIRE_INT(got.pts[i], i * INT64_C(40000000));
}
