// One publisher's decoders: packets with times in, I420 frames and 48 kHz stereo float samples out through a sink.
//
// In the ingest process the sink is a ring; `vitrine render` gives frames on directly. Limits come first: a
// configuration that asks for more than they allow is refused before a decoder opens. Hostile packets cost decoding
// errors, which are counted; after VT_DECODE_ERRORS in a row the publisher is given up. Pictures begin with an IDR (or
// what does for one in another codec); after VT_DECODE_ENTRY_WAIT_NS without one, with a recovery point.
// One thread.
#pragma once

#include <libavutil/frame.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ring.h"
#include "ingest/codec.h"

#define VT_DECODE_ERRORS        300      // undecodable packets of a track in a row
#define VT_DECODE_CONFIGS       16       // changes of a track's configuration within one minute of media time
#define VT_DECODE_WALL_NS       (INT64_C(2) * 1000000000)   // one packet may take the decoder this long
#define VT_DECODE_KEY_WAIT_NS   (INT64_C(10) * 1000000000)  // without a key frame: decode what there is
#define VT_DECODE_ENTRY_WAIT_NS (INT64_C(1) * 1000000000)   // without an IDR: any recovery point will do
#define VT_DECODE_HURRY_NS      (INT64_C(500) * 1000000)    // behind by more: pictures that no other needs are left out
#define VT_DECODE_JUMP_NS       (INT64_C(1000) * 1000000)   // ... and by more than this, all up to the next key frame
#define VT_DECODE_CALM_NS       (INT64_C(250) * 1000000)    // behind by less: all is decoded again
#define VT_KEY_INTERVAL_NS      (INT64_C(4) * 1000000000)   // key frames further apart than this are complained of
#define VT_DECODE_SOUND_STEP_NS (INT64_C(60) * 1000000)     // sound further than this off its own count starts anew

struct vt_access_unit {
    bool video;
    enum vt_codec codec;
    const uint8_t *data;
    size_t size;
    int64_t dts_ns, pts_ns;              // on the publisher's timeline (ingest/timestamps.h)
    int64_t duration_ns;                 // 0: unknown
    bool key;
    int rate, channels;                  // sound that says neither itself nor in a configuration; else 0
    const uint8_t *config;               // the codec's configuration record in force (ingest/codec_config.h), or NULL;
                                         // a change opens a new decoder
    size_t config_size;
};

struct vt_decode_sink {
    void *opaque;
    // A decoded picture, yuv420p, pts in ns and rising, cropped; borrowed. 0, or a negative errno other
    // than -EINVAL, which ends decoding.
    int (*frame)(void *opaque, const AVFrame *frame);
    // One run of at most VT_RING_RUN_MAX. Runs follow each other without gaps or overlaps, whatever the jitter of the
    // packets' times, unless the sound itself jumped; a sender's drift is taken up by resampling.
    int (*samples)(void *opaque, int64_t pts_ns, const float *interleaved, int count);
    // Gives a buffer that the decoder may write a picture of frame->width × frame->height into, edges and alignment
    // included: sets data, linesize and buf[0]. All of one size must have the same strides, for decoders take that for
    // granted; so -ENOTSUP, which lets libavcodec allocate, must be the answer for a size always or never. NULL: always.
    int (*buffer)(void *opaque, AVFrame *frame);
    // A clock that never steps, to hold packets to VT_DECODE_WALL_NS, sink included. NULL: they may take their time.
    int64_t (*now)(void *opaque);
};

struct vt_decoder;

// Does what the libraries do only once (tables, threads, libraries of their own), so that a process may lock itself in
// afterwards. Returns 0 or a negative errno.
int vt_decode_warm_up(int threads);

int vt_decoder_new(struct vt_decoder **ret, const struct vt_decode_sink *sink, int threads);
void vt_decoder_free(struct vt_decoder **decoder);

// Returns 0 (also for a packet that could not be decoded: counted), -EINVAL for a configuration past the limits,
// -EPROTO when it is given up, or what the sink returned.
int vt_decoder_packet(struct vt_decoder *decoder, const struct vt_access_unit *unit);

// How far decoding is behind what has come; the first thing to go is the loop filter and pictures that no other refers
// to, then everything up to the next key frame. Sound is always decoded.
void vt_decoder_behind(struct vt_decoder *decoder, int64_t behind_ns);

// The colours (as ITU-T H.273 numbers them) of pictures that do not say them themselves. 0: unknown.
struct vt_decode_colours {
    uint8_t primaries, transfer, matrix;
};
void vt_decoder_colours(struct vt_decoder *decoder, const struct vt_decode_colours *colours);

int vt_decoder_flush(struct vt_decoder *decoder);        // gives out what is still inside

struct vt_decode_stats {
    int64_t packets, frames, samples, errors;
    int64_t skipped;                     // packets passed over while a key frame was awaited
    int64_t hurried;                     // packets of pictures while it was behind: without loop filter, some left out
    int64_t left_out;                    // packets passed over because it was further behind
    int64_t behind_ns;                   // at the last packet
    int64_t key_interval_ns;             // between the last key frames, or since the last one if that is longer
    bool concealed;                      // pictures began without a key frame
    int width, height;                   // of the last picture
    int rate, channels;                  // of the last sound, as it was sent
    const char *done;                    // to the pictures (ingest/decode_picture.h)
};
void vt_decoder_stats(const struct vt_decoder *decoder, struct vt_decode_stats *ret);

// Why vt_decoder_packet gave -EINVAL or -EPROTO: a phrase; never NULL.
const char *vt_decoder_why(const struct vt_decoder *decoder);

// Fields of a picture whose names changed between versions of libavutil.
bool vt_frame_is_key(const AVFrame *frame);
int64_t vt_frame_duration_ns(const AVFrame *frame);      // 0: unknown
