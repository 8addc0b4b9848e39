// What an encoder does that the standards do not want, and that is mended here: told in the status, so that a person who
// looks for a fault knows of it. Pure.
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "ingest/timestamps.h"

enum vt_quirk {
    VT_QUIRK_WENT_BACK = 1 << 0,             // a track's timestamps did
    VT_QUIRK_STOOD_STILL = 1 << 1,           // they did, while messages came: ingest/timestamps.h
    VT_QUIRK_FAR_COMPOSITION = 1 << 2,       // past VT_TIME_COMPOSITION_MAX_MS
    VT_QUIRK_NEGATIVE_COMPOSITION = 1 << 3,
    VT_QUIRK_REPEATED_CONFIG = 1 << 4,       // the same again
    VT_QUIRK_NO_METADATA = 1 << 5,           // none before the first audio or video
    VT_QUIRK_EMPTY_MESSAGE = 1 << 6,         // audio or video without a byte
    VT_QUIRK_NO_SOUND_CONFIG = 1 << 7,       // AAC before its configuration
    VT_QUIRK_HEVC_NUMBER = 1 << 8,           // HEVC as codec 12 in place of Enhanced RTMP's hvc1
};
#define VT_QUIRKS 9

// Those that the timeline has met, over RTMP or SRT.
uint32_t vt_quirks_of_times(const struct vt_timestamps *times);

// The words of a set of quirks, a list in the order above: a new reference, NULL when out of memory.
json_t *vt_quirks_json(uint32_t quirks);
