// The cue desk of a show: takes, changes, removals, products, schedules, leases and receipts, for all its outputs.
//
// A cue goes to every output, or to the one that its take names. It starts, changes and ends on the same frame in all
// of them; what cannot be shown in one of them is refused as a whole. Its revisions are the same everywhere, but for
// one that an output's packager could not take: that output then has the next one.
//
// It decides what is on air on which frame and says so in three ways that cannot disagree: the scene (for the stage,
// which draws it), the cues (for the packager) and the receipts (for whoever asked). It has no clock, no thread and no
// descriptor; views are made elsewhere (batch.h) and may come back much later. One thread.
//
// Of every frame, in this order: vt_desk_plan (what has to be prepared), then the frame is composed from whatever the
// stage has ready, then vt_desk_composed (what that frame has put on air).
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "packager/packager.h"
#include "studio/batch.h"
#include "studio/scene.h"

#define VT_DESK_CUES      48                         // prepared, scheduled and on air at once
#define VT_DESK_PAST      256                        // ended cues that are remembered
#define VT_DESK_WAITING   256                        // requests without an answer yet
#define VT_DESK_PRODUCTS  4096
#define VT_DESK_DATA      (16 * 1024)                // bytes of a take's `data` as JSON
#define VT_DESK_DURATION  (24 * 3600 * VT_NS_PER_S)
#define VT_DESK_AHEAD     (24 * 3600 * VT_NS_PER_S)  // furthest that a take may be scheduled
#define VT_DESK_STEPS     16
#define VT_DESK_PREPARE   (500 * VT_NS_PER_MS)       // how long before its frame a known change is prepared
#define VT_DESK_RENEW     (10 * VT_NS_PER_S)         // a lease with less than this left is renewed

struct vt_desk_hooks {
    void *opaque;
    // A template by "id" or "id@version": a reference, or NULL; *ret_all says whether it shows the whole list of products.
    struct vt_template *(*template)(void *opaque, const char *name, bool *ret_all);
    char *(*templates)(void *opaque);                // names of all, for a message; the caller frees
    void (*make)(void *opaque, struct vt_batch *batch);              // takes it; it comes back through vt_desk_made
    void (*scene)(void *opaque, const struct vt_scene *scene);       // borrowed
    int (*fits)(void *opaque, int output, const struct vt_cue *cue, bool more);                      // vt_packager_cue_fits
    int (*cue)(void *opaque, int output, const struct vt_cue *cue, const char *more, size_t size);   // vt_packager_cue
    void (*receipt)(void *opaque, json_t *body);                     // takes it
    void (*changed)(void *opaque, json_t *cue);                      // takes it; a cue as the API lists it
};

struct vt_desk_output {
    const char *name;                                // copied
    uint64_t first_msn;
};

struct vt_desk_params {
    struct vt_desk_output outputs[VT_OUTPUTS_MAX];   // main first
    int n_outputs;
    struct vt_packager_params timing;                // rate, segments, epoch: where frames stand, in all outputs
    int64_t next_frame;                              // the first one that will be composed
    uint64_t first_cue;                              // number of the first id that the desk makes up
    struct vt_desk_hooks hooks;
};

struct vt_desk;

int vt_desk_new(struct vt_desk **ret, const struct vt_desk_params *params);
void vt_desk_free(struct vt_desk **desk);

// Products as they are now. `product` is borrowed. An older or equal `rev` changes nothing.
void vt_desk_product(struct vt_desk *desk, const json_t *product);
void vt_desk_withdraw(struct vt_desk *desk, const char *product);
void vt_desk_sync(struct vt_desk *desk);             // a new link will send all products that there are …
void vt_desk_synced(struct vt_desk *desk);           // … and has: the others are gone

// Bodies of DESK_TAKE, DESK_PATCH and DESK_REMOVE, borrowed; each is answered by one receipt.
void vt_desk_take(struct vt_desk *desk, const json_t *body);
void vt_desk_patch(struct vt_desk *desk, const json_t *body);
void vt_desk_remove(struct vt_desk *desk, const json_t *body);

// Gives a batch back; the desk takes it.
void vt_desk_made(struct vt_desk *desk, struct vt_batch *batch);

// The template of this id has a new form: cues on air get it.
void vt_desk_template(struct vt_desk *desk, const char *id);

void vt_desk_plan(struct vt_desk *desk, int64_t frame);

// Frame `frame` shows what frame `drawn` of the scene `version` looks like (`drawn` is below `frame` when a drawing
// came late and the one before stays).
void vt_desk_composed(struct vt_desk *desk, int64_t frame, int64_t drawn, int64_t version);

// The show ends: everything goes off air on `frame`, without exits, and what waits is answered.
void vt_desk_finish(struct vt_desk *desk, int64_t frame);

void vt_desk_list(struct vt_desk *desk);             // says every cue once more through `changed`
int vt_desk_live(const struct vt_desk *desk);        // how many are on air

// The ids of the cues that scenes call by these keys, as far as they are on air: a new list.
json_t *vt_desk_names(const struct vt_desk *desk, const uint64_t keys[], int count);
