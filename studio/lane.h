// A lane: one rendition's way from the source picture to encoded packets: scale, blend, encode, on a thread of its
// own. Jobs go in in order of frames, packets come out in decoding order.
#pragma once

#include <libavutil/frame.h>
#include <stdbool.h>
#include <stdint.h>

#include "packager/packager.h"
#include "studio/channel.h"
#include "studio/sprite.h"

#define VT_LANE_JOBS    8                // frames that may wait in front of the encoder
#define VT_LANE_PACKETS 1024             // packets that may wait to be collected; one more, and the lane fails

struct vt_lane_params {
    const struct vt_rendition_config *rendition;
    struct vt_rational rate;
    struct vt_size canvas;
    int fit;                             // enum vt_fit
    const char *encoder, *preset;
    int latency;                         // enum vt_latency
    int64_t segment_ns;                  // for the longest distance between key frames
    int threads;                         // encoder threads; 0: what suits the size; 1: the same bytes each time
    void (*wake)(void *opaque);          // called on the lane's thread when packets wait; only unblocks
    void *opaque;
};

// One frame's work.
struct vt_job {
    int64_t frame;                       // canvas frame number; the packet's pts
    bool key;                            // force an IDR picture
    AVFrame *source;                     // any size, 8-bit 4:2:0, or NULL: black; the lane takes this reference
    struct vt_placement *placement;      // sprites for this rendition, or NULL; the lane takes this reference
};

struct vt_lane;

// Opens the encoder. The colours of everything that it makes: BT.709, limited range, chroma site left. Returns 0 or
// a negative errno with the reason logged.
int vt_lane_new(struct vt_lane **ret, const struct vt_lane_params *params);

// Joins its thread; what was not encoded is lost.
void vt_lane_free(struct vt_lane **lane);

const struct vt_colour *vt_lane_colour(const struct vt_lane *lane);

// The encoder's configuration as avcC; owned by the lane.
const uint8_t *vt_lane_config(const struct vt_lane *lane, size_t *ret_size);

// Hands over a job. With `wait` it waits for room, else -EAGAIN (the job stays the caller's). A frame number must be
// above the one before.
int vt_lane_submit(struct vt_lane *lane, struct vt_job *job, bool wait);

// Says that no more will come; vt_lane_collect then drains the encoder.
void vt_lane_finish(struct vt_lane *lane);

// The next packet, dts and pts in frames. The dts are the numbers of the frames as they were submitted, in every lane
// alike: with B-frames a packet's pts may therefore lie before its dts. A packet with `key` is an IDR picture, and of a
// job with `key`. Returns 1 (free with vt_lane_packet_free), 0: none now;
// -EPIPE: all are out after vt_lane_finish; another negative errno: the encoder failed. With `wait` it waits for one.
struct vt_lane_packet {
    struct vt_packet packet;
    void *owner;
};
int vt_lane_collect(struct vt_lane *lane, struct vt_lane_packet *ret, bool wait);
void vt_lane_packet_free(struct vt_lane_packet *packet);

// What it has cost so far, for the status and the benchmarks.
struct vt_lane_cost {
    int64_t frames;
    int64_t scale_ns, blend_ns, encode_ns;   // CPU time of the lane's thread; the encoder has others of its own
};
void vt_lane_cost(const struct vt_lane *lane, struct vt_lane_cost *ret);
