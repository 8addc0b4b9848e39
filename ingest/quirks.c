#include "ingest/quirks.h"

static const char *const words[VT_QUIRKS] = {
    "timestamps went back",
    "timestamps stood still",
    "composition time out of bounds",
    "negative composition time",
    "sequence header repeated",
    "no metadata before audio and video",
    "empty message",
    "AAC before its sequence header",
    "HEVC without Enhanced RTMP",
};

uint32_t vt_quirks_of_times(const struct vt_timestamps *times)
{
    return (times->went_back ? VT_QUIRK_WENT_BACK : 0u) | (times->stood_still ? VT_QUIRK_STOOD_STILL : 0u) |
           (times->compositions > 0 ? VT_QUIRK_FAR_COMPOSITION : 0u);
}

json_t *vt_quirks_json(uint32_t quirks)
{
    json_t *list = json_array();
    for (int i = 0; i < VT_QUIRKS; i++) {
        if (quirks & 1u << i)
            json_array_append_new(list, json_string(words[i]));
    }
    return list;
}
