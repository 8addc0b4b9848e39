// Where pictures begin, and what is left out to catch up.
#include "decoder.h"

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

int main(void)
{
    av_log_set_level(AV_LOG_QUIET);
    RUN(pictures_before_the_first_key_frame_are_passed_over);
    RUN(a_recovery_point_does_for_a_key_frame_after_a_second);
    RUN(without_any_key_frame_decoding_begins_after_ten_seconds);
    RUN(who_is_behind_leaves_out_what_no_other_picture_needs);
    RUN(who_is_far_behind_goes_on_at_the_next_key_frame);
    return DONE();
}
