#include "check.h"

#include <errno.h>

#include "ingest/amf0.h"
#include "ingest/flv_tag.h"

static struct vt_flv_tag tag;

static struct vt_flv_walk walk;

// The first track of a message: 0 with `tag` filled, or what is wrong. A message without any is VT_FLV_NOTHING.
static int first(bool video, const void *data, size_t size)
{
    int got = video ? vt_flv_video(&walk, data, size) : vt_flv_audio(&walk, data, size);
    if (got < 0)
        return got;
    got = vt_flv_next(&walk, &tag);
    if (got == 0)
        tag = (struct vt_flv_tag){.kind = VT_FLV_NOTHING};
    return got < 0 ? got : 0;
}

#define VIDEO(bytes) first(true, bytes, sizeof(bytes) - 1)
#define AUDIO(bytes) first(false, bytes, sizeof(bytes) - 1)

TEST(reads_legacy_video)
{
    REQUIRE_INT(VIDEO("\x17\0\0\0\0\1\x64"), 0);
    REQUIRE(tag.kind == VT_FLV_CONFIG && tag.codec == VT_CODEC_H264 && tag.size == 2);
    REQUIRE_TEXT(tag.name, "H.264");
    REQUIRE_INT(VIDEO("\x27\1\0\0\x28\0\0\0\1\x41"), 0);
    REQUIRE(tag.kind == VT_FLV_UNIT && !tag.key && tag.composition_ms == 40 && tag.size == 5);
    REQUIRE_INT(VIDEO("\x17\1\xff\xff\xec\0\0\0\1\x65"), 0);
    REQUIRE(tag.key);
    REQUIRE_INT(tag.composition_ms, -20);
    REQUIRE_INT(VIDEO("\x17\1\x80\0\0\0"), 0);
    REQUIRE_INT(tag.composition_ms, -0x800000);
    REQUIRE_INT(VIDEO("\x17\2\0\0\0"), 0);
    REQUIRE_INT(tag.kind, VT_FLV_END);
    REQUIRE_INT(VIDEO("\x17\2"), 0);
    REQUIRE_INT(tag.kind, VT_FLV_END);
}

TEST(passes_over_what_is_empty)
{
    REQUIRE_INT(first(true, NULL, 0), 0);
    REQUIRE_INT(tag.kind, VT_FLV_NOTHING);
    REQUIRE_INT(first(false, NULL, 0), 0);
    REQUIRE_INT(tag.kind, VT_FLV_NOTHING);
    REQUIRE_INT(VIDEO("\x17"), 0);
    REQUIRE_INT(tag.kind, VT_FLV_NOTHING);
    REQUIRE_INT(VIDEO("\x17\1\0\0\0"), 0);
    REQUIRE_INT(tag.kind, VT_FLV_NOTHING);
    REQUIRE_INT(VIDEO("\x57\0"), 0);                         // a command frame
    REQUIRE_INT(tag.kind, VT_FLV_NOTHING);
    REQUIRE_INT(AUDIO("\xaf"), 0);
    REQUIRE_INT(tag.kind, VT_FLV_NOTHING);
    REQUIRE_INT(AUDIO("\xaf\1"), 0);
    REQUIRE_INT(tag.kind, VT_FLV_NOTHING);
}

TEST(refuses_what_is_cut_short)
{
    tag.size = 77;
    REQUIRE_INT(VIDEO("\x17\1\0\0"), -EINVAL);
    REQUIRE_INT(VIDEO("\x17\3\0\0\0\0"), -EINVAL);
    REQUIRE_INT(VIDEO("\x91" "avc"), -EINVAL);
    REQUIRE_INT(VIDEO("\x91" "avc1\0\0"), -EINVAL);
    REQUIRE_INT(VIDEO("\x97\5\0\0"), -EINVAL);
    REQUIRE_INT(AUDIO("\xaf\2x"), -EINVAL);
    REQUIRE_INT(AUDIO("\x91mp4"), -EINVAL);
    REQUIRE_INT(AUDIO("\x97"), -EINVAL);
    REQUIRE_INT(tag.size, 77);
}

TEST(reads_aac)
{
    REQUIRE_INT(AUDIO("\xaf\0\x11\x90"), 0);
    REQUIRE(tag.kind == VT_FLV_CONFIG && tag.codec == VT_CODEC_AAC && tag.size == 2);
    REQUIRE_INT(AUDIO("\xaf\1abc"), 0);
    REQUIRE(tag.kind == VT_FLV_UNIT && tag.size == 3);
    REQUIRE_TEXT(tag.name, "AAC");
}

TEST(reads_enhanced_tags_of_the_same_codecs)
{
    REQUIRE_INT(VIDEO("\x90" "avc1\1\x64"), 0);
    REQUIRE(tag.kind == VT_FLV_CONFIG && tag.key && tag.size == 2);
    REQUIRE_INT(VIDEO("\xa1" "avc1\xff\xff\xec\0\0\0\1\x41"), 0);
    REQUIRE(tag.kind == VT_FLV_UNIT && !tag.key && tag.composition_ms == -20 && tag.size == 5);
    REQUIRE_INT(VIDEO("\xa3" "avc1\0\0\0\1\x41"), 0);
    REQUIRE(tag.kind == VT_FLV_UNIT && tag.composition_ms == 0 && tag.size == 5);
    REQUIRE_INT(VIDEO("\xa3" "avc1"), 0);
    REQUIRE_INT(tag.kind, VT_FLV_NOTHING);
    REQUIRE_INT(VIDEO("\x92" "avc1"), 0);
    REQUIRE_INT(tag.kind, VT_FLV_END);
    REQUIRE_INT(VIDEO("\x94" "avc1\2"), 0);
    REQUIRE(tag.kind == VT_FLV_COLOUR && tag.size == 1);
    REQUIRE_INT(VIDEO("\xd1\0"), 0);                         // a command
    REQUIRE_INT(tag.kind, VT_FLV_NOTHING);
    REQUIRE_INT(AUDIO("\x90mp4a\x11\x90"), 0);
    REQUIRE_INT(tag.kind, VT_FLV_CONFIG);
    REQUIRE_INT(AUDIO("\x91mp4a\1"), 0);
    REQUIRE_INT(tag.kind, VT_FLV_UNIT);
    REQUIRE_INT(AUDIO("\x91mp4a"), 0);
    REQUIRE_INT(tag.kind, VT_FLV_NOTHING);
    REQUIRE_INT(AUDIO("\x92mp4a"), 0);
    REQUIRE_INT(tag.kind, VT_FLV_END);
    REQUIRE_INT(AUDIO("\x94mp4a\1\2"), 0);
    REQUIRE_INT(tag.kind, VT_FLV_NOTHING);
}

// `count` modifiers of three bytes before an avc1 frame.
static int modified(int count)
{
    struct vt_writer w = {0};
    vt_write_u8(&w, count ? 0x97 : 0x93);
    for (int i = 1; i <= count; i++) {
        vt_write_bytes(&w, "\2\0\0\1", 4);
        vt_write_u8(&w, i == count ? 3 : 7);
    }
    vt_write_text(&w, "avc1x");
    int error = first(true, w.data, w.size);
    vt_writer_free(&w);
    return error;
}

TEST(steps_over_a_bounded_number_of_modifiers)
{
    REQUIRE_INT(modified(1), 0);
    REQUIRE_INT(tag.kind, VT_FLV_UNIT);
    REQUIRE_INT(modified(VT_FLV_MODIFIERS_MAX), 0);
    REQUIRE_INT(modified(VT_FLV_MODIFIERS_MAX + 1), -EINVAL);
    struct vt_writer w = {0};                                // 256 bytes and more have a longer size
    static const uint8_t zeros[300];
    vt_write_bytes(&w, "\x97\xff\1\x2b", 4);
    vt_write_bytes(&w, zeros, 300);
    vt_write_text(&w, "\3" "avc1x");
    REQUIRE_INT(first(true, w.data, w.size), 0);
    REQUIRE_INT(tag.size, 1);
    vt_writer_free(&w);
}

TEST(names_what_it_does_not_take)
{
    char text[100];
    REQUIRE_INT(VIDEO("\x90vvc1\1"), -ENOTSUP);
    vt_flv_refusal(text, sizeof text, true, &tag);
    REQUIRE_TEXT(text, "VVC video is not supported: set the encoder to H.264, HEVC, AV1 or VP9");
    REQUIRE_INT(VIDEO("\x1d\0\0\0\0"), -ENOTSUP);
    REQUIRE_TEXT(tag.name, "AV1 without Enhanced RTMP");
    REQUIRE_INT(VIDEO("\x91\"\\\n\xff"), -ENOTSUP);
    REQUIRE_TEXT(tag.name, "codec ????");
    REQUIRE_INT(VIDEO("\x1e"), -ENOTSUP);
    REQUIRE_TEXT(tag.name, "codec 14");
    REQUIRE_INT(AUDIO("\x6f\1"), -ENOTSUP);
    vt_flv_refusal(text, sizeof text, false, &tag);
    REQUIRE_TEXT(text, "Nellymoser audio is not supported: set the encoder to AAC or Opus");
}

TEST(reads_every_codec_that_is_taken)
{
    static const struct { const char *fourcc; enum vt_codec codec; bool video; } codecs[] = {
        {"avc1", VT_CODEC_H264, true}, {"hvc1", VT_CODEC_HEVC, true}, {"av01", VT_CODEC_AV1, true},
        {"vp09", VT_CODEC_VP9, true}, {"vp08", VT_CODEC_VP8, true}, {"mp4a", VT_CODEC_AAC, false}, {"Opus", VT_CODEC_OPUS, false},
        {"fLaC", VT_CODEC_FLAC, false}, {"ac-3", VT_CODEC_AC3, false}, {"ec-3", VT_CODEC_EAC3, false},
        {".mp3", VT_CODEC_MP3, false},
    };
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++) {
        char bytes[16];
        bool nal = codecs[i].codec == VT_CODEC_H264 || codecs[i].codec == VT_CODEC_HEVC;
        snprintf(bytes, sizeof bytes, "\x90%srecord", codecs[i].fourcc);
        REQUIRE_INT(first(codecs[i].video, bytes, 11), 0);
        REQUIRE(tag.kind == VT_FLV_CONFIG && tag.codec == codecs[i].codec && tag.size == 6);
        REQUIRE_TEXT(tag.name, vt_codec_name(tag.codec));
        bytes[0] = '\x91';
        REQUIRE_INT(first(codecs[i].video, bytes, 11), 0);
        REQUIRE(tag.kind == VT_FLV_UNIT && tag.size == (nal ? 3u : 6u) && tag.key == codecs[i].video);
        REQUIRE_INT(vt_flv_next(&walk, &tag), 0);
    }
    REQUIRE_INT(VIDEO("\x1c\1\0\0\x28x"), 0);                // HEVC as some encoders number it
    REQUIRE(tag.codec == VT_CODEC_HEVC && tag.kind == VT_FLV_UNIT && tag.composition_ms == 40 && tag.size == 1);
    REQUIRE_INT(AUDIO("\x2f\xff\xfb"), 0);                   // MP3 has no packet type
    REQUIRE(tag.codec == VT_CODEC_MP3 && tag.kind == VT_FLV_UNIT && tag.size == 2);
    REQUIRE_INT(AUDIO("\x90Opus"), 0);                       // an Opus header may be empty
    REQUIRE(tag.kind == VT_FLV_CONFIG && tag.size == 0);
}

TEST(reads_legacy_sound_that_has_no_record)
{
    static const struct { uint8_t first; enum vt_codec codec; int rate, channels; } rows[] = {
        {0x02, VT_CODEC_PCM_S16, 5512, 1},  {0x0f, VT_CODEC_PCM_S16, 44100, 2}, {0x3b, VT_CODEC_PCM_S16, 22050, 2},
        {0x36, VT_CODEC_PCM_S16, 11025, 1}, {0x3d, VT_CODEC_PCM_U8, 44100, 2},  {0x0c, VT_CODEC_PCM_U8, 44100, 1},
        {0x72, VT_CODEC_ALAW, 8000, 1},     {0x7f, VT_CODEC_ALAW, 8000, 2},     {0x82, VT_CODEC_MULAW, 8000, 1},
        {0xb6, VT_CODEC_SPEEX, 16000, 1},   {0xbf, VT_CODEC_SPEEX, 16000, 1},   {0x2f, VT_CODEC_MP3, 0, 0},
        {0xef, VT_CODEC_MP3, 0, 0},         {0xaf, VT_CODEC_AAC, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t bytes[] = {rows[i].first, 1, 2, 3};
        REQUIRE_INT(first(false, bytes, sizeof bytes), 0);
        REQUIRE(tag.kind == VT_FLV_UNIT && tag.codec == rows[i].codec);
        REQUIRE_INT(tag.size, rows[i].codec == VT_CODEC_AAC ? 2 : 3);
        REQUIRE_INT(tag.rate, rows[i].rate);
        REQUIRE_INT(tag.channels, rows[i].channels);
        REQUIRE_INT(first(false, bytes, 1), 0);
        REQUIRE_INT(tag.kind, VT_FLV_NOTHING);
    }
}

TEST(lists_the_codecs_that_are_taken)
{
    char fourcc[5], all[100] = "";
    for (int video = 0; video < 2; video++)
        for (int i = 0; vt_flv_fourcc(fourcc, video, i); i++)
            strcat(strcat(all, " "), fourcc);
    REQUIRE_TEXT(all, " mp4a Opus fLaC ac-3 ec-3 .mp3 avc1 hvc1 av01 vp08 vp09");
    REQUIRE(!vt_flv_fourcc(fourcc, true, 5));
}

TEST(reads_nanoseconds)
{
    REQUIRE_INT(VIDEO("\x97\2\x0f\x42\x3f\3" "avc1x"), 0);
    REQUIRE(tag.kind == VT_FLV_UNIT && tag.size == 1);
    REQUIRE_INT(tag.nano, 999999);
    REQUIRE_INT(VIDEO("\x97\2\x0f\x42\x40\3" "avc1x"), 0);   // a million is none
    REQUIRE_INT(tag.nano, 0);
    REQUIRE_INT(VIDEO("\x97\2\0\0\7\x13" "avc1x"), 0);       // of another type
    REQUIRE_INT(tag.nano, 0);
    REQUIRE_INT(VIDEO("\x97\1\0\7\3" "avc1x"), 0);           // too short for it
    REQUIRE_INT(tag.nano, 0);
    REQUIRE_INT(AUDIO("\x97\3\0\0\7\0\1" "Opusx"), 0);      // longer than it need be
    REQUIRE_INT(tag.nano, 7);
}

TEST(goes_through_the_tracks_of_a_message)
{
    REQUIRE_INT(VIDEO("\x96\1hvc1\5\0\0\x28xy"), 0);         // one track
    REQUIRE(tag.track == 5 && tag.codec == VT_CODEC_HEVC && tag.composition_ms == 40 && tag.size == 2);
    REQUIRE_INT(vt_flv_next(&walk, &tag), 0);

    REQUIRE_INT(AUDIO("\x95\x11mp4a\0\0\0\2ab\xff\0\0\1c"), 0);      // many tracks of one codec
    REQUIRE(tag.track == 0 && tag.codec == VT_CODEC_AAC && tag.size == 2 && tag.data[0] == 'a');
    REQUIRE_INT(vt_flv_next(&walk, &tag), 1);
    REQUIRE(tag.track == 255 && tag.size == 1 && tag.data[0] == 'c');
    REQUIRE_INT(vt_flv_next(&walk, &tag), 0);

    REQUIRE_INT(AUDIO("\x95\x21Opus\1\0\0\1asvmx\2\0\0\1bmp4a\3\0\0\1c"), 0);      // each with its codec
    REQUIRE(tag.track == 1 && tag.codec == VT_CODEC_OPUS);
    REQUIRE_INT(vt_flv_next(&walk, &tag), -ENOTSUP);
    REQUIRE_INT(tag.track, 2);
    REQUIRE_TEXT(tag.name, "codec svmx");
    REQUIRE_INT(vt_flv_next(&walk, &tag), 1);
    REQUIRE(tag.track == 3 && tag.codec == VT_CODEC_AAC && tag.data[0] == 'c');
    REQUIRE_INT(vt_flv_next(&walk, &tag), 0);
}

TEST(refuses_tracks_that_lie)
{
    REQUIRE_INT(AUDIO("\x95\x11mp4a\0\0\0\3ab"), -EINVAL);    // longer than the message
    REQUIRE_INT(vt_flv_next(&walk, &tag), 0);
    REQUIRE_INT(AUDIO("\x95\x11mp4a\0\xff\xff\xff" "a"), -EINVAL);
    REQUIRE_INT(AUDIO("\x95\x15mp4a\0\0\0\1a"), -EINVAL);     // tracks within tracks
    REQUIRE_INT(VIDEO("\x96\x16hvc1\0\0\0\1a"), -EINVAL);
    REQUIRE_INT(VIDEO("\x96\x17hvc1\0\0\0\1a"), -EINVAL);     // modifiers within tracks
    REQUIRE_INT(VIDEO("\x96\x31hvc1\0\0\0\1a"), -EINVAL);     // no such kind
    REQUIRE_INT(VIDEO("\x96\1hvc1"), -EINVAL);
    REQUIRE_INT(VIDEO("\x96"), -EINVAL);
    REQUIRE_INT(VIDEO("\x96\x11hvc1\0\0"), -EINVAL);
}

// `count` tracks of one byte; how many of them came out, or what was wrong.
static int tracks(int count)
{
    struct vt_writer w = {0};
    vt_write_text(&w, "\x95\x11.mp3");
    for (int i = 0; i < count; i++) {
        vt_write_u8(&w, (uint8_t)i);
        vt_write_u24be(&w, 1);
        vt_write_u8(&w, 'x');
    }
    REQUIRE_INT(vt_flv_audio(&walk, w.data, w.size), 0);
    int got, out = 0;
    while ((got = vt_flv_next(&walk, &tag)) > 0)
        out++;
    vt_writer_free(&w);
    return got < 0 ? got : out;
}

TEST(takes_a_bounded_number_of_tracks)
{
    REQUIRE_INT(tracks(VT_FLV_TRACKS_MAX), VT_FLV_TRACKS_MAX);
    REQUIRE_INT(tracks(VT_FLV_TRACKS_MAX + 1), -EINVAL);
}

static bool colours(struct vt_flv_colours *ret, const char *name, double transfer)
{
    struct vt_writer w = {0};
    vt_amf0_write_string(&w, name);
    vt_amf0_write_object(&w);
    vt_amf0_write_name(&w, "colorConfig");
    vt_amf0_write_object(&w);
    vt_amf0_write_name(&w, "bitDepth");
    vt_amf0_write_number(&w, 10);
    vt_amf0_write_name(&w, "colorPrimaries");
    vt_amf0_write_number(&w, 9);
    vt_amf0_write_name(&w, "transferCharacteristics");
    vt_amf0_write_number(&w, transfer);
    vt_amf0_write_name(&w, "matrixCoefficients");
    vt_amf0_write_string(&w, "nine");
    vt_amf0_write_end(&w);
    vt_amf0_write_end(&w);
    bool ok = vt_flv_colour(ret, w.data, w.size);
    for (size_t cut = 0; cut < w.size - 6; cut += 7) {
        struct vt_flv_colours partial;
        (void)vt_flv_colour(&partial, w.data, cut);
    }
    vt_writer_free(&w);
    return ok;
}

TEST(reads_colours_without_trust)
{
    struct vt_flv_colours c = {0};
    REQUIRE(colours(&c, "colorInfo", 16));
    REQUIRE(c.bit_depth == 10 && c.primaries == 9 && c.transfer == 16 && c.matrix == 0);
    REQUIRE(colours(&c, "colorInfo", 256));
    REQUIRE_INT(c.transfer, 0);
    REQUIRE(colours(&c, "colorInfo", NAN));
    REQUIRE_INT(c.transfer, 0);
    REQUIRE(colours(&c, "colorInfo", -1));
    REQUIRE_INT(c.transfer, 0);
    REQUIRE(!colours(&c, "colourInfo", 16));
    REQUIRE(!vt_flv_colour(&c, (const uint8_t *)"\2\0\x09" "colorInfo\5", 13));
}

static bool metadata(struct vt_flv_metadata *ret, const char *first, const char *second, double width,
                     double fps)
{
    struct vt_writer w = {0};
    vt_amf0_write_string(&w, first);
    if (second)
        vt_amf0_write_string(&w, second);
    vt_amf0_write_object(&w);
    vt_amf0_write_name(&w, "width");
    vt_amf0_write_number(&w, width);
    vt_amf0_write_name(&w, "height");
    vt_amf0_write_string(&w, "tall");
    vt_amf0_write_name(&w, "framerate");
    vt_amf0_write_number(&w, fps);
    vt_amf0_write_name(&w, "encoder");
    vt_amf0_write_string(&w,
                         "an encoder with a name that is longer than the room that there is for such names");
    vt_amf0_write_end(&w);
    bool ok = vt_flv_metadata(ret, w.data, w.size);
    vt_writer_free(&w);
    return ok;
}

TEST(reads_metadata_without_trust)
{
    struct vt_flv_metadata m = {0};
    REQUIRE(metadata(&m, "@setDataFrame", "onMetaData", 1280, 30));
    REQUIRE(m.width == 1280 && m.fps == 30 && m.height == 0);
    REQUIRE_INT(strlen(m.encoder), sizeof m.encoder - 1);
    REQUIRE(metadata(&m, "onMetaData", NULL, NAN, -5));
    REQUIRE(m.width == 0 && m.fps == 0);
    REQUIRE(metadata(&m, "onMetaData", NULL, INFINITY, 1001));
    REQUIRE(m.width == 0 && m.fps == 0);
    REQUIRE(!metadata(&m, "onCuePoint", NULL, 1, 1));
    REQUIRE(!vt_flv_metadata(&m, (const uint8_t *)"\x11", 1));
    REQUIRE(!vt_flv_metadata(&m, (const uint8_t *)"\2\0\x0d@setDataFrame", 16));
    REQUIRE(!vt_flv_metadata(&m, (const uint8_t *)"\2\0\x0aonMetaData\5", 14));
}

int main(void)
{
    RUN(reads_legacy_video);
    RUN(passes_over_what_is_empty);
    RUN(refuses_what_is_cut_short);
    RUN(reads_aac);
    RUN(reads_enhanced_tags_of_the_same_codecs);
    RUN(steps_over_a_bounded_number_of_modifiers);
    RUN(names_what_it_does_not_take);
    RUN(reads_every_codec_that_is_taken);
    RUN(reads_legacy_sound_that_has_no_record);
    RUN(lists_the_codecs_that_are_taken);
    RUN(reads_nanoseconds);
    RUN(goes_through_the_tracks_of_a_message);
    RUN(refuses_tracks_that_lie);
    RUN(takes_a_bounded_number_of_tracks);
    RUN(reads_colours_without_trust);
    RUN(reads_metadata_without_trust);
    return DONE();
}
