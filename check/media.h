// What stands in segments: the facts that rules are held against. Pure; the input is a stranger's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VT_MEDIA_TRACKS   8            // of one file; more are ignored
#define VT_MEDIA_DEPTH    12           // boxes in boxes
#define VT_MEDIA_BOXES    200000       // of one file
#define VT_MEDIA_SAMPLES  200000u      // of one file
#define VT_MEDIA_PIDS     16           // of one transport stream
#define VT_MEDIA_CODEC    40

struct vt_media_track {
    uint32_t id;                       // track ID, PID
    char kind;                         // 'v', 'a', 'm' (metadata), '?'
    char codec[VT_MEDIA_CODEC];        // as in CODECS: "avc1.64001f", "mp4a.40.2"; "" if unknown
    uint32_t timescale;
    int width, height;
    uint32_t trex_duration, trex_flags;
    int64_t edit;                      // media time at which the first edit starts; 0: none

    bool any;                          // it has samples here
    int64_t start, duration;           // first decode time, sum of durations; in `timescale`
    int64_t first_shown;               // least presentation time
    int64_t longest;                   // longest sample
    int samples, fragments;
    bool starts_sync, any_sync;        // the first sample, any sample is a sync sample
    bool broken_line;                  // a fragment does not go on where the one before ended
    int64_t line_apart;                // by how much
};

struct vt_media {
    bool fragmented, transport;        // which of the two it is
    struct vt_media_track tracks[VT_MEDIA_TRACKS];
    int n_tracks;
    char trouble[160];                 // why it cannot be read further; ""

    // fragmented MP4
    bool has_ftyp, has_moov, has_moof, has_mvex, old_brand, has_samples, has_duration, external, no_tfdt, not_moof_relative;
    int metadata;                      // emsg boxes or PES packets of metadata
    uint64_t metadata_sum;             // over their bytes, in any order

    // MPEG-TS
    bool pat_first, has_pat, has_pmt;
    int programs;
    struct {
        uint16_t pid;
        uint8_t first, last;           // continuity counters
        bool gap;                      // within the file
    } pids[VT_MEDIA_PIDS];
    int n_pids;
};

// Reads a segment, part or init segment. `init` is what was read of the init segment before, NULL if there is none: its
// tracks are taken over. What cannot be read ends at `trouble`; all before it stays.
void vt_media_read(struct vt_media *ret, const struct vt_media *init, const void *data, size_t size);
void vt_media_read_boxes(struct vt_media *ret, const void *data, size_t size);
void vt_media_read_transport(struct vt_media *ret, const void *data, size_t size);

double vt_media_seconds(const struct vt_media_track *track, int64_t time);
const struct vt_media_track *vt_media_find(const struct vt_media *media, char kind);
