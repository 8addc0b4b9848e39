// One output: what one audience sees, from the source picture to files. It has the lanes of its renditions, its slate
// and its packager; what is put over the picture and what is heard comes from outputs.h. One thread.
#pragma once

#include <libavutil/frame.h>

#include "packager/packager.h"
#include "studio/batch.h"
#include "studio/channel.h"
#include "studio/lane.h"

// Where an output's files go, and where it goes on.
struct vt_output_start {
    uint64_t first_msn;
    uint64_t free_msn;                   // no number from this one on has been used before; 0: all are free
    const char *state;                   // of the packager before; or NULL
    size_t state_size;
    struct vt_sink sink;
};

struct vt_output_params {
    const struct vt_channel *channel;    // outlives the output, as its configuration does
    const struct vt_output_config *config;
    struct vt_output_start start;
    int64_t epoch_ns;
    int64_t first_frame;                 // 0, or a segment's first after a restart
    int64_t window_ns;                   // 0: everything
    bool offline;                        // nobody waits for parts
    const uint8_t *sound;                // AudioSpecificConfig
    size_t sound_size;
    void (*wake)(void *opaque);          // packets wait; any thread
    void *opaque;
};

struct vt_output;

int vt_output_new(struct vt_output **ret, const struct vt_output_params *params);
void vt_output_free(struct vt_output **output);

const struct vt_output_config *vt_output_config(const struct vt_output *output);
const struct vt_packager *vt_output_packager(const struct vt_output *output);
const struct vt_packager_params *vt_output_timing(const struct vt_output *output);
const struct vt_colour *vt_output_colour(const struct vt_output *output, int rendition);

// For whom views are made: size, language and market; the rest of *ret stays as it is.
void vt_output_describe(const struct vt_output *output, struct vt_maker *ret);

// Frame `frame` from `source` (borrowed; NULL: the slate) under one placement of each rendition, which it takes. Waits
// while an encoder is too far behind. Returns 0, or the encoder's error.
int vt_output_frame(struct vt_output *output, int64_t frame, bool key, AVFrame *source,
                    struct vt_placement *const placements[]);

// One packet of sound (copied).
int vt_output_sound(struct vt_output *output, const struct vt_packet *packet);

int vt_output_cue_fits(const struct vt_output *output, const struct vt_cue *cue, bool more);
int vt_output_cue(struct vt_output *output, const struct vt_cue *cue, const char *more, size_t more_size);

// Moves what the lanes have on to the packager.
int vt_output_collect(struct vt_output *output);

// No frame will come any more: drains the lanes. Then, when all sound has come: ends the playlists.
int vt_output_drain(struct vt_output *output);
int vt_output_finish(struct vt_output *output);

json_t *vt_output_status(const struct vt_output *output);    // {name, size, language, market?, renditions, lost_packets}
