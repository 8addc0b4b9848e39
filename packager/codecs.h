// What a track's configuration says: checked once, and named for CODECS. Pure.
#pragma once

#include "packager/packager.h"

#define VT_TRACK_CONFIG_MAX 4096             // bytes of avcC or AudioSpecificConfig
#define VT_CODECS_TEXT      24

// Writes RFC 6381's name, "avc1.64001f" or "mp4a.40.2". Returns 0, or -EINVAL if the configuration is damaged, or of
// a kind that segments cannot carry: avcC with other than 4 length bytes or without parameter sets; anything but
// AAC-LC with 1024 samples a frame, or of another rate or channel count than the track.
int vt_codecs_name(const struct vt_track *track, char out[VT_CODECS_TEXT]);
