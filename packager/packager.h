// The HLS packager: encoded packets and cues in, segments and playlists out through a sink. Pure: no I/O, no clock,
// no threads; one packager belongs to one output of one show, and to one thread.
//
// Time. Video packets are stamped in frames of the canvas rate, audio packets in samples; frame 0 and sample 0 are
// the show's start, which is program time `epoch_ns`. Segment k holds the frames from vt_segment_frame(k) to the one
// before vt_segment_frame(k + 1); its media sequence number is first_msn + k. Where a packager before this one broke off
// within a segment, that is closed from the parts that were listed, what is missing of it is a segment of its own, and
// numbers are one higher from there on: vt_packager_first_msn tells. Every rendition is cut on the same frames, which the encoder
// makes key frames; sound is cut at the first AAC frame that starts at or after the video's cut.
//
// Low latency. With part_ns, a segment's file is its parts, one fragment each, which are files of their own too:
// <name>-<msn>.<part>.m4s. A part is written in all tracks when the last of them has come past it. Beside <name>.m3u8,
// which changes with each segment and lists those alone, each part renews <name>.ll.m3u8, and its delta updates
// <name>.skip.m3u8 (_HLS_skip=YES) and <name>.skip2.m3u8 (v2); docs/hls.md says what stands in them.
//
// MPEG-TS. Each video rendition's segments, <name>-<msn>.ts, hold the picture, the sound of the one audio track, which
// then has no playlist of its own, and the cues as timed ID3; there are no init segments. Without video there is sound.
//
// Order. A cue is given before the packets of its first frame. Packets of a track come in decoding order; tracks may
// run apart by at most VT_PACKAGER_AHEAD segments.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/mediatime.h"
#include "base/names.h"
#include "packager/cue.h"

#define VT_TRACKS_MAX         8
#define VT_CUES_LIVE_MAX      64             // cues on air at once in one output
#define VT_DATERANGES_MAX     256            // tags listed at once in a window of five minutes or less, more in
                                             // proportion in a longer one; past it, vt_packager_cue says -EBUSY
#define VT_PACKAGER_AHEAD     4
// In a playlist's form for low latency, "#VITRINE-PAST:NAME,OFFSET,SIZE,SEGMENTS" stands for so many bytes of the file NAME, which
// are the lines of so many segments; in a delta update, where SEGMENTS is 0, only for the EXT-X-DATERANGE lines of them.
// What is listed once is so written once, however long the window is.
#define VT_PAST_LINE          "#VITRINE-PAST:"
#define VT_SEGMENT_BYTES_MAX  (64 * 1024 * 1024)
#define VT_SEGMENT_NS_MIN     (100 * VT_NS_PER_MS)
#define VT_SEGMENT_NS_MAX     (60 * VT_NS_PER_S)

enum vt_track_kind { VT_TRACK_VIDEO, VT_TRACK_AUDIO };

struct vt_track {
    char name[VT_NAME_ROOM];                 // of the rendition; its playlist is <name>.m3u8
    enum vt_track_kind kind;
    const uint8_t *config;                   // avcC (ISO/IEC 14496-15 §5.3.3.1) or AudioSpecificConfig
    size_t config_size;
    int width, height;                       // video
    int64_t bitrate;                         // configured bits a second, for the first BANDWIDTH
    int sample_rate, channels;               // audio
    const char *language;                    // audio: BCP 47, or NULL
};

enum vt_blob {
    VT_BLOB_INIT, VT_BLOB_SEGMENT, VT_BLOB_PLAYLIST, VT_BLOB_MULTIVARIANT, VT_BLOB_MORE, VT_BLOB_STATE, VT_BLOB_PART,
    VT_BLOB_PAST,
};

// Where it all goes. Names are relative to the output's folder. A blob is given whole; playlists and state replace
// what had the name before, everything else never changes. Each call returns 0 or a negative errno, which the
// packager's call then returns; the packager stays usable (a full disk may have room again later): a segment that
// could not be stored is listed as EXT-X-GAP.
struct vt_sink {
    void *opaque;
    int (*put)(void *opaque, enum vt_blob kind, const char *name, const void *data, size_t size);
    int (*drop)(void *opaque, const char *name);                        // may be removed now

    // Appends what is stored under the name, after a restart. May be NULL: then nothing of an open segment is kept.
    int (*get)(void *opaque, const char *name, struct vt_writer *w);

    // Adds to the end of a VT_BLOB_PAST. May be NULL: then playlists for low latency are written whole.
    int (*append)(void *opaque, const char *name, const void *data, size_t size);

    // Adds a segment's lines to a playlist that lists a whole show. `head` is what it begins with if there is nothing of
    // it yet; a segment whose number it has already is left out (0: a line that is no segment's). May be NULL.
    int (*record)(void *opaque, const char *name, uint64_t msn, const struct vt_writer *head,
                  const struct vt_writer *lines);

    // This part can be read in every rendition, and all playlists list it; part -1: the whole segment, told after its
    // last part. May be NULL.
    void (*ready)(void *opaque, uint64_t msn, int part);
};

enum vt_container { VT_CONTAINER_CMAF, VT_CONTAINER_TS };

struct vt_packager_params {
    enum vt_container container;
    struct vt_rational rate;                 // canvas frames a second
    int64_t segment_ns;                      // nominal segment duration
    int64_t part_ns;                         // nominal part duration; 0: no parts, no low latency; MPEG-TS has none
    int64_t window_ns;                       // how much a live playlist lists, at least; 0: everything (EVENT; no
                                             // segment is dropped)
    bool vod;                                // with window_ns 0: media playlists are written once, when all has come
    int64_t epoch_ns;                        // program time of frame 0
    uint64_t first_msn;                      // of segment 0; at least 1
    uint64_t least_msn;                      // the first segment's number is at least this where no state tells; 0: any
    int64_t first_frame;                     // where this packager starts: 0, or on vt_segment_frame after a restart
    const char *state;                       // what VT_BLOB_STATE held before the restart, or NULL; segments between
    size_t state_size;                       // it and first_frame are listed as EXT-X-GAP
    const struct vt_track *tracks;           // copied
    int n_tracks;
    struct vt_sink sink;
};

struct vt_packager;

// First frame of segment k: the frame nearest to k × segment_ns. For encoders (where to force key frames) too.
int64_t vt_segment_frame(const struct vt_packager_params *params, int64_t k);
// The segment that holds `frame`, and, as part index within it, the part.
int64_t vt_segment_of(const struct vt_packager_params *params, int64_t frame);
int vt_part_of(const struct vt_packager_params *params, int64_t frame);

// CMAF timescale of video at `rate`: a multiple of its numerator (90000 where that is one).
uint32_t vt_video_timescale(struct vt_rational rate);

// Writes the init segments and, after a restart, the playlists with their gaps. Returns 0; -EINVAL for parameters or a
// configuration that it cannot carry (MPEG-TS: parts, or more than one audio track); -EBADMSG for a state that is damaged, or of another show, other tracks or
// configurations, or a time after first_frame; the sink's. Cues on air are not in the state: they are given again at
// first_frame or later, with a higher revision.
int vt_packager_new(struct vt_packager **ret, const struct vt_packager_params *params);
void vt_packager_free(struct vt_packager **packager);

// What first_msn is from this packager's first segment on.
uint64_t vt_packager_first_msn(const struct vt_packager *packager);

struct vt_packet {
    const uint8_t *data;                     // video: length-prefixed NAL units (4 bytes); audio: one raw AAC frame
    size_t size;
    int64_t dts, pts;                        // frames, or samples
    int64_t duration;                        // frames (1), or samples (1024)
    bool key;
};

// Adds one packet; when it completes a part or a segment in all tracks, that and the playlists are written. -EINVAL: out
// of order, or a segment that does not start with a key frame on its cut; -EBUSY: too far ahead of another track;
// -EMSGSIZE: past VT_SEGMENT_BYTES_MAX, the segment becomes a gap. Sound before the first cut is left out.
int vt_packager_packet(struct vt_packager *packager, int track, const struct vt_packet *packet);

// Adds a revision of a cue (copied). -EINVAL: its frame has been packaged already, or its revision does not rise;
// -EBUSY: too many cues on air, revisions waiting, or tags (no limit where window_ns is 0); never for a VT_CUE_END, which
// takes it off the list of cues on air. -EMSGSIZE as vt_cue_json. A revision replaces planned ones of its cue that
// start later. `more` is stored under cue->more; NULL: it is stored already, or there is none.
int vt_packager_cue(struct vt_packager *packager, const struct vt_cue *cue, const char *more, size_t more_size);

// What vt_packager_cue would say now, but for the sink's errors: nothing changes. `more`: it would have one.
int vt_packager_cue_fits(const struct vt_packager *packager, const struct vt_cue *cue, bool more);

// Packages what is left, up to the last whole frame of every track, and ends the playlists with EXT-X-ENDLIST.
int vt_packager_finish(struct vt_packager *packager);

// The multivariant playlist with each media playlist's address after `prefix` ("", "20260301T190000Z/main/" …).
// Written into `w`.
void vt_packager_multivariant(const struct vt_packager *packager, const char *prefix, struct vt_writer *w);
