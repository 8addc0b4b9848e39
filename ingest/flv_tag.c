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
#define FRAME_KEY        1
#define FRAME_COMMAND    5
#define MOD_EX_LONG      256             // this size says that a 16-bit one follows
#define MOD_EX_NANO      0               // a modifier's type: nanoseconds, in 24 bits
#define NANO_MAX         999999

#define PCM_NATIVE       0               // legacy sound formats
#define PCM_LITTLE       3
#define G711_A           7
#define G711_MU          8
#define SPEEX            11
#define FORM_16_BITS     2               // bits of a legacy sound tag's first byte
#define FORM_STEREO      1

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

enum multitrack {
    ONE_TRACK = 0,
    MANY_TRACKS = 1,
    MANY_TRACKS_MANY_CODECS = 2,
};

struct codec_id {
    uint32_t id;
    enum vt_codec codec;                 // NONE: named, not taken
    const char *name;
};

static const struct codec_id video_codecs[] = {
    {2, VT_CODEC_NONE, "Sorenson H.263"},
    {3, VT_CODEC_NONE, "Screen Video"},
    {4, VT_CODEC_NONE, "VP6"},
    {5, VT_CODEC_NONE, "VP6"},
    {6, VT_CODEC_NONE, "Screen Video 2"},
    {7, VT_CODEC_H264, "H.264"},
    {12, VT_CODEC_HEVC, "HEVC"},
    {13, VT_CODEC_NONE, "AV1 without Enhanced RTMP"},
    {FOURCC('a', 'v', 'c', '1'), VT_CODEC_H264, "H.264"},
    {FOURCC('h', 'v', 'c', '1'), VT_CODEC_HEVC, "HEVC"},
    {FOURCC('a', 'v', '0', '1'), VT_CODEC_AV1, "AV1"},
    {FOURCC('v', 'p', '0', '8'), VT_CODEC_VP8, "VP8"},
    {FOURCC('v', 'p', '0', '9'), VT_CODEC_VP9, "VP9"},
    {FOURCC('v', 'v', 'c', '1'), VT_CODEC_NONE, "VVC"},
};

static const struct codec_id audio_codecs[] = {
    {PCM_NATIVE, VT_CODEC_PCM_S16, "PCM"},
    {1, VT_CODEC_NONE, "ADPCM"},
    {2, VT_CODEC_MP3, "MP3"},
    {PCM_LITTLE, VT_CODEC_PCM_S16, "PCM"},
    {4, VT_CODEC_NONE, "Nellymoser"},
    {5, VT_CODEC_NONE, "Nellymoser"},
    {6, VT_CODEC_NONE, "Nellymoser"},
    {G711_A, VT_CODEC_ALAW, "G.711 A-law"},
    {G711_MU, VT_CODEC_MULAW, "G.711 mu-law"},
    {10, VT_CODEC_AAC, "AAC"},
    {SPEEX, VT_CODEC_SPEEX, "Speex"},
    {14, VT_CODEC_MP3, "MP3"},
    {FOURCC('m', 'p', '4', 'a'), VT_CODEC_AAC, "AAC"},
    {FOURCC('O', 'p', 'u', 's'), VT_CODEC_OPUS, "Opus"},
    {FOURCC('f', 'L', 'a', 'C'), VT_CODEC_FLAC, "FLAC"},
    {FOURCC('a', 'c', '-', '3'), VT_CODEC_AC3, "AC-3"},
    {FOURCC('e', 'c', '-', '3'), VT_CODEC_EAC3, "E-AC-3"},
    {FOURCC('.', 'm', 'p', '3'), VT_CODEC_MP3, "MP3"},
};

static void name_unknown(struct vt_flv_tag *tag, uint32_t id)
{
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

static int find_codec(struct vt_flv_tag *tag, bool video, uint32_t id)
{
    const struct codec_id *ids = video ? video_codecs : audio_codecs;
    size_t count = video ? sizeof video_codecs / sizeof *video_codecs : sizeof audio_codecs / sizeof *audio_codecs;
    for (size_t i = 0; i < count; i++) {
        if (ids[i].id == id) {
            snprintf(tag->name, sizeof tag->name, "%s", ids[i].name);
            tag->codec = ids[i].codec;
            return tag->codec ? 0 : -ENOTSUP;
        }
    }
    name_unknown(tag, id);
    return -ENOTSUP;
}

bool vt_flv_fourcc(char out[5], bool video, int i)
{
    const struct codec_id *ids = video ? video_codecs : audio_codecs;
    size_t count = video ? sizeof video_codecs / sizeof *video_codecs : sizeof audio_codecs / sizeof *audio_codecs;
    for (size_t at = 0; at < count; at++) {
        uint32_t id = ids[at].id;
        if (id < 256 || !ids[at].codec || i-- > 0)
            continue;
        snprintf(out, 5, "%c%c%c%c", (int)(id >> 24), (int)(id >> 16 & 255), (int)(id >> 8 & 255), (int)(id & 255));
        return true;
    }
    return false;
}

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

static void take_unit(struct vt_flv_tag *tag, struct vt_reader *r)
{
    take_rest(tag, r->left ? VT_FLV_UNIT : VT_FLV_NOTHING, r);
}

// -- the head of a message

static void apply_modifier(struct vt_flv_walk *walk, unsigned type, struct vt_reader data)
{
    uint32_t nano = vt_read_u24be(&data);
    if (type == MOD_EX_NANO && !data.failed && nano <= NANO_MAX)
        walk->nano = (int32_t)nano;
}

// Goes through ModEx prefixes; those of unknown types change nothing.
static int read_modifiers(struct vt_flv_walk *walk)
{
    struct vt_reader *r = &walk->r;
    for (int i = 0; walk->packet == PACKET_MOD_EX; i++) {
        if (i == VT_FLV_MODIFIERS_MAX)
            return -EINVAL;
        size_t size = vt_read_u8(r) + 1u;
        if (size == MOD_EX_LONG)
            size = vt_read_u16be(r) + 1u;
        struct vt_reader data = vt_read_sub(r, size);
        uint8_t next = vt_read_u8(r);
        if (r->failed)
            return -EINVAL;
        apply_modifier(walk, next >> 4, data);
        walk->packet = next & 15;
    }
    return 0;
}

static int begin_multitrack(struct vt_flv_walk *walk)
{
    uint8_t head = vt_read_u8(&walk->r);
    unsigned type = head >> 4, again = walk->video ? PACKET_MULTITRACK_VIDEO : PACKET_MULTITRACK_AUDIO;
    walk->packet = head & 15;
    if (type > MANY_TRACKS_MANY_CODECS || walk->packet == again || walk->packet == PACKET_MOD_EX)
        return -EINVAL;
    walk->multitrack = true;
    walk->sized = type != ONE_TRACK;
    walk->many_codecs = type == MANY_TRACKS_MANY_CODECS;
    if (!walk->many_codecs)
        walk->codec = vt_read_u32be(&walk->r);
    return walk->r.failed ? -EINVAL : 0;
}

static int begin_enhanced(struct vt_flv_walk *walk)
{
    walk->enhanced = true;
    if (read_modifiers(walk) < 0)
        return -EINVAL;
    if (walk->video && walk->packet != PACKET_METADATA && walk->frame == FRAME_COMMAND) {
        walk->tracks = -1;
        return 0;
    }
    if (walk->packet == (walk->video ? PACKET_MULTITRACK_VIDEO : PACKET_MULTITRACK_AUDIO))
        return begin_multitrack(walk);
    walk->codec = vt_read_u32be(&walk->r);
    return walk->r.failed ? -EINVAL : 0;
}

int vt_flv_video(struct vt_flv_walk *ret, const uint8_t *data, size_t size)
{
    struct vt_flv_walk walk = {.r = vt_reader(data, size), .video = true, .tracks = size > 0 ? 0 : -1};
    int error = 0;
    if (size > 0) {
        uint8_t first = vt_read_u8(&walk.r);
        bool enhanced = first & ENHANCED_VIDEO;
        walk.frame = enhanced ? first >> 4 & 7 : first >> 4;
        walk.packet = walk.codec = first & 15;
        if (enhanced)
            error = begin_enhanced(&walk);
        else if (walk.frame == FRAME_COMMAND)
            walk.tracks = -1;
    }
    if (!error)
        *ret = walk;
    return error;
}

int vt_flv_audio(struct vt_flv_walk *ret, const uint8_t *data, size_t size)
{
    struct vt_flv_walk walk = {.r = vt_reader(data, size), .tracks = size > 0 ? 0 : -1};
    int error = 0;
    if (size > 0) {
        uint8_t first = vt_read_u8(&walk.r);
        walk.packet = walk.form = first & 15;
        walk.codec = first >> 4;
        if (walk.codec == ENHANCED_AUDIO)
            error = begin_enhanced(&walk);
    }
    if (!error)
        *ret = walk;
    return error;
}

// -- one track

static bool has_nal_units(enum vt_codec codec)
{
    return codec == VT_CODEC_H264 || codec == VT_CODEC_HEVC;
}

static int enhanced_body(struct vt_flv_tag *tag, const struct vt_flv_walk *walk, struct vt_reader *r)
{
    switch (walk->packet) {
    case PACKET_SEQUENCE_START:
        take_rest(tag, VT_FLV_CONFIG, r);
        break;
    case PACKET_CODED_FRAMES:
        if (has_nal_units(tag->codec))
            tag->composition_ms = read_signed_u24(r);
        take_unit(tag, r);
        break;
    case PACKET_SEQUENCE_END:
        tag->kind = VT_FLV_END;
        break;
    case PACKET_CODED_FRAMES_X:
        if (walk->video)
            take_unit(tag, r);
        break;
    case PACKET_METADATA:
        if (walk->video)
            take_rest(tag, VT_FLV_COLOUR, r);
        break;
    default:
        break;
    }
    return r->failed ? -EINVAL : 0;
}

static int legacy_video_body(struct vt_flv_tag *tag, struct vt_reader *r)
{
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
        take_unit(tag, r);
    }
    return 0;
}

// What a decoder must know of sound that comes without a record. G.711's and Speex' rates are fixed, whatever the tag
// says.
static void read_form(struct vt_flv_tag *tag, const struct vt_flv_walk *walk)
{
    static const int rates[] = {5512, 11025, 22050, 44100};
    tag->channels = walk->form & FORM_STEREO ? 2 : 1;
    switch (walk->codec) {
    case PCM_NATIVE:
    case PCM_LITTLE:
        tag->codec = walk->form & FORM_16_BITS ? VT_CODEC_PCM_S16 : VT_CODEC_PCM_U8;
        tag->rate = rates[walk->form >> 2];
        break;
    case G711_A:
    case G711_MU:
        tag->rate = 8000;
        break;
    case SPEEX:
        tag->rate = 16000;
        tag->channels = 1;
        break;
    default:
        tag->channels = 0;
    }
}

static int legacy_audio_body(struct vt_flv_tag *tag, const struct vt_flv_walk *walk, struct vt_reader *r)
{
    uint8_t packet = PACKET_CODED_FRAMES;
    if (r->left == 0)
        return 0;
    read_form(tag, walk);
    if (tag->codec == VT_CODEC_AAC)
        packet = vt_read_u8(r);
    if (packet > PACKET_CODED_FRAMES)
        return -EINVAL;
    if (packet == PACKET_SEQUENCE_START)
        take_rest(tag, VT_FLV_CONFIG, r);
    else
        take_unit(tag, r);
    return 0;
}

// The next track's head is read and its bytes are cut off.
static struct vt_reader next_body(struct vt_flv_walk *walk, struct vt_flv_tag *tag)
{
    struct vt_reader *r = &walk->r, body;
    if (!walk->multitrack) {
        walk->tracks = -1;
        return *r;
    }
    if (walk->many_codecs)
        walk->codec = vt_read_u32be(r);
    tag->track = vt_read_u8(r);
    body = vt_read_sub(r, walk->sized ? vt_read_u24be(r) : r->left);
    body.failed = body.failed || r->failed;
    walk->tracks = r->left > 0 ? walk->tracks + 1 : -1;
    return body;
}

int vt_flv_next(struct vt_flv_walk *walk, struct vt_flv_tag *ret)
{
    struct vt_flv_tag tag = {.kind = VT_FLV_NOTHING, .key = walk->video && walk->frame == FRAME_KEY,
                             .nano = walk->nano, .enhanced = walk->enhanced};
    if (walk->tracks < 0)
        return 0;
    if (walk->tracks == VT_FLV_TRACKS_MAX) {
        walk->tracks = -1;
        return -EINVAL;
    }
    struct vt_reader body = next_body(walk, &tag);
    int error = body.failed ? -EINVAL : find_codec(&tag, walk->video, walk->codec);
    if (!error)
        error = walk->enhanced ? enhanced_body(&tag, walk, &body)
              : walk->video ? legacy_video_body(&tag, &body) : legacy_audio_body(&tag, walk, &body);
    if (error == -EINVAL) {
        walk->tracks = -1;
        return error;
    }
    *ret = tag;
    return error < 0 ? error : 1;
}

void vt_flv_refusal(char *out, size_t room, bool video, const struct vt_flv_tag *tag)
{
    snprintf(out, room, "%s %s is not supported: set the encoder to %s", tag->name, video ? "video" : "audio",
             video ? "H.264, HEVC, AV1 or VP9" : "AAC or Opus");
}

// -- metadata

static uint8_t colour_member(const struct vt_amf0_value *object, const char *name)
{
    struct vt_amf0_value value;
    bool whole = vt_amf0_find(object, name, &value) && value.type == VT_AMF0_NUMBER && value.number >= 0 &&
                 value.number < 256;
    return whole ? (uint8_t)value.number : 0;
}

bool vt_flv_colour(struct vt_flv_colours *ret, const uint8_t *data, size_t size)
{
    struct vt_reader r = vt_reader(data, size);
    struct vt_amf0_value value, config;
    if (vt_amf0_next(&r, &value) < 0 || !vt_amf0_is(&value, "colorInfo") || vt_amf0_next(&r, &value) < 0 ||
        value.type != VT_AMF0_OBJECT || !vt_amf0_find(&value, "colorConfig", &config) ||
        config.type != VT_AMF0_OBJECT)
        return false;
    *ret = (struct vt_flv_colours){
        .primaries = colour_member(&config, "colorPrimaries"),
        .transfer = colour_member(&config, "transferCharacteristics"),
        .matrix = colour_member(&config, "matrixCoefficients"),
        .bit_depth = colour_member(&config, "bitDepth"),
    };
    return true;
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
