// Playlists as text: RFC 8216bis. Pure.
#pragma once

#include "base/bytes.h"
#include "packager/codecs.h"
#include "packager/packager.h"
#include "packager/timeline.h"
#include "packager/window.h"

#define VT_NAME_OF_SEGMENT (VT_NAME_ROOM + 32)
#define VT_KEY_FRAMES_SUFFIX "-iframes"      // "720p-iframes.m3u8"

// "720p-17.m4s", for sequence number 17.
void vt_segment_name(const struct vt_packager_params *params, int track, uint64_t msn, char out[VT_NAME_OF_SEGMENT]);

// "720p-17.2.m4s", for part 2 of it.
void vt_part_name(const struct vt_packager_params *params, int track, uint64_t msn, int part,
                  char out[VT_NAME_OF_SEGMENT]);

// Whether the track has a playlist of its own: in MPEG-TS, sound goes with the picture.
bool vt_track_listed(const struct vt_packager_params *params, int track);

// "720p.past-17": the lines of whole segments from number 17 on, which only grows.
void vt_past_name(const struct vt_packager_params *params, int track, bool key_frames, uint64_t msn,
                  char out[VT_NAME_OF_SEGMENT]);

enum vt_playlist_form {
    VT_FORM_PLAIN,                           // whole segments only
    VT_FORM_LL,                              // with parts, for low latency
    VT_FORM_SKIP, VT_FORM_SKIP2,             // its delta updates for _HLS_skip=YES and =v2
};

struct vt_playlist {
    const struct vt_packager_params *params;
    const struct vt_window *window;          // with the lines of all that it lists
    const struct vt_timeline *timeline;
    int64_t edge_us;                         // end of the last part
    int64_t next;                            // the segment …
    int part;                                // … and the part that come next
    bool ended;
};

// A form for low latency does not repeat what is in a file: a line VT_PAST_LINE stands for it.
void vt_playlist_media(struct vt_writer *w, const struct vt_playlist *playlist, int track,
                       enum vt_playlist_form form);

// The key frames of a video track as byte ranges of the same segments: RFC 8216bis §4.4.3.6. It never has parts; its
// forms for low latency differ by what is told of the server, and by what is skipped.
void vt_playlist_key_frames(struct vt_writer *w, const struct vt_playlist *playlist, int track,
                            enum vt_playlist_form form);

// Keeps the lines of segments that have been added to the window. -ENOMEM.
int vt_playlist_keep(struct vt_window *window, const struct vt_playlist *playlist);

// What a growing playlist of the whole show has of segment `segment` (with its cues), and what it begins with if that is
// its first one.
void vt_playlist_record(struct vt_writer *head, struct vt_writer *lines, const struct vt_playlist *playlist, int track,
                        const struct vt_listed *segment, bool key_frames);

// CAN-SKIP-UNTIL, in microseconds.
int64_t vt_skip_boundary(const struct vt_packager_params *params);

// What the multivariant playlist says of a track beyond its parameters.
struct vt_track_rates {
    char codecs[VT_CODECS_TEXT];
    int64_t peak, average;                   // bits a second
    int64_t key_peak, key_average;           // the same of the I-frame playlist
};

// Each video track is a variant with the audio tracks as its group; without video, each audio track is one.
void vt_playlist_multivariant(struct vt_writer *w, const struct vt_packager_params *params,
                              const struct vt_track_rates *rates, const char *prefix);
