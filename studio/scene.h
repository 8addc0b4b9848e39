// What the overlays of a show's outputs show and when: the desk writes it, the stage draws from it.
//
// A scene is whole: each one replaces the one before. A change takes effect on the first frame that was drawn from a
// scene which holds it, and at the earliest on the frame that it names; so what a cue says and what its pixels show
// cannot part.
#pragma once

#include <stdint.h>

#include "overlay/overlay.h"
#include "packager/packager.h"
#include "studio/channel.h"

#define VT_ACTORS_MAX (VT_CUES_LIVE_MAX * VT_OUTPUTS_MAX)

// A cue in one output.
struct vt_actor {
    uint64_t cue;                        // never 0
    int output;
    struct vt_view *view, *next;         // one reference each; NULL: none (not on air yet; no change ahead)
    int64_t next_from;                   // first frame that shows `next` instead
    int64_t enter_frame;                 // the cue's first frame; -1: not on air yet
    int64_t exit_ns;                     // program time at which the exit starts; INT64_MAX: not known
    int64_t end_frame;                   // first frame without it; INT64_MAX: not known
};

struct vt_scene {
    int64_t version;                     // rising
    int count;
    struct vt_actor actors[VT_ACTORS_MAX];       // back to front
};

// The view that frame `frame` shows, borrowed, or NULL.
struct vt_view *vt_actor_view(const struct vt_actor *actor, int64_t frame);

void vt_scene_copy(struct vt_scene *to, const struct vt_scene *from);   // takes references; `to` was clear
void vt_scene_clear(struct vt_scene *scene);                            // drops them
