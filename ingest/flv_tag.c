#include "ingest/flv_tag.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "ingest/amf0.h"

#define FOURCC(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

#define ENHANCED_VIDEO   0x80            // bit of the first byte
#define ENHANCED_AUDIO   9               // sound format
#define LEGACY_H264      7
#define LEGACY_AAC       10
#define FRAME_KEY        1
#define FRAME_COMMAND    5
#define MOD_EX_LONG      256             // this size says that a 16-bit one follows

enum packet {                            // Enhanced RTMP's packet types
    PACKET_SEQUENCE_START = 0,
    PACKET_CODED_FRAMES = 1,
    PACKET_SEQUENCE_END = 2,
    PACKET_CODED_FRAMES_X = 3,           // video: without a composition time
    PACKET_METADATA = 4,                 // video: colours; audio: channel layout
    PACKET_MULTITRACK_AUDIO = 5,
    PACKET_MULTITRACK_VIDEO = 6,
    PACKET_MOD_EX = 7,
};

struct codec_name {
    uint32_t id;
    const char *name;
};

static const struct codec_name video_codecs[] = {
    {2, "Sorenson H.263"},
    {3, "Screen Video"},
    {4, "VP6"},
    {5, "VP6"},
    {6, "Screen Video 2"},
    {7, "H.264"},
    {12, "HEVC"},
    {13, "AV1"},
    {FOURCC('a', 'v', 'c', '1'), "H.264"},
    {FOURCC('h', 'v', 'c', '1'), "HEVC"},
    {FOURCC('a', 'v', '0', '1'), "AV1"},
    {FOURCC('v', 'p', '0', '8'), "VP8"},
    {FOURCC('v', 'p', '0', '9'), "VP9"},
    {FOURCC('v', 'v', 'c', '1'), "VVC"},
};

static const struct codec_name audio_codecs[] = {
    {0, "PCM"},
    {1, "ADPCM"},
    {2, "MP3"},
    {3, "PCM"},
    {4, "Nellymoser"},
    {5, "Nellymoser"},
    {6, "Nellymoser"},
    {7, "G.711"},
    {8, "G.711"},
    {10, "AAC"},
    {11, "Speex"},
    {14, "MP3"},
    {FOURCC('m', 'p', '4', 'a'), "AAC"},
    {FOURCC('O', 'p', 'u', 's'), "Opus"},
    {FOURCC('f', 'L', 'a', 'C'), "FLAC"},
    {FOURCC('a', 'c', '-', '3'), "AC-3"},
    {FOURCC('e', 'c', '-', '3'), "E-AC-3"},
    {FOURCC('.', 'm', 'p', '3'), "MP3"},
};

static void name_codec(struct vt_flv_tag *tag, const struct codec_name *names, size_t count, uint32_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (names[i].id == id) {
            snprintf(tag->name, sizeof tag->name, "%s", names[i].name);
            return;
        }
    }
    if (id < 256) {
        snprintf(tag->name, sizeof tag->name, "codec %u", (unsigned)id);
        return;
    }
    char text[5] = {(char)(id >> 24), (char)(id >> 16), (char)(id >> 8), (char)id};
    for (int i = 0; i < 4; i++) {
        if (!isprint((unsigned char)text[i]) || text[i] == '"' || text[i] == '\\')
            text[i] = '?';
    }
    snprintf(tag->name, sizeof tag->name, "codec %s", text);
}

#define NAME_CODEC(tag, names, id) name_codec(tag, names, sizeof(names) / sizeof(names)[0], id)

static int32_t read_signed_u24(struct vt_reader *r)
{
    uint32_t v = vt_read_u24be(r);
    return v & 0x800000 ? (int32_t)v - 0x1000000 : (int32_t)v;
}

static void take_rest(struct vt_flv_tag *tag, enum vt_flv_kind kind, struct vt_reader *r)
{
    tag->kind = kind;
    tag->data = r->at;
    tag->size = r->left;
}

// Steps over ModEx prefixes: what they modify (nanoseconds) is finer than anything here.
static int skip_modifiers(struct vt_reader *r, unsigned *packet)
{
    for (int i = 0; *packet == PACKET_MOD_EX; i++) {
        if (i == VT_FLV_MODIFIERS_MAX)
            return -EINVAL;
        size_t size = vt_read_u8(r) + 1u;
        if (size == MOD_EX_LONG)
            size = vt_read_u16be(r) + 1u;
        vt_read_skip(r, size);
        *packet = vt_read_u8(r) & 15;
        if (r->failed)
            return -EINVAL;
    }
    return 0;
}

static int enhanced_video(struct vt_flv_tag *tag, struct vt_reader *r, unsigned frame, unsigned packet)
{
    if (skip_modifiers(r, &packet) < 0)
        return -EINVAL;
    if (packet != PACKET_METADATA && frame == FRAME_COMMAND)
        return 0;
    if (packet == PACKET_MULTITRACK_VIDEO) {
        snprintf(tag->name, sizeof tag->name, "multitrack");
        return -ENOTSUP;
    }
    uint32_t codec = vt_read_u32be(r);
    if (r->failed)
        return -EINVAL;
    NAME_CODEC(tag, video_codecs, codec);
    if (codec != FOURCC('a', 'v', 'c', '1'))
        return -ENOTSUP;
    tag->codec = VT_FLV_H264;
    if (packet == PACKET_CODED_FRAMES)
        tag->composition_ms = read_signed_u24(r);
    if (r->failed)
        return -EINVAL;
    switch (packet) {
    case PACKET_SEQUENCE_START:
        take_rest(tag, VT_FLV_CONFIG, r);
        break;
    case PACKET_CODED_FRAMES:
    case PACKET_CODED_FRAMES_X:
        take_rest(tag, r->left ? VT_FLV_UNIT : VT_FLV_NOTHING, r);
        break;
    case PACKET_SEQUENCE_END:
        tag->kind = VT_FLV_END;
        break;
    default:
        break;
    }
    return 0;
}

static int legacy_video(struct vt_flv_tag *tag, struct vt_reader *r, unsigned frame, unsigned codec)
{
    if (frame == FRAME_COMMAND)
        return 0;
    NAME_CODEC(tag, video_codecs, codec);
    if (codec != LEGACY_H264)
        return -ENOTSUP;
    tag->codec = VT_FLV_H264;
    if (r->left == 0)
        return 0;
    uint8_t packet = vt_read_u8(r);
    if (packet == PACKET_SEQUENCE_END) {
        tag->kind = VT_FLV_END;
        return 0;
    }
    int32_t composition = read_signed_u24(r);
    if (r->failed || packet > PACKET_CODED_FRAMES)
        return -EINVAL;
    if (packet == PACKET_SEQUENCE_START) {
        take_rest(tag, VT_FLV_CONFIG, r);
    } else {
        tag->composition_ms = composition;
        take_rest(tag, r->left ? VT_FLV_UNIT : VT_FLV_NOTHING, r);
    }
    return 0;
}

int vt_flv_video(struct vt_flv_tag *ret, const uint8_t *data, size_t size)
{
    struct vt_flv_tag tag = {.kind = VT_FLV_NOTHING};
    int error = 0;
    if (size > 0) {
        struct vt_reader r = vt_reader(data, size);
        uint8_t first = vt_read_u8(&r);
        bool enhanced = first & ENHANCED_VIDEO;
        unsigned frame = enhanced ? first >> 4 & 7 : first >> 4;
        tag.key = frame == FRAME_KEY;
        error = enhanced ? enhanced_video(&tag, &r, frame, first & 15)
                         : legacy_video(&tag, &r, frame, first & 15);
    }
    if (error != -EINVAL)
        *ret = tag;
    return error;
}

static int enhanced_audio(struct vt_flv_tag *tag, struct vt_reader *r, unsigned packet)
{
    if (skip_modifiers(r, &packet) < 0)
        return -EINVAL;
    if (packet == PACKET_MULTITRACK_AUDIO) {
        snprintf(tag->name, sizeof tag->name, "multitrack");
        return -ENOTSUP;
    }
    uint32_t codec = vt_read_u32be(r);
    if (r->failed)
        return -EINVAL;
    NAME_CODEC(tag, audio_codecs, codec);
    if (codec != FOURCC('m', 'p', '4', 'a'))
        return -ENOTSUP;
    tag->codec = VT_FLV_AAC;
    if (packet == PACKET_SEQUENCE_START)
        take_rest(tag, VT_FLV_CONFIG, r);
    else if (packet == PACKET_CODED_FRAMES)
        take_rest(tag, r->left ? VT_FLV_UNIT : VT_FLV_NOTHING, r);
    else if (packet == PACKET_SEQUENCE_END)
        tag->kind = VT_FLV_END;
    return 0;
}

static int legacy_audio(struct vt_flv_tag *tag, struct vt_reader *r, unsigned codec)
{
    NAME_CODEC(tag, audio_codecs, codec);
    if (codec != LEGACY_AAC)
        return -ENOTSUP;
    tag->codec = VT_FLV_AAC;
    if (r->left == 0)
        return 0;
    uint8_t packet = vt_read_u8(r);
    if (packet > 1)
        return -EINVAL;
    take_rest(tag, packet == 0 ? VT_FLV_CONFIG : r->left ? VT_FLV_UNIT : VT_FLV_NOTHING, r);
    return 0;
}

int vt_flv_audio(struct vt_flv_tag *ret, const uint8_t *data, size_t size)
{
    struct vt_flv_tag tag = {.kind = VT_FLV_NOTHING};
    int error = 0;
    if (size > 0) {
        struct vt_reader r = vt_reader(data, size);
        uint8_t first = vt_read_u8(&r);
        error = first >> 4 == ENHANCED_AUDIO ? enhanced_audio(&tag, &r, first & 15)
                                             : legacy_audio(&tag, &r, first >> 4);
    }
    if (error != -EINVAL)
        *ret = tag;
    return error;
}

void vt_flv_refusal(char *out, size_t room, bool video, const struct vt_flv_tag *tag)
{
    snprintf(out, room, "%s %s is not supported: set the encoder to %s", tag->name, video ? "video" : "audio",
             video ? "H.264" : "AAC");
}

static double positive_member(const struct vt_amf0_value *object, const char *name, double most)
{
    struct vt_amf0_value value;
    if (!vt_amf0_find(object, name, &value) || value.type != VT_AMF0_NUMBER || !isfinite(value.number) ||
        value.number <= 0 || value.number > most)
        return 0;
    return value.number;
}

bool vt_flv_metadata(struct vt_flv_metadata *ret, const uint8_t *data, size_t size)
{
    struct vt_reader r = vt_reader(data, size);
    struct vt_amf0_value value;
    if (vt_amf0_next(&r, &value) < 0)
        return false;
    if (vt_amf0_is(&value, "@setDataFrame") && vt_amf0_next(&r, &value) < 0)
        return false;
    if (!vt_amf0_is(&value, "onMetaData") || vt_amf0_next(&r, &value) < 0 || value.type != VT_AMF0_OBJECT)
        return false;

    struct vt_flv_metadata found = {
        .width = positive_member(&value, "width", 65536),
        .height = positive_member(&value, "height", 65536),
        .fps = positive_member(&value, "framerate", 1000),
        .video_kbps = positive_member(&value, "videodatarate", 1e6),
        .audio_kbps = positive_member(&value, "audiodatarate", 1e6),
    };
    struct vt_amf0_value encoder;
    if (vt_amf0_find(&value, "encoder", &encoder)) {
        if (encoder.size >= sizeof found.encoder)
            encoder.size = sizeof found.encoder - 1;
        vt_amf0_copy(&encoder, found.encoder, sizeof found.encoder);
    }
    *ret = found;
    return true;
}
