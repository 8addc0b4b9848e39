#include "ingest/ts_tables.h"

#include <errno.h>
#include <string.h>

#define ASSOCIATION     0                // table ids
#define MAP             2
#define HEAD            3                // bytes of a section before what its length counts
#define LONG_HEAD       8                // with program or stream id, version and section numbers
#define CRC             4
#define STUFFING        0xff

enum descriptor { REGISTRATION = 0x05, AC3 = 0x6a, EAC3 = 0x7a, DTS = 0x7b, EXTENSION = 0x7f, OPUS_EXTENSION = 0x80 };

#define FOURCC(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

// What stream types, and registrations of private data, mean. Those without a codec cannot be taken.
static const struct kind {
    uint32_t code;
    bool video;
    enum vt_codec codec;
    const char *name;
} types[] = {
    {0x1b, true, VT_CODEC_H264, "H.264"},
    {0x24, true, VT_CODEC_HEVC, "HEVC"},
    {0x01, true, VT_CODEC_NONE, "MPEG-1 video"},
    {0x02, true, VT_CODEC_NONE, "MPEG-2 video"},
    {0x10, true, VT_CODEC_NONE, "MPEG-4 video"},
    {0x21, true, VT_CODEC_NONE, "JPEG 2000"},
    {0x33, true, VT_CODEC_NONE, "VVC"},
    {0xd1, true, VT_CODEC_NONE, "Dirac"},
    {0xea, true, VT_CODEC_NONE, "VC-1"},
    {0x03, false, VT_CODEC_MP3, "MPEG audio"},
    {0x04, false, VT_CODEC_MP3, "MPEG audio"},
    {0x0f, false, VT_CODEC_AAC, "AAC"},
    {0x11, false, VT_CODEC_AAC_LATM, "AAC (LATM)"},
    {0x81, false, VT_CODEC_AC3, "AC-3"},
    {0x87, false, VT_CODEC_EAC3, "E-AC-3"},
    {0x82, false, VT_CODEC_NONE, "DTS"},
    {0x83, false, VT_CODEC_NONE, "TrueHD"},
    {0x8a, false, VT_CODEC_NONE, "DTS"},
}, registrations[] = {
    {FOURCC('O', 'p', 'u', 's'), false, VT_CODEC_OPUS, "Opus"},
    {FOURCC('A', 'C', '-', '3'), false, VT_CODEC_AC3, "AC-3"},
    {FOURCC('E', 'A', 'C', '3'), false, VT_CODEC_EAC3, "E-AC-3"},
    {FOURCC('H', 'E', 'V', 'C'), true, VT_CODEC_HEVC, "HEVC"},
    {FOURCC('A', 'V', '0', '1'), true, VT_CODEC_NONE, "AV1"},
    {FOURCC('V', 'C', '-', '1'), true, VT_CODEC_NONE, "VC-1"},
    {FOURCC('B', 'S', 'S', 'D'), false, VT_CODEC_NONE, "SMPTE 302M"},
    {FOURCC('D', 'T', 'S', '1'), false, VT_CODEC_NONE, "DTS"},
    {FOURCC('D', 'T', 'S', '2'), false, VT_CODEC_NONE, "DTS"},
    {FOURCC('D', 'T', 'S', '3'), false, VT_CODEC_NONE, "DTS"},
}, descriptors[] = {
    {AC3, false, VT_CODEC_AC3, "AC-3"},
    {EAC3, false, VT_CODEC_EAC3, "E-AC-3"},
    {DTS, false, VT_CODEC_NONE, "DTS"},
};
#define COUNT(list) (sizeof (list) / sizeof (list)[0])

static uint32_t crc32_of(const uint8_t *data, size_t size)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= (uint32_t)data[i] << 24;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 0x80000000 ? crc << 1 ^ 0x04c11db7 : crc << 1;
    }
    return crc;
}

// ---- sections

static size_t length_of(const struct vt_ts_section *section)
{
    return HEAD + ((section->data[1] & 15u) << 8 | section->data[2]);
}

// Takes up to `most` bytes. True when the section is whole.
static bool append(struct vt_ts_section *section, struct vt_reader *payload, size_t most)
{
    while (section->open && most > 0 && payload->left > 0) {
        size_t want = section->size < HEAD ? HEAD - section->size : length_of(section) - section->size;
        size_t count = want < most ? want : most;
        count = count < payload->left ? count : payload->left;
        memcpy(section->data + section->size, vt_read_bytes(payload, count), count);
        section->size += count;
        most -= count;
        if (section->size < HEAD)
            return false;
        if (length_of(section) > VT_TS_SECTION_BYTES || length_of(section) < LONG_HEAD + CRC)
            section->open = false;
        else if (section->size == length_of(section))
            return true;
    }
    return false;
}

static bool right(const struct vt_ts_section *section)
{
    return crc32_of(section->data, length_of(section)) == 0;
}

// The one that was given out makes room for the next.
static void make_room(struct vt_ts_section *section)
{
    if (section->size >= HEAD && section->size == length_of(section))
        section->size = 0;
}

// Begins a section; what stands before it belongs to an earlier one. True when that one is whole now.
static bool begin(struct vt_ts_section *section, struct vt_reader *payload)
{
    size_t rest = vt_read_u8(payload);
    struct vt_reader before = vt_read_sub(payload, rest < payload->left ? rest : payload->left);
    bool whole = section->size > 0 && append(section, &before, rest) && right(section);
    section->open = true;
    section->size = 0;
    return whole;
}

bool vt_ts_section_next(struct vt_ts_section *section, struct vt_reader *payload, bool *start)
{
    make_room(section);
    bool begins = *start;
    *start = false;
    if (begins && begin(section, payload))
        return true;
    for (;;) {
        if (section->open && section->size == 0 && payload->left > 0)
            section->open = *payload->at != STUFFING;
        if (!append(section, payload, payload->left))
            return false;
        if (right(section))
            return true;
        make_room(section);
    }
}

// ---- what stands in them

// A reader over what stands between the head and the CRC of a table that is in force.
static int open_table(struct vt_reader *ret, const struct vt_ts_section *section, uint8_t table, uint16_t *id)
{
    const uint8_t *data = section->data;
    size_t size = length_of(section);
    if (data[0] != table || !(data[1] & 0x80) || !(data[5] & 1) || data[6] != 0)
        return -EINVAL;
    *id = (uint16_t)(data[3] << 8 | data[4]);
    *ret = vt_reader(data + LONG_HEAD, size - LONG_HEAD - CRC);
    return 0;
}

int vt_ts_programs_read(struct vt_ts_programs *ret, const struct vt_ts_section *section)
{
    struct vt_ts_programs programs = {0};
    struct vt_reader r;
    uint16_t stream;
    if (open_table(&r, section, ASSOCIATION, &stream))
        return -EINVAL;
    while (r.left > 0 && programs.count < VT_TS_PROGRAMS) {
        uint16_t number = vt_read_u16be(&r), pid = vt_read_u16be(&r) & 0x1fff;
        if (r.failed)
            return -EINVAL;
        if (number != 0 && pid != VT_TS_PID_TABLE && pid != VT_TS_PID_NULL)      // 0: the network's table
            programs.list[programs.count++] = (struct vt_ts_program){number, pid};
    }
    *ret = programs;
    return 0;
}

static const struct kind *find(const struct kind *list, size_t count, uint32_t code)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].code == code)
            return &list[i];
    }
    return NULL;
}

// What a track's descriptors say that it is, if they do.
static const struct kind *read_descriptors(struct vt_reader r, uint8_t *opus_channels)
{
    const struct kind *kind = NULL;
    while (r.left > 0 && !r.failed) {
        uint8_t tag = vt_read_u8(&r), size = vt_read_u8(&r);
        struct vt_reader body = vt_read_sub(&r, size);
        const struct kind *found = tag == REGISTRATION
                                       ? find(registrations, COUNT(registrations), vt_read_u32be(&body))
                                       : find(descriptors, COUNT(descriptors), tag);
        if (tag == EXTENSION && vt_read_u8(&body) == OPUS_EXTENSION)
            *opus_channels = vt_read_u8(&body);
        if (found && !body.failed && !r.failed)
            kind = found;
    }
    return kind;
}

static bool is_private(uint8_t type)
{
    return type == 0x06 || type >= 0x80;
}

static void add_track(struct vt_ts_map *map, uint8_t type, uint16_t pid, struct vt_reader described)
{
    uint8_t opus_channels = 0;
    const struct kind *kind = find(types, COUNT(types), type);
    if (!kind && is_private(type))
        kind = read_descriptors(described, &opus_channels);
    if (!kind || map->count == VT_TS_TRACKS || pid == VT_TS_PID_TABLE || pid == VT_TS_PID_NULL)
        return;
    map->list[map->count++] = (struct vt_ts_track){
        .pid = pid, .video = kind->video, .codec = kind->codec, .name = kind->name, .opus_channels = opus_channels};
}

int vt_ts_map_read(struct vt_ts_map *ret, const struct vt_ts_section *section)
{
    struct vt_ts_map map = {0};
    struct vt_reader r;
    if (open_table(&r, section, MAP, &map.program))
        return -EINVAL;
    vt_read_skip(&r, 2);                         // where its clock is: not needed
    vt_read_skip(&r, vt_read_u16be(&r) & 0xfff);
    while (r.left > 0 && !r.failed) {
        uint8_t type = vt_read_u8(&r);
        uint16_t pid = vt_read_u16be(&r) & 0x1fff;
        struct vt_reader described = vt_read_sub(&r, vt_read_u16be(&r) & 0xfff);
        if (!r.failed)
            add_track(&map, type, pid, described);
    }
    if (r.failed)
        return -EINVAL;
    *ret = map;
    return 0;
}

// ---- our own

// Puts a section of `size` bytes, without its CRC, into a packet.
static void pack(uint8_t out[VT_TS_PACKET], uint16_t pid, uint8_t *section, size_t size)
{
    section[1] = 0xb0;
    section[2] = (uint8_t)(size + CRC - HEAD);
    uint32_t crc = crc32_of(section, size);
    for (int i = 0; i < CRC; i++)
        section[size + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
    memset(out, STUFFING, VT_TS_PACKET);
    out[0] = 0x47;
    out[1] = (uint8_t)(0x40 | pid >> 8);
    out[2] = (uint8_t)pid;
    out[3] = 0x10;
    out[4] = 0;                                  // the section begins at once
    memcpy(out + 5, section, size + CRC);
}

static uint8_t type_of(const struct vt_ts_track *track)
{
    for (size_t i = 0; i < COUNT(types); i++) {
        if (types[i].codec == track->codec)
            return (uint8_t)types[i].code;
    }
    return 0x06;                                 // Opus
}

static size_t write_track(uint8_t *out, const struct vt_ts_track *track)
{
    uint8_t opus[] = {REGISTRATION, 4, 'O', 'p', 'u', 's', EXTENSION, 2, OPUS_EXTENSION, track->opus_channels};
    size_t described = track->codec == VT_CODEC_OPUS ? sizeof opus : 0;
    uint16_t pid = track->video ? VT_TS_PID_VIDEO : VT_TS_PID_AUDIO;
    const uint8_t head[] = {type_of(track), (uint8_t)(0xe0 | pid >> 8), (uint8_t)pid, 0xf0, (uint8_t)described};
    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, opus, described);
    return sizeof head + described;
}

void vt_ts_tables_write(uint8_t out[VT_TS_TABLES][VT_TS_PACKET], const struct vt_ts_track *video,
                        const struct vt_ts_track *audio)
{
    uint16_t clock = video ? VT_TS_PID_VIDEO : VT_TS_PID_AUDIO;
    uint8_t programs[32] = {ASSOCIATION, 0, 0, 0, 1, 0xc1, 0, 0, 0, 1, 0xe0, VT_TS_PID_MAP};
    uint8_t map[64] = {MAP, 0, 0, 0, 1, 0xc1, 0, 0, (uint8_t)(0xe0 | clock >> 8), (uint8_t)clock, 0xf0, 0};
    size_t size = 12;
    pack(out[0], VT_TS_PID_TABLE, programs, 12);
    if (video)
        size += write_track(map + size, video);
    if (audio)
        size += write_track(map + size, audio);
    pack(out[1], VT_TS_PID_MAP, map, size);
}
