#include "check.h"

#include <errno.h>

#include "ingest/amf0.h"
#include "ingest/flv_tag.h"

static struct vt_flv_tag tag;

#define VIDEO(bytes) vt_flv_video(&tag, (const uint8_t *)(bytes), sizeof(bytes) - 1)
#define AUDIO(bytes) vt_flv_audio(&tag, (const uint8_t *)(bytes), sizeof(bytes) - 1)

TEST(reads_legacy_video)
{
    REQUIRE_INT(VIDEO("\x17\0\0\0\0\1\x64"), 0);
    REQUIRE(tag.kind == VT_FLV_CONFIG && tag.codec == VT_FLV_H264 && tag.size == 2);
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
    REQUIRE_INT(vt_flv_video(&tag, NULL, 0), 0);
    REQUIRE_INT(tag.kind, VT_FLV_NOTHING);
    REQUIRE_INT(vt_flv_audio(&tag, NULL, 0), 0);
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
    REQUIRE(tag.kind == VT_FLV_CONFIG && tag.codec == VT_FLV_AAC && tag.size == 2);
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
    REQUIRE_INT(VIDEO("\x94" "avc1\2"), 0);                  // colours
    REQUIRE_INT(tag.kind, VT_FLV_NOTHING);
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
    int error = vt_flv_video(&tag, w.data, w.size);
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
    REQUIRE_INT(vt_flv_video(&tag, w.data, w.size), 0);
    REQUIRE_INT(tag.size, 1);
    vt_writer_free(&w);
}

TEST(names_what_it_does_not_take)
{
    char text[100];
    REQUIRE_INT(VIDEO("\x90hvc1\1"), -ENOTSUP);
    vt_flv_refusal(text, sizeof text, true, &tag);
    REQUIRE_TEXT(text, "HEVC video is not supported: set the encoder to H.264");
    REQUIRE_INT(VIDEO("\x1c\0\0\0\0"), -ENOTSUP);
    REQUIRE_TEXT(tag.name, "HEVC");
    REQUIRE_INT(VIDEO("\x91" "av01x"), -ENOTSUP);
    REQUIRE_TEXT(tag.name, "AV1");
    REQUIRE_INT(VIDEO("\x91\"\\\n\xff"), -ENOTSUP);
    REQUIRE_TEXT(tag.name, "codec ????");
    REQUIRE_INT(VIDEO("\x1e"), -ENOTSUP);
    REQUIRE_TEXT(tag.name, "codec 14");
    REQUIRE_INT(VIDEO("\x96\0avc1"), -ENOTSUP);
    REQUIRE_TEXT(tag.name, "multitrack");
    REQUIRE_INT(AUDIO("\x95\0mp4a"), -ENOTSUP);
    REQUIRE_TEXT(tag.name, "multitrack");
    REQUIRE_INT(AUDIO("\x91Opusx"), -ENOTSUP);
    vt_flv_refusal(text, sizeof text, false, &tag);
    REQUIRE_TEXT(text, "Opus audio is not supported: set the encoder to AAC");
    REQUIRE_INT(AUDIO("\x2f\1"), -ENOTSUP);
    REQUIRE_TEXT(tag.name, "MP3");
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
    RUN(reads_metadata_without_trust);
    return DONE();
}
