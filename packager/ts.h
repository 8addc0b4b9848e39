// An MPEG-2 transport stream of one program: tables, PES packets, clock references. Pure. ISO/IEC 13818-1 (its numbers
// below).
//
// The program has H.264, AAC in ADTS and timed ID3 (Apple's "Timed Metadata for HTTP Live Streaming"), or sound alone.
// Its tables never change.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define VT_TS_PACKET   188                   // bytes
#define VT_TS_CLOCK    INT64_C(27000000)     // of clock references, a second
#define VT_TS_PES_MAX  65000                 // bytes of one unit of sound or metadata

enum vt_ts_stream { VT_TS_PAT, VT_TS_PMT, VT_TS_VIDEO, VT_TS_AUDIO, VT_TS_METADATA, VT_TS_STREAMS };

// What goes on from segment to segment.
struct vt_ts {
    uint8_t counter[VT_TS_STREAMS];          // continuity_counter of the next packet, 0 to 15: §2.4.3.3
};

// PAT and PMT, a packet each: §2.4.4.
void vt_ts_tables(struct vt_writer *w, struct vt_ts *ts, bool video, bool audio);

// One PES packet: §2.4.3.6. Times may be any; they are wrapped to 33 bits.
struct vt_ts_unit {
    enum vt_ts_stream stream;
    int64_t pts, dts;                        // 90 kHz
    bool clocked;                            // its first packet carries …
    int64_t clock;                           // … this clock reference, in VT_TS_CLOCK
    bool key;                                // random_access_indicator
    const uint8_t *data;                     // whole access units; not empty
    size_t size;                             // at most VT_TS_PES_MAX where the stream is not video
};
void vt_ts_unit(struct vt_writer *w, struct vt_ts *ts, const struct vt_ts_unit *unit);

// A packet with nothing but a clock reference.
void vt_ts_clock(struct vt_writer *w, const struct vt_ts *ts, enum vt_ts_stream stream, int64_t clock);
