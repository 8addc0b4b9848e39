#include "ingest/decode.h"

#include <errno.h>
#include <libavutil/pixdesc.h>

#include "check.h"
#include "encoders.h"
#include "ingest/codec_config.h"
#include "ingest/nal_units.h"

// What came out.
static struct result {
    int pictures, keys, wrong, direct;
    int64_t pts[512], samples, first_sample_ns, next_ns, gaps_ns;
    int width, height, format, range, primaries, transfer, matrix;
    int buffers_given, buffers_freed;
    float loudest;
    int refuse;
} got;

static int on_frame(void *opaque, const AVFrame *frame)
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

static int on_samples(void *opaque, int64_t pts_ns, const float *interleaved, int count)
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

static void free_buffer(void *opaque, uint8_t *data)
{
    got.buffers_freed++;
    free(data);
}

// Memory of exactly the size that was asked for, so that a sanitizer sees what is written past it.
static int on_buffer(void *opaque, AVFrame *frame)
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

static struct vt_decoder *new_decoder(bool direct)
{
    struct vt_decode_sink sink = {NULL, on_frame, on_samples, direct ? on_buffer : NULL};
    struct vt_decoder *decoder = NULL;
    memset(&got, 0, sizeof got);
    REQUIRE_INT(vt_decoder_new(&decoder, &sink, 2), 0);
    return decoder;
}

static int put(struct vt_decoder *decoder, const struct stream *s, int first, int last, int64_t from_ns)
{
    for (int i = first; i < last; i++) {
        struct vt_access_unit unit = stream_unit(s, i, from_ns);
        int error = vt_decoder_packet(decoder, &unit);
        if (error < 0)
            return error;
    }
    return 0;
}

static struct video_options plain(void)
{
    return (struct video_options){320, 180, 20, 0, 250, AV_PIX_FMT_YUV420P, "scenecut=0"};
}

static void expect_pictures(const struct video_options *o, bool direct)
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

TEST(pictures_come_out_with_their_times)
{
    struct video_options o = plain();
    expect_pictures(&o, false);
}

TEST(b_frames_come_out_in_order)
{
    struct video_options o = plain();
    o.b_frames = 3;
    o.x264 = "scenecut=0:bframes=3:b-adapt=0:b-pyramid=normal";
    expect_pictures(&o, true);
}

TEST(pictures_are_decoded_into_the_sinks_memory)
{
    struct video_options o = plain();
    expect_pictures(&o, true);
    REQUIRE_INT(got.direct, o.pictures);
    REQUIRE_INT(got.buffers_freed, got.buffers_given);
}

TEST(an_odd_size_is_cropped_and_still_direct)
{
    struct video_options o = plain();
    o.width = 322, o.height = 182;
    expect_pictures(&o, true);
    REQUIRE_INT(got.direct, o.pictures);
}

TEST(other_depths_and_layouts_become_plain)
{
    struct video_options o = plain();
    o.format = AV_PIX_FMT_YUV420P10;
    expect_pictures(&o, true);
    REQUIRE_INT(got.direct, o.pictures);
    o.format = AV_PIX_FMT_YUV444P;
    expect_pictures(&o, false);
}

TEST(full_range_stays_full)
{
    struct video_options o = plain();
    o.x264 = "scenecut=0:fullrange=on";
    expect_pictures(&o, true);
    REQUIRE_INT(got.range, AVCOL_RANGE_JPEG);
    o.format = AV_PIX_FMT_YUV444P;
    expect_pictures(&o, false);
    REQUIRE_INT(got.range, AVCOL_RANGE_JPEG);
}

static void expect_codec(enum vt_codec codec, bool direct)
{
    struct video_options o = plain();
    o.codec = codec;
    expect_pictures(&o, true);
    REQUIRE_INT(got.direct, direct ? o.pictures : 0);
    REQUIRE_INT(got.buffers_freed, got.buffers_given);
    o.width = 322, o.height = 182;
    expect_pictures(&o, true);
    o.format = AV_PIX_FMT_YUV420P10;
    expect_pictures(&o, true);
    REQUIRE_INT(got.direct, o.pictures);        // converted into the sink's memory
}

TEST(hevc_and_vp9_are_decoded_into_the_sinks_memory)
{
    expect_codec(VT_CODEC_HEVC, true);
    expect_codec(VT_CODEC_VP9, true);
    struct video_options vp8 = plain();
    vp8.codec = VT_CODEC_VP8;
    expect_pictures(&vp8, true);
    REQUIRE_INT(got.direct, vp8.pictures);
}

TEST(av1_is_decoded_into_memory_of_its_own)
{
    expect_codec(VT_CODEC_AV1, false);
}

TEST(a_new_codec_opens_a_new_decoder_and_loses_nothing)
{
    struct video_options o = plain();
    struct vt_decoder *decoder = new_decoder(true);
    for (enum vt_codec codec = VT_CODEC_H264; codec <= VT_CODEC_VP8; codec++) {
        struct stream s;
        o.codec = codec;
        encode_video(&s, &o);
        got.pictures = 0;
        REQUIRE_INT(put(decoder, &s, 0, s.count, codec * INT64_C(2000000000)), 0);
        REQUIRE(got.pictures >= o.pictures - 1);        // dav1d may keep one
        REQUIRE_INT(got.wrong, 0);
        stream_free(&s);
    }
    REQUIRE_INT(vt_decoder_flush(decoder), 0);
    vt_decoder_free(&decoder);
}

TEST(a_size_past_the_limits_within_the_stream_is_refused)
{
    struct video_options o = plain();
    o.codec = VT_CODEC_HEVC, o.width = 4112, o.height = 64, o.pictures = 1;
    struct stream s;
    encode_video(&s, &o);
    struct vt_decoder *decoder = new_decoder(true);
    REQUIRE_INT(put(decoder, &s, 0, 1, 0), -EINVAL);
    REQUIRE_TEXT(vt_decoder_why(decoder), "the picture is larger than 4096x2304");
    REQUIRE_INT(got.buffers_given, 0);
    vt_decoder_free(&decoder);
    stream_free(&s);

    for (enum vt_codec codec = VT_CODEC_AV1; codec <= VT_CODEC_VP8; codec++) {
        o.codec = codec;
        encode_video(&s, &o);
        decoder = new_decoder(true);
        REQUIRE_INT(put(decoder, &s, 0, 1, 0), -EINVAL);
        REQUIRE_TEXT(vt_decoder_why(decoder), "the picture is larger than 4096x2304");
        REQUIRE(got.pictures == 0 && got.buffers_given == 0);
        vt_decoder_free(&decoder);
        stream_free(&s);
    }
}

// One H.264 access unit: the stream's first packet behind `count` units that begin with `head` and have `size` bytes.
static int put_padded(struct vt_decoder *decoder, const struct stream *s, uint8_t head, size_t size, int count)
{
    struct vt_access_unit unit = stream_unit(s, 0, 0);
    size_t at = 0, each = size + 4;
    uint8_t *bytes = calloc(1, each * (size_t)count + unit.size);
    for (int i = 0; i < count; i++, at += each) {
        for (int b = 0; b < 4; b++)
            bytes[at + (size_t)b] = (uint8_t)(size >> (24 - 8 * b));
        memset(bytes + at + 4, 0xff, size);
        bytes[at + 4] = head;
    }
    memcpy(bytes + at, unit.data, unit.size);
    unit.size += at;
    unit.data = bytes;
    int result = vt_decoder_packet(decoder, &unit);
    free(bytes);
    return result;
}

TEST(units_in_one_picture_are_bounded)
{
    struct video_options o = plain();
    struct stream s;
    encode_video(&s, &o);
    struct vt_nal_walk walk = vt_nal_walk(s.packets[0]->data, (size_t)s.packets[0]->size, 4);
    struct vt_nal nal;
    int own = 0;
    while (vt_nal_next(&walk, &nal))
        own++;
    struct vt_decoder *decoder = new_decoder(false);
    REQUIRE_INT(put_padded(decoder, &s, 0x0c, 1, VT_UNIT_NALS_MAX - own), 0);
    REQUIRE_INT(got.pictures, 1);
    REQUIRE_INT(put_padded(decoder, &s, 0x0c, 1, VT_UNIT_NALS_MAX - own + 1), -EINVAL);
    REQUIRE_TEXT(vt_decoder_why(decoder), "a picture has more than 2048 NAL units");
    vt_decoder_free(&decoder);
    stream_free(&s);
}

TEST(filler_and_giant_information_are_left_out)
{
    struct video_options o = plain();
    struct stream s;
    struct vt_decode_stats stats;
    encode_video(&s, &o);
    struct vt_decoder *decoder = new_decoder(false);
    REQUIRE_INT(put_padded(decoder, &s, 0x0c, 1000000, 1), 0);       // filler
    REQUIRE_INT(put_padded(decoder, &s, 0x09, 1000000, 1), 0);       // a delimiter
    REQUIRE_INT(put_padded(decoder, &s, 0x06, VT_UNIT_SEI_MAX + 1, 2), 0);
    REQUIRE_INT(put_padded(decoder, &s, 0x06, 100, 1900), 0);
    vt_decoder_stats(decoder, &stats);
    REQUIRE(stats.errors == 0 && stats.frames == 4);
    struct vt_access_unit unit = stream_unit(&s, 0, 0);
    unit.data = (const uint8_t *)"\0\0\0\2\x0c\xff";
    unit.size = 6;
    REQUIRE_INT(vt_decoder_packet(decoder, &unit), 0);               // nothing but filler
    REQUIRE_INT(put(decoder, &s, 1, 2, 0), 0);
    vt_decoder_stats(decoder, &stats);
    REQUIRE(stats.errors == 0 && stats.frames == 5);
    vt_decoder_free(&decoder);
    stream_free(&s);
}

TEST(a_size_that_changes_too_often_is_refused)
{
    struct stream s[2];
    for (int i = 0; i < 2; i++) {
        struct video_options o = plain();
        o.codec = VT_CODEC_VP9, o.pictures = 1, o.height += 20 * i;
        encode_video(&s[i], &o);
    }
    struct vt_decoder *decoder = new_decoder(false);
    for (int i = 0; i <= VT_DECODE_CONFIGS; i++)
        REQUIRE_INT(put(decoder, &s[i % 2], 0, 1, i * INT64_C(1000000000)), 0);
    REQUIRE_INT(put(decoder, &s[(VT_DECODE_CONFIGS + 1) % 2], 0, 1, INT64_C(40000000000)), -EPROTO);
    REQUIRE_TEXT(vt_decoder_why(decoder), "its picture's size changes too often");
    vt_decoder_free(&decoder);
    decoder = new_decoder(false);
    for (int i = 0; i <= 2 * VT_DECODE_CONFIGS; i++)                 // but not if it takes its time
        REQUIRE_INT(put(decoder, &s[i % 2], 0, 1, i * INT64_C(4000000000)), 0);
    vt_decoder_free(&decoder);
    stream_free(&s[0]);
    stream_free(&s[1]);
}

TEST(what_the_stream_does_not_say_of_its_colours_its_container_may)
{
    struct video_options o = plain();
    struct stream s;
    encode_video(&s, &o);
    struct vt_decoder *decoder = new_decoder(true);
    vt_decoder_colours(decoder, &(struct vt_decode_colours){6, 6, 6});
    REQUIRE_INT(put(decoder, &s, 0, s.count, 0), 0);
    REQUIRE(got.primaries == 6 && got.transfer == 6);
    REQUIRE_INT(got.matrix, AVCOL_SPC_BT709);           // the stream's own word
    vt_decoder_free(&decoder);
    stream_free(&s);
}

TEST(start_codes_where_lengths_were_announced_are_taken)
{
    struct video_options o = plain();
    struct stream s;
    encode_video(&s, &o);
    struct vt_decoder *decoder = new_decoder(false);
    for (int i = 0; i < s.count; i++) {
        uint8_t *data = s.packets[i]->data;
        for (int at = 0; at < s.packets[i]->size;) {
            int size = data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3];
            memcpy(data + at, "\0\0\0\1", 4);
            at += 4 + size;
        }
    }
    REQUIRE_INT(put(decoder, &s, 0, s.count, 0), 0);
    REQUIRE_INT(vt_decoder_flush(decoder), 0);
    vt_decoder_free(&decoder);
    stream_free(&s);
    REQUIRE_INT(got.pictures, o.pictures);
    REQUIRE_INT(got.wrong, 0);
}

TEST(a_new_configuration_opens_a_new_decoder_and_loses_nothing)
{
    struct video_options small = plain(), large = plain();
    small.pictures = 64, large.width = 640, large.height = 360;
    struct stream a, b;
    encode_video(&a, &small);
    encode_video(&b, &large);
    struct vt_decoder *decoder = new_decoder(true);
    REQUIRE_INT(put(decoder, &a, 0, a.count, 0), 0);
    REQUIRE_INT(put(decoder, &b, 0, b.count, INT64_C(3000000000)), 0);
    REQUIRE_INT(got.pictures, a.count + b.count);
    REQUIRE_INT(got.width, 640);
    REQUIRE_INT(got.wrong, 0);
    REQUIRE_INT(vt_decoder_flush(decoder), 0);
    vt_decoder_free(&decoder);
    stream_free(&a);
    stream_free(&b);
}

TEST(pictures_before_the_first_key_frame_are_passed_over)
{
    struct video_options o = plain();
    o.key_every = 10;
    struct stream s;
    encode_video(&s, &o);
    struct vt_decoder *decoder = new_decoder(false);
    REQUIRE_INT(put(decoder, &s, 3, s.count, 0), 0);
    struct vt_decode_stats stats;
    vt_decoder_stats(decoder, &stats);
    REQUIRE_INT(stats.skipped, 7);
    REQUIRE_INT(got.pictures, 10);
    REQUIRE_INT(got.pts[0], INT64_C(400000000));
    vt_decoder_free(&decoder);
    stream_free(&s);
}

// A stream without an IDR past its first picture: recovery points only, 8 pictures apart.
static void encode_recovery_points(struct stream *s)
{
    struct video_options o = plain();
    o.pictures = 60, o.key_every = 8;
    o.x264 = "scenecut=0:intra-refresh=1:keyint=8:bframes=0";
    encode_video(s, &o);
}

TEST(a_recovery_point_does_for_a_key_frame_after_a_second)
{
    struct stream s;
    encode_recovery_points(&s);
    struct vt_decoder *decoder = new_decoder(false);
    for (int i = 3; i < s.count; i++) {
        struct vt_access_unit unit = stream_unit(&s, i, 0);
        unit.key = false;
        REQUIRE_INT(vt_decoder_packet(decoder, &unit), 0);
    }
    struct vt_decode_stats stats;
    vt_decoder_stats(decoder, &stats);
    REQUIRE(stats.skipped >= 25 && stats.skipped < 25 + 9);      // a second, and up to the next one
    REQUIRE(got.pictures > 0);
    REQUIRE(!stats.concealed);
    vt_decoder_free(&decoder);
    stream_free(&s);
}

TEST(without_any_key_frame_decoding_begins_after_ten_seconds)
{
    struct video_options o = plain();
    o.pictures = 10, o.key_every = 250;
    struct stream s;
    encode_video(&s, &o);
    struct vt_decoder *decoder = new_decoder(false);
    struct vt_access_unit unit = stream_unit(&s, 5, 0);
    struct vt_decode_stats stats;
    REQUIRE_INT(vt_decoder_packet(decoder, &unit), 0);
    unit.dts_ns = unit.pts_ns += VT_DECODE_KEY_WAIT_NS - 1;
    REQUIRE_INT(vt_decoder_packet(decoder, &unit), 0);
    vt_decoder_stats(decoder, &stats);
    REQUIRE(stats.skipped == 2 && !stats.concealed);
    unit.dts_ns = unit.pts_ns += 1;
    REQUIRE_INT(vt_decoder_packet(decoder, &unit), 0);
    vt_decoder_stats(decoder, &stats);
    REQUIRE(stats.skipped == 2 && stats.concealed);
    vt_decoder_free(&decoder);
    stream_free(&s);
}

TEST(who_is_behind_leaves_out_what_no_other_picture_needs)
{
    struct video_options o = plain();
    o.pictures = 60, o.b_frames = 2;
    o.x264 = "scenecut=0:bframes=2:b-adapt=0:b-pyramid=none";
    struct stream s;
    encode_video(&s, &o);
    struct vt_decoder *decoder = new_decoder(false);
    vt_decoder_behind(decoder, VT_DECODE_HURRY_NS);
    REQUIRE_INT(put(decoder, &s, 0, 10, 0), 0);
    struct vt_decode_stats stats;
    vt_decoder_stats(decoder, &stats);
    REQUIRE_INT(stats.hurried, 0);
    vt_decoder_behind(decoder, VT_DECODE_HURRY_NS + 1);
    REQUIRE_INT(put(decoder, &s, 10, 40, 0), 0);
    vt_decoder_behind(decoder, VT_DECODE_CALM_NS);                // not calm yet
    REQUIRE_INT(put(decoder, &s, 40, 50, 0), 0);
    vt_decoder_behind(decoder, VT_DECODE_CALM_NS - 1);
    REQUIRE_INT(put(decoder, &s, 50, s.count, 0), 0);
    REQUIRE_INT(vt_decoder_flush(decoder), 0);
    vt_decoder_stats(decoder, &stats);
    REQUIRE_INT(stats.hurried, 40);
    REQUIRE_INT(stats.left_out, 0);
    REQUIRE(got.pictures >= 60 - 30 && got.pictures <= 60 - 24);  // two thirds of 40 are referred to by none
    vt_decoder_free(&decoder);
    stream_free(&s);
}

TEST(who_is_far_behind_goes_on_at_the_next_key_frame)
{
    struct video_options o = plain();
    o.pictures = 40, o.key_every = 10;
    struct stream s;
    encode_video(&s, &o);
    struct vt_decoder *decoder = new_decoder(false);
    REQUIRE_INT(put(decoder, &s, 0, 13, 0), 0);
    vt_decoder_behind(decoder, VT_DECODE_JUMP_NS);
    REQUIRE_INT(put(decoder, &s, 13, 14, 0), 0);
    vt_decoder_behind(decoder, VT_DECODE_JUMP_NS + 1);
    REQUIRE_INT(put(decoder, &s, 14, 20, 0), 0);
    vt_decoder_behind(decoder, 0);
    REQUIRE_INT(put(decoder, &s, 20, 40, 0), 0);
    struct vt_decode_stats stats;
    vt_decoder_stats(decoder, &stats);
    REQUIRE(stats.left_out == 6 && stats.skipped == 0 && stats.errors == 0);
    REQUIRE_INT(got.pictures, 34);
    REQUIRE_INT(stats.key_interval_ns, 400000000);
    vt_decoder_free(&decoder);
    stream_free(&s);
}

TEST(garbage_is_counted_and_given_up_in_the_end)
{
    struct video_options o = plain();
    struct stream s;
    encode_video(&s, &o);
    struct vt_decoder *decoder = new_decoder(false);
    REQUIRE_INT(put(decoder, &s, 0, 2, 0), 0);
    static uint8_t noise[400];
    uint32_t seed = 1;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
    struct vt_access_unit unit = stream_unit(&s, 1, 0);
    unit.data = noise;
    unit.size = sizeof noise;
    int error = 0, packets = 0;
    for (; error == 0 && packets < 2 * VT_DECODE_ERRORS; packets++) {
        unit.dts_ns = unit.pts_ns += 40000000;
        error = vt_decoder_packet(decoder, &unit);
    }
    REQUIRE_INT(error, -EPROTO);
    REQUIRE_INT(packets, VT_DECODE_ERRORS);
    REQUIRE_TEXT(vt_decoder_why(decoder), "the picture cannot be decoded");
    vt_decoder_free(&decoder);
    stream_free(&s);
}

TEST(a_good_packet_after_bad_ones_goes_on)
{
    struct video_options o = plain();
    o.key_every = 1;
    struct stream s;
    encode_video(&s, &o);
    struct vt_decoder *decoder = new_decoder(false);
    struct vt_access_unit bad = stream_unit(&s, 0, 0);
    bad.data = (const uint8_t *)"\377\377\377\377\1";
    bad.size = 5;
    for (int i = 0; i < VT_DECODE_ERRORS - 1; i++)
        REQUIRE_INT(vt_decoder_packet(decoder, &bad), 0);
    REQUIRE_INT(put(decoder, &s, 0, 2, 0), 0);
    REQUIRE_INT(got.pictures, 2);
    for (int i = 0; i < VT_DECODE_ERRORS - 1; i++)
        REQUIRE_INT(vt_decoder_packet(decoder, &bad), 0);
    REQUIRE_INT(vt_decoder_packet(decoder, &bad), -EPROTO);
    vt_decoder_free(&decoder);
    stream_free(&s);
}

TEST(a_picture_past_the_limits_is_refused_before_a_decoder_opens)
{
    struct video_options o = plain();
    o.width = 4112, o.height = 64, o.pictures = 1;
    struct stream s;
    encode_video(&s, &o);
    struct vt_decoder *decoder = new_decoder(true);
    REQUIRE_INT(put(decoder, &s, 0, 1, 0), -EINVAL);
    REQUIRE(strlen(vt_decoder_why(decoder)) > 10);
    REQUIRE_INT(got.buffers_given, 0);
    vt_decoder_free(&decoder);
    stream_free(&s);

    o.width = 4096;
    encode_video(&s, &o);
    decoder = new_decoder(true);
    REQUIRE_INT(put(decoder, &s, 0, 1, 0), 0);
    REQUIRE_INT(vt_decoder_flush(decoder), 0);
    REQUIRE_INT(got.pictures, 1);
    vt_decoder_free(&decoder);
    stream_free(&s);
}

TEST(a_configuration_that_changes_too_often_is_refused)
{
    struct video_options o = plain(), other = plain();
    o.pictures = other.pictures = 1;
    other.height = 200;
    struct stream s[2];
    encode_video(&s[0], &o);
    encode_video(&s[1], &other);
    struct vt_decoder *decoder = new_decoder(false);
    for (int i = 0; i < VT_DECODE_CONFIGS; i++)
        REQUIRE_INT(put(decoder, &s[i % 2], 0, 1, i * INT64_C(1000000000)), 0);
    REQUIRE_INT(put(decoder, &s[VT_DECODE_CONFIGS % 2], 0, 1, INT64_C(20000000000)), -EINVAL);
    vt_decoder_free(&decoder);
    stream_free(&s[0]);
    stream_free(&s[1]);
}

TEST(the_sinks_error_ends_decoding)
{
    struct video_options o = plain();
    struct stream s;
    encode_video(&s, &o);
    struct vt_decoder *decoder = new_decoder(false);
    got.refuse = -EPIPE;
    REQUIRE_INT(put(decoder, &s, 0, s.count, 0), -EPIPE);
    REQUIRE_INT(got.pictures, 1);
    vt_decoder_free(&decoder);
    stream_free(&s);
}

static int64_t clock_ns, clock_step_ns;

static int64_t on_now(void *opaque)
{
    return clock_ns += clock_step_ns;
}

TEST(a_packet_that_takes_too_long_is_the_last)
{
    struct video_options o = plain();
    struct stream s;
    encode_video(&s, &o);
    struct vt_decode_sink sink = {.frame = on_frame, .samples = on_samples, .now = on_now};
    struct vt_decoder *decoder = NULL;
    memset(&got, 0, sizeof got);
    REQUIRE_INT(vt_decoder_new(&decoder, &sink, 1), 0);
    clock_step_ns = VT_DECODE_WALL_NS;
    REQUIRE_INT(put(decoder, &s, 0, 3, 0), 0);
    clock_step_ns++;
    REQUIRE_INT(put(decoder, &s, 3, 4, 0), -EPROTO);
    REQUIRE_TEXT(vt_decoder_why(decoder), "a picture took longer than 2 s to decode");
    vt_decoder_free(&decoder);
    stream_free(&s);
}

static void expect_sound(int rate, int channels)
{
    enum { FRAMES = 200 };
    struct stream s;
    encode_audio(&s, rate, channels, FRAMES);
    struct vt_decoder *decoder = new_decoder(false);
    REQUIRE_INT(put(decoder, &s, 0, s.count, 0), 0);
    REQUIRE_INT(vt_decoder_flush(decoder), 0);
    struct vt_decode_stats stats;
    vt_decoder_stats(decoder, &stats);
    double seconds = (double)s.count * 1024 / rate;
    int64_t first_ns = stream_unit(&s, 0, 0).pts_ns;
    vt_decoder_free(&decoder);
    stream_free(&s);
    REQUIRE_INT(stats.errors, 0);
    REQUIRE_INT(stats.rate, rate);
    REQUIRE_INT(stats.channels, channels);
    REQUIRE_NEAR((double)got.samples / 48000, seconds, 0.002);
    REQUIRE_NEAR(got.first_sample_ns, first_ns, 1e6);
    REQUIRE_INT(got.gaps_ns, 0);
    REQUIRE_NEAR(got.loudest, 0.5, 0.1);
}

TEST(sound_of_any_rate_comes_out_as_48_khz_without_a_seam)
{
    expect_sound(48000, 2);
    expect_sound(44100, 2);
    expect_sound(96000, 2);
    expect_sound(16000, 2);
}

static void expect_sound_codec(enum vt_codec codec, const char *encoder, bool with_config, int rate, int channels)
{
    struct stream s;
    encode_sound(&s, codec, encoder, rate, channels, 100);
    if (!with_config)
        s.config_size = 0;
    struct vt_decoder *decoder = new_decoder(false);
    REQUIRE_INT(put(decoder, &s, 0, s.count, 0), 0);
    REQUIRE_INT(vt_decoder_flush(decoder), 0);
    struct vt_decode_stats stats;
    vt_decoder_stats(decoder, &stats);
    int each = s.context->frame_size ? s.context->frame_size : 1024;
    double seconds = (double)s.count * each / rate;
    vt_decoder_free(&decoder);
    stream_free(&s);
    REQUIRE_INT(stats.errors, 0);
    REQUIRE_INT(stats.rate, rate);
    REQUIRE_INT(stats.channels, channels);
    REQUIRE_NEAR((double)got.samples / 48000, seconds, 0.05);
    REQUIRE_INT(got.gaps_ns, 0);
    REQUIRE_NEAR(got.loudest, channels == 1 ? 0.354 : 0.5, 0.1);       // one channel goes to two at equal power
}

TEST(sound_of_every_codec_is_decoded)
{
    expect_sound_codec(VT_CODEC_OPUS, "libopus", true, 48000, 2);
    expect_sound_codec(VT_CODEC_OPUS, "libopus", false, 48000, 2);
    expect_sound_codec(VT_CODEC_FLAC, "flac", true, 48000, 2);
    expect_sound_codec(VT_CODEC_AC3, "ac3", false, 48000, 2);
    expect_sound_codec(VT_CODEC_EAC3, "eac3", false, 48000, 2);
    expect_sound_codec(VT_CODEC_MP3, "libmp3lame", false, 48000, 2);
    expect_sound_codec(VT_CODEC_ALAW, "pcm_alaw", false, 8000, 1);
    expect_sound_codec(VT_CODEC_MULAW, "pcm_mulaw", false, 8000, 2);
    expect_sound_codec(VT_CODEC_PCM_S16, "pcm_s16le", false, 44100, 2);
    expect_sound_codec(VT_CODEC_SPEEX, "libspeex", false, 16000, 1);
}

TEST(sound_past_the_limits_is_an_error)
{
    struct stream s;
    encode_sound(&s, VT_CODEC_PCM_S16, "pcm_s16le", 48000, 2, 1);
    struct vt_access_unit unit = stream_unit(&s, 0, 0);
    struct vt_decoder *decoder = new_decoder(false);
    struct vt_decode_stats stats;
    unit.rate = VT_AUDIO_RATE_MAX;
    REQUIRE_INT(vt_decoder_packet(decoder, &unit), 0);
    vt_decoder_stats(decoder, &stats);
    REQUIRE(stats.errors == 0 && stats.rate == VT_AUDIO_RATE_MAX);
    unit.rate = VT_AUDIO_RATE_MAX + 1;
    REQUIRE_INT(vt_decoder_packet(decoder, &unit), 0);
    unit.rate = 48000;
    unit.channels = VT_AUDIO_CHANNELS_MAX + 1;
    unit.size = 36 * (VT_AUDIO_CHANNELS_MAX + 1);
    REQUIRE_INT(vt_decoder_packet(decoder, &unit), 0);
    vt_decoder_stats(decoder, &stats);
    REQUIRE_INT(stats.errors, 2);
    uint8_t *many = calloc(VT_RING_RUN_MAX + 1, 2);           // samples of one packet
    unit.data = many, unit.channels = 1;
    unit.size = 2 * VT_RING_RUN_MAX;
    REQUIRE_INT(vt_decoder_packet(decoder, &unit), 0);
    vt_decoder_stats(decoder, &stats);
    REQUIRE_INT(stats.errors, 2);
    unit.size += 2;
    REQUIRE_INT(vt_decoder_packet(decoder, &unit), 0);
    vt_decoder_stats(decoder, &stats);
    REQUIRE_INT(stats.errors, 3);
    free(many);
    vt_decoder_free(&decoder);
    stream_free(&s);
}

TEST(a_changed_sound_format_joins_on)
{
    struct stream a, b;
    encode_audio(&a, 48000, 2, 94);
    encode_audio(&b, 44100, 1, 86);
    struct vt_decoder *decoder = new_decoder(false);
    int64_t join_ns = stream_unit(&a, a.count - 1, 0).pts_ns + 21000000 - stream_unit(&b, 0, 0).pts_ns;
    REQUIRE_INT(put(decoder, &a, 0, a.count, 0), 0);
    REQUIRE_INT(put(decoder, &b, 0, b.count, join_ns), 0);
    REQUIRE_INT(vt_decoder_flush(decoder), 0);
    REQUIRE_NEAR((double)got.samples / 48000, a.count * 1024 / 48000. + b.count * 1024 / 44100., 0.002);
    REQUIRE(got.gaps_ns < 2000000);
    vt_decoder_free(&decoder);
    stream_free(&a);
    stream_free(&b);
}

TEST(a_jump_of_the_sound_is_kept)
{
    struct stream s;
    encode_audio(&s, 48000, 2, 100);
    struct vt_decoder *decoder = new_decoder(false);
    REQUIRE_INT(put(decoder, &s, 0, 50, 0), 0);
    REQUIRE_INT(put(decoder, &s, 50, s.count, INT64_C(1000000000)), 0);
    REQUIRE_NEAR(got.gaps_ns, 1e9, 1e6);
    vt_decoder_free(&decoder);
    stream_free(&s);
}

// A sender whose sample clock runs 0.3 % slow against its timestamps, for 20 s and more.
TEST(drift_is_taken_up_by_resampling)
{
    struct stream s;
    encode_audio(&s, 48000, 2, 500);
    struct vt_decoder *decoder = new_decoder(false);
    double ahead_ns = 0;
    for (int i = 0; i < 1500; i++) {
        struct vt_access_unit unit = stream_unit(&s, i % s.count, 0);
        ahead_ns = i * 1024e9 / 48000 * 0.003;
        unit.dts_ns = unit.pts_ns = (int64_t)((i * 1024e9 / 48000 + ahead_ns) / 1e6) * 1000000;
        REQUIRE_INT(vt_decoder_packet(decoder, &unit), 0);
    }
    double end_ns = 1500 * 1024e9 / 48000 + ahead_ns;
    vt_decoder_free(&decoder);
    stream_free(&s);
    REQUIRE_INT(got.gaps_ns, 0);
    REQUIRE_NEAR(got.next_ns, end_ns, 20e6);
    REQUIRE_NEAR((double)got.samples * 1e9 / 48000, end_ns, 20e6);
}

int main(void)
{
    av_log_set_level(AV_LOG_QUIET);
    RUN(pictures_come_out_with_their_times);
    RUN(b_frames_come_out_in_order);
    RUN(pictures_are_decoded_into_the_sinks_memory);
    RUN(an_odd_size_is_cropped_and_still_direct);
    RUN(other_depths_and_layouts_become_plain);
    RUN(full_range_stays_full);
    RUN(hevc_and_vp9_are_decoded_into_the_sinks_memory);
    RUN(av1_is_decoded_into_memory_of_its_own);
    RUN(a_new_codec_opens_a_new_decoder_and_loses_nothing);
    RUN(a_size_past_the_limits_within_the_stream_is_refused);
    RUN(units_in_one_picture_are_bounded);
    RUN(filler_and_giant_information_are_left_out);
    RUN(a_size_that_changes_too_often_is_refused);
    RUN(what_the_stream_does_not_say_of_its_colours_its_container_may);
    RUN(start_codes_where_lengths_were_announced_are_taken);
    RUN(a_new_configuration_opens_a_new_decoder_and_loses_nothing);
    RUN(pictures_before_the_first_key_frame_are_passed_over);
    RUN(a_recovery_point_does_for_a_key_frame_after_a_second);
    RUN(without_any_key_frame_decoding_begins_after_ten_seconds);
    RUN(who_is_behind_leaves_out_what_no_other_picture_needs);
    RUN(who_is_far_behind_goes_on_at_the_next_key_frame);
    RUN(garbage_is_counted_and_given_up_in_the_end);
    RUN(a_good_packet_after_bad_ones_goes_on);
    RUN(a_picture_past_the_limits_is_refused_before_a_decoder_opens);
    RUN(a_configuration_that_changes_too_often_is_refused);
    RUN(the_sinks_error_ends_decoding);
    RUN(a_packet_that_takes_too_long_is_the_last);
    RUN(sound_of_any_rate_comes_out_as_48_khz_without_a_seam);
    RUN(sound_of_every_codec_is_decoded);
    RUN(sound_past_the_limits_is_an_error);
    RUN(a_changed_sound_format_joins_on);
    RUN(a_jump_of_the_sound_is_kept);
    RUN(drift_is_taken_up_by_resampling);
    return DONE();
}
