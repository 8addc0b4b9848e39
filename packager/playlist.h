// Playlists as text: RFC 8216bis, plain HLS. Pure.
#pragma once

#include "base/bytes.h"
#include "packager/codecs.h"
#include "packager/packager.h"
#include "packager/timeline.h"
#include "packager/window.h"

#define VT_NAME_OF_SEGMENT (VT_NAME_ROOM + 32)

// "720p-17.m4s", for sequence number 17.
void vt_segment_name(const struct vt_packager_params *params, int track, int64_t k, char out[VT_NAME_OF_SEGMENT]);

struct vt_playlist {
    const struct vt_packager_params *params;
    const struct vt_window *window;
    const struct vt_timeline *timeline;
    bool ended;
};

void vt_playlist_media(struct vt_writer *w, const struct vt_playlist *playlist, int track);

// What the multivariant playlist says of a track beyond its parameters.
struct vt_track_rates {
    char codecs[VT_CODECS_TEXT];
    int64_t peak, average;                   // bits a second
};

// Each video track is a variant with the audio tracks as its group; without video, each audio track is one.
void vt_playlist_multivariant(struct vt_writer *w, const struct vt_packager_params *params,
                              const struct vt_track_rates *rates, const char *prefix);
