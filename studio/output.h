// One output: frames and samples in, files out. The same code runs live and for `vitrine render`.
//
// It holds the lanes, the sound, the stage, the desk and the packager, and keeps their order: what a frame puts on air
// is told to the packager before any packet of it. One thread.
#pragma once

#include <libavutil/frame.h>

#include "packager/packager.h"
#include "studio/channel.h"
#include "studio/desk.h"
#include "studio/lane.h"
#include "studio/stage.h"
#include "studio/wardrobe.h"

#define VT_OUTPUT_MAIN "main"

struct vt_output_params {
    const struct vt_channel *channel;    // outlives the output
    const char *name;
    int64_t epoch_ns;
    uint64_t first_msn;
    uint64_t free_msn;                   // no number from this one on has been used before; 0: all are free
    int64_t first_frame;                 // 0, or a segment's first after a restart
    int64_t window_ns;                   // 0: everything
    const char *state;
    size_t state_size;
    struct vt_sink sink;
    struct vt_wardrobe *wardrobe;        // outlives the output
    vt_load_picture *load_picture;
    void *picture_opaque;
    bool offline;                        // no stage thread: every drawing is there in time
    void (*wake)(void *opaque);          // something can be collected; any thread
    void (*idle)(void *opaque);          // about once a second, off the frame path
    void (*receipt)(void *opaque, json_t *body);     // takes it
    void (*changed)(void *opaque, json_t *cue);      // takes it
    void *opaque;
};

struct vt_output;

int vt_output_new(struct vt_output **ret, const struct vt_output_params *params);
void vt_output_free(struct vt_output **output);

struct vt_desk *vt_output_desk(struct vt_output *output);
const struct vt_packager *vt_output_packager(const struct vt_output *output);
const struct vt_packager_params *vt_output_timing(const struct vt_output *output);

// Composes frame `frame` from `source` (borrowed; NULL: black). Waits while an encoder is too far behind. Returns 0, or
// the encoder's error.
int vt_output_frame(struct vt_output *output, int64_t frame, AVFrame *source);
bool vt_output_is_key(const struct vt_output *output, int64_t frame);

// Samples at media time `at_ns`, and: all before `until_ns` have come.
void vt_output_samples(struct vt_output *output, int64_t at_ns, const float *interleaved, int count);
int vt_output_sound(struct vt_output *output, int64_t until_ns);

// Moves what is finished on: packets to the packager, views to the desk.
int vt_output_collect(struct vt_output *output);

// `frame` will not come any more: drains everything and ends the playlists.
int vt_output_finish(struct vt_output *output, int64_t frame);

json_t *vt_output_status(struct vt_output *output);                      // {renditions, overlay, sound}; a new reference
