// The stage: draws scenes, ahead of the frames that need them, and has views made (studio/workshop.h).
//
// It has a thread of its own, with the painters (one per rendition of every output) and the sprites that they gave. The
// frame path only takes what is ready: whole sets of placements, one per rendition, all drawn from the same scene, so
// that a change comes on the same frame everywhere, in every output. A set that is late is not waited for: the last one stays.
//
// A cue that costs too much to draw goes on without its motion: studio/budget.h.
//
// Without a thread (`inline`, for rendering files) everything happens when it is asked for and never comes late.
//
// All functions belong to one thread, the studio's, except what `wake` and `load_picture` do, which run on the
// workshop's.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "studio/batch.h"
#include "studio/channel.h"
#include "studio/scene.h"
#include "studio/sprite.h"

#define VT_STAGE_AHEAD   3               // frames that are drawn before they are needed
#define VT_STAGE_SPRITES 512             // kept per rendition; those that were not used longest go first
#define VT_STAGE_PICTURES 6              // and no more memory than so many sprites as large as the rendition take

// One rendition of one output.
struct vt_stage_lane {
    int output;
    struct vt_size size;
    struct vt_colour colour;
};

struct vt_stage_params {
    struct vt_rational rate;
    int64_t epoch_ns;
    int64_t first_frame;
    struct vt_maker makers[VT_OUTPUTS_MAX];
    int n_lanes;
    struct vt_stage_lane lanes[VT_LANES_MAX];
    bool without_thread;
    void (*wake)(void *opaque);          // views are made (vt_stage_made); only unblocks
    int64_t (*spent_ns)(void *opaque);   // what the drawing thread has cost so far; NULL: its processor time, and
                                         // nothing without a thread
    void *opaque;
};

struct vt_stage;

int vt_stage_new(struct vt_stage **ret, const struct vt_stage_params *params);
void vt_stage_free(struct vt_stage **stage);

void vt_stage_make(struct vt_stage *stage, struct vt_batch *batch);      // takes it
struct vt_batch *vt_stage_made(struct vt_stage *stage);                  // gives it; NULL: none

void vt_stage_scene(struct vt_stage *stage, const struct vt_scene *scene);

// The placements of frame `frame` into `ret` (one per lane, NULL: nothing to blend; a reference each), which look like frame
// *ret_drawn of the scene *ret_version. Never waits for a drawing, and neither allocates nor frees: what nobody shows any more
// goes where it came from, the drawing thread.
void vt_stage_take(struct vt_stage *stage, int64_t frame, struct vt_placement *ret[VT_LANES_MAX],
                   int64_t *ret_drawn, int64_t *ret_version);

#define VT_STAGE_CALM_MAX 16

struct vt_stage_cost {
    int64_t drawings, late;              // sets drawn; frames that kept the one before
    int64_t sprites;                     // layers converted
    int64_t cpu_ns;
    int64_t reduced;                     // cues that lost their motion because it cost too much
    uint64_t calm[VT_STAGE_CALM_MAX];    // the first of those that are on air, as their actors call them
    int n_calm;
};
void vt_stage_cost(struct vt_stage *stage, struct vt_stage_cost *ret);
