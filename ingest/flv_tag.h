// The body of an RTMP audio or video message (an FLV tag's body) -> its tracks: codec, kind, composition time,
// payload. Pure.
//
// Legacy H.264, AAC, MP3, G.711, PCM and Speex are taken, HEVC under the number that some encoders use for it, and
// Enhanced RTMP's avc1, hvc1, av01, vp09, vp08, mp4a, .mp3, Opus, fLaC, ac-3 and ec-3. Every other codec is recognised
// and named, so that the publisher can be told what to set. Metadata is read for the status page only: nothing relies
// on it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "ingest/codec.h"

#define VT_FLV_MODIFIERS_MAX 8           // ModEx prefixes of one tag
#define VT_FLV_TRACKS_MAX    16          // tracks of one message
#define VT_FLV_NAME_ROOM     32

enum vt_flv_kind {
    VT_FLV_NOTHING,                      // empty, a command: to be passed over
    VT_FLV_CONFIG,                       // data: the codec's configuration record, which Opus, AC-3 and MP3 may leave
                                         // empty. Its timestamp means nothing
    VT_FLV_UNIT,                         // data: one access unit: length-prefixed NAL units, OBUs, or a raw frame
    VT_FLV_END,                          // end of sequence
    VT_FLV_COLOUR,                       // data: AMF0 values for vt_flv_colour
};

struct vt_flv_tag {
    enum vt_flv_kind kind;
    enum vt_codec codec;
    uint8_t track;                       // 0 where nothing is said of tracks
    bool key;                            // video: the tag says that it is a key frame
    bool enhanced;                       // it is in the words of Enhanced RTMP
    int32_t composition_ms;              // video: presentation minus decoding time; may be negative
    int32_t nano;                        // to be added to the presentation time: 0..999,999 ns
    int rate, channels;                  // sound that says neither itself (PCM, G.711, Speex); else 0
    const uint8_t *data;                 // borrowed from the body
    size_t size;
    char name[VT_FLV_NAME_ROOM];         // the codec as a person knows it: "H.264", "HEVC", "AV1"; printable
};

// Goes through the tracks of one message; most have one. Start it with vt_flv_video or vt_flv_audio.
struct vt_flv_walk {
    struct vt_reader r;
    bool video, many_codecs, sized;      // sized: the tracks say how long they are
    int tracks;                          // so far; -1 once there are no more
    unsigned frame, packet;              // frame type, packet type
    int32_t nano;
    uint8_t form;                        // legacy sound: rate, sample size, channels
    uint32_t codec;                      // four characters, or a legacy number
    uint8_t enhanced, multitrack;
};

// Return 0 with *ret ready for vt_flv_next; -EINVAL for a message whose head is cut short or makes no sense.
int vt_flv_video(struct vt_flv_walk *ret, const uint8_t *data, size_t size);
int vt_flv_audio(struct vt_flv_walk *ret, const uint8_t *data, size_t size);

// Returns 1 with *ret filled; 0 when there are no more tracks; -EINVAL for one that is cut short or makes no sense
// (the walk is over); -ENOTSUP with *ret's name and track filled for a codec that is recognised, or not, and not
// taken (the walk may go on).
int vt_flv_next(struct vt_flv_walk *walk, struct vt_flv_tag *ret);

// The codecs of Enhanced RTMP that are taken, one after the other from 0: its FourCC. False when there are no more.
bool vt_flv_fourcc(char out[5], bool video, int i);

// What to tell the publisher of a tag that gave -ENOTSUP: "VVC video is not supported: set the encoder to …".
void vt_flv_refusal(char *out, size_t room, bool video, const struct vt_flv_tag *tag);

// The colours that an encoder says its pictures have, as ITU-T H.273 numbers them. 0: not said.
struct vt_flv_colours {
    uint8_t primaries, transfer, matrix, bit_depth;
};

// Reads the data of a VT_FLV_COLOUR tag. False, *ret untouched, if it is broken or something else.
bool vt_flv_colour(struct vt_flv_colours *ret, const uint8_t *data, size_t size);

// What an encoder says of itself. 0 or "" where it says nothing or nonsense.
struct vt_flv_metadata {
    double width, height, fps;
    double video_kbps, audio_kbps;
    char encoder[64];                    // as it came: escape it before it is shown
};

// Reads a data message (onMetaData, with or without @setDataFrame). Returns false, *ret untouched, if it is another
// one or is broken.
bool vt_flv_metadata(struct vt_flv_metadata *ret, const uint8_t *data, size_t size);
