// All outputs of a show: one picture, one sound and one desk in, every audience's files out. The same code runs live and
// for `vitrine render`.
//
// The picture is decoded once and the sound encoded once. One stage draws for every rendition of every output, and gives
// whole frames out, so that a take, a price or an end comes on the same frame everywhere. What a frame puts on air is
// told to the packagers before any packet of it. One thread.
#pragma once

#include <libavutil/frame.h>

#include "studio/desk.h"
#include "studio/output.h"
#include "studio/stage.h"
#include "studio/wardrobe.h"

struct vt_outputs_params {
    const struct vt_channel *channel;    // outlives the outputs
    struct vt_output_start starts[VT_OUTPUTS_MAX];       // in the channel's order
    int64_t epoch_ns;
    int64_t first_frame;                 // 0, or a segment's first after a restart
    int64_t window_ns;                   // 0: everything
    struct vt_wardrobe *wardrobe;        // outlives the outputs
    vt_load_picture *load_picture;
    void *picture_opaque;
    bool offline;                        // no stage thread: every drawing is there in time
    void (*wake)(void *opaque);          // something can be collected; any thread
    void (*receipt)(void *opaque, json_t *body);     // takes it
    void (*changed)(void *opaque, json_t *cue);      // takes it
    void *opaque;
};

struct vt_outputs;

int vt_outputs_new(struct vt_outputs **ret, const struct vt_outputs_params *params);
void vt_outputs_free(struct vt_outputs **outputs);

struct vt_desk *vt_outputs_desk(struct vt_outputs *outputs);
const struct vt_packager *vt_outputs_packager(const struct vt_outputs *outputs, int output);

// The number after the last segment that holds anything before `frame`, of the output that is furthest.
uint64_t vt_outputs_next_msn(const struct vt_outputs *outputs, int64_t frame);

// Composes frame `frame` from `source` (borrowed; NULL: the slate). Waits while an encoder is too far behind. Returns 0,
// or the encoder's error.
int vt_outputs_frame(struct vt_outputs *outputs, int64_t frame, AVFrame *source);
bool vt_outputs_is_key(const struct vt_outputs *outputs, int64_t frame);

// Samples at media time `at_ns`, and: all before `until_ns` have come.
void vt_outputs_samples(struct vt_outputs *outputs, int64_t at_ns, const float *interleaved, int count);
int vt_outputs_sound(struct vt_outputs *outputs, int64_t until_ns);

// Moves what is finished on: packets to the packagers, views to the desk.
int vt_outputs_collect(struct vt_outputs *outputs);

// `frame` will not come any more: drains everything and ends the playlists.
int vt_outputs_finish(struct vt_outputs *outputs, int64_t frame);

// {renditions (main's), outputs, overlay, dropped_samples, lost_packets}; a new reference.
json_t *vt_outputs_status(struct vt_outputs *outputs);
