#include "check.h"

#include <errno.h>

#include "ingest/codec_config.h"
#include "ingest/ts_sound.h"
#include "put_bits.h"

static const char *why;

TEST(reads_audio_configurations)
{
    struct vt_aac_config c = {0};
#define ASC(bytes) vt_aac_config_parse(&c, (const uint8_t *)(bytes), sizeof(bytes) - 1, &why)
    REQUIRE_INT(ASC("\x11\x90"), 0);
    REQUIRE(c.object_type == 2 && c.sample_rate == 48000 && c.channels == 2);
    REQUIRE_INT(ASC("\x2b\x11\x88"), 0);                     // SBR
    REQUIRE(c.object_type == 5 && c.sample_rate == 24000);
    REQUIRE_INT(ASC("\x12\x38"), 0);                         // 7.1
    REQUIRE_INT(c.channels, 8);
    REQUIRE_INT(ASC("\x10\x10"), 0);
    REQUIRE_INT(c.sample_rate, 96000);
    REQUIRE_INT(ASC("\x11"), -EINVAL);
    REQUIRE_INT(ASC(""), -EINVAL);
    REQUIRE_INT(ASC("\x16\x90"), -EINVAL);                   // index 13
    REQUIRE_INT(ASC("\x11\xc0"), -EINVAL);                   // layout 8
    REQUIRE_INT(ASC("\xf9\x46\x40"), -EINVAL);               // another kind of AAC
    REQUIRE(strstr(why, "AAC-LC"));
}

TEST(audio_rates_are_bounded)
{
    static const int rates[] = {VT_AUDIO_RATE_MIN, VT_AUDIO_RATE_MAX, VT_AUDIO_RATE_MIN - 1, VT_AUDIO_RATE_MAX + 1, 1};
    for (int i = 0; i < 5; i++) {
        struct bit_writer w = {0};
        struct vt_aac_config c;
        put(&w, 2, 5);
        put(&w, 15, 4);
        put(&w, (uint32_t)rates[i], 24);
        put(&w, 2, 4);
        REQUIRE_INT(vt_aac_config_parse(&c, w.bytes, 5, &why), i < 2 ? 0 : -ERANGE);
    }
}

#define TRY(bytes) vt_opus_config_parse(&c, (const uint8_t *)(bytes), sizeof(bytes) - 1, &why)

#define OPUS(channels, rest) TRY("OpusHead\1" channels "\x38\1\x80\xbb\0\0\0\0" rest)

TEST(reads_an_opus_header)
{
    struct vt_opus_config c;
    REQUIRE_INT(OPUS("\2", "\0"), 0);
    REQUIRE(c.channels == 2 && c.pre_skip == 312);
    REQUIRE_INT(OPUS("\2", ""), -EINVAL);
    REQUIRE_INT(OPUS("\0", "\0"), -EINVAL);
    REQUIRE_INT(OPUS("\3", "\0"), -ERANGE);
    REQUIRE_INT(OPUS("\2", "\2"), -ERANGE);
    REQUIRE_INT(OPUS("\x6", "\1\4\2\0\4\1\2\3\5"), 0);
    REQUIRE_INT(OPUS("\x6", "\1\4\2\0\4\1\2\3\6"), -EINVAL);         // a channel from nowhere
    REQUIRE_INT(OPUS("\x6", "\1\4\2\0\4\1\2\3"), -EINVAL);
    REQUIRE_INT(OPUS("\x6", "\1\0\0\0\4\1\2\3\5"), -EINVAL);
    REQUIRE_INT(OPUS("\x6", "\1\2\3\0\4\1\2\3\5"), -EINVAL);
    REQUIRE_INT(OPUS("\x8", "\1\5\3\0\6\1\2\3\4\5\7"), 0);
    REQUIRE_INT(OPUS("\x9", "\1\5\3\0\6\1\2\3\4\5\7\7"), -ERANGE);
    REQUIRE_INT(TRY("OpusTail\1\2\x38\1\x80\xbb\0\0\0\0\0"), -EINVAL);
}

// STREAMINFO for a rate, with `head` of what stands before it in a file.
static int flac(int head, uint32_t block, uint32_t rate, struct vt_flac_config *config)
{
    static uint8_t bytes[64];
    struct bit_writer w = {0};
    if (head > 4)
        put(&w, 0x664c6143, 32);
    if (head > 0)
        put(&w, 0x80000022, 32);
    put(&w, block, 16);
    put(&w, block, 16);
    put(&w, 0, 32);
    put(&w, 0, 16);
    put(&w, rate, 20);
    put(&w, 1, 3);
    put(&w, 15, 5);
    memcpy(bytes, w.bytes, sizeof bytes);
    int error = vt_flac_config_parse(config, bytes, (size_t)(head + VT_FLAC_INFO_BYTES - 1), &why);
    REQUIRE_INT(error, -EINVAL);
    return vt_flac_config_parse(config, bytes, (size_t)(head + VT_FLAC_INFO_BYTES), &why);
}

TEST(reads_flacs_streaminfo)
{
    struct vt_flac_config c;
    for (int head = 0; head <= 8; head += 4) {
        REQUIRE_INT(flac(head, 4096, 44100, &c), 0);
        REQUIRE(c.sample_rate == 44100 && c.channels == 2 && c.block == 4096);
    }
    REQUIRE_INT(flac(0, 15, 44100, &c), -EINVAL);
    REQUIRE_INT(flac(0, 4096, 0, &c), -EINVAL);
    REQUIRE_INT(flac(0, 4096, VT_AUDIO_RATE_MIN, &c), 0);
    REQUIRE_INT(flac(0, 4096, VT_AUDIO_RATE_MIN - 1, &c), -ERANGE);
    REQUIRE_INT(flac(0, 4096, VT_AUDIO_RATE_MAX, &c), 0);
    REQUIRE_INT(flac(0, 4096, VT_AUDIO_RATE_MAX + 1, &c), -ERANGE);
}

// An ADTS header: a rate by its index, and so many blocks.
static int64_t adts(unsigned rate, unsigned blocks, size_t size)
{
    uint8_t head[7] = {0xff, 0xf1, (uint8_t)(0x40 | rate << 2), 0x80, 0, 0, (uint8_t)(0xfc | (blocks - 1))};
    return vt_ts_adts_ticks(head, size);
}

TEST(adts_says_how_long_a_frame_lasts)
{
    REQUIRE_INT(adts(3, 1, 7), 1920);                        // 1024 at 48 kHz
    REQUIRE_INT(adts(4, 1, 7), 2090);
    REQUIRE_INT(adts(12, 4, 7), 50155);
    REQUIRE_INT(adts(13, 1, 7), 0);                          // a reserved rate
    REQUIRE_INT(adts(3, 1, 6), 0);
    REQUIRE_INT(vt_ts_adts_ticks((const uint8_t *)"\xff\xfb\x50\x80\0\0\0", 7), 0);       // MPEG audio
    REQUIRE_INT(vt_ts_adts_ticks((const uint8_t *)"\x56\xe0\x50\x80\0\0\0", 7), 0);
}

enum mux { PLAIN, SAME, VERSION_1, FUTURE };

// A frame of LATM whose configuration says `rate`.
static struct bit_writer latm(enum mux mux, uint32_t rate)
{
    struct bit_writer w = {0};
    put(&w, 0x56e0, 16);
    put(&w, 20, 8);
    put(&w, mux == SAME, 1);
    put(&w, mux == VERSION_1 || mux == FUTURE, 1);
    if (mux == VERSION_1 || mux == FUTURE)
        put(&w, mux == FUTURE, 1);
    if (mux == VERSION_1) {
        put(&w, 1, 2);                                       // a value of two bytes: fullness of the buffer
        put(&w, 0x1234, 16);
    }
    put(&w, 1 << 13, 14);
    if (mux == VERSION_1) {
        put(&w, 0, 2);                                       // one of one byte: length of the configuration
        put(&w, 16, 8);
    }
    put(&w, 2, 5);
    put(&w, 15, 4);
    put(&w, rate, 24);
    put(&w, 2, 4);
    w.count = 8 * 64;
    return w;
}

static int64_t latm_ticks(enum mux mux, uint32_t rate, int64_t *kept)
{
    struct bit_writer w = latm(mux, rate);
    return vt_ts_latm_ticks(w.bytes, (size_t)w.count / 8, kept);
}

TEST(latm_says_it_now_and_then)
{
    int64_t kept = 0;
    REQUIRE_INT(latm_ticks(SAME, 48000, &kept), 0);          // not yet
    REQUIRE_INT(latm_ticks(PLAIN, 48000, &kept), 1920);
    REQUIRE_INT(latm_ticks(SAME, 0, &kept), 1920);
    REQUIRE_INT(latm_ticks(VERSION_1, 24000, &kept), 3840);
    REQUIRE_INT(latm_ticks(FUTURE, 48000, &kept), 3840);
    REQUIRE_INT(latm_ticks(PLAIN, 1, &kept), 3840);          // nonsense
    REQUIRE_INT(latm_ticks(PLAIN, VT_AUDIO_RATE_MIN, &kept), 23040);
    struct bit_writer w = latm(PLAIN, 48000);
    REQUIRE_INT(vt_ts_latm_ticks(w.bytes, 4, &kept), 23040); // cut short
    REQUIRE_INT(vt_ts_latm_ticks(w.bytes, 3, &kept), 23040);
    w.bytes[0] = 0x57;
    REQUIRE_INT(vt_ts_latm_ticks(w.bytes, 64, &kept), 23040);
}

TEST(mpeg_audio_says_its_layer)
{
    REQUIRE_INT(vt_ts_mpeg_audio((const uint8_t *)"\xff\xfb", 2), VT_CODEC_MP3);
    REQUIRE_INT(vt_ts_mpeg_audio((const uint8_t *)"\xff\xfd", 2), VT_CODEC_MP2);
    REQUIRE_INT(vt_ts_mpeg_audio((const uint8_t *)"\xff\xff", 2), VT_CODEC_MP2);
    REQUIRE_INT(vt_ts_mpeg_audio((const uint8_t *)"\xff", 1), VT_CODEC_MP2);
}

int main(void)
{
    RUN(reads_audio_configurations);
    RUN(audio_rates_are_bounded);
    RUN(reads_an_opus_header);
    RUN(reads_flacs_streaminfo);
    RUN(adts_says_how_long_a_frame_lasts);
    RUN(latm_says_it_now_and_then);
    RUN(mpeg_audio_says_its_layer);
    return DONE();
}
