// What a decoder refuses, and when it is given up.
#include "decoder.h"
#include "ingest/codec_config.h"
#include "ingest/nal_units.h"

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

int main(void)
{
    av_log_set_level(AV_LOG_QUIET);
    RUN(a_size_past_the_limits_within_the_stream_is_refused);
    RUN(units_in_one_picture_are_bounded);
    RUN(filler_and_giant_information_are_left_out);
    RUN(a_size_that_changes_too_often_is_refused);
    RUN(garbage_is_counted_and_given_up_in_the_end);
    RUN(a_good_packet_after_bad_ones_goes_on);
    RUN(a_picture_past_the_limits_is_refused_before_a_decoder_opens);
    RUN(a_configuration_that_changes_too_often_is_refused);
    RUN(the_sinks_error_ends_decoding);
    RUN(a_packet_that_takes_too_long_is_the_last);
    return DONE();
}
