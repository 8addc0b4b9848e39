// The body of an RTMP audio or video message (an FLV tag's body) -> codec, kind, composition time, payload. Pure.
//
// Legacy H.264 and AAC, and Enhanced RTMP's avc1 and mp4a, are taken. Every other codec is recognised and named,
// so that the publisher can be told what to set. Metadata is read for the status page only: nothing relies on it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VT_FLV_MODIFIERS_MAX 8           // ModEx prefixes of one tag
#define VT_FLV_NAME_ROOM     32

enum vt_flv_codec { VT_FLV_OTHER, VT_FLV_H264, VT_FLV_AAC };

enum vt_flv_kind {
    VT_FLV_NOTHING,                      // empty, a command, colour metadata: to be passed over
    VT_FLV_CONFIG,                       // data: avcC or AudioSpecificConfig. Its timestamp means nothing
    VT_FLV_UNIT,                         // data: length-prefixed NAL units, or one raw AAC frame
    VT_FLV_END,                          // end of sequence
};

struct vt_flv_tag {
    enum vt_flv_kind kind;
    enum vt_flv_codec codec;
    bool key;                            // video: the tag says that it is a key frame
    int32_t composition_ms;              // video: presentation minus decoding time; may be negative
    const uint8_t *data;                 // borrowed from the body
    size_t size;
    char name[VT_FLV_NAME_ROOM];         // the codec as a person knows it: "H.264", "HEVC", "AV1"; printable
};

// Return 0 with *ret filled; -EINVAL for a tag that is cut short or makes no sense; -ENOTSUP with *ret's name
// filled for what is recognised, or not, and not taken. An empty body is VT_FLV_NOTHING.
int vt_flv_video(struct vt_flv_tag *ret, const uint8_t *data, size_t size);
int vt_flv_audio(struct vt_flv_tag *ret, const uint8_t *data, size_t size);

// What to tell the publisher of a tag that gave -ENOTSUP: "HEVC video is not supported: set the encoder to H.264".
void vt_flv_refusal(char *out, size_t room, bool video, const struct vt_flv_tag *tag);

// What an encoder says of itself. 0 or "" where it says nothing or nonsense.
struct vt_flv_metadata {
    double width, height, fps;
    double video_kbps, audio_kbps;
    char encoder[64];                    // as it came: escape it before it is shown
};

// Reads a data message (onMetaData, with or without @setDataFrame). Returns false, *ret untouched, if it is another
// one or is broken.
bool vt_flv_metadata(struct vt_flv_metadata *ret, const uint8_t *data, size_t size);
