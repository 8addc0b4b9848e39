// Sound: every rate, layout and codec comes out as one run at 48 kHz.
#include "decoder.h"
#include "ingest/codec_config.h"

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
    RUN(sound_of_any_rate_comes_out_as_48_khz_without_a_seam);
    RUN(sound_of_every_codec_is_decoded);
    RUN(sound_past_the_limits_is_an_error);
    RUN(a_changed_sound_format_joins_on);
    RUN(a_jump_of_the_sound_is_kept);
    RUN(drift_is_taken_up_by_resampling);
    return DONE();
}
