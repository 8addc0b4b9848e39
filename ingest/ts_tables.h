// Program tables of MPEG-TS (ISO/IEC 13818-1, 2.4.4): sections out of packets, what stands in them, and small ones of our
// own. Pure.
#pragma once

#include "base/bytes.h"
#include "ingest/codec.h"

#define VT_TS_PACKET         188
#define VT_TS_SECTION_BYTES  1024        // of one table, head and CRC included: the longest that the standard allows
#define VT_TS_PROGRAMS       64          // of an association table; further ones are not looked at
#define VT_TS_TRACKS         32          // sound and video of a program; further ones are not looked at
#define VT_TS_TABLES         2           // packets that vt_ts_tables_write makes

#define VT_TS_PID_TABLE      0           // of the association table
#define VT_TS_PID_NULL       0x1fff
#define VT_TS_PID_MAP        0x20        // in what vt_ts_tables_write makes
#define VT_TS_PID_VIDEO      0x100
#define VT_TS_PID_AUDIO      0x101

// A table on its way. Zeroed is valid.
struct vt_ts_section {
    bool open;                           // `data` may be gone on with
    size_t size;
    uint8_t data[VT_TS_SECTION_BYTES];
};

// Goes on with the payload of the next packet of a table's PID; *start says that a section begins in it (and is cleared).
// Returns true when one is whole and its CRC right: it is section->data until the next call, which goes on behind it.
// False: the payload is used up.
bool vt_ts_section_next(struct vt_ts_section *section, struct vt_reader *payload, bool *start);

struct vt_ts_programs {
    int count;
    struct vt_ts_program {
        uint16_t number, pid;
    } list[VT_TS_PROGRAMS];
};

struct vt_ts_track {
    uint16_t pid;
    bool video;
    enum vt_codec codec;                 // NONE: cannot be taken; VT_CODEC_MP3 for all of MPEG audio
    const char *name;                    // for people
    uint8_t opus_channels;               // as its descriptor says it; else 0
};

struct vt_ts_map {
    uint16_t program;
    int count;
    struct vt_ts_track list[VT_TS_TRACKS];       // sound and video, in their order; what is neither is left out
};

// Read an association table's first section, a program's map. Return 0, or -EINVAL for what is none, is not valid yet, or
// ends within something; *ret is then untouched.
int vt_ts_programs_read(struct vt_ts_programs *ret, const struct vt_ts_section *section);
int vt_ts_map_read(struct vt_ts_map *ret, const struct vt_ts_section *section);

// Writes an association table and a map of one program with these two, on the PIDs above; either may be NULL.
void vt_ts_tables_write(uint8_t out[VT_TS_TABLES][VT_TS_PACKET], const struct vt_ts_track *video,
                        const struct vt_ts_track *audio);
