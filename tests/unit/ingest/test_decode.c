// Pictures of every codec and form, and changes in mid-stream.
#include "decoder.h"

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
    RUN(what_the_stream_does_not_say_of_its_colours_its_container_may);
    RUN(start_codes_where_lengths_were_announced_are_taken);
    RUN(a_new_configuration_opens_a_new_decoder_and_loses_nothing);
    return DONE();
}
