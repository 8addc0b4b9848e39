// One publisher's decoders: packets with times in, I420 frames and 48 kHz stereo float samples out through a sink.
//
// In the ingest process the sink is a ring; `vitrine render` gives frames on directly. Limits come first: a
// configuration that asks for more than they allow is refused before a decoder opens. Hostile packets cost decoding
// errors, which are counted; after VT_DECODE_ERRORS in a row the publisher is given up. One thread.
#pragma once

#include <libavutil/frame.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/ring.h"

#define VT_DECODE_ERRORS 300             // undecodable packets in a row

enum vt_codec { VT_CODEC_NONE, VT_CODEC_H264, VT_CODEC_AAC };

struct vt_access_unit {
    bool video;
    enum vt_codec codec;
    const uint8_t *data;
    size_t size;
    int64_t dts_ns, pts_ns;              // on the publisher's timeline (ingest/timestamps.h)
    int64_t duration_ns;                 // 0: unknown
    bool key;
    const uint8_t *config;               // avcC or AudioSpecificConfig in force; a change opens a new decoder
    size_t config_size;
};

struct vt_decode_sink {
    void *opaque;
    // A decoded picture, yuv420p, times as AVFrame.pts in ns; borrowed. 0 or a negative errno, which ends decoding.
    int (*frame)(void *opaque, const AVFrame *frame);
    int (*samples)(void *opaque, int64_t pts_ns, const float *interleaved, int count);
    // Gives a buffer that the decoder may write a picture into (AVCodecContext.get_buffer2), or -ENOTSUP to let
    // libavcodec allocate. NULL: always that.
    int (*buffer)(void *opaque, AVFrame *frame, int flags);
};

struct vt_decoder;

int vt_decoder_new(struct vt_decoder **ret, const struct vt_decode_sink *sink, int threads);
void vt_decoder_free(struct vt_decoder **decoder);

// Returns 0 (also for a packet that could not be decoded: counted), -EINVAL for a configuration past the limits,
// -EPROTO when it is given up, or what the sink returned.
int vt_decoder_packet(struct vt_decoder *decoder, const struct vt_access_unit *unit);
int vt_decoder_flush(struct vt_decoder *decoder);        // gives out what is still inside

struct vt_decode_stats {
    int64_t packets, frames, samples, errors;
    int width, height;                   // of the last picture
};
void vt_decoder_stats(const struct vt_decoder *decoder, struct vt_decode_stats *ret);
