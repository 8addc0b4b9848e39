// A stranger's bytes -> packets of MPEG-TS that a demultiplexer may have: of the first program the first video and the
// first sound that can be taken, on fixed PIDs, behind tables of our own. Whatever else comes costs nothing further on:
// other programs, data, thousands of PIDs, tables that change or are broken, bytes between packets. Pure.
//
// A track of those that has been silent for VT_TS_SWITCH_NS gives way to another one of its kind that is not.
#pragma once

#include "ingest/ts_tables.h"

#define VT_TS_PROBE_BYTES   (1024 * 1024)        // without a usable program in these it is no MPEG-TS ...
#define VT_TS_PROBE_NS      (INT64_C(10) * 1000000000)   // ... or for so long
#define VT_TS_SWITCH_NS     (INT64_C(2) * 1000000000)
#define VT_TS_CHANGES       16                   // of what is taken, within VT_TS_CHANGES_NS
#define VT_TS_CHANGES_NS    (INT64_C(60) * 1000000000)
#define VT_TS_SCRAMBLED     1000                 // packets of what is taken in a row, all scrambled
#define VT_TS_WHY_ROOM      160

enum vt_ts_kind { VT_TS_VIDEO, VT_TS_AUDIO, VT_TS_KINDS };

// What is taken of a kind; codec VT_CODEC_NONE: nothing.
struct vt_ts_layout {
    struct vt_ts_track tracks[VT_TS_KINDS];
};

struct vt_ts_counts {
    int64_t packets;                             // that were whole
    int64_t holes;                               // in the count of what is taken: packets are missing
    int64_t scrambled;                           // dropped
    int64_t lost;                                // times that packets did not begin where they should
};

struct vt_ts_packets {
    bool locked;                                 // packets begin where the window does
    size_t filled;
    uint8_t window[2 * VT_TS_PACKET];
    int64_t start_ns, bytes;

    struct vt_ts_programs programs;
    int program;                                 // the one that is looked for or taken, of those
    int64_t program_ns;                          // since when
    struct vt_ts_section association, section;
    int counters[2];                             // of the two tables' packets; -1 unknown
    struct vt_ts_map map;                        // count 0: none yet
    int64_t heard_ns[VT_TS_TRACKS];              // of map.list: last packet

    struct vt_ts_layout layout;
    struct vt_ts_taken {
        int counter;                             // of its last packet, -1 unknown
        bool repeated;                           // the last packet came twice already
        uint8_t last[VT_TS_PACKET];
    } taken[VT_TS_KINDS];
    int tables_left;                             // of `tables`, still to be given out
    uint8_t tables[VT_TS_TABLES][VT_TS_PACKET];
    int changes, scrambled;
    int64_t changes_ns;
    struct vt_ts_counts counts;
    char why[VT_TS_WHY_ROOM];
};

void vt_ts_packets_init(struct vt_ts_packets *packets);

#define VT_TS_CHANGED 2

// Takes bytes from `in` until there is a packet. Returns 1 with the packet in `out`; VT_TS_CHANGED when what is taken has
// changed: whoever has been given packets before begins anew with those that follow; 0 when all bytes are used up;
// -EINVAL when this cannot become anything: packets->why says why. `now_ns`: any clock that never steps.
int vt_ts_packets_next(struct vt_ts_packets *packets, struct vt_reader *in, int64_t now_ns,
                       uint8_t out[VT_TS_PACKET]);

// The tables once more, for whoever begins anew; some have been given out already.
void vt_ts_packets_again(struct vt_ts_packets *packets);

// What comes besides: "audio 258 (AC-3), program 2". Cut to fit; "" for nothing.
void vt_ts_packets_others(const struct vt_ts_packets *packets, char *out, size_t room);
